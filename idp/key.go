package idp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"time"

	"latchkey/storage"
)

// SigningKey is one of a tenant's keys. The private part is sealed by the keyring.
type SigningKey struct {
	KeyID     string // kid
	Alg       string // RS256 or ES256
	Sealed    string // PKCS #8
	CreatedAt time.Time
	// SignsFrom is when the key becomes the one that signs: it is published
	// for at least the time relying parties cache the key set before that.
	SignsFrom time.Time
	// GoneAt is when it leaves the key set; zero until a successor is known.
	GoneAt time.Time `json:",omitzero"`
}

// Kind names the record.
func (*SigningKey) Kind() string { return "key" }

// ID is the kid.
func (k *SigningKey) ID() string { return k.KeyID }

// Indexes has none: a tenant has few keys and all are published.
func (*SigningKey) Indexes() []storage.Index { return nil }

// ExpiresAt lets the sweeper remove it, but only when no session is left whose ID
// token it signed: apps sign people out with that token.
func (k *SigningKey) ExpiresAt() time.Time {
	if k.GoneAt.IsZero() {
		return time.Time{}
	}
	return k.GoneAt.Add(MaxSessionLifetime)
}

// KeyCacheTime is how long relying parties may cache the key set.
const KeyCacheTime = time.Hour

// KeyOverlap is how long a key stays published after it has stopped signing:
// the longest token, and a cache that was filled just before.
const KeyOverlap = IDTokenLifetime + KeyCacheTime

const keyPurpose = "signing-key"

// NewSigningKey makes a key for RS256 (2048 bits) or ES256 (P-256).
func NewSigningKey(keys *Keyring, tenant, alg string, now, signsFrom time.Time) (*SigningKey, error) {
	var private any
	var err error
	switch alg {
	case "RS256":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return nil, Errorf(Invalid, "There is no key for the algorithm %q.", alg)
	}
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	id := NewID()
	return &SigningKey{KeyID: id, Alg: alg, Sealed: keys.Seal(keyPurpose, tenant, id, der), CreatedAt: now, SignsFrom: signsFrom}, nil
}

// Private opens the private key. ErrSealed: the pepper is not the one it was
// sealed with.
func (k *SigningKey) Private(keys *Keyring, tenant string) (crypto.Signer, error) {
	der, err := keys.Open(keyPurpose, tenant, k.KeyID, k.Sealed)
	if err != nil {
		return nil, err
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	return private.(crypto.Signer), nil // both kinds we make are signers
}

// Published tells whether the key is in the key set now.
func (k *SigningKey) Published(now time.Time) bool {
	return k.GoneAt.IsZero() || now.Before(k.GoneAt)
}
