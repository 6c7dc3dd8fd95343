package signin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// inParallel answers every flow at once, each in a browser of its own, and gives
// each end to done.
func (w *world) inParallel(flows []signin.Flow, browsers []*browser, code func(i int) string, done func(i int, out signin.Outcome, err error)) {
	var ready, finished sync.WaitGroup
	start := make(chan struct{})
	var mu sync.Mutex
	for i := range flows {
		ready.Add(1)
		finished.Go(func() {
			ready.Done()
			<-start
			out, err := browsers[i].try(flows[i], code(i))
			mu.Lock()
			defer mu.Unlock()
			done(i, out, err)
		})
	}
	ready.Wait()
	close(start)
	finished.Wait()
}

// crowd is n browsers in front of the same question, or each of its own.
func (w *world) crowd(n int, shared bool) (flows []signin.Flow, browsers []*browser) {
	first := w.browser()
	f := first.asked(w.request("own"), name)
	for range n {
		b := first
		if !shared {
			b = w.browser()
			f = b.asked(w.request("own"), name)
		}
		one := *b
		flows, browsers = append(flows, f), append(browsers, &one)
	}
	return flows, browsers
}

// drivers are both stores; rounds are fewer where each commit costs a sync.
func drivers(t *testing.T, fn func(t *testing.T, rounds int, open func(*testing.T) storage.Driver)) {
	t.Helper()
	t.Run("mem", func(t *testing.T) {
		t.Parallel()
		rounds := 50
		if testing.Short() {
			rounds = 5
		}
		fn(t, rounds, func(*testing.T) storage.Driver { return mem.New() })
	})
	t.Run("bolt", func(t *testing.T) {
		t.Parallel()
		fn(t, 3, onBolt)
	})
}

// TestOneTimePassParallel is A1: of 200 right answers at once exactly one signs in,
// in one browser or in 200; the others hear that the pass is used, that they have to
// wait, or that too many ask at once.
func TestOneTimePassParallel(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, rounds int, open func(*testing.T) storage.Driver) {
		ends := map[string]int{}
		for round := range rounds {
			w := worldOn(t, open(t))
			_, code := w.oneTime()
			flows, browsers := w.crowd(200, round%2 == 1)
			won := 0
			w.inParallel(flows, browsers, func(int) string { return code }, func(_ int, out signin.Outcome, err error) {
				switch sts := told(out); {
				case err == nil && sts == 0 && out.Decision.Step == idp.Issue:
					won++
				case errors.Is(err, signin.ErrBusy):
					ends["busy"]++
				case err == nil && (sts == idp.PassUsed || sts == idp.UserLocked):
					ends[fmt.Sprint(int(sts))]++
				default:
					t.Errorf("%+v, %v", out, err)
				}
			})
			if s, g := len(all[idp.Session](w)), len(all[idp.Grant](w)); won != 1 || s != 1 || g != 1 {
				t.Fatalf("round %d: %d won, %d sessions, %d grants", round, won, s, g)
			}
			if n := w.tap.calls.Load(); n > idp.ThrottleBurst+1 { // the one that won gave its place back
				t.Errorf("round %d: %d answers looked at", round, n)
			}
		}
		t.Logf("A1: %d rounds of 200: one won in each; the others: %v", rounds, ends)
	})
}

// TestOneTimePassKnownBrowsers: known browsers have a throttle each, so that here all
// 50 answers are looked at, and the store alone decides.
func TestOneTimePassKnownBrowsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	var flows []signin.Flow
	var browsers []*browser
	for range 50 {
		b := w.browser()
		b.signIn(code)
		browsers = append(browsers, b)
	}
	_, code = w.oneTime()
	before := len(all[idp.Session](w))
	w.tap.calls.Store(0)
	for _, b := range browsers {
		flows = append(flows, b.asked(w.request("own"), name))
	}
	won, used := 0, 0
	w.inParallel(flows, browsers, func(int) string { return code }, func(_ int, out signin.Outcome, err error) {
		switch {
		case err == nil && told(out) == 0:
			won++
		case err == nil && told(out) == idp.PassUsed:
			used++
		default:
			t.Errorf("%+v, %v", out.Problem, err)
		}
	})
	if n := w.tap.calls.Load(); won != 1 || used != 49 || n != 50 || len(all[idp.Session](w)) != before+1 {
		t.Errorf("%d won, %d were told it is used, %d looked at", won, used, n)
	}
}

