package oidc_test

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// The APIs of the tests. nested lies below files, as APIs behind one gateway do.
const (
	files  = "https://api.example/files"
	mail   = "https://api.example/mail/"
	nested = files + "/archive"
)

// api registers an API with the scopes read and write, and the client by which it calls
// on, which is "" for none.
func (w *world) api(identifier, client string, jwt bool) *idp.API {
	w.t.Helper()
	if client != "" {
		w.relying(client, func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantExchange) })
	}
	a, err := w.admin.CreateAPI(w.ctx(), operator, tenantID, idp.API{Identifier: identifier, Name: "API", Scopes: []string{"read", "write"}, JWT: jwt, ClientID: client})
	w.must(err)
	return a
}

// own gets the app a token for itself.
func (w *world) own(a *app, scope, resource string) *reply {
	form := url.Values{"grant_type": {idp.GrantClient}, "scope": {scope}}
	if resource != "" {
		form.Set("resource", resource)
	}
	return w.call(a, "token", form)
}

// TestResourceConsent: people are asked about each scope of an API by itself, and only
// once; a scope is an API's own, whatever another calls the same.
func TestResourceConsent(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	v.api(files, "", false)
	v.api(mail, "", false)
	web := v.apps["web"]
	v.enter(web, one("scope", "openid "+files+"/read"))
	for _, test := range []struct {
		change url.Values
		failed string
	}{
		{one("scope", "openid "+files+"/read"), ""},
		{url.Values{"scope": {"openid read"}, "resource": {files}}, ""},
		{url.Values{"scope": {"openid"}, "resource": {files}}, "consent_required"}, // the API as such
		{one("scope", "openid "+files+"/write"), "consent_required"},
		{one("scope", "openid "+files+"/.default"), "consent_required"},
		{url.Values{"scope": {"openid write"}, "resource": {files}}, "consent_required"},
		{one("scope", "openid "+mail+"read"), "consent_required"},
		{url.Values{"scope": {"openid read"}, "resource": {mail}}, "consent_required"},
		{one("scope", "openid read"), ""}, // of no API: nobody knows it
	} {
		test.change.Set("prompt", "none")
		if got := v.authorize(web, test.change); got.Fields.Get("error") != test.failed {
			t.Errorf("%v: %v", test.change, got.Fields)
		}
	}
	v.enter(web, one("scope", "openid "+files+"/.default"))
	if got := v.authorize(web, url.Values{"scope": {"openid " + files + "/write"}, "prompt": {"none"}}); got.code() == "" {
		t.Errorf("all of the API was allowed: %v", got.Fields)
	}
}

// TestResourceErrors: an API nobody knows is an error where a scope nobody knows is
// ignored (RFC 8707 2), and it goes back to the app.
func TestResourceErrors(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	v.api(files, "", false)
	web := v.apps["web"].in(v)
	eleven := slices.Repeat([]string{files}, 11)
	for name, change := range map[string]url.Values{
		"unknown":               {"resource": {"https://elsewhere.example/"}},
		"known and unknown":     {"resource": {files, "https://elsewhere.example/"}},
		"another spelling":      {"resource": {files + "/"}},
		"relative":              {"resource": {"files"}},
		"eleven":                {"resource": eleven},
		"a space inside":        {"resource": {files + " x", files}},
		"longer than any there": {"resource": {files + strings.Repeat("x", 600)}},
	} {
		change.Set("prompt", "none")
		got := v.authorize(web, change)
		if got.Fields.Get("error") != "invalid_target" {
			t.Errorf("%s: %d %v", name, got.Status, got.Fields)
			continue
		}
		checkErrorResponse(t, name, v.world, got)
	}
	if got := v.enter(web, one("scope", "openid "+files+"/delete https://elsewhere.example/read")); got.code() == "" {
		t.Errorf("scopes nobody knows: %v", got.Fields)
	}
}

// in signs the visitor in to the app, and is the app.
func (a *app) in(v *visitor) *app {
	v.in(a)
	return a
}

