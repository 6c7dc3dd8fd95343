package outbound

import (
	"context"
	"fmt"
	"sync"
)

// slots bound how many calls run at once, in all and to each host. They remember
// only hosts that are being called or waited for.
type slots struct {
	all     chan struct{}
	perHost int
	mu      sync.Mutex
	hosts   map[string]*host
}

type host struct {
	slots chan struct{}
	users int // that hold a slot or wait for one
}

func newSlots(all, perHost int) *slots {
	return &slots{all: make(chan struct{}, all), perHost: perHost, hosts: map[string]*host{}}
}

// take waits for a slot until the context ends, which is ErrBusy. The host's comes
// first: who waits for a slow host must not hold what others need.
func (s *slots) take(ctx context.Context, name string) (release func(), err error) {
	h := s.enter(name)
	if err := wait(ctx, h.slots); err != nil {
		s.leave(name)
		return nil, err
	}
	if err := wait(ctx, s.all); err != nil {
		<-h.slots
		s.leave(name)
		return nil, err
	}
	return func() {
		<-s.all
		<-h.slots
		s.leave(name)
	}, nil
}

func wait(ctx context.Context, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
	}
}

func (s *slots) enter(name string) *host {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[name]
	if h == nil {
		h = &host{slots: make(chan struct{}, s.perHost)}
		s.hosts[name] = h
	}
	h.users++
	return h
}

func (s *slots) leave(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts[name].users--; s.hosts[name].users == 0 {
		delete(s.hosts, name)
	}
}
