package upstream_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/outbound"
	"latchkey/idp/upstream"
	"latchkey/idp/upstream/upstreamtest"
)

const tenantID = "11111111-1111-4111-8111-111111111111"

// world is a client of a provider, at a time that the test sets.
type world struct {
	*testing.T
	provider *upstreamtest.Provider
	client   *upstream.Client
	keys     *idp.Keyring
	tenant   *idp.Tenant
	f        *idp.Federation
	now      time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	keys, err := idp.NewKeyring([]byte(strings.Repeat("k", idp.MinPepper)))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{provider: upstreamtest.Start(), keys: keys, tenant: &idp.Tenant{TenantID: tenantID}, now: time.Now()}
	w.T, _ = t.(*testing.T)
	t.Cleanup(w.provider.Close)
	w.provider.Now = func() time.Time { return w.now }
	calls := outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	w.client = upstream.New(calls, keys, slog.New(slog.DiscardHandler))
	w.f = &idp.Federation{
		FederationID: idp.NewID(), Name: "Login", Issuer: w.provider.URL, ClientID: upstreamtest.ClientID, AuthMethod: idp.AuthBasic,
		Scopes: []string{"openid", "email"}, PromptLogin: idp.PromptNative, MFA: idp.MFAAccepted,
	}
	if err := w.f.SetSecret(keys, tenantID, upstreamtest.ClientSecret); err != nil {
		t.Fatal(err)
	}
	return w
}

func request() idp.UpstreamRequest {
	return idp.UpstreamRequest{RedirectURI: "https://id.example/callback", Secret: []byte(strings.Repeat("s", 32)), LoginHint: "sam@branch.example"}
}

// back is what the provider sends the browser back with.
func (w *world) back(r idp.UpstreamRequest) (url.Values, error) {
	w.Helper()
	at, err := w.client.Authorize(context.Background(), w.now, w.f, r)
	if err != nil {
		return nil, err
	}
	stop := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := stop.Get(at + "&state=s")
	if err != nil {
		w.Fatal(err)
	}
	resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		w.Fatal(err)
	}
	return to.Query(), nil
}

// signIn goes there and back.
func (w *world) signIn(r idp.UpstreamRequest) (*idp.Outside, error) {
	w.Helper()
	q, err := w.back(r)
	if err != nil {
		return nil, err
	}
	return w.client.Redeem(context.Background(), w.now, w.tenant, w.f, idp.UpstreamReturn{UpstreamRequest: r, Code: q.Get("code"), Issuer: q.Get("iss")})
}

func (w *world) wantFault(what string, err error, kind idp.UpstreamFault, detail string) {
	w.Helper()
	e, ok := errors.AsType[*idp.UpstreamError](err)
	if !ok || e.Kind != kind || !strings.Contains(e.Detail, detail) {
		w.Errorf("%s: %v, want %s: …%s…", what, err, kind, detail)
	}
}

// TestAuthorize: what somebody is sent with is what was asked, and no secret.
func TestAuthorize(t *testing.T) {
	w := newWorld(t)
	w.provider.Discovery = func(d map[string]any) any {
		d["authorization_endpoint"] = w.provider.URL + "/authorize?realm=a"
		return d
	}
	ask := request()
	ask.Since, ask.Anew, ask.ACRValues = w.now.Add(-time.Minute), true, []string{"gold"}
	at, err := w.client.Authorize(t.Context(), w.now, w.f, ask)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"realm": "a", "response_type": "code", "client_id": upstreamtest.ClientID, "redirect_uri": ask.RedirectURI, "scope": "openid email",
		"code_challenge_method": "S256", "login_hint": "sam@branch.example", "max_age": "60", "prompt": "login", "acr_values": "gold",
		"claims": `{"id_token":{"session_expiry":null}}`, "state": "",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if len(q.Get("nonce")) != 43 || len(q.Get("code_challenge")) != 43 || strings.Contains(at, "ssss") {
		t.Errorf("%s", at)
	}
	w.f.PromptLogin = idp.PromptByAge
	if at, _ = w.client.Authorize(t.Context(), w.now, w.f, ask); strings.Contains(at, "prompt=") || !strings.Contains(at, "max_age=60") {
		t.Error(at)
	}
	w.f.PromptLogin = idp.PromptDisabled
	if at, _ = w.client.Authorize(t.Context(), w.now, w.f, ask); strings.Contains(at, "prompt=") || strings.Contains(at, "max_age") {
		t.Error(at)
	}
}

