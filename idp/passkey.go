package idp

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/google/uuid"

	"latchkey/storage"
)

// PasskeyMethod is the kind of method a passkey belongs to.
const PasskeyMethod Kind = "passkey"

// Passkey is a discoverable WebAuthn credential of a user (WebAuthn 4, credential record).
type Passkey struct {
	PasskeyID  string
	UserID     string
	Name       string // as its holder calls it
	Credential []byte // its id at the authenticator
	PublicKey  []byte // COSE
	SignCount  uint32
	Transports []string `json:",omitzero"`
	AAGUID     string   // model of the authenticator, a GUID; NoModel when it does not tell
	Model      string   `json:",omitzero"` // that model's name, where the operator supplied metadata
	// Synced: it may be copied to other devices of its holder (backup eligible), as BackedUp
	// says it was. Neither changes what it proves.
	Synced   bool `json:",omitzero"`
	BackedUp bool `json:",omitzero"`
	// Attested: metadata that the operator supplied vouches for the model.
	Attested bool `json:",omitzero"`
	// Software: they say that the model keeps its keys in software.
	Software     bool     `json:",omitzero"`
	Format       string   `json:",omitzero"` // of the attestation statement
	Certificates [][]byte `json:",omitzero"` // of the attestation, DER, leaf first
	CreatedAt    time.Time
	LastUsedAt   time.Time `json:",omitzero"`
	// CopiedAt: its counter went back, so that there may be two of it. It is not accepted since.
	CopiedAt time.Time `json:",omitzero"`
	// GivenBy is the administrator who registered it for the user, "" for the user; with
	// ForPrivileged one who may do so for privileged people, and alone.
	GivenBy       string `json:",omitzero"`
	ForPrivileged bool   `json:",omitzero"`
}

// Bounds of passkeys.
const (
	MaxPasskeys     = 10   // of one user
	MaxCredentialID = 1023 // bytes (WebAuthn 4, credential id)
	maxCertificates = 8
)

// NoModel is the AAGUID of an authenticator that does not tell its model.
const NoModel = "00000000-0000-0000-0000-000000000000"

// Kind names the record.
func (*Passkey) Kind() string { return "passkey" }

// ID is the passkey's GUID.
func (p *Passkey) ID() string { return p.PasskeyID }

// Owner is the user who holds it.
func (p *Passkey) Owner() string { return p.UserID }

// Indexes finds the passkeys of a user, and the one with a credential id.
func (p *Passkey) Indexes() []storage.Index {
	return []storage.Index{{Name: "user", Value: p.UserID}, {Name: "credential", Value: credentialKey(p.Credential), Unique: true}}
}

// credentialKey is as long for any credential id.
func credentialKey(id []byte) string {
	sum := sha256.Sum256(id)
	return hex.EncodeToString(sum[:])
}

// HeldPasskeys reads the passkeys of a user.
func HeldPasskeys(tx *storage.Tx, userID string) ([]Credential, error) {
	ps, err := Passkeys(tx, userID)
	cs := make([]Credential, len(ps))
	for i, p := range ps {
		cs[i] = p
	}
	return cs, err
}

