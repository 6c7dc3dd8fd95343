package oidc_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// TestTokenAnswer: a token response has what RFC 6749 5.1 and OIDC Core 3.1.3.3
// ask for, and may not be kept.
func TestTokenAnswer(t *testing.T) {
	v := newVisitor(t, options{})
	got := v.tokens(v.apps["web"], v.who, nil)
	if got.str("token_type") != "Bearer" || got.num("expires_in") != 3600 || got.str("scope") != fullScope || got.str("refresh_token") == "" || len(got.JSON) != 6 {
		t.Errorf("%s", got.Body)
	}
	if h := got.Header; h.Get("Cache-Control") != "no-store" || h.Get("Pragma") != "no-cache" || h.Get("Content-Type") != "application/json" {
		t.Errorf("%v", h)
	}
	plain := v.tokens(v.apps["web"], v.who, one("scope", "profile"))
	if plain.str("id_token") != "" || plain.str("refresh_token") != "" || plain.str("scope") != "profile" {
		t.Errorf("without openid and offline_access: %s", plain.Body)
	}
}

// TestTokenStrictness: POST, a form, in the body, once each (docs/security.md, H12).
func TestTokenStrictness(t *testing.T) {
	w := newWorld(t, options{})
	worker := w.apps["worker"]
	send := func(method, query, contentType, body string) *reply {
		r := raw(method, baseURL+"/"+tenantID+"/oauth2/v2.0/token"+query, body)
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", basic("worker", worker.secret))
		return w.do(r)
	}
	const form, body = "application/x-www-form-urlencoded", "grant_type=client_credentials"
	for name, test := range map[string]struct {
		method, query, contentType, body string
		status                           int
	}{
		"as it should be":               {"POST", "", form, body, 200},
		"with a charset":                {"POST", "", form + "; charset=UTF-8", body, 200},
		"content type in capitals":      {"POST", "", strings.ToUpper(form), body, 200},
		"with MSAL's request id":        {"POST", "?client-request-id=x", form, body, 200},
		"an unknown parameter twice":    {"POST", "", form, body + "&x=1&x=2", 200},
		"GET":                           {"GET", "?" + body, form, "", 405},
		"PUT":                           {"PUT", "", form, body, 405},
		"HEAD":                          {"HEAD", "?" + body, form, "", 405},
		"parameters in the query":       {"POST", "?" + body, form, "", 400},
		"the secret in the query":       {"POST", "?client_id=worker&client_secret=" + worker.secret, form, body, 400},
		"a code in the query":           {"POST", "?code=x", form, body, 400},
		"a token in the query":          {"POST", "?refresh_token=x", form, body, 400},
		"a verifier in the query":       {"POST", "?code_verifier=x", form, body, 400},
		"a password in the query":       {"POST", "?password=x", form, body, 400},
		"a broken query":                {"POST", "?client_secret=x;y", form, body, 400},
		"JSON":                          {"POST", "", "application/json", `{"grant_type":"client_credentials"}`, 400},
		"a form called text":            {"POST", "", "text/plain", body, 400},
		"no content type":               {"POST", "", "", body, 400},
		"multipart":                     {"POST", "", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=grant_type\r\n\r\nclient_credentials\r\n--x--", 400},
		"grant_type twice":              {"POST", "", form, body + "&" + body, 400},
		"grant_type, then empty":        {"POST", "", form, body + "&grant_type=", 400},
		"no grant_type":                 {"POST", "", form, "scope=openid", 400},
		"empty grant_type":              {"POST", "", form, "grant_type=", 400},
		"unknown grant_type":            {"POST", "", form, "grant_type=password&username=a&password=b", 400},
		"grant_type in capitals":        {"POST", "", form, strings.ToUpper(body), 400},
		"a body with bad encoding":      {"POST", "", form, body + "&x=%zz", 400},
		"a value that is no text":       {"POST", "", form, body + "&scope=%ff", 400},
		"a body of 65 KiB":              {"POST", "", form, body + "&x=" + strings.Repeat("x", 65<<10), 413},
		"30,000 parameters":             {"POST", "", form, body + strings.Repeat("&a", 30_000), 400},
		"30,000 parameters, too long":   {"POST", "", form, body + strings.Repeat("&ab", 30_000), 413},
		"101 different parameters":      {"POST", "", form, body + "&" + many(100), 400},
		"100 different parameters":      {"POST", "", form, body + "&" + many(99), 200},
		"a client assertion in the URL": {"POST", "?client_assertion=x", form, body, 400},
	} {
		got := send(test.method, test.query, test.contentType, test.body)
		if got.Status != test.status {
			t.Errorf("%s: %d %s, want %d", name, got.Status, got.Body, test.status)
		}
		if test.status == 200 && got.str("access_token") == "" {
			t.Errorf("%s: %s", name, got.Body)
		}
		if test.status == 400 {
			code := "invalid_request"
			if name == "unknown grant_type" {
				code = "unsupported_grant_type"
			}
			checkError(t, got, 400, code)
		}
	}
}

// many is n parameters of different names.
func many(n int) string {
	v := url.Values{}
	for i := range n {
		v.Set("p"+strings.Repeat("x", i), "1")
	}
	return v.Encode()
}

// TestTokenMissing: each grant says what it needs.
func TestTokenMissing(t *testing.T) {
	w := newWorld(t, options{})
	for grant, name := range map[string]string{idp.GrantCode: "code", idp.GrantRefresh: "refresh_token", idp.GrantDevice: "device_code", idp.GrantDeviceShort: "device_code"} {
		got := w.call(w.apps["native"], "token", url.Values{"grant_type": {grant}})
		checkError(t, got, 400, "invalid_request")
		if !strings.Contains(got.str("error_description"), name) {
			t.Errorf("%s: %s", grant, got.Body)
		}
	}
	for grant, field := range map[string]string{idp.GrantCode: "code", idp.GrantRefresh: "refresh_token", idp.GrantDevice: "device_code"} {
		form := url.Values{"grant_type": {grant}, field: {"x"}}
		checkError(t, w.call(w.apps["worker"], "token", form), 400, "unauthorized_client")
	}
	checkError(t, w.clientToken(w.apps["web"]), 400, "unauthorized_client")
	w.change(w.apps["spa"], func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantClient) }) // which Validate forbids
	checkError(t, w.clientToken(w.apps["spa"]), 400, "unauthorized_client")
}

