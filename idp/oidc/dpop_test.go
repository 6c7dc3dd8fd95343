package oidc_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// bound gets tokens for the app that are bound to the key; nil binds to none.
func (v *visitor) bound(a *app, key *signing) *reply {
	v.t.Helper()
	form := a.redemption(v.code(a, v.who, nil))
	if a.Public() {
		form.Set("code_verifier", verifier)
	}
	got := v.proved(a, "token", form, key)
	if got.Status != 200 {
		v.t.Fatalf("no tokens: %d %s", got.Status, got.Body)
	}
	return got
}

// athOf is the hash of an access token, as proofs have it.
func athOf(token string) string { return challengeOf(token) }

// shows sends an access token to userinfo under a scheme, with a DPoP proof unless
// that is "".
func (w *world) shows(scheme, token, proof string) *reply {
	r := w.request("/oauth2/v2.0/userinfo", nil)
	r.Header.Set("Authorization", scheme+" "+token)
	if proof != "" {
		r.Header.Set("DPoP", proof)
	}
	return w.do(r)
}

// TestDPoP: a token is bound to the key of its proof, whatever kind that is, and
// good for who shows another proof of it.
func TestDPoP(t *testing.T) {
	v := newVisitor(t, options{})
	for _, id := range []string{"web", "native"} {
		for _, key := range allKeys()[1:] { // not RS256 (FAPI 2.0 Security Profile 5.4.1)
			got := v.bound(v.apps[id], key)
			token := got.str("access_token")
			if got.str("token_type") != "DPoP" {
				t.Errorf("%s, %s: %s", id, key.alg, got.Body)
			}
			info := v.shows("DPoP", token, v.proof(key, "GET", "userinfo", claims{"ath": athOf(token)}))
			if info.Status != 200 || info.str("sub") != v.users["anna"].UserID {
				t.Errorf("%s, %s: userinfo %d %s", id, key.alg, info.Status, info.Body)
			}
			told := v.introspect(v.apps["worker"], token)
			cnf, _ := told.JSON["cnf"].(map[string]any)
			if told.str("token_type") != "DPoP" || cnf["jkt"] != key.thumb(t) || len(cnf) != 1 {
				t.Errorf("%s, %s: introspection %s", id, key.alg, told.Body)
			}
		}
	}
	plain := v.bound(v.apps["web"], nil)
	if told := v.introspect(v.apps["worker"], plain.str("access_token")); plain.str("token_type") != "Bearer" || told.str("token_type") != "Bearer" || told.JSON["cnf"] != nil {
		t.Errorf("without a proof: %s %s", plain.Body, told.Body)
	}
}

// TestDPoPGrants: every grant type binds, and a JWT says so itself (RFC 9449 6.1).
func TestDPoPGrants(t *testing.T) {
	v := newVisitor(t, options{})
	v.jwtAPI("https://api.example", "", "read")
	a, key := v.keyed("keyed", func(c *idp.Client) { c.Permissions = []string{"https://api.example/read"} }), esKey2()
	device := v.do(v.ask(a, "devicecode", one("scope", "openid")))
	v.approve(device.str("user_code"), v.who)
	for name, form := range map[string]url.Values{
		"client credentials": own, "device": {"grant_type": {idp.GrantDevice}, "device_code": {device.str("device_code")}},
		"client credentials, a JWT": {"grant_type": {idp.GrantClient}, "resource": {"https://api.example"}, "scope": {"read"}},
	} {
		got := v.proved(a, "token", form, key)
		if got.Status != 200 || got.str("token_type") != "DPoP" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
			continue
		}
		told := v.introspect(v.apps["worker"], got.str("access_token"))
		if cnf, _ := told.JSON["cnf"].(map[string]any); cnf["jkt"] != key.thumb(t) {
			t.Errorf("%s: %s", name, told.Body)
		}
		if strings.Count(got.str("access_token"), ".") == 2 {
			if cnf, _ := v.world.claims(got.str("access_token"))["cnf"].(map[string]any); cnf["jkt"] != key.thumb(t) {
				t.Errorf("%s: %v", name, cnf)
			}
		}
	}
}

