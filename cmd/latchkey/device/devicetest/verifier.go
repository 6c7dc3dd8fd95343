package devicetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// verifier is the WebAuthn credential of a device.
type verifier struct {
	id     string
	public *ecdsa.PublicKey
	count  uint32
}

// said is the JSON form of what authenticators say.
type said struct {
	ID, RawID, Type string
	Response        struct{ ClientDataJSON, AttestationObject, AuthenticatorData, Signature, UserHandle string }
}

// clientData judges the client data of a ceremony.
func (s *Server) clientData(raw, ceremony, challenge string) bool {
	var c struct{ Type, Challenge, Origin string }
	return json.Unmarshal(bytes(raw), &c) == nil && c.Type == ceremony && c.Challenge == challenge && c.Origin == s.URL
}

// data judges authenticator data: of this host, with somebody present and verified.
func (s *Server) data(data []byte, flags byte) bool {
	host := sha256.Sum256([]byte(s.host()))
	return len(data) >= 37 && slices.Equal(data[:32], host[:]) && data[32] == flags
}

// attested reads a new credential (WebAuthn 7.1), and H of its attestation object.
func (s *Server) attested(uv json.RawMessage, challenge string) (v verifier, uvh string, ok bool) {
	var a said
	var object struct {
		Format    string         `cbor:"fmt"`
		Statement map[string]any `cbor:"attStmt"`
		Data      []byte         `cbor:"authData"`
	}
	if json.Unmarshal(uv, &a) != nil || a.Type != "public-key" || a.ID != a.RawID || !s.clientData(a.Response.ClientDataJSON, "webauthn.create", challenge) {
		return v, "", false
	}
	raw := bytes(a.Response.AttestationObject)
	if cbor.Unmarshal(raw, &object) != nil || object.Format != "none" || !s.data(object.Data, 0x45) || len(object.Data) < 55 {
		return v, "", false
	}
	rest := object.Data[53:]
	size := int(binary.BigEndian.Uint16(rest))
	if len(rest) < 2+size || text(rest[2:2+size]) != a.ID {
		return v, "", false
	}
	v = verifier{id: a.ID, public: cose(rest[2+size:]), count: binary.BigEndian.Uint32(object.Data[33:])}
	return v, hash(raw), v.public != nil
}

// cose is a public key of ES256 (RFC 9053 7.1.1), nil for any other.
func cose(raw []byte) *ecdsa.PublicKey {
	var k struct {
		Kty int    `cbor:"1,keyasint"`
		Alg int    `cbor:"3,keyasint"`
		Crv int    `cbor:"-1,keyasint"`
		X   []byte `cbor:"-2,keyasint"`
		Y   []byte `cbor:"-3,keyasint"`
	}
	if cbor.Unmarshal(raw, &k) != nil || k.Kty != 2 || k.Alg != -7 || k.Crv != 1 {
		return nil
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, k.X, k.Y))
	if err != nil {
		return nil
	}
	return public
}

// verified judges an assertion over a JWS (WebAuthn 7.2), whose counter must go up.
func (s *Server) verified(d *device, jws string, uv json.RawMessage) bool {
	var a said
	if json.Unmarshal(uv, &a) != nil || a.ID != d.verifier.id || a.RawID != a.ID || !s.clientData(a.Response.ClientDataJSON, "webauthn.get", hash([]byte(jws))) {
		return false
	}
	data := bytes(a.Response.AuthenticatorData)
	if !s.data(data, 0x05) {
		return false
	}
	client := sha256.Sum256(bytes(a.Response.ClientDataJSON))
	over := sha256.Sum256(slices.Concat(data, client[:]))
	count := binary.BigEndian.Uint32(data[33:])
	if !ecdsa.VerifyASN1(d.verifier.public, over[:], bytes(a.Response.Signature)) || count <= d.verifier.count {
		return false
	}
	d.verifier.count = count
	return true
}