// TestGuessesParallel is A4: of 200 wrong guesses and the right one at once at most
// five are looked at, and the counters say how many.
func TestGuessesParallel(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, rounds int, open func(*testing.T) storage.Driver) {
		let := 0
		rounds = min(rounds, 20)
		for round := range rounds {
			w := worldOn(t, open(t))
			_, code := w.givePass(name, idp.PassRequest{})
			flows, browsers := w.crowd(201, round%2 == 1)
			right, refused := 0, int64(0)
			w.inParallel(flows, browsers, func(i int) string {
				if i == 200-round%5*50 { // the last to start is often the first to run
					return code
				}
				return wrong
			}, func(_ int, out signin.Outcome, err error) {
				switch sts := told(out); {
				case errors.Is(err, signin.ErrBusy) || err == nil && sts == idp.UserLocked:
				case err == nil && sts == idp.PassWrong:
					refused++
				case err == nil && sts == 0:
					right++
				default:
					t.Errorf("%+v, %v", out, err)
				}
			})
			looked := w.tap.calls.Load()
			tries := 0
			for _, c := range all[idp.Challenge](w) {
				tries += c.Tries
			}
			// A right answer gives its own place back, so that one more may follow.
			if looked > idp.ThrottleBurst+int64(right) || refused > idp.ThrottleBurst || looked != int64(tries) || refused+int64(right) != looked || right > 1 {
				t.Fatalf("round %d: %d looked at, %d refused, %d right, %d tries counted", round, looked, refused, right, tries)
			}
			th := all[idp.Throttle](w)
			if len(th) != 1 || th[0].TAT.Sub(epoch) != time.Duration(refused)*idp.ThrottleInterval {
				t.Fatalf("round %d: %d refused, throttle %+v", round, refused, th)
			}
			if events := all[idp.AuditEvent](w); right == 0 && th[0].Failures != int(refused) || countSignIns(events) != int(looked) {
				t.Fatalf("round %d: %d failures counted, %d logged, %d looked at", round, th[0].Failures, countSignIns(events), looked)
			}
			let += right
		}
		t.Logf("A4: %d rounds of 200 wrong and 1 right: at most %d looked at; the right one was among them %d times", rounds, idp.ThrottleBurst, let)
	})
}

func countSignIns(events []*idp.AuditEvent) (n int) {
	for _, e := range events {
		if e.Log == idp.SignIns {
			n++
		}
	}
	return n
}

// exhaust guesses until nothing more is looked at, each time in another browser at
// another address.
func (w *world) exhaust() {
	w.Helper()
	for i := range idp.ThrottleBurst + 1 {
		b := w.browser()
		b.address = fmt.Sprintf("198.51.100.%d", i)
		out := b.answer(b.asked(w.request("web"), name), wrong)
		want := idp.PassWrong
		if i == idp.ThrottleBurst {
			want = idp.UserLocked
		}
		if told(out) != want {
			w.Fatalf("guess %d: %+v", i, out.Problem)
		}
	}
}

// TestNothingResets is E3 and E4: no new question, address, browser, spelling of the
// name or pass is another budget.
func TestNothingResets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.givePass(name, idp.PassRequest{})
	w.exhaust()
	_, code := w.givePass(name, idp.PassRequest{})
	before, looked := w.store.Commits(), w.tap.calls.Load()
	for i, spelling := range []string{name, "ANNA@Contoso.Example", " anna@contoso.example", "ａnna@contoso.example", w.user.UserID} {
		b := w.browser()
		b.address = fmt.Sprintf("2001:db8::%d", i)
		out := b.answer(b.asked(w.request("own"), spelling), code)
		if told(out) != idp.UserLocked || out.Problem.Wait != idp.ThrottleInterval {
			t.Errorf("%q: %+v", spelling, out.Problem)
		}
	}
	if w.store.Commits() != before || w.tap.calls.Load() != looked {
		t.Error("an answer that is held back costs a commit or a hash")
	}
	w.pass(idp.ThrottleInterval - 1)
	b := w.browser()
	f := b.asked(w.request("own"), name)
	if out := b.answer(f, code); told(out) != idp.UserLocked || out.Problem.Wait != 1 {
		t.Errorf("a moment too early: %+v", out.Problem)
	}
	w.pass(1)
	b.wantStep(b.answer(f, code), idp.Issue)
}

