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
	Cost Cost
}

// Cost is what argon2id takes. It is kept with each verifier, so that it can be
// raised without making codes useless that were given out before.
type Cost struct {
	Passes uint32
	Memory uint32 // KiB
}

// DefaultCost is some 15 ms of one core and 19 MiB; the pepper does the rest.
var DefaultCost = Cost{Passes: 1, Memory: 19 * 1024}

const (
	argonThreads = 1
	argonBytes   = 32
)

// NewVerifier makes the verifier of a canonical code, bound to the tenant, the
// user and the credential it belongs to.
func (k *Keyring) NewVerifier(tenant, user, kind, id, code string) Verifier {
	v := Verifier{Salt: make([]byte, 16), Cost: k.cost}
	rand.Read(v.Salt) // never fails: crypto/rand ends the process instead
	v.Hash = k.stretch(v, tenant, user, kind, id, code)
	return v
}

// Verify takes the same time whether or not v holds anything, so that a missing
// credential costs what a wrong code costs.
func (k *Keyring) Verify(v Verifier, tenant, user, kind, id, code string) bool {
	if len(v.Salt) == 0 {
		v = Verifier{Salt: make([]byte, 16), Cost: k.cost}
	}
	got := k.stretch(v, tenant, user, kind, id, code)
	return len(v.Hash) == argonBytes && code != "" && subtle.ConstantTimeCompare(got, v.Hash) == 1
}

func (k *Keyring) stretch(v Verifier, tenant, user, kind, id, code string) []byte {
	k.watch(v.Cost)
	mac := k.MAC("verifier", tenant, user, kind, id, code)
	return argon2.IDKey(mac, v.Salt, v.Cost.Passes, v.Cost.Memory, argonThreads, argonBytes)
}
