package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"latchkey/idp"
)

// swept keeps what inputs leave in the store from slowing those that follow.
func (w *world) swept(n *int) {
	if *n++; *n%200 == 0 {
		w.advance(2 * time.Hour)
		w.tidy()
	}
}

// FuzzRequestObject: whatever a client signs, the answer never leads to an address
// that it has not registered, is no fault of ours, and for a client that must sign
// holds nothing that stands outside.
func FuzzRequestObject(f *testing.F) {
	v, lax := insider(f, nil)
	strict := v.keyed("strict", func(c *idp.Client) { c.Request.Signed = true })
	for _, change := range []claims{
		nil, {"redirect_uri": "https://evil.example/"}, {"max_age": 1e300}, {"claims": claims{"id_token": claims{"acr": nil}}}, {"resource": []string{"a", "b"}},
		{"exp": nil, "aud": nil}, {"request": "x"}, {"response_mode": "form_post"}, {"state": true}, {"prompt": "login"}, {"iss": 1}, {"aud": []int{1}}, {"nbf": -1},
	} {
		f.Add(toJSON(f, v.inside(strict, change)))
	}
	for _, payload := range []string{"null", "[]", "{}", `{"redirect_uri":["https://evil.example/"]}`, `{"a":1,"a":2}`, strings.Repeat("[", 500), "\xff", `{"exp":1e999}`} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		v.t = t
		for _, a := range []*app{lax, strict} {
			change := bare("request", signRaw(t, esKey().ec(), `{"alg":"ES256","kid":"es"}`, payload))
			change.Set("redirect_uri", a.redirect())
			change.Set("nonce", "outside")
			got := v.clone().authorize(a, change)
			if to := v.strays(got); to != "" || got.Status >= 500 {
				t.Errorf("%d, leads to %q", got.Status, to)
			}
			if got.code() == "" || a != strict {
				continue
			}
			tokens := v.do(v.ask(a, "token", a.redemption(got.code())))
			if token := tokens.str("id_token"); token != "" && v.claims(token)["nonce"] == "outside" && !strings.Contains(payload, "outside") {
				t.Errorf("%q: what is outside counted", payload)
			}
		}
	})
}

// FuzzClientAssertion: whatever the header and the claims are, a stranger's signature
// proves nothing, and every refusal is a proper one.
func FuzzClientAssertion(f *testing.F) {
	w := newWorld(f, options{})
	w.keyed("keyed", nil)
	theirs := strangerKey()
	n := 0
	for _, change := range []claims{nil, {"aud": []string{issuer()}}, {"aud": []int{1}}, {"exp": 1e300}, {"iss": nil}, {"jti": strings.Repeat("x", 400)}} {
		c := claims{"iss": "keyed", "sub": "keyed", "aud": issuer(), "jti": "x", "exp": w.unix(time.Minute)}
		f.Add(`{"alg":"ES256","kid":"es"}`, toJSON(f, c.but(change)), "keyed")
	}
	f.Add(`{"alg":"none"}`, `{"iss":"keyed"}`, "")
	f.Add(`{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}`, "null", "web")
	f.Add(`{"alg":"ES256","crit":["b64"],"b64":false}`, "[]", "native")
	f.Fuzz(func(t *testing.T, header, payload, id string) {
		w.t = t
		w.swept(&n)
		for believed, key := range map[bool]*signing{true: esKey(), false: {"", "ES256", theirs}} {
			form := url.Values{"grant_type": {idp.GrantClient}, "client_id": {id}}
			got := w.asserting("token", form, signRaw(t, key.ec(), header, payload))
			switch {
			case got.Status == 200 && believed && (id == "keyed" || id == ""):
			case got.Status != 400 && got.Status != 401:
				t.Errorf("%d %s", got.Status, got.Body)
			default:
				checkError(t, got, got.Status, got.str("error"))
			}
		}
	})
}

// FuzzDPoPProof: whatever a proof is, what holds binds the token to a key, and what
// does not is refused as the standard says.
func FuzzDPoPProof(f *testing.F) {
	w := newWorld(f, options{})
	worker, key := w.apps["worker"], esKey()
	n := 0
	jwk := toJSON(f, key.public())
	for _, header := range []string{
		`{"alg":"ES256","typ":"dpop+jwt","jwk":` + jwk + `}`, `{"alg":"ES256","typ":"dpop+jwt","jwk":null}`, `{"alg":"ES256","typ":"dpop+jwt","jwk":{"kty":"EC"}}`,
		`{"alg":"EdDSA","typ":"dpop+jwt","jwk":{"kty":"OKP","crv":"Ed25519","x":"AA"}}`, `{"alg":"RS256","typ":"dpop+jwt","jwk":{"kty":"RSA","n":"AA","e":"AQAB"}}`,
		`{"alg":"HS256","typ":"dpop+jwt","jwk":{"kty":"oct","k":"AA"}}`, toJSON(f, private(key)), `{"alg":"ES256","typ":["dpop+jwt"]}`, "",
	} {
		f.Add(header, toJSON(f, claims{"jti": "x", "htm": "POST", "htu": endpoint("token"), "iat": w.unix(0)}), "")
		f.Add(header, `{"jti":"x","htm":"POST","htu":"://","iat":1e300}`, "x.y.z")
	}
	f.Fuzz(func(t *testing.T, header, payload, whole string) {
		w.t = t
		w.swept(&n)
		for _, proof := range []string{signRaw(t, key.ec(), header, payload), whole} {
			r := w.ask(worker, "token", own)
			r.Header["Dpop"] = []string{proof}
			got := w.do(r)
			if got.Status == 200 && got.str("token_type") == "DPoP" && proof != whole {
				continue
			}
			checkError(t, got, 400, "invalid_dpop_proof")
		}
	})
}

