package oidc_test

import (
	"net/url"
	"testing"

	"latchkey/idp"
)

// The modules of the conformance suite's plan for FAPI 2.0 that did not pass at first.

// TestFapi2DpopNegativeTests: userinfo refuses proofs of every kind that is wrong, one
// with RS256 among them (FAPI 2.0 Security Profile 5.4.1).
func TestFapi2DpopNegativeTests(t *testing.T) {
	t.Parallel()
	v, a := fapi(t)
	key := esKey2()
	token := v.proved(a, "token", a.verified(v.pushedCode(a, nil)), key).str("access_token")
	rsa := rsKey().with("PS256")
	bound := v.proved(a, "token", a.verified(v.pushedCode(a, nil)), rsa).str("access_token")
	for name, test := range map[string]struct{ token, proof string }{
		"signed by RS256":       {bound, v.proof(rsKey(), "GET", "userinfo", claims{"ath": athOf(bound)})},
		"no ath":                {token, v.proof(key, "GET", "userinfo", nil)},
		"no iat":                {token, v.proof(key, "GET", "userinfo", claims{"ath": athOf(token), "iat": nil})},
		"no jti":                {token, v.proof(key, "GET", "userinfo", claims{"ath": athOf(token), "jti": nil})},
		"another method":        {token, v.proof(key, "POST", "userinfo", claims{"ath": athOf(token)})},
		"another URL":           {token, v.proof(key, "GET", "token", claims{"ath": athOf(token)})},
		"ath of another token":  {token, v.proof(key, "GET", "userinfo", claims{"ath": athOf(bound)})},
		"another key":           {token, v.proof(esKey(), "GET", "userinfo", claims{"ath": athOf(token)})},
		"typ JWT":               {token, key.sign(t, "JWT", toJSON(t, claims{"jti": "1", "htm": "GET", "htu": endpoint("userinfo"), "iat": v.unix(0), "ath": athOf(token)}), true)},
		"without any proof":     {token, ""},
		"with one that is none": {token, "none"},
	} {
		if got := v.shows("DPoP", test.token, test.proof); got.Status != 401 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := v.shows("DPoP", bound, v.proof(rsa, "GET", "userinfo", claims{"ath": athOf(bound)})); got.Status != 200 {
		t.Errorf("PS256: %d %s", got.Status, got.Body)
	}
}

// TestFapi2TestClaimsParameterIdentityClaims: a claim asked for by the claims parameter
// comes in the ID token, and none that FAPI does not know: sid is for who is told of
// logouts.
func TestFapi2TestClaimsParameterIdentityClaims(t *testing.T) {
	t.Parallel()
	v, a := fapi(t)
	asks := url.Values{"claims": {`{"id_token":{"given_name":{"essential":true}}}`}}
	said := v.claims(v.proved(a, "token", a.verified(v.pushedCode(a, asks)), esKey2()).str("id_token"))
	if said["given_name"] != "anna" || said["sid"] != nil {
		t.Errorf("%v", said)
	}
	v.change(a, func(c *idp.Client) { c.Logout.Back = "https://fapi.example/logout" })
	if said = v.claims(v.proved(a, "token", a.verified(v.pushedCode(a, nil)), esKey2()).str("id_token")); said["sid"] == nil {
		t.Errorf("who is told of logouts cannot tell of which: %v", said)
	}
}
