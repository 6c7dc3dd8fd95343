package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
)

var b64 = base64.RawURLEncoding

// forge is a token under the tenant's kid that a stranger signed.
func forge(t testing.TB, claims map[string]any) string {
	t.Helper()
	return signRaw(t, strangerKey(), `{"alg":"ES256","typ":"JWT","kid":"`+ecKey().KeyID+`"}`, toJSON(t, claims))
}

func strangerKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

// tenantKey is the private key that the tenant signs with.
func tenantKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecKey().Private(testRing(), tenantID)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*ecdsa.PrivateKey)
}

func toJSON(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// signRaw makes a compact JWS with ES256 of exactly these texts.
func signRaw(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	input := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// mac is a JWS with HS256 under any key.
func mac(header, payload string, key []byte) string {
	input := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	h := hmac.New(sha256.New, key)
	h.Write([]byte(input))
	return input + "." + b64.EncodeToString(h.Sum(nil))
}

// TestJWTAttacks: of everything that looks like one of our ID tokens only those
// are believed (docs/security.md, H6). Each is tried as a hint of a request and of a
// sign-out, and as an access token.
func TestJWTAttacks(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	genuine := v.tokens(web, v.who, nil).str("id_token")
	parts := strings.Split(genuine, ".")
	payload := string(decoded(t, parts[1]))
	claims := map[string]any{"iss": baseURL + "/" + tenantID + "/v2.0", "sub": v.users["anna"].UserID, "aud": "web", "sid": "x"}
	kid := ecKey().KeyID
	ours, theirs := tenantKey(t), strangerKey()
	public := jose.JSONWebKey{Key: theirs.Public(), KeyID: kid, Algorithm: "ES256"}
	der, err := x509.MarshalPKIXPublicKey(ours.Public())
	v.must(err)
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	head := func(alg string, more ...any) string {
		h := map[string]any{"alg": alg, "typ": "JWT", "kid": kid}
		for i := 0; i+1 < len(more); i += 2 {
			h[more[i].(string)] = more[i+1]
		}
		return toJSON(t, h)
	}
	signed := func(payload string) string { return signRaw(t, ours, head("ES256"), payload) }
	with := func(name string, value any) string {
		c := maps.Clone(claims)
		if c[name] = value; value == nil {
			delete(c, name)
		}
		return signed(toJSON(t, c))
	}
	attacks := map[string]string{
		"alg none":                       unsigned(genuine),
		"alg None":                       b64.EncodeToString([]byte(head("None"))) + "." + parts[1] + ".",
		"alg none with a signature":      b64.EncodeToString([]byte(head("none"))) + "." + parts[1] + "." + parts[2],
		"no alg":                         b64.EncodeToString([]byte(`{"kid":"`+kid+`"}`)) + "." + parts[1] + "." + parts[2],
		"no signature":                   parts[0] + "." + parts[1] + ".",
		"HS256 with the public key":      mac(head("HS256"), payload, publicPEM),
		"HS256 with the key's bytes":     mac(head("HS256"), payload, der),
		"HS256 with nothing":             mac(head("HS256"), payload, nil),
		"a stranger's key":               signRaw(t, theirs, head("ES256"), payload),
		"RS256 named for an EC key":      signRaw(t, ours, head("RS256"), payload),
		"ES384 named":                    signRaw(t, ours, head("ES384"), payload),
		"an embedded jwk":                signRaw(t, theirs, head("ES256", "jwk", public), payload),
		"an embedded jwk and no kid":     signRaw(t, theirs, `{"alg":"ES256","typ":"JWT","jwk":`+toJSON(t, public)+`}`, payload),
		"a jku":                          signRaw(t, theirs, head("ES256", "jku", "http://127.0.0.1:1/keys"), payload),
		"an x5u":                         signRaw(t, theirs, head("ES256", "x5u", "http://127.0.0.1:1/cert"), payload),
		"an x5c":                         signRaw(t, theirs, head("ES256", "x5c", []string{base64.StdEncoding.EncodeToString(der)}), payload),
		"an unknown crit":                signRaw(t, ours, head("ES256", "crit", []string{"exp"}, "exp", 1), payload),
		"crit of no list":                signRaw(t, ours, head("ES256", "crit", "exp"), payload),
		"b64 false":                      signRaw(t, ours, head("ES256", "crit", []string{"b64"}, "b64", false), payload),
		"kid of nobody":                  signRaw(t, ours, head("ES256", "kid", idp.NewID()), payload),
		"kid that climbs":                signRaw(t, ours, head("ES256", "kid", "../../../../dev/null"), payload),
		"kid of SQL":                     signRaw(t, ours, head("ES256", "kid", "' OR 1=1 --"), payload),
		"kid with a NUL":                 signRaw(t, ours, head("ES256", "kid", kid+"\x00"), payload),
		"kid empty":                      signRaw(t, ours, head("ES256", "kid", ""), payload),
		"kid a number":                   signRaw(t, ours, head("ES256", "kid", 7), payload),
		"kid a list":                     signRaw(t, ours, head("ES256", "kid", []string{kid}), payload),
		"typ of another kind":            signRaw(t, ours, head("ES256", "typ", "logout+jwt"), payload),
		"no typ":                         signRaw(t, ours, `{"alg":"ES256","kid":"`+kid+`"}`, payload),
		"payload null":                   signed("null"),
		"payload a list":                 signed("[]"),
		"payload a number":               signed("7"),
		"payload no JSON":                signed("{"),
		"payload empty":                  signed(""),
		"payload deep":                   signed(strings.Repeat("[", 4000)),
		"aud a list":                     with("aud", []string{"web"}),
		"aud a list of numbers":          with("aud", []int{1}),
		"aud null":                       signed(`{"iss":"` + claims["iss"].(string) + `","sub":null,"aud":null}`),
		"iss of another tenant":          with("iss", baseURL+"/"+idp.NewID()+"/v2.0"),
		"iss missing":                    with("iss", nil),
		"iss with a slash more":          with("iss", claims["iss"].(string)+"/"),
		"sub missing":                    with("sub", nil),
		"sub a number":                   with("sub", 7),
		"sub empty":                      with("sub", ""),
		"iss twice, the last another":    signed(`{"iss":"` + claims["iss"].(string) + `","sub":"x","iss":"evil"}`),
		"JSON serialization":             `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"several signatures":             `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"},{"protected":"` + parts[0] + `","signature":"AA"}]}`,
		"four parts":                     genuine + ".x",
		"five parts, an encrypted token": genuine + ".x.y",
		"two parts":                      parts[0] + "." + parts[1],
		"a dot":                          ".",
		"two dots":                       "..",
		"white space inside":             parts[0] + ". " + parts[1] + "." + parts[2],
		"a signature of zeros":           parts[0] + "." + parts[1] + "." + b64.EncodeToString(make([]byte, 64)),
		"a signature of r and s = n":     parts[0] + "." + parts[1] + "." + b64.EncodeToString(append(order(), order()...)),
		"a signature in DER":             parts[0] + "." + parts[1] + "." + b64.EncodeToString(derSignature(t, ours, parts)),
		"a signature too long":           parts[0] + "." + parts[1] + "." + parts[2] + parts[2],
		"payload changed by a byte":      parts[0] + "." + b64.EncodeToString([]byte(strings.Replace(payload, `"web"`, `"wed"`, 1))) + "." + parts[2],
		"7 KB of header":                 strings.Repeat("A", 7000) + "." + parts[1] + "." + parts[2],
		"dots":                           strings.Repeat(".", 5000),
	}
	for name, token := range attacks {
		got := v.authorize(web, url.Values{"prompt": {"none"}, "id_token_hint": {token}})
		if got.Fields.Get("error") != "invalid_request" {
			t.Errorf("%s, in a request: %d %v", name, got.Status, got.Fields)
		}
		got = v.logout(url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {signedOut}})
		if got.Status != 400 || got.Page.Page != "refused" {
			t.Errorf("%s, at sign-out: %d %q %+v", name, got.Status, got.Header.Get("Location"), got.Page)
		}
		if got := v.userinfo(strings.ReplaceAll(token, "\n", "")); got.Status != 401 {
			t.Errorf("%s, as access token: %d", name, got.Status)
		}
	}
	for name, token := range map[string]string{"genuine": genuine, "signed like it": signed(toJSON(t, claims)), "expired long ago": with("exp", 1)} {
		if got := v.authorize(web, url.Values{"prompt": {"none"}, "id_token_hint": {token}}); got.code() == "" {
			t.Errorf("%s: %d %v", name, got.Status, got.Fields)
		}
	}
}

// TestJWTBombs: what is too big is refused before it is looked at: as a request
// that is too long, not as a hint that is not ours.
func TestJWTBombs(t *testing.T) {
	v := newVisitor(t, options{})
	v.in(v.apps["web"])
	for name, token := range map[string]string{
		"8 KB":      strings.Repeat("A", 8<<10),
		"17 KB":     strings.Repeat("A", 17<<10),
		"60 KB":     strings.Repeat("A", 20<<10) + "." + strings.Repeat("A", 20<<10) + "." + strings.Repeat("A", 20<<10),
		"5 MB":      strings.Repeat("A", 5<<20),
		"5 MB deep": b64.EncodeToString([]byte(strings.Repeat("[", 3<<20))) + ".e30.AA",
	} {
		begin := time.Now()
		form := url.Values{"id_token_hint": {token}}
		for _, got := range []*reply{v.logout(form), v.do(v.request("/oauth2/v2.0/logout", form)), v.authorize(v.apps["web"], form), v.do(v.request("/oauth2/v2.0/authorize", form)), v.userinfo(token)} {
			if got.Status < 400 || got.Status >= 500 || got.Page.Page == "refused" && !strings.Contains(got.Page.Error.Detail, "longer than") {
				t.Errorf("%s: %d %+v", name, got.Status, got.Page.Error)
			}
		}
		t.Logf("%s: five answers in %v", name, time.Since(begin))
	}
}

func decoded(t testing.TB, coded string) []byte {
	t.Helper()
	raw, err := b64.DecodeString(coded)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// order is the order of the curve, which no half of a signature may reach.
func order() []byte { return elliptic.P256().Params().N.FillBytes(make([]byte, 32)) }

// derSignature is the right signature in the wrong encoding.
func derSignature(t testing.TB, key *ecdsa.PrivateKey, parts []string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	der, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestHintAfterRotation: an ID token is a hint for as long as its session may last,
// also when its key has left the key set.
func TestHintAfterRotation(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.apps["web"]
	hint := v.tokens(a, v.who, nil).str("id_token")
	before := v.publishedKeys()
	v.must2(v.admin.RotateKeys(v.ctx(), operator, tenantID))
	v.advance(idp.KeyCacheTime + idp.KeyOverlap)
	v.must2(v.store.Sweep(v.ctx(), tenantID, v.clock.Now(), 1000))
	for kid := range v.publishedKeys() {
		if before[kid] != nil {
			t.Errorf("%s is still published", kid)
		}
	}
	if v.authorize(a, url.Values{"prompt": {"none"}, "id_token_hint": {hint}}).code() == "" {
		t.Error("the hint does not count at authorize")
	}
	back := a.PostLogoutRedirectURIs[0]
	got := v.logout(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {back}})
	if got.Header.Get("Location") != back || v.authorize(a, one("prompt", "none")).code() != "" {
		t.Errorf("logout: %d %v", got.Status, got.Header)
	}
}
