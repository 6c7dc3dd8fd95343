package idp

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"latchkey/storage"
)

// UserType says whose a user is.
type UserType string

// Members belong to the tenant. Internal guests are guests with credentials
// here; external guests prove themselves elsewhere.
const (
	Member        UserType = "member"
	InternalGuest UserType = "internalGuest"
	ExternalGuest UserType = "externalGuest"
)

// User is a person of one tenant.
type User struct {
	UserID        string
	PrincipalName string // sign-in name, normalised, unique in the tenant
	DisplayName   string
	Type          UserType
	Disabled      bool     `json:",omitzero"`
	Roles         []string `json:",omitzero"` // names of administrative roles
	Groups        []string `json:",omitzero"` // ids of groups
	Profile       Profile  `json:",omitzero"`
	CreatedAt     time.Time
	// SessionsValidFrom: sessions and grants from before are void.
	SessionsValidFrom time.Time `json:",omitzero"`
}

// Profile is what standard OpenID Connect claims say about a person (OIDC Core 5.1).
type Profile struct {
	GivenName     string    `json:",omitzero"`
	FamilyName    string    `json:",omitzero"`
	MiddleName    string    `json:",omitzero"`
	Nickname      string    `json:",omitzero"`
	Page          string    `json:",omitzero"` // URL
	Picture       string    `json:",omitzero"` // URL
	Website       string    `json:",omitzero"` // URL
	Gender        string    `json:",omitzero"`
	Birthdate     string    `json:",omitzero"` // YYYY-MM-DD
	ZoneInfo      string    `json:",omitzero"`
	Locale        string    `json:",omitzero"`
	Email         string    `json:",omitzero"`
	EmailVerified bool      `json:",omitzero"`
	Phone         string    `json:",omitzero"` // E.164
	PhoneVerified bool      `json:",omitzero"`
	Address       Address   `json:",omitzero"`
	UpdatedAt     time.Time `json:",omitzero"`
}

// Address is a postal address (OIDC Core 5.1.1).
type Address struct {
	Formatted  string `json:",omitzero"`
	Street     string `json:",omitzero"` // may hold several lines
	Locality   string `json:",omitzero"`
	Region     string `json:",omitzero"`
	PostalCode string `json:",omitzero"`
	Country    string `json:",omitzero"`
}

// Kind names the record.
func (*User) Kind() string { return "user" }

// ID is the user's GUID, which is also the subject in tokens.
func (u *User) ID() string { return u.UserID }

// Indexes finds a user by name, and the members of a group or role.
func (u *User) Indexes() []storage.Index {
	x := []storage.Index{{Name: "name", Value: u.PrincipalName, Unique: true}}
	for _, g := range u.Groups {
		x = append(x, storage.Index{Name: "group", Value: g})
	}
	for _, r := range u.Roles {
		x = append(x, storage.Index{Name: "role", Value: r})
	}
	return x
}

// NormalName is the one spelling of a user principal name: NFKC, case folded,
// trimmed. It is idempotent, and two spellings a person would call the same
// come out the same.
func NormalName(s string) (string, error) {
	s = strings.TrimSpace(norm.NFKC.String(s))
	if len(s) > 320 || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == unicode.ReplacementChar }) {
		return "", errName
	}
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || strings.Contains(domain, "@") {
		return "", errName
	}
	local, err := precis.UsernameCaseMapped.String(local)
	if err != nil {
		return "", errName
	}
	domain, err = NormalDomain(domain)
	if err != nil {
		return "", errName
	}
	if s = local + "@" + domain; len(s) > 320 { // lower case may be longer
		return "", errName
	}
	return s, nil
}

// isName tells whether s can name something on pages, in logs and on terminals.
func isName(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= 256 && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

var errName = Errorf(Invalid, "A user name looks like an e-mail address: name@contoso.example.")

// Validate checks the user against its tenant.
func (u *User) Validate(t *Tenant) error {
	n, err := NormalName(u.PrincipalName)
	if err != nil {
		return err
	}
	_, domain, _ := strings.Cut(n, "@")
	switch {
	case n != u.PrincipalName:
		return Errorf(Invalid, "The user name %q is not in its normal form %q.", u.PrincipalName, n)
	case u.Type != ExternalGuest && !t.Owns(domain):
		return Errorf(Invalid, "%q is not a domain of %s. Its domains: %s.", domain, t.Name, strings.Join(t.Domains, ", "))
	case !isName(u.DisplayName):
		return Errorf(Invalid, "A user needs a display name of at most 256 bytes, without control characters.")
	case !slices.Contains([]UserType{Member, InternalGuest, ExternalGuest}, u.Type):
		return Errorf(Invalid, "The user type %q is none of member, internalGuest, externalGuest.", u.Type)
	}
	for _, r := range u.Roles {
		if !slices.Contains(Roles, r) {
			return Errorf(Invalid, "The role %q is none of: %s.", r, strings.Join(Roles, "; "))
		}
	}
	return nil
}

// Roles are the administrative roles there are.
var Roles = []string{
	"Global Administrator",
	"Privileged Authentication Administrator",
	"Authentication Administrator",
	"Authentication Policy Administrator",
	"Global Reader",
}

// FindUser finds a user by GUID or by any spelling of the principal name.
func FindUser(tx *storage.Tx, name string) (*User, error) {
	if IsID(name) {
		return storage.Get[User](tx, name)
	}
	n, err := NormalName(name)
	if err != nil {
		return nil, storage.ErrNotFound
	}
	return storage.Lookup[User](tx, "name", n)
}
