package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
)

// TestOidccServer: the happy path in every response mode, with the state of 128
// characters, iss and session_state, and nothing else in the answer.
func TestOidccServer(t *testing.T) {
	v := newVisitor(t, options{})
	state := strings.Repeat("a b&c=d%/?#+é", 10)[:128]
	for mode, want := range map[string]string{"": "query", "query": "query", "fragment": "fragment", "form_post": "form_post"} {
		got := v.enter(v.apps["web"], url.Values{"response_mode": {mode}, "state": {state}})
		if got.Mode != want || got.Fields.Get("state") != state || got.Fields.Get("iss") != baseURL+"/"+tenantID+"/v2.0" || got.Fields.Get("session_state") == "" || len(got.Fields) != 4 {
			t.Errorf("%q: %s %v", mode, got.Mode, got.Fields)
		}
		if len(got.code()) < 43 || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q: code %q, %v", mode, got.code(), got.Header)
		}
		if mode == "form_post" && (got.Header.Get("Location") != "" || got.Page.Action != "https://app.example/callback") {
			t.Errorf("form_post: %q %+v", got.Header.Get("Location"), got.Page)
		}
	}
	if got := v.enter(v.apps["web"], one("state", "")); got.code() == "" || got.Fields.Has("state") {
		t.Errorf("without state: %v", got.Fields)
	}
}

// TestAuthorizeErrors: what is wrong with a request of a known client goes back to
// its registered address, in the mode asked for, with state and iss, and with the
// code of the specification; nothing is asked of the person first.
func TestAuthorizeErrors(t *testing.T) {
	v := newVisitor(t, options{})
	web, native, worker := v.apps["web"], v.apps["native"], v.apps["worker"]
	v.in(web)
	v.change(worker, func(c *idp.Client) { c.RedirectURIs = []string{"https://worker.example/"} })
	for _, test := range []struct {
		name   string
		app    *app
		change url.Values
		mode   string // "" where the mode asked for does not change it
		code   string
	}{
		{"oidcc-response-type-missing", web, one("response_type", ""), "", "invalid_request"},
		{"unknown response type", web, one("response_type", "cod"), "", "unsupported_response_type"},
		{"response type none", web, one("response_type", "none"), "", "unsupported_response_type"},
		{"oidcc-implicit", web, one("response_type", "id_token"), "fragment", "unauthorized_client"},
		{"oidcc-implicit, types in another order", web, one("response_type", "token id_token"), "fragment", "unauthorized_client"},
		{"oidcc-hybrid", web, one("response_type", "id_token code"), "fragment", "unauthorized_client"},
		{"unknown response mode", web, one("response_mode", "web_message"), "query", "invalid_request"},
		{"response mode twice", web, url.Values{"response_mode": {"fragment", "form_post"}}, "query", "invalid_request"},
		{"oidcc-unsigned-request-object-supported-correctly-or-rejected", web, one("request", "eyJhbGciOiJub25lIn0.e30."), "", "invalid_request_object"},
		{"oidcc-request-uri-unsigned-supported-correctly-or-rejected", web, one("request_uri", "https://app.example/request#1"), "", "invalid_request_uri"},
		{"no scope", web, one("scope", ""), "", "invalid_scope"},
		{"unknown scope only", web, one("scope", "no such"), "", "invalid_scope"},
		{"scope twice", web, url.Values{"scope": {"openid", "openid"}}, "", "invalid_request"},
		{"nonce twice", web, url.Values{"nonce": {"a", "b"}}, "", "invalid_request"},
		{"an empty and a full nonce", web, url.Values{"nonce": {"a", ""}}, "", "invalid_request"},
		{"display twice, which nobody reads", web, url.Values{"display": {"page", "page"}}, "", "invalid_request"},
		{"nonce that is no text", web, one("nonce", "\xff\xfe"), "", "invalid_request"},
		{"nonce with a NUL", web, one("nonce", "a\x00b"), "", "invalid_request"},
		{"unknown prompt", web, one("prompt", "force"), "", "invalid_request"},
		{"prompt none and login", web, one("prompt", "none login"), "", "invalid_request"},
		{"max_age in words", web, one("max_age", "an hour"), "", "invalid_request"},
		{"max_age below zero", web, one("max_age", "-1"), "", "invalid_request"},
		{"max_age beyond all bounds", web, one("max_age", strings.Repeat("9", 40)), "", "invalid_request"},
		{"claims that are no JSON", web, one("claims", "{"), "", "invalid_request"},
		{"claims that are a list", web, one("claims", "[]"), "", "invalid_request"},
		{"claims of a wrong kind", web, one("claims", `{"userinfo":{"name":7}}`), "", "invalid_request"},
		{"a hint that is no token", web, one("id_token_hint", "no.such.token"), "", "invalid_request"},
		{"no PKCE of a public client", native, url.Values{"code_challenge": {""}, "code_challenge_method": {""}}, "", "invalid_request"},
		{"client without the grant", worker, nil, "", "unauthorized_client"},
	} {
		for _, mode := range []string{"", "query", "fragment", "form_post"} {
			change := url.Values{"prompt": {"none"}}
			if mode != "" {
				change.Set("response_mode", mode)
			}
			for name, values := range test.change {
				change[name] = values
			}
			got := v.authorize(test.app, change)
			want := mode
			switch {
			case test.mode == "query", mode == "" && test.mode == "":
				want = "query"
			case test.mode == "fragment" && mode != "form_post":
				want = "fragment"
			}
			if got.Mode != want || got.Fields.Get("error") != test.code {
				t.Errorf("%s, %q: %d %s %v, want %s in %s", test.name, mode, got.Status, got.Mode, got.Fields, test.code, want)
				continue
			}
			checkErrorResponse(t, test.name, v.world, got)
		}
	}
}