// FuzzPushed: whatever is pushed, what it stands for leads to a registered address,
// and every refusal is a proper one.
func FuzzPushed(f *testing.F) {
	v, a := insider(f, nil)
	n := 0
	for _, change := range []url.Values{
		nil, one("redirect_uri", "https://evil.example/"), one("request", v.object(a, esKey(), nil)), one("request_uri", "urn:ietf:params:oauth:request_uri:ru_x"),
		{"resource": {"a", "b"}}, one("dpop_jkt", esKey().thumb(f)), challenged(nil), one("response_mode", "form_post"), one("state", "\x00"), one("claims", "{"),
	} {
		f.Add(a.params(change).Encode(), "")
	}
	f.Add("client_id=signer&response_type=code&scope=openid&&;%", "x.y.z")
	f.Fuzz(func(t *testing.T, body, proof string) {
		v.t = t
		v.swept(&n)
		form, _ := url.ParseQuery(body)
		form = asserted(form, v.assertion(a, esKey(), nil))
		r := raw("POST", endpoint("par"), form.Encode())
		r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		if proof != "" {
			r.Header["Dpop"] = []string{proof}
		}
		got := v.world.do(r)
		if got.Status != http.StatusCreated {
			if got.Status != 400 && got.Status != 401 && got.Status != 413 {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			if got.Status != 413 {
				checkError(t, got, got.Status, got.str("error"))
			}
			return
		}
		opened := v.clone().follow(a, got.str("request_uri"))
		if to := v.strays(opened); to != "" || opened.Status >= 500 || opened.Page.Page == "refused" {
			t.Errorf("%d, leads to %q: %+v", opened.Status, to, opened.Page)
		}
	})
}

// FuzzRegistration: whatever a client says of itself, what is registered is valid and
// nothing of it makes us call anybody.
func FuzzRegistration(f *testing.F) {
	w := newWorld(f, options{})
	s := w.site()
	w.calls = nil
	w.start()
	w.registration(idp.RegistrationToken)
	token := w.initial(idp.MaxInitialUses, idp.MaxInitialLifetime)
	n := 0
	for _, change := range []map[string]any{
		nil, {"jwks": 7}, {"jwks_uri": s.URL}, {"redirect_uris": []string{"javascript:x", "a.b:/c"}}, {"response_types": []string{"token id_token", " "}}, {"default_max_age": -1},
		{"grant_types": []string{}}, {"subject_type": "pairwise"}, {"contacts": []string{"\x00"}}, {"client_name": "\u202e"}, {"request_uris": []string{"https://a.example/#"}},
	} {
		f.Add(metadataOf(f, change))
	}
	for _, body := range []string{"", "{", "null", "[]", `{"redirect_uris":null}`, `{"redirect_uris":["https://a.example/"]}x`, "\xff", strings.Repeat("[", 1000)} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w.t = t
		w.swept(&n)
		r := raw("POST", endpoint("register"), body)
		r.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}}
		got := w.do(r)
		if got.Status != http.StatusCreated {
			if got.Status == 413 {
				return
			}
			checkError(t, got, 400, got.str("error"))
			if !slices.Contains([]string{"invalid_client_metadata", "invalid_redirect_uri"}, got.str("error")) {
				t.Errorf("%s", got.Body)
			}
			return
		}
		id, access := got.str("client_id"), got.str("registration_access_token")
		if err := w.joined(id, "").Validate(); err != nil {
			t.Errorf("%q: %v", body, err)
		}
		again := w.do(registering("GET", "/"+id, "", access))
		gone := w.do(registering("DELETE", "/"+id, "", access))
		if again.Status != 200 || gone.Status != 204 {
			t.Errorf("%q: %d, then %d", body, again.Status, gone.Status)
		}
		delete(w.apps, id)
	})
}

// FuzzClientKeys: whatever a key set is, it never vouches for a stranger, and what it
// makes of a client is a refusal or a token.
func FuzzClientKeys(f *testing.F) {
	w := newWorld(f, options{})
	a := w.keyed("keyed", nil)
	theirs := &signing{"es", "ES256", strangerKey()}
	n := 0
	for _, set := range []string{
		jwks(f, allKeys()...), toJSON(f, private(esKey())), `{"keys":[]}`, `{"keys":null}`, "{", "null", `{"keys":[{"kty":"RSA","n":"","e":""}]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`, `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`, `{"keys":[{"kty":"oct","k":"AA"}]}`, manyKeys(f, 99, esKey()), manyKeys(f, 100, esKey()),
	} {
		f.Add(set)
	}
	f.Fuzz(func(t *testing.T, set string) {
		w.t = t
		w.swept(&n)
		if strings.ContainsRune(set, 0) || !utf8.ValidString(set) {
			return // no such text is ever stored
		}
		w.change(a, func(c *idp.Client) { c.Keys.Set = set })
		if got := w.asks(a, theirs); got != 401 {
			t.Errorf("a stranger gets %d", got)
		}
		if got := w.asks(a, esKey()); got != 401 && got != 200 {
			t.Errorf("its client gets %d", got)
		}
	})
}
