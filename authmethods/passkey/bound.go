package passkey

import (
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/go-webauthn/webauthn/protocol"

	"latchkey/idp"
)

// What a device of a user, which answers sign-in requests, shows of its holder: a WebAuthn
// credential of its own signs over what the device itself has signed, and says that the holder
// was verified. It signs nobody in by itself.

// BindingOptions are the options by which a device has such a credential made, as JSON. It is
// not discoverable, and has a user handle of its own, so that it takes no passkey's place.
func (m Method) BindingOptions(handle, challenge []byte, tenant, user string) (string, error) {
	if m.rp == nil {
		return "", errUnavailable
	}
	raw, err := json.Marshal(protocol.PublicKeyCredentialCreationOptions{
		RelyingParty: protocol.RelyingPartyEntity{ID: m.rp.id, CredentialEntity: protocol.CredentialEntity{Name: tenant}},
		User:         protocol.UserEntity{ID: protocol.URLEncodedBase64(handle), DisplayName: user, CredentialEntity: protocol.CredentialEntity{Name: user}},
		Challenge:    challenge, Parameters: algorithms, Timeout: timeout,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			AuthenticatorAttachment: protocol.Platform, RequireResidentKey: protocol.ResidentKeyNotRequired(),
			ResidentKey: protocol.ResidentKeyRequirementDiscouraged, UserVerification: protocol.VerificationRequired,
		},
		Attestation: protocol.PreferNoAttestation,
	})
	return string(raw), err
}

// Bind judges what was made by BindingOptions (WebAuthn 7.1).
func (m Method) Bind(handle, challenge []byte, attestation string) (idp.AuthenticatorVerifier, error) {
	none := idp.AuthenticatorVerifier{}
	if m.rp == nil {
		return none, errUnavailable
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(attestation))
	if err != nil {
		return none, errors.New(detail(err))
	}
	if bulky(parsed) {
		return none, errors.New("a key or an attestation that is larger than any authenticator's")
	}
	made, err := m.rp.plain.CreateCredential(holder{handle: handle}, m.rp.session(handle, challenge), parsed)
	if err != nil {
		return none, errors.New(m.rp.why(err, &parsed.Response.AttestationObject.AuthData))
	}
	return idp.AuthenticatorVerifier{
		Credential: made.ID, PublicKey: made.PublicKey, Handle: handle, SignCount: made.Authenticator.SignCount,
		Synced: made.Flags.BackupEligible, BackedUp: made.Flags.BackupState,
	}, nil
}

// AssertionOptions are the options by which a device has its holder verified, but for the
// challenge, which is known to the device alone: as JSON.
func (m Method) AssertionOptions(k idp.AuthenticatorVerifier) (string, error) {
	if m.rp == nil {
		return "", errUnavailable
	}
	raw, err := json.Marshal(struct {
		RPID             string                               `json:"rpId"`
		Allow            []protocol.CredentialDescriptor      `json:"allowCredentials"`
		UserVerification protocol.UserVerificationRequirement `json:"userVerification"`
		Timeout          int                                  `json:"timeout"`
	}{m.rp.id, []protocol.CredentialDescriptor{{Type: protocol.PublicKeyCredentialType, CredentialID: k.Credential}}, protocol.VerificationRequired, timeout})
	return string(raw), err
}

// Verified judges an assertion over a challenge by a device's own credential and no other, with
// the holder verified (WebAuthn 7.2), and answers what it says of its counter and of copies.
//
// The challenge is what the device has signed, and known to us only as it arrives, so that
// nothing of a ceremony is begun here: the session is filled in by hand.
func (m Method) Verified(k idp.AuthenticatorVerifier, challenge []byte, assertion string) (count uint32, backedUp bool, err error) {
	if m.rp == nil {
		return 0, false, errUnavailable
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(assertion))
	if err != nil {
		return 0, false, errors.New(detail(err))
	}
	if base64.RawURLEncoding.EncodeToString(parsed.RawID) != base64.RawURLEncoding.EncodeToString(k.Credential) {
		return 0, false, errors.New("the credential is not the device's")
	}
	if count, backedUp, err = m.rp.assert(k.Handle, k, challenge, parsed); err != nil {
		return 0, false, errors.New(m.rp.why(err, &parsed.Response.AuthenticatorData))
	}
	return count, backedUp, nil
}

var errUnavailable = errors.New(string(idp.Unavailable))