// TestRedeem: what the provider says about the person comes back, from the ID token or userinfo,
// whichever way the client authenticates.
func TestRedeem(t *testing.T) {
	for _, method := range []string{idp.AuthBasic, idp.AuthPost} {
		for _, scoped := range []bool{false, true} {
			w := newWorld(t)
			w.f.AuthMethod, w.provider.Scoped = method, scoped
			w.provider.Claims = func(c map[string]any) {
				c["amr"], c["acr"], c["session_expiry"] = []string{"otp", "mfa"}, "gold", w.now.Add(time.Hour).Unix()
			}
			ask := request()
			ask.Since = w.now.Add(-time.Minute)
			o, err := w.signIn(ask)
			if err != nil {
				t.Fatal(err)
			}
			if o.Provider != w.f.FederationID || o.Issuer != w.provider.URL || o.Subject != "sam-1" || o.Address != "sam@branch.example" || o.Name != "Sam Lindgren" ||
				o.GivenName != "Sam" || o.FamilyName != "Lindgren" || o.ACR != "gold" || len(o.AMR) != 2 || o.SessionID != "sid-of-sam-1" || o.IDToken == "" ||
				!o.Expires.Equal(w.now.Add(time.Hour).Truncate(time.Second)) || !o.AuthTime.Equal(w.now.Truncate(time.Second)) {
				t.Errorf("%s, %t: %+v", method, scoped, o)
			}
		}
	}
	w := newWorld(t)
	w.f.Claims.Address = "upn"
	w.provider.Person["upn"], w.provider.Person["email_verified"] = "sam@upn.example", false
	if o, err := w.signIn(request()); err != nil || o.Address != "sam@upn.example" {
		t.Errorf("by another claim: %+v, %v", o, err)
	}
	if err := w.f.SetSecret(w.keys, tenantID, "another"); err != nil {
		t.Fatal(err)
	}
	_, err := w.signIn(request())
	w.wantFault("a wrong secret", err, idp.UpstreamRejected, "invalid_client")
}

// TestStale: who was to be asked anew, and was not, is told apart.
func TestStale(t *testing.T) {
	w := newWorld(t)
	ask := request()
	ask.Since = w.now
	for what, change := range map[string]func(map[string]any){
		"no auth_time":       func(c map[string]any) { delete(c, "auth_time") },
		"an earlier one":     func(c map[string]any) { c["auth_time"] = w.now.Add(-time.Hour).Unix() },
		"one that is no one": func(c map[string]any) { c["auth_time"] = -1 },
	} {
		w.provider.Claims = change
		_, err := w.signIn(ask)
		w.wantFault(what, err, idp.UpstreamStale, "auth_time")
	}
}

// TestDiscovery: a document that is not the provider's, or leads where nobody may be sent or
// called, is none.
func TestDiscovery(t *testing.T) {
	set := func(name string, value any) func(map[string]any) any {
		return func(d map[string]any) any { d[name] = value; return d }
	}
	for what, c := range map[string]struct {
		change func(map[string]any) any
		detail string
	}{
		"null":                         {func(map[string]any) any { return nil }, "another issuer"},
		"a list":                       {func(map[string]any) any { return []string{} }, "not a JSON object"},
		"a text":                       {func(map[string]any) any { return "x" }, "not a JSON object"},
		"another issuer":               {set("issuer", "https://other.example"), "another issuer"},
		"an issuer with a placeholder": {set("issuer", "https://login.example/{tenantid}/v2.0"), "another issuer"},
		"an issuer with a slash more":  {func(d map[string]any) any { d["issuer"] = d["issuer"].(string) + "/"; return d }, "another issuer"},
		"an issuer that is a number":   {set("issuer", 7), "not a JSON object"},
		"no authorization endpoint":    {set("authorization_endpoint", ""), "authorization_endpoint"},
		"no token endpoint":            {set("token_endpoint", nil), "token_endpoint"},
		"no keys":                      {set("jwks_uri", ""), "jwks_uri"},
		"keys by file":                 {set("jwks_uri", "file:///etc/passwd"), "jwks_uri"},
		"a token endpoint inside":      {set("token_endpoint", "http://169.254.169.254/"), "token_endpoint"},
		"a script":                     {set("authorization_endpoint", "javascript:alert(1)"), "authorization_endpoint"},
		"a user in an address":         {set("userinfo_endpoint", "https://a:b@login.example/"), "userinfo_endpoint"},
		"a relative address":           {set("end_session_endpoint", "/end"), "end_session_endpoint"},
		"claims that are a text":       {set("claims_supported", "sub"), "not a JSON object"},
	} {
		w := newWorld(t)
		w.provider.Discovery = c.change
		_, err := w.client.Authorize(t.Context(), w.now, w.f, request())
		w.wantFault(what, err, idp.UpstreamDown, c.detail)
		if _, err := w.client.Check(t.Context(), w.provider.URL); err == nil {
			t.Errorf("%s: an administrator is told that all is well", what)
		}
	}
	w := newWorld(t)
	w.provider.Handle["/.well-known/openid-configuration"] = func(rw http.ResponseWriter, _ *http.Request) {
		rw.Write([]byte(`{"issuer":"` + w.provider.URL + `","issuer":"` + w.provider.URL + `"}`))
	}
	_, err := w.client.Authorize(t.Context(), w.now, w.f, request())
	w.wantFault("a member twice", err, idp.UpstreamDown, "not a JSON object")
}

