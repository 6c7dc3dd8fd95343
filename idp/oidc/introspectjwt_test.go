package oidc_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"testing"

	"latchkey/idp"
)

const introspectionJWT = "application/token-introspection+jwt"

// signedIntrospection asks about a token and accepts what accept says.
func (w *world) signedIntrospection(a *app, token, accept string) *reply {
	r := w.request("/oauth2/v2.0/introspect", url.Values{"token": {token}})
	r.SetBasicAuth(a.ClientID, a.secret)
	r.Header.Set("Accept", accept)
	return w.do(r)
}

// TestIntrospectionJWT: who asks for it gets the same answer signed, for itself (RFC 9701
// 4, 5), and an answer about nothing is signed, too.
func TestIntrospectionJWT(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{rsa: true})
	es := v.relying("es")
	got := v.tokens(v.apps["web"], v.who, nil)
	for _, test := range []struct {
		asker  *app
		token  string
		alg    string
		active bool
	}{
		{v.apps["web"], got.str("access_token"), "RS256", true},
		{v.apps["web"], got.str("refresh_token"), "RS256", true},
		{v.apps["worker"], got.str("access_token"), "RS256", true},
		{v.apps["web"], "x", "RS256", false},
		{es, got.str("access_token"), "ES256", false},
	} {
		signed := v.signedIntrospection(test.asker, test.token, introspectionJWT)
		if signed.Status != 200 || signed.Header.Get("Content-Type") != introspectionJWT || signed.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%+v: %d %v", test, signed.Status, signed.Header)
			continue
		}
		claims := v.claims(string(signed.Body))
		if h := headerOf(t, string(signed.Body)); h["typ"] != "token-introspection+jwt" || h["alg"] != test.alg || h["kid"] == nil {
			t.Errorf("header %v", h)
		}
		if names := slices.Sorted(maps.Keys(claims)); !slices.Equal(names, []string{"aud", "iat", "iss", "token_introspection"}) { // neither sub nor exp, which others' tokens have
			t.Errorf("claims %v", names)
		}
		if claims["iss"] != baseURL+"/"+tenantID+"/v2.0" || claims["aud"] != test.asker.ClientID || claims["iat"] != float64(epoch.Unix()) {
			t.Errorf("%v", claims)
		}
		plain := v.introspect(test.asker, test.token)
		if !reflect.DeepEqual(claims["token_introspection"], any(plain.JSON)) || plain.JSON["active"] != test.active {
			t.Errorf("signed %v, plain %s", claims["token_introspection"], plain.Body)
		}
	}
	token := string(v.signedIntrospection(v.apps["web"], got.str("access_token"), introspectionJWT).Body)
	if v.userinfo(token).Status != 401 || v.introspect(v.apps["worker"], token).JSON["active"] != false || v.logout(one("id_token_hint", token)).Page.Page != "refused" {
		t.Error("it passes for another token")
	}
}

// TestIntrospectionAccept: JSON for who does not ask for a JWT, and for what went wrong.
func TestIntrospectionAccept(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	web := v.apps["web"]
	token := v.tokens(web, v.who, nil).str("access_token")
	for accept, want := range map[string]string{
		"": "application/json", "*/*": "application/json", "application/json": "application/json", "application/jwt": "application/json",
		introspectionJWT: introspectionJWT, "application/json;q=0.1, " + introspectionJWT: introspectionJWT,
	} {
		if got := v.signedIntrospection(web, token, accept); got.Status != 200 || got.Header.Get("Content-Type") != want {
			t.Errorf("%q: %d %v", accept, got.Status, got.Header)
		}
	}
	checkError(t, v.signedIntrospection(web, "", introspectionJWT), 400, "invalid_request")
	stranger := *web
	stranger.secret = "wrong"
	checkError(t, v.signedIntrospection(&stranger, token, introspectionJWT), 401, "invalid_client")
}

// TestOidccUserinfoRs256: an app that is registered for it gets userinfo signed, for
// itself and with no nonce (OIDC Core 5.3.2).
func TestOidccUserinfoRs256(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{rsa: true})
	for _, alg := range idp.IDTokenAlgs {
		a := v.relying("info-"+alg, func(c *idp.Client) { c.UserInfoAlg = alg })
		got := v.tokens(a, v.who, one("scope", "openid profile email"))
		info := v.userinfo(got.str("access_token"))
		if info.Status != 200 || info.Header.Get("Content-Type") != "application/jwt" || info.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", alg, info.Status, info.Header)
			continue
		}
		claims := v.claims(string(info.Body))
		if h := headerOf(t, string(info.Body)); h["alg"] != alg || h["kid"] == nil || h["typ"] == "JWT" || h["typ"] == "at+jwt" {
			t.Errorf("%s: header %v", alg, h)
		}
		plain := v.userinfo(v.tokens(v.apps["web"], v.who, one("scope", "openid profile email")).str("access_token")).JSON
		plain["iss"], plain["aud"] = baseURL+"/"+tenantID+"/v2.0", a.ClientID
		if !reflect.DeepEqual(claims, plain) {
			t.Errorf("%s: %v\nwant %v", alg, claims, plain)
		}
		if again := v.logout(one("id_token_hint", string(info.Body))); again.Page.Page != "refused" || v.userinfo(string(info.Body)).Status != 401 {
			t.Errorf("%s: it passes for another token", alg)
		}
		refused := v.userinfo("x")
		if !json.Valid(refused.Body) || refused.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: an error: %v %s", alg, refused.Header, refused.Body)
		}
	}
}
