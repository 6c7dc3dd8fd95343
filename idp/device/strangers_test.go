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