// TestDPoPUse: a bound token is worth nothing without its key, and an unbound one
// does not become bound by a proof (RFC 9449 7).
func TestDPoPUse(t *testing.T) {
	v := newVisitor(t, options{})
	key, other := esKey(), esKey2()
	bound, plain := v.bound(v.apps["web"], key).str("access_token"), v.bound(v.apps["web"], nil).str("access_token")
	proof := func(key *signing, change claims) string {
		return v.proof(key, "GET", "userinfo", claims{"ath": athOf(bound)}.but(change))
	}
	for name, test := range map[string]struct {
		scheme, token, proof string
		status               int
		code                 string
	}{
		"as it should be":             {"DPoP", bound, proof(key, nil), 200, ""},
		"scheme in capitals":          {"DPOP", bound, proof(key, nil), 200, ""},
		"unbound, as it should be":    {"Bearer", plain, "", 200, ""},
		"as Bearer":                   {"Bearer", bound, "", 401, "invalid_token"},
		"as Bearer with a proof":      {"Bearer", bound, proof(key, nil), 401, "invalid_token"},
		"no proof":                    {"DPoP", bound, "", 401, "invalid_dpop_proof"},
		"another key":                 {"DPoP", bound, proof(other, nil), 401, "invalid_dpop_proof"},
		"no ath":                      {"DPoP", bound, proof(key, claims{"ath": nil}), 401, "invalid_dpop_proof"},
		"ath of another token":        {"DPoP", bound, proof(key, claims{"ath": athOf(plain)}), 401, "invalid_dpop_proof"},
		"another method":              {"DPoP", bound, proof(key, claims{"htm": "POST"}), 401, "invalid_dpop_proof"},
		"another endpoint":            {"DPoP", bound, proof(key, claims{"htu": endpoint("token")}), 401, "invalid_dpop_proof"},
		"a proof that is none":        {"DPoP", bound, "x", 401, "invalid_dpop_proof"},
		"unbound, as DPoP":            {"DPoP", plain, proof(key, claims{"ath": athOf(plain)}), 401, "invalid_token"},
		"unbound, as DPoP, unproved":  {"DPoP", plain, "", 401, "invalid_token"},
		"no token of ours":            {"DPoP", "x", proof(key, claims{"ath": athOf("x")}), 401, "invalid_token"},
		"a token changed by a letter": {"DPoP", altered(bound), proof(key, claims{"ath": athOf(altered(bound))}), 401, "invalid_token"},
	} {
		got := v.shows(test.scheme, test.token, test.proof)
		told := got.Header.Get("WWW-Authenticate")
		if got.Status != test.status || (test.code != "") != strings.Contains(told, `error="`+test.code+`"`) {
			t.Errorf("%s: %d %q %s", name, got.Status, told, got.Body)
		}
		if test.code != "" && test.scheme == "DPoP" && !strings.HasPrefix(told, `DPoP algs="ES256 PS256 EdDSA"`) { // RFC 9449 7.1
			t.Errorf("%s: %q", name, told)
		}
	}
	r := v.request("/oauth2/v2.0/userinfo", one("access_token", bound))
	r.Header.Set("DPoP", v.proof(key, "POST", "userinfo", claims{"ath": athOf(bound)}))
	if got := v.do(r); got.Status != 401 {
		t.Errorf("in a form: %d %s", got.Status, got.Body)
	}
}

