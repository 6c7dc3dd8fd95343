package signin_test

import (
	"fmt"
	"testing"

	"latchkey/idp"
)

// entered are the lines of the sign-in log that tell of the app.
func (w *world) entered(client string) (n int) {
	for _, e := range all[idp.AuditEvent](w) {
		if e.Log == idp.SignIns && e.ClientID == client && e.Result == "success" {
			n++
		}
	}
	return n
}

// TestDeviceIsLogged: somebody who is signed in already and types the code of a device,
// perhaps a stranger's, leaves a line; each device leaves one.
func TestDeviceIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	b.wantStep(b.answer(b.asked(w.request("own"), name), code), idp.Issue)
	for n := range 2 {
		g := w.device("web", "openid", idp.ScopeOffline)
		f, err := b.deviceFlow("BCDF-GHJK")
		w.must(err)
		asked := b.look(f)
		b.wantStep(asked, idp.ConsentStep)
		b.wantStep(b.decide(asked.Flow, true), idp.Issue)
		if w.grant(g.GrantID).UserID != w.user.UserID {
			t.Fatal("not approved")
		}
		if got := w.entered("web"); got != n+1 {
			t.Errorf("%d devices have tokens of somebody, and the sign-in log has %d lines of that", n+1, got)
		}
		w.put(&idp.Grant{GrantID: g.GrantID}) // its code is free again
	}
}

// TestConsentIsLogged: who is signed in already and allows an app enters it, which leaves
// one line, whether there was something new to allow or not.
func TestConsentIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	b.wantStep(b.answer(b.asked(w.request("own"), name), code), idp.Issue)
	asked := b.look(b.start(w.request("web", prompt("consent"))))
	b.wantStep(asked, idp.ConsentStep)
	b.wantStep(b.decide(asked.Flow, true), idp.Issue)
	if got := w.entered("web"); got != 1 {
		t.Errorf("an app is entered, and the sign-in log has %d lines of that", got)
	}
}

// TestManyAppsHideNone: however many apps a session has entered, one more is told of.
func TestManyAppsHideNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	b.wantStep(b.answer(b.asked(w.request("own"), name), code), idp.Issue)
	for i := range 120 {
		id := fmt.Sprintf("junk%d", i)
		w.put(&idp.Client{ClientID: id, Name: "Junk"})
		f := b.look(b.start(w.request(id))).Flow
		b.decide(f, false)
	}
	w.put(&idp.Client{ClientID: "payroll", Name: "Payroll", Trusted: true})
	b.wantStep(b.look(b.start(w.request("payroll"))), idp.Issue)
	if w.entered("payroll") != 1 {
		t.Error("who has declined enough apps enters another unseen")
	}
	if s := all[idp.Session](w)[0]; len(s.Seen) > 100 {
		t.Errorf("%d apps are remembered", len(s.Seen))
	}
}

// TestTrustedIsNotAll: that nobody is asked whether a trusted app may use their account
// does not give it the organization: at the admin API it has unasked what an
// administrator has registered it for.
func TestTrustedIsNotAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	b.wantStep(b.answer(b.asked(w.request("own"), name), code), idp.Issue)
	const powerful, some = idp.GraphID + "/RoleManagement.ReadWrite.Directory", idp.GraphID + "/User.Read.All"
	asks := func(scopes ...string) *idp.AuthRequest {
		return w.request("own", func(r *idp.AuthRequest) {
			r.Scopes, r.Resources = append([]string{"openid"}, scopes...), []string{idp.GraphID}
		})
	}
	b.wantStep(b.look(b.start(asks(idp.GraphID+"/User.Read"))), idp.Issue)
	asked := b.look(b.start(asks(powerful)))
	if b.wantStep(asked, idp.ConsentStep); len(asked.Decision.Missing) != 1 || asked.Decision.Missing[0] != powerful {
		t.Errorf("%+v", asked.Decision)
	}
	w.put(&idp.Client{ClientID: "own", Name: "Own", Trusted: true, Permissions: []string{some}})
	b.wantStep(b.look(b.start(asks(some))), idp.Issue)
	asked = b.look(b.start(asks(some, powerful)))
	b.wantStep(asked, idp.ConsentStep)
	b.wantStep(b.decide(asked.Flow, true), idp.Issue)
	b.wantStep(b.look(b.start(asks(powerful))), idp.Issue) // allowed once
}
