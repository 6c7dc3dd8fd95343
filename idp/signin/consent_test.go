package signin_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

func (b *browser) decide(f signin.Flow, allow bool) signin.Outcome {
	b.w.Helper()
	out, err := b.w.signin.Decide(context.Background(), b.visit(), f, allow)
	b.w.must(err)
	return out
}

func (b *browser) wantRefusal(out signin.Outcome, code string, sts idp.STS) {
	b.w.Helper()
	b.wantStep(out, idp.Refuse)
	if out.Decision.Error != code || out.Decision.STS != sts || out.Code != "" || out.Grant != nil {
		b.w.Errorf("refused as %s %d, code %q, want %s %d", out.Decision.Error, out.Decision.STS, out.Code, code, sts)
	}
}

func TestConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	asked := b.answer(b.asked(w.request("web"), name), code)
	b.wantStep(asked, idp.ConsentStep)
	if !slices.Equal(asked.Decision.Missing, []string{"openid", "profile"}) || asked.Code != "" || len(all[idp.Grant](w)) != 0 {
		t.Errorf("%+v", asked)
	}
	silent := func(scopes ...string) signin.Outcome {
		return b.look(b.start(w.request("web", prompt("none"), func(r *idp.AuthRequest) { r.Scopes = scopes })))
	}
	b.wantRefusal(silent("openid"), "consent_required", idp.ConsentMissing)

	b.wantRefusal(b.decide(asked.Flow, false), "access_denied", idp.ConsentDeclined)
	if len(all[idp.Consent](w)) != 0 {
		t.Error("a refusal is remembered")
	}
	var out signin.Outcome
	if n := w.commits(func() { out = b.decide(asked.Flow, true) }); n != 1 {
		t.Errorf("allowing takes %d commits, want 1", n)
	}
	b.wantStep(out, idp.Issue)
	if out.Code == "" || out.Grant.UserID != w.user.UserID {
		t.Errorf("%+v", out)
	}
	twice := b.decide(asked.Flow, true) // the button pressed twice
	b.wantStep(twice, idp.Issue)
	if twice.Code == "" || twice.Grant.GrantID == out.Grant.GrantID {
		t.Errorf("pressed twice: %+v", twice)
	}
	b.wantRefusal(b.decide(asked.Flow, false), "access_denied", idp.ConsentDeclined)

	w.pass(time.Minute)
	b.wantStep(silent("openid", "profile"), idp.Issue)
	b.wantStep(silent("profile"), idp.Issue)
	b.wantRefusal(silent("openid", "email"), "consent_required", idp.ConsentMissing)
	more := b.look(b.start(w.request("web", func(r *idp.AuthRequest) { r.Scopes = []string{"openid", "email"} })))
	b.wantStep(more, idp.ConsentStep)
	if !slices.Equal(more.Decision.Missing, []string{"email"}) {
		t.Errorf("asks for %v", more.Decision.Missing)
	}
	b.wantStep(b.decide(more.Flow, true), idp.Issue)
	b.wantStep(silent("openid", "profile", "email"), idp.Issue)

	again := b.look(b.start(w.request("web", prompt("consent"))))
	b.wantStep(again, idp.ConsentStep)
	b.wantStep(b.decide(again.Flow, true), idp.Issue)
	trusted := b.look(b.start(w.request("own", prompt("consent"))))
	b.wantStep(trusted, idp.ConsentStep)
	b.wantStep(b.decide(trusted.Flow, true), idp.Issue)
}

// TestConsentNeedsItsUser: the page's buttons do nothing without the session they
// were shown for, or for another user who has signed in since.
func TestConsentNeedsItsUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.newUser("bob@contoso.example")
	_, code := w.givePass(name, idp.PassRequest{})
	_, bobs := w.givePass(bob.PrincipalName, idp.PassRequest{})
	b := w.browser()
	b.signIn(code)
	asked := b.look(b.start(w.request("web")))
	b.wantStep(asked, idp.ConsentStep)

	b.wantStep(w.browser().decide(asked.Flow, true), idp.Identify)
	b.wantStep(b.answer(b.asked(w.request("own"), bob.PrincipalName), bobs), idp.Issue)
	for _, allow := range []bool{true, false} {
		out := b.decide(asked.Flow, allow)
		if b.wantStep(out, idp.ConsentStep); out.User.UserID != bob.UserID || out.Code != "" {
			t.Errorf("Bob presses Anna's button: %+v", out)
		}
	}
	b.wantStep(b.decide(b.look(asked.Flow).Flow, true), idp.Issue) // shown to Bob
	w.pass(time.Hour)
	b.wantStep(b.decide(asked.Flow, true), idp.Identify)
	if consents := all[idp.Consent](w); len(consents) != 1 || consents[0].UserID != bob.UserID {
		t.Errorf("%+v", consents)
	}
}