// checkErrorResponse holds an error response against RFC 6749 4.1.2.1 and RFC 9207.
func checkErrorResponse(t *testing.T, name string, w *world, got *reply) {
	t.Helper()
	fields := slices.Sorted(func(yield func(string) bool) {
		for name := range got.Fields {
			if !yield(name) {
				return
			}
		}
	})
	switch {
	case !slices.Equal(fields, []string{"error", "error_description", "iss", "state"}):
		t.Errorf("%s: fields %v", name, fields)
	case got.Fields.Get("state") != "some state" || got.Fields.Get("iss") != baseURL+"/"+tenantID+"/v2.0":
		t.Errorf("%s: %v", name, got.Fields)
	case !descriptionRule.MatchString(got.Fields.Get("error_description")):
		t.Errorf("%s: error_description %q", name, got.Fields.Get("error_description"))
	case w.strays(got) != "":
		t.Errorf("%s: leads to %q", name, w.strays(got))
	case got.Mode != "form_post" && got.Status != http.StatusSeeOther: // RFC 9700 4.12
		t.Errorf("%s: status %d", name, got.Status)
	}
}

// TestAuthorizeState: a repeated state cannot be sent back.
func TestAuthorizeState(t *testing.T) {
	v := newVisitor(t, options{})
	got := v.authorize(v.apps["web"], url.Values{"state": {"a", "b"}})
	if got.Fields.Get("error") != "invalid_request" || got.Fields.Has("state") {
		t.Errorf("%d %v", got.Status, got.Fields)
	}
}

// TestOidccEnsureRequestSucceeds: what a request may hold without being refused,
// with what it must not change.
func TestOidccEnsureRequestSucceeds(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	v.in(web)
	for name, change := range map[string]url.Values{
		"oidcc-ensure-request-without-nonce-succeeds-for-code-flow": one("nonce", ""),
		"oidcc-ensure-request-with-unknown-parameter-succeeds":      one("extra", "foobar"),
		"an unknown parameter twice":                                {"extra": {"a", "b"}},
		"oidcc-alternate-happy-flow":                                one("scope", "offline_access email profile openid"),
		"an unknown scope beside known ones":                        one("scope", "openid Wiki.Read"),
		"a scope twice":                                             one("scope", "openid openid"),
		"scope without openid":                                      one("scope", "profile"),
		"oidcc-display-page":                                        one("display", "page"),
		"oidcc-display-popup":                                       one("display", "popup"),
		"oidcc-ui-locales":                                          one("ui_locales", "se"),
		"oidcc-claims-locales":                                      one("claims_locales", "se"),
		"oidcc-ensure-request-with-acr-values-succeeds":             one("acr_values", "1 2"),
		"acr_values of ours":                                        one("acr_values", idp.ACRBootstrap),
		"oidcc-ensure-request-with-valid-pkce-succeeds": {
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
		},
		"a claim with values that are no texts": one("claims", `{"userinfo":{"age":{"values":[18,null,{"a":[]}]},"name":null}}`),
		"a claim nobody knows":                  one("claims", `{"id_token":{"signin_state":{"essential":true}},"access_token":{"xms_cc":{"values":["cp1"]}}}`),
		"what MSAL adds": {
			"client_info": {"1"}, "clidata": {"1"}, "client-request-id": {"x"}, "x-client-SKU": {"msal.js.node"}, "instance_aware": {"true"},
		},
		"max_age=10000":         one("max_age", "10000"),
		"login_hint of anna":    one("login_hint", "Anna@CONTOSO.example"),
		"login_hint of no text": one("login_hint", "a\nb"),
	} {
		change["prompt"] = []string{"none"}
		if got := v.authorize(web, change); got.code() == "" {
			t.Errorf("%s: %d %v", name, got.Status, got.Fields)
		}
	}
}

