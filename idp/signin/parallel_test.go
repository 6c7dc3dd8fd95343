package signin_test

import (
	"context"
	"errors"
	"fmt"
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
	"latchkey/storage/storetest"
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

// TestOneTimePassKnownBrowsers: known browsers share several throttles, so that far
// more answers are looked at than one throttle lets through, and the store decides.
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
	ends := map[idp.STS]int{}
	w.inParallel(flows, browsers, func(int) string { return code }, func(_ int, out signin.Outcome, err error) {
		if err != nil {
			t.Error(err)
		}
		ends[told(out)]++
	})
	won, used, held := ends[0], ends[idp.PassUsed], ends[idp.UserLocked]
	if n := int(w.tap.calls.Load()); won != 1 || won+used+held != 50 || n != won+used || used <= 2*idp.ThrottleBurst || len(all[idp.Session](w)) != before+1 {
		t.Errorf("told %v, %d looked at", ends, n)
	}
}

// TestPassDeletedBetweenLookAndIssue: what is issued is decided in the transaction
// that stores it, not in the look before it.
func TestPassDeletedBetweenLookAndIssue(t *testing.T) {
	t.Parallel()
	d := &storetest.Interrupted{Driver: mem.New()}
	w := worldOn(t, d)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	b.signIn(code)
	n := len(all[idp.Grant](w))
	d.First = func() { w.must(w.admin.DeletePass(t.Context(), admin.Operator("test"), tenantID, name, "")) }
	out := b.look(b.start(w.request("own")))
	if out.Decision.Step == idp.Issue || out.Code != "" || len(all[idp.Grant](w)) != n {
		t.Errorf("a code from a pass that is gone: %+v, %d grants", out.Decision, len(all[idp.Grant](w))-n)
	}
}

// TestChallengeAnsweredTwiceAtOnce: a question is answered once, even rightly and
// even where the pass may be used again.
func TestChallengeAnsweredTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b, twin := w.browser(), w.browser()
	f := b.asked(w.request("own"), name)
	*twin = *b
	w.tap.first = func() { twin.wantStep(twin.answer(f, code), idp.Issue) }
	if out := b.answer(f, code); out.Decision.Step == idp.Issue || len(all[idp.Session](w)) != 1 {
		t.Errorf("one question answered twice: %s, %d sessions", out.Decision.Step, len(all[idp.Session](w)))
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
			if events := all[idp.AuditEvent](w); right == 0 && th[0].Streaks[idp.TemporaryAccessPass].Failures != int(refused) || countSignIns(events) != int(looked) {
				t.Fatalf("round %d: %d failures counted, %d logged, %d looked at", round, th[0].Streaks[idp.TemporaryAccessPass].Failures, countSignIns(events), looked)
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

// TestBusy: two answers are looked at, fifty wait, and one more is sent away at once,
// which costs it no try.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		hold := make(chan struct{})
		held := atomic.Int64{}
		slow := slowMethod{w.tap, func() { held.Add(1); <-hold }}
		w.signin = signin.New(w.store, w.keys, []idp.Method{slow})
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
