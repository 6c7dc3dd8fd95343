package signin_test

import (
	"context"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// keyMethod stands for a method that keeps no credential and has no end of its own.
type keyMethod struct{}

func (keyMethod) Info() idp.Info {
	return idp.Info{Kind: idp.PasskeyMethod, Name: "Passkey", ACRs: []string{idp.ACRPhishing}, MFA: true, PhishingResistant: true, Held: func(*storage.Tx, string) ([]idp.Credential, error) { return nil, nil }}
}

func (keyMethod) Offer(idp.Subject) idp.Reason { return idp.Offered }

func (keyMethod) Begin(context.Context, idp.Subject) (idp.Prompt, error) {
	return idp.Prompt{Page: "passkey", Fields: map[string]string{"challenge": "x"}}, nil
}

func (keyMethod) Verify(_ context.Context, s idp.Subject, p idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	if s.User == nil || a["code"] != "touch" || p.Fields["challenge"] != "x" {
		return idp.Verdict{}, &idp.Refusal{Told: idp.PassWrong, Logged: idp.PassWrong, Wrong: true}
	}
	return idp.Verdict{Proof: idp.Proof{Method: idp.PasskeyMethod, Credential: "key of " + s.User.UserID, At: s.Now, ACR: idp.ACRPhishing, AMR: []string{"pop", "user", "mfa"}, MFA: true}}, nil
}

// twoWays is a world with passes and passkeys.
func twoWays(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.signin = signin.New(w.store, w.keys, []idp.Method{w.tap, keyMethod{}})
	return w
}

func strong(r *idp.AuthRequest) { r.ACRValues, r.ACREssential = []string{idp.ACRPhishing}, true }

// TestStepUp: who proves more than a pass in the same browser gets a new session,
// which the pass does not bound; who comes back to the pass gets one that it does.
func TestStepUp(t *testing.T) {
	t.Parallel()
	w := twoWays(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	bounded := b.signIn(code)
	w.pass(time.Minute)
	asked := b.look(b.start(w.request("own", strong)))
	if b.wantStep(asked, idp.Ask); asked.Prompt.Page != "passkey" || asked.Flow.Username != "" {
		t.Fatalf("%+v", asked)
	}
	if out := b.answer(asked.Flow, "elsewhere"); told(out) != idp.PassWrong {
		t.Errorf("%+v", out.Problem)
	}
	out := b.answer(asked.Flow, "touch")
	b.wantStep(out, idp.Issue)
	s, g := out.Session, out.Grant
	if s.SessionID == bounded.Session.SessionID || len(s.Proofs) != 1 || !s.NotAfter.Equal(w.now().Add(idp.DefaultSessionLifetime)) || g.ACR != idp.ACRPhishing || !g.NotAfter.Equal(s.NotAfter) {
		t.Errorf("session %+v\ngrant %+v", s, g)
	}
	if got := w.grant(bounded.Grant.GrantID); got.RevokedAs != idp.NoSession {
		t.Errorf("the grant of the session left behind: %+v", got)
	}
	w.pass(2 * time.Hour)
	b.wantStep(b.look(b.start(w.request("own", strong, prompt("none")))), idp.Issue)

	p, again := w.givePass(name, idp.PassRequest{})
	f := b.look(b.start(w.request("own", prompt("login"))).WithUser(name)).Flow.WithMethod(idp.TemporaryAccessPass)
	back := b.answer(b.look(f).Flow, again)
	b.wantStep(back, idp.Issue)
	if x := back.Session; x.SessionID == s.SessionID || len(x.Proofs) != 1 || !x.NotAfter.Equal(p.EndsAt()) || back.Grant.ACR != idp.ACRBootstrap {
		t.Errorf("back at the pass: %+v", x)
	}
}

// TestTwoProofs: a request that a pass alone does not satisfy asks for the rest, once.
func TestTwoProofs(t *testing.T) {
	t.Parallel()
	w := twoWays(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	chosen := b.look(b.start(w.request("own", strong)).WithUser(name).WithMethod(idp.TemporaryAccessPass))
	b.wantStep(chosen, idp.Ask)
	more := b.answer(chosen.Flow, code)
	if b.wantStep(more, idp.Ask); more.Prompt.Page != "passkey" || more.Code != "" || more.NewSession == "" || more.Flow.Challenge == chosen.Flow.Challenge {
		t.Fatalf("%+v", more)
	}
	out := b.answer(more.Flow, "touch")
	b.wantStep(out, idp.Issue)
	if out.Grant.ACR != idp.ACRPhishing {
		t.Errorf("%+v", out.Grant)
	}
	hardware := b.look(b.start(w.request("own", func(r *idp.AuthRequest) { r.ACRValues, r.ACREssential = []string{idp.ACRHardware}, true })))
	b.wantRefusal(hardware, "unmet_authentication_requirements", idp.StrongerNeeded)
}
