package signin_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage/mem"
)

const word = "correct horse battery"

// manyWays is a world in which Anna has a passkey and a password.
func manyWays(t *testing.T) (*keyWorld, *passkeytest.Key) {
	t.Helper()
	w := keyWorldOn(t, mem.New())
	yes := true
	_, err := w.admin.UpdatePasswordPolicy(context.Background(), admin.Operator("test"), tenantID, admin.PasswordPolicyChange{Enabled: &yes})
	w.must(err)
	w.setWord(w.user)
	return w, w.haveKey(name)
}

func (w *keyWorld) setWord(u *idp.User) {
	w.Helper()
	self := idp.Person(tenantID, u)
	self.Strong = true
	w.must(w.admin.SetPassword(context.Background(), self, tenantID, u.UserID, word))
}

// haveKey has somebody register a passkey, by a pass that is then gone with its session.
func (w *keyWorld) haveKey(name string) *passkeytest.Key {
	w.Helper()
	p, code := w.givePass(name, idp.PassRequest{})
	k := passkeytest.New(passkeytest.ES256)
	b, asked := w.entered(name, code)
	b.make(asked, k)
	w.must(w.admin.DeletePass(context.Background(), admin.Operator("test"), tenantID, name, p.PassID))
	return k
}

// byWord signs in on our own pages with the password.
func (b *browser) byWord(f signin.Flow) signin.Outcome {
	b.w.Helper()
	asked := b.look(f.WithMethod(idp.PasswordMethod))
	if b.wantStep(asked, idp.Ask); asked.Prompt.Page != "password" {
		b.w.Fatalf("%+v", asked)
	}
	out, err := b.w.signin.Answer(context.Background(), b.visit(), asked.Flow, idp.Answer{"password": word})
	b.w.must(err)
	if out.NewSession != "" {
		b.session = out.NewSession
	}
	if out.NewKnown != "" {
		b.known = out.NewKnown
	}
	return out
}

func (b *browser) wantAsked(out signin.Outcome, page string) {
	b.w.Helper()
	if b.wantStep(out, idp.Ask); out.Prompt.Page != page || out.Flow.Username != "" {
		b.w.Fatalf("asked for %+v, want %s of who is signed in", out.Prompt, page)
	}
}

// TestStrongerPage: who is signed in with a password is asked for more where it matters, and
// for nothing more for five minutes; all the time it is one session, since neither has an
// end of its own.
func TestStrongerPage(t *testing.T) {
	t.Parallel()
	w, k := manyWays(t)
	b := w.browser()
	weak := b.byWord(b.start(nil).WithUser(name))
	b.wantStep(weak, idp.Issue)
	b.wantStep(b.look(b.start(nil)), idp.Issue)
	first, secret := weak.Session, b.session
	for round := range 3 {
		asked := b.look(b.start(nil).Stronger())
		b.wantAsked(asked, "passkey")
		if again := b.look(asked.Flow); again.Flow.Challenge == asked.Flow.Challenge {
			t.Error("a passkey is asked for twice by one challenge")
		}
		w.pass(time.Second)
		out := b.show(asked, k)
		b.wantStep(out, idp.Issue)
		s := out.Session
		if s.SessionID != first.SessionID || !s.NotAfter.Equal(first.NotAfter) || len(s.Proofs) != 2 || s.Bounded() || !s.Strong(w.now()) || b.session == secret {
			t.Errorf("round %d: %+v, was %+v", round, s, first)
		}
		stale := w.browser()
		stale.session, secret = secret, b.session
		if session, _, err := w.signin.Current(t.Context(), stale.visit()); session != nil || err != nil {
			t.Errorf("round %d: the secret from before opens %+v, %v", round, session, err)
		}
		w.pass(idp.StrongFor - 1)
		b.wantStep(b.look(b.start(nil).Stronger()), idp.Issue)
		w.pass(1)
	}
	asked := b.look(b.start(nil).Stronger())
	b.wantAsked(asked, "passkey")
	b.wantAsked(b.byWord(asked.Flow), "passkey") // a password is no answer to that
}

