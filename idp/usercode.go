package idp

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// userCodeAlphabet has consonants only: no words, nothing that looks like a
// digit (RFC 8628 6.1). Eight of them are 34 bits, looked up under a limit.
const (
	userCodeAlphabet = "BCDFGHJKLMNPQRSTVWXZ"
	userCodeLength   = 8
)

// NewUserCode is a code for people to type, in its canonical form.
func NewUserCode() string {
	code := make([]byte, 0, userCodeLength)
	var b [1]byte
	for len(code) < userCodeLength {
		rand.Read(b[:]) // never fails: crypto/rand ends the process instead
		if b[0] < 240 { // 12 × 20: no letter is likelier than another
			code = append(code, userCodeAlphabet[b[0]%20])
		}
	}
	return string(code)
}

// CanonicalUserCode undoes case, width, spaces and punctuation; "" for what can
// be no code. It is idempotent.
func CanonicalUserCode(typed string) string {
	if len(typed) > 200 {
		return ""
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(norm.NFKC.String(typed)) {
		if r < 128 && strings.ContainsRune(userCodeAlphabet, r) {
			b.WriteRune(r)
		} else if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return ""
		}
	}
	if b.Len() != userCodeLength {
		return ""
	}
	return b.String()
}

// UserCodeHash is what is stored of a user code: it is too short for a plain hash.
func (k *Keyring) UserCodeHash(tenant, code string) string {
	return hex.EncodeToString(k.MAC("usercode", tenant, code))
}