// device stores what a device waits for and answers the grant's id.
func (w *world) device(client string, scopes ...string) *idp.Grant {
	w.Helper()
	ends := w.now().Add(idp.DeviceLifetime)
	g := &idp.Grant{
		GrantID: idp.NewID(), ClientID: client, Scopes: scopes, CreatedAt: w.now(), NotAfter: ends, EndsAs: idp.GrantExpired,
		Device: idp.Device{Hash: idp.HashToken(idp.DeviceCode, idp.NewToken(idp.DeviceCode)), UserCode: w.keys.UserCodeHash(tenantID, "BCDFGHJK"), Ends: ends},
	}
	w.put(g)
	return g
}

func (b *browser) deviceFlow(typed string) (signin.Flow, error) {
	return b.w.signin.DeviceFlow(context.Background(), b.visit(), typed)
}

func (w *world) grant(id string) (g *idp.Grant) {
	w.Helper()
	w.view(func(tx *storage.Tx) (err error) {
		g, err = storage.Get[idp.Grant](tx, id)
		return err
	})
	return g
}

func TestDevice(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"web", "own"} { // a trusted client asks all the same
		w := newWorld(t)
		p, code := w.givePass(name, idp.PassRequest{})
		g := w.device(client, "openid", idp.ScopeOffline)
		b := w.browser()
		f, err := b.deviceFlow(" bcdf ghjk ")
		w.must(err)
		if f.UserCode != "BCDF-GHJK" || f.Device != g.GrantID {
			t.Errorf("%+v", f)
		}
		asked := b.answer(b.look(f.WithUser(name)).Flow, code)
		b.wantStep(asked, idp.ConsentStep)
		if w.grant(g.GrantID).UserID != "" {
			t.Error("approved before anybody was asked")
		}
		b.wantStep(b.look(asked.Flow), idp.ConsentStep)
		out := b.decide(asked.Flow, true)
		b.wantStep(out, idp.Issue)
		stored := w.grant(g.GrantID)
		if stored.UserID != w.user.UserID || !stored.NotAfter.Equal(p.EndsAt()) || stored.EndsAs != idp.PassExpired || out.Code != "" || stored.Device.Denied {
			t.Errorf("%+v", stored)
		}
		if len(all[idp.Consent](w)) != 0 {
			t.Error("consent for a device is remembered")
		}
		_, err = w.signin.Decide(context.Background(), b.visit(), asked.Flow, true)
		if !errors.Is(err, signin.ErrDevice) {
			t.Errorf("approved twice: %v", err)
		}
		if b.decide(asked.Flow, false); w.grant(g.GrantID).Device.Denied {
			t.Error("refused after it was approved")
		}
		if _, err := b.deviceFlow("BCDFGHJK"); !errors.Is(err, signin.ErrDevice) {
			t.Errorf("the code is taken again: %v", err)
		}
	}
}

func TestDeviceDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	g := w.device("web", "openid")
	b := w.browser()
	f, err := b.deviceFlow("BCDF-GHJK")
	w.must(err)
	asked := b.answer(b.look(f.WithUser(name)).Flow, code)
	b.wantRefusal(b.decide(asked.Flow, false), "access_denied", idp.ConsentDeclined)
	if stored := w.grant(g.GrantID); !stored.Device.Denied || stored.UserID != "" {
		t.Errorf("%+v", stored)
	}
	if _, err := w.signin.Decide(context.Background(), b.visit(), asked.Flow, true); !errors.Is(err, signin.ErrDevice) {
		t.Errorf("approved after it was refused: %v", err)
	}
}

func TestDeviceCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.device("web", "openid")
	b := w.browser()
	for _, typed := range []string{"", "BCDFGHJL", "BCDFGHJ", "x", "\x00"} {
		_, err := b.deviceFlow(typed)
		if !errors.Is(err, signin.ErrDevice) {
			t.Errorf("%q: %v", typed, err)
		}
	}
	w.pass(idp.DeviceLifetime - 1)
	f, err := b.deviceFlow("BCDFGHJK")
	w.must(err)
	w.pass(1)
	if _, err := b.deviceFlow("BCDFGHJK"); !errors.Is(err, signin.ErrDevice) {
		t.Errorf("at its end: %v", err)
	}
	_, code := w.givePass(name, idp.PassRequest{})
	asked := b.answer(b.look(f.WithUser(name)).Flow, code)
	if _, err := w.signin.Decide(context.Background(), b.visit(), asked.Flow, true); !errors.Is(err, signin.ErrDevice) {
		t.Errorf("approved at its end: %v", err)
	}
}
