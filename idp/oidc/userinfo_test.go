package oidc_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// TestOidccUserInfo: by GET and POST, with the token in the header or the form,
// in one way only (RFC 6750 2).
func TestOidccUserInfo(t *testing.T) {
	v := newVisitor(t, options{})
	got := v.tokens(v.apps["web"], v.who, nil)
	token, sub := got.str("access_token"), v.users["anna"].UserID
	const form = "application/x-www-form-urlencoded"
	for _, test := range []struct {
		name, method, query, header, contentType, body string
		status                                         int
		code                                           string // in WWW-Authenticate
	}{
		{"oidcc-userinfo-get", "GET", "", "Bearer " + token, "", "", 200, ""},
		{"oidcc-userinfo-post-header", "POST", "", "Bearer " + token, "", "", 200, ""},
		{"POST with an empty form", "POST", "", "Bearer " + token, form, "", 200, ""},
		{"POST with another content type", "POST", "", "Bearer " + token, "application/json", "{}", 200, ""},
		{"oidcc-userinfo-post-body", "POST", "", "", form, "access_token=" + token, 200, ""},
		{"scheme in lower case", "GET", "", "bearer " + token, "", "", 200, ""},
		{"no token", "GET", "", "", "", "", 401, ""},
		{"no token by POST", "POST", "", "", form, "x=1", 401, ""},
		{"another scheme", "GET", "", basic("web", token), "", "", 401, ""},
		{"scheme alone", "GET", "", "Bearer", "", "", 401, ""},
		{"in the query", "GET", "?access_token=" + token, "", "", "", 401, ""},
		{"in the query of a POST", "POST", "?access_token=" + token, "", form, "x=1", 400, "invalid_request"},
		{"in a body that is no form", "POST", "", "", "text/plain", "access_token=" + token, 401, ""},
		{"header and body", "POST", "", "Bearer " + token, form, "access_token=" + token, 400, "invalid_request"},
		{"twice in the body", "POST", "", "", form, "access_token=" + token + "&access_token=" + token, 400, "invalid_request"},
		{"no token of ours", "GET", "", "Bearer x", "", "", 401, "invalid_token"},
		{"changed by a letter", "GET", "", "Bearer " + altered(token), "", "", 401, "invalid_token"},
		{"with a letter more", "GET", "", "Bearer " + token + "A", "", "", 401, "invalid_token"},
		{"with padding", "GET", "", "Bearer " + token + "=", "", "", 401, "invalid_token"},
		{"the ID token", "GET", "", "Bearer " + got.str("id_token"), "", "", 401, "invalid_token"},
		{"the refresh token", "GET", "", "Bearer " + got.str("refresh_token"), "", "", 401, "invalid_token"},
		{"ten thousand letters", "GET", "", "Bearer at_" + strings.Repeat("A", 10_000), "", "", 401, "invalid_token"},
	} {
		r := raw(test.method, baseURL+"/"+tenantID+"/oauth2/v2.0/userinfo"+test.query, test.body)
		for name, value := range map[string]string{"Authorization": test.header, "Content-Type": test.contentType} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		got := v.do(r)
		if got.Status != test.status || test.status == 200 && got.str("sub") != sub {
			t.Errorf("%s: %d %s", test.name, got.Status, got.Body)
			continue
		}
		if got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", test.name, got.Header)
		}
		if test.status != 200 {
			checkChallenge(t, test.name, got, test.code)
		}
	}
}

// altered is a token with another letter in its middle.
func altered(token string) string {
	b := []byte(token)
	if i := len(b) / 2; b[i] != 'A' {
		b[i] = 'A'
	} else {
		b[i] = 'B'
	}
	return string(b)
}

// checkChallenge holds WWW-Authenticate against RFC 6750 3: Bearer, with an error
// only for who showed a token or made an invalid request.
func checkChallenge(t *testing.T, name string, got *reply, code string) {
	t.Helper()
	value := got.Header.Get("WWW-Authenticate")
	begin := `Bearer realm="` + baseURL + "/" + tenantID + `/v2.0"`
	if code != "" {
		begin += `, error="` + code + `", error_description="`
	}
	if !strings.HasPrefix(value, begin) || code == "" && value != begin || strings.Count(value, `"`)%2 != 0 {
		t.Errorf("%s: WWW-Authenticate: %s", name, value)
	}
}

