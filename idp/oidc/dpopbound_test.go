package oidc_test

import (
	"net/url"
	"testing"

	"latchkey/idp"
)

// TestDPoPRefresh: a public client's refresh token is bound to the key of its first
// proof, and a confidential client's, which its secret binds, is not (RFC 9449 5).
func TestDPoPRefresh(t *testing.T) {
	v := newVisitor(t, options{})
	key, other := esKey(), esKey2()
	refresh := func(a *app, token string, key *signing) *reply {
		return v.proved(a, "token", url.Values{"grant_type": {idp.GrantRefresh}, "refresh_token": {token}}, key)
	}
	native, web := v.apps["native"], v.apps["web"]
	token := v.bound(native, key).str("refresh_token")
	for range 2 {
		checkError(t, refresh(native, token, nil), 400, "invalid_grant")
		checkError(t, refresh(native, token, other), 400, "invalid_grant")
		got := refresh(native, token, key)
		if got.Status != 200 || got.str("token_type") != "DPoP" {
			t.Fatalf("public: %d %s", got.Status, got.Body)
		}
		told := v.introspect(v.apps["worker"], got.str("access_token"))
		if cnf, _ := told.JSON["cnf"].(map[string]any); cnf["jkt"] != key.thumb(t) {
			t.Errorf("public: %s", told.Body)
		}
		token = got.str("refresh_token")
	}
	token = v.bound(web, key).str("refresh_token")
	if told := v.introspect(web, token); told.JSON["active"] != true || told.JSON["cnf"] != nil {
		t.Errorf("confidential: %s", told.Body)
	}
	for kind, key := range map[string]*signing{"Bearer": nil, "DPoP": other} {
		if got := refresh(web, token, key); got.Status != 200 || got.str("token_type") != kind {
			t.Errorf("confidential, %s: %d %s", kind, got.Status, got.Body)
		}
	}
	token = v.bound(native, nil).str("refresh_token")
	if got := refresh(native, token, key); got.Status != 200 || got.str("token_type") != "DPoP" {
		t.Errorf("public, bound later: %d %s", got.Status, got.Body)
	}
}

