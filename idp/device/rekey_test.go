package device_test

import (
	"net/http"
	"testing"
)

func TestACopyIsNoticedWhenTheKeyIsChanged(t *testing.T) {
	w := newWorld(t)
	p := w.newPhone()
	p.count = 7
	p.verifier.Count = 7
	p.enrol(anna)
	b := w.browser("192.0.2.1")
	out := b.signIn(p)
	p.count = 6
	_, body := p.rekeying()
	if rec := p.send("POST", "/rekey", body); rec.Code != http.StatusBadRequest {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if d := p.record(); d.CopiedAt.IsZero() || d.Thumbprint != p.thumbprint() {
		t.Errorf("the device is still accepted: %+v", d)
	}
	if s := only(w, out.Session); s.EndedAt.IsZero() {
		t.Error("what came from it goes on")
	}
}
