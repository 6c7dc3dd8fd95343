package oidc_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/oidc"
)

// basic is an Authorization header of what stands on both sides of the colon.
func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// TestClientAuthentication: a client authenticates as registered, in one way, or
// not at all (RFC 6749 2.3). Every case asks with a refresh token that does not
// exist: invalid_grant tells that the client got through.
func TestClientAuthentication(t *testing.T) {
	w := newWorld(t, options{})
	plain, post := w.apps["web"].secret, w.apps["trusted"].secret
	for _, test := range []struct {
		name         string
		header       string
		id, secret   string // in the form
		status       int
		code         string
		indifference bool // must look like any other wrong secret
	}{
		{"basic", basic("web", plain), "", "", 400, "invalid_grant", false},
		{"basic, percent-encoded", basic("%77e%62", "%63"+plain[1:]), "", "", 400, "invalid_grant", false},
		{"basic, scheme in capitals", strings.Replace(basic("web", plain), "Basic", "BASIC", 1), "", "", 400, "invalid_grant", false},
		{"basic with the id in the form too", basic("web", plain), "web", "", 400, "invalid_grant", false},
		{"basic with another id in the form", basic("web", plain), "trusted", "", 400, "invalid_request", false},
		{"basic and post", basic("web", plain), "web", plain, 400, "invalid_request", false},
		{"basic and a wrong post", basic("web", plain), "web", "cs_x", 400, "invalid_request", false},
		{"post", "", "trusted", post, 400, "invalid_grant", false},
		{"none", "", "native", "", 400, "invalid_grant", false},
		{"nothing at all", "", "", "", 401, "invalid_client", false},
		{"a secret alone", "", "", post, 401, "invalid_client", false},

		{"basic, wrong secret", basic("web", "cs_wrong"), "", "", 401, "invalid_client", true},
		{"basic, empty secret", basic("web", ""), "", "", 401, "invalid_client", true},
		{"basic, secret cut short", basic("web", plain[:len(plain)-1]), "", "", 401, "invalid_client", true},
		{"basic, another client's secret", basic("web", post), "", "", 401, "invalid_client", true},
		{"basic, unknown client", basic("nobody", "cs_wrong"), "", "", 401, "invalid_client", true},
		{"basic, public client", basic("native", "cs_wrong"), "", "", 401, "invalid_client", true},
		{"basic, public client, empty secret", basic("native", ""), "", "", 401, "invalid_client", true},
		{"basic of a post client, wrong secret", basic("trusted", "cs_wrong"), "", "", 401, "invalid_client", true},
		{"post, wrong secret", "", "trusted", "cs_wrong", 401, "invalid_client", true},
		{"post, unknown client", "", "nobody", "cs_wrong", 401, "invalid_client", true},
		{"post, public client", "", "native", "cs_wrong", 401, "invalid_client", true},
		{"post of a basic client, wrong secret", "", "web", "cs_wrong", 401, "invalid_client", true},

		{"basic of a post client", basic("trusted", post), "", "", 401, "invalid_client", false},
		{"post of a basic client", "", "web", plain, 401, "invalid_client", false},
		{"none of a basic client", "", "web", "", 401, "invalid_client", false},
		{"none, unknown client", "", "nobody", "", 401, "invalid_client", false},
		{"none, a NUL in the id", "", "na\x00tive", "", 400, "invalid_request", false},
		{"another scheme", "Bearer " + plain, "web", "", 401, "invalid_client", false},
		{"no scheme", plain, "web", "", 401, "invalid_client", false},
		{"basic, no base64", "Basic " + plain, "web", "", 401, "invalid_client", false},
		{"basic, no colon", "Basic " + base64.StdEncoding.EncodeToString([]byte("web")), "", "", 401, "invalid_client", false},
		{"basic, no id", basic("", plain), "", "", 401, "invalid_client", false},
		{"basic, bad encoding", basic("web", "%zz"), "", "", 401, "invalid_client", false},
		{"basic, 10,000 bytes", basic("web", strings.Repeat("x", 10_000)), "", "", 401, "invalid_client", false},
	} {
		form := url.Values{"grant_type": {idp.GrantRefresh}, "refresh_token": {"rt_x.rt_y"}, "client_id": {test.id}, "client_secret": {test.secret}}
		r := w.request("/oauth2/v2.0/token", form)
		if test.header != "" {
			r.Header.Set("Authorization", test.header)
		}
		got := w.do(r)
		if got.Status != test.status || got.str("error") != test.code {
			t.Errorf("%s: %d %s", test.name, got.Status, got.Body)
			continue
		}
		checkError(t, got, test.status, test.code)
		if test.indifference && got.str("error_description") != idp.ClientSecretWrong.String() {
			t.Errorf("%s: tells %q", test.name, got.str("error_description"))
		}
		if got.Status == 401 && got.Header.Get("WWW-Authenticate") != `Basic realm="`+baseURL+"/"+tenantID+`/v2.0", charset="UTF-8"` {
			t.Errorf("%s: %q", test.name, got.Header.Get("WWW-Authenticate"))
		}
	}
}