// TestUserInfoScope: only for people, and only for openid (RFC 6750 3.1).
func TestUserInfoScope(t *testing.T) {
	v := newVisitor(t, options{})
	for name, token := range map[string]string{
		"a client's own":   v.clientToken(v.apps["worker"]).str("access_token"),
		"without openid":   v.tokens(v.apps["web"], v.who, one("scope", "profile")).str("access_token"),
		"narrowed refresh": v.refresh(v.apps["web"], v.tokens(v.apps["web"], v.who, nil).str("refresh_token"), "email").str("access_token"),
	} {
		got := v.userinfo(token)
		if got.Status != 403 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
			continue
		}
		checkChallenge(t, name, got, "insufficient_scope")
	}
}

// TestAccessTokenEnds: to the second, and with whatever it rests on.
func TestAccessTokenEnds(t *testing.T) {
	disabled := true
	for name, test := range map[string]struct {
		do     func(v *visitor)
		status int
	}{
		"one second before its end": {func(v *visitor) { v.advance(idp.AccessTokenLifetime - 2*time.Second) }, 200},
		"at its end":                {func(v *visitor) { v.advance(idp.AccessTokenLifetime - time.Second) }, 401},
		"the clock set back":        {func(v *visitor) { v.advance(idp.AccessTokenLifetime); v.advance(-24 * time.Hour) }, 401},
		"person signed out":         {func(v *visitor) { v.must2(v.admin.RevokeSessions(v.ctx(), operator, tenantID, "anna@contoso.example")) }, 401},
		"person disabled": {func(v *visitor) {
			v.must2(v.admin.UpdateUser(v.ctx(), operator, tenantID, "anna@contoso.example", userOff(&disabled)))
		}, 401},
		"person deleted": {func(v *visitor) { v.must(v.admin.DeleteUser(v.ctx(), operator, tenantID, "anna@contoso.example")) }, 401},
		"client disabled": {func(v *visitor) {
			v.must2(v.admin.UpdateClient(v.ctx(), operator, tenantID, "web", clientOff(&disabled)))
		}, 401},
		"client deleted": {func(v *visitor) { v.must(v.admin.DeleteClient(v.ctx(), operator, tenantID, "web")) }, 401},
		"token revoked":  {func(v *visitor) {}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVisitor(t, options{})
			token := v.tokens(v.apps["web"], v.who, nil).str("access_token")
			if got := v.userinfo(token); got.Status != 200 {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			if name == "token revoked" {
				v.revoke(v.apps["web"], token)
			}
			v.advance(time.Second)
			test.do(v)
			if got := v.userinfo(token); got.Status != test.status {
				t.Errorf("%d %s", got.Status, got.Body)
			}
		})
	}
}

