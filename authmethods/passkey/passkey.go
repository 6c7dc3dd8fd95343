// Package passkey is sign-in with discoverable WebAuthn credentials, on the device or on a
// security key, always with user verification. It is the only importer of go-webauthn, and
// keeps nothing: what comes of a ceremony, the core stores.
package passkey

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"

	"latchkey/idp"
	"latchkey/storage"
)

// The names of the fields in which a browser sends what an authenticator made, as
// PublicKeyCredential.toJSON gives it, and of the name its holder gave it.
const (
	AssertionField   = "assertion"
	AttestationField = "attestation"
	NameField        = "name"
)

// OptionsField is the field of a prompt with the options for navigator.credentials, as JSON.
const OptionsField = "options"

// Method is the auth method. The zero Method is that of a host that can have no passkeys.
type Method struct{ rp *relyingParty }

// Info is what does not depend on who signs in.
func (m Method) Info() idp.Info {
	i := idp.Info{
		Kind: idp.PasskeyMethod, Name: "Passkey", ACRs: []string{idp.ACRHardware, idp.ACRPhishing, idp.ACRMFA}, MFA: true,
		Identifies: true, PhishingResistant: true, Passwordless: true, Unguessable: true, Held: idp.HeldPasskeys,
		Again: "passkey.again", Other: "passkey.other",
	}
	if m.rp == nil { // what nobody can reach here is not announced
		i.ACRs = nil
	}
	return i
}

// Offer tells why the subject is not asked for a passkey. Without a user it tells whether
// anybody is.
func (m Method) Offer(s idp.Subject) idp.Reason {
	switch {
	case m.rp == nil:
		return idp.Unavailable
	case !s.Policy.Passkey.Enabled:
		return idp.MethodDisabled
	case s.User == nil:
		return idp.Offered
	}
	why := idp.NoCredential
	for _, c := range s.Credentials {
		if why = c.(*idp.Passkey).Usable(s.Policy.Passkey, s.User); why == idp.Offered {
			break
		}
	}
	return why
}

// Begin asks for any passkey of this host, so that it does not tell who has one. A browser
// that has signed the user in before is asked for theirs.
func (m Method) Begin(_ context.Context, s idp.Subject) (idp.Prompt, error) {
	if m.rp == nil { // asked for by name all the same: no answer will be right
		return idp.Prompt{Page: "passkey", Fields: map[string]string{OptionsField: "{}"}}, nil
	}
	options := protocol.PublicKeyCredentialRequestOptions{
		Challenge: newChallenge(), RelyingPartyID: m.rp.id, Timeout: timeout, UserVerification: protocol.VerificationRequired,
	}
	if s.Known {
		for _, c := range s.Credentials {
			if p := c.(*idp.Passkey); p.Usable(s.Policy.Passkey, s.User) == idp.Offered {
				options.AllowedCredentials = append(options.AllowedCredentials, descriptor(p))
			}
		}
	}
	raw, err := json.Marshal(options)
	if err != nil {
		return idp.Prompt{}, err
	}
	return idp.Prompt{Page: "passkey", Fields: map[string]string{OptionsField: string(raw)}, Secret: options.Challenge}, nil
}

// Find is the user whose passkey the answer shows.
func (m Method) Find(tx *storage.Tx, a idp.Answer) (*idp.User, error) {
	id := shownID(a)
	if id == nil {
		return nil, nil
	}
	p, err := idp.Optional(idp.FindPasskey(tx, id))
	if p == nil || err != nil {
		return nil, err
	}
	return idp.Optional(storage.Get[idp.User](tx, p.UserID))
}

// shownID is the id of the credential that an answer shows, nil for none.
func shownID(a idp.Answer) []byte {
	var shown struct {
		ID string `json:"id"`
	}
	if json.Unmarshal([]byte(a[AssertionField]), &shown) != nil {
		return nil
	}
	id, err := base64.RawURLEncoding.DecodeString(shown.ID)
	if err != nil || len(id) == 0 || len(id) > idp.MaxCredentialID {
		return nil
	}
	return id
}

