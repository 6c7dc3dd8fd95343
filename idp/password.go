package idp

import (
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"

	"latchkey/storage"
)

// PasswordMethod is the kind of method a password belongs to.
const PasswordMethod Kind = "password"

// Password is what is kept of a user's password. A user has at most one.
type Password struct {
	PasswordID string
	UserID     string
	CreatedAt  time.Time
	LastUsedAt time.Time `json:",omitzero"`
	Verifier   Verifier
}

// Kind names the record.
func (*Password) Kind() string { return "password" }

// ID is the password's GUID, a new one for each password.
func (p *Password) ID() string { return p.PasswordID }

// Owner is the user who holds it.
func (p *Password) Owner() string { return p.UserID }

// Indexes finds the one password of a user.
func (p *Password) Indexes() []storage.Index {
	return []storage.Index{{Name: "user", Value: p.UserID, Unique: true}}
}

// HeldPassword reads the password of a user, if there is one.
func HeldPassword(tx *storage.Tx, userID string) ([]Credential, error) {
	p, err := Optional(storage.Lookup[Password](tx, "user", userID))
	if p == nil || err != nil {
		return nil, err
	}
	return []Credential{p}, nil
}

// Remove deletes the password and ends what came from it.
func (p *Password) Remove(tx *storage.Tx, now time.Time) error {
	return removeCredential(tx, p, now)
}

// PasswordPolicy says who may sign in with a password, and how long it must be.
type PasswordPolicy struct {
	Enabled       bool
	Targets       Targets
	MinimumLength int // characters
}

// Bars tells why passwords are not for a user, Offered if they are: who may not have one
// may not use the one they have.
func (p PasswordPolicy) Bars(u *User) Reason { return bars(p.Enabled, p.Targets, u) }

// The bounds of a password, in characters.
const (
	LeastPasswordLength    = 8
	GreatestPasswordLength = 64 // that may be asked for
	maxPassword            = 256
)

// DefaultPasswordPolicy is what a new tenant has: no passwords.
func DefaultPasswordPolicy() PasswordPolicy {
	return PasswordPolicy{Targets: everybody(), MinimumLength: 12}
}

// Validate checks the form of the policy.
func (p PasswordPolicy) Validate() error {
	if p.MinimumLength < LeastPasswordLength || p.MinimumLength > GreatestPasswordLength {
		return Errorf(Invalid, "Invalid minimum length %d: it must be between %d and %d.", p.MinimumLength, LeastPasswordLength, GreatestPasswordLength)
	}
	return p.Targets.Validate()
}

// CanonicalPassword is the one spelling of a password: keyboards differ in how they
// compose what people see as the same character (RFC 8265 4.2). It answers "" for what can
// be no password.
func CanonicalPassword(typed string) string {
	if len(typed) > 4*maxPassword || !utf8.ValidString(typed) {
		return ""
	}
	s, err := precis.OpaqueString.String(typed)
	if err != nil || utf8.RuneCountInString(s) > maxPassword {
		return ""
	}
	return s
}

// ErrPasswordBreached: the password is known from elsewhere.
var ErrPasswordBreached = Errorf(Invalid, "That password is on a list of passwords that are known to others. Choose another one.")

// Accepts tells what is wrong with a canonical password as a new one of the user.
func (p PasswordPolicy) Accepts(canonical string, u *User) error {
	local, _, _ := strings.Cut(u.PrincipalName, "@")
	lower := strings.ToLower(canonical)
	switch n := utf8.RuneCountInString(canonical); {
	case canonical == "":
		return Errorf(Invalid, "A password has between %d and %d characters, none of them a control character.", p.MinimumLength, maxPassword)
	case n < p.MinimumLength:
		return Errorf(Invalid, "The password has %d characters; it needs at least %d.", n, p.MinimumLength)
	case strings.Contains(lower, strings.ToLower(u.PrincipalName)), len(local) >= 4 && strings.Contains(lower, local):
		return Errorf(Invalid, "The password must not contain your user name.")
	}
	return nil
}

// NewPassword makes what is kept of a canonical password.
func NewPassword(keys *Keyring, tenant, userID, canonical string, now time.Time) *Password {
	p := &Password{PasswordID: NewID(), UserID: userID, CreatedAt: now}
	p.Verifier = keys.NewVerifier(tenant, userID, p.Kind(), p.PasswordID, canonical)
	return p
}