// TestIntrospection: who may ask what, and how little the others learn (RFC 7662).
func TestIntrospection(t *testing.T) {
	v := newVisitor(t, options{})
	web, trusted, worker, native := v.apps["web"], v.apps["trusted"], v.apps["worker"], v.apps["native"]
	mine, theirs := v.tokens(web, v.who, nil), v.tokens(native, v.who, nil)
	own := v.clientToken(worker).str("access_token")
	for _, test := range []struct {
		name   string
		asker  *app
		token  string
		active bool
	}{
		{"its own access token", web, mine.str("access_token"), true},
		{"its own refresh token", web, mine.str("refresh_token"), true},
		{"its own client token", worker, own, true},
		{"another's access token", trusted, mine.str("access_token"), false},
		{"another's refresh token", trusted, mine.str("refresh_token"), false},
		{"another's access token, registered for it", worker, mine.str("access_token"), true},
		{"a public client's access token, registered for it", worker, theirs.str("access_token"), true},
		{"another's refresh token, registered for it", worker, mine.str("refresh_token"), false},
		{"an ID token", web, mine.str("id_token"), false},
		{"a code", web, v.code(web, v.who, nil), false},
		{"nonsense", web, "x", false},
		{"a refresh token without its secret", web, strings.Split(mine.str("refresh_token"), ".")[0], false},
		{"a refresh token with another secret", web, strings.Split(mine.str("refresh_token"), ".")[0] + "." + strings.Split(theirs.str("refresh_token"), ".")[1], false},
	} {
		got := v.introspect(test.asker, test.token)
		if got.Status != 200 || got.JSON["active"] != test.active || !test.active && len(got.JSON) != 1 {
			t.Errorf("%s: %d %s", test.name, got.Status, got.Body)
		}
	}
	got := v.introspect(web, mine.str("access_token")).JSON
	for name, want := range map[string]any{
		"scope": fullScope, "client_id": "web", "username": "anna@contoso.example", "token_type": "Bearer", "sub": v.users["anna"].UserID,
		"iss": baseURL + "/" + tenantID + "/v2.0", "exp": float64(epoch.Unix() + 3600), "iat": float64(epoch.Unix()), "acr": idp.ACRBootstrap,
	} {
		if got[name] != want {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	checkError(t, v.introspect(native, theirs.str("access_token")), 401, "invalid_client")
	checkError(t, v.call(web, "introspect", url.Values{}), 400, "invalid_request")
	if got := v.do(at("GET", baseURL+"/"+tenantID+"/oauth2/v2.0/introspect?token=x", nil)); got.Status != 405 || got.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", got.Status, got.Header)
	}
	if got := v.refresh(web, mine.str("refresh_token"), ""); got.Status != 200 {
		t.Errorf("looking at a wrong refresh token revoked the grant: %d %s", got.Status, got.Body)
	}
}

// TestRevocation: 200 without a body or Content-Type whatever the token was; a
// refresh token takes its grant along, an access token ends alone, and another
// client's stays (RFC 7009 2).
func TestRevocation(t *testing.T) {
	for _, test := range []struct {
		name            string
		by              string
		token           string // which of web's tokens
		access, refresh bool   // what works afterwards
	}{
		{"the refresh token", "web", "refresh_token", false, false},
		{"the access token", "web", "access_token", false, true},
		{"another's refresh token", "trusted", "refresh_token", true, true},
		{"another's access token", "trusted", "access_token", true, true},
		{"a public client, another's", "native", "refresh_token", true, true},
		{"an ID token", "web", "id_token", true, true},
	} {
		v := newVisitor(t, options{})
		mine := v.tokens(v.apps["web"], v.who, nil)
		for range 2 { // the second time is no error either
			got := v.revoke(v.apps[test.by], mine.str(test.token))
			if _, typed := got.Header["Content-Type"]; got.Status != 200 || len(got.Body) > 0 || typed || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %q %v", test.name, got.Status, got.Body, got.Header)
			}
		}
		if got := v.userinfo(mine.str("access_token")); test.access != (got.Status == 200) {
			t.Errorf("%s: access token: %d", test.name, got.Status)
		}
		if got := v.refresh(v.apps["web"], mine.str("refresh_token"), ""); test.refresh != (got.Status == 200) {
			t.Errorf("%s: refresh token: %d", test.name, got.Status)
		}
	}
	w := newWorld(t, options{})
	checkError(t, w.call(w.apps["web"], "revoke", url.Values{}), 400, "invalid_request")
	for name, token := range map[string]string{"nonsense": "x", "NUL": "rt_\x01", "long": strings.Repeat("r", 5000)} {
		if got := w.revoke(w.apps["web"], token); got.Status != 200 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	own := w.clientToken(w.apps["worker"]).str("access_token")
	w.call(w.apps["worker"], "revoke", url.Values{"token": {own}, "token_type_hint": {"refresh_token"}}) // a wrong hint is only a hint
	if got := w.introspect(w.apps["worker"], own); got.JSON["active"] != false {
		t.Errorf("a client's own token: %s", got.Body)
	}
}

// TestRotatedRevocation: whoever shows an older refresh token to revoke it has
// the family, and the family ends.
func TestRotatedRevocation(t *testing.T) {
	v := newVisitor(t, options{})
	native := v.apps["native"]
	first := v.tokens(native, v.who, nil)
	second := v.refresh(native, first.str("refresh_token"), "")
	v.revoke(native, first.str("refresh_token"))
	checkError(t, v.refresh(native, second.str("refresh_token"), ""), 400, "invalid_grant")
}

// TestRevokeExpired: nothing is kept of a token that has ended anyhow.
func TestRevokeExpired(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.apps["web"]
	token := v.tokens(a, v.who, nil).str("access_token")
	v.advance(2 * time.Hour)
	before := v.store.Commits()
	if got := v.revoke(a, token); got.Status != 200 || v.store.Commits() != before {
		t.Errorf("%d, %d commits", got.Status, v.store.Commits()-before)
	}
}
