package oidc_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/gorilla/mux"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/oidc"
	"latchkey/idp/outbound"
	"latchkey/idp/signin"
	"latchkey/idp/web"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/mem"
)

// world is the real stack over one store, at a time the test sets, with one
// tenant, some clients and users.
type world struct {
	t        testing.TB
	wall     *wall
	store    *storage.Store
	clock    *idp.Clock
	admin    *admin.Service
	signin   *signin.Service
	calls    *outbound.Client // reaches nothing but public addresses
	provider *oidc.Provider
	handler  http.Handler
	tenant   *idp.Tenant
	apps     map[string]*app
	users    map[string]*idp.User // by the first part of the name
}

// options are what a test may want otherwise.
type options struct {
	bolt bool // a file instead of memory
	rsa  bool // clients sign with RS256 instead of ES256, which is faster
	// wrap puts something before the driver.
	wrap func(storage.Driver) storage.Driver
}

const (
	baseURL   = "https://id.example"
	tenantID  = "5f3a6c1e-0b7d-4c58-9a51-2f4e8d6b7c90"
	verifier  = "a-code-verifier-of-at-least-forty-three-characters"
	fullScope = "openid profile email offline_access"
)

// epoch is when every world begins.
var epoch = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// testRing stretches codes as little as argon2id can.
var testRing = sync.OnceValue(func() *idp.Keyring {
	ring, err := idp.NewKeyring([]byte(strings.Repeat("pepper ", 5)))
	if err != nil {
		panic(err)
	}
	return ring.WithCost(idp.Cost{Passes: 1, Memory: 8})
})

// The tenant's keys are made once a process, since RSA keys take their time.
var ecKey, rsaKey = onceKey("ES256"), onceKey("RS256")

func onceKey(alg string) func() *idp.SigningKey {
	return sync.OnceValue(func() *idp.SigningKey {
		k, err := idp.NewSigningKey(testRing(), tenantID, alg, epoch.Add(-time.Hour), epoch.Add(-time.Hour))
		if err != nil {
			panic(err)
		}
		return k
	})
}

// wall is a wall clock that tests set.
type wall struct {
	mu sync.Mutex
	at time.Time
}

func (w *wall) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

// newWorld makes a world that ends with the test.
func newWorld(t testing.TB, o options) *world {
	t.Helper()
	w := &world{t: t, wall: &wall{at: epoch}, apps: map[string]*app{}, users: map[string]*idp.User{}}
	var driver storage.Driver = mem.New()
	if o.bolt {
		d, err := bolt.Open(filepath.Join(t.TempDir(), "latchkey.db"))
		w.must(err)
		t.Cleanup(func() { d.Close() })
		driver = d
	}
	if o.wrap != nil {
		driver = o.wrap(driver)
	}
	w.store = storage.New(driver)
	w.tenant = &idp.Tenant{TenantID: tenantID, Name: "Contoso", Domains: []string{"contoso.example"}, CreatedAt: epoch}
	w.put(storage.System, w.tenant)
	w.put(tenantID, ecKey())
	if o.rsa {
		w.put(tenantID, rsaKey())
	}
	w.start()
	w.populate(o)
	return w
}

// start makes all services anew over the store, as a start of the server does.
func (w *world) start() {
	w.clock = idp.NewClock(w.wall.now)
	w.must(w.store.View(w.ctx(), storage.System, w.clock.LoadClock))
	log := slog.New(slog.DiscardHandler)
	w.admin = admin.New(w.store, testRing(), w.clock.Now)
	w.signin = signin.New(w.store, testRing(), authmethods.All(authmethods.Config{Keys: testRing(), Passkeys: passkey.Method{}, Mails: true}))
	if w.calls == nil {
		w.calls = outbound.New(outbound.Config{})
	}
	own := http.NewCrossOriginProtection()
	w.must(own.AddTrustedOrigin(baseURL))
	w.provider = oidc.New(oidc.Config{
		Base: baseURL, Store: w.store, Keys: testRing(), Signin: w.signin, Admin: w.admin, Tenants: web.NewTenants(w.store), Calls: w.calls, Tells: w.calls, Pages: fakePages{}, Own: own, Log: log,
	})
	failed := func(rw http.ResponseWriter, _ *http.Request, _ error) { rw.WriteHeader(http.StatusInternalServerError) }
	enter := web.NewTenants(w.store).Enter(func(r *http.Request) string { return mux.Vars(r)["tenant"] }, http.NotFound, failed)
	root := mux.NewRouter()
	below := root.NewRoute().Subrouter()
	below.Use(mux.MiddlewareFunc(enter))
	web.Route(below, "/signin", func(rw http.ResponseWriter, r *http.Request) {
		r.Context().Value(pageKey{}).(http.HandlerFunc)(rw, r)
	})
	w.provider.Routes(below)
	panicked := func(rw http.ResponseWriter, r *http.Request) {
		w.t.Errorf("%s %s panicked", r.Method, r.URL)
		rw.WriteHeader(http.StatusInternalServerError)
	}
	tooLarge := func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusRequestEntityTooLarge) }
	w.handler = web.Entry{Now: w.clock.Now, Log: log, Panicked: panicked, TooLarge: tooLarge}.Enter(root)
}

