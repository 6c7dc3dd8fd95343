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
	"net/http"
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

// Routes mounts the endpoints below /{tenant}. The busiest come first, as the
// router looks in order.
func (p *Provider) Routes(r *mux.Router) {
	const v2 = "/oauth2/v2.0"
	r.HandleFunc("/v2.0/.well-known/openid-configuration", p.discovery).Methods("GET", "HEAD")
	r.HandleFunc("/discovery/v2.0/keys", p.jwks).Methods("GET", "HEAD")
	r.HandleFunc(v2+"/token", p.cors(p.token)).Methods("POST", "OPTIONS")
	r.HandleFunc(v2+"/userinfo", p.cors(p.userinfo)).Methods("GET", "POST", "OPTIONS")
	r.HandleFunc(v2+"/introspect", p.introspect).Methods("POST")
	r.HandleFunc(v2+"/authorize", p.authorize).Methods("GET")
	r.HandleFunc(v2+"/authorize", p.byGet(v2+"/authorize")).Methods("POST")
	r.HandleFunc(v2+"/revoke", p.cors(p.revoke)).Methods("POST", "OPTIONS")
	r.HandleFunc(v2+"/devicecode", p.cors(p.deviceAuthorization)).Methods("POST", "OPTIONS")
	r.HandleFunc(v2+"/logout", p.logout).Methods("GET")
	r.HandleFunc(v2+"/logout", p.byGet(v2+"/logout")).Methods("POST")
	r.Handle(v2+"/logout/confirm", p.own.Handler(http.HandlerFunc(p.logoutConfirmed))).Methods("POST")
	r.HandleFunc("/.well-known/openid-configuration", p.discovery).Methods("GET", "HEAD")
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
