package oidc_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/idp/oidc"
)

// FuzzAuthorizeParams: whatever a request holds, by GET and by POST, from a
// browser with a session and from one without, the answer never leads to an
// address that nobody registered, and is no fault of ours.
func FuzzAuthorizeParams(f *testing.F) {
	v := newVisitor(f, options{})
	hint := v.tokens(v.apps["web"], v.who, nil).str("id_token")
	for _, change := range []url.Values{
		{}, one("response_mode", "form_post"), one("response_mode", "fragment"), one("prompt", "none"), one("prompt", "login consent"), one("max_age", "0"),
		one("response_type", "token id_token"), one("id_token_hint", hint), one("acr_values", "phr"), one("claims", `{"id_token":{"sub":{"value":"x"}}}`),
		one("redirect_uri", "https://app.example/callback/../x"), one("redirect_uri", "http://localhost:1"), one("state", "\x00\xff"), one("request", "e30.e30."),
		{"redirect_uri": {"https://app.example/callback", "https://evil.example/"}}, one("nonce", "\r\nx: y"), one("login_hint", "ben@contoso.example"),
	} {
		for _, id := range []string{"web", "native", "spa"} {
			f.Add(v.apps[id].params(change).Encode())
		}
	}
	for _, uri := range strangers {
		f.Add(v.apps["web"].params(one("redirect_uri", uri)).Encode())
	}
	f.Add("client_id=native&redirect_uri=http://localhost:80@evil.example&response_type=code&scope=openid")
	f.Add("&&;=%&client_id=web&client_id")
	f.Fuzz(func(t *testing.T, query string) {
		v.t = t
		r := v.request("/oauth2/v2.0/authorize", nil)
		r.URL.RawQuery = query
		post := raw("POST", baseURL+"/"+tenantID+"/oauth2/v2.0/authorize", query)
		post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, got := range []*reply{v.do(r.Clone(r.Context())), v.world.do(r), v.world.do(post)} {
			if to := v.strays(got); to != "" {
				t.Errorf("leads to %q", to)
			}
			if got.Status >= 500 {
				t.Errorf("%d %s", got.Status, got.Body)
			}
			if got.Mode != "" && got.Fields.Get("iss") != baseURL+"/"+tenantID+"/v2.0" || got.Fields.Has("code") && got.Fields.Has("error") {
				t.Errorf("%s %v", got.Mode, got.Fields)
			}
		}
	})
}

// FuzzParseBasic: never a panic, and what a client encodes comes back as it was.
func FuzzParseBasic(f *testing.F) {
	f.Add("Basic aWQ6c2VjcmV0", "id", "secret")
	f.Add("Basic", "a:b", "%+ é")
	f.Add("basic  eA==", "\x00", "")
	f.Add("Basic "+strings.Repeat("A", 5000), ":", ":")
	f.Fuzz(func(t *testing.T, header, id, secret string) {
		if id, _, ok := oidc.ParseBasic(header); ok && id == "" {
			t.Errorf("%q: a client without an id", header)
		}
		coded := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
		gotID, gotSecret, ok := oidc.ParseBasic(coded)
		if want := id != "" && len(coded) <= 4096+len("Basic "); ok != want {
			t.Errorf("%q, %q: %v", id, secret, ok)
		}
		if ok && (gotID != id || gotSecret != secret) {
			t.Errorf("%q, %q became %q, %q", id, secret, gotID, gotSecret)
		}
	})
}

// FuzzTokenForm: whatever is sent to the token endpoint, nobody without a secret
// of ours gets tokens, and every error is one of RFC 6749 5.2.
func FuzzTokenForm(f *testing.F) {
	w := newWorld(f, options{})
	const form = "application/x-www-form-urlencoded"
	for _, body := range []string{
		"", "grant_type=authorization_code&code=ac_x&client_id=native&code_verifier=" + verifier, "grant_type=refresh_token&refresh_token=rt_a.rt_b&client_id=native",
		"grant_type=client_credentials&client_id=worker&client_secret=cs_x", "grant_type=device_code&device_code=dc_x&client_id=native", "grant_type=password",
		"grant_type=refresh_token&client_id=spa&refresh_token=rt_.&scope=openid", "a=%zz", "client_id=web&client_id=web", "grant_type=\x00&client_id=%00",
		"client_assertion_type=x&client_assertion=e30.e30.&grant_type=client_credentials",
	} {
		f.Add(body, form, "")
		f.Add(body, form, basic("web", "cs_x"))
	}
	f.Add("{}", "application/json", "Bearer x")
	f.Fuzz(func(t *testing.T, body, contentType, authorization string) {
		w.t = t
		r := raw("POST", baseURL+"/"+tenantID+"/oauth2/v2.0/token", body)
		r.Header = http.Header{"Content-Type": {contentType}, "Authorization": {authorization}}
		got := w.do(r)
		if got.Status != 400 && got.Status != 401 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		checkError(t, got, got.Status, got.str("error"))
		codes := []string{"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
		if !slices.Contains(codes, got.str("error")) {
			t.Errorf("%s", got.Body)
		}
	})
}

// FuzzVerifyHint: only what the tenant signed passes for one of its ID tokens.
func FuzzVerifyHint(f *testing.F) {
	v := newVisitor(f, options{})
	genuine := v.tokens(v.apps["web"], v.who, nil).str("id_token")
	parts := strings.Split(genuine, ".")
	for _, token := range []string{
		genuine, unsigned(genuine), parts[0] + "." + parts[1] + ".", "..", "", "e30.e30.", forge(f, map[string]any{"iss": "x"}),
		signRaw(f, tenantKey(f), `{"alg":"ES256","kid":"`+ecKey().KeyID+`","crit":["x"]}`, "null"), mac(`{"alg":"HS256"}`, "[]", nil),
		b64.EncodeToString([]byte(`{"alg":["ES256"],"kid":{},"jwk":{"kty":"EC","crv":"P-256","x":"","y":""}}`)) + "." + parts[1] + "." + parts[2],
	} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		v.t = t
		got := v.world.do(v.request("/oauth2/v2.0/logout?"+one("id_token_hint", token).Encode(), nil))
		if got.Status >= 500 || got.Page.Page == "" {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if got.Status == 200 && token != "" && !sameSigned(genuine, token) {
			t.Errorf("accepted %q", token)
		}
	})
}