// TestAccessTokenJWT: a token for an API that checks it by itself is what RFC 9068 2
// says, for ten minutes at most, and for no longer than the pass.
func TestAccessTokenJWT(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.api(files, "store", true)
	_, code := w.pass("anna", idp.PassRequest{Lifetime: 20})
	b, anna := w.browser(), person{name: "anna", code: code}
	first := b.tokens(w.apps["web"], anna, one("scope", "openid profile offline_access "+files+"/read "+files+"/write"))
	token := first.str("access_token")
	claims := w.claims(token) // by the published keys
	want := map[string]any{
		"iss": baseURL + "/" + tenantID + "/v2.0", "aud": files, "sub": w.users["anna"].UserID, "client_id": "web", "scope": "read write",
		"iat": float64(epoch.Unix()), "exp": float64(epoch.Unix() + 600), "auth_time": float64(epoch.Unix()), "acr": idp.ACRBootstrap,
	}
	for name, value := range want {
		if claims[name] != value {
			t.Errorf("%s is %v, want %v", name, claims[name], value)
		}
	}
	names := slices.Sorted(maps.Keys(claims))
	if !slices.Equal(names, []string{"acr", "amr", "aud", "auth_time", "client_id", "exp", "grant_id", "iat", "iss", "jti", "scope", "sub"}) {
		t.Errorf("claims %v", names)
	}
	if h := headerOf(t, token); h["typ"] != "at+jwt" || h["alg"] != "ES256" || h["kid"] == "" || len(h) != 3 {
		t.Errorf("header %v", h)
	}
	if first.num("expires_in") != 600 || first.str("token_type") != "Bearer" || first.str("scope") != "openid profile offline_access read write" {
		t.Errorf("%s", first.Body)
	}
	w.advance(15*time.Minute + 500*time.Millisecond)
	last := w.refresh(w.apps["web"], first.str("refresh_token"), "")
	if exp := w.claims(last.str("access_token"))["exp"].(float64); last.num("expires_in") != 299 || exp > float64(epoch.Add(20*time.Minute).Unix()) {
		t.Errorf("expires_in %d, exp %v after the beginning", last.num("expires_in"), exp-float64(epoch.Unix()))
	}
	for _, other := range []string{first.str("id_token"), token} { // one kind is not taken for another
		if got := w.userinfo(other); got.Status == 200 {
			t.Errorf("userinfo takes %v", headerOf(t, other))
		}
	}
	if got := w.do(w.request("/oauth2/v2.0/logout?id_token_hint="+last.str("access_token"), nil)); got.Page.Page != "refused" {
		t.Errorf("an access token as a hint: %d %s", got.Status, got.Body)
	}
}

// TestAccessTokenForAPI: a token for an API is for that alone. The API may look at it by
// its client, as may whoever the token was issued to, and nobody else.
func TestAccessTokenForAPI(t *testing.T) {
	t.Parallel()
	for kind, jwt := range map[string]bool{"opaque": false, "JWT": true} {
		v := newVisitor(t, options{})
		v.api(files, "store", jwt)
		v.api(mail, "post", jwt)
		got := v.tokens(v.apps["web"], v.who, one("scope", "openid email "+files+"/read"))
		token := got.str("access_token")
		if strings.HasPrefix(token, "at_") == jwt {
			t.Errorf("%s: %q", kind, token)
		}
		if r := v.userinfo(token); r.Status != 403 {
			t.Errorf("%s at userinfo: %d %s", kind, r.Status, r.Body)
		}
		for id, active := range map[string]bool{"store": true, "web": true, "worker": true, "post": false, "trusted": false} {
			seen := v.introspect(v.apps[id], token)
			if seen.JSON["active"] != active || !active && len(seen.JSON) != 1 {
				t.Errorf("%s asked by %s: %s", kind, id, seen.Body)
			}
			if active && (seen.str("aud") != files || seen.str("scope") != "read" || seen.str("client_id") != "web" || seen.str("sub") != v.users["anna"].UserID) {
				t.Errorf("%s asked by %s: %s", kind, id, seen.Body)
			}
		}
		v.must2(v.admin.UpdateAPI(v.ctx(), operator, tenantID, files, admin.APIChange{ClientID: new("post")}))
		if seen := v.introspect(v.apps["store"], token); seen.JSON["active"] != false {
			t.Errorf("%s asked by who was the API: %s", kind, seen.Body)
		}
		v.revoke(v.apps["web"], token)
		if seen := v.introspect(v.apps["post"], token); seen.JSON["active"] != false {
			t.Errorf("%s, revoked: %s", kind, seen.Body)
		}
	}
}

// narrowing is a request for a token by what was granted for openid, email and both APIs.
type narrowing struct {
	scope, resource string
	aud, told       string // of the token; "" as aud: for userinfo
	failed          string
}

