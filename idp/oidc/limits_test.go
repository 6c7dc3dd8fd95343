package oidc_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/oidc"
	"latchkey/storage"
	"latchkey/storage/storetest"
)

// TestOversized: too much of anything is refused with a 4xx of its own, on every
// endpoint, and never redirected anywhere (docs/security.md, D4). Without the flood each
// request would succeed.
func TestOversized(t *testing.T) {
	v := newVisitor(t, options{})
	web, worker := v.apps["web"], v.apps["worker"]
	v.in(web)
	browsed := web.params(one("state", "")).Encode()
	posted := map[string]string{
		"token": "grant_type=client_credentials", "introspect": "token=x", "revoke": "token=x", "devicecode": "scope=openid&client_id=native",
	}
	post := func(endpoint, body string) *reply {
		r := raw("POST", baseURL+"/"+tenantID+"/oauth2/v2.0/"+endpoint, body)
		r.ContentLength = -1 // announced, it would be refused before
		if r.Header.Set("Content-Type", "application/x-www-form-urlencoded"); endpoint != "devicecode" {
			r.SetBasicAuth("worker", worker.secret)
		}
		return v.do(r)
	}
	for endpoint, body := range posted {
		if got := post(endpoint, body); got.Status != 200 {
			t.Errorf("%s: %d %s", endpoint, got.Status, got.Body)
		}
	}
	for _, path := range []string{"authorize", "logout"} {
		if got := v.do(v.request("/oauth2/v2.0/"+path+"?"+browsed, nil)); got.Page.Page == "refused" || got.Fields.Has("error") {
			t.Errorf("%s: %d %v %+v", path, got.Status, got.Fields, got.Page)
		}
	}
	floods := map[string]string{
		"100,000 parameters":         strings.Repeat("a&", 100_000),
		"100,000 of one parameter":   strings.Repeat("state=x&", 100_000),
		"5,000 different parameters": many5000(),
		"one of 100 KB":              "state=" + strings.Repeat("x", 100_000),
		"a name of 100 KB":           strings.Repeat("x", 100_000) + "=1",
		"bad encoding":               "state=%",
		"a semicolon":                "state=a;b",
	}
	for name, flood := range floods {
		for _, path := range []string{"authorize", "logout"} {
			for _, method := range []string{"GET", "POST"} {
				target := baseURL + "/" + tenantID + "/oauth2/v2.0/" + path
				body := browsed + "&" + flood
				r := raw(method, target, body)
				r.ContentLength = -1
				if r.Header.Set("Content-Type", "application/x-www-form-urlencoded"); method == "GET" {
					r = raw(method, target, "")
					r.URL.RawQuery = body
				}
				got := v.do(r)
				if (got.Status != 400 && got.Status != 414) || got.Page.Page != "refused" || got.Header.Get("Location") != "" {
					t.Errorf("%s %s, %s: %d %.200q", method, path, name, got.Status, got.Header.Get("Location"))
				}
			}
		}
		for endpoint, body := range posted {
			if got := post(endpoint, body+"&"+flood); got.Status != 400 || got.str("error") != "invalid_request" {
				t.Errorf("%s, %s: %d %s", endpoint, name, got.Status, got.Body)
			}
		}
	}
	if got := v.authorize(web, url.Values{"many": strings.Split(strings.Repeat("x,", 90), ",")}); got.code() == "" {
		t.Errorf("an unknown parameter 91 times: %d %v", got.Status, got.Page)
	}
}

// many5000 is short names, so that only their number is too great.
func many5000() string {
	var b strings.Builder
	for i := range 5000 {
		b.WriteString(string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + "&")
	}
	return b.String()
}

// TestInjection: what a client sends comes back encoded, and starts no header, no
// second parameter and no other address (docs/security.md, H8).
func TestInjection(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	v.in(web)
	for _, evil := range []string{
		"a\r\nSet-Cookie: x=1", "a\nLocation: https://evil.example/", "a&code=evil", "a#code=evil", "a?code=evil", "a&error=x&iss=evil",
		`"><script>alert(1)</script>`, "a%26code%3Devil", "a\u2028b", "a;b", "\\", "é漢😀", strings.Repeat("&", 500),
	} {
		for _, mode := range []string{"query", "fragment", "form_post"} {
			for name, change := range map[string]url.Values{"code": {}, "error": one("scope", "")} {
				change.Set("state", evil)
				change.Set("response_mode", mode)
				got := v.authorize(web, change)
				if got.Fields.Get("state") != evil || got.Mode != mode || len(got.Fields) > 4 || got.Fields.Get("iss") != baseURL+"/"+tenantID+"/v2.0" {
					t.Errorf("%q, %s, %s: %v", evil, mode, name, got.Fields)
				}
				if strings.ContainsAny(got.Header.Get("Location"), "\r\n\"<> ") || got.Header.Get("Set-Cookie") != "" || v.strays(got) != "" {
					t.Errorf("%q, %s, %s: %v", evil, mode, name, got.Header)
				}
			}
		}
		got := v.authorize(web, url.Values{"claims": {evil}, "prompt": {evil}, "response_mode": {"fragment"}})
		if d := got.Fields.Get("error_description"); !descriptionRule.MatchString(d) || strings.Contains(d, "evil") {
			t.Errorf("%q: error_description %q", evil, d)
		}
		r := v.request("/oauth2/v2.0/userinfo", nil)
		r.Header.Set("Authorization", "Bearer "+strings.NewReplacer("\r", "", "\n", "").Replace(evil))
		if got := v.do(r); strings.Contains(got.Header.Get("WWW-Authenticate"), "evil") || got.Status != 401 {
			t.Errorf("%q: %v", evil, got.Header)
		}
		for _, field := range []string{"grant_type", "client_id", "code"} {
			form := url.Values{"grant_type": {idp.GrantCode}, "client_id": {"native"}, "code": {"x"}}
			form.Set(field, evil)
			got := v.do(v.request("/oauth2/v2.0/token", form))
			if !descriptionRule.MatchString(got.str("error_description")) || got.Status >= 500 {
				t.Errorf("%s=%q: %d %s", field, evil, got.Status, got.Body)
			}
		}
	}
}