// TestClientAuthenticationEverywhere: the endpoints that ask for it share the
// rules.
func TestClientAuthenticationEverywhere(t *testing.T) {
	w := newWorld(t, options{})
	for _, endpoint := range []string{"token", "introspect", "revoke", "devicecode"} {
		for name, header := range map[string]string{"wrong": basic("web", "cs_wrong"), "unknown": basic("nobody", "cs_wrong"), "no scheme": "x"} {
			r := w.request("/oauth2/v2.0/"+endpoint, url.Values{"token": {"x"}, "scope": {"openid"}, "grant_type": {idp.GrantClient}})
			r.Header.Set("Authorization", header)
			got := w.do(r)
			if got.Status != 401 {
				t.Errorf("%s, %s:", endpoint, name)
			}
			checkError(t, got, 401, "invalid_client")
		}
	}
}

// TestClientSecretReplaced: the old secret ends at once, and a client that was
// disabled or removed is like one that never was.
func TestClientSecretReplaced(t *testing.T) {
	w := newWorld(t, options{})
	worker := w.apps["worker"]
	old := w.clientToken(worker).str("access_token")
	w.advance(1e9)
	was := *worker
	_, secret, err := w.admin.NewClientSecret(w.ctx(), operator, tenantID, "worker")
	w.must(err)
	checkError(t, w.clientToken(&was), 401, "invalid_client")
	worker.secret = secret
	if got := w.clientToken(worker); got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if got := w.introspect(worker, old); got.JSON["active"] != false {
		t.Errorf("a token from before: %s", got.Body)
	}
	disabled := true
	token := w.clientToken(worker).str("access_token")
	w.must2(w.admin.UpdateClient(w.ctx(), operator, tenantID, "worker", clientOff(&disabled)))
	off := w.clientToken(worker)
	w.must(w.admin.DeleteClient(w.ctx(), operator, tenantID, "worker"))
	gone := w.clientToken(worker)
	if off.str("error_description") != gone.str("error_description") || off.Status != 401 || gone.Status != 401 {
		t.Errorf("%s, then %s", off.Body, gone.Body)
	}
	if got := w.userinfo(token); got.Status != 401 {
		t.Errorf("its token: %d", got.Status)
	}
}

// TestParseBasic: clients encode id and secret as forms do, or not at all.
func TestParseBasic(t *testing.T) {
	coded := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for header, want := range map[string][2]string{
		coded("id:secret"):           {"id", "secret"},
		coded("a%3Ab:c%25d+e"):       {"a:b", "c%d e"},
		coded("id:with:colons"):      {"id", "with:colons"},
		coded("id:"):                 {"id", ""},
		coded("a.b-c_d~e:cs_-_AZ09"): {"a.b-c_d~e", "cs_-_AZ09"},
		"basic  " + coded("a:b")[6:]: {"a", "b"},
	} {
		id, secret, ok := oidc.ParseBasic(header)
		if !ok || id != want[0] || secret != want[1] {
			t.Errorf("%q: %q, %q, %v", header, id, secret, ok)
		}
	}
	for _, header := range []string{"", "Basic", "Basic ", "Basic =", coded(""), coded(":"), coded(":x"), coded("x"), coded("%:x"), coded("x:%"), "Digest " + coded("a:b")[6:], "Basic\t" + coded("a:b")[6:]} {
		if id, secret, ok := oidc.ParseBasic(header); ok {
			t.Errorf("%q: %q, %q", header, id, secret)
		}
	}
}

// TestTokenHeaderTwice: whichever of two Authorization headers counts, one request
// stays one client.
func TestTokenHeaderTwice(t *testing.T) {
	w := newWorld(t, options{})
	r := w.request("/oauth2/v2.0/token", url.Values{"grant_type": {idp.GrantClient}})
	r.Header["Authorization"] = []string{basic("nobody", "x"), basic("worker", w.apps["worker"].secret)}
	if got := w.do(r); got.Status != http.StatusUnauthorized {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
