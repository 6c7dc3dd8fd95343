package passkey

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"latchkey/idp"
)

// timeout is how long a browser waits for a person, in milliseconds.
const timeout = 5 * 60 * 1000

// relyingParty is the deployment as authenticators see it: all its tenants share one host.
type relyingParty struct {
	id       string
	plain    *webauthn.WebAuthn
	attested *webauthn.WebAuthn // which asks the metadata; nil without any
	models   *Models
}

// New makes the method for a deployment's base URL. models may be nil. A host that is an
// address can have no passkeys (WebAuthn 5.1.3, effective domain).
func New(base string, models *Models) (Method, error) {
	u, err := url.Parse(base)
	if err != nil {
		return Method{}, err
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil || u.Hostname() == "" {
		return Method{}, nil
	}
	rp := &relyingParty{id: strings.ToLower(u.Hostname()), models: models} // as browsers spell it
	origin := u.Scheme + "://" + strings.ToLower(u.Host)
	if rp.plain, err = webauthn.New(config(rp.id, origin, nil)); err != nil {
		return Method{}, err
	}
	if models != nil {
		if rp.attested, err = webauthn.New(config(rp.id, origin, models.provider)); err != nil {
			return Method{}, err
		}
	}
	return Method{rp}, nil
}

// ID is the relying party's id, "" when there can be no passkeys.
func (m Method) ID() string {
	if m.rp == nil {
		return ""
	}
	return m.rp.id
}

func config(id, origin string, mds metadata.Provider) *webauthn.Config {
	return &webauthn.Config{
		RPID: id, RPDisplayName: id, RPOrigins: []string{origin}, MDS: mds,
		// Some browsers and managers answer more than they were asked.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	}
}

func newChallenge() []byte {
	b := make([]byte, 32)
	rand.Read(b) // never fails: crypto/rand ends the process instead
	return b
}

func descriptor(p *idp.Passkey) protocol.CredentialDescriptor {
	d := protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: p.Credential}
	for _, t := range p.Transports {
		d.Transport = append(d.Transport, protocol.AuthenticatorTransport(t))
	}
	return d
}

// algorithms are what authenticators may sign with, best known first.
var algorithms = []protocol.CredentialParameter{
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
	{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
}

// creation are the options by which a browser has a passkey made.
func (rp *relyingParty) creation(s idp.Subject, challenge []byte) protocol.PublicKeyCredentialCreationOptions {
	o := protocol.PublicKeyCredentialCreationOptions{
		RelyingParty: protocol.RelyingPartyEntity{ID: rp.id, CredentialEntity: protocol.CredentialEntity{Name: s.Tenant.Name}},
		User: protocol.UserEntity{
			ID: protocol.URLEncodedBase64(idp.UserHandle(s.Tenant.TenantID, s.User.UserID)), DisplayName: s.User.DisplayName,
			CredentialEntity: protocol.CredentialEntity{Name: s.User.PrincipalName},
		},
		Challenge: challenge, Parameters: algorithms, Timeout: timeout,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(), ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired,
		},
		Attestation: protocol.PreferNoAttestation,
	}
	if rp.models != nil || s.Policy.Passkey.Attestation || s.Policy.Passkey.Models.Enforced {
		o.Attestation = protocol.PreferDirectAttestation // else browsers ask people for leave, for nothing
	}
	for _, c := range s.Credentials {
		o.CredentialExcludeList = append(o.CredentialExcludeList, descriptor(c.(*idp.Passkey)))
	}
	return o
}

// holder is a user as the library sees one.
type holder struct {
	handle []byte
	keys   []webauthn.Credential
}

func (h holder) WebAuthnID() []byte                         { return h.handle }
func (holder) WebAuthnName() string                         { return "" }
func (holder) WebAuthnDisplayName() string                  { return "" }
func (h holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// session is what the library checks a ceremony against; it is made anew for the answer,
// since nothing but the challenge differs.
func (rp *relyingParty) session(handle, challenge []byte) webauthn.SessionData {
	return webauthn.SessionData{
		Challenge: base64.RawURLEncoding.EncodeToString(challenge), RelyingPartyID: rp.id, UserID: handle,
		UserVerification: protocol.VerificationRequired, CredParams: algorithms,
	}
}

// assert verifies an assertion by a credential that was made with a user handle, and answers
// what it says of its counter and of copies.
func (rp *relyingParty) assert(handle []byte, k idp.AuthenticatorVerifier, challenge []byte, parsed *protocol.ParsedCredentialAssertionData) (count uint32, backedUp bool, err error) {
	who := holder{handle, []webauthn.Credential{{
		ID: k.Credential, PublicKey: k.PublicKey,
		Flags:         webauthn.CredentialFlags{BackupEligible: k.Synced, BackupState: k.BackedUp},
		Authenticator: webauthn.Authenticator{SignCount: k.SignCount},
	}}}
	if _, err := rp.plain.ValidateLogin(who, rp.session(handle, challenge), parsed); err != nil {
		return 0, false, err
	}
	data := parsed.Response.AuthenticatorData
	return data.Counter, data.Flags.HasBackupState(), nil
}

// register verifies a new credential and tells what is known of it.
func (rp *relyingParty) register(s idp.Subject, challenge []byte, parsed *protocol.ParsedCredentialCreationData) (*idp.Passkey, error) {
	handle := idp.UserHandle(s.Tenant.TenantID, s.User.UserID)
	made, err := rp.plain.CreateCredential(holder{handle: handle}, rp.session(handle, challenge), parsed)
	if err != nil {
		return nil, malformed(rp.why(err, &parsed.Response.AttestationObject.AuthData))
	}
	p := &idp.Passkey{
		PasskeyID: idp.NewID(), UserID: s.User.UserID, Credential: made.ID, PublicKey: made.PublicKey,
		SignCount: made.Authenticator.SignCount, AAGUID: guid(made.Authenticator.AAGUID), CreatedAt: s.Now,
		Synced: made.Flags.BackupEligible, BackedUp: made.Flags.BackupState, Format: made.AttestationFormat,
		Certificates: certificates(parsed),
	}
	for _, t := range made.Transport {
		if known := transport(t); known != "" && !slices.Contains(p.Transports, known) {
			p.Transports = append(p.Transports, known)
		}
	}
	unattested := rp.unattested(p, handle, challenge, parsed)
	if p.Attested = unattested == ""; p.Attested {
		p.Model, p.Software = rp.models.name(p.AAGUID), rp.models.software(p.AAGUID)
	}
	if s.Policy.Passkey.Attestation && !p.Attested {
		return nil, &idp.Refusal{Problem: "enrol.attestation", Detail: unattested}
	}
	return p, nil
}

// why tells what is wrong with an answer where the library has one text for several things.
func (rp *relyingParty) why(err error, d *protocol.AuthenticatorData) string {
	text, host := detail(err), sha256.Sum256([]byte(rp.id))
	switch one, other := text == protocol.ErrVerification.Details, text == protocol.ErrAttestationFormat.Details; {
	case one && !bytes.Equal(d.RPIDHash, host[:]):
		return "made for another host"
	case one && !d.Flags.HasUserPresent():
		return "nobody was present"
	case one && !d.Flags.HasUserVerified():
		return "the user was not verified"
	case other && !offered(d.AttData.CredentialPublicKey):
		return "an algorithm that was not offered"
	case other:
		return "an attestation format that is not known, or a statement where there is none"
	}
	return text
}

func offered(key []byte) bool {
	var k webauthncose.PublicKeyData
	return webauthncbor.Unmarshal(key, &k) == nil && slices.ContainsFunc(algorithms, func(p protocol.CredentialParameter) bool {
		return int64(p.Algorithm) == k.Algorithm
	})
}

// transport is one of those the specification knows (WebAuthn 5.8.4), "" for others: they
// go back to browsers.
func transport(t protocol.AuthenticatorTransport) string {
	switch t {
	case protocol.USB, protocol.NFC, protocol.BLE, protocol.Hybrid, protocol.Internal, protocol.SmartCard:
		return string(t)
	}
	return ""
}

// certificates are those of the attestation statement, as far as they are such.
func certificates(parsed *protocol.ParsedCredentialCreationData) (ders [][]byte) {
	chain, _ := parsed.Response.AttestationObject.AttStatement["x5c"].([]any)
	for _, c := range chain {
		if der, ok := c.([]byte); ok {
			ders = append(ders, der)
		}
	}
	return ders
}
