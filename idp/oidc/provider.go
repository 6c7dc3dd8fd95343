// Package oidc is the OpenID Provider over HTTP: one issuer per tenant. It turns
// protocol requests into calls of idp/signin and records of idp, and back; what a
// person sees is drawn by whoever implements Pages.
//
// It answers for the protocol rules: which redirects are allowed, who may redeem
// what, and that every token is minted by mint, which clips it to its grant.
// Untrusted JWTs are parsed only by verifyHint. The RFC section stands beside
// each rule.
package oidc

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
	"latchkey/storage"
)

// Pages draws what people see of the protocol.
type Pages interface {
	// Refused shows why a request cannot be answered to the client.
	Refused(w http.ResponseWriter, r *http.Request, status int, e PageError)
	// FormPost sends fields to the client by way of the browser.
	FormPost(w http.ResponseWriter, r *http.Request, action string, fields [][2]string)
	// ConfirmSignOut asks whether to sign out; the answer is posted to action.
	ConfirmSignOut(w http.ResponseWriter, r *http.Request, action, state, app, user string)
	// SignedOut says so; back is where the client wants the person, or "".
	SignedOut(w http.ResponseWriter, r *http.Request, app, back string)
}

// PageError is an error that is shown because it cannot be redirected.
type PageError struct {
	STS    idp.STS // 0 where there is none
	Code   string  // OAuth error code
	Detail string  // for the engineer: what is wrong with the request
}

// Config is what a Provider needs.
type Config struct {
	Base   string // absolute URL without path; never taken from a request
	Store  *storage.Store
	Keys   *idp.Keyring
	Signin *signin.Service
	Pages  Pages
	Log    *slog.Logger
}

// Provider serves the protocol endpoints of every tenant.
type Provider struct {
	Config
	keys      *keyCache
	metadata  *documentCache
	polls     *polls
	deviceCap *web.Limiter
	own       *http.CrossOriginProtection // for forms of our own pages
}

// New makes a Provider.
func New(c Config) *Provider {
	own := http.NewCrossOriginProtection()
	_ = own.AddTrustedOrigin(c.Base) // fails for what is no origin, and then trusts none
	return &Provider{
		Config: c, keys: newKeyCache(c.Store, c.Keys), metadata: newDocumentCache(), polls: newPolls(),
		// An address starts at most 30 device authorizations at once and 10 a minute.
		deviceCap: web.NewLimiter(6*time.Second, 30),
		own:       own,
	}
}

// Routes mounts the endpoints of every tenant. The busiest come first, as the
// router looks in order.
func (p *Provider) Routes(r *mux.Router) {
	const v2 = "/oauth2/v2.0"
	for _, endpoint := range []struct {
		path    string
		methods methods
	}{
		{"/v2.0/.well-known/openid-configuration", methods{"GET": p.discovery, "HEAD": p.discovery}},
		{"/discovery/v2.0/keys", methods{"GET": p.jwks, "HEAD": p.jwks}},
		{v2 + "/token", p.shared(methods{"POST": p.token})},
		{v2 + "/userinfo", p.shared(methods{"GET": p.userinfo, "POST": p.userinfo})},
		{v2 + "/introspect", methods{"POST": p.introspect}},
		{v2 + "/authorize", methods{"GET": p.authorize, "POST": p.byGet(v2 + "/authorize")}},
		{v2 + "/revoke", p.shared(methods{"POST": p.revoke})},
		{v2 + "/devicecode", p.shared(methods{"POST": p.deviceAuthorization})},
		{v2 + "/logout", methods{"GET": p.logout, "POST": p.byGet(v2 + "/logout")}},
		{v2 + "/logout/confirm", methods{"POST": p.own.Handler(http.HandlerFunc(p.logoutConfirmed)).ServeHTTP}},
		{"/.well-known/openid-configuration", methods{"GET": p.discovery, "HEAD": p.discovery}},
	} {
		web.Route(r, endpoint.path, endpoint.methods.serve)
	}
}

// methods is an endpoint by the methods it answers. The router's own way to tell
// them apart would answer others with 404, as pages lie below the same prefix.
type methods map[string]http.HandlerFunc

func (m methods) serve(w http.ResponseWriter, r *http.Request) {
	if handler := m[r.Method]; handler != nil {
		handler(w, r)
		return
	}
	allowed := strings.Join(slices.Sorted(maps.Keys(m)), ", ")
	w.Header().Set("Allow", allowed) // RFC 9110 15.5.6
	writeJSON(w, http.StatusMethodNotAllowed, newErrorBody(r, "invalid_request", "This endpoint answers "+allowed+"."))
}

// MetadataRoute is the RFC 8414 form of the discovery URL, which puts the
// well-known part before the issuer's path (section 3).
const MetadataRoute = "/.well-known/oauth-authorization-server/{tenant}/v2.0"

// Metadata serves MetadataRoute within a tenant.
func (p *Provider) Metadata(w http.ResponseWriter, r *http.Request) { p.discovery(w, r) }

func (p *Provider) url(t *idp.Tenant, path string) string {
	return p.Base + "/" + t.TenantID + path
}

// issuer is always the GUID's, however the tenant was reached.
func (p *Provider) issuer(t *idp.Tenant) string { return p.url(t, "/v2.0") }
