package oidc_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// own is a request of a client for a token of its own.
var own = url.Values{"grant_type": {idp.GrantClient}}

// asserting sends a form with an assertion and nothing else of the client.
func (w *world) asserting(name string, form url.Values, assertion string) *reply {
	return w.do(w.request("/oauth2/v2.0/"+name, asserted(maps.Clone(form), assertion)))
}

// secretJWT registers a client of client_secret_jwt.
func (w *world) secretJWT() *app {
	w.t.Helper()
	return w.keyed("hmac", func(c *idp.Client) { c.AuthMethod, c.Keys = idp.AuthSecretJWT, idp.ClientKeys{} })
}

// TestPrivateKeyJWT: with every algorithm of ours, at every endpoint.
func TestPrivateKeyJWT(t *testing.T) {
	w := newWorld(t, options{})
	a := w.keyed("keyed", nil)
	for _, key := range allKeys() {
		for name, form := range map[string]url.Values{
			"token": own, "par": a.params(nil), "introspect": {"token": {"x"}}, "revoke": {"token": {"x"}}, "devicecode": {"scope": {"openid"}},
		} {
			if got := w.asserting(name, form, w.assertion(a, key, nil)); got.Status != 200 && got.Status != 201 {
				t.Errorf("%s, %s: %d %s", key.alg, name, got.Status, got.Body)
			}
		}
	}
}

// hmacOf signs an assertion with a secret.
func (w *world) hmacOf(a *app, alg, secret string, change claims) string {
	w.t.Helper()
	key := &signing{"", "ES256", strangerKey()}
	_, rest, _ := strings.Cut(w.assertion(a, key, change), ".")
	payload, _, _ := strings.Cut(rest, ".")
	return macWith(alg, payload, []byte(secret))
}

// TestClientSecretJWT: with every algorithm of idp.SecretAlgs, by the secret alone.
func TestClientSecretJWT(t *testing.T) {
	w := newWorld(t, options{})
	a := w.secretJWT()
	for _, alg := range idp.SecretAlgs {
		if got := w.asserting("token", own, w.hmacOf(a, alg, a.secret, nil)); got.Status != 200 {
			t.Errorf("%s: %d %s", alg, got.Status, got.Body)
		}
		checkError(t, w.asserting("token", own, w.hmacOf(a, alg, a.secret+"x", nil)), 401, "invalid_client")
		checkError(t, w.asserting("token", own, w.hmacOf(a, alg, "", nil)), 401, "invalid_client")
		checkError(t, w.asserting("token", own, w.hmacOf(a, alg, a.SecretHash, nil)), 401, "invalid_client")
	}
	checkError(t, w.asserting("token", own, w.assertion(a, esKey(), nil)), 401, "invalid_client")
	_, secret, err := w.admin.NewClientSecret(w.ctx(), operator, tenantID, "hmac")
	w.must(err)
	checkError(t, w.asserting("token", own, w.hmacOf(a, "HS256", a.secret, nil)), 401, "invalid_client")
	if got := w.asserting("token", own, w.hmacOf(a, "HS256", secret, nil)); got.Status != 200 {
		t.Errorf("the new secret: %d %s", got.Status, got.Body)
	}
	w.change(a, func(c *idp.Client) { c.SecretHash = idp.HashToken(idp.ClientSecret, a.secret) })
	form := maps.Clone(own)
	form.Set("client_id", "hmac")
	form.Set("client_secret", a.secret)
	checkError(t, w.do(w.request("/oauth2/v2.0/token", form)), 401, "invalid_client") // the secret itself is not for sending
}