// TestSpray: names nobody has are held back like those of people, one by one.
func TestSpray(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range idp.ThrottleBurst + 1 {
		b := w.browser()
		out := b.answer(b.asked(w.request("web"), "nobody@contoso.example"), wrong)
		if want := map[bool]idp.STS{true: idp.UserLocked, false: idp.PassWrong}[i == idp.ThrottleBurst]; told(out) != want {
			t.Errorf("guess %d: %+v", i, out.Problem)
		}
	}
	b := w.browser()
	if out := b.answer(b.asked(w.request("web"), "somebody@contoso.example"), wrong); told(out) != idp.PassWrong {
		t.Errorf("another name: %+v", out.Problem)
	}
	for i := range 300 {
		b.answer(b.asked(w.request("web"), fmt.Sprintf("n%d@contoso.example", i)), wrong)
	}
	for _, th := range all[idp.Throttle](w) {
		if !strings.HasPrefix(th.Key, "nobody ") || strings.Contains(th.Key, "@") || len(th.Key) != len("nobody 0000") {
			t.Errorf("throttle %q", th.Key)
		}
	}
}

// TestChallengeTries: a question takes five answers; then another is put.
func TestChallengeTries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	f := b.asked(w.request("own"), name)
	for i := range idp.MaxTries {
		if out := b.answer(f, wrong); told(out) != idp.PassWrong || out.Problem.Left != idp.MaxTries-1-i {
			t.Errorf("try %d: %+v", i, out.Problem)
		}
	}
	w.pass(idp.ThrottleInterval)
	out := b.answer(f, code)
	if told(out) != idp.UserLocked || out.Problem.Wait != 0 || out.Flow.Challenge != "" {
		t.Fatalf("a sixth try: %+v", out)
	}
	next := b.look(out.Flow)
	if next.Problem.Told != idp.UserLocked || next.Flow.Challenge == f.Challenge {
		t.Errorf("%+v", next)
	}
	b.wantStep(b.answer(next.Flow, code), idp.Issue)
	if out := b.answer(next.Flow, code); told(out) != idp.UserLocked {
		t.Errorf("an answered question is answered again: %+v", out)
	}
}

// TestKnownBrowser: guessing from elsewhere locks nobody out of a browser they have
// signed in with, and that browser has a budget too.
func TestKnownBrowser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{Lifetime: 480})
	home := w.browser()
	home.signIn(code)
	for range 3 {
		w.exhaust()
		fresh := *home
		fresh.id, fresh.session = idp.NewID(), ""
		fresh.wantStep(fresh.answer(fresh.asked(w.request("own"), name), code), idp.Issue)
		stranger := w.browser()
		if out := stranger.answer(stranger.asked(w.request("own"), name), code); told(out) != idp.UserLocked {
			t.Errorf("unknown browser: %+v", out.Problem)
		}
		w.pass(time.Hour)
	}
	for i := range idp.ThrottleBurst + 1 {
		fresh := *home
		out := fresh.answer(fresh.asked(w.request("own", prompt("login")), name), wrong)
		if (told(out) == idp.UserLocked) != (i == idp.ThrottleBurst) {
			t.Errorf("guess %d in the known browser: %+v", i, out.Problem)
		}
	}
	elsewhere := w.browser() // whose bucket is its own
	elsewhere.wantStep(elsewhere.answer(elsewhere.asked(w.request("own"), name), code), idp.Issue)
}

