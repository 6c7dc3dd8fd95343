package oidc_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// fetched is a world with a client whose keys are at an address of its site.
func fetched(t testing.TB) (*world, *app, *site) {
	t.Helper()
	w := newWorld(t, options{})
	s := w.site()
	a := w.keyed("keyed", func(c *idp.Client) { c.Keys = idp.ClientKeys{URI: s.put("/keys", static(jwks(t, esKey())))} })
	return w, a, s
}

// asks tries to get a token with an assertion by the key.
func (w *world) asks(a *app, key *signing) int {
	return w.asserting("token", own, w.assertion(a, key, nil)).Status
}

// TestOidccRegistrationJwksUri: a client's keys are fetched from where it says they
// are, and kept.
func TestOidccRegistrationJwksUri(t *testing.T) {
	v := newVisitor(t, options{})
	s := v.site()
	v.registration(idp.RegistrationOpen)
	uri := s.put("/keys", static(jwks(t, esKey())))
	got := v.register(`{"redirect_uris":["https://new.example/cb"],"token_endpoint_auth_method":"private_key_jwt","id_token_signed_response_alg":"ES256","jwks_uri":"`+uri+`"}`, "")
	if got.Status != 201 || got.str("jwks_uri") != uri || got.JSON["client_secret"] != nil || s.count("/keys") > 0 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	a := v.joined(got.str("client_id"), "")
	for range 3 {
		code := v.code(a, v.who, nil)
		if tokens := v.do(v.ask(a, "token", a.redemption(code))); tokens.Status != 200 || tokens.str("id_token") == "" {
			t.Errorf("%d %s", tokens.Status, tokens.Body)
		}
	}
	if n := s.count("/keys"); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

// TestOidccRefreshTokenRPKeyRotation: a kid that is not known makes us look again,
// though not more often than every ten seconds; then the old key is worth nothing.
func TestOidccRefreshTokenRPKeyRotation(t *testing.T) {
	v := newVisitor(t, options{})
	s := v.site()
	a := v.keyed("keyed", func(c *idp.Client) { c.Keys = idp.ClientKeys{URI: s.put("/keys", static(jwks(t, esKey())))} })
	refresh := v.do(v.ask(a, "token", a.redemption(v.code(a, v.who, nil)))).str("refresh_token")
	form := url.Values{"grant_type": {idp.GrantRefresh}, "refresh_token": {refresh}}
	s.put("/keys", static(jwks(t, esKey2())))
	v.advance(9 * time.Second)
	checkError(t, v.asserting("token", form, v.assertion(a, esKey2(), nil)), 401, "invalid_client")
	v.advance(time.Second)
	if got := v.asserting("token", form, v.assertion(a, esKey2(), nil)); got.Status != 200 || got.str("id_token") == "" {
		t.Errorf("the new key: %d %s", got.Status, got.Body)
	}
	checkError(t, v.asserting("token", form, v.assertion(a, esKey(), nil)), 401, "invalid_client")
	if n := s.count("/keys"); n != 2 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

// TestClientKeysBounded: however many keys that nobody has somebody names, and
// whether the address answers or not, it is asked every ten seconds at most.
func TestClientKeysBounded(t *testing.T) {
	for name, test := range map[string]struct {
		file  http.HandlerFunc // after the keys were fetched once
		wait  time.Duration
		first bool // the keys were never fetched before
	}{
		"it answers":                    {static(jwks(t, esKey())), 11 * time.Second, false},
		"it is down":                    {nil, 11 * time.Second, false},
		"it is down from the beginning": {nil, 11 * time.Second, true},
		"what was kept is old":          {static(jwks(t, esKey())), 2 * time.Hour, false},
		"it is old, and the site down":  {nil, 2 * time.Hour, false},
		"it is old, and now redirects":  {elsewhere("/other"), 2 * time.Hour, false},
		"it answers with a private key": {static(toJSON(t, private(esKey()))), 2 * time.Hour, false},
		"it answers without end":        {endless("{"), 2 * time.Hour, false},
	} {
		w, a, s := fetched(t)
		if !test.first && w.asks(a, esKey()) != 200 {
			t.Fatalf("%s: no token", name)
		}
		s.put("/keys", test.file)
		w.advance(test.wait)
		s.count("/keys")
		for range 3 {
			for i := range 20 {
				key := esKey2()
				if i%3 == 0 {
					key = esKey()
				}
				w.asks(a, key)
			}
			if n := s.count("/keys"); n > 1 {
				t.Errorf("%s: it was asked %d times within a moment", name, n)
			}
			w.advance(10 * time.Second)
		}
	}
}

// TestClientKeysParallel: all that wait for keys wait for one answer.
func TestClientKeysParallel(t *testing.T) {
	w, a, s := fetched(t)
	for range 3 {
		told := rush(30, func(int) string { return map[bool]string{true: "tokens"}[w.asks(a, esKey()) == 200] })
		if told["tokens"] != 30 || s.count("/keys") != 1 {
			t.Errorf("told %v", told)
		}
		w.advance(2 * time.Hour)
	}
}

// TestClientKeysDown: while the address does not answer the keys last seen count,
// and the first that are seen afterwards.
func TestClientKeysDown(t *testing.T) {
	w, a, s := fetched(t)
	s.put("/keys", nil)
	if w.asks(a, esKey()) != 401 {
		t.Error("a token without keys")
	}
	s.put("/keys", static(jwks(t, esKey())))
	w.advance(10 * time.Second)
	if w.asks(a, esKey()) != 200 {
		t.Error("no token with keys")
	}
	s.put("/keys", nil)
	w.advance(2 * time.Minute)
	if w.asks(a, esKey()) != 200 {
		t.Error("no token with the keys last seen")
	}
	if w.asks(a, esKey2()) != 401 {
		t.Error("a token with another key")
	}
}

// private is a set with a private key.
func private(key *signing) any {
	secret, err := key.ec().Bytes()
	if err != nil {
		panic(err)
	}
	return map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "kid": key.kid, "x": coordinate(key, true), "y": coordinate(key, false), "d": b64.EncodeToString(secret),
	}}}
}

