package idp_test

import (
	"sync"
	"testing"

	"latchkey/idp"
)

// woken tells whether somebody who waits was woken.
func woken(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestWaker(t *testing.T) {
	t.Parallel()
	w := idp.NewWaker()
	w.Wake("anna") // nobody waits
	first, stopFirst := w.Wait("anna")
	second, stopSecond := w.Wait("anna")
	bob, stopBob := w.Wait("bob")
	if woken(first) || w.Waiting() != 3 {
		t.Errorf("woken by what was before; %d wait", w.Waiting())
	}
	w.Wake("anna")
	w.Wake("anna") // before anybody looked: once is enough
	if !woken(first) || woken(first) || !woken(second) || woken(bob) {
		t.Error("not each of those who wait was woken, once")
	}
	w.Wake("anna")
	if !woken(first) {
		t.Error("not woken again")
	}
	stopFirst()
	stopFirst() // twice does no harm
	w.Wake("anna")
	if woken(first) || !woken(second) || w.Waiting() != 2 {
		t.Errorf("%d wait", w.Waiting())
	}
	stopSecond()
	stopBob()
	if n := w.Waiting(); n != 0 {
		t.Errorf("%d wait", n)
	}
}

// TestWakerCloses: when the server stops, everybody is woken for good, and who comes later
// does not wait.
func TestWakerCloses(t *testing.T) {
	t.Parallel()
	w := idp.NewWaker()
	c, stop := w.Wait("anna")
	if w.Closed() {
		t.Error("closed from the start")
	}
	w.Close()
	w.Close()
	later, stopLater := w.Wait("anna")
	for i, c := range []<-chan struct{}{c, later} {
		for range 2 { // for good
			if !woken(c) {
				t.Errorf("%d waits after the end", i)
			}
		}
	}
	w.Wake("anna")
	stop()
	stopLater()
	if !w.Closed() || w.Waiting() != 0 {
		t.Errorf("closed %t, %d wait", w.Closed(), w.Waiting())
	}
}

// TestWakerParallel: nobody is left asleep, however many come, wake and go at once.
func TestWakerParallel(t *testing.T) {
	t.Parallel()
	w := idp.NewWaker()
	var ready, all sync.WaitGroup
	for range 50 {
		ready.Add(1)
		all.Go(func() {
			c, stop := w.Wait("anna")
			defer stop()
			ready.Done()
			<-c
		})
		all.Go(func() {
			_, stop := w.Wait("bob")
			stop()
		})
	}
	ready.Wait()
	w.Wake("anna")
	all.Wait()
	if n := w.Waiting(); n != 0 {
		t.Errorf("%d wait", n)
	}
}