// TestKnownCookie: a browser is known to the users who signed in with it, at their
// tenant, and to no others.
func TestKnownCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.newUser("bob@contoso.example")
	_, code := w.givePass(name, idp.PassRequest{})
	_, bobs := w.givePass(bob.PrincipalName, idp.PassRequest{})
	b := w.browser()
	b.wantStep(b.answer(b.asked(w.request("own"), bob.PrincipalName), bobs), idp.Issue)
	w.exhaust()
	for what, cookie := range map[string]string{
		"known to Bob": b.known, "made up": "x", "another tenant's": w.keys.Seal("known-browser", otherID, "", []byte(`{"ID":"x","Users":["`+w.user.UserID+`"]}`)),
		"of another purpose": w.keys.Seal("flow", tenantID, "", []byte(`{"ID":"x","Users":["`+w.user.UserID+`"]}`)),
	} {
		c := w.browser()
		c.known = cookie
		if out := c.answer(c.asked(w.request("own"), name), code); told(out) != idp.UserLocked {
			t.Errorf("%s: %+v", what, out.Problem)
		}
	}
	w.pass(idp.ThrottleInterval)
	b.signIn(code) // now known to both
	w.exhaustFrom(idp.ThrottleBurst - 1)
	for _, who := range []struct{ name, code string }{{name, code}, {bob.PrincipalName, bobs}} {
		c := *b
		c.session = ""
		c.wantStep(c.answer(c.asked(w.request("own"), who.name), who.code), idp.Issue)
	}
}

// exhaustFrom is exhaust for a bucket that takes fewer.
func (w *world) exhaustFrom(used int) {
	w.Helper()
	for range idp.ThrottleBurst - used + 1 {
		b := w.browser()
		b.answer(b.asked(w.request("web"), name), wrong)
	}
}

// TestAttackOfADay is E2 on the whole way of an answer: a guess every minute, each
// with a new question, from another address.
func TestAttackOfADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(admin.PassPolicyChange{MaximumLifetime: new(43200)})
	_, code := w.givePass(name, idp.PassRequest{Lifetime: 43200})
	day := func() int64 {
		before := w.tap.calls.Load()
		for i := range 24 * 60 {
			b := w.browser()
			b.address = fmt.Sprintf("203.0.113.%d", i%256)
			b.answer(b.asked(w.request("web"), name), wrong)
			w.pass(time.Minute)
		}
		return w.tap.calls.Load() - before
	}
	n := day()
	t.Logf("E2: 1,440 guesses in 24 h, %d looked at", n)
	if n != idp.MaxFailures {
		t.Errorf("%d looked at, want %d: then the pass is not looked at any more", n, idp.MaxFailures)
	}
	b := w.browser()
	if out := b.answer(b.asked(w.request("own"), name), code); told(out) != idp.UserLocked || out.Problem.Wait != 0 {
		t.Errorf("after 100 failures in a row: %+v", out.Problem)
	}
	_, code = w.givePass(name, idp.PassRequest{})
	b.wantStep(b.answer(b.asked(w.request("own"), name), code), idp.Issue)
}

// TestBusy: two answers are looked at, fifty wait, and one more is sent away at once,
// which costs it no try.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		hold := make(chan struct{})
		held := atomic.Int64{}
		slow := slowMethod{w.tap, func() { held.Add(1); <-hold }}
		w.signin = signin.New(w.store, w.keys, []idp.Method{slow}, nil)
		_, code := w.givePass(name, idp.PassRequest{})
		var crowd sync.WaitGroup
		for i := range 51 {
			b := w.browser()
			f := b.asked(w.request("web"), fmt.Sprintf("n%d@contoso.example", i))
			crowd.Go(func() {
				if _, err := b.try(f, wrong); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		leaves, leave := context.WithCancel(t.Context())
		b := w.browser()
		f := b.asked(w.request("own"), name)
		crowd.Go(func() {
			if _, err := w.signin.Answer(leaves, b.visit(), f, idp.Answer{"code": code}); !errors.Is(err, context.Canceled) {
				t.Errorf("gone while waiting: %v", err)
			}
		})
		synctest.Wait()
		if n := held.Load(); n != 2 {
			t.Errorf("%d are looked at, want 2", n)
		}
		for range 2 * idp.ThrottleBurst {
			if _, err := b.try(f, code); !errors.Is(err, signin.ErrBusy) {
				t.Fatalf("the 53rd: %v", err)
			}
		}
		leave()
		synctest.Wait()
		close(hold)
		crowd.Wait()
		b.wantStep(b.answer(f, code), idp.Issue)
		if n := held.Load(); n != 52 {
			t.Errorf("%d were looked at, want 52", n)
		}
	})
}

// slowMethod does something before it looks at an answer.
type slowMethod struct {
	idp.Method
	first func()
}

func (m slowMethod) Verify(ctx context.Context, s idp.Subject, p idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	m.first()
	return m.Method.Verify(ctx, s, p, a)
}
