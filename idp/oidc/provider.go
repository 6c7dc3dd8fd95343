// Package oidc is the OpenID Provider over HTTP: one issuer per tenant. It turns
// protocol requests into calls of idp/signin and records of idp, and back; what a
// person sees is drawn by whoever implements Pages.
//
// It answers for the protocol rules: which redirects are allowed, who may redeem
// what, and that every token is minted by mint, which clips it to its grant.
// Untrusted JWTs are parsed only by jwt.Verify. The RFC section stands beside
// each rule.
package oidc

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/outbound"
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
	// SignOutElsewhere is where a browser signs out at the provider that its session came from,
	// before it goes on to next; next if there is no such place.
	SignOutElsewhere(r *http.Request, v signin.Visit, session *idp.Session, next string) string
	// SignedOut says so.
	SignedOut(w http.ResponseWriter, r *http.Request)
	// SignedOutOf says so too, calls apps in frames, and goes on to next unless it is "".
	SignedOutOf(w http.ResponseWriter, r *http.Request, frames []string, next string)
}

// PageError is an error that is shown because it cannot be redirected.
type PageError struct {
	STS    idp.STS // 0 where there is none
	Code   string  // OAuth error code
	Detail string  // for the engineer: what is wrong with the request
}

// Config is what a Provider needs.
type Config struct {
	Base    string // absolute URL without path; never taken from a request
	Store   *storage.Store
	Keys    *idp.Keyring
	Signin  *signin.Service
	Admin   *admin.Service
	Tenants *web.Tenants     // by which the admin API finds whose a token is
	Calls   *outbound.Client // by which clients' addresses are read
	Tells   *outbound.Client // by which clients are told of logouts: neither waits for the other
	Pages   Pages
	Own     *http.CrossOriginProtection // for forms of our own pages
	Log     *slog.Logger
}

// Provider serves the protocol endpoints of every tenant.
type Provider struct {
	Config
	keys       *keyCache
	clientKeys *clientKeys
	metadata   *documentCache
	polls      *polls
	fetches    *web.Limiter // what is fetched again for whoever asks
	stores     *web.Limiter // what is stored for whoever asks
}

// New makes a Provider.
func New(c Config) *Provider {
	return &Provider{
		Config: c, keys: newKeyCache(c.Store, c.Keys), clientKeys: newClientKeys(c.Calls), metadata: newDocumentCache(), polls: newPolls(),
		// An address has at most 50 things fetched at once and two a second.
		fetches: web.NewLimiter(500*time.Millisecond, 50),
		// An address has at most 30 things stored at once and 10 a minute.
		stores: web.NewLimiter(6*time.Second, 30),
	}
}

// Routes mounts the endpoints of every tenant. The busiest come first, as the
// router looks in order.
func (p *Provider) Routes(r *mux.Router) {
	const v2 = "/oauth2/v2.0"
	for _, endpoint := range []struct {
		path    string
		methods web.Methods
	}{
		{"/v2.0/.well-known/openid-configuration", web.Readable(p.discovery)},
		{"/discovery/v2.0/keys", web.Readable(p.jwks)},
		{v2 + "/token", p.shared(web.Methods{"POST": p.token})},
		{v2 + "/userinfo", p.shared(web.Methods{"GET": p.userinfo, "POST": p.userinfo})},
		{v2 + "/introspect", web.Methods{"POST": p.introspect}},
		{v2 + "/authorize", web.Methods{"GET": p.authorize, "POST": p.byGet(v2 + "/authorize")}},
		{v2 + "/revoke", p.shared(web.Methods{"POST": p.revoke})},
		{v2 + "/par", p.shared(web.Methods{"POST": p.pushed})},
		{v2 + "/register", web.Methods{"POST": p.register}},
		{v2 + "/checksession", web.Readable(p.checkSession)},
		{v2 + "/devicecode", p.shared(web.Methods{"POST": p.deviceAuthorization})},
		{v2 + "/logout", web.Methods{"GET": p.logout, "POST": p.byGet(v2 + "/logout")}},
		{v2 + "/logout/confirm", web.Methods{"POST": p.Own.Handler(http.HandlerFunc(p.logoutConfirmed)).ServeHTTP}},
		{"/.well-known/openid-configuration", web.Readable(p.discovery)},
	} {
		web.Route(r, endpoint.path, endpoint.methods.Or(wrongMethod))
	}
	r.HandleFunc("/{tenant}"+v2+"/register/{client}", web.Methods{
		"GET": p.ownRegistration, "PUT": p.replaceRegistration, "DELETE": p.deleteRegistration,
	}.Or(wrongMethod))
	r.HandleFunc(metadataRoute, web.Readable(p.discovery).Or(wrongMethod))
}

// wrongMethod answers a method that an endpoint does not have.
func wrongMethod(w http.ResponseWriter, r *http.Request) {
	text := "This endpoint answers " + w.Header().Get("Allow") + "."
	writeJSON(w, http.StatusMethodNotAllowed, newErrorBody(r, "invalid_request", text))
}

// metadataRoute is the RFC 8414 form of the discovery URL, which puts the
// well-known part before the issuer's path (section 3).
const metadataRoute = "/.well-known/oauth-authorization-server/{tenant}/v2.0"

func (p *Provider) url(t *idp.Tenant, path string) string {
	return p.Base + "/" + t.TenantID + path
}

// issuer is always the GUID's, however the tenant was reached.
func (p *Provider) issuer(t *idp.Tenant) string { return p.url(t, "/v2.0") }