// TestOidccCodereuse: the second use of a code is refused and ends everything
// that came from the first (RFC 6749 4.1.2), at once and half a minute later.
func TestOidccCodereuse(t *testing.T) {
	for name, wait := range map[string]time.Duration{"oidcc-codereuse": 0, "oidcc-codereuse-30seconds": 30 * time.Second, "after the code has expired": 5 * time.Minute} {
		for _, id := range []string{"web", "native"} {
			v := newVisitor(t, options{})
			a := v.apps[id]
			code := v.code(a, v.who, nil)
			first := v.redeem(a, code, nil)
			if got := v.userinfo(first.str("access_token")); got.Status != 200 {
				t.Fatalf("%s, %s: %d %s", name, id, got.Status, got.Body)
			}
			v.advance(wait)
			checkError(t, v.redeem(a, code, nil), 400, "invalid_grant")
			if got := v.userinfo(first.str("access_token")); got.Status != 401 {
				t.Errorf("%s, %s: the first access token still works", name, id)
			}
			checkError(t, v.refresh(a, first.str("refresh_token"), ""), 400, "invalid_grant")
		}
	}
}

// TestCodeBoundaries: a code is worth a minute, one client, one redirect URI.
func TestCodeBoundaries(t *testing.T) {
	v := newVisitor(t, options{})
	web, trusted := v.apps["web"], v.apps["trusted"]
	for name, test := range map[string]struct {
		by     *app
		wait   time.Duration
		change url.Values
		ok     bool
	}{
		"at once":                     {web, 0, nil, true},
		"one second before its end":   {web, idp.CodeLifetime - time.Second, nil, true},
		"at its end":                  {web, idp.CodeLifetime, nil, false},
		"one second after its end":    {web, idp.CodeLifetime + time.Second, nil, false},
		"another client's":            {trusted, 0, one("redirect_uri", "https://app.example/callback"), false},
		"another redirect URI":        {web, 0, one("redirect_uri", "https://app.example/signed-out"), false},
		"no redirect URI":             {web, 0, one("redirect_uri", ""), false},
		"redirect URI in other bytes": {web, 0, one("redirect_uri", "https://app.example/%63allback"), false},
		"changed by a letter":         {web, 0, one("code", "ac_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), false},
		"of another kind":             {web, 0, one("code", "rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), false},
		"with another prefix":         {web, 0, one("code", "x"), false},
	} {
		code := v.code(web, v.who, nil)
		v.advance(test.wait)
		got := v.redeem(test.by, code, test.change)
		if test.ok != (got.Status == 200) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if !test.ok {
			checkError(t, got, 400, "invalid_grant")
		}
		if test.by == trusted { // who tried it in vain has not spent it
			if got := v.redeem(web, code, nil); got.Status != 200 {
				t.Errorf("%s: its own client: %d %s", name, got.Status, got.Body)
			}
		}
	}
}

// TestOidccRefreshToken: with and without scope; the new ID token repeats the old
// one but for its times, without a nonce (OIDC Core 12.2).
func TestOidccRefreshToken(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	first := v.tokens(web, v.who, one("prompt", "consent"))
	before := v.claims(first.str("id_token"))
	for _, scope := range []string{"", fullScope, "openid"} {
		v.advance(time.Minute)
		got := v.refresh(web, first.str("refresh_token"), scope)
		if got.Status != 200 || got.str("token_type") != "Bearer" || got.Header.Get("Cache-Control") != "no-store" || got.str("access_token") == first.str("access_token") {
			t.Fatalf("%q: %d %s", scope, got.Status, got.Body)
		}
		after := v.claims(got.str("id_token"))
		for _, name := range []string{"iss", "sub", "aud", "auth_time", "sid", "acr"} {
			if before[name] != after[name] {
				t.Errorf("%q: %s was %v and is %v", scope, name, before[name], after[name])
			}
		}
		if after["nonce"] != nil || after["azp"] != nil || before["iat"] == after["iat"] {
			t.Errorf("%q: %v", scope, after)
		}
		if got.str("refresh_token") != "" {
			t.Errorf("a confidential client's refresh token was replaced: %s", got.Body)
		}
	}
	checkError(t, v.refresh(v.apps["trusted"], first.str("refresh_token"), ""), 400, "invalid_grant") // client 2 with the token of client 1
	if got := v.refresh(web, first.str("refresh_token"), ""); got.Status != 200 {
		t.Errorf("after another client's attempt: %d %s", got.Status, got.Body)
	}
	if token := regexp.MustCompile(`^rt_[A-Za-z0-9_-]{43}\.rt_[A-Za-z0-9_-]{43}$`); !token.MatchString(first.str("refresh_token")) {
		t.Errorf("refresh token %q", first.str("refresh_token"))
	}
}

// TestRefreshScope: less than was granted, never more (RFC 6749 6), and what is
// left out is not in the tokens either.
func TestRefreshScope(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	token := v.tokens(web, v.who, one("scope", "openid email offline_access")).str("refresh_token")
	for scope, want := range map[string]string{
		"": "openid email offline_access", "email openid": "email openid", "openid": "openid", "email": "email", "openid Wiki.Read": "openid",
		"openid profile": "", "profile": "", "Wiki.Read": "", "User.Read": "", "openid User.Read": "", "offline_access address": "",
	} {
		got := v.refresh(web, token, scope)
		if want == "" {
			checkError(t, got, 400, "invalid_scope")
			continue
		}
		openid := strings.Contains(want, "openid")
		if got.Status != 200 || got.str("scope") != want || openid != (got.str("id_token") != "") {
			t.Errorf("%q: %d %s", scope, got.Status, got.Body)
		}
		info := v.userinfo(got.str("access_token"))
		if openid != (info.Status == 200) || strings.Contains(want, "email") != (info.str("email") != "") && openid {
			t.Errorf("%q: userinfo %d %s", scope, info.Status, info.Body)
		}
	}
}

// TestRefreshRotation: a public client's token is replaced, and whoever shows an
// older one ends all that came from the grant (RFC 9700 4.14.2).
func TestRefreshRotation(t *testing.T) {
	v := newVisitor(t, options{})
	native := v.apps["native"]
	first := v.tokens(native, v.who, nil)
	second := v.refresh(native, first.str("refresh_token"), "")
	third := v.refresh(native, second.str("refresh_token"), "")
	if second.Status != 200 || third.Status != 200 || third.str("refresh_token") == second.str("refresh_token") {
		t.Fatalf("%s, then %s", second.Body, third.Body)
	}
	checkError(t, v.refresh(native, first.str("refresh_token"), ""), 400, "invalid_grant")
	checkError(t, v.refresh(native, third.str("refresh_token"), ""), 400, "invalid_grant")
	for i, r := range []*reply{first, second, third} {
		if got := v.userinfo(r.str("access_token")); got.Status != 401 {
			t.Errorf("access token %d still works", i+1)
		}
	}
	refused := v.tokens(native, v.who, nil)
	checkError(t, v.refresh(native, refused.str("refresh_token"), "address"), 400, "invalid_scope")
	if got := v.refresh(native, refused.str("refresh_token"), ""); got.Status != 200 {
		t.Errorf("a refused refresh spent the token: %d %s", got.Status, got.Body)
	}
}

// TestMSALErrors: what MSAL reads of an error beside the standard's members.
func TestMSALErrors(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	no := false
	_, code := v.pass("ben", idp.PassRequest{Lifetime: 10, Once: &no})
	token := v.world.browser().tokens(web, person{name: "ben", code: code}, nil).str("refresh_token")
	v.advance(10 * time.Minute)
	got := v.refresh(web, token, "")
	checkError(t, got, 400, "invalid_grant")
	codes, _ := got.JSON["error_codes"].([]any)
	if got.str("suberror") != "basic_action" || len(codes) != 1 || codes[0] != float64(idp.PassExpired) || got.str("trace_id") == "" || got.str("timestamp") == "" {
		t.Errorf("%s", got.Body)
	}
	if !strings.HasPrefix(got.str("error_description"), "AADSTS130504: ") {
		t.Errorf("%s", got.Body)
	}
}

// TestOfflineNeedsRefresh: offline access is not for clients that may not refresh
// (OIDC Core 11), or their access tokens would outlive the session for nothing.
func TestOfflineNeedsRefresh(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.client(idp.Client{
		ClientID: "short", Name: "Short", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantCode},
		RedirectURIs: []string{"https://app.example/short"}, IDTokenAlg: "ES256",
	})
	got := v.tokens(a, v.who, nil)
	if got.str("refresh_token") != "" || got.str("scope") != "openid profile email" {
		t.Errorf("%s", got.Body)
	}
	v.logout(url.Values{"id_token_hint": {got.str("id_token")}})
	if got := v.userinfo(got.str("access_token")); got.Status != 401 {
		t.Errorf("after signing out: %d %s", got.Status, got.Body)
	}
}

// TestDisabledForGood: what a user had signed in to stays over when the account is
// enabled again.
func TestDisabledForGood(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.apps["web"]
	refresh := v.tokens(a, v.who, nil).str("refresh_token")
	v.advance(time.Second)
	for _, disabled := range []bool{true, false} {
		v.must2(v.admin.UpdateUser(v.ctx(), operator, tenantID, "anna@contoso.example", admin.UserChange{Disabled: &disabled}))
		checkError(t, v.refresh(a, refresh, ""), 400, "invalid_grant")
		if v.authorize(a, one("prompt", "none")).code() != "" {
			t.Errorf("disabled %t: the session works", disabled)
		}
	}
	if v.enter(a, nil).code() == "" {
		t.Error("no sign-in after the account was enabled")
	}
}