// TestDPoPProof: what a proof must be (RFC 9449 4.2, 4.3), at the token endpoint.
func TestDPoPProof(t *testing.T) {
	w := newWorld(t, options{})
	worker, key := w.apps["worker"], esKey()
	change := func(c claims) string { return w.proof(key, "POST", "token", c) }
	said := func(c claims) string {
		return toJSON(t, claims{"jti": idp.NewID(), "htm": "POST", "htu": endpoint("token"), "iat": w.unix(0)}.but(c))
	}
	head := func(h map[string]any) string {
		return signRaw(t, key.ec(), toJSON(t, claims{"alg": "ES256", "typ": "dpop+jwt", "jwk": key.public()}.but(h)), said(nil))
	}
	full := private(key).(map[string]any)["keys"].([]any)[0]
	for name, test := range map[string]struct {
		proof string
		ok    bool
	}{
		"as it should be":                {change(nil), true},
		"fapi2: iat 8 seconds ahead":     {change(claims{"iat": w.unix(8 * time.Second)}), true},
		"fapi2: iat 10 seconds ago":      {change(claims{"iat": w.unix(-10 * time.Second)}), true},
		"a minute ago":                   {change(claims{"iat": w.unix(-time.Minute)}), true},
		"iat with a fraction":            {change(claims{"iat": float64(w.unix(0)) + .25}), true},
		"URL with a query":               {change(claims{"htu": endpoint("token") + "?a=b#c"}), true},
		"host in capitals":               {change(claims{"htu": strings.Replace(endpoint("token"), "id.example", "ID.Example", 1)}), true},
		"the port of https":              {change(claims{"htu": strings.Replace(endpoint("token"), "id.example", "id.example:443", 1)}), true},
		"claims nobody knows":            {change(claims{"nonce": "x", "ath": "x", "extra": 1}), true},
		"typ with its prefix":            {head(claims{"typ": "application/dpop+jwt"}), true},
		"no iat":                         {change(claims{"iat": nil}), false},
		"iat in words":                   {change(claims{"iat": "now"}), false},
		"iat beyond all time":            {change(claims{"iat": 1e300}), false},
		"iat before all time":            {change(claims{"iat": -1e300}), false},
		"61 seconds ago":                 {change(claims{"iat": w.unix(-61 * time.Second)}), false},
		"11 seconds ahead":               {change(claims{"iat": w.unix(11 * time.Second)}), false},
		"no jti":                         {change(claims{"jti": nil}), false},
		"a jti of 301":                   {change(claims{"jti": strings.Repeat("x", 301)}), false},
		"another method":                 {change(claims{"htm": "GET"}), false},
		"method in lower case":           {change(claims{"htm": "post"}), false},
		"no method":                      {change(claims{"htm": nil}), false},
		"another endpoint":               {change(claims{"htu": endpoint("par")}), false},
		"another tenant":                 {change(claims{"htu": strings.Replace(endpoint("token"), tenantID, twinID, 1)}), false},
		"http":                           {change(claims{"htu": strings.Replace(endpoint("token"), "https", "http", 1)}), false},
		"another port":                   {change(claims{"htu": strings.Replace(endpoint("token"), "id.example", "id.example:444", 1)}), false},
		"a user before the host":         {change(claims{"htu": strings.Replace(endpoint("token"), "id.example", "a@id.example", 1)}), false},
		"a path alone":                   {change(claims{"htu": "/" + tenantID + "/oauth2/v2.0/token"}), false},
		"a URL with dots":                {change(claims{"htu": endpoint("x/../token")}), false},
		"no URL":                         {change(claims{"htu": nil}), false},
		"signed by another key":          {signRaw(t, esKey2().ec(), toJSON(t, claims{"alg": "ES256", "typ": "dpop+jwt", "jwk": key.public()}), said(nil)), false},
		"no typ":                         {head(claims{"typ": nil}), false},
		"typ JWT":                        {head(claims{"typ": "JWT"}), false},
		"no jwk":                         {head(claims{"jwk": nil}), false},
		"a kid instead":                  {head(claims{"jwk": nil, "kid": "es"}), false},
		"jwk null":                       {signRaw(t, key.ec(), `{"alg":"ES256","typ":"dpop+jwt","jwk":null}`, said(nil)), false},
		"a private jwk":                  {head(claims{"jwk": full}), false},
		"a symmetric jwk":                {mac(`{"alg":"HS256","typ":"dpop+jwt","jwk":{"kty":"oct","k":"c2VjcmV0"}}`, said(nil), []byte("secret")), false},
		"a symmetric jwk under ES256":    {head(claims{"jwk": map[string]any{"kty": "oct", "k": "c2VjcmV0"}}), false},
		"HS256 with the public key":      {mac(toJSON(t, claims{"alg": "HS256", "typ": "dpop+jwt", "jwk": key.public()}), said(nil), []byte(toJSON(t, key.public()))), false},
		"unsigned":                       {unsigned(change(nil)), false},
		"a point off the curve":          {head(claims{"jwk": map[string]any{"kty": "EC", "crv": "P-256", "x": b64.EncodeToString(make([]byte, 32)), "y": b64.EncodeToString(make([]byte, 32))}}), false},
		"RSA of 1,024 bits":              {smallRSA().sign(t, "dpop+jwt", said(nil), true), false},
		"another curve":                  {p384().sign(t, "dpop+jwt", said(nil), true), false},
		"an unknown crit":                {head(claims{"crit": []string{"x"}, "x": 1}), false},
		"a claim twice":                  {signRaw(t, key.ec(), toJSON(t, claims{"alg": "ES256", "typ": "dpop+jwt", "jwk": key.public()}), `{"htm":"GET",`+said(nil)[1:]), false},
		"an empty header":                {"", false},
		"no JWT":                         {"x.y.z", false},
		"20 KB":                          {change(claims{"extra": strings.Repeat("x", 20_000)}), false},
		"two proofs in one, by a comma ": {change(nil) + ", " + change(nil), false},
	} {
		r := w.ask(worker, "token", own)
		r.Header["Dpop"] = []string{test.proof}
		before := w.store.Commits()
		got := w.do(r)
		if test.ok != (got.Status == 200) || test.ok && got.str("token_type") != "DPoP" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if !test.ok {
			if checkError(t, got, 400, "invalid_dpop_proof"); w.store.Commits() > before {
				t.Errorf("%s: something was stored", name)
			}
		}
	}
	r := w.ask(worker, "token", own)
	r.Header["Dpop"] = []string{change(nil), change(nil)}
	checkError(t, w.do(r), 400, "invalid_dpop_proof")
}

