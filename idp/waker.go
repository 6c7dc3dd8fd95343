package idp

import "sync"

// Waker wakes those who wait for something to happen, by a key. It is only a hint: who is
// woken looks at what is stored, and nobody relies on being woken.
type Waker struct {
	mu      sync.Mutex
	waiting map[string]map[chan struct{}]bool
	closed  bool
}

// NewWaker makes a Waker.
func NewWaker() *Waker { return &Waker{waiting: map[string]map[chan struct{}]bool{}} }

// Wait is woken at least once after each Wake with the key from now on, until stop.
func (w *Waker) Wait(key string) (woken <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		close(c)
		return c, func() {}
	}
	if w.waiting[key] == nil {
		w.waiting[key] = map[chan struct{}]bool{}
	}
	w.waiting[key][c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.waiting[key], c)
		if len(w.waiting[key]) == 0 {
			delete(w.waiting, key)
		}
	}
}

// Wake wakes everybody who waits with the key.
func (w *Waker) Wake(key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.waiting[key] {
		select {
		case c <- struct{}{}:
		default: // it is woken already
		}
	}
}

// Close wakes everybody for good: nobody waits any more, such as when the server stops.
func (w *Waker) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return
	}
	w.closed = true
	for _, all := range w.waiting {
		for c := range all {
			close(c)
		}
	}
	w.waiting = map[string]map[chan struct{}]bool{}
}

// Closed tells whether nobody waits any more.
func (w *Waker) Closed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// Waiting is how many wait.
func (w *Waker) Waiting() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, all := range w.waiting {
		n += len(all)
	}
	return n
}
