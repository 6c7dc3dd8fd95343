package web

// Len is how many addresses are remembered.
func (l *Limiter) Len() int { return len(l.seen) }
