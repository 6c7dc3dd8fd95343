package oidc_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// fapi registers a client of the profile fapi2, and a visitor who has signed in.
func fapi(t testing.TB) (*visitor, *app) {
	t.Helper()
	v := newVisitor(t, options{})
	v.signIn(v.who)
	return v, v.keyed("fapi", func(c *idp.Client) { c.Profile = idp.ProfileFAPI })
}

// pushedCode gets a code by way of a pushed request.
func (v *visitor) pushedCode(a *app, change url.Values) string {
	v.t.Helper()
	pushed := v.push(a, challenged(change))
	got := v.follow(a, pushed.str("request_uri"))
	if got.code() == "" || got.Fields.Get("iss") != issuer() {
		v.t.Fatalf("%s: %d %v %+v", pushed.Body, got.Status, got.Fields, got.Page)
	}
	return got.code()
}

// verified is the form that redeems a code with its verifier.
func (a *app) verified(code string) url.Values {
	form := a.redemption(code)
	form.Set("code_verifier", verifier)
	return form
}

// TestFapi2HappyFlow: PAR, PKCE, private_key_jwt, DPoP, refresh without rotation.
func TestFapi2HappyFlow(t *testing.T) {
	v, a := fapi(t)
	key := esKey2()
	got := v.proved(a, "token", a.verified(v.pushedCode(a, nil)), key)
	if got.Status != 200 || got.str("token_type") != "DPoP" || headerOf(t, got.str("id_token"))["alg"] != "ES256" {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	token := got.str("access_token")
	if info := v.shows("DPoP", token, v.proof(key, "GET", "userinfo", claims{"ath": athOf(token)})); info.Status != 200 {
		t.Errorf("userinfo: %d %s", info.Status, info.Body)
	}
	form := url.Values{"grant_type": {idp.GrantRefresh}, "refresh_token": {got.str("refresh_token")}}
	for range 2 { // FAPI 2.0 Security Profile 5.3.2.1: no rotation
		if got := v.proved(a, "token", form, key); got.Status != 200 || got.str("refresh_token") != "" {
			t.Errorf("refresh: %d %s", got.Status, got.Body)
		}
	}
}

// TestFapi2Authorization: nothing but a pushed request is taken, and what the
// parameters beside it say does not count.
func TestFapi2Authorization(t *testing.T) {
	v, a := fapi(t)
	for name, change := range map[string]url.Values{
		"fapi2-ensure-unsigned-authorization-request-without-using-par-fails": challenged(nil),
		"by value":     one("request", v.object(a, esKey(), claims{"code_challenge": challengeOf(verifier), "code_challenge_method": "S256"})),
		"by reference": one("request_uri", "https://fapi.example/request"),
	} {
		got := v.authorize(a, change)
		if got.Fields.Get("error") != "invalid_request" || v.strays(got) != "" {
			t.Errorf("%s: %d %v", name, got.Status, got.Fields)
		}
	}
	uri := v.push(a, challenged(nil)).str("request_uri")
	got := v.do(v.request("/oauth2/v2.0/authorize?"+a.params(url.Values{"request_uri": {uri}, "state": {"outside"}, "redirect_uri": {"https://evil.example/"}}).Encode(), nil))
	if got.code() == "" || got.Fields.Get("state") != "some state" {
		t.Errorf("%d %v %+v", got.Status, got.Fields, got.Page)
	}
	again := v.follow(a, uri)
	if again.code() != "" || again.Page.Error.Code != "invalid_request_uri" { // fapi2-par-attempt-reuse-request_uri
		t.Errorf("again: %d %v %+v", again.Status, again.Fields, again.Page)
	}
}

// TestFapi2Pushed: what the PAR endpoint takes of such a client.
func TestFapi2Pushed(t *testing.T) {
	v, a := fapi(t)
	withPKCE := claims{"code_challenge": challengeOf(verifier), "code_challenge_method": "S256"}
	object := func(key *signing, change claims) url.Values {
		all := maps.Clone(withPKCE)
		maps.Copy(all, change)
		return bare("request", v.object(a, key, all))
	}
	for _, test := range []struct {
		name   string
		change url.Values
		code   string
	}{
		{"as it should be", challenged(nil), ""},
		{"fapi2-ensure-authorization-request-without-state-success", challenged(one("state", "")), ""},
		{"fapi2-par-ensure-pkce-required", nil, "invalid_request"},
		{"fapi2-par-ensure-plain-pkce-rejected", challenged(one("code_challenge_method", "plain")), "invalid_request"},
		{"fapi2-par-pkce-method-missing", challenged(one("code_challenge_method", "")), "invalid_request"},
		{"fapi2-par-reject-request_uri-in-par-authorization-request", challenged(one("request_uri", "urn:ietf:params:oauth:request_uri:ru_x")), "invalid_request"},
		{"no redirect URI", challenged(one("redirect_uri", "")), "invalid_request"},
		{"another redirect URI", challenged(one("redirect_uri", "https://fapi.example/callback/x")), "invalid_request"},
		{"implicit", challenged(one("response_type", "id_token")), "unauthorized_client"},
		{"hybrid", challenged(one("response_type", "code id_token")), "unauthorized_client"},
		{"signed with ES256", object(esKey(), nil), ""},
		{"signed with PS256", object(rsKey().with("PS256"), nil), ""},
		{"signed with EdDSA", object(edKey(), nil), ""},
		{"fapi2-ensure-signed-request-object-with-RS256-fails", object(rsKey(), nil), "invalid_request_object"},
		{"fapi2-ensure-request-object-without-exp-fails", object(esKey(), claims{"exp": nil}), "invalid_request_object"},
		{"fapi2-ensure-request-object-with-bad-aud-fails", object(esKey(), claims{"aud": "https://other.example"}), "invalid_request_object"},
		{"signed without aud", object(esKey(), claims{"aud": nil}), "invalid_request_object"},
	} {
		got := v.push(a, test.change)
		if got.str("error") != test.code || (test.code == "") != (got.Status == 201) {
			t.Errorf("%s: %d %s", test.name, got.Status, got.Body)
		}
	}
	change := object(esKey(), claims{"state": nil}) // fapi2-state-only-outside-request-object-not-used
	change.Set("state", "outside")
	if got := v.follow(a, v.push(a, change).str("request_uri")); got.code() == "" || got.Fields.Has("state") {
		t.Errorf("a state that is only outside the object: %v", got.Fields)
	}
}

// TestFapi2Token: PKCE and a proof of possession, and a code that lives for a minute.
func TestFapi2Token(t *testing.T) {
	v, a := fapi(t)
	key := esKey2()
	checkError(t, v.proved(a, "token", a.verified(v.pushedCode(a, nil)), nil), 400, "invalid_dpop_proof")
	checkError(t, v.proved(a, "token", a.redemption(v.pushedCode(a, nil)), key), 400, "invalid_grant") // no verifier
	wrong := a.verified(v.pushedCode(a, nil))
	wrong.Set("code_verifier", strings.Repeat("x", 43))
	checkError(t, v.proved(a, "token", wrong, key), 400, "invalid_grant")
	code := v.pushedCode(a, nil)
	v.advance(time.Minute)
	checkError(t, v.proved(a, "token", a.verified(code), key), 400, "invalid_grant")
	code = v.pushedCode(a, nil)
	if got := v.proved(a, "token", a.verified(code), key); got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	checkError(t, v.proved(a, "token", a.verified(code), key), 400, "invalid_grant")
	checkError(t, v.proved(a, "token", own, nil), 400, "invalid_dpop_proof")
}

// TestFapi2ClientAssertion: the audience is the issuer, as a text and alone, and the
// algorithm one of the profile's (FAPI 2.0 Security Profile 5.3.2.1, 5.4.1).
func TestFapi2ClientAssertion(t *testing.T) {
	v, a := fapi(t)
	for name, test := range map[string]struct {
		key    *signing
		change claims
		ok     bool
	}{
		"the issuer": {esKey(), nil, true},
		"PS256":      {rsKey().with("PS256"), nil, true},
		"EdDSA":      {edKey(), nil, true},
		"fapi2-ensure-signed-client-assertion-with-RS256-fails":                                  {rsKey(), nil, false},
		"fapi2-ensure-client-assertion-with-wrong-aud-fails":                                     {esKey(), claims{"aud": "https://other.example"}, false},
		"fapi2-par-endpoint-as-audience-fails":                                                   {esKey(), claims{"aud": endpoint("par")}, false},
		"the token endpoint":                                                                     {esKey(), claims{"aud": endpoint("token")}, false},
		"fapi2-par-endpoint-as-array-audience-fails":                                             {esKey(), claims{"aud": []string{issuer(), endpoint("par")}}, false},
		"a list of the issuer alone":                                                             {esKey(), claims{"aud": []string{issuer()}}, false},
		"fapi2-ensure-client-assertion-with-no-sub-fails":                                        {esKey(), claims{"sub": nil}, false},
		"fapi2-ensure-client-assertion-with-exp-is-5-minutes-in-past-fails":                      {esKey(), claims{"exp": v.unix(-5 * time.Minute)}, false},
		"fapi2-par-ensure-jwt-client-assertion-with-iat-nbf-8-seconds-in-the-future-is-accepted": {esKey(), claims{"iat": v.unix(8 * time.Second), "nbf": v.unix(8 * time.Second)}, true},
		"fapi2-par-ensure-jwt-client-assertion-with-iat-nbf-over-60-seconds-in-the-future-fails": {esKey(), claims{"iat": v.unix(61 * time.Second), "nbf": v.unix(61 * time.Second)}, false},
	} {
		got := v.asserting("par", a.params(challenged(nil)), v.assertion(a, test.key, test.change))
		if test.ok != (got.Status == http.StatusCreated) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if !test.ok {
			checkError(t, got, 401, "invalid_client")
		}
	}
}

// TestFapi2Registration: what such a client cannot be.
func TestFapi2Registration(t *testing.T) {
	w := newWorld(t, options{})
	good := func() idp.Client {
		return idp.Client{
			ClientID: "fapi", Name: "F", Profile: idp.ProfileFAPI, AuthMethod: idp.AuthKeyJWT, GrantTypes: []string{idp.GrantCode}, IDTokenAlg: "ES256",
			RedirectURIs: []string{"https://fapi.example/cb"}, Keys: idp.ClientKeys{Set: jwks(t, esKey())},
		}
	}
	for name, change := range map[string]func(*idp.Client){
		"a secret":           func(c *idp.Client) { c.AuthMethod = idp.AuthBasic },
		"a secret for JWTs":  func(c *idp.Client) { c.AuthMethod = idp.AuthSecretJWT },
		"public":             func(c *idp.Client) { c.AuthMethod = idp.AuthNone },
		"implicit":           func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantImplicit) },
		"hybrid":             func(c *idp.Client) { c.ResponseTypes = []string{"code", "code id_token"} },
		"RS256 ID tokens":    func(c *idp.Client) { c.IDTokenAlg = "" },
		"RS256 userinfo":     func(c *idp.Client) { c.UserInfoAlg = "RS256" },
		"RS256 requests":     func(c *idp.Client) { c.Request.Alg = "RS256" },
		"RS256 assertions":   func(c *idp.Client) { c.Keys.Alg = "RS256" },
		"http on localhost":  func(c *idp.Client) { c.RedirectURIs = []string{"http://localhost:8080/cb"} },
		"no profile of ours": func(c *idp.Client) { c.Profile = "fapi1" },
	} {
		c := good()
		c.ClientID = "other"
		change(&c)
		if _, _, err := w.admin.CreateClient(w.ctx(), operator, tenantID, c); idp.ErrorCode(err) != idp.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c, _, err := w.admin.CreateClient(w.ctx(), operator, tenantID, good()); err != nil || !c.FAPI() {
		t.Errorf("as it should be: %v", err)
	}
}

// TestFapi2OthersUnchanged: beside such a client others are as free as before.
func TestFapi2OthersUnchanged(t *testing.T) {
	v, _ := fapi(t)
	web, lax := v.apps["web"], v.keyed("lax", nil)
	if got := v.bound(web, nil); got.str("token_type") != "Bearer" {
		t.Errorf("%s", got.Body)
	}
	code := v.authorize(lax, nil).code()
	got := v.asserting("token", lax.redemption(code), v.assertion(lax, rsKey(), claims{"aud": []string{endpoint("token"), "https://x.example"}}))
	if got.Status != 200 || got.str("token_type") != "Bearer" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := v.authorize(lax, bare("request", v.object(lax, rsKey(), claims{"exp": nil, "aud": nil}))); got.code() == "" {
		t.Errorf("%d %v", got.Status, got.Fields)
	}
}
