package idp

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"sync"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrSealed answers for everything that Open does not accept, without saying why.
var ErrSealed = errors.New("idp: sealed value is not ours, or was made for another place")

// MinPepper is the least length of a pepper, in bytes.
const MinPepper = 32

// Keyring derives every symmetric key from the pepper, which lives outside the
// store: a leaked database alone opens and verifies nothing. Keys are derived per
// purpose and tenant, so a value of one never passes at another.
type Keyring struct {
	pepper []byte
	cost   Cost       // of new verifiers
	watch  func(Cost) // sees each stretching of a code
	aeads  sync.Map   // purpose and tenant → cipher.AEAD
}

// NewKeyring refuses a pepper shorter than MinPepper.
func NewKeyring(pepper []byte) (*Keyring, error) {
	if len(pepper) < MinPepper {
		return nil, Errorf(Invalid, "The pepper has %d bytes; it needs at least %d random ones.", len(pepper), MinPepper)
	}
	return &Keyring{pepper: append([]byte(nil), pepper...), cost: DefaultCost, watch: func(Cost) {}}, nil
}

// WithCost is the same keyring with another cost for new verifiers.
func (k *Keyring) WithCost(c Cost) *Keyring {
	return &Keyring{pepper: k.pepper, cost: c, watch: k.watch}
}

// WithWatch is the same keyring that calls each before it stretches a code, to
// make or to verify a verifier: what an answer costs then shows without a clock.
func (k *Keyring) WithWatch(each func(Cost)) *Keyring {
	return &Keyring{pepper: k.pepper, cost: k.cost, watch: each}
}

// Seal encrypts and authenticates plain for one purpose, tenant and context
// (a browser's cookie, say) as URL-safe text.
func (k *Keyring) Seal(purpose, tenant, context string, plain []byte) string {
	aead := k.aead(purpose, tenant)
	out := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(out) // never fails: crypto/rand ends the process instead
	out = aead.Seal(out, out, plain, []byte(context))
	return base64.RawURLEncoding.EncodeToString(out)
}

// SealFixed is Seal that gives the same text for the same value each time, as names
// of people must be. The nonce is a keyed hash of all that goes in, so that two values
// never share one (the construction of RFC 5297).
func (k *Keyring) SealFixed(purpose, tenant, context string, plain []byte) string {
	aead := k.aead(purpose, tenant)
	nonce := k.MAC("nonce", purpose, tenant, context, string(plain))[:aead.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, []byte(context)))
}

// Open reverses Seal and SealFixed, or answers ErrSealed.
func (k *Keyring) Open(purpose, tenant, context, sealed string) ([]byte, error) {
	aead := k.aead(purpose, tenant)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil || len(raw) < aead.NonceSize() || strings.ContainsAny(sealed, "\r\n") { // which the decoder skips
		return nil, ErrSealed
	}
	plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], []byte(context))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// MAC is a keyed hash over the parts, each with its length, so that no two
// lists of parts look alike.
func (k *Keyring) MAC(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, k.pepper)
	for _, p := range append([]string{purpose}, parts...) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

func (k *Keyring) aead(purpose, tenant string) cipher.AEAD {
	name := purpose + "\x00" + tenant
	if a, ok := k.aeads.Load(name); ok {
		return a.(cipher.AEAD)
	}
	key, err := hkdf.Key(sha256.New, k.pepper, nil, "seal\x00"+name, chacha20poly1305.KeySize)
	if err != nil {
		panic("idp: " + err.Error()) // only for an output length we do not ask for
	}
	a, err := chacha20poly1305.NewX(key)
	if err != nil {
		panic("idp: " + err.Error()) // only for a key length we do not use
	}
	k.aeads.Store(name, a)
	return a
}
