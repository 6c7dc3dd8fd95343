package device_test

import (
	"net/http"
	"testing"

	"latchkey/idp"
)

func TestWhoSeesTheNumberSignsIn(t *testing.T) {
	w := newWorld(t)
	p, b := w.phone(), w.browser("192.0.2.1")
	out := b.signIn(p)
	if out.Decision.Step != idp.Issue || out.Session == nil {
		t.Fatalf("step %s, problem %+v", out.Decision.Step, out.Problem)
	}
	proof := out.Session.Latest()
	if proof.ACR != idp.ACRMFA || proof.Credential != p.id {
		t.Errorf("proof %+v", proof)
	}
	w.reads(p.send("DELETE", "/self", nil), http.StatusNoContent, nil)
	if s := only(w, out.Session); s.EndedAt.IsZero() {
		t.Error("the session outlives the device that it came from")
	}
}
