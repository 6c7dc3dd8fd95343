package device

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/fxamacker/cbor/v2"
)

// The flags of authenticator data (WebAuthn 6.1).
const (
	flagUP byte = 1 << 0 // somebody was present
	flagUV byte = 1 << 2 // and is the holder
	flagAT byte = 1 << 6 // the new credential follows
)

// algES256 is the number of ES256 with P-256 (RFC 9053 2.1).
const algES256 = -7

// Verifier is the WebAuthn credential of an account, in software: it says that its holder was
// verified whenever it is asked.
type Verifier struct {
	Key          *Key   `json:"key"`
	CredentialID string `json:"credential_id"` // base64url
	Handle       string `json:"handle"`        // of the user, base64url
	RPID         string `json:"rp_id"`
	Origin       string `json:"origin"`
	// Counter is the last one that was signed. One that goes back looks like a copy of the
	// credential, and the server suspends the device: it is saved before it is sent.
	Counter uint32 `json:"counter"`
}

// creation are the members of PublicKeyCredentialCreationOptionsJSON that matter here.
type creation struct {
	RP struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	Challenge  string `json:"challenge"`
	Parameters []struct {
		Type string `json:"type"`
		Alg  int    `json:"alg"`
	} `json:"pubKeyCredParams"`
}

// credential is what PublicKeyCredential.toJSON gives (WebAuthn 5.1.8).
type credential struct {
	ID         string         `json:"id"`
	RawID      string         `json:"rawId"`
	Type       string         `json:"type"`
	Attachment string         `json:"authenticatorAttachment"`
	Extensions struct{}       `json:"clientExtensionResults"`
	Response   map[string]any `json:"response"`
}

// newVerifier makes a credential for a relying party, as a browser at an origin would.
func newVerifier(options creation, origin string) (*Verifier, error) {
	if err := withinRP(options.RP.ID, origin); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(options.Parameters, func(p struct {
		Type string `json:"type"`
		Alg  int    `json:"alg"`
	}) bool {
		return p.Type == "public-key" && p.Alg == algES256
	}) {
		return nil, fmt.Errorf("the server takes no credential of ES256")
	}
	id := make([]byte, 32)
	rand.Read(id) // never fails: crypto/rand ends the process instead
	return &Verifier{Key: NewKey(), CredentialID: encode(id), Handle: options.User.ID, RPID: options.RP.ID, Origin: origin}, nil
}

// withinRP: only a host and its parents are an origin's to speak for (HTML 7.1.1.2).
func withinRP(rp, origin string) error {
	u, err := url.Parse(origin)
	if err != nil || rp == "" || !isWithin(u.Hostname(), rp) {
		return fmt.Errorf("the server at %s asks for a credential of %q", origin, rp)
	}
	return nil
}

// attest is the new credential, with an attestation of none, and the bytes of its attestation
// object (WebAuthn 6.5.4).
func (v *Verifier) attest(challenge string) (credential, []byte, error) {
	id, err := decode(v.CredentialID)
	if err != nil {
		return credential{}, nil, err
	}
	point, err := v.Key.private.PublicKey.Bytes()
	if err != nil {
		return credential{}, nil, err
	}
	cose, err := pack(map[int]any{1: 2, 3: algES256, -1: 1, -2: point[1:33], -3: point[33:]}) // RFC 9053 7.1.1
	if err != nil {
		return credential{}, nil, err
	}
	data := v.data(flagUP | flagUV | flagAT)
	data = append(data, make([]byte, 16)...) // an AAGUID of no model
	data = binary.BigEndian.AppendUint16(data, uint16(len(id)))
	data = slices.Concat(data, id, cose)
	object, err := pack(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		return credential{}, nil, err
	}
	return v.says(map[string]any{
		"clientDataJSON": encode(v.client("webauthn.create", challenge)), "attestationObject": encode(object), "transports": []string{"internal"},
	}), object, nil
}

// assert signs over a challenge, and counts that it did.
func (v *Verifier) assert(challenge string) credential {
	v.Counter++
	data, client := v.data(flagUP|flagUV), v.client("webauthn.get", challenge)
	return v.says(v.signed(data, client))
}

// signed is the response of an assertion over these bytes (WebAuthn 7.2, steps 20 and 21).
func (v *Verifier) signed(data, client []byte) map[string]any {
	sum := sha256.Sum256(client)
	return map[string]any{
		"clientDataJSON": encode(client), "authenticatorData": encode(data), "userHandle": v.Handle,
		"signature": encode(v.Key.signASN1(slices.Concat(data, sum[:]))),
	}
}

func (v *Verifier) data(flags byte) []byte {
	host := sha256.Sum256([]byte(v.RPID))
	return binary.BigEndian.AppendUint32(append(host[:], flags), v.Counter)
}

// client is the client data (WebAuthn 5.8.1).
func (v *Verifier) client(ceremony, challenge string) []byte {
	raw, err := json.Marshal(struct {
		Type        string `json:"type"`
		Challenge   string `json:"challenge"`
		Origin      string `json:"origin"`
		CrossOrigin bool   `json:"crossOrigin"`
	}{ceremony, challenge, v.Origin, false})
	if err != nil {
		panic(err) // never: these are texts
	}
	return raw
}

func (v *Verifier) says(response map[string]any) credential {
	return credential{ID: v.CredentialID, RawID: v.CredentialID, Type: "public-key", Attachment: "platform", Response: response}
}

// pack writes CBOR as authenticators must (CTAP2 8).
func pack(v any) ([]byte, error) {
	mode, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	return mode.Marshal(v)
}
