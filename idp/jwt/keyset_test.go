package jwt_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp/jwt"
	"latchkey/idp/outbound"
)

var epoch = time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)

// shelf is an address with keys that can be changed, and that counts who asks.
type shelf struct {
	*httptest.Server
	asked atomic.Int64
	mu    sync.Mutex
	set   jose.JSONWebKeySet
	hang  chan struct{} // nil: it answers
}

func newShelf(t *testing.T, kids ...string) *shelf {
	t.Helper()
	s := &shelf{}
	s.put(t, kids...)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked.Add(1)
		s.mu.Lock()
		hang, raw := s.hang, s.set
		s.mu.Unlock()
		if hang != nil {
			<-hang
		}
		_ = json.NewEncoder(w).Encode(raw)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) put(t *testing.T, kids ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set = jose.JSONWebKeySet{}
	for _, kid := range kids {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		s.set.Keys = append(s.set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: kid, Algorithm: "ES256"})
	}
}

func sets() *jwt.KeySets {
	return jwt.NewKeySets(outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}))
}

func always() bool { return true }

func header(kid string) jwt.Header { return jwt.Header{Alg: "ES256", KeyID: kid} }

// TestFind: keys are fetched once for all who wait, and again for a kid that nobody knows once
// in ten seconds, however many name one.
func TestFind(t *testing.T) {
	s, k := newShelf(t, "a"), sets()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if len(k.Find(context.Background(), s.URL, header("a"), epoch, always)) != 1 {
				t.Error("not found")
			}
		})
	}
	all.Wait()
	if n := s.asked.Swap(0); n != 1 {
		t.Errorf("asked %d times for all", n)
	}
	for second := range 60 {
		for range 20 {
			all.Go(func() {
				k.Find(context.Background(), s.URL, header("nobody's"), epoch.Add(time.Duration(second)*time.Second), always)
			})
		}
		all.Wait()
	}
	if n := s.asked.Swap(0); n > 6 {
		t.Errorf("asked %d times in a minute", n)
	}
	if k.Find(context.Background(), s.URL, header("nobody's"), epoch.Add(2*time.Minute), func() bool { return false }); s.asked.Load() > 0 {
		t.Error("asked although it may not be")
	}
}

// TestFindWhileItHangs: who needs a key that is known waits for nobody.
func TestFindWhileItHangs(t *testing.T) {
	s, k := newShelf(t, "a"), sets()
	k.Find(context.Background(), s.URL, header("a"), epoch, always)
	hang := make(chan struct{})
	s.mu.Lock()
	s.hang = hang
	s.mu.Unlock()
	later, asking := epoch.Add(20*time.Second), make(chan struct{})
	go func() {
		defer close(asking)
		k.Find(context.Background(), s.URL, header("b"), later, always)
	}()
	for s.asked.Load() < 2 {
		if len(k.Find(context.Background(), s.URL, header("a"), later, always)) != 1 {
			t.Fatal("not found")
		}
	}
	if len(k.Find(context.Background(), s.URL, header("a"), later, always)) != 1 { // would hang
		t.Error("not found")
	}
	s.put(t, "a", "b")
	close(hang)
	<-asking
}

// TestFindGivenUp: whoever made the fetch begin waits for it no longer than they want to.
func TestFindGivenUp(t *testing.T) {
	s, k := newShelf(t, "a"), sets()
	returned := make(chan struct{})
	s.mu.Lock()
	s.hang = returned
	s.mu.Unlock()
	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		for s.asked.Load() == 0 {
			runtime.Gosched()
		}
		giveUp()
	}()
	if keys := k.Find(ctx, s.URL, header("a"), epoch, always); len(keys) > 0 {
		t.Error("found before there was an answer")
	}
	close(returned)
	if len(k.Find(t.Context(), s.URL, header("a"), epoch, always)) != 1 {
		t.Error("the fetch was given up, too, although others wait for it")
	}
}

// TestFindRotated: a key that was taken back is gone once the set is fetched anew.
func TestFindRotated(t *testing.T) {
	s, k := newShelf(t, "a"), sets()
	k.Find(context.Background(), s.URL, header("a"), epoch, always)
	s.put(t, "b")
	if later := epoch.Add(11 * time.Second); len(k.Find(context.Background(), s.URL, header("b"), later, always)) != 1 || len(k.Find(context.Background(), s.URL, header("a"), later, always)) != 0 {
		t.Error("the old key counts, or the new one does not")
	}
	s.Close()
	if len(k.Find(context.Background(), s.URL, header("b"), epoch.Add(59*time.Minute), always)) != 1 {
		t.Error("what was kept does not count while the address is out of reach")
	}
	if len(k.Find(context.Background(), s.URL, header("b"), epoch.Add(3*time.Hour), always)) != 0 {
		t.Error("what was kept counts for ever")
	}
}