// Verify judges an assertion (WebAuthn 7.2). The log tells exactly what was wrong with it,
// the person what to do.
func (m Method) Verify(_ context.Context, s idp.Subject, q idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	switch {
	case m.rp == nil:
		return idp.Verdict{}, wrong(string(idp.Unavailable))
	case a[AssertionField] == "":
		return idp.Verdict{}, &idp.Refusal{Problem: "passkey.cancelled", Detail: "no passkey was shown", Wrong: true}
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(a[AssertionField]))
	if err != nil {
		return idp.Verdict{}, wrong(detail(err))
	}
	tenant, _, ours := idp.ReadUserHandle(parsed.Response.UserHandle)
	p := held(s, parsed.RawID)
	switch {
	case len(parsed.RawID) > idp.MaxCredentialID:
		return idp.Verdict{}, wrong("a credential id that is too long")
	case ours && tenant != s.Tenant.TenantID:
		return idp.Verdict{}, &idp.Refusal{Problem: "passkey.elsewhere", Detail: "a passkey of another tenant", Wrong: true}
	case p == nil:
		r := &idp.Refusal{Problem: "passkey.unknown", Detail: "nobody here has this passkey", Wrong: true}
		if ours { // other software of this host may have made the others
			r.Unknown = base64.RawURLEncoding.EncodeToString(parsed.RawID)
		}
		return idp.Verdict{}, r
	case len(parsed.Response.UserHandle) == 0 && !listed(q): // WebAuthn 7.2 step 6
		return idp.Verdict{}, wrong("the passkey does not say whose it is")
	}
	count, backedUp, err := m.rp.assert(idp.UserHandle(s.Tenant.TenantID, s.User.UserID), p.Verifier(), q.Secret, parsed)
	if err != nil {
		return idp.Verdict{}, wrong(m.rp.why(err, &parsed.Response.AuthenticatorData))
	}
	if r := (new(*p)).Use(s.Policy.Passkey, s.User, count, backedUp, s.Now); r != nil {
		return idp.Verdict{}, r
	}
	removed := &idp.Refusal{Problem: "passkey.unknown", Detail: "deleted while the answer was looked at"}
	return idp.Verdict{Proof: proof(p, s), Gone: removed, Settle: func(now idp.Subject, c idp.Credential) error {
		k := c.(*idp.Passkey)
		if k.SignCount != p.SignCount && count <= k.SignCount { // no copy: two tabs of one person
			return &idp.Refusal{Problem: "passkey.again", Detail: "another sign-in with the passkey came first"}
		}
		if r := k.Use(now.Policy.Passkey, now.User, count, backedUp, s.Now); r != nil {
			return r
		}
		return nil
	}}, nil
}

// proof is worth as much as what is known of the authenticator (RFC 8176; OpenID EAP ACR
// Values 1.0).
func proof(p *idp.Passkey, s idp.Subject) idp.Proof {
	proof := idp.Proof{
		Method: idp.PasskeyMethod, Credential: p.PasskeyID, At: s.Now,
		AMR: []string{"fido", "mfa", "pop", "user"}, ACR: idp.ACRPhishing, MFA: true,
	}
	if p.Attested && !p.Synced && !p.Software {
		proof.AMR, proof.ACR = append(proof.AMR, "hwk"), idp.ACRHardware
	}
	return proof
}

func held(s idp.Subject, id []byte) *idp.Passkey {
	for _, c := range s.Credentials {
		if p := c.(*idp.Passkey); string(p.Credential) == string(id) {
			return p
		}
	}
	return nil
}

// listed tells whether the browser was asked for certain passkeys.
func listed(q idp.Prompt) bool {
	var o protocol.PublicKeyCredentialRequestOptions
	return json.Unmarshal([]byte(q.Fields[OptionsField]), &o) == nil && len(o.AllowedCredentials) > 0
}

func wrong(why string) *idp.Refusal {
	return &idp.Refusal{Problem: "passkey.wrong", Detail: why, Wrong: true}
}

// detail is the library's text for what is wrong, without what the browser sent, which
// comes after a colon or in parentheses.
func detail(err error) string {
	e, ok := errors.AsType[*protocol.Error](err)
	if !ok || e.Err != nil && e.Details == e.Err.Error() {
		return "the answer cannot be read"
	}
	text, _, _ := strings.Cut(e.Details, ": ")
	text, _, _ = strings.Cut(text, " (")
	return text
}
