package device_test

import (
	"net/http"
	"testing"
	"time"

	"latchkey/idp"
)

// knownBrowser is one in which anna has signed in before, and is signed out again.
func (w *world) knownBrowser(address string, p *phone) *browser {
	w.Helper()
	b := w.browser(address)
	b.signIn(p)
	if b.known == "" {
		w.Fatal("the browser is not known")
	}
	b.session = ""
	w.pass(time.Minute)
	return b
}

func TestNotMeToANeighbourDoesNotShutOutAKnownBrowser(t *testing.T) {
	w := newWorld(t)
	p := w.phone()
	known, stranger := w.knownBrowser("192.0.2.1", p), w.browser("192.0.2.1")
	stranger.ask(anna, "")
	w.reads(w.respond(p.answering(p.fetch()[0], "", deny(idp.DeniedNotMe))), http.StatusOK, nil)
	if out := w.browser("192.0.2.1").ask(anna, ""); text(out.Problem) != "number.blocked" {
		t.Errorf("another browser of that network: %+v", out.Problem)
	}
	if out := stranger.ask(anna, ""); text(out.Problem) != "number.blocked" {
		t.Errorf("the browser that was told: %+v", out.Problem)
	}
	if out := known.ask(anna, ""); out.Problem != nil || number(out) == "" {
		t.Errorf("anna's own browser, behind the same address: %+v", out.Problem)
	}
}

func TestAKnownBrowserDoesNotWaitForAStranger(t *testing.T) {
	w := newWorld(t)
	p := w.phone()
	known, stranger := w.knownBrowser("192.0.2.1", p), w.browser("198.51.100.1")
	stranger.ask(anna, "")
	old := p.fetch()[0]
	page := known.ask(anna, "")
	if page.Problem != nil {
		t.Fatalf("a known browser waits: %+v", page.Problem)
	}
	now := p.fetch()
	if len(now) != 1 || now[0] == old {
		t.Fatalf("the phone is asked %d times", len(now))
	}
	if got := w.state(w.respond(p.answering(old, "00"))); got != "409 superseded" {
		t.Errorf("an answer to the stranger: %s", got)
	}
	w.reads(w.respond(p.answering(now[0], number(page))), http.StatusOK, nil)
	if out := known.finish(page.Flow); out.NewSession == "" {
		t.Errorf("step %s %+v", out.Decision.Step, out.Problem)
	}
}

// What a stranger sees of a name must not tell that its owner signs in elsewhere right now.
func TestAStrangerIsToldNothingOfARequestOfAKnownBrowser(t *testing.T) {
	for _, name := range []string{anna, "nobody@contoso.example"} {
		w := newWorld(t)
		p := w.phone()
		known := w.knownBrowser("192.0.2.1", p)
		first, second, third := w.browser("198.51.100.1"), w.browser("198.51.100.2"), w.browser("198.51.100.3")
		before := first.ask(name, "")
		known.ask(anna, "")
		if out := first.look(before.Flow); out.Problem != nil || number(out) != number(before) {
			t.Errorf("%s: the page of a stranger changes: %+v", name, out.Problem)
		}
		if out := second.ask(name, ""); text(out.Problem) != "number.open" {
			t.Errorf("%s: beside another stranger: %+v", name, out.Problem)
		}
		w.pass(59 * time.Second)
		known.ask(anna, "")
		w.pass(2 * time.Second) // the first stranger's is over, and the known browser's stands
		if out := first.look(before.Flow); text(out.Problem) != "number.expired" {
			t.Errorf("%s: after its time: %+v", name, out.Problem)
		}
		if out := third.ask(name, ""); out.Problem != nil || number(out) == "" {
			t.Errorf("%s: beside a known browser: %+v", name, out.Problem)
		}
		if got := len(p.fetch()); got != 1 {
			t.Errorf("%s: the phone is asked %d times, want only by the known browser", name, got)
		}
	}
}

// A guess among three is enough for nobody who is privileged; the page must not tell who is.
func TestAStrangerIsNotToldWhoIsPrivileged(t *testing.T) {
	w := newWorld(t)
	w.policy(func(p *idp.MethodsPolicy) { p.Authenticator.Ask = []idp.AskMode{idp.AskPick, idp.AskScan} })
	w.user.Roles = []string{idp.GlobalAdministrator}
	w.put(w.user)
	p := w.phone()
	for _, mode := range []idp.AskMode{"", idp.AskPick} {
		admins, nobodys := w.browser("198.51.100.1").ask(anna, mode), w.browser("198.51.100.2").ask("nobody@contoso.example", mode)
		if a, b := admins.Prompt.Fields, nobodys.Prompt.Fields; a["mode"] != b["mode"] || len(a["secret"]) != len(b["secret"]) {
			t.Errorf("mode %q: %v for an administrator, %v for nobody", mode, a, b)
		}
		if c := w.read(p.fetch()[0]); c.Ask.Mode != string(idp.AskType) || len(c.Ask.Choices) > 0 {
			t.Errorf("mode %q: an administrator's phone asks %+v", mode, c.Ask)
		}
		w.pass(2 * time.Minute)
	}
}