// TestOidccEnsurePostRequestSucceeds: a request by POST from another site, which
// carries no cookies, still finds the session by way of a GET. It drops no
// parameter, and those in its URL do not count.
func TestOidccEnsurePostRequestSucceeds(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	v.in(web)
	form := web.params(url.Values{"prompt": {"none"}, "extra": {"a", "b"}})
	r := v.request("/oauth2/v2.0/authorize?prompt=login&redirect_uri=https://evil.example/", form)
	r.Header.Set("Origin", "https://app.example")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	got := v.world.do(r)
	to := got.Header.Get("Location")
	if got.Status != http.StatusSeeOther || len(got.Header.Values("Set-Cookie")) > 0 {
		t.Fatalf("%d %v", got.Status, got.Header)
	}
	if want := baseURL + "/" + tenantID + "/oauth2/v2.0/authorize?" + form.Encode(); to != want {
		t.Errorf("leads to %q", to)
	}
	if got := v.do(at("GET", to, nil)); got.code() == "" {
		t.Errorf("%d %v", got.Status, got.Fields)
	}
}

// TestOidccPromptNone: nobody is asked anything.
func TestOidccPromptNone(t *testing.T) {
	silent := func(v *visitor, change url.Values) *reply {
		p := one("prompt", "none")
		for name, values := range change {
			p[name] = values
		}
		return v.authorize(v.apps["web"], p)
	}
	t.Run("oidcc-prompt-none-not-logged-in", func(t *testing.T) {
		v := newVisitor(t, options{})
		if got := silent(v, nil); got.Fields.Get("error") != "login_required" {
			t.Errorf("%d %v", got.Status, got.Fields)
		}
	})
	t.Run("no consent yet", func(t *testing.T) {
		v := newVisitor(t, options{})
		v.signIn(v.who)
		if got := silent(v, nil); got.Fields.Get("error") != "consent_required" {
			t.Errorf("%d %v", got.Status, got.Fields)
		}
		if got := v.authorize(v.apps["trusted"], one("prompt", "none")); got.code() == "" {
			t.Errorf("the tenant's own app: %d %v", got.Status, got.Fields)
		}
	})
	t.Run("oidcc-prompt-none-logged-in", func(t *testing.T) {
		v := newVisitor(t, options{})
		first := v.claims(v.tokens(v.apps["web"], v.who, nil).str("id_token"))
		v.advance(90 * time.Second)
		second := v.claims(v.redeem(v.apps["web"], silent(v, nil).code(), nil).str("id_token"))
		if first["sub"] != second["sub"] || first["auth_time"] != second["auth_time"] || first["sid"] != second["sid"] || first["iat"] == second["iat"] {
			t.Errorf("%v, then %v", first, second)
		}
	})
	for name, test := range map[string]struct {
		change url.Values
		code   string
	}{
		"another scope":               {one("scope", "openid address"), "consent_required"},
		"hint at somebody else":       {one("login_hint", "ben@contoso.example"), "login_required"},
		"hint at nobody":              {one("login_hint", "buffy@id.example"), "login_required"},
		"another subject by claims":   {one("claims", `{"id_token":{"sub":{"value":"somebody"}}}`), "login_required"},
		"a class nobody can reach":    {one("claims", `{"id_token":{"acr":{"essential":true,"value":"phr"}}}`), "login_required"},
		"a sign-in that is too old":   {one("max_age", "1"), "login_required"},
		"a sign-in of this moment":    {one("max_age", "0"), "login_required"},
		"none, as a set":              {one("prompt", "none none"), ""},
		"a sign-in of the last hours": {one("max_age", "3600"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVisitor(t, options{})
			v.in(v.apps["web"])
			v.advance(2 * time.Second)
			got := silent(v, test.change)
			if got.Fields.Get("error") != test.code || (test.code == "") != (got.code() != "") {
				t.Errorf("%d %v", got.Status, got.Fields)
			}
		})
	}
}

// TestOidccPromptLogin: a second sign-in is asked for, and makes auth_time later.
func TestOidccPromptLogin(t *testing.T) {
	for name, change := range map[string]url.Values{
		"oidcc-prompt-login": one("prompt", "login"),
		"oidcc-max-age-1":    one("max_age", "1"),
		"max_age=0":          one("max_age", "0"),
	} {
		t.Run(name, func(t *testing.T) {
			v := newVisitor(t, options{})
			web := v.apps["web"]
			first := v.claims(v.tokens(web, v.who, nil).str("id_token"))
			v.advance(5 * time.Second)
			if got := v.authorize(web, change); got.State == "" {
				t.Fatalf("nobody was asked: %d %v", got.Status, got.Fields)
			}
			second := v.claims(v.tokens(web, v.who, change).str("id_token"))
			if got := second["auth_time"].(float64) - first["auth_time"].(float64); got != 5 || first["sub"] != second["sub"] {
				t.Errorf("auth_time is %v s later; %v, %v", got, first["sub"], second["sub"])
			}
		})
	}
}

