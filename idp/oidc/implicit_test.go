package oidc_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// relying registers a confidential app at https://id.example for code and whatever else
// change makes of it.
func (w *world) relying(id string, change ...func(*idp.Client)) *app {
	w.t.Helper()
	c := idp.Client{
		ClientID: id, Name: "The " + id, AuthMethod: idp.AuthBasic, IDTokenAlg: "ES256",
		GrantTypes:   []string{idp.GrantCode, idp.GrantRefresh},
		RedirectURIs: []string{"https://" + id + ".example/callback"}, PostLogoutRedirectURIs: []string{"https://" + id + ".example/"},
	}
	for _, fn := range change {
		fn(&c)
	}
	return w.client(c)
}

// answering lets an app have tokens from the authorization endpoint, by every response
// type or by those given.
func answering(types ...string) func(*idp.Client) {
	return func(c *idp.Client) {
		if c.ResponseTypes = types; len(types) == 0 {
			c.ResponseTypes = idp.ResponseTypes
		}
		c.GrantTypes = append(c.GrantTypes, idp.GrantImplicit)
	}
}

// halfHash is at_hash and c_hash under RS256 and ES256 (OIDC Core 3.1.3.6, 3.3.2.11).
func halfHash(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// parts are what a response type asks for.
func parts(responseType string) (code, token, idToken bool) {
	have := strings.Fields(responseType)
	return slices.Contains(have, "code"), slices.Contains(have, "token"), slices.Contains(have, "id_token")
}

// frontTypes are the response types with a token in them, as clients spell them.
var frontTypes = []string{
	"id_token", "id_token token", "token id_token", "code id_token", "id_token code", "code token", "token code",
	"code id_token token", "code token id_token", "token id_token code",
}

// TestOidccImplicitAndHybrid: each response type brings exactly what it names, in the
// fragment or a form and never in a query (OAuth Multiple Response Types 5), with what
// ties the parts together.
func TestOidccImplicitAndHybrid(t *testing.T) {
	t.Parallel()
	for alg, o := range map[string]options{"ES256": {}, "RS256": {rsa: true}} {
		v := newVisitor(t, o)
		a := v.relying("front", answering(), func(c *idp.Client) { c.IDTokenAlg = alg })
		v.in(a)
		for _, rt := range frontTypes {
			for mode, want := range map[string]string{"": "fragment", "fragment": "fragment", "form_post": "form_post"} {
				got := v.authorize(a, url.Values{"response_type": {rt}, "response_mode": {mode}, "scope": {"openid profile email"}, "prompt": {"none"}})
				if got.Mode != want || got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Referrer-Policy") != "no-referrer" {
					t.Errorf("%s %q: left by %q, %v", rt, mode, got.Mode, got.Header)
				}
				if before, _, _ := strings.Cut(got.Header.Get("Location"), "#"); want == "fragment" && before != a.redirect() || want == "form_post" && (before != "" || got.Page.Action != a.redirect()) {
					t.Errorf("%s %q: leads to %q %q", rt, mode, before, got.Page.Action)
				}
				checkFront(t, v, a, rt, got)
			}
			got := v.authorize(a, url.Values{"response_type": {rt}, "response_mode": {"query"}, "prompt": {"none"}})
			if got.Mode != "fragment" || got.Fields.Get("error") != "invalid_request" {
				t.Errorf("%s in a query: %s %v", rt, got.Mode, got.Fields)
			}
			checkErrorResponse(t, rt, v.world, got)
		}
	}
}

