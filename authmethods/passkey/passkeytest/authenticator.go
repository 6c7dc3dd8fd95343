// Package passkeytest is an authenticator and the browser around it, in software, for tests
// alone: every byte of what it says can be wrong.
package passkeytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// The algorithms of keys (RFC 9053). Unheard is the number of none.
const (
	ES256   = -7
	EdDSA   = -8
	RS256   = -257
	Unheard = -65000
)

// The flags of authenticator data (WebAuthn 6.1).
const (
	UP byte = 1 << 0
	UV byte = 1 << 2
	BE byte = 1 << 3
	BS byte = 1 << 4
	at byte = 1 << 6
)

// Say is what an answer says. Tests change it before it is signed.
type Say struct {
	Type        string // of the ceremony
	Challenge   []byte
	Origin      string
	CrossOrigin bool
	RPID        string
	Flags       byte
	Count       uint32
	ID          []byte
	Handle      []byte // nil: does not tell
	AAGUID      [16]byte
	Kind        string // public-key
	Transports  []string
	Attest      Attest
	Bogus       bool // the signature is over something else
	// Data, Client and Object change the bytes of the authenticator data and the client
	// data before they are signed, and of the attestation object after that.
	Data, Client, Object func([]byte) []byte
}

// Attest makes an attestation statement over bytes; nil is none.
type Attest func(k *Key, over []byte) (format string, statement map[string]any)

// Key is one credential of an authenticator.
type Key struct {
	Say  // what it says when nothing is changed
	alg  int
	priv crypto.Signer
}

// New makes a credential as a platform authenticator does, for https://login.example.
func New(alg int) *Key {
	k := &Key{alg: alg, Say: Say{
		Origin: "https://login.example", RPID: "login.example", Flags: UP | UV, Kind: "public-key", ID: make([]byte, 32),
		AAGUID: [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8}, Transports: []string{"internal"},
	}}
	rand.Read(k.ID)
	var err error
	switch alg {
	case EdDSA:
		_, k.priv, err = ed25519.GenerateKey(rand.Reader)
	case RS256:
		k.priv, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		k.priv, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	must(err)
	return k
}

// Twin is a copy of the credential, on another device.
func (k *Key) Twin() *Key {
	twin := *k
	return &twin
}

// options is what the authenticator reads of the options of either ceremony.
type options struct {
	Challenge string
	User      struct{ ID string }
}

// Challenge is that of options for navigator.credentials.
func Challenge(of string) []byte {
	var o options
	must(json.Unmarshal([]byte(of), &o))
	return decode(o.Challenge)
}

// Create answers navigator.credentials.create with these options, and keeps the user handle.
func (k *Key) Create(of string, change ...func(*Say)) string {
	var o options
	must(json.Unmarshal([]byte(of), &o))
	k.Handle = decode(o.User.ID)
	s := k.says("webauthn.create", decode(o.Challenge), change)
	data := slices.Concat(s.AAGUID[:], binary.BigEndian.AppendUint16(nil, uint16(len(s.ID))), s.ID, k.public())
	client, data := s.client(), s.data(at, data)
	format, statement := "none", map[string]any{}
	if s.Attest != nil {
		format, statement = s.Attest(k, s.over(data, client))
	}
	object := encode(map[string]any{"fmt": format, "attStmt": statement, "authData": data})
	if s.Object != nil {
		object = s.Object(object)
	}
	spki, err := x509.MarshalPKIXPublicKey(k.priv.Public())
	must(err)
	return s.answer(map[string]any{
		"clientDataJSON": text(client), "attestationObject": text(object), "authenticatorData": text(data),
		"transports": s.Transports, "publicKey": text(spki), "publicKeyAlgorithm": k.alg,
	})
}

// Get answers navigator.credentials.get with these options.
func (k *Key) Get(of string, change ...func(*Say)) string {
	s := k.says("webauthn.get", Challenge(of), change)
	client, data := s.client(), s.data(0, nil)
	response := map[string]any{
		"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(k.Sign(s.over(data, client))),
	}
	if s.Handle != nil {
		response["userHandle"] = text(s.Handle)
	}
	return s.answer(response)
}

// Counted is the change to a signature counter.
func Counted(n uint32) func(*Say) { return func(s *Say) { s.Count = n } }

func (k *Key) says(ceremony string, challenge []byte, change []func(*Say)) Say {
	s := k.Say
	s.Type, s.Challenge = ceremony, challenge
	for _, c := range change {
		c(&s)
	}
	return s
}

func (s Say) client() []byte {
	raw, err := json.Marshal(map[string]any{
		"type": s.Type, "challenge": text(s.Challenge), "origin": s.Origin, "crossOrigin": s.CrossOrigin,
		"other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
	})
	must(err)
	return changed(raw, s.Client)
}

func (s Say) data(flags byte, attested []byte) []byte {
	host := sha256.Sum256([]byte(s.RPID))
	head := binary.BigEndian.AppendUint32(append(host[:], s.Flags|flags), s.Count)
	return changed(append(head, attested...), s.Data)
}

// over is what is signed.
func (s Say) over(data, client []byte) []byte {
	sum := sha256.Sum256(client)
	if s.Bogus {
		sum[0]++
	}
	return slices.Concat(data, sum[:])
}

// answer is what PublicKeyCredential.toJSON gives.
func (s Say) answer(response map[string]any) string {
	raw, err := json.Marshal(map[string]any{
		"id": text(s.ID), "rawId": text(s.ID), "type": s.Kind, "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{}, "response": response,
	})
	must(err)
	return string(raw)
}

// Sign signs as the credential does.
func (k *Key) Sign(over []byte) []byte { return sign(k.priv, over) }

func sign(priv crypto.Signer, over []byte) []byte {
	hash, digest := crypto.Hash(0), over
	if _, pure := priv.(ed25519.PrivateKey); !pure {
		sum := sha256.Sum256(over)
		hash, digest = crypto.SHA256, sum[:]
	}
	sig, err := priv.Sign(rand.Reader, digest, hash)
	must(err)
	return sig
}

// public is the public key as COSE has it (RFC 9053 7).
func (k *Key) public() []byte {
	switch pub := k.priv.Public().(type) {
	case ed25519.PublicKey:
		return encode(map[int]any{1: 1, 3: k.alg, -1: 6, -2: []byte(pub)})
	case *rsa.PublicKey:
		return encode(map[int]any{1: 3, 3: k.alg, -1: pub.N.Bytes(), -2: big.NewInt(int64(pub.E)).Bytes()})
	case *ecdsa.PublicKey:
		point, err := pub.Bytes()
		must(err)
		return encode(map[int]any{1: 2, 3: k.alg, -1: 1, -2: point[1:33], -3: point[33:]})
	}
	return nil
}

func encode(v any) []byte {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	must(err)
	raw, err := mode.Marshal(v)
	must(err)
	return raw
}

func changed(raw []byte, change func([]byte) []byte) []byte {
	if change == nil {
		return raw
	}
	return change(raw)
}

func text(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func decode(s string) []byte {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	must(err)
	return raw
}

// must: what a test hands in wrongly is the test's fault.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