// TestStrongerWithout: who has nothing but a password is told so, and is not asked for ever;
// who is not signed in begins with the name.
func TestStrongerWithout(t *testing.T) {
	t.Parallel()
	w, _ := manyWays(t)
	bob := w.newUser("bob@contoso.example")
	w.setWord(bob)
	b := w.browser()
	b.wantStep(b.look(b.start(nil).Stronger()), idp.Identify)
	weak := b.byWord(b.start(nil).Stronger().WithUser(bob.PrincipalName))
	b.wantRefusal(weak, "unmet_authentication_requirements", idp.StrongerNeeded)
	b.wantRefusal(b.look(b.start(nil).Stronger()), "unmet_authentication_requirements", idp.StrongerNeeded)
	b.wantStep(b.look(b.start(nil)), idp.Issue)
	_, code := w.givePass(bob.PrincipalName, idp.PassRequest{})
	asked := b.look(b.start(nil).Stronger())
	b.wantAsked(asked, "pass")
	if out := b.answer(asked.Flow, code); !out.Session.Strong(w.now()) || len(out.Session.Proofs) != 1 || out.Session.SessionID == weak.Session.SessionID {
		t.Errorf("%+v", out.Session)
	}
}

// TestPassThenPasskey: the session of a pass ends with the pass, so that a passkey makes
// another, and what the pass's session had open in apps ends with that; a pass again makes
// yet another, that ends with it.
func TestPassThenPasskey(t *testing.T) {
	t.Parallel()
	w, k := manyWays(t)
	p, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	bounded := b.signIn(code)
	w.pass(idp.StrongFor)
	asked := b.look(b.start(nil).Stronger())
	b.wantAsked(asked, "pass")
	asked = b.look(asked.Flow.WithMethod(idp.PasskeyMethod))
	b.wantAsked(asked, "passkey")
	out := b.show(asked, k)
	b.wantStep(out, idp.Issue)
	s := out.Session
	if s.SessionID == bounded.Session.SessionID || len(s.Proofs) != 1 || s.Bounded() || !s.NotAfter.Equal(w.now().Add(idp.DefaultSessionLifetime)) || !s.NotAfter.After(p.EndsAt()) {
		t.Errorf("%+v", s)
	}
	if old := w.session(bounded.Session.SessionID); !old.EndedAt.Equal(w.now()) || !old.NotAfter.Equal(p.EndsAt()) {
		t.Errorf("the pass's session: %+v", old)
	}
	if g := w.grant(bounded.Grant.GrantID); !g.RevokedAt.Equal(w.now()) {
		t.Errorf("the pass's grant: %+v", g)
	}
	w.pass(time.Minute)
	renewed := b.show(b.look(b.look(b.start(w.request("own", prompt("login"))).WithUser(name)).Flow.WithMethod(idp.PasskeyMethod)), k)
	b.wantStep(renewed, idp.Issue)
	if r := renewed.Session; r.SessionID != s.SessionID || len(r.Proofs) != 1 || !r.AuthTime().Equal(w.now()) || !r.NotAfter.Equal(s.NotAfter) {
		t.Errorf("the passkey again: %+v", r)
	}
	w.pass(idp.StrongFor)
	asked = b.look(b.start(nil).Stronger())
	b.wantAsked(asked, "pass")
	back := b.answer(asked.Flow, code)
	if x := back.Session; x.SessionID == s.SessionID || len(x.Proofs) != 1 || !x.NotAfter.Equal(p.EndsAt()) {
		t.Errorf("back at the pass: %+v", x)
	}
	if g := w.grant(renewed.Grant.GrantID); !g.RevokedAt.Equal(w.now()) {
		t.Errorf("the passkey's grant: %+v", g)
	}
}

