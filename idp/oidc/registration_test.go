package oidc_test

import (
	"net/http"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// registration sets who may register.
func (w *world) registration(how idp.Registration) {
	w.t.Helper()
	w.must2(w.admin.UpdateTenant(w.ctx(), operator, tenantID, admin.TenantChange{Registration: &how}))
}

// registering is a request about registrations; the path is "" or "/" and a client.
func registering(method, path, body, token string) *http.Request {
	r := raw(method, endpoint("register")+path, body)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func (w *world) register(body, token string) *reply {
	return w.do(registering("POST", "", body, token))
}

// joined is a client that registered itself, as the tests use clients.
func (w *world) joined(id, secret string) *app {
	w.t.Helper()
	c, err := w.admin.Client(w.ctx(), tenantID, id)
	w.must(err)
	w.apps[id] = &app{Client: c, secret: secret}
	return w.apps[id]
}

var _ = testing.Short
