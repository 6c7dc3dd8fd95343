package idp_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

func TestNewKeyring(t *testing.T) {
	t.Parallel()
	_, err := idp.NewKeyring(make([]byte, 31))
	wantError(t, err, idp.Invalid, "The pepper has 31 bytes; it needs at least 32 random ones.")
	_, err = idp.NewKeyring(nil)
	wantError(t, err, idp.Invalid, "The pepper has 0 bytes; it needs at least 32 random ones.")
	pepper := bytes.Repeat([]byte{7}, 32)
	k, err := idp.NewKeyring(pepper)
	if err != nil {
		t.Fatal(err)
	}
	sealed := k.Seal("p", "t", "c", []byte("x"))
	clear(pepper)
	if _, err := k.Open("p", "t", "c", sealed); err != nil {
		t.Error("the keyring changes with the caller's slice")
	}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	for _, plain := range []string{"", "x", strings.Repeat("long ", 2000)} {
		sealed := k.Seal("flow", tenantID, "browser", []byte(plain))
		if got, err := k.Open("flow", tenantID, "browser", sealed); err != nil || string(got) != plain {
			t.Errorf("%.10q: %.10q, %v", plain, got, err)
		}
		if sealed == k.Seal("flow", tenantID, "browser", []byte(plain)) {
			t.Error("sealed twice alike")
		}
		if strings.ContainsFunc(sealed, func(r rune) bool {
			return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", r)
		}) {
			t.Errorf("%q does not go into a URL as it is", sealed)
		}
	}
	sealed := k.Seal("flow", tenantID, "browser", []byte("plain"))
	for name, open := range map[string]func() ([]byte, error){
		"other purpose":  func() ([]byte, error) { return k.Open("known-browser", tenantID, "browser", sealed) },
		"other tenant":   func() ([]byte, error) { return k.Open("flow", bobID, "browser", sealed) },
		"other context":  func() ([]byte, error) { return k.Open("flow", tenantID, "", sealed) },
		"other pepper":   func() ([]byte, error) { return keyring(t, 2).Open("flow", tenantID, "browser", sealed) },
		"shifted bounds": func() ([]byte, error) { return k.Open("flow"+tenantID, "", "browser", sealed) },
		"empty":          func() ([]byte, error) { return k.Open("flow", tenantID, "browser", "") },
		"nonce alone":    func() ([]byte, error) { return k.Open("flow", tenantID, "browser", sealed[:32]) },
		"cut":            func() ([]byte, error) { return k.Open("flow", tenantID, "browser", sealed[:len(sealed)-1]) },
		"longer":         func() ([]byte, error) { return k.Open("flow", tenantID, "browser", sealed+"A") },
		"padded":         func() ([]byte, error) { return k.Open("flow", tenantID, "browser", sealed+"=") },
		"line feed":      func() ([]byte, error) { return k.Open("flow", tenantID, "browser", sealed[:9]+"\n"+sealed[9:]) },
		"no base64":      func() ([]byte, error) { return k.Open("flow", tenantID, "browser", "!") },
	} {
		if plain, err := open(); !errors.Is(err, idp.ErrSealed) || plain != nil {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
	}
	for i := range sealed {
		for _, r := range "AQgw_" { // among them each one that differs in any bit
			forged := sealed[:i] + string(r) + sealed[i+1:]
			if _, err := k.Open("flow", tenantID, "browser", forged); forged != sealed && !errors.Is(err, idp.ErrSealed) {
				t.Fatalf("byte %d as %c: %v", i, r, err)
			}
		}
	}
}

func TestMAC(t *testing.T) {
	t.Parallel()
	k := keyring(t, 1)
	seen := map[string]string{}
	for name, mac := range map[string][]byte{
		"a":        k.MAC("a"),
		"a, empty": k.MAC("a", ""),
		"a, b":     k.MAC("a", "b"),
		"ab":       k.MAC("ab"),
		"empty":    k.MAC(""),
		"a, b, c":  k.MAC("a", "b", "c"),
		"a, bc":    k.MAC("a", "bc"),
		"pepper":   keyring(t, 2).MAC("a"),
	} {
		if before, ok := seen[string(mac)]; ok || len(mac) != 32 {
			t.Errorf("%s is as %s", name, before)
		}
		seen[string(mac)] = name
	}
	if !bytes.Equal(k.MAC("a", "b"), k.MAC("a", "b")) {
		t.Error("a MAC changes")
	}
}

// TestDefaultCost: argon2id at 19 MiB holds where nobody says otherwise, and what
// was made at one cost verifies under another.
func TestDefaultCost(t *testing.T) {
	t.Parallel()
	k, err := idp.NewKeyring(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	v := k.NewVerifier(tenantID, annaID, "pass", "p1", "CODE")
	if v.Cost != (idp.Cost{Passes: 1, Memory: 19456}) || len(v.Salt) != 16 || len(v.Hash) != 32 {
		t.Errorf("%+v", v)
	}
	if cheap := keyring(t, 1); !cheap.Verify(v, tenantID, annaID, "pass", "p1", "CODE") || cheap.Verify(v, tenantID, annaID, "pass", "p1", "C0DE") {
		t.Error("a verifier of another cost")
	}
	if w := k.NewVerifier(tenantID, annaID, "pass", "p1", "CODE"); bytes.Equal(w.Salt, v.Salt) || bytes.Equal(w.Hash, v.Hash) {
		t.Error("two verifiers of one code are alike")
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	kinds := []idp.TokenKind{idp.AuthorizationCode, idp.RefreshToken, idp.DeviceCode, idp.SessionSecret, idp.ClientSecret}
	seen := map[string]bool{}
	for _, kind := range kinds {
		token := idp.NewToken(kind)
		if len(token) != 3+43 || !strings.HasPrefix(token, string(kind)) || seen[token] {
			t.Errorf("%q", token)
		}
		seen[token] = true
		for _, other := range kinds {
			h := idp.HashToken(other, token)
			if _, err := hex.DecodeString(h); (h != "") != (kind == other) || err != nil || h != "" && len(h) != 64 {
				t.Errorf("%q as %s: %q", token, other, h)
			}
		}
	}
	for _, s := range []string{"", "ac", "ac_" + strings.Repeat("x", 198)} {
		if h := idp.HashToken(idp.AuthorizationCode, s); h != "" {
			t.Errorf("%.9q: %q", s, h)
		}
	}
	for s, want := range map[string]bool{
		annaID: true, idp.NewID(): true, strings.ToUpper(annaID): false, "": false, "{" + annaID + "}": false,
		"urn:uuid:" + annaID: false, strings.ReplaceAll(annaID, "-", ""): false, annaID + "\n": false,
	} {
		if idp.IsID(s) != want {
			t.Errorf("IsID(%q) is %t", s, !want)
		}
	}
}

func TestSigningKey(t *testing.T) {
	t.Parallel()
	keys := keyring(t, 1)
	for _, alg := range idp.IDTokenAlgs {
		k, err := idp.NewSigningKey(keys, tenantID, alg, t0, t0.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		private, err := k.Private(keys, tenantID)
		if err != nil {
			t.Fatal(err)
		}
		switch public := private.Public().(type) {
		case *rsa.PublicKey:
			if alg != "RS256" || public.Size() != 256 {
				t.Errorf("%s: RSA of %d bytes", alg, public.Size())
			}
		case *ecdsa.PublicKey:
			if alg != "ES256" || public.Params().Name != "P-256" {
				t.Errorf("%s: %s", alg, public.Params().Name)
			}
		}
		if _, err := k.Private(keys, bobID); !errors.Is(err, idp.ErrSealed) {
			t.Errorf("%s opens for another tenant: %v", alg, err)
		}
		if _, err := k.Private(keyring(t, 2), tenantID); !errors.Is(err, idp.ErrSealed) {
			t.Errorf("%s opens with another pepper: %v", alg, err)
		}
		if !k.Published(t0) || !k.Published(t0.AddDate(99, 0, 0)) || !k.ExpiresAt().IsZero() || !k.SignsFrom.Equal(t0.Add(time.Hour)) {
			t.Errorf("%+v", k)
		}
		k.GoneAt = t0
		if !k.Published(t0.Add(-1)) || k.Published(t0) || k.Published(t0.Add(1)) || !k.ExpiresAt().Equal(t0.Add(idp.MaxSessionLifetime)) {
			t.Errorf("%s at its end: %+v", alg, k)
		}
	}
	_, err := idp.NewSigningKey(keys, tenantID, "none", t0, t0)
	wantError(t, err, idp.Invalid, `There is no key for the algorithm "none".`)
}
