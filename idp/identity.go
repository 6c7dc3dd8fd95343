package idp

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"latchkey/storage"
)

// Identity is the credential of who signs in elsewhere: which person of a provider, or of their
// home tenant, a user is. Issuer and subject decide (OIDC Core 5.7), no address ever does.
type Identity struct {
	IdentityID string
	UserID     string
	Provider   string // id of the Federation, or of the home tenant
	Issuer     string
	Subject    string
	Address    string `json:",omitzero"` // as it was when they were linked, to be read
	CreatedAt  time.Time
	// Ordinary: whoever made the link may not make one for a privileged user, or not alone. It
	// ends when the user becomes one.
	Ordinary bool `json:",omitzero"`
}

// NewIdentity says that a user is the person of a provider.
func NewIdentity(userID string, o *Outside, now time.Time) *Identity {
	return &Identity{
		IdentityID: NewID(), UserID: userID, Provider: o.Provider, Issuer: o.Issuer, Subject: o.Subject, Address: o.Address, CreatedAt: now,
	}
}

// Kind names the record.
func (*Identity) Kind() string { return "identity" }

// ID is the identity's GUID.
func (i *Identity) ID() string { return i.IdentityID }

// Owner is the user whose it is.
func (i *Identity) Owner() string { return i.UserID }

// AtHome tells whether the person is one of another organization of the deployment.
func (i *Identity) AtHome() bool { return i.Issuer == i.Provider }

// Indexes finds the one user that a person elsewhere is, those of a user, of which there
// is one a provider, and all of a provider.
func (i *Identity) Indexes() []storage.Index {
	return []storage.Index{
		{Name: "subject", Value: personKey(i.Issuer, i.Subject), Unique: true},
		{Name: "party", Value: i.UserID + " " + i.Provider, Unique: true},
		{Name: "user", Value: i.UserID}, {Name: "provider", Value: i.Provider},
	}
}

// personKey is as long for a long subject as for a short one.
func personKey(issuer, subject string) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(len(issuer)) + " " + issuer + subject))
	return hex.EncodeToString(sum[:])
}

// ElsewhereKey is the id by which what rests on a session elsewhere is found: of a session of a
// provider, or of a home tenant.
func ElsewhereKey(provider, session string) string {
	return "elsewhere " + personKey(provider, session)
}

// maxSubject is how long a subject may be, in characters of ASCII (OIDC Core 2).
const maxSubject = 255

// IsSubject tells whether a text may be what a provider calls a person.
func IsSubject(s string) bool {
	return s != "" && len(s) <= maxSubject && !strings.ContainsFunc(s, notVisible)
}

// FindIdentity finds whom a person elsewhere is linked with, nil if nobody.
func FindIdentity(tx *storage.Tx, issuer, subject string) (*Identity, error) {
	return Optional(storage.Lookup[Identity](tx, "subject", personKey(issuer, subject)))
}

// IdentitiesOf are a user's identities, at most one a provider.
func IdentitiesOf(tx *storage.Tx, userID string) ([]*Identity, error) {
	identities, _, err := storage.List[Identity](tx, "user", userID, storage.Page{})
	return identities, err
}

// HeldIdentities is the same for the methods.
func HeldIdentities(tx *storage.Tx, userID string) ([]Credential, error) {
	identities, err := IdentitiesOf(tx, userID)
	held := make([]Credential, len(identities))
	for n, one := range identities {
		held[n] = one
	}
	return held, err
}

// Remove deletes the identity and ends what came from it.
func (i *Identity) Remove(tx *storage.Tx, now time.Time) error {
	return removeCredential(tx, i, now)
}
