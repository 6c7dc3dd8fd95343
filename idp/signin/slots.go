package signin

import (
	"context"
	"sync/atomic"
)

// Two answers are looked at at a time, since each may take 19 MiB and a core,
// and at most fifty wait for their turn.
const (
	places   = 2
	maxQueue = 50
)

type slots struct {
	free    chan struct{}
	waiting atomic.Int64
}

func newSlots() *slots { return &slots{free: make(chan struct{}, places)} }

// take waits for a place, or answers ErrBusy when too many wait already.
func (s *slots) take(ctx context.Context) (release func(), err error) {
	if s.waiting.Add(1) > maxQueue+places {
		s.waiting.Add(-1)
		return nil, ErrBusy
	}
	select {
	case s.free <- struct{}{}:
		return func() { <-s.free; s.waiting.Add(-1) }, nil
	case <-ctx.Done():
		s.waiting.Add(-1)
		return nil, ctx.Err()
	}
}