func coordinate(key *signing, x bool) string {
	if x {
		return b64.EncodeToString(key.ec().X.FillBytes(make([]byte, 32)))
	}
	return b64.EncodeToString(key.ec().Y.FillBytes(make([]byte, 32)))
}

// manyKeys is a set with the key at its end.
func manyKeys(t testing.TB, n int, key *signing) string {
	t.Helper()
	var all []any
	for range n {
		all = append(all, map[string]any{"kty": "future", "kid": "x"})
	}
	return toJSON(t, map[string]any{"keys": append(all, key.public())})
}

// TestClientKeysRefused: what is no set of public signing keys, fetched or registered,
// verifies nothing.
func TestClientKeysRefused(t *testing.T) {
	es, set := esKey(), jwks(t, esKey())
	secret := map[string]any{"keys": []any{es.public(), map[string]any{"kty": "oct", "kid": "x", "k": base64.RawURLEncoding.EncodeToString([]byte("secret"))}}}
	for name, test := range map[string]struct {
		file http.HandlerFunc
		key  *signing
		ok   bool
	}{
		"as it should be":             {static(set), es, true},
		"among keys nobody knows":     {static(manyKeys(t, 99, es)), es, true},
		"with a comment beside":       {static(`{"note":1,` + set[1:]), es, true},
		"a hundred and one keys":      {static(manyKeys(t, 100, es)), es, false},
		"a private key":               {static(toJSON(t, private(es))), es, false},
		"a symmetric key beside":      {static(toJSON(t, secret)), es, false},
		"a key to encrypt":            {static(strings.Replace(set, `{"kty"`, `{"use":"enc","kty"`, 1)), es, false},
		"a key for another algorithm": {static(strings.Replace(set, `{"kty"`, `{"alg":"ES384","kty"`, 1)), es, false},
		"RSA of 1,024 bits":           {static(jwks(t, smallRSA())), smallRSA(), false},
		"another curve":               {static(jwks(t, p384())), p384(), false},
		"the kid of another key":      {static(strings.Replace(jwks(t, esKey2()), `"es2"`, `"es"`, 1)), es, false},
		"no keys":                     {static(`{"keys":[]}`), es, false},
		"keys null":                   {static(`{"keys":null}`), es, false},
		"keys an object":              {static(`{"keys":{}}`), es, false},
		"a list":                      {static(`[` + set + `]`), es, false},
		"a key that is a number":      {static(`{"keys":[1]}`), es, false},
		"no JSON":                     {static("<html>"), es, false},
		"nothing":                     {static(""), es, false},
		"404":                         {nil, es, false},
		"500":                         {func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) }, es, false},
		"a redirect":                  {elsewhere("/keys2"), es, false},
		"5 MB":                        {static(set + strings.Repeat(" ", 5<<20)), es, false},
		"5 MB of one key":             {static(strings.Replace(set, `{"kty"`, `{"x5t":"`+strings.Repeat("x", 5<<20)+`","kty"`, 1)), es, false},
		"without end":                 {endless(set), es, false},
		"half a megabyte of brackets": {static(strings.Repeat("[", 1<<19)), es, false},
	} {
		w, a, s := fetched(t)
		s.put("/keys", test.file)
		s.put("/keys2", static(set))
		got := w.asserting("token", own, w.assertion(a, test.key, nil))
		if test.ok != (got.Status == 200) {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if !test.ok {
			checkError(t, got, 401, "invalid_client")
		}
		if s.count("/keys2") > 0 {
			t.Errorf("%s: a redirect was followed", name)
		}
	}
}

// TestClientKeysWithoutKid: without a kid each key that fits is tried, as far as ten.
func TestClientKeysWithoutKid(t *testing.T) {
	w := newWorld(t, options{})
	a := w.keyed("keyed", nil)
	for _, key := range allKeys() {
		if got := w.asks(a, &signing{"", key.alg, key.private}); got != 200 {
			t.Errorf("%s: %d", key.alg, got)
		}
	}
	if got := w.asks(a, &signing{"", "ES256", strangerKey()}); got != 401 {
		t.Errorf("a stranger's: %d", got)
	}
}

// TestClientKeysAddress: an address that is not public is not called, whoever
// registered it.
func TestClientKeysAddress(t *testing.T) {
	w := newWorld(t, options{}) // whose calls reach nothing but public addresses
	s := w.site()
	w.calls = nil
	w.start()
	s.put("/keys", static(jwks(t, esKey())))
	for i, uri := range []string{s.URL + "/keys", "https://localhost:1/keys", "https://169.254.169.254/keys", "https://[::1]/keys", "https://10.0.0.1/keys"} {
		a := w.keyed("keyed"+string(rune('a'+i)), func(c *idp.Client) { c.Keys = idp.ClientKeys{URI: uri} })
		checkError(t, w.asserting("token", own, w.assertion(a, esKey(), nil)), 401, "invalid_client")
	}
	if s.count("/keys") > 0 {
		t.Error("it was called")
	}
}
