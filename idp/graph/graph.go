// Package graph is the admin API over HTTP, in the shape of Microsoft Graph: the
// paths, JSON and errors of v1.0 and the parts of beta that matter, so that Graph's
// SDKs work when they are pointed at it. It holds no rule: it turns requests into
// calls of idp/admin, and what they answer into entities.
//
// What an administrator sees is declared: a row of routes() names method, path, handler
// and what the route takes; an entity names its properties. Matching, query options,
// filters, pages, bodies, errors, $batch and the OpenAPI document follow from these.
package graph

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// Caller is who calls: the tenant of the access token, and the actor.
type Caller struct {
	Tenant *idp.Tenant
	Actor  idp.Actor
}

// Config is what an API needs.
type Config struct {
	Base   string // absolute URL without trailing slash; no link is ever built from a request's Host
	Admin  *admin.Service
	Signin *signin.Service // explains what it would ask
	Keys   *idp.Keyring    // seals the tokens of pages
	// Authenticate reads the access token. Its error is a *web.Unauthenticated, or our fault.
	Authenticate func(*http.Request) (Caller, error)
	Log          *slog.Logger
}

// API serves /v1.0 and /beta.
type API struct {
	Config
	v1, beta table
	calls    *web.Limiter  // by actor
	scans    chan struct{} // places for reading a whole collection
}

// New makes an API.
func New(c Config) *API { return newAPI(c, routes()) }

func newAPI(c Config, rows []route) *API {
	return &API{
		Config: c, v1: newTable(rows, false), beta: newTable(rows, true),
		calls: web.NewLimiter(20*time.Millisecond, 500),
		scans: make(chan struct{}, 2),
	}
}

// Owns tells whether a request is for this API, so that the outermost handler can
// have faults answered in its form.
func (a *API) Owns(r *http.Request) bool {
	_, _, ok := versionOf(r.URL.EscapedPath())
	return ok
}

// versionOf splits off the version that a path begins with.
func versionOf(path string) (version, rest string, ok bool) {
	version, rest, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return version, rest, strings.HasPrefix(path, "/") && (version == "v1.0" || version == "beta")
}

// ServeHTTP answers one request. Pages of other origins may call, as they may call
// Microsoft Graph: what counts is the token they show, and no browser adds one by itself.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if preflight(w, r) {
		return
	}
	caller, err := a.Authenticate(r)
	if err != nil {
		a.refused(r, directory, err).write(w, r)
		return
	}
	a.answer(r, caller).write(w, r)
}

// preflight lets pages of other origins read the answer, and answers the question
// whether they may.
func preflight(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "request-id, client-request-id, Location, Retry-After, WWW-Authenticate")
	if r.Method != http.MethodOptions {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Content-Encoding, ConsistencyLevel, Prefer, client-request-id, SdkVersion")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// answer is everything after authentication; the requests of a batch begin here.
func (a *API) answer(r *http.Request, caller Caller) reply {
	c := &call{API: a, Caller: caller, request: r, now: web.From(r).Now}
	out, err := c.run()
	if err != nil {
		return a.refused(r, c.route.family, err)
	}
	return out
}

// Panicked answers for a handler that panicked.
func (a *API) Panicked(w http.ResponseWriter, r *http.Request) {
	fault := &refusal{status: http.StatusInternalServerError, code: "generalException", message: internalText}
	a.refused(r, directory, fault).write(w, r)
}

// TooLarge answers a body over web.MaxBody.
func (a *API) TooLarge(w http.ResponseWriter, r *http.Request) {
	a.refused(r, directory, tooLarge()).write(w, r)
}
