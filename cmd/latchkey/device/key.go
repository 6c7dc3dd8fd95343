package device

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Key is a private key of P-256, which signs with ES256. As JSON it is a private JWK (RFC 7517).
type Key struct{ private *ecdsa.PrivateKey }

// NewKey makes a key.
func NewKey() *Key {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // never: crypto/rand ends the process instead
	}
	return &Key{private}
}

// Public is the public key as a JWK with nothing but its members.
func (k *Key) Public() jose.JSONWebKey { return jose.JSONWebKey{Key: k.private.Public()} }

// Thumbprint is by what the key is known: that of RFC 7638 with SHA-256, base64url.
func (k *Key) Thumbprint() string {
	public := k.Public()
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		panic(err) // never for P-256
	}
	return encode(sum)
}

// MarshalJSON is the private JWK.
func (k *Key) MarshalJSON() ([]byte, error) {
	return json.Marshal(jose.JSONWebKey{Key: k.private})
}

// UnmarshalJSON takes a private JWK of P-256 and nothing else.
func (k *Key) UnmarshalJSON(raw []byte) error {
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(raw); err != nil {
		return fmt.Errorf("a key that cannot be read: %w", err)
	}
	private, ok := jwk.Key.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return errors.New("not a private key of P-256")
	}
	k.private = private
	return nil
}

// sign makes a compact JWS of the claims, with the thumbprint in its header or, where the server
// does not know the key yet, with the key itself.
func (k *Key) sign(typ string, embed bool, claims any) (string, error) {
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: k.private, KeyID: k.Thumbprint()}}
	if embed {
		key.Key = k.private
	}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{EmbedJWK: embed}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// signASN1 signs as authenticators do (WebAuthn 6.5.5).
func (k *Key) signASN1(over []byte) []byte {
	sum := sha256.Sum256(over)
	signature, err := ecdsa.SignASN1(rand.Reader, k.private, sum[:])
	if err != nil {
		panic(err) // never: crypto/rand ends the process instead
	}
	return signature
}

// Hash is the H of the protocol: SHA-256 as base64url.
func Hash(of []byte) string {
	sum := sha256.Sum256(of)
	return encode(sum[:])
}

// CheckValue is the four digits that both screens show at an enrolment.
func CheckValue(nonce, thumbprint string) string {
	sum := sha256.Sum256([]byte(nonce + "." + thumbprint))
	return fmt.Sprintf("%04d", binary.BigEndian.Uint32(sum[:4])%10000)
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func decode(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }

// random is a fresh name for a message, of 22 characters.
func random() string {
	raw := make([]byte, 16)
	rand.Read(raw) // never fails: crypto/rand ends the process instead
	return encode(raw)
}
