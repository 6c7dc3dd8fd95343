package signin_test

import (
	"testing"

	"latchkey/idp"
	"latchkey/idp/signin"
)

// TestRemembers: a browser is remembered at the tenant where somebody signed in, for half a
// year.
func TestRemembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, code := w.givePass(name, idp.PassRequest{})
	b := w.browser()
	if w.signin.Remembers(b.visit()) {
		t.Error("a new browser is remembered")
	}
	b.signIn(code)
	if !w.signin.Remembers(b.visit()) {
		t.Error("forgotten")
	}
	elsewhere := b.visit()
	elsewhere.Tenant = &idp.Tenant{TenantID: otherID}
	if w.signin.Remembers(elsewhere) {
		t.Error("remembered at another tenant")
	}
	w.pass(signin.KnownFor)
	if w.signin.Remembers(b.visit()) {
		t.Error("remembered for good")
	}
}