// stop is what the server does on its way out.
func (w *world) stop() { w.must(w.store.Update(w.ctx(), storage.System, w.clock.SaveClock)) }

// populate makes users, clients, and a policy that allows every lifetime.
func (w *world) populate(o options) {
	on, least, most := true, idp.LeastPassLifetime, idp.GreatestPassLifetime
	w.policy(admin.PassPolicyChange{Enabled: &on, MinimumLifetime: &least, MaximumLifetime: &most})
	for _, name := range []string{"anna", "ben"} {
		u, err := w.admin.CreateUser(w.ctx(), operator, tenantID, idp.User{
			PrincipalName: name + "@contoso.example", DisplayName: strings.ToUpper(name[:1]) + name[1:],
			Profile: idp.Profile{GivenName: name, Email: name + "@mail.example", EmailVerified: true},
		})
		w.must(err)
		w.users[name] = u
	}
	const callback, signedOut = "https://app.example/callback", "https://app.example/signed-out"
	code := []string{idp.GrantCode, idp.GrantRefresh}
	for _, c := range []idp.Client{
		{ClientID: "web", AuthMethod: idp.AuthBasic, GrantTypes: code, RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{signedOut}},
		{ClientID: "trusted", AuthMethod: idp.AuthPost, GrantTypes: code, RedirectURIs: []string{callback + "?of=trusted"}, Trusted: true},
		{ClientID: "native", AuthMethod: idp.AuthNone, Native: true, GrantTypes: append(code, idp.GrantDevice), RedirectURIs: []string{"http://localhost", "http://127.0.0.1/callback"}},
		{ClientID: "spa", AuthMethod: idp.AuthNone, GrantTypes: code, RedirectURIs: []string{"http://localhost:5555/callback"}, Origins: []string{"http://localhost:5555"}},
		{ClientID: "worker", AuthMethod: idp.AuthBasic, Introspect: true, GrantTypes: []string{idp.GrantClient}},
	} {
		if c.Name = "The " + c.ClientID; !o.rsa {
			c.IDTokenAlg = "ES256"
		}
		w.client(c)
	}
}

var operator = admin.Operator("test")

func (w *world) ctx() context.Context { return context.Background() }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(tenant string, r storage.Record) {
	w.t.Helper()
	w.must(w.store.Update(w.ctx(), tenant, func(tx *storage.Tx) error { return tx.Put(r) }))
}

func (w *world) policy(c admin.PassPolicyChange) {
	w.t.Helper()
	_, err := w.admin.UpdatePassPolicy(w.ctx(), operator, tenantID, c)
	w.must(err)
}

// client registers a relying party.
func (w *world) client(c idp.Client) *app {
	w.t.Helper()
	made, secret, err := w.admin.CreateClient(w.ctx(), operator, tenantID, c)
	w.must(err)
	a := &app{Client: made, secret: secret}
	w.apps[c.ClientID] = a
	return a
}

// pass gives a user a pass and returns its code.
func (w *world) pass(user string, req idp.PassRequest) (*idp.Pass, string) {
	w.t.Helper()
	info, code, err := w.admin.CreatePass(w.ctx(), operator, tenantID, user+"@contoso.example", req)
	w.must(err)
	return info.Pass, code
}

// advance moves the wall clock, backwards too, and lets the server see it.
func (w *world) advance(d time.Duration) {
	w.wall.mu.Lock()
	w.wall.at = w.wall.at.Add(d)
	w.wall.mu.Unlock()
	w.clock.Now()
}