// sameSigned tells whether two JWTs hold the same header and claims; there is more
// than one signature of a key over them, and more than one way to write it.
func sameSigned(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	if len(y) != 3 {
		return false
	}
	for i := range 2 {
		p, err1 := b64.DecodeString(x[i])
		q, err2 := b64.DecodeString(y[i])
		if err1 != nil || err2 != nil || !bytes.Equal(p, q) {
			return false
		}
	}
	return true
}

// FuzzClaimsParameter: whatever it asks for, the answer is tokens with the
// standard's claims and those that were asked for, or an error to the client.
func FuzzClaimsParameter(f *testing.F) {
	v := newVisitor(f, options{})
	full(v)
	web := v.apps["web"]
	v.in(web)
	known := []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"}
	for _, names := range standardScopes {
		known = append(known, names...)
	}
	for _, claims := range []string{
		`{}`, `null`, `[]`, `{"userinfo":{"name":null},"id_token":{"email":{"essential":true}}}`, `{"id_token":{"acr":{"values":["a",1,null]}}}`,
		`{"id_token":{"sub":{"value":"x"}}}`, `{"id_token":{"acr":{"essential":true,"value":"phr"}}}`, `{"id_token":{"iss":{"value":"x"},"exp":{"value":1}}}`,
		`{"ID_TOKEN":{"NAME":{}}}`, `{"id_token":{"name":{"essential":"yes"}}}`, strings.Repeat(`{"a":`, 100), `{"userinfo":null,"id_token":{"a":null}}`, "\xff", `{"id_token":{"a":{"value":1e999}}}`,
	} {
		f.Add(claims)
	}
	f.Fuzz(func(t *testing.T, claims string) {
		v.t = t
		got := v.authorize(web, url.Values{"prompt": {"none"}, "claims": {claims}, "scope": {"openid"}})
		if got.Status == 414 {
			return
		}
		if got.Mode == "" || (got.code() == "") == (got.Fields.Get("error") == "") {
			t.Fatalf("%d %v %s", got.Status, got.Fields, got.Body)
		}
		if !utf8.ValidString(claims) && got.code() != "" {
			t.Error("accepted what is no text")
		}
		if got.code() == "" {
			return
		}
		tokens := v.redeem(web, got.code(), nil)
		for name, value := range v.claims(tokens.str("id_token")) {
			if !slices.Contains(known, name) {
				t.Errorf("ID token has %s: %v", name, value)
			}
		}
		checkClaimTypes(t, v.userinfo(tokens.str("access_token")).JSON)
	})
}

// FuzzLogoutParams: nobody is led anywhere but to the address that the client of
// a genuine hint registered for it.
func FuzzLogoutParams(f *testing.F) {
	v := newVisitor(f, options{})
	hint := v.tokens(v.apps["web"], v.who, nil).str("id_token")
	session := v.clone()
	for _, params := range []url.Values{
		nil, {"id_token_hint": {hint}, "post_logout_redirect_uri": {signedOut}, "state": {"x&y"}}, {"id_token_hint": {hint}, "post_logout_redirect_uri": {signedOut + "?"}},
		{"post_logout_redirect_uri": {signedOut}, "client_id": {"web"}}, {"id_token_hint": {unsigned(hint)}}, {"id_token_hint": {hint, hint}}, {"state": {"\x00"}},
		{"id_token_hint": {hint}, "client_id": {"trusted"}}, {"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://evil.example/"}},
	} {
		f.Add(params.Encode())
	}
	f.Add("%zz;")
	f.Fuzz(func(t *testing.T, query string) {
		v.t = t
		r := v.request("/oauth2/v2.0/logout", nil)
		r.URL.RawQuery = query
		given, _ := url.ParseQuery(query)
		for _, got := range []*reply{session.clone().do(r.Clone(r.Context())), v.world.do(r)} {
			to := got.Header.Get("Location")
			genuine := sameSigned(hint, given.Get("id_token_hint")) && given.Get("post_logout_redirect_uri") == signedOut
			if to != "" && (!genuine || to != signedOut && !strings.HasPrefix(to, signedOut+"?state=")) {
				t.Errorf("leads to %q", to)
			}
			if got.Status >= 500 || to == "" && got.Page.Page == "" {
				t.Errorf("%d %s", got.Status, got.Body)
			}
		}
	})
}
