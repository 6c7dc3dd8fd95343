package web

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"latchkey/idp"
)

// Limiter bounds what one key, such as an address, may repeat. It is kept in memory, for
// some thousand keys at a time; an IPv6 address counts by its /64.
type Limiter struct {
	every time.Duration
	burst int
	mu    sync.Mutex
	seen  map[string]*rate.Limiter
	held  map[string]int // what is let in and not counted yet
}

const maxKeys = 10_000

// NewLimiter allows burst at once and then one every so often.
func NewLimiter(every time.Duration, burst int) *Limiter {
	return &Limiter{every: every, burst: burst, seen: map[string]*rate.Limiter{}, held: map[string]int{}}
}

// Allow tells whether the address may once more, and counts it.
func (l *Limiter) Allow(address string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.of(address, now).AllowN(now, 1)
}

// Charge counts once more for what turned out to cost more than it was let in for, even
// when nothing is left: the next one then waits the longer.
func (l *Limiter) Charge(address string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of(address, now).ReserveN(now, 1)
}

// Wait is how long it takes until the address may once more.
func (l *Limiter) Wait(address string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	short := 1 - l.of(address, now).TokensAt(now)
	return time.Duration(max(short, 0) * float64(l.every))
}

// of finds or begins the account of an address.
func (l *Limiter) of(address string, now time.Time) *rate.Limiter {
	key := idp.Network(address)
	b := l.seen[key]
	if b == nil {
		if len(l.seen) >= maxKeys {
			l.forget(now)
		}
		b = rate.NewLimiter(rate.Every(l.every), l.burst)
		l.seen[key] = b
	}
	return b
}

// Open tells whether the address has anything left, without counting.
func (l *Limiter) Open(address string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.seen[idp.Network(address)]
	return b == nil || b.TokensAt(now) >= 1
}

// Hold is Open for what takes a while before it is counted, if it is: until it is released, it
// takes a place, so that many at once are not all let in for what is left for one.
func (l *Limiter) Hold(address string, now time.Time) (release func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key, left := idp.Network(address), float64(l.burst)
	if b := l.seen[key]; b != nil {
		left = b.TokensAt(now)
	}
	if left < float64(l.held[key]+1) {
		return func() {}, false
	}
	l.held[key]++
	return func() { l.release(key) }, true
}

func (l *Limiter) release(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[key]--; l.held[key] == 0 {
		delete(l.held, key)
	}
}

// forget drops the half that has most left. Whoever comes from many networks then
// displaces these, and not an address that is held back.
func (l *Limiter) forget(now time.Time) {
	left := make(map[string]float64, len(l.seen))
	for key, b := range l.seen {
		left[key] = b.TokensAt(now)
	}
	byMost := slices.SortedFunc(maps.Keys(left), func(a, b string) int { return cmp.Compare(left[b], left[a]) })
	for _, key := range byMost[:len(byMost)/2] {
		delete(l.seen, key)
	}
}