// TestDPoPReplay: each proof counts once, for as long as it could count at all.
func TestDPoPReplay(t *testing.T) {
	v := newVisitor(t, options{})
	worker, key := v.apps["worker"], esKey()
	send := func(proof string) *reply {
		r := v.ask(worker, "token", own)
		r.Header.Set("DPoP", proof)
		return v.do(r)
	}
	proof := v.proof(key, "POST", "token", claims{"jti": "same", "iat": v.unix(10 * time.Second)})
	if got := send(proof); got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	checkError(t, send(v.proof(key, "POST", "token", claims{"jti": "same"})), 400, "invalid_dpop_proof")
	if got := send(v.proof(esKey2(), "POST", "token", claims{"jti": "same"})); got.Status != 200 {
		t.Errorf("another key with the same jti: %d %s", got.Status, got.Body)
	}
	for range 9 { // swept away no sooner than it is too old
		v.advance(10 * time.Second)
		v.must2(v.store.Sweep(v.ctx(), tenantID, v.clock.Now(), 1000))
		checkError(t, send(proof), 400, "invalid_dpop_proof")
	}
	token := v.bound(v.apps["web"], key).str("access_token")
	shown := v.proof(key, "GET", "userinfo", claims{"ath": athOf(token)})
	if got := v.shows("DPoP", token, shown); got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	got := v.shows("DPoP", token, shown)
	if got.Status != http.StatusUnauthorized || !strings.Contains(got.Header.Get("WWW-Authenticate"), `error="invalid_dpop_proof"`) {
		t.Errorf("at userinfo: %d %q %s", got.Status, got.Header.Get("WWW-Authenticate"), got.Body)
	}
}

// TestParallelDPoP: of parallel uses of one proof exactly one counts.
func TestParallelDPoP(t *testing.T) {
	for _, bolt := range []bool{false, true} {
		v := newVisitor(t, options{bolt: bolt})
		worker, key := v.apps["worker"], esKey()
		proof := v.proof(key, "POST", "token", nil)
		told := rush(40, func(int) string {
			r := v.ask(worker, "token", own)
			r.Header.Set("DPoP", proof)
			return gist(v.world.do(r))
		})
		if want := (map[string]int{"tokens": 1, "400 invalid_dpop_proof": 39}); !maps.Equal(told, want) {
			t.Errorf("token: %v", told)
		}
		token := v.bound(v.apps["web"], key).str("access_token")
		proof = v.proof(key, "GET", "userinfo", claims{"ath": athOf(token)})
		told = rush(40, func(int) string {
			got := v.shows("DPoP", token, proof)
			return fmt.Sprint(got.Status == 200, got.str("error"))
		})
		if want := (map[string]int{"true": 1, "falseinvalid_dpop_proof": 39}); !maps.Equal(told, want) {
			t.Errorf("userinfo: %v", told)
		}
	}
}