// TestDPoPCode: dpop_jkt, or a proof at the PAR endpoint, binds the code to a key
// (RFC 9449 10, 10.1).
func TestDPoPCode(t *testing.T) {
	v := newVisitor(t, options{})
	v.signIn(v.who)
	a, key, other := v.keyed("keyed", nil), esKey(), esKey2()
	push := func(change url.Values, key *signing) *reply {
		return v.proved(a, "par", a.params(change), key)
	}
	jkt := one("dpop_jkt", key.thumb(t))
	for name, code := range map[string]func() string{
		"dpop_jkt":            func() string { return v.authorize(a, jkt).code() },
		"dpop_jkt, pushed":    func() string { return v.follow(a, push(jkt, nil).str("request_uri")).code() },
		"a proof":             func() string { return v.follow(a, push(nil, key).str("request_uri")).code() },
		"a proof of dpop_jkt": func() string { return v.follow(a, push(jkt, key).str("request_uri")).code() },
		"in a request object": func() string {
			return v.authorize(a, bare("request", v.object(a, esKey(), claims{"dpop_jkt": key.thumb(t)}))).code()
		},
	} {
		for _, wrong := range []*signing{nil, other} {
			checkError(t, v.proved(a, "token", a.redemption(code()), wrong), 400, "invalid_grant")
		}
		if got := v.proved(a, "token", a.redemption(code()), key); got.Status != 200 || got.str("token_type") != "DPoP" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	for name, got := range map[string]*reply{
		"a proof of another key": v.unstored("another key", func() *reply { return push(jkt, other) }),
		"a proof for the token endpoint": v.unstored("another endpoint", func() *reply {
			r := v.ask(a, "par", a.params(nil))
			r.Header.Set("DPoP", v.proof(key, "POST", "token", nil))
			return v.do(r)
		}),
	} {
		if got.str("error") != "invalid_dpop_proof" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		checkError(t, got, 400, "invalid_dpop_proof")
	}
	for _, wrong := range []string{"x", key.thumb(t) + "A", key.thumb(t)[:42] + "="} {
		if got := v.authorize(a, one("dpop_jkt", wrong)); got.Fields.Get("error") != "invalid_request" {
			t.Errorf("%q: %v", wrong, got.Fields)
		}
	}
	r := v.ask(a, "par", a.params(nil))
	r.Header.Set("DPoP", v.proof(key, "POST", "par", claims{"jti": "same"}))
	if got := v.do(r); got.Status != 201 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	r = v.ask(a, "par", a.params(nil))
	r.Header.Set("DPoP", v.proof(key, "POST", "par", claims{"jti": "same"}))
	checkError(t, v.unstored("replay", func() *reply { return v.do(r) }), 400, "invalid_dpop_proof")
}

// TestDPoPBoundClient: a client of dpop_bound_access_tokens gets no token without a
// proof, in no way; a device is asked for it when it redeems (RFC 9449 5.2).
func TestDPoPBoundClient(t *testing.T) {
	v := newVisitor(t, options{})
	v.signIn(v.who)
	key := esKey()
	a := v.keyed("keyed", func(c *idp.Client) {
		c.DPoPBound, c.GrantTypes = true, append(c.GrantTypes, idp.GrantImplicit)
		c.ResponseTypes = []string{"code", "code token", "id_token token", "id_token"}
	})
	code := v.code(a, v.who, nil)
	checkError(t, v.proved(a, "token", a.redemption(code), nil), 400, "invalid_dpop_proof")
	tokens := v.proved(a, "token", a.redemption(code), key)
	if tokens.Status != 200 || tokens.str("token_type") != "DPoP" {
		t.Fatalf("the code was lost: %d %s", tokens.Status, tokens.Body)
	}
	checkError(t, v.proved(a, "token", own, nil), 400, "invalid_dpop_proof")
	form := url.Values{"grant_type": {idp.GrantRefresh}, "refresh_token": {tokens.str("refresh_token")}}
	checkError(t, v.proved(a, "token", form, nil), 400, "invalid_dpop_proof")
	if got := v.proved(a, "token", form, key); got.Status != 200 {
		t.Errorf("refresh: %d %s", got.Status, got.Body)
	}
	for _, front := range []string{"code token", "token id_token"} {
		if got := v.authorize(a, one("response_type", front)); got.Fields.Get("error") != "invalid_request" || got.Fields.Has("access_token") {
			t.Errorf("%s: %v", front, got.Fields)
		}
	}
	device := v.proved(a, "devicecode", one("scope", "openid"), nil)
	if device.Status != 200 {
		t.Fatalf("device: %d %s", device.Status, device.Body)
	}
	v.approve(device.str("user_code"), v.who)
	form = url.Values{"grant_type": {idp.GrantDevice}, "device_code": {device.str("device_code")}}
	checkError(t, v.proved(a, "token", form, nil), 400, "invalid_dpop_proof")
	if got := v.proved(a, "token", form, key); got.Status != 200 || got.str("token_type") != "DPoP" {
		t.Errorf("device: %d %s", got.Status, got.Body)
	}
}

// TestDPoPExchange: who exchanges its own bound token shows that it holds the key;
// an API that was sent one cannot (RFC 8693, RFC 9449 5).
func TestDPoPExchange(t *testing.T) {
	v := newVisitor(t, options{})
	key, other := esKey(), esKey2()
	exchanger := func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantExchange) }
	a, service := v.keyed("keyed", exchanger), v.keyed("service", exchanger)
	v.jwtAPI("https://api.example", "service", "read")
	form := a.redemption(v.code(a, v.who, one("scope", "openid https://api.example/read")))
	token := v.proved(a, "token", form, key).str("access_token")
	exchange := func(a *app, key *signing) *reply {
		return v.proved(a, "token", url.Values{
			"grant_type": {idp.GrantExchange}, "subject_token": {token}, "subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"},
		}, key)
	}
	checkError(t, exchange(a, nil), 400, "invalid_grant")
	checkError(t, exchange(a, other), 400, "invalid_grant")
	for name, got := range map[string]*reply{"its client": exchange(a, key), "its API": exchange(service, other)} {
		if got.Status != 200 || got.str("token_type") != "DPoP" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := exchange(service, nil); got.Status != 200 || got.str("token_type") != "Bearer" {
		t.Errorf("its API without a key: %d %s", got.Status, got.Body)
	}
}