// TestOidccMaxAge10000: nobody is asked again, and auth_time stays.
func TestOidccMaxAge10000(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	first := v.claims(v.tokens(web, v.who, nil).str("id_token"))
	v.advance(10 * time.Second)
	got := v.authorize(web, one("max_age", "10000"))
	second := v.claims(v.redeem(web, got.code(), nil).str("id_token"))
	if first["auth_time"] != second["auth_time"] {
		t.Errorf("%v, then %v", first["auth_time"], second["auth_time"])
	}
}

// TestOidccPromptOthers: consent and select_account ask even who is signed in.
func TestOidccPromptOthers(t *testing.T) {
	for _, prompt := range []string{"consent", "select_account", "login consent"} {
		v := newVisitor(t, options{})
		web := v.apps["web"]
		v.in(web)
		v.advance(time.Second)
		if got := v.authorize(web, one("prompt", prompt)); got.State == "" {
			t.Errorf("%s: nobody was asked: %d %v", prompt, got.Status, got.Fields)
		}
		if got := v.enter(web, one("prompt", prompt)); got.code() == "" {
			t.Errorf("%s: %d %v", prompt, got.Status, got.Fields)
		}
	}
	v := newVisitor(t, options{})
	v.who.deny = true
	if got := v.enter(v.apps["web"], one("response_mode", "fragment")); got.Mode != "fragment" || got.Fields.Get("error") != "access_denied" {
		t.Errorf("a refusal: %d %v", got.Status, got.Fields)
	}
}

// TestOidccIDTokenHint: a hint of this issuer names who is wanted, even when it
// has expired and whoever it was issued to (OIDC Core 3.1.2.1).
func TestOidccIDTokenHint(t *testing.T) {
	v := newVisitor(t, options{})
	web, trusted := v.apps["web"], v.apps["trusted"]
	token := v.tokens(web, v.who, nil).str("id_token")
	ben := v.world.browser()
	_, code := v.pass("ben", idp.PassRequest{})
	other := ben.tokens(web, person{name: "ben", code: code}, nil).str("id_token")
	silent := func(a *app, hint, claims string) *reply {
		return v.authorize(a, url.Values{"prompt": {"none"}, "id_token_hint": {hint}, "claims": {claims}})
	}
	if got := silent(web, token, ""); got.code() == "" {
		t.Errorf("oidcc-id-token-hint: %v", got.Fields)
	}
	if got := silent(trusted, token, ""); got.code() == "" {
		t.Errorf("issued to another client: %v", got.Fields)
	}
	if got := silent(web, other, ""); got.Fields.Get("error") != "login_required" {
		t.Errorf("of another person: %v", got.Fields)
	}
	if got := silent(web, token, `{"id_token":{"sub":{"value":"`+v.users["ben"].UserID+`"}}}`); got.Fields.Get("error") != "login_required" {
		t.Errorf("against the claims parameter: %v", got.Fields)
	}
	v.advance(2 * idp.IDTokenLifetime)
	if got := silent(web, token, ""); got.code() == "" {
		t.Errorf("expired: %v", got.Fields)
	}
}

// TestOidccLoginHint: a hint that can be a user name prefills it and changes nothing else.
func TestOidccLoginHint(t *testing.T) {
	v := newVisitor(t, options{})
	for hint, typed := range map[string]string{"anna@contoso.example": "anna@contoso.example", "buffy@id.example": "buffy@id.example", "<script>": "", "hello": "", strings.Repeat("a", 400): ""} {
		got := v.authorize(v.apps["web"], one("login_hint", hint))
		if got.State == "" {
			t.Errorf("%q: %d %v", hint, got.Status, got.Fields)
			continue
		}
		visit := signin.Visit{Now: epoch, Tenant: v.tenant, Browser: v.cookies["__Host-latchkey-browser"]}
		if f, err := v.signin.Open(visit, got.State); err != nil || f.Username != typed || f.Another || f.Account {
			t.Errorf("%q: %q is filled in, %v", hint, f.Username, err)
		}
	}
}

// TestFormPostScheme: no browser posts a form to an app's own scheme.
func TestFormPostScheme(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.client(idp.Client{
		ClientID: "phone", Name: "Phone", AuthMethod: idp.AuthNone, Native: true, Trusted: true,
		GrantTypes: []string{idp.GrantCode}, RedirectURIs: []string{"com.example.app:/callback"},
	})
	got := v.authorize(a, one("response_mode", "form_post"))
	if got.Fields.Get("error") != "invalid_request" {
		t.Errorf("%d %v", got.Status, got.Fields)
	}
}