// TestStrongerByAnother: who steps up somebody's session with a passkey of their own gets
// neither session.
func TestStrongerByAnother(t *testing.T) {
	t.Parallel()
	w, k := manyWays(t)
	bob := w.newUser("bob@contoso.example")
	bobs := w.haveKey(bob.PrincipalName)
	b := w.browser()
	weak := b.byWord(b.start(nil).WithUser(name))
	asked := b.look(b.start(nil).Stronger())
	b.wantAsked(asked, "passkey")
	before, secret := w.session(weak.Session.SessionID), b.session
	w.pass(time.Second)
	out := b.show(asked, bobs)
	if shown(out) != "passkey.other" || out.NewSession != "" || out.NewKnown != "" || out.Code != "" || b.session != secret {
		t.Errorf("%+v %+v", out.Decision, out.Problem)
	}
	after := w.session(weak.Session.SessionID)
	if len(after.Proofs) != len(before.Proofs) || after.Secret != before.Secret || !after.EndedAt.IsZero() || after.Strong(w.now()) {
		t.Errorf("%+v", after)
	}
	if e := w.last(); e.Result != "failure" || e.Reason != "the credential is another user's" || e.Target.ID != bob.UserID {
		t.Errorf("%+v", e)
	}
	asked = b.look(out.Flow)
	b.wantAsked(asked, "passkey")
	b.wantStep(b.show(asked, k), idp.Issue)
}

// TestThrottleLeavesPasskeys: whoever guesses at somebody's pass or password keeps nobody
// from signing in with a passkey, in whatever browser, and no wrong passkey keeps anybody
// from the right code.
func TestThrottleLeavesPasskeys(t *testing.T) {
	t.Parallel()
	w, k := manyWays(t)
	_, code := w.givePass(name, idp.PassRequest{})
	w.exhaust()
	b := w.browser()
	if out := b.answer(b.asked(w.request("own"), name), code); told(out) != idp.UserLocked {
		t.Fatalf("not held back: %+v", out.Problem)
	}
	asked := b.look(b.start(w.request("own")).WithUser(name).WithMethod(idp.PasskeyMethod))
	b.wantStep(asked, idp.Ask)
	b.wantStep(b.show(asked, k), idp.Issue)
	unnamed := w.browser()
	asked = unnamed.look(unnamed.start(w.request("own")))
	if unnamed.wantStep(asked, idp.Identify); asked.Decision.Method != idp.PasskeyMethod {
		t.Fatalf("%+v", asked.Decision)
	}
	unnamed.wantStep(unnamed.show(asked, k), idp.Issue)

	fresh := keyWorldOn(t, mem.New())
	_, code = fresh.givePass(name, idp.PassRequest{})
	stranger, strangers := fresh.browser(), passkeytest.New(passkeytest.ES256)
	for range 3 * idp.ThrottleBurst {
		asked := stranger.look(stranger.start(fresh.request("own")).WithUser(name).WithMethod(idp.PasskeyMethod))
		if out := stranger.show(asked, strangers); out.Problem == nil || told(out) == idp.UserLocked || out.NewSession != "" {
			t.Fatalf("%+v", out)
		}
	}
	fresh.browser().signIn(code)
}

// TestObserve: each judged answer is told of, with its method and what became of it, and
// none that nobody has looked at.
func TestObserve(t *testing.T) {
	t.Parallel()
	w, k := manyWays(t)
	var seen []string
	w.signin.Observe(func(kind idp.Kind, err error) {
		what := "right"
		if r, refused := errors.AsType[*idp.Refusal](err); refused {
			what = "refused"
			if r.Wrong {
				what = "wrong"
			}
		} else if err != nil {
			what = "fault"
		}
		seen = append(seen, string(kind)+" "+what)
	})
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	f := b.asked(w.request("own"), name)
	b.answer(f, code)
	b = w.browser()
	b.byWord(b.start(nil).WithUser(name))
	b = w.browser()
	asked := b.look(b.start(nil).WithUser(name).WithMethod(idp.PasskeyMethod))
	asked = b.look(b.show(asked, passkeytest.New(passkeytest.ES256)).Flow)
	b.show(asked, k)
	w.exhaust() // the last of which is held back
	want := []string{"temporaryAccessPass right", "password right", "passkey wrong", "passkey right"}
	for range idp.ThrottleBurst {
		want = append(want, "temporaryAccessPass wrong")
	}
	if !slices.Equal(seen, want) {
		t.Errorf("seen %q\nwant %q", seen, want)
	}
}
