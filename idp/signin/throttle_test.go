package signin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
)

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
		if told(out) != idp.UserLocked || out.Problem.Left(w.now()) != idp.ThrottleInterval {
			t.Errorf("%q: %+v", spelling, out.Problem)
		}
	}
	if w.store.Commits() != before || w.tap.calls.Load() != looked {
		t.Error("an answer that is held back costs a commit or a hash")
	}
	w.pass(idp.ThrottleInterval - 1)
	b := w.browser()
	f := b.asked(w.request("own"), name)
	if out := b.answer(f, code); told(out) != idp.UserLocked || out.Problem.Left(w.now()) != 1 {
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
		if out := b.answer(f, wrong); told(out) != idp.PassWrong {
			t.Errorf("try %d: %+v", i, out.Problem)
		}
	}
	w.pass(idp.ThrottleInterval)
	out := b.answer(f, code)
	if told(out) != idp.UserLocked || out.Problem.Left(w.now()) != 0 || out.Flow.Challenge != "" {
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
		"known to Bob": b.known, "made up": "x", "another tenant's": w.knownElsewhere(),
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

// knownElsewhere is the cookie of a browser in which a user by Anna's id has signed
// in at another tenant.
func (w *world) knownElsewhere() string {
	w.Helper()
	ctx := context.Background()
	elsewhere := &world{T: w.T, store: w.store, keys: w.keys, admin: w.admin, signin: w.signin, tap: w.tap, at: w.now()}
	elsewhere.tenant = &idp.Tenant{TenantID: otherID, Name: "Fabrikam", Domains: []string{"fabrikam.example"}, CreatedAt: epoch}
	w.must(w.store.Update(ctx, storage.System, func(tx *storage.Tx) error { return tx.Put(elsewhere.tenant) }))
	policy := idp.DefaultMethodsPolicy()
	policy.TemporaryAccessPass.Enabled = true
	w.must(w.store.Update(ctx, otherID, func(tx *storage.Tx) error {
		return errors.Join(tx.Put(policy), tx.Put(&idp.Client{ClientID: "own", Name: "Own", Trusted: true}), tx.Put(w.user))
	}))
	_, code, err := w.admin.CreatePass(ctx, admin.Operator("test"), otherID, name, idp.PassRequest{})
	w.must(err)
	b := elsewhere.browser()
	b.signIn(code)
	again := *b // known there: the burst of strangers is not its own
	for range idp.ThrottleBurst {
		stranger := elsewhere.browser()
		stranger.answer(stranger.asked(elsewhere.request("own"), name), wrong)
	}
	again.session = ""
	again.signIn(code)
	return b.known
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
	for i := range 24 * 60 {
		b := w.browser()
		b.address = fmt.Sprintf("203.0.113.%d", i%256)
		b.answer(b.asked(w.request("web"), name), wrong)
		w.pass(time.Minute)
	}
	n := w.tap.calls.Load()
	t.Logf("E2: 1,440 guesses in 24 h, %d looked at", n)
	if n != idp.MaxFailures {
		t.Errorf("%d looked at, want %d: then the pass is not looked at any more", n, idp.MaxFailures)
	}
	b := w.browser()
	if out := b.answer(b.asked(w.request("own"), name), code); told(out) != idp.UserLocked || out.Problem.Left(w.now()) != 0 {
		t.Errorf("after 100 failures in a row: %+v", out.Problem)
	}
	_, code = w.givePass(name, idp.PassRequest{})
	b.wantStep(b.answer(b.asked(w.request("own"), name), code), idp.Issue)
}

// TestKnownBrowsersShareThrottles: whoever held an earlier pass and made any number of
// browsers known with it gets eight budgets against the next one, not one each.
func TestKnownBrowsersShareThrottles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	var browsers []*browser
	for range 40 {
		b := w.browser()
		b.signIn(code)
		browsers = append(browsers, b)
	}
	w.givePass(name, idp.PassRequest{})
	w.tap.calls.Store(0)
	for _, b := range browsers {
		for range idp.ThrottleBurst {
			fresh := *b
			fresh.session = ""
			fresh.answer(fresh.asked(w.request("own"), name), wrong)
		}
	}
	if n := w.tap.calls.Load(); n > 8*idp.ThrottleBurst || n < 2*idp.ThrottleBurst {
		t.Errorf("%d answers looked at", n)
	}
}

// TestKnownForAWhile: a browser that has not signed anybody in for half a year is a
// stranger; one that signs in again and again stays known.
func TestKnownForAWhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	b.signIn(code)
	stays := *b
	knows := func(b *browser, want bool) {
		t.Helper()
		if got, err := w.signin.Knows(t.Context(), b.visit(), b.asked(w.request("own", prompt("login")), name)); err != nil || got != want {
			t.Errorf("knows %t, want %t, %v", got, want, err)
		}
	}
	w.pass(signin.KnownFor/2 + time.Hour)
	_, code = w.givePass(name, idp.PassRequest{})
	stays.session = ""
	stays.signIn(code)
	w.pass(signin.KnownFor/2 - time.Hour - time.Second)
	knows(b, true)
	w.pass(time.Second)
	knows(b, false)
	knows(&stays, true)
	knows(w.browser(), false)
}
