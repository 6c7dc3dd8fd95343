package idp

import (
	"crypto/rand"
	"crypto/subtle"

	"golang.org/x/crypto/argon2"
)

// Verifier is what is kept of a code that people type: argon2id over a keyed
// hash of the code and of everything it is bound to. The pepper makes a leaked
// database useless; argon2id is the second wall if the pepper leaks too.
type Verifier struct {
	Salt []byte
	Hash []byte
}

// argon2id at 19 MiB and one pass, as OWASP gives it.
const (
	argonTime    = 1
	argonMemory  = 19 * 1024 // KiB
	argonThreads = 1
	argonBytes   = 32
)

// NewVerifier makes the verifier of a canonical code, bound to the tenant, the
// user and the credential it belongs to.
func (k *Keyring) NewVerifier(tenant, user, kind, id, code string) Verifier {
	v := Verifier{Salt: make([]byte, 16)}
	rand.Read(v.Salt) // never fails: crypto/rand ends the process instead
	v.Hash = k.stretch(v.Salt, tenant, user, kind, id, code)
	return v
}

// Verify takes some 15 ms of one core and 19 MiB whether or not v holds
// anything, so that a missing credential costs what a wrong code costs.
func (k *Keyring) Verify(v Verifier, tenant, user, kind, id, code string) bool {
	salt := v.Salt
	if len(salt) == 0 {
		salt = make([]byte, 16)
	}
	got := k.stretch(salt, tenant, user, kind, id, code)
	return len(v.Hash) == argonBytes && code != "" && subtle.ConstantTimeCompare(got, v.Hash) == 1
}

func (k *Keyring) stretch(salt []byte, tenant, user, kind, id, code string) []byte {
	mac := k.MAC("verifier", tenant, user, kind, id, code)
	return argon2.IDKey(mac, salt, argonTime, argonMemory, argonThreads, argonBytes)
}