// TestDiscoveryKept: a document is asked for again when it is old, or ten seconds after it could
// not be had, and counts for a day while the provider is out of reach.
func TestDiscoveryKept(t *testing.T) {
	w := newWorld(t)
	const path = "/.well-known/openid-configuration"
	ask := func() error {
		_, err := w.client.Authorize(t.Context(), w.now, w.f, request())
		return err
	}
	down := func(on bool) {
		w.provider.Set(func(p *upstreamtest.Provider) {
			if delete(p.Handle, path); on {
				p.Handle[path] = http.NotFound
			}
		})
	}
	down(true)
	for range 20 {
		w.wantFault("down", ask(), idp.UpstreamDown, "status")
	}
	if n := w.provider.Asked(path); n != 1 {
		t.Errorf("asked %d times within ten seconds", n)
	}
	down(false)
	w.now = w.now.Add(10 * time.Second)
	if err := errors.Join(ask(), ask()); err != nil || w.provider.Asked(path) != 1 {
		t.Errorf("it is up, and not seen: %v", err)
	}
	down(true)
	if ask() != nil {
		t.Error("it was there a moment ago, and is asked again")
	}
	w.now = w.now.Add(10 * time.Second)
	w.wantFault("sent to one that is gone", ask(), idp.UpstreamDown, "status")
	goOn := func() error {
		_, err := w.client.SignOutURL(t.Context(), w.now, w.f, "", "https://login.example", "s")
		return err
	}
	if w.now = w.now.Add(23 * time.Hour); goOn() != nil {
		t.Error("what was kept does not count for those who are there already")
	}
	if w.now = w.now.Add(3 * time.Hour); goOn() == nil {
		t.Error("what was kept counts for ever")
	}
}

// TestCheck: an administrator is told what a provider can.
func TestCheck(t *testing.T) {
	w := newWorld(t)
	r, err := w.client.Check(t.Context(), w.provider.URL)
	if err != nil || r.Keys != 1 || !r.PKCE || !r.NamesItself || !r.TellsExpiry || !r.BackLogout || r.FrontLogout {
		t.Errorf("%+v, %v", r, err)
	}
	w.provider.Handle["/keys"] = func(rw http.ResponseWriter, _ *http.Request) { rw.Write([]byte(`{"keys":[]}`)) }
	if _, err := w.client.Check(t.Context(), w.provider.URL); err == nil || !strings.Contains(err.Error(), "none that signs") {
		t.Errorf("without keys: %v", err)
	}
}

// TestSignOutURL: the way to sign out there, and back.
func TestSignOutURL(t *testing.T) {
	w := newWorld(t)
	at, err := w.client.SignOutURL(t.Context(), w.now, w.f, "token", "https://id.example/out", "s t")
	u, bad := url.Parse(at)
	if err != nil || bad != nil || u.Path != "/end" || u.Query().Get("id_token_hint") != "token" || u.Query().Get("state") != "s t" || u.Query().Get("client_id") != upstreamtest.ClientID {
		t.Errorf("%s, %v", at, err)
	}
	w = newWorld(t)
	w.provider.Discovery = func(d map[string]any) any { delete(d, "end_session_endpoint"); return d }
	if at, err := w.client.SignOutURL(t.Context(), w.now, w.f, "token", "https://id.example/out", "s"); at != "" || err != nil {
		t.Errorf("%s, %v", at, err)
	}
}

// TestLogoutToken: see also the table of refused ones in cmd/latchkey.
func TestLogoutToken(t *testing.T) {
	w := newWorld(t)
	e, err := w.client.LogoutToken(t.Context(), w.now, w.f, w.provider.LogoutToken(func(c map[string]any) { c["sub"] = "sam-1" }))
	if err != nil || e.SessionID != "sid-of-sam-1" || e.Subject != "sam-1" || e.TokenID == "" || !e.Until.After(w.now) {
		t.Errorf("%+v, %v", e, err)
	}
}
