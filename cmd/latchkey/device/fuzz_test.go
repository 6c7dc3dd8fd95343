package device

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/cmd/latchkey/device/devicetest"
)

// FuzzChallenge: what is read has been signed, and what has been signed is read or refused
// without harm.
func FuzzChallenge(f *testing.F) {
	tenant, other, a := NewKey(), NewKey(), anAccount("one")
	good := map[string]any{
		"iss": a.Discovery.Issuer, "aud": a.Key.Thumbprint(), "sub": "one", "jti": "t", "nonce": "n", "iat": 1, "exp": 2,
		"ask": map[string]any{"mode": "pick", "choices": []string{"07"}},
	}
	payload, err := json.Marshal(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(devicetest.Sign(tenant.private, "k", typeChallenge, good), payload)
	f.Add(devicetest.Sign(other.private, "k", typeChallenge, good), []byte(`{"iat":1e400}`))
	f.Add("..", []byte(`{"ask":null,"from":[],"app":""}`))
	keys := func(string) ([]jose.JSONWebKey, error) { return []jose.JSONWebKey{tenant.Public()}, nil }
	f.Fuzz(func(t *testing.T, raw string, payload []byte) {
		ch := &Challenge{raw: raw}
		if open(raw, typeChallenge, keys, ch) == nil {
			if _, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256}); err != nil {
				t.Errorf("%q: %v", raw, err)
			}
		}
		if json.Unmarshal(payload, ch) != nil || ch.check(a, time.Unix(1, 0)) != nil {
			return
		}
		if ch.Issuer != a.Discovery.Issuer || ch.Audience != a.Key.Thumbprint() {
			t.Errorf("%q: not this device's", payload)
		}
		_ = Answer{Decision: Approve, Number: "47", Choice: "07", Scan: "x"}.Check(ch)
	})
}
