package web_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/idp/web"
)

// TestLimiter: a burst, then one at a time, for each address by itself.
func TestLimiter(t *testing.T) {
	l := web.NewLimiter(time.Minute, 3)
	now := epoch
	allow := func(address string, want bool) {
		t.Helper()
		if open := l.Open(address, now); open != want {
			t.Errorf("%s at %v: open %v", address, now.Sub(epoch), open)
		}
		if got := l.Allow(address, now); got != want {
			t.Errorf("%s at %v: %v", address, now.Sub(epoch), got)
		}
	}
	for range 3 {
		allow("198.51.100.7", true)
	}
	allow("198.51.100.7", false)
	allow("198.51.100.8", true)
	now = epoch.Add(time.Minute - time.Second)
	allow("198.51.100.7", false)
	now = epoch.Add(time.Minute)
	allow("198.51.100.7", true)
	allow("198.51.100.7", false)
	now = epoch.Add(24 * time.Hour)
	for range 3 {
		allow("198.51.100.7", true)
	}
	allow("198.51.100.7", false)
}

// TestLimiterNetworks: an IPv6 client is its /64, one of IPv4 its address.
func TestLimiterNetworks(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
		{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"198.51.100.7", "198.51.100.7", true},
		{"198.51.100.7", "198.51.100.8", false},
		{"198.51.100.7", "::ffff:198.51.100.7", true},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"", "", true},
		{"", "198.51.100.7", false},
		{"no address", "another", false},
	} {
		l := web.NewLimiter(time.Hour, 1)
		l.Allow(test.a, epoch)
		if same := !l.Allow(test.b, epoch); same != test.same {
			t.Errorf("%q and %q: the same: %v", test.a, test.b, same)
		}
	}
}

// TestLimiterCrowd: parallel callers get the burst and no more, and a crowd of
// addresses does not grow it without end.
func TestLimiterCrowd(t *testing.T) {
	l := web.NewLimiter(time.Hour, 10)
	var allowed atomic.Int64
	var done sync.WaitGroup
	for range 100 {
		done.Go(func() {
			if l.Allow("198.51.100.7", epoch) {
				allowed.Add(1)
			}
		})
	}
	done.Wait()
	if allowed.Load() != 10 {
		t.Errorf("%d were allowed", allowed.Load())
	}
	for i := range 20_000 {
		l.Allow(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255), epoch)
	}
	if l.Open("198.51.100.7", epoch) {
		t.Error("a crowd frees an address that is held back")
	}
	if n := l.Len(); n > 10_000 {
		t.Errorf("%d addresses are remembered", n)
	}
}

// TestLimiterHold: what is held takes a place until it is released, counted or not, and no other
// address's.
func TestLimiterHold(t *testing.T) {
	t.Parallel()
	now := epoch
	l := web.NewLimiter(time.Second, 3)
	var releases []func()
	for n := range 5 {
		release, ok := l.Hold("192.0.2.1", now)
		if ok != (n < 3) {
			t.Errorf("%d at once: %t", n+1, ok)
		}
		releases = append(releases, release)
	}
	if _, ok := l.Hold("192.0.2.2", now); !ok {
		t.Error("another address is held back")
	}
	l.Allow("192.0.2.1", now)
	for _, release := range releases {
		release()
	}
	for n := range 3 {
		if _, ok := l.Hold("192.0.2.1", now); ok != (n < 2) {
			t.Errorf("after one was wrong, %d at once: %t", n+1, ok)
		}
	}
}
