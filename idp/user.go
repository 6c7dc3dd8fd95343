package idp

import (
	"regexp"
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
	// ExternalMember proves itself elsewhere too, but counts as one of the house.
	ExternalMember UserType = "externalMember"
)

// UserTypes are all types.
var UserTypes = []UserType{Member, InternalGuest, ExternalGuest, ExternalMember}

// External tells whether a user proves itself elsewhere.
func (t UserType) External() bool { return t == ExternalGuest || t == ExternalMember }

// Guest tells whether a user is a guest, wherever they prove themselves.
func (t UserType) Guest() bool { return t == InternalGuest || t == ExternalGuest }

// As is the type of a guest, or of a member, who proves themselves where the user does.
func (t UserType) As(guest bool) UserType {
	switch {
	case guest && t.External():
		return ExternalGuest
	case guest:
		return InternalGuest
	case t.External():
		return ExternalMember
	}
	return Member
}

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
	Work          Work     `json:",omitzero"`
	OtherMails    []string `json:",omitzero"`
	External      External `json:",omitzero"`
	CreatedAt     time.Time
	// Preferred is the method they want to be asked for, where no pass comes before it; "": the
	// strongest.
	Preferred Kind `json:",omitzero"`
	// SnoozedAt is when they last said "not now" to a registration campaign.
	SnoozedAt time.Time `json:",omitzero"`
	// SignedInAt is when they last answered a question rightly, to within a minute.
	SignedInAt time.Time `json:",omitzero"`
	// SessionsValidFrom: sessions and grants from before are void.
	SessionsValidFrom time.Time `json:",omitzero"`
}

// Work is what an organization's directory says about a person.
type Work struct {
	JobTitle      string   `json:",omitzero"`
	Department    string   `json:",omitzero"`
	Company       string   `json:",omitzero"`
	Office        string   `json:",omitzero"`
	EmployeeID    string   `json:",omitzero"`
	MailNickname  string   `json:",omitzero"`
	UsageLocation string   `json:",omitzero"` // ISO 3166-1, two letters
	Phones        []string `json:",omitzero"`
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

// Indexes finds a user by name and mail address, all who come from outside, and the members
// of a group or role.
func (u *User) Indexes() []storage.Index {
	x := []storage.Index{{Name: "name", Value: u.PrincipalName, Unique: true}, {Name: "email", Value: strings.ToLower(u.Profile.Email)}}
	if u.Type.External() {
		x = append(x, storage.Index{Name: "external", Value: "yes"})
	}
	for _, g := range u.Groups {
		x = append(x, storage.Index{Name: "group", Value: g})
	}
	for _, r := range u.Roles {
		x = append(x, storage.Index{Name: "role", Value: r})
	}
	return x
}

// SignInName is what the user types to say who they are: of somebody from outside it is the
// mail address, since they know no other name of theirs here.
func (u *User) SignInName() string {
	if u.Type.External() && u.Profile.Email != "" {
		return u.Profile.Email
	}
	return u.PrincipalName
}

// NormalName is the one spelling of a user principal name: NFKC, case folded,
// trimmed. It is idempotent, and two spellings a person would call the same
// come out the same.
func NormalName(s string) (string, error) {
	if len(s) > 4*320 { // as long as one of 320 bytes is before it is composed
		return "", errName
	}
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

// MaxName is how long a name may be, in bytes.
const MaxName = 256

// isName tells whether s can name something on pages, in logs and on terminals.
func isName(s string) bool {
	return strings.TrimSpace(s) != "" && len(s) <= MaxName && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

var errName = Errorf(Invalid, "A user name looks like an e-mail address: name@contoso.example.")

// Validate checks the user against its tenant.
func (u *User) Validate(t *Tenant) error {
	n, err := NormalName(u.PrincipalName)
	if err != nil {
		return err
	}
	domain := DomainOf(n)
	switch {
	case n != u.PrincipalName:
		return Errorf(Invalid, "The user name %q is not in its normal form %q.", u.PrincipalName, n)
	case !u.Type.External() && !t.Owns(domain):
		return Errorf(Invalid, "%q is not a domain of %s. Its domains: %s.", domain, t.Name, strings.Join(t.Domains, ", "))
	case !isName(u.DisplayName):
		return Errorf(Invalid, "A user needs a display name of at most 256 bytes, without control characters.")
	case !slices.Contains(UserTypes, u.Type):
		return Errorf(Invalid, "The user type %q is none of member, internalGuest, externalGuest, externalMember.", u.Type)
	}
	for _, name := range u.Roles {
		if r, known := FindRole(name); !known || r.Name != name {
			return Errorf(Invalid, "The role %q is none of: %s.", name, strings.Join(RoleNames(), "; "))
		}
	}
	return u.validateDetails()
}

// validateDetails checks what a directory says about a person.
func (u *User) validateDetails() error {
	w, p := u.Work, u.Profile
	for _, f := range []struct{ name, value string }{
		{"job title", w.JobTitle}, {"department", w.Department}, {"company", w.Company}, {"office", w.Office}, {"employee id", w.EmployeeID},
		{"mail nickname", w.MailNickname}, {"given name", p.GivenName}, {"surname", p.FamilyName}, {"phone", p.Phone}, {"language", p.Locale},
	} {
		if f.value != "" && !isName(f.value) {
			return Errorf(Invalid, "The %s may have at most 256 bytes, without control characters.", f.name)
		}
	}
	if w.UsageLocation != "" && !usageLocation.MatchString(w.UsageLocation) {
		return Errorf(Invalid, "The usage location %q is no country code of two letters.", w.UsageLocation)
	}
	if len(w.Phones) > 20 || len(u.OtherMails) > 20 {
		return Errorf(Invalid, "A user has at most 20 phones and 20 other mail addresses.")
	}
	for _, phone := range w.Phones {
		if !isName(phone) {
			return Errorf(Invalid, "A phone may have at most 256 bytes, without control characters.")
		}
	}
	for _, a := range append(slices.Clone(u.OtherMails), p.Email) {
		if a == "" {
			continue
		}
		if _, err := NormalEmail(a); err != nil {
			return err
		}
	}
	return nil
}

var usageLocation = regexp.MustCompile(`^[A-Za-z]{2}$`)

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

// DomainOf is what stands behind the at sign of a name or an address.
func DomainOf(name string) string {
	_, domain, _ := strings.Cut(name, "@")
	return domain
}