// TestPrintable: an error_description has only the characters of RFC 6749 5.2.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"as it is: ~!#[]^": "as it is: ~!#[]^", `"a\b"`: "'a'b'", "a\r\n\tb\x7f": "a'''b'", "é": "''", "": "",
	} {
		if got := oidc.Printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestFaults fails each call of the store in turn: nothing is handed out, nothing
// is half done, and the answer is 500, or 503 with Retry-After once a commit has
// failed.
func TestFaults(t *testing.T) {
	for name, call := range map[string]func(v *visitor, h held) *reply{
		"redeem":                func(v *visitor, h held) *reply { return v.redeem(v.apps["web"], h.code, nil) },
		"refresh":               func(v *visitor, h held) *reply { return v.refresh(v.apps["native"], h.str("refresh_token"), "") },
		"refresh, confidential": func(v *visitor, h held) *reply { return v.refresh(v.apps["web"], h.lasting, "") },
		"client":                func(v *visitor, h held) *reply { return v.clientToken(v.apps["worker"]) },
		"device":                func(v *visitor, h held) *reply { return v.device(v.apps["native"], "openid") },
		"revoke":                func(v *visitor, h held) *reply { return v.revoke(v.apps["native"], h.str("refresh_token")) },
		"userinfo":              func(v *visitor, h held) *reply { return v.userinfo(h.str("access_token")) },
		"introspect":            func(v *visitor, h held) *reply { return v.introspect(v.apps["worker"], h.str("access_token")) },
		"authorize":             func(v *visitor, h held) *reply { return v.authorize(v.apps["web"], one("prompt", "none")) },
		"authorize with a hint": func(v *visitor, h held) *reply {
			return v.authorize(v.apps["web"], url.Values{"prompt": {"none"}, "id_token_hint": {h.str("id_token")}})
		},
		"logout with a hint": func(v *visitor, h held) *reply { return v.logout(one("id_token_hint", h.str("id_token"))) },
	} {
		for _, op := range []storetest.Op{storetest.OpGet, storetest.OpPut, storetest.OpDelete, storetest.OpScan, storetest.OpCommit, storetest.OpAnswer} {
			fired := 0
			for nth := 1; failAt(t, fmt.Sprintf("%s, op %d, call %d", name, op, nth), call, op, nth); nth++ {
				fired++
			}
			reads := slices.Contains([]string{"refresh, confidential", "client", "userinfo", "introspect"}, name)
			if fired == 0 && (op == storetest.OpGet || op == storetest.OpCommit && !reads) {
				t.Errorf("%s, op %d: no failure happened", name, op)
			}
		}
	}
}

// held is what was handed out before the store fails: the tokens of native, and
// of web a code and a refresh token.
type held struct {
	*reply
	code, lasting string
}

// failAt makes a call in a fresh world, with the nth call of the store failing. It
// answers false when there were fewer.
func failAt(t *testing.T, name string, call func(*visitor, held) *reply, op storetest.Op, nth int) bool {
	t.Helper()
	var failing *storetest.Failing
	v := newVisitor(t, options{wrap: func(d storage.Driver) storage.Driver { failing = storetest.NewFailing(d); return failing }})
	h := held{v.tokens(v.apps["native"], v.who, nil), v.code(v.apps["web"], v.who, nil), v.tokens(v.apps["web"], v.who, nil).str("refresh_token")}
	before := stored(t, failing)
	failing.Fail(op, nth)
	got := call(v, h)
	if failing.Fired() == 0 {
		return false
	}
	checkFault(t, name, got, op == storetest.OpCommit || op == storetest.OpAnswer)
	if op != storetest.OpAnswer && !maps.Equal(stored(t, failing), before) {
		t.Errorf("%s: something was done", name)
	}
	return true
}

// stored is all that the tenant has.
func stored(t *testing.T, d storage.Driver) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := d.View(t.Context(), tenantID, func(kv storage.KV) error {
		return kv.Scan(storage.Range{}, func(key, value []byte) bool {
			all[string(key)] = string(value)
			return true
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func checkFault(t *testing.T, name string, got *reply, commit bool) {
	t.Helper()
	status, code, wait := http.StatusServiceUnavailable, "temporarily_unavailable", "5"
	if !commit {
		status, code, wait = http.StatusInternalServerError, "server_error", ""
	}
	if got.Status != status || got.str("error") != code || got.Header.Get("Retry-After") != wait || got.code() != "" || len(got.JSON) != 4 {
		t.Errorf("%s: %d %s %v", name, got.Status, got.Body, got.Header)
	}
}
