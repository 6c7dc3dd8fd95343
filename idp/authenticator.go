package idp

import (
	"slices"
	"time"

	"latchkey/storage"
)

// AuthenticatorMethod is the kind of method a device belongs to.
const AuthenticatorMethod Kind = "authenticator"

// AuthenticatorName is what the sign-in log calls it.
const AuthenticatorName = "Passwordless phone sign-in"

// Authenticator is a phone or a program that answers sign-in requests of one user with a key that
// was made on it and never leaves it.
type Authenticator struct {
	AuthenticatorID string
	UserID          string
	Name            string // as its holder calls it
	Key             []byte // the public key, a JWK (RFC 7517) of P-256
	Thumbprint      string // of that key (RFC 7638), base64url: by it the device is known
	App             string // what it says to be, such as "web/1"
	Platform        string `json:",omitzero"` // what it says to run on
	// Soft: no person's presence is shown by hardware; a program answers.
	Soft     bool `json:",omitzero"`
	Verifier AuthenticatorVerifier
	Push     *PushSubscription `json:",omitzero"` // nil: it asks by itself
	// CreatedAt is when it was added, SeenAt when it last asked, within an hour, LastUsedAt
	// when somebody last signed in with it.
	CreatedAt  time.Time
	SeenAt     time.Time
	LastUsedAt time.Time `json:",omitzero"`
	// CopiedAt: the counter of its verifier went back. It is not accepted since.
	CopiedAt time.Time `json:",omitzero"`
}

// AuthenticatorVerifier is the WebAuthn credential by which a device shows that its holder was
// verified for one answer (WebAuthn 4, credential record).
type AuthenticatorVerifier struct {
	Credential []byte // its id
	PublicKey  []byte // COSE
	Handle     []byte // the user handle it was made with
	SignCount  uint32
	Synced     bool `json:",omitzero"`
	BackedUp   bool `json:",omitzero"`
}

// PushSubscription is where a device is woken (RFC 8030), and the keys that only it can
// decrypt with (RFC 8291), base64url.
type PushSubscription struct {
	Endpoint, P256dh, Auth string
}

// Bounds of devices.
const (
	MaxAuthenticators = 5 // of one user
	// AuthenticatorUnused is how long a device is accepted without asking for anything.
	AuthenticatorUnused = 90 * 24 * time.Hour
	// authenticatorSeen is how exactly it is kept when it last asked.
	authenticatorSeen = time.Hour
)

// Kind names the record.
func (*Authenticator) Kind() string { return "authenticator" }

// ID is the device's GUID.
func (d *Authenticator) ID() string { return d.AuthenticatorID }

// Owner is the user who holds it.
func (d *Authenticator) Owner() string { return d.UserID }

// Indexes finds the devices of a user, and the one with a key.
func (d *Authenticator) Indexes() []storage.Index {
	return []storage.Index{{Name: "user", Value: d.UserID}, {Name: "key", Value: d.Thumbprint, Unique: true}}
}

// Validate checks what came from outside.
func (d *Authenticator) Validate() error {
	for _, text := range []string{d.Name, d.App, d.Platform} {
		if text != "" && !isName(text) {
			return Errorf(Invalid, "A device needs names of at most %d bytes, without control characters.", MaxName)
		}
	}
	switch v := d.Verifier; {
	case d.Name == "" || d.App == "":
		return Errorf(Invalid, "A device needs a name, and the name of its app.")
	case len(v.Credential) == 0 || len(v.Credential) > MaxCredentialID:
		return Errorf(Invalid, "A credential id has between 1 and %d bytes.", MaxCredentialID)
	}
	return nil
}

// HeldAuthenticators reads the devices of a user.
func HeldAuthenticators(tx *storage.Tx, userID string) ([]Credential, error) {
	ds, err := Authenticators(tx, userID)
	cs := make([]Credential, len(ds))
	for i, d := range ds {
		cs[i] = d
	}
	return cs, err
}

// Authenticators are those of a user, oldest first.
func Authenticators(tx *storage.Tx, userID string) ([]*Authenticator, error) {
	ds, _, err := storage.List[Authenticator](tx, "user", userID, storage.Page{})
	slices.SortStableFunc(ds, func(a, b *Authenticator) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return ds, err
}

// FindAuthenticator is the one with a key's thumbprint, or storage.ErrNotFound.
func FindAuthenticator(tx *storage.Tx, thumbprint string) (*Authenticator, error) {
	return storage.Lookup[Authenticator](tx, "key", thumbprint)
}

// Usable tells whether an answer of the device is accepted from its user.
func (d *Authenticator) Usable(policy AuthenticatorPolicy, u *User, now time.Time) Reason {
	switch why := policy.Bars(u); {
	case why != Offered:
		return why
	case !d.CopiedAt.IsZero():
		return CopiedDevice
	case d.Soft && !policy.Soft:
		return SoftDevice
	case now.Sub(d.SeenAt) >= AuthenticatorUnused:
		return UnusedDevice
	}
	return Offered
}

// See keeps when the device asked last; false when that is known already.
func (d *Authenticator) See(now time.Time) bool {
	if now.Sub(d.SeenAt) < authenticatorSeen {
		return false
	}
	d.SeenAt = now
	return true
}

// Suspend keeps a device from being accepted; false when it was so before.
func (d *Authenticator) Suspend(now time.Time) bool {
	if !d.CopiedAt.IsZero() {
		return false
	}
	d.CopiedAt = now
	return true
}

// Remove deletes the device and ends what came from it.
func (d *Authenticator) Remove(tx *storage.Tx, now time.Time) error {
	return removeCredential(tx, d, now)
}
