package idp

import (
	"sync"
	"time"

	"latchkey/storage"
)

// Clock tells a time that never runs backwards: when the wall clock is set back
// it goes on from the latest time seen, at the monotonic clock's pace, so that
// nothing expired becomes valid again and no limiter freezes. A mark in the
// store carries the latest time over a restart.
type Clock struct {
	wall func() time.Time
	mu   sync.Mutex
	last time.Time // what Now said
	seen time.Time // the wall clock's reading then
}

// NewClock guards a wall clock, normally time.Now.
func NewClock(wall func() time.Time) *Clock { return &Clock{wall: wall} }

// Now is the time in UTC, never earlier than what it said before.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall := c.wall()
	next := c.last.Add(max(wall.Sub(c.seen), 0)) // Sub is monotonic where the readings are
	if c.last.IsZero() || wall.Round(0).After(next) {
		next = wall.Round(0)
	}
	c.last, c.seen = next.UTC(), wall
	return c.last
}

// Behind is how far the wall clock lags behind Now; above zero it was set back.
func (c *Clock) Behind() time.Duration {
	now := c.Now()
	return max(now.Sub(c.wall().Round(0)), 0)
}

// mark is the latest time the deployment has acted on.
type mark struct{ At time.Time }

func (*mark) Kind() string             { return "clock" }
func (*mark) ID() string               { return "latest" }
func (*mark) Indexes() []storage.Index { return nil }

// LoadClock lets Now go on from the mark in the store.
func (c *Clock) LoadClock(tx *storage.Tx) error {
	m, err := storage.Get[mark](tx, "latest")
	if err != nil {
		return ignoreNotFound(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.At.After(c.last) {
		c.last, c.seen = m.At, c.wall()
	}
	return nil
}

// SaveClock writes the mark.
func (c *Clock) SaveClock(tx *storage.Tx) error { return tx.Put(&mark{At: c.Now()}) }