var narrowings = []narrowing{
	{"", "", files, "openid email offline_access read write", ""},
	{"", files, files, "openid email offline_access read write", ""},
	{"", mail, mail, "openid email offline_access read", ""},
	{"", nested, "", "", "invalid_target"},
	{"", "https://elsewhere.example/", "", "", "invalid_target"},
	{"", files + "/", "", "", "invalid_target"},
	{"", files + " " + mail, "", "", "invalid_target"},
}

// narrowings of a refresh, which may name scopes, too (RFC 6749 6).
var scoped = []narrowing{
	{"openid email", "", "", "openid email", ""},
	{"openid", "", "", "openid", ""},
	{files + "/read", "", files, "read", ""},
	{"openid " + files + "/write", "", files, "openid write", ""},
	{mail + "read", "", mail, "read", ""},
	{"read", mail, mail, "read", ""},
	{"write", mail, "", "", "invalid_scope"},
	{files + "/.default", "", files, "read write", ""},
	{mail + ".default", "", "", "", "invalid_scope"}, // write was not granted
	{mail + "write", "", "", "", "invalid_scope"},
	{nested + "/read", "", "", "", "invalid_scope"},
	{"profile", "", "", "", "invalid_scope"},
	{"openid", nested, "", "", "invalid_target"},
	{"no such", "", "", "", "invalid_scope"},
}

// TestResourceNarrowing: of what was granted a token request gets one API's part, the
// one it names or the first (RFC 8707 2.2), and never more.
func TestResourceNarrowing(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	for _, identifier := range []string{files, mail, nested} {
		v.api(identifier, "", false)
	}
	web := v.apps["web"]
	granted := url.Values{"scope": {"openid email offline_access " + files + "/read " + files + "/write " + mail + "read"}, "resource": {files, mail}}
	refresh := v.tokens(web, v.who, granted).str("refresh_token")
	check := func(how string, n narrowing, got *reply) {
		t.Helper()
		if n.failed != "" {
			checkError(t, got, 400, n.failed)
			return
		}
		seen := v.introspect(v.apps["worker"], got.str("access_token"))
		if got.Status != 200 || got.str("scope") != n.told || seen.str("aud") != n.aud {
			t.Errorf("%s %+v: %d %s, introspection %s", how, n, got.Status, got.Body, seen.Body)
		}
		if works := v.userinfo(got.str("access_token")).Status == 200; works != (n.aud == "") {
			t.Errorf("%s %+v: userinfo takes it: %v", how, n, works)
		}
		if (got.str("id_token") != "") != slices.Contains(strings.Fields(n.told), "openid") {
			t.Errorf("%s %+v: ID token %q", how, n, got.str("id_token"))
		}
	}
	for _, n := range narrowings {
		code := v.code(web, v.who, granted)
		change := url.Values{}
		if n.resource != "" {
			change["resource"] = strings.Fields(n.resource)
		}
		got := v.redeem(web, code, change)
		if check("code", n, got); n.failed == "" {
			continue
		}
		if again := v.redeem(web, code, nil); again.Status != 200 { // the mistake is the app's own, and can be put right
			t.Errorf("code after %+v: %d %s", n, again.Status, again.Body)
		}
	}
	for _, n := range slices.Concat(narrowings, scoped) {
		form := url.Values{"grant_type": {idp.GrantRefresh}, "refresh_token": {refresh}, "scope": {n.scope}}
		if n.resource != "" {
			form["resource"] = strings.Fields(n.resource)
		}
		check("refresh", n, v.call(web, "token", form))
	}
}

// TestRefreshAsTold: the scope that a token response tells can be asked for again as it
// stands, without naming the API once more (RFC 6749 6), and not more than that.
func TestRefreshAsTold(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	v.api(files, "", false)
	web := v.apps["web"]
	first := v.tokens(web, v.who, url.Values{"scope": {"openid read offline_access"}, "resource": {files}})
	for scope, want := range map[string]string{
		first.str("scope"): files, "read": files, "openid read": files, "openid": "", "openid read write": "invalid_scope", "write": "invalid_scope",
	} {
		got := v.refresh(web, first.str("refresh_token"), scope)
		if want == "invalid_scope" {
			checkError(t, got, 400, want)
			continue
		}
		if aud := v.introspect(v.apps["worker"], got.str("access_token")).str("aud"); got.Status != 200 || aud != want {
			t.Errorf("%s: %d %s for %q", scope, got.Status, got.Body, aud)
		}
	}
}