// app is a relying party.
type app struct {
	*idp.Client
	secret string
}

// redirect is the redirect URI that the app uses.
func (a *app) redirect() string { return a.RedirectURIs[0] }

// params are an authorization request of the app; an empty value removes one.
func (a *app) params(change url.Values) url.Values {
	v := url.Values{
		"client_id": {a.ClientID}, "redirect_uri": {a.redirect()}, "response_type": {"code"},
		"scope": {fullScope}, "state": {"some state"}, "nonce": {"some nonce"},
	}
	if a.Public() {
		sum := sha256.Sum256([]byte(verifier))
		v.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
		v.Set("code_challenge_method", "S256")
	}
	for name, values := range change {
		if v[name] = values; values[0] == "" {
			v.Del(name)
		}
	}
	return v
}

// do sends a request and reads the answer. It is safe for concurrent use.
func (w *world) do(r *http.Request) *reply {
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	got := &reply{Status: rec.Code, Header: rec.Result().Header, Body: rec.Body.Bytes()}
	if got.Header.Get("X-Page") != "" {
		json.Unmarshal(got.Body, &got.Page)
	} else if strings.HasPrefix(got.Header.Get("Content-Type"), "application/json") {
		json.Unmarshal(got.Body, &got.JSON)
	}
	got.readResponse()
	return got
}

// request makes a request to a path below the tenant; a form makes it a POST.
func (w *world) request(path string, form url.Values) *http.Request {
	if form == nil {
		return httptest.NewRequest("GET", baseURL+"/"+tenantID+path, nil)
	}
	r := httptest.NewRequest("POST", baseURL+"/"+tenantID+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// call sends a form to an endpoint with the app's authentication.
func (w *world) call(a *app, endpoint string, form url.Values) *reply {
	switch a.AuthMethod {
	case idp.AuthPost:
		form.Set("client_secret", a.secret)
		fallthrough
	case idp.AuthNone:
		form.Set("client_id", a.ClientID)
	}
	r := w.request("/oauth2/v2.0/"+endpoint, form)
	if a.AuthMethod == idp.AuthBasic {
		r.SetBasicAuth(a.ClientID, a.secret)
	}
	return w.do(r)
}

// redeem exchanges an authorization code; change replaces parameters.
func (w *world) redeem(a *app, code string, change url.Values) *reply {
	form := url.Values{"grant_type": {idp.GrantCode}, "code": {code}, "redirect_uri": {a.redirect()}}
	if a.Public() {
		form.Set("code_verifier", verifier)
	}
	for name, values := range change {
		form[name] = values
	}
	return w.call(a, "token", form)
}

// refresh uses a refresh token, for all that was granted or for scope.
func (w *world) refresh(a *app, token, scope string) *reply {
	return w.call(a, "token", url.Values{"grant_type": {idp.GrantRefresh}, "refresh_token": {token}, "scope": {scope}})
}

// device starts a device authorization.
func (w *world) device(a *app, scope string) *reply {
	return w.call(a, "devicecode", url.Values{"scope": {scope}})
}

// poll asks whether a device authorization was approved.
func (w *world) poll(a *app, deviceCode string) *reply {
	return w.call(a, "token", url.Values{"grant_type": {idp.GrantDevice}, "device_code": {deviceCode}})
}

// clientToken gets a token for the app itself.
func (w *world) clientToken(a *app) *reply {
	return w.call(a, "token", url.Values{"grant_type": {idp.GrantClient}})
}

func (w *world) introspect(a *app, token string) *reply {
	return w.call(a, "introspect", url.Values{"token": {token}})
}

func (w *world) revoke(a *app, token string) *reply {
	return w.call(a, "revoke", url.Values{"token": {token}})
}

func (w *world) userinfo(token string) *reply {
	r := w.request("/oauth2/v2.0/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return w.do(r)
}

// claims verifies an ID token with the published keys and returns what it says.
func (w *world) claims(token string) map[string]any {
	w.t.Helper()
	var set jose.JSONWebKeySet
	w.must(json.Unmarshal(w.do(w.request("/discovery/v2.0/keys", nil)).Body, &set))
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	w.must(err)
	payload, err := jws.Verify(set)
	w.must(err)
	var claims map[string]any
	w.must(json.Unmarshal(payload, &claims))
	return claims
}