// Passkeys are those of a user, oldest first.
func Passkeys(tx *storage.Tx, userID string) ([]*Passkey, error) {
	ps, _, err := storage.List[Passkey](tx, "user", userID, storage.Page{})
	slices.SortStableFunc(ps, func(a, b *Passkey) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return ps, err
}

// FindPasskey is the one with a credential id, or storage.ErrNotFound.
func FindPasskey(tx *storage.Tx, credential []byte) (*Passkey, error) {
	return storage.Lookup[Passkey](tx, "credential", credentialKey(credential))
}

// Verifier is the credential as far as answers are checked by it.
func (p *Passkey) Verifier() AuthenticatorVerifier {
	return AuthenticatorVerifier{Credential: p.Credential, PublicKey: p.PublicKey, SignCount: p.SignCount, Synced: p.Synced, BackedUp: p.BackedUp}
}

// UserHandle is what authenticators know a user by (WebAuthn 5.4.3): the tenants of a
// deployment share one host, so it names the tenant too.
func UserHandle(tenantID, userID string) []byte {
	t, u := uuid.MustParse(tenantID), uuid.MustParse(userID) // GUIDs: both are made here
	return append(t[:], u[:]...)
}

// ReadUserHandle reverses UserHandle.
func ReadUserHandle(handle []byte) (tenantID, userID string, ok bool) {
	if len(handle) != 32 {
		return "", "", false
	}
	return uuid.UUID(handle[:16]).String(), uuid.UUID(handle[16:]).String(), true
}

// Validate checks what came from outside.
func (p *Passkey) Validate() error {
	switch {
	case !isName(p.Name):
		return Errorf(Invalid, "A passkey needs a name of at most %d bytes, without control characters.", MaxName)
	case len(p.Credential) == 0 || len(p.Credential) > MaxCredentialID:
		return Errorf(Invalid, "A credential id has between 1 and %d bytes.", MaxCredentialID)
	case len(p.Certificates) > maxCertificates:
		return Errorf(Invalid, "An attestation has at most %d certificates.", maxCertificates)
	}
	return nil
}

// Usable tells whether the passkey is accepted from its user.
func (p *Passkey) Usable(policy PasskeyPolicy, u *User) Reason {
	switch why := bars(policy.Enabled, policy.Targets, u); {
	case why != Offered:
		return why
	case !p.CopiedAt.IsZero():
		return CopiedPasskey
	case policy.Forbids(p) != nil:
		return ForbiddenPasskey
	}
	return Offered
}

// Use records a sign-in, or tells why the passkey is not accepted: a signature counter
// that does not grow is a sign that there are two of it (WebAuthn 7.2 step 22).
func (p *Passkey) Use(policy PasskeyPolicy, u *User, count uint32, backedUp bool, now time.Time) *Refusal {
	switch why := p.Usable(policy, u); {
	case why == CopiedPasskey:
		return &Refusal{Problem: "passkey.copied", Detail: string(why)}
	case why != Offered:
		return &Refusal{Problem: "passkey.blocked", Detail: string(why)}
	case (count > 0 || p.SignCount > 0) && count <= p.SignCount:
		return &Refusal{Problem: "passkey.copied", Detail: "the signature counter went back: there may be a copy", Suspect: p.PasskeyID}
	}
	p.SignCount, p.BackedUp, p.LastUsedAt = count, backedUp, now
	return nil
}

// Suspend keeps a passkey from being accepted; false when it was so before.
func (p *Passkey) Suspend(now time.Time) bool {
	if !p.CopiedAt.IsZero() {
		return false
	}
	p.CopiedAt = now
	return true
}

// Remove deletes the passkey and ends what came from it.
func (p *Passkey) Remove(tx *storage.Tx, now time.Time) error {
	return removeCredential(tx, p, now)
}

// PasskeyPolicy says who may use passkeys, and which.
type PasskeyPolicy struct {
	Enabled     bool
	Targets     Targets
	SelfService bool // people may register their own
	// Attestation: only models that the operator's metadata vouches for are registered.
	Attestation bool `json:",omitzero"`
	// Synced: those that may be copied to other devices are accepted too.
	Synced bool
	Models ModelRestriction `json:",omitzero"`
}

// ModelRestriction allows or blocks models of authenticators by AAGUID. A model that is
// not attested can claim any.
type ModelRestriction struct {
	Enforced bool
	Allow    bool // those named are allowed and no others; otherwise they are blocked
	AAGUIDs  []string
}

// DefaultPasskeyPolicy is what a new tenant has: passkeys of any kind for everybody.
func DefaultPasskeyPolicy() PasskeyPolicy {
	return PasskeyPolicy{Enabled: true, Targets: everybody(), SelfService: true, Synced: true}
}

func everybody() Targets { return Targets{Include: []Target{{Type: "group", ID: AllUsers}}} }

// Validate checks the form of the policy.
func (p PasskeyPolicy) Validate() error {
	if len(p.Models.AAGUIDs) > 500 {
		return Errorf(Invalid, "A policy names at most 500 models.")
	}
	for _, id := range p.Models.AAGUIDs {
		if !IsID(id) {
			return Errorf(Invalid, "The AAGUID %q is not a GUID in lower case, such as fa2b99dc-9e39-4257-8f92-4a30d23c4118.", id)
		}
	}
	if p.Models.Enforced && p.Models.Allow && len(p.Models.AAGUIDs) == 0 {
		return Errorf(Invalid, "A list of allowed models that is empty would allow nobody a passkey. Disable the method instead.")
	}
	return p.Targets.Validate()
}

// Accepts tells why the policy does not let a new passkey be registered, nil if it does.
// Attestation is asked for then only.
func (p PasskeyPolicy) Accepts(k *Passkey) *Refusal {
	if p.Attestation && !k.Attested {
		return &Refusal{Problem: "enrol.attestation", Detail: "the policy wants attested models"}
	}
	return p.Forbids(k)
}

// Forbids tells why the policy does not accept a passkey of this kind, nil if it does.
func (p PasskeyPolicy) Forbids(k *Passkey) *Refusal {
	named := slices.Contains(p.Models.AAGUIDs, k.AAGUID)
	switch {
	case k.Synced && !p.Synced:
		return &Refusal{Problem: "enrol.synced", Detail: "the policy accepts device-bound passkeys only"}
	case p.Models.Enforced && named != p.Models.Allow:
		return &Refusal{Problem: "enrol.model", Detail: "the policy does not accept authenticators of model " + k.AAGUID}
	}
	return nil
}

// Registrable tells why somebody cannot have a passkey registered; "" if they can. self:
// they register it themselves.
func (p PasskeyPolicy) Registrable(u *User, self bool) Reason {
	switch {
	case !p.Enabled:
		return MethodDisabled
	case u.Type.External():
		return ExternalUser
	case !p.Targets.Covers(u):
		return OutOfScope
	case self && !p.SelfService:
		return NoSelfService
	}
	return Offered
}
