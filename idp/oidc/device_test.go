package oidc_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// TestDeviceGrant: from the code on the device to its tokens (RFC 8628), by
// either name of the grant type.
func TestDeviceGrant(t *testing.T) {
	for _, grant := range []string{idp.GrantDevice, idp.GrantDeviceShort} {
		v := newVisitor(t, options{})
		native := v.apps["native"]
		got := v.device(native, fullScope)
		code, page := got.str("user_code"), baseURL+"/contoso.example/device"
		if got.Status != 200 || got.num("expires_in") != 900 || got.num("interval") != 5 || got.str("verification_uri") != page ||
			got.str("verification_uri_complete") != page+"?user_code="+code || got.Header.Get("Cache-Control") != "no-store" || len(got.JSON) != 7 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
		if !regexp.MustCompile(`^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$`).MatchString(code) || !regexp.MustCompile(`^dc_[\w-]{43}$`).MatchString(got.str("device_code")) {
			t.Errorf("codes %q and %q", code, got.str("device_code"))
		}
		if m := got.str("message"); !strings.Contains(m, page) || !strings.Contains(m, code) {
			t.Errorf("message %q", m)
		}
		poll := func() *reply {
			v.advance(5 * time.Second)
			return v.call(native, "token", url.Values{"grant_type": {grant}, "device_code": {got.str("device_code")}})
		}
		checkError(t, poll(), 400, "authorization_pending")
		v.approve(strings.ToLower(strings.ReplaceAll(code, "-", " ")), v.who)
		tokens := poll()
		claims := v.claims(tokens.str("id_token"))
		if tokens.Status != 200 || tokens.str("refresh_token") == "" || claims["aud"] != "native" || claims["nonce"] != nil {
			t.Errorf("%s: %d %s", grant, tokens.Status, tokens.Body)
		}
		if again := v.refresh(native, tokens.str("refresh_token"), ""); again.Status != 200 {
			t.Errorf("%s: refresh: %d %s", grant, again.Status, again.Body)
		}
	}
}

// TestDevicePolling: each answer of RFC 8628 3.5.
func TestDevicePolling(t *testing.T) {
	deny := func(v *visitor, code string) { v.who.deny = true; v.approve(code, v.who) }
	approve := func(v *visitor, code string) { v.approve(code, v.who) }
	for _, test := range []struct {
		name  string
		do    func(v *visitor, userCode string)
		waits []time.Duration // before each poll
		codes []string        // of each answer; "" is tokens
	}{
		{"every five seconds", nil, []time.Duration{0, 5 * time.Second, 5 * time.Second}, []string{"authorization_pending", "authorization_pending", "authorization_pending"}},
		{"too often", nil, []time.Duration{0, time.Second, 5 * time.Second, 4999 * time.Millisecond}, []string{"authorization_pending", "slow_down", "authorization_pending", "slow_down"}},
		{"denied", deny, []time.Duration{0, 0, 5 * time.Second}, []string{"access_denied", "access_denied", "access_denied"}},
		{"until its end", nil, []time.Duration{idp.DeviceLifetime - time.Second, time.Second, time.Hour}, []string{"authorization_pending", "expired_token", "expired_token"}},
		{"approved and never fetched", approve, []time.Duration{idp.DeviceLifetime}, []string{"expired_token"}},
		{"approved after many polls", approve, []time.Duration{0}, []string{""}},
		{"fetched twice", approve, []time.Duration{0, 0, 0}, []string{"", "invalid_grant", "invalid_grant"}},
	} {
		v := newVisitor(t, options{})
		native := v.apps["native"]
		started := v.device(native, fullScope)
		if test.do != nil {
			test.do(v, started.str("user_code"))
		}
		var first *reply
		for i, wait := range test.waits {
			v.advance(wait)
			got := v.poll(native, started.str("device_code"))
			if got.str("error") != test.codes[i] || (got.Status == 200) != (test.codes[i] == "") {
				t.Errorf("%s, poll %d: %d %s", test.name, i+1, got.Status, got.Body)
			}
			if got.Status == 200 {
				first = got
			}
		}
		if first != nil && len(test.waits) > 1 {
			if got := v.userinfo(first.str("access_token")); got.Status != 401 {
				t.Errorf("%s: the first tokens still work", test.name)
			}
		}
	}
}

// TestDeviceRequests: who may start one, and for what.
func TestDeviceRequests(t *testing.T) {
	v := newVisitor(t, options{})
	native, web := v.apps["native"], v.apps["web"]
	checkError(t, v.device(native, ""), 400, "invalid_scope")
	checkError(t, v.device(native, "Wiki.Read"), 400, "invalid_scope")
	checkError(t, v.device(web, "openid"), 400, "unauthorized_client")
	checkError(t, v.call(&app{Client: &idp.Client{ClientID: "nobody", AuthMethod: idp.AuthNone}}, "devicecode", one("scope", "openid")), 401, "invalid_client")
	started := v.device(native, "openid")
	v.approve(started.str("user_code"), v.who)
	other := v.client(idp.Client{ClientID: "other", Name: "Other", AuthMethod: idp.AuthNone, GrantTypes: []string{idp.GrantDevice}})
	checkError(t, v.poll(other, started.str("device_code")), 400, "invalid_grant")
	checkError(t, v.poll(native, "dc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), 400, "invalid_grant")
	checkError(t, v.poll(native, started.str("user_code")), 400, "invalid_grant")
	if got := v.poll(native, started.str("device_code")); got.Status != 200 || got.str("refresh_token") != "" {
		t.Errorf("its own client, without offline_access: %d %s", got.Status, got.Body)
	}
	if got := v.approve(started.str("user_code"), v.who); got.Status != 404 {
		t.Errorf("a user code twice: %d", got.Status)
	}
}

// TestDeviceFlood: one address does not fill the store.
func TestDeviceFlood(t *testing.T) {
	w := newWorld(t, options{})
	native := w.apps["native"]
	for i := range 30 {
		if got := w.device(native, "openid"); got.Status != 200 {
			t.Fatalf("request %d: %d %s", i+1, got.Status, got.Body)
		}
	}
	got := w.device(native, "openid")
	checkError(t, got, 429, "slow_down")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.advance(time.Minute)
	if got := w.device(native, "openid"); got.Status != 200 {
		t.Errorf("a minute later: %d %s", got.Status, got.Body)
	}
}
