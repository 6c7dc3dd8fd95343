package oidc_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// twinID is a tenant with the same clients, secrets and people as the first, so
// that nothing but the tenant tells the two apart.
const twinID = "0d9c2f5e-6b1a-4e37-8f40-7a1b2c3d4e5f"

func (v *visitor) twin() *idp.Tenant {
	v.t.Helper()
	t := &idp.Tenant{TenantID: twinID, Name: "Fabrikam", Domains: []string{"fabrikam.example"}, CreatedAt: epoch}
	key, err := idp.NewSigningKey(testRing(), twinID, "ES256", epoch, epoch)
	v.must(err)
	key.KeyID = ecKey().KeyID // even the kid is the same
	key.Sealed = resealed(v.t, key)
	v.put(storage.System, t)
	v.put(twinID, key)
	for _, a := range v.apps {
		v.put(twinID, a.Client)
	}
	for _, u := range v.users {
		v.put(twinID, u)
	}
	return t
}

// resealed is another private key under the first tenant's kid.
func resealed(t testing.TB, key *idp.SigningKey) string {
	t.Helper()
	fresh, err := idp.NewSigningKey(testRing(), twinID, "ES256", epoch, epoch)
	if err != nil {
		t.Fatal(err)
	}
	der, err := testRing().Open("signing-key", twinID, fresh.KeyID, fresh.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	return testRing().Seal("signing-key", twinID, key.KeyID, der)
}

// there is a request to the twin.
func there(path string, form url.Values) *http.Request {
	if form == nil {
		return at("GET", baseURL+"/"+twinID+path, nil)
	}
	return at("POST", baseURL+"/"+twinID+path, form)
}

// TestTenantIsolation: whatever one tenant issued is at the other worth as much
// as a random value, down to the bytes of the answer (docs/security.md, H10).
func TestTenantIsolation(t *testing.T) {
	v := newVisitor(t, options{})
	twin := v.twin()
	web, native := v.apps["web"], v.apps["native"]
	tokens := v.tokens(web, v.who, nil)
	code, device := v.code(web, v.who, nil), v.device(native, "openid")
	signinState := v.authorize(web, one("prompt", "login")).State
	logoutState := v.logout(nil).Page.State
	form := func(path string, fields ...string) func(string) *http.Request {
		return func(value string) *http.Request {
			f := url.Values{}
			for i := 0; i+1 < len(fields); i += 2 {
				f.Set(fields[i], strings.ReplaceAll(fields[i+1], "VALUE", value))
			}
			r := there(path, f)
			if f.Get("client_id") == "" {
				r.Header.Set("Authorization", basic("web", web.secret))
			}
			return r
		}
	}
	const v2 = "/oauth2/v2.0"
	silent := v2 + "/authorize?" + web.params(url.Values{"prompt": {"none"}}).Encode()
	for name, test := range map[string]struct {
		value, random string
		send          func(value string) *http.Request
	}{
		"code":                   {code, "ac_" + strings.Repeat("A", 43), form(v2+"/token", "grant_type", idp.GrantCode, "code", "VALUE", "redirect_uri", web.redirect())},
		"refresh token":          {tokens.str("refresh_token"), "rt_" + strings.Repeat("A", 43) + ".rt_" + strings.Repeat("A", 43), form(v2+"/token", "grant_type", idp.GrantRefresh, "refresh_token", "VALUE")},
		"device code":            {device.str("device_code"), "dc_" + strings.Repeat("A", 43), form(v2+"/token", "grant_type", idp.GrantDevice, "device_code", "VALUE", "client_id", "native")},
		"access token, looked":   {tokens.str("access_token"), "at_" + strings.Repeat("A", len(tokens.str("access_token"))-3), form(v2+"/introspect", "token", "VALUE")},
		"refresh token, looked":  {tokens.str("refresh_token"), "rt_A.rt_A", form(v2+"/introspect", "token", "VALUE")},
		"access token, revoked":  {tokens.str("access_token"), "at_A", form(v2+"/revoke", "token", "VALUE")},
		"refresh token, revoked": {tokens.str("refresh_token"), "rt_A.rt_A", form(v2+"/revoke", "token", "VALUE")},
		"access token, used": {tokens.str("access_token"), "at_A", func(value string) *http.Request {
			r := there(v2+"/userinfo", nil)
			r.Header.Set("Authorization", "Bearer "+value)
			return r
		}},
		"ID token as a hint": {tokens.str("id_token"), forge(t, map[string]any{"iss": "x"}), func(value string) *http.Request {
			return there(silent+"&"+one("id_token_hint", value).Encode(), nil)
		}},
		"ID token at sign-out": {tokens.str("id_token"), forge(t, map[string]any{"iss": "x"}), func(value string) *http.Request {
			return there(v2+"/logout?"+url.Values{"id_token_hint": {value}, "post_logout_redirect_uri": {signedOut}}.Encode(), nil)
		}},
		"session cookie": {v.cookies["__Host-latchkey-session-"+tenantID], "ss_" + strings.Repeat("A", 43), func(value string) *http.Request {
			r := there(silent, nil)
			r.AddCookie(&http.Cookie{Name: "__Host-latchkey-session-" + twinID, Value: value})
			return r
		}},
		"session cookie under its own name": {v.cookies["__Host-latchkey-session-"+tenantID], "ss_" + strings.Repeat("A", 43), func(value string) *http.Request {
			r := there(silent, nil)
			r.AddCookie(&http.Cookie{Name: "__Host-latchkey-session-" + tenantID, Value: value})
			return r
		}},
		"state of a sign-out": {logoutState, strings.Repeat("A", len(logoutState)), form(v2+"/logout/confirm", "state", "VALUE", "decision", "sign-out")},
	} {
		answer := func(value string) string {
			r := test.send(value)
			r.AddCookie(&http.Cookie{Name: "__Host-latchkey-browser", Value: v.cookies["__Host-latchkey-browser"]})
			return masked(v.world.do(r))
		}
		want := answer(test.random)
		for range 2 { // the second time is no different
			if got := answer(test.value); got != want {
				t.Errorf("%s: the other tenant answers\n%s\nbut to a random value\n%s", name, got, want)
			}
		}
	}
	visit := signin.Visit{Now: epoch, Tenant: twin, Browser: v.cookies["__Host-latchkey-browser"]}
	if _, err := v.signin.Open(visit, signinState); err != idp.ErrSealed {
		t.Errorf("state of a sign-in: %v", err)
	}
	if _, err := v.signin.DeviceFlow(v.ctx(), visit, device.str("user_code")); !errors.Is(err, signin.ErrDevice) {
		t.Errorf("user code: %v", err)
	}
	if got := v.userinfo(tokens.str("access_token")); got.Status != 200 {
		t.Errorf("the other tenant ended the access token: %d", got.Status)
	}
	if got := v.refresh(web, tokens.str("refresh_token"), ""); got.Status != 200 {
		t.Errorf("the other tenant ended the grant: %d %s", got.Status, got.Body)
	}
	if got := v.redeem(web, code, nil); got.Status != 200 {
		t.Errorf("the other tenant spent the code: %d %s", got.Status, got.Body)
	}
	if !v.signedIn() {
		t.Error("the other tenant ended the session")
	}
}

// masked is an answer without what is drawn for each.
func masked(got *reply) string {
	var b bytes.Buffer
	h := got.Header.Clone()
	h.Del("X-Request-Id")
	fmt.Fprintln(&b, got.Status)
	h.Write(&b)
	b.WriteString(string(got.Body))
	return mask.ReplaceAllString(b.String(), "*")
}

// TestHostSpoofing: what a request claims about hosts, protocols and addresses
// changes no byte of an answer (docs/security.md, H9).
func TestHostSpoofing(t *testing.T) {
	v := newVisitor(t, options{})
	hint := v.tokens(v.apps["web"], v.who, nil).str("id_token")
	const v2 = "/oauth2/v2.0"
	requests := map[string]func() *http.Request{
		"discovery": func() *http.Request { return v.request(plainDiscovery, nil) },
		"metadata": func() *http.Request {
			return at("GET", baseURL+"/.well-known/oauth-authorization-server/contoso.example/v2.0", nil)
		},
		"keys":      func() *http.Request { return v.request(keysPath, nil) },
		"authorize": func() *http.Request { return v.request(v2+"/authorize?"+v.apps["web"].params(nil).Encode(), nil) },
		"error": func() *http.Request {
			return v.request(v2+"/authorize?"+v.apps["web"].params(one("prompt", "none")).Encode(), nil)
		},
		"form post": func() *http.Request { return v.request(v2+"/authorize", v.apps["web"].params(nil)) },
		"page":      func() *http.Request { return v.request(v2+"/authorize", nil) },
		"token": func() *http.Request {
			return v.request(v2+"/token", url.Values{"grant_type": {"x"}, "client_id": {"x"}})
		},
		"bad client": func() *http.Request {
			return v.request(v2+"/token", url.Values{"grant_type": {idp.GrantClient}, "client_id": {"x"}})
		},
		"userinfo": func() *http.Request { return v.request(v2+"/userinfo", nil) },
		"device": func() *http.Request {
			return v.request(v2+"/devicecode", url.Values{"client_id": {"native"}, "scope": {"openid"}})
		},
		"logout": func() *http.Request { return v.request(v2+"/logout", nil) },
		"logout with a hint": func() *http.Request {
			return v.request(v2+"/logout?"+url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {signedOut}}.Encode(), nil)
		},
		"logout form": func() *http.Request { return v.request(v2+"/logout", url.Values{"state": {"x"}}) },
		"preflight":   func() *http.Request { return at("OPTIONS", baseURL+"/"+tenantID+v2+"/token", nil) },
	}
	spoofs := map[string]http.Header{
		"Host":                   {},
		"X-Forwarded-Host":       {"X-Forwarded-Host": {"evil.example"}},
		"X-Forwarded-Proto":      {"X-Forwarded-Proto": {"http"}, "X-Forwarded-Scheme": {"http"}, "X-Forwarded-Ssl": {"off"}},
		"X-Forwarded-For":        {"X-Forwarded-For": {"127.0.0.1, 10.0.0.1"}, "X-Real-Ip": {"127.0.0.1"}},
		"X-Forwarded-Port":       {"X-Forwarded-Port": {"1"}, "X-Forwarded-Server": {"evil.example"}},
		"X-Forwarded-Prefix":     {"X-Forwarded-Prefix": {"//evil.example"}, "X-Forwarded-Path": {"/evil"}},
		"Forwarded":              {"Forwarded": {`for=127.0.0.1;host=evil.example;proto=http`}},
		"X-Original-URL":         {"X-Original-Url": {"/evil"}, "X-Rewrite-Url": {"/evil"}},
		"X-HTTP-Method-Override": {"X-Http-Method-Override": {"DELETE"}, "X-Host": {"evil.example"}},
	}
	for name, request := range requests {
		plain := v.world.do(request())
		want := masked(plain)
		if plain.Status == http.StatusNotFound {
			t.Errorf("%s: %s", name, want)
		}
		for spoof, header := range spoofs {
			r := request()
			for field, values := range header {
				r.Header[field] = values
			}
			if spoof == "Host" {
				r.Host, r.URL.Host = "evil.example:1", "evil.example:1"
			}
			if got := masked(v.world.do(r)); got != want {
				t.Errorf("%s with %s:\n%s\nwithout:\n%s", name, spoof, got, want)
			}
		}
	}
}

// TestClientTokenOfOtherTenant: a client's own token means nothing at a tenant with a
// client by the same id.
func TestClientTokenOfOtherTenant(t *testing.T) {
	v := newVisitor(t, options{})
	v.twin()
	worker := v.apps["worker"]
	r := there("/oauth2/v2.0/introspect", url.Values{"token": {v.clientToken(worker).str("access_token")}})
	r.SetBasicAuth("worker", worker.secret)
	if got := v.world.do(r); got.Status != 200 || got.JSON["active"] != false {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