// TestOidccEnsureClientAssertionWithIssAudSucceeds: the issuer is the audience, or,
// as older specifications had it, one of our URLs.
func TestOidccEnsureClientAssertionWithIssAudSucceeds(t *testing.T) {
	w := newWorld(t, options{})
	a := w.keyed("keyed", nil)
	for name, change := range map[string]claims{
		"the issuer":               {"aud": issuer()},
		"a list of the issuer":     {"aud": []string{issuer()}},
		"a list with another":      {"aud": []string{"https://other.example", issuer()}},
		"the token endpoint":       {"aud": endpoint("token")},
		"the PAR endpoint":         {"aud": endpoint("par")},
		"8 seconds ahead":          {"iat": w.unix(8 * time.Second), "nbf": w.unix(8 * time.Second)},
		"9 seconds late":           {"exp": w.unix(-9 * time.Second)},
		"an hour long":             {"exp": w.unix(time.Hour)},
		"without iat":              {"iat": nil},
		"times with a fraction":    {"exp": float64(w.unix(time.Minute)) + .5},
		"claims nobody knows":      {"extra": []any{claims{"a": 1}}},
		"a jti of 300 characters":  {"jti": strings.Repeat("x", 300)},
		"another with spaces in":   {"jti": "a b\u00e9"},
		"issued long before today": {"iat": 1},
	} {
		if got := w.asserting("token", own, w.assertion(a, esKey(), change)); got.Status != 200 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

// TestAssertionRefused: what does not hold is like any other wrong secret.
func TestAssertionRefused(t *testing.T) {
	w := newWorld(t, options{})
	a := w.keyed("keyed", func(c *idp.Client) { c.Keys.Alg = "ES256" })
	w.keyed("other", nil)
	hmac := w.secretJWT()
	long := w.assertion(a, esKey(), claims{"jti": strings.Repeat("x", 301)})
	for name, assertion := range map[string]string{
		"for another issuer":        w.assertion(a, esKey(), claims{"aud": "https://other.example"}),
		"for the authorize URL":     w.assertion(a, esKey(), claims{"aud": endpoint("authorize")}),
		"for another tenant":        w.assertion(a, esKey(), claims{"aud": baseURL + "/" + twinID + "/v2.0"}),
		"for the issuer and more":   w.assertion(a, esKey(), claims{"aud": issuer() + "/"}),
		"for nobody":                w.assertion(a, esKey(), claims{"aud": nil}),
		"for an empty list":         w.assertion(a, esKey(), claims{"aud": []string{}}),
		"for a number":              w.assertion(a, esKey(), claims{"aud": []int{1}}),
		"by another":                w.assertion(a, esKey(), claims{"iss": "other"}),
		"about another":             w.assertion(a, esKey(), claims{"sub": "other"}),
		"about nobody":              w.assertion(a, esKey(), claims{"sub": nil}),
		"expired":                   w.assertion(a, esKey(), claims{"exp": w.unix(-11 * time.Second)}),
		"without an end":            w.assertion(a, esKey(), claims{"exp": nil}),
		"with an end in words":      w.assertion(a, esKey(), claims{"exp": "tomorrow"}),
		"for more than an hour":     w.assertion(a, esKey(), claims{"exp": w.unix(time.Hour + time.Second)}),
		"for ever":                  w.assertion(a, esKey(), claims{"exp": 1e300}),
		"not yet":                   w.assertion(a, esKey(), claims{"nbf": w.unix(11 * time.Second)}),
		"from the future":           w.assertion(a, esKey(), claims{"iat": w.unix(time.Minute)}),
		"without jti":               w.assertion(a, esKey(), claims{"jti": nil}),
		"with an empty jti":         w.assertion(a, esKey(), claims{"jti": ""}),
		"with a jti of 301":         long,
		"with a number for jti":     w.assertion(a, esKey(), claims{"jti": 7}),
		"by an unregistered alg":    w.assertion(a, rsKey(), nil),
		"by an unknown key":         w.assertion(a, esKey2(), nil),
		"by a stranger":             w.assertion(a, &signing{"es", "ES256", strangerKey()}, nil),
		"unsigned":                  unsigned(w.assertion(a, esKey(), nil)),
		"cut short":                 strings.TrimSuffix(w.assertion(a, esKey(), nil), "A")[:40],
		"a request object":          w.object(a, esKey(), claims{"sub": "keyed", "jti": "x"}),
		"a DPoP proof":              w.proof(esKey(), "POST", "token", claims{"iss": "keyed", "sub": "keyed", "aud": issuer(), "exp": w.unix(time.Minute)}),
		"by keys of a secret":       w.hmacOf(a, "HS256", "", nil),
		"HS256 with the key set":    w.hmacOf(a, "HS256", a.Keys.Set, nil),
		"of a client with a secret": w.assertion(w.apps["worker"], esKey(), nil),
		"of a public client":        w.assertion(w.apps["native"], esKey(), nil),
		"of nobody":                 w.assertion(&app{Client: &idp.Client{ClientID: "nobody"}}, esKey(), nil),
		"by another's secret":       w.hmacOf(hmac, "HS256", w.apps["worker"].secret, nil),
	} {
		form := maps.Clone(own)
		if strings.Contains(name, "cut") || name == "by another" { // iss cannot name the client then
			form.Set("client_id", "keyed")
		}
		got := w.unstored(name, func() *reply { return w.asserting("token", form, assertion) })
		// What is wrong with the claims is told to who holds the key, and to nobody else.
		told := got.str("error_description")
		if checkError(t, got, 401, "invalid_client"); told != idp.ClientSecretWrong.String() && !slices.ContainsFunc(assertionFlaws, func(s string) bool { return strings.HasPrefix(told, s) }) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

// assertionFlaws begin what somebody is told whose assertion is signed right.
var assertionFlaws = []string{"The iss and sub of", "The aud of", "The client_assertion has"}

// TestAssertionFlawsAreForTheHolder: who cannot sign learns nothing of a client.
func TestAssertionFlawsAreForTheHolder(t *testing.T) {
	w, a, _ := fetched(t)
	for name, test := range map[string]struct {
		key  *signing
		want string
	}{
		"right": {esKey(), "The aud of the client_assertion must be the issuer: " + issuer()},
		"wrong": {esKey2(), idp.ClientSecretWrong.String()},
	} {
		got := w.asserting("token", own, w.assertion(a, test.key, claims{"aud": "https://elsewhere.example"}))
		if got.Status != 401 || got.str("error_description") != test.want {
			t.Errorf("%s key: %d %s", name, got.Status, got.Body)
		}
	}
}

// TestAssertionShown: an assertion is one way to authenticate, and names its client.
func TestAssertionShown(t *testing.T) {
	w := newWorld(t, options{})
	a := w.keyed("keyed", nil)
	good := func() string { return w.assertion(a, esKey(), nil) }
	for _, test := range []struct {
		name   string
		form   url.Values
		header string
		status int
		code   string
	}{
		{"client_id left out", asserted(url.Values{}, good()), "", 200, ""},
		{"client_id beside it", asserted(one("client_id", "keyed"), good()), "", 200, ""},
		{"another client_id", asserted(one("client_id", "worker"), good()), "", 401, "invalid_client"},
		{"and a secret", asserted(one("client_secret", "cs_x"), good()), "", 400, "invalid_request"},
		{"and a header", asserted(url.Values{}, good()), basic("worker", w.apps["worker"].secret), 400, "invalid_request"},
		{"no type", url.Values{"client_assertion": {good()}}, "", 400, "invalid_request"},
		{"another type", url.Values{"client_assertion": {good()}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}}, "", 400, "invalid_request"},
		{"a type alone", one("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), "", 400, "invalid_request"},
		{"twice", url.Values{"client_assertion": {good(), good()}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}, "", 400, "invalid_request"},
		{"nobody by name", asserted(url.Values{}, "x"), "", 401, "invalid_client"},
		{"no assertion", one("client_id", "keyed"), "", 401, "invalid_client"},
	} {
		test.form.Set("grant_type", idp.GrantClient)
		r := w.request("/oauth2/v2.0/token", test.form)
		if test.header != "" {
			r.Header.Set("Authorization", test.header)
		}
		got := w.do(r)
		if got.Status != test.status {
			t.Errorf("%s: %d %s", test.name, got.Status, got.Body)
		}
		if test.status != 200 {
			checkError(t, got, test.status, test.code)
		}
	}
}

// TestAssertionReplay: what was shown once counts nowhere again, until it has expired
// and beyond.
func TestAssertionReplay(t *testing.T) {
	forms := func(a *app) map[string]url.Values {
		return map[string]url.Values{"token": own, "par": a.params(nil), "introspect": {"token": {"x"}}, "revoke": {"token": {"x"}}, "devicecode": {"scope": {"openid"}}}
	}
	w := newWorld(t, options{})
	a, b := w.keyed("keyed", nil), w.keyed("other", nil)
	for first, form := range forms(a) {
		assertion := w.assertion(a, esKey(), claims{"jti": "same-" + first})
		if got := w.asserting(first, form, assertion); got.Status/100 != 2 {
			t.Fatalf("%s: %d %s", first, got.Status, got.Body)
		}
		for second, form := range forms(a) {
			checkError(t, w.asserting(second, form, assertion), 401, "invalid_client")
			checkError(t, w.asserting(second, form, w.assertion(a, rsKey(), claims{"jti": "same-" + first})), 401, "invalid_client")
		}
		if got := w.asserting("token", own, w.assertion(b, esKey(), claims{"jti": "same-" + first})); got.Status != 200 {
			t.Errorf("%s: another client with the same jti: %d %s", first, got.Status, got.Body)
		}
	}
	last := w.assertion(a, esKey(), claims{"exp": w.unix(time.Minute)})
	w.asserting("token", own, last)
	for range 9 { // swept away no sooner than it has expired
		w.advance(10 * time.Second)
		w.must2(w.store.Sweep(w.ctx(), tenantID, w.clock.Now(), 1000))
		checkError(t, w.asserting("token", own, last), 401, "invalid_client")
	}
}

// TestParallelAssertion: of parallel uses of one assertion, or of two with the same
// jti, exactly one counts.
func TestParallelAssertion(t *testing.T) {
	for _, bolt := range []bool{false, true} {
		w := newWorld(t, options{bolt: bolt})
		a := w.keyed("keyed", nil)
		for name, form := range map[string]url.Values{"token": own, "par": a.params(nil), "introspect": {"token": {"x"}}, "revoke": {"token": {"x"}}} {
			both := []string{w.assertion(a, esKey(), claims{"jti": name}), w.assertion(a, rsKey(), claims{"jti": name})}
			told := rush(40, func(i int) string {
				got := w.asserting(name, form, both[i%2])
				return fmt.Sprint(got.Status/100 == 2, got.str("error"))
			})
			if want := (map[string]int{"true": 1, "falseinvalid_client": 39}); !maps.Equal(told, want) {
				t.Errorf("%s: %v", name, told)
			}
		}
	}
}

// TestAssertionClientChanged: a proof by keys the client no longer has when it comes
// to deciding is none.
func TestAssertionClientChanged(t *testing.T) {
	for name, change := range map[string]func(*idp.Client){
		"keys replaced":      func(c *idp.Client) { c.Keys.Set = jwks(t, esKey2()) },
		"algorithm replaced": func(c *idp.Client) { c.Keys.Alg = "PS256" },
		"disabled":           func(c *idp.Client) { c.Disabled = true },
		"another method":     func(c *idp.Client) { c.AuthMethod = idp.AuthPost },
		"a secret":           func(c *idp.Client) { c.AuthMethod, c.SecretSealed = idp.AuthSecretJWT, "x" },
		"public":             func(c *idp.Client) { c.AuthMethod = idp.AuthNone },
	} {
		hook := &meanwhile{}
		w := newWorld(t, options{wrap: func(d storage.Driver) storage.Driver { hook.Driver = d; return hook }})
		a := w.keyed("keyed", nil)
		hook.do(func() { w.change(a, change) })
		checkError(t, w.asserting("token", own, w.assertion(a, esKey(), nil)), 401, "invalid_client")
		if hook.fn != nil {
			t.Errorf("%s: nothing was decided", name)
		}
	}
}

// meanwhile lets something happen right before the next transaction that may write.
type meanwhile struct {
	storage.Driver
	mu sync.Mutex
	fn func()
}

func (m *meanwhile) do(fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fn = fn
}

// Update is the driver's, after what was to happen.
func (m *meanwhile) Update(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	m.mu.Lock()
	before := m.fn
	m.fn = nil
	m.mu.Unlock()
	if before != nil {
		before()
	}
	return m.Driver.Update(ctx, tenant, fn)
}

// macWith is a JWS of a coded payload with a symmetric algorithm.
func macWith(alg, payload string, key []byte) string {
	digest := map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}[alg]
	input := b64.EncodeToString([]byte(`{"alg":"`+alg+`","typ":"JWT"}`)) + "." + payload
	h := hmac.New(digest, key)
	h.Write([]byte(input))
	return input + "." + b64.EncodeToString(h.Sum(nil))
}
