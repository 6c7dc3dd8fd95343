package passkey

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"

	"latchkey/idp"
)

// Registrable tells why the subject can have no passkey registered.
func (m Method) Registrable(s idp.Subject, self bool) idp.Reason {
	switch {
	case m.rp == nil:
		return idp.Unavailable
	case len(s.Credentials) >= idp.MaxPasskeys:
		return idp.MaxHeld
	}
	return s.Policy.Passkey.Registrable(s.User, self)
}

// BeginEnroll asks for a new discoverable credential (WebAuthn 5.4).
func (m Method) BeginEnroll(_ context.Context, s idp.Subject, challenge []byte) (idp.Prompt, error) {
	raw, err := json.Marshal(m.rp.creation(s, challenge))
	if err != nil {
		return idp.Prompt{}, err
	}
	return idp.Prompt{Page: "add-method", Fields: map[string]string{OptionsField: string(raw)}}, nil
}

// Enroll judges what an authenticator made (WebAuthn 7.1).
func (m Method) Enroll(_ context.Context, s idp.Subject, challenge []byte, a idp.Answer) (idp.Credential, error) {
	if a[AttestationField] == "" {
		return nil, &idp.Refusal{Problem: "enrol.cancelled", Detail: "nothing was registered", Wrong: true}
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(a[AttestationField]))
	if err != nil {
		return nil, malformed(detail(err))
	}
	if bulky(parsed) {
		return nil, malformed("a key or an attestation that is larger than any authenticator's")
	}
	p, err := m.rp.register(s, challenge, parsed)
	if err != nil {
		return nil, err
	}
	p.Name = cmp.Or(a[NameField], p.Model, "Passkey")
	if err := p.Validate(); err != nil {
		return nil, malformed(err.Error())
	}
	if r := s.Policy.Passkey.Forbids(p); r != nil {
		return nil, r
	}
	return p, nil
}

// The most that is looked at of a new credential, in bytes; RSA of 4,096 bits fits. Whoever
// registered a key of 30 KiB could keep a core busy for seconds with each answer that shows
// it, and with a certificate of that size before anything is registered.
const (
	maxKey         = 1 << 10
	maxCertificate = 4 << 10
	maxObject      = 16 << 10
)

func bulky(parsed *protocol.ParsedCredentialCreationData) bool {
	return len(parsed.Raw.AttestationResponse.AttestationObject) > maxObject ||
		len(parsed.Response.AttestationObject.AuthData.AttData.CredentialPublicKey) > maxKey ||
		slices.ContainsFunc(certificates(parsed), func(der []byte) bool { return len(der) > maxCertificate })
}

func malformed(why string) *idp.Refusal {
	return &idp.Refusal{Problem: "enrol.wrong", Detail: why, Wrong: true}
}
