package main

import (
	"context"
	"runtime/debug"
	"sync"
	"time"
)

// How often the server looks after itself.
const (
	faultEvery  = time.Second
	reloadEvery = 10 * time.Second
	clockEvery  = 30 * time.Second
	sweepEvery  = time.Minute
	tellEvery   = time.Second
	// tellRounds is how many rounds of calls may be under way: one app that takes its time
	// does not keep the others waiting.
	tellRounds = 8
	// sweepBatch is how many expired records one transaction removes: others
	// that write wait for it.
	sweepBatch = 500
	// clockTolerance is how far the wall clock may be set back unremarked.
	clockTolerance = time.Minute
)

// maintain runs until ctx ends.
func (s *server) maintain(ctx context.Context) {
	s.warnClock()
	debug.FreeOSMemory()
	fault, reload := time.NewTicker(faultEvery), time.NewTicker(reloadEvery)
	clock, sweep := time.NewTicker(clockEvery), time.NewTicker(sweepEvery)
	defer fault.Stop()
	defer reload.Stop()
	defer clock.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-fault.C:
			if err := s.Store.Failure(); err != nil {
				s.fail(err)
			}
		case <-reload.C:
			s.tls.refresh()
		case <-s.hangUp:
			s.tls.refresh()
		case <-clock.C:
			s.keepClock(ctx)
		case <-sweep.C:
			s.sweep(ctx)
			debug.FreeOSMemory() // what checks of passes took would stay with the process for minutes
		}
	}
}

func (s *server) keepClock(ctx context.Context) {
	s.warnClock()
	if err := s.saveClock(ctx); err != nil && ctx.Err() == nil {
		s.Log.Error("the time could not be saved", "error", err)
	}
}

func (s *server) warnClock() {
	if behind := s.Clock.Behind(); behind > clockTolerance {
		s.Log.Warn("the clock of this machine was set back; Latchkey goes on from the latest time it has seen, so that nothing expired becomes valid again. Check the clock", "behind", behind.Round(time.Second).String())
	}
}

// sweep removes expired records of every partition. Nothing depends on it but
// space, so a fault waits for the next minute.
func (s *server) sweep(ctx context.Context) {
	tenants, err := s.Store.Tenants(ctx)
	for _, tenant := range tenants {
		removed := sweepBatch
		for err == nil && removed == sweepBatch {
			removed, err = s.Store.Sweep(ctx, tenant, s.Clock.Now(), sweepBatch)
		}
	}
	if err != nil && ctx.Err() == nil {
		s.Log.Error("expired records could not be removed", "error", err)
	}
}

// tellApps lets the apps that want to know hear of sessions that have ended. It has a
// loop of its own, since an app may take its time.
func (s *server) tellApps(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	rounds, places := sync.WaitGroup{}, make(chan struct{}, tellRounds)
	defer rounds.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		select {
		case places <- struct{}{}:
			rounds.Go(func() {
				defer func() { <-places }()
				s.tell(ctx)
			})
		default:
		}
	}
}

func (s *server) tell(ctx context.Context) {
	if err := s.provider.DeliverNotices(ctx, s.Clock.Now()); err != nil && ctx.Err() == nil {
		s.Log.Error("apps could not be told of logouts", "error", err)
	}
}
