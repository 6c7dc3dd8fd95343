package oidc_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// crowd is how many callers show the same secret at once.
const crowd = 200

// onEachStore runs a test in memory and on a file, round after round.
func onEachStore(t *testing.T, prepare func(*world) func()) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		bolt          bool
		rounds, short int
	}{
		{"mem", false, 50, 10},
		{"bolt", true, 50, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, options{bolt: c.bolt})
			round := prepare(w)
			rounds := c.rounds
			if testing.Short() {
				rounds = c.short
			}
			for range rounds {
				round()
				w.advance(time.Minute) // for all that is held back by time
				w.tidy()
			}
		})
	}
}

// rush lets n callers go at the same time and counts what they were told.
func rush(n int, call func(i int) string) map[string]int {
	told := make([]string, n)
	start := make(chan struct{})
	var ready, done sync.WaitGroup
	for i := range n {
		ready.Add(1)
		done.Go(func() {
			ready.Done()
			<-start
			told[i] = call(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	count := map[string]int{}
	for _, s := range told {
		count[s]++
	}
	return count
}

// gist is what a caller of the token endpoint goes by.
func gist(r *reply) string {
	if r.Status == http.StatusOK {
		return "tokens"
	}
	return fmt.Sprint(r.Status, " ", r.str("error"))
}

// oneWins: one of the crowd gets tokens, everybody else is told that the secret is
// no longer good, and nobody that the server failed.
func (w *world) oneWins(told map[string]int) {
	w.t.Helper()
	if want := (map[string]int{"tokens": 1, "400 invalid_grant": crowd - 1}); !maps.Equal(told, want) {
		w.t.Fatalf("told %v, want %v", told, want)
	}
}

// nothingLeft: what the one winner got was revoked by the others.
func (w *world) nothingLeft(a *app, won *reply) {
	w.t.Helper()
	if got := w.userinfo(won.str("access_token")).Status; got != http.StatusUnauthorized {
		w.t.Fatalf("userinfo answers %d to the winner's access token", got)
	}
	if got := gist(w.refresh(a, won.str("refresh_token"), "")); got != "400 invalid_grant" {
		w.t.Fatalf("the winner's refresh token is answered %s", got)
	}
}

// signedIn is a browser whose person holds a pass for 30 days and has let the apps
// have what they ask for.
func (w *world) signedIn(apps ...string) *browser {
	w.t.Helper()
	_, code := w.pass("anna", idp.PassRequest{Lifetime: idp.GreatestPassLifetime})
	b := w.browser()
	b.signIn(person{name: "anna", code: code})
	for _, a := range apps {
		b.code(w.apps[a], person{}, nil)
	}
	return b
}

// winner keeps the one answer that has tokens.
type winner struct{ atomic.Pointer[reply] }

func (n *winner) gist(r *reply) string {
	if r.Status == http.StatusOK {
		n.Store(r)
	}
	return gist(r)
}

// TestParallelCode: of parallel redemptions of one authorization code one wins, and
// since the others show a code that was used, what it won ends (RFC 6749 4.1.2).
func TestParallelCode(t *testing.T) {
	onEachStore(t, func(w *world) func() {
		a := w.apps["web"]
		b := w.signedIn("web")
		return func() {
			code := b.code(a, person{}, url.Values{"prompt": {"none"}})
			var won winner
			w.oneWins(rush(crowd, func(int) string { return won.gist(w.redeem(a, code, nil)) }))
			w.nothingLeft(a, won.Load())
		}
	})
}

// TestParallelDeviceCode: likewise of polls with one device code.
func TestParallelDeviceCode(t *testing.T) {
	onEachStore(t, func(w *world) func() {
		a := w.apps["native"]
		b := w.signedIn()
		return func() {
			d := w.device(a, fullScope)
			b.approve(d.str("user_code"), person{})
			var won winner
			w.oneWins(rush(crowd, func(int) string { return won.gist(w.poll(a, d.str("device_code"))) }))
			w.nothingLeft(a, won.Load())
		}
	})
}

// TestParallelRefresh: a public client's refresh token is strict. One of parallel
// uses gets the successor, all others show a replayed token, and the family ends
// with its successor (RFC 9700 4.14.2).
func TestParallelRefresh(t *testing.T) {
	onEachStore(t, func(w *world) func() {
		a := w.apps["native"]
		b := w.signedIn("native")
		return func() {
			token := b.tokens(a, person{}, nil).str("refresh_token")
			var won winner
			w.oneWins(rush(crowd, func(int) string { return won.gist(w.refresh(a, token, "")) }))
			w.nothingLeft(a, won.Load())
		}
	})
}

// TestParallelConfidentialRefresh: a confidential client's refresh token is bound
// by its secret and stays as it is, so that all of a crowd succeed and a lost
// answer can be asked for again. Nothing is written for it.
func TestParallelConfidentialRefresh(t *testing.T) {
	onEachStore(t, func(w *world) func() {
		a := w.apps["web"]
		token := w.signedIn("web").tokens(a, person{}, nil).str("refresh_token")
		return func() {
			before := w.store.Commits()
			told := rush(crowd, func(int) string { return gist(w.refresh(a, token, "")) })
			if told["tokens"] != crowd || w.store.Commits() != before {
				w.t.Fatalf("told %v with %d commits", told, w.store.Commits()-before)
			}
		}
	})
}

// tidy removes what a round leaves behind, which copying would slow the next one.
func (w *world) tidy() {
	w.t.Helper()
	w.must(w.store.Update(w.ctx(), tenantID, func(tx *storage.Tx) error {
		events, _, err := storage.All[idp.AuditEvent](tx, storage.Page{})
		for _, e := range events {
			err = errors.Join(err, tx.Delete(e))
		}
		return err
	}))
	_, err := w.store.Sweep(w.ctx(), tenantID, w.clock.Now(), 100*crowd)
	w.must(err)
}

// TestParallelPass: of parallel sign-ins with one one-time pass one wins. All
// browsers have signed in before and share eight throttles, so that forty of the
// other answers are looked at and told that it is used.
func TestParallelPass(t *testing.T) {
	onEachStore(t, func(w *world) func() {
		browsers := w.known(crowd)
		return func() {
			w.advance(idp.ThrottleBurst * idp.ThrottleInterval)
			told := answerAll(browsers, w.oneTimePass())
			const looked = 8 * idp.ThrottleBurst
			want := map[string]int{"signed in": 1, "AADSTS130505": looked, "AADSTS50053": crowd - 1 - looked}
			if !maps.Equal(told, want) {
				w.t.Fatalf("told %v, want %v", told, want)
			}
		}
	})
}

// TestParallelPassOfStrangers: browsers nobody knows share one throttle, which
// looks at five answers that are refused and holds back the rest.
func TestParallelPassOfStrangers(t *testing.T) {
	onEachStore(t, func(w *world) func() {
		return func() {
			w.advance(idp.ThrottleBurst * idp.ThrottleInterval)
			told := answerAll(w.strangers(crowd), w.oneTimePass())
			want := map[string]int{"signed in": 1, "AADSTS130505": idp.ThrottleBurst, "AADSTS50053": crowd - 1 - idp.ThrottleBurst}
			if !maps.Equal(told, want) {
				w.t.Fatalf("told %v, want %v", told, want)
			}
		}
	})
}

func (w *world) oneTimePass() string {
	w.t.Helper()
	once := true
	_, code := w.pass("anna", idp.PassRequest{Lifetime: 60, Once: &once})
	return code
}

func (w *world) strangers(n int) []*browser {
	browsers := make([]*browser, n)
	for i := range browsers {
		browsers[i] = w.browser()
	}
	return browsers
}

// known are browsers in which anna has signed in before.
func (w *world) known(n int) []*browser {
	w.t.Helper()
	_, code := w.pass("anna", idp.PassRequest{Lifetime: 60})
	browsers := w.strangers(n)
	for _, b := range browsers {
		if got := b.says(code); got != "signed in" {
			w.t.Fatalf("told %s", got)
		}
	}
	return browsers
}

// answerAll lets all browsers answer at once, each to its own challenge. The server
// looks at two answers at a time and lets fifty more wait; whoever is told that it
// is busy comes again with all others who were.
func answerAll(browsers []*browser, code string) map[string]int {
	total := map[string]int{}
	for len(browsers) > 0 {
		var mu sync.Mutex
		var again []*browser
		told := rush(len(browsers), func(i int) string {
			got := browsers[i].says(code)
			if got == "busy" {
				mu.Lock()
				defer mu.Unlock()
				again = append(again, browsers[i])
			}
			return got
		})
		delete(told, "busy")
		for what, n := range told {
			total[what] += n
		}
		browsers = again
	}
	return total
}

// says is what anna is told who signs in in the browser with the code.
func (b *browser) says(code string) string {
	got := b.signIn(person{name: "anna", code: code})
	switch failed := got.Header.Get("X-Error"); {
	case failed == signin.ErrBusy.Error():
		return "busy"
	case failed != "":
		return failed
	case got.Problem != nil:
		return fmt.Sprintf("AADSTS%d", int(got.Problem.Told))
	}
	return "signed in"
}
