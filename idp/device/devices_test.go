package device_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
)

// A flow that asked nobody leads to the pages that wait, too, if somebody goes there.

func TestWhoeverWaitsForNothingIsToldThatItIsOver(t *testing.T) {
	w := newWorld(t)
	b := w.browser("192.0.2.1")
	state, _, _, err := w.signin.Await(context.Background(), b.visit(), b.at(anna).Flow)
	if err != nil || state != idp.RequestExpired {
		t.Errorf("%s, %v", state, err)
	}
}

func TestADeviceIsConfirmedOnlyWhereItWasInvited(t *testing.T) {
	for name, c := range map[string]func(w *world, b *browser) *browser{
		"in another session of hers": func(w *world, _ *browser) *browser {
			other := w.browser("192.0.2.9")
			other.signInByPass(anna, idp.PassRequest{})
			return other
		},
		"in nobody's": func(w *world, _ *browser) *browser { return w.browser("192.0.2.9") },
		"in somebody else's": func(w *world, _ *browser) *browser {
			w.newUser("bert@contoso.example")
			other := w.browser("192.0.2.9")
			other.signInByPass("bert@contoso.example", idp.PassRequest{})
			return other
		},
		"after she was disabled": func(w *world, b *browser) *browser {
			w.disable(w.user)
			return b
		},
		"after the session ended": func(w *world, b *browser) *browser {
			for _, s := range all[idp.Session](w) {
				s.End(w.now(), idp.NoSession)
				w.put(s)
			}
			return b
		},
		"after the method was turned off": func(w *world, b *browser) *browser {
			w.policy(func(p *idp.MethodsPolicy) { p.Authenticator.Enabled = false })
			return b
		},
		"too late": func(w *world, b *browser) *browser {
			w.pass(idp.DeviceEnrolmentLifetime)
			return b
		},
	} {
		w := newWorld(t)
		b, e, token := w.invited()
		o := w.begin(token)
		w.reads(w.call("POST", w.url("/enrolments/"+o.ID), "", w.newPhone().show(o)), http.StatusAccepted, nil)
		if _, err := w.signin.ConfirmDevice(context.Background(), c(w, b).visit(), e.EnrolmentID, true); err == nil || len(all[idp.Authenticator](w)) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheWindowOfAOneTimePassBoundsTheInvitation(t *testing.T) {
	w := newWorld(t)
	once := true
	b := w.browser("192.0.2.1")
	b.signInByPass(anna, idp.PassRequest{Once: &once})
	w.pass(idp.RegisterWindow - time.Minute)
	e, token, _, err := w.signin.InviteDevice(context.Background(), b.visit())
	w.must(err)
	o := w.begin(token)
	w.reads(w.call("POST", w.url("/enrolments/"+o.ID), "", w.newPhone().show(o)), http.StatusAccepted, nil)
	w.pass(time.Minute)
	if _, err := w.signin.ConfirmDevice(context.Background(), b.visit(), e.EnrolmentID, true); err == nil {
		t.Error("a device is added after the window has closed")
	}
	if _, _, _, err := w.signin.InviteDevice(context.Background(), b.visit()); err == nil {
		t.Error("one is invited after the window has closed")
	}
}

func TestNoNumberAndNoSecretIsLogged(t *testing.T) {
	w := newWorld(t)
	w.policy(func(p *idp.MethodsPolicy) { p.Authenticator.Digits = 6 })
	_, _, token := w.invited()
	p, b := w.phone(), w.browser("192.0.2.1")
	page := b.ask(anna, "")
	right, wrong := number(page), "999999"
	if right == wrong {
		wrong = "999998"
	}
	w.respond(p.answering(p.fetch()[0], wrong))
	second := number(b.look(page.Flow))
	w.respond(p.answering(p.fetch()[0], second))
	b.finish(page.Flow)
	w.call("POST", w.url("/enrolments"), "", encode(claims{"token": token + "x"}))
	said := w.log()
	for _, e := range all[idp.AuditEvent](w) {
		said += string(encode(e))
	}
	for _, secret := range []string{right, wrong, second, token} {
		if strings.Contains(said, `"`+secret) || strings.Contains(said, " "+secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

func TestADeviceForASecondFactorIsNoFirst(t *testing.T) {
	w := newWorld(t)
	p := w.phone()
	known := w.knownBrowser("192.0.2.1", p)
	w.policy(func(p *idp.MethodsPolicy) { p.Authenticator.Targets.Include[0].Mode = idp.AuthenticatePush })
	w.browser("198.51.100.1").ask(anna, "")
	if got := p.fetch(); len(got) != 0 {
		t.Error("a stranger has it asked")
	}
	out, err := w.signin.Send(context.Background(), known.visit(), known.at(anna).Flow, "")
	if err == nil && out.Problem == nil {
		t.Error("a known browser has it asked")
	}
	known.signInByPass(anna, idp.PassRequest{})
	w.pass(30 * time.Minute)
	f := signin.Start(nil, "/security-info", w.now()).Stronger()
	page := known.again(known.look(f.WithMethod(idp.AuthenticatorMethod)).Flow, "")
	if got := p.fetch(); len(got) != 1 {
		t.Fatalf("asked %d times to step up: %+v", len(got), page.Problem)
	}
	w.reads(w.respond(p.answering(p.fetch()[0], number(page))), http.StatusOK, nil)
	known.session = "" // signed out between approval and end: it would be the only proof
	if out, err := w.signin.Answer(context.Background(), known.visit(), page.Flow, idp.Answer{}); err != nil || out.NewSession != "" {
		t.Errorf("what was approved to step up signs in: %v", err)
	}
}