// checkFront holds a response to scope "openid profile email" against its type.
func checkFront(t *testing.T, v *visitor, a *app, rt string, got *reply) {
	t.Helper()
	code, token, idToken := parts(rt)
	want := []string{"iss", "session_state", "state"}
	for name, there := range map[string]bool{"code": code, "access_token": token, "token_type": token, "expires_in": token, "scope": token, "id_token": idToken} {
		if there {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if fields := slices.Sorted(maps.Keys(got.Fields)); !slices.Equal(fields, want) {
		t.Errorf("%s: fields %v, want %v", rt, fields, want)
		return
	}
	access := got.Fields.Get("access_token")
	if token && (got.Fields.Get("token_type") != "Bearer" || got.Fields.Get("expires_in") != "3600" || got.Fields.Get("scope") != "openid profile email" || v.userinfo(access).str("email") == "") {
		t.Errorf("%s: %v, userinfo %d", rt, got.Fields, v.userinfo(access).Status)
	}
	if idToken {
		checkFrontIDToken(t, v, a, rt, got)
	}
	if code {
		back := v.redeem(a, got.code(), nil)
		if back.Status != 200 || v.claims(back.str("id_token"))["at_hash"] != halfHash(back.str("access_token")) || v.claims(back.str("id_token"))["c_hash"] != nil {
			t.Errorf("%s: the code gives %d %s", rt, back.Status, back.Body)
		}
	}
}

func checkFrontIDToken(t *testing.T, v *visitor, a *app, rt string, got *reply) {
	t.Helper()
	code, token, _ := parts(rt)
	claims := v.claims(got.Fields.Get("id_token"))
	want := map[string]any{"nonce": "some nonce", "aud": a.ClientID, "sub": v.users["anna"].UserID, "iss": baseURL + "/" + tenantID + "/v2.0", "at_hash": nil, "c_hash": nil, "email": nil, "name": nil}
	if code {
		want["c_hash"] = halfHash(got.code())
	}
	if token {
		want["at_hash"] = halfHash(got.Fields.Get("access_token"))
	}
	if !code && !token { // OIDC Core 5.4: there is no userinfo to ask
		want["email"], want["name"] = "anna@mail.example", "Anna"
	}
	for name, value := range want {
		if claims[name] != value {
			t.Errorf("%s: %s is %v, want %v", rt, name, claims[name], value)
		}
	}
}

// TestOidccEnsureRequestWithoutNonceFails: a nonce is needed for each ID token from the
// authorization endpoint (OIDC Core 3.2.2.1, 3.3.2.11), and for none of the others.
func TestOidccEnsureRequestWithoutNonceFails(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	a := v.relying("front", answering())
	v.in(a)
	for _, rt := range append(frontTypes, "code") {
		_, _, idToken := parts(rt)
		got := v.authorize(a, url.Values{"response_type": {rt}, "nonce": {""}, "prompt": {"none"}})
		switch failed := got.Fields.Get("error"); {
		case idToken != (failed == "invalid_request"), !idToken && failed != "":
			t.Errorf("%s: %s %v", rt, got.Mode, got.Fields)
		case idToken && got.Mode != "fragment":
			t.Errorf("%s: the error leaves by %s", rt, got.Mode)
		}
	}
}

// TestFrontIDTokenClaims: what the scopes ask for is in the ID token only where no
// access token comes along; what the claims parameter asks for always is.
func TestFrontIDTokenClaims(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	full(v)
	a := v.relying("front", answering())
	const scope = "openid profile email address phone"
	for _, rt := range []string{"id_token", "id_token token", "code id_token", "code id_token token"} {
		got := v.enter(a, url.Values{"response_type": {rt}, "scope": {scope}, "claims": {`{"id_token":{"nickname":null}}`}})
		claims := v.claims(got.Fields.Get("id_token"))
		for of, names := range standardScopes {
			for _, name := range names {
				if _, has := claims[name]; has != (rt == "id_token" || name == "nickname") {
					t.Errorf("%s: %s of %s: %v", rt, name, of, has)
				}
			}
		}
		if checkClaimTypes(t, about(claims)); claims["sid"] == nil || claims["auth_time"] == nil || claims["acr"] != idp.ACRBootstrap {
			t.Errorf("%s: %v", rt, claims)
		}
	}
}

// about keeps the claims of the standard scopes.
func about(claims map[string]any) map[string]any {
	out := map[string]any{}
	for _, names := range standardScopes {
		for _, name := range names {
			if value, has := claims[name]; has {
				out[name] = value
			}
		}
	}
	return out
}

// TestFrontOffline: without a code there is nothing that could be refreshed, so that
// offline access is ignored (OIDC Core 11): what is given ends with the session, and
// nobody is asked for it.
func TestFrontOffline(t *testing.T) {
	t.Parallel()
	for _, rt := range frontTypes {
		v := newVisitor(t, options{})
		a := v.relying("front", answering())
		v.enter(a, one("scope", "openid profile email")) // allows that much and no more
		code, token, _ := parts(rt)
		got := v.authorize(a, url.Values{"response_type": {rt}, "prompt": {"none"}})
		if code {
			if got.Fields.Get("error") != "consent_required" {
				t.Errorf("%s: nobody is asked for offline access: %v", rt, got.Fields)
			}
			got = v.enter(a, one("response_type", rt))
			if back := v.redeem(a, got.code(), nil); back.str("refresh_token") == "" {
				t.Errorf("%s: no refresh token: %s", rt, back.Body)
			}
		}
		if got.Fields.Get("error") != "" || token && strings.Contains(got.Fields.Get("scope"), "offline") != code {
			t.Errorf("%s: %v", rt, got.Fields)
		}
		if !token {
			continue
		}
		state := v.logout(nil).Page.State
		v.confirmLogout(state)
		if works := v.userinfo(got.Fields.Get("access_token")).Status == 200; works != code {
			t.Errorf("%s: after signing out the access token works: %v", rt, works)
		}
	}
}

// TestFrontUnregistered: an app gets the response types it is registered for and no
// other, though they be parts of one.
func TestFrontUnregistered(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	for i, registered := range idp.ResponseTypes {
		a := v.relying("front"+string(rune('a'+i)), answering(registered))
		for _, asked := range idp.ResponseTypes {
			got := v.enter(a, url.Values{"response_type": {asked}, "scope": {"openid"}})
			want := "unauthorized_client"
			if asked == registered {
				want = ""
			}
			if got.Fields.Get("error") != want {
				t.Errorf("%s where %s is registered: %v", asked, registered, got.Fields)
			}
			if want != "" {
				checkErrorResponse(t, asked, v.world, got)
			}
		}
	}
	all := v.relying("all", answering())
	for _, asked := range []string{"token", "none", "id_token none", "code code2"} {
		got := v.authorize(all, one("response_type", asked))
		if got.Fields.Get("error") != "unsupported_response_type" || got.Fields.Has("access_token") {
			t.Errorf("%s: %s %v", asked, got.Mode, got.Fields)
		}
	}
}

// TestFrontNative: an app on the person's own machine gets tokens on any loopback port
// (RFC 8252 7.3), in the fragment where its address takes no form, and must send PKCE
// where there is a code to protect.
func TestFrontNative(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	const own = "com.example.front:/callback"
	a := v.relying("front", answering(), func(c *idp.Client) {
		c.AuthMethod, c.Native, c.RedirectURIs = idp.AuthNone, true, []string{"http://127.0.0.1/callback", own}
	})
	for _, test := range []struct{ rt, uri, mode, pkce, left, failed string }{
		{"id_token token", "http://127.0.0.1:49152/callback", "", "", "fragment", ""},
		{"id_token token", "http://127.0.0.1:49152/callback", "form_post", "", "form_post", ""},
		{"id_token token", own, "", "", "fragment", ""},
		{"id_token", own, "fragment", "", "fragment", ""},
		{"id_token", own, "form_post", "", "fragment", "invalid_request"},
		{"code id_token", own, "", challengeOf(verifier), "fragment", ""},
		{"code id_token", own, "", "", "fragment", "invalid_request"},
		{"code token", "http://127.0.0.1:7/callback", "form_post", "", "form_post", "invalid_request"},
		{"code id_token token", "http://127.0.0.1:7/callback", "query", challengeOf(verifier), "fragment", "invalid_request"},
	} {
		method := ""
		if test.pkce != "" {
			method = "S256"
		}
		got := v.enter(a, url.Values{
			"response_type": {test.rt}, "redirect_uri": {test.uri}, "response_mode": {test.mode}, "code_challenge": {test.pkce}, "code_challenge_method": {method}, "scope": {"openid"},
		})
		to := got.Header.Get("Location") + got.Page.Action
		if got.Mode != test.left || got.Fields.Get("error") != test.failed || !strings.HasPrefix(to, test.uri) {
			t.Errorf("%+v: %s to %s %v", test, got.Mode, to, got.Fields)
		}
	}
	got := v.enter(a, url.Values{"response_type": {"id_token token"}, "redirect_uri": {"http://127.0.0.1:49152/other"}})
	if !refusedAs(got, idp.RedirectUnknown) {
		t.Errorf("an address that is not registered: %d %+v", got.Status, got.Page)
	}
}

// TestFrontEnds: what comes from the authorization endpoint ends no later than the pass,
// to the second, and with all else of its grant when its code is used twice.
func TestFrontEnds(t *testing.T) {
	t.Parallel()
	const all = "code id_token token"
	w := newWorld(t, options{})
	a := w.relying("front", answering())
	_, code := w.pass("anna", idp.PassRequest{Lifetime: 10})
	b, anna := w.browser(), person{name: "anna", code: code}
	b.code(a, anna, nil)
	w.advance(9*time.Minute + 500*time.Millisecond)
	got := b.authorize(a, one("response_type", all))
	claims := w.claims(got.Fields.Get("id_token"))
	if got.Fields.Get("expires_in") != "59" || claims["exp"].(float64)-claims["iat"].(float64) != 59 {
		t.Errorf("a minute before the end: %v, %v", got.Fields, claims)
	}
	w.advance(59 * time.Second)
	if status := w.userinfo(got.Fields.Get("access_token")).Status; status != 401 {
		t.Errorf("at the end: %d", status)
	}
	if late := b.authorize(a, url.Values{"response_type": {all}, "prompt": {"none"}}); late.Mode != "fragment" || late.Fields.Get("error") != "login_required" {
		t.Errorf("half a second before the end: %s %v", late.Mode, late.Fields)
	}

	v := newVisitor(t, options{})
	a = v.relying("front", answering())
	got = v.enter(a, one("response_type", all))
	first := v.redeem(a, got.code(), nil)
	v.redeem(a, got.code(), nil)
	for name, token := range map[string]string{"from the front": got.Fields.Get("access_token"), "for the code": first.str("access_token")} {
		if status := v.userinfo(token).Status; status != 401 {
			t.Errorf("the code was used twice, and the token %s is answered %d", name, status)
		}
	}
}
