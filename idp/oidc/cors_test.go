package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
)

// TestCORS: registered origins may read the endpoints a browser app needs, none
// may with cookies, and pages and introspection are for no other origin.
func TestCORS(t *testing.T) {
	w := newWorld(t, options{})
	endpoints := map[string]bool{
		"token": true, "userinfo": true, "revoke": true, "devicecode": true,
		"introspect": false, "authorize": false, "logout": false, "logout/confirm": false,
	}
	origins := map[string]bool{
		"http://localhost:5555": true,
		"http://localhost":      false, "http://localhost:5556": false, "https://localhost:5555": false, "HTTP://LOCALHOST:5555": false,
		"http://localhost:5555/": false, "http://localhost:5555.evil.example": false, "https://evil.example": false, "https://app.example": false,
		"null": false, "*": false, "": false, strings.Repeat("http://localhost:5555", 100): false, "http://localhost:5555 https://evil.example": false,
	}
	for endpoint, open := range endpoints {
		for origin, known := range origins {
			for _, method := range []string{"OPTIONS", "POST", "GET"} {
				r := at(method, baseURL+"/"+tenantID+"/oauth2/v2.0/"+endpoint, url.Values{})
				if origin != "" {
					r.Header.Set("Origin", origin)
				}
				got := w.do(r)
				want := ""
				if open && known && (got.Status != 405 || endpoint == "userinfo") {
					want = origin
				}
				if allow := got.Header.Get("Access-Control-Allow-Origin"); allow != want {
					t.Errorf("%s %s from %.60q: Access-Control-Allow-Origin %q", method, endpoint, origin, allow)
				}
				if got.Header.Get("Access-Control-Allow-Credentials") != "" || len(got.Header.Values("Set-Cookie")) > 0 && open {
					t.Errorf("%s %s from %.60q: %v", method, endpoint, origin, got.Header)
				}
				if open && origin != "" && got.Status != 405 && got.Header.Get("Vary") != "Origin" {
					t.Errorf("%s %s from %.60q: Vary %q", method, endpoint, origin, got.Header.Get("Vary"))
				}
			}
		}
	}
}

// TestCORSPreflight: what a browser asks before it sends a token.
func TestCORSPreflight(t *testing.T) {
	w := newWorld(t, options{})
	r := at("OPTIONS", baseURL+"/"+tenantID+"/oauth2/v2.0/userinfo", nil)
	r.Header.Set("Origin", "http://localhost:5555")
	got := w.do(r)
	if h := got.Header; got.Status != 204 || h.Get("Access-Control-Allow-Methods") != "GET, POST" || h.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type, DPoP" {
		t.Errorf("%d %v", got.Status, got.Header)
	}
}

// TestCORSFlow: a browser app gets and uses its tokens, errors included.
func TestCORSFlow(t *testing.T) {
	v := newVisitor(t, options{})
	spa := v.apps["spa"]
	code := v.code(spa, v.who, nil)
	for _, verifierShown := range []string{"", verifier} {
		r := v.request("/oauth2/v2.0/token", url.Values{
			"grant_type": {idp.GrantCode}, "client_id": {"spa"}, "code": {code}, "redirect_uri": {spa.redirect()}, "code_verifier": {verifierShown},
		})
		r.Header.Set("Origin", "http://localhost:5555")
		got := v.world.do(r)
		if got.Header.Get("Access-Control-Allow-Origin") != "http://localhost:5555" || got.Status != 400 {
			t.Errorf("%q: %d %v", verifierShown, got.Status, got.Header) // the first spent the code
		}
	}
	share := func(r *http.Request) *reply {
		r.Header.Set("Origin", "http://localhost:5555")
		got := v.world.do(r)
		if got.Status != 200 || got.Header.Get("Access-Control-Allow-Origin") != "http://localhost:5555" {
			t.Errorf("%s: %d %s %v", r.URL.Path, got.Status, got.Body, got.Header)
		}
		return got
	}
	post := func(endpoint string, form url.Values) *reply {
		form.Set("client_id", "spa")
		return share(v.request("/oauth2/v2.0/"+endpoint, form))
	}
	first := post("token", url.Values{"grant_type": {idp.GrantCode}, "code": {v.code(spa, v.who, nil)}, "redirect_uri": {spa.redirect()}, "code_verifier": {verifier}})
	tokens := post("token", url.Values{"grant_type": {idp.GrantRefresh}, "refresh_token": {first.str("refresh_token")}})
	r := v.request("/oauth2/v2.0/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+tokens.str("access_token"))
	if got := share(r); got.str("sub") != v.users["anna"].UserID {
		t.Errorf("userinfo: %s", got.Body)
	}
	post("revoke", url.Values{"token": {tokens.str("refresh_token")}})
}
