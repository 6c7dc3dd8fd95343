package idp

import (
	"net"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"latchkey/storage"
)

// Tenant is an organization: its own issuer, keys, users and policies.
// It lives in the System partition; what belongs to it lives in its own.
type Tenant struct {
	TenantID  string
	Name      string
	Domains   []string // verified, lower case; the first is the initial one
	Default   string   `json:",omitzero"` // one of them; "": the initial one
	Disabled  bool     `json:",omitzero"`
	Accent    string   `json:",omitzero"` // #rrggbb, for its pages
	CreatedAt time.Time
	// SessionLifetime is the longest a browser stays signed in; zero means 24 hours.
	SessionLifetime time.Duration `json:",omitzero"`
	// Registration says who may register clients by RFC 7591; off when empty.
	Registration Registration `json:",omitzero"`
}

// Registration is how clients register themselves.
type Registration string

// The ways: nobody, who shows an initial access token, or anybody.
const (
	RegistrationOff   Registration = "off"
	RegistrationToken Registration = "token"
	RegistrationOpen  Registration = "open"
)

// Registrations are all ways.
var Registrations = []Registration{RegistrationOff, RegistrationToken, RegistrationOpen}

// Kind names the record.
func (*Tenant) Kind() string { return "tenant" }

// ID is the tenant's GUID.
func (t *Tenant) ID() string { return t.TenantID }

// Indexes finds a tenant by any of its domains.
func (t *Tenant) Indexes() []storage.Index {
	var x []storage.Index
	for _, d := range t.Domains {
		x = append(x, storage.Index{Name: "domain", Value: d, Unique: true})
	}
	return x
}

// DefaultSessionLifetime holds where a tenant sets none.
const DefaultSessionLifetime = 24 * time.Hour

// MaxSessionLifetime is the longest a tenant may set.
const MaxSessionLifetime = 90 * 24 * time.Hour

// SessionEnd is when a session that begins now ends at the latest.
func (t *Tenant) SessionEnd(now time.Time) time.Time {
	if t.SessionLifetime > 0 {
		return now.Add(t.SessionLifetime)
	}
	return now.Add(DefaultSessionLifetime)
}

// Owns tells whether the domain is one of the tenant's.
func (t *Tenant) Owns(domain string) bool {
	return slices.Contains(t.Domains, strings.ToLower(domain))
}

// reserved are the first path segments that are no tenant.
var reserved = []string{"apps", "assets", "beta", "common", "consumers", "healthz", "metrics", "organizations", "tap", "v1.0"}

var domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)

var accentPattern = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// maxTypedDomain is as long as a domain of 253 bytes is in another spelling, in bytes. The time
// that it takes to find the ASCII one grows with the square of the length.
const maxTypedDomain = 4 * 253

// NormalDomain is the one spelling a domain is stored and looked up by.
func NormalDomain(s string) (string, error) {
	if len(s) > maxTypedDomain {
		return "", errDomain(s)
	}
	d := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), ".")
	if ascii, err := idna.Lookup.ToASCII(d); err == nil { // RFC 5891 5: both spellings are one domain
		d = ascii
	}
	switch {
	case slices.Contains(reserved, d):
		return "", Errorf(Invalid, "The domain %q is reserved.", d)
	case len(d) > 253 || !domainPattern.MatchString(d) || net.ParseIP(d) != nil:
		return "", errDomain(s)
	}
	return d, nil
}

func errDomain(s string) error {
	return Errorf(Invalid, "%q is not a domain name. Give one like contoso.example.", clipped(s))
}

// Validate checks everything that can be checked without a store.
func (t *Tenant) Validate() error {
	switch {
	case !IsID(t.TenantID):
		return Errorf(Invalid, "The tenant id %q is not a GUID.", t.TenantID)
	case !isName(t.Name):
		return Errorf(Invalid, "A tenant needs a name of at most 256 bytes, without control characters.")
	case len(t.Domains) == 0 || len(t.Domains) > 900:
		return Errorf(Invalid, "A tenant has between 1 and 900 domains.")
	case t.Default != "" && !slices.Contains(t.Domains, t.Default):
		return Errorf(Invalid, "The default domain %q is none of the tenant's.", t.Default)
	case t.Accent != "" && !accentPattern.MatchString(t.Accent):
		return Errorf(Invalid, "The accent colour %q is not of the form #1a2b3c.", t.Accent)
	case t.Accent != "" && contrastWithWhite(t.Accent) < leastContrast:
		return Errorf(Invalid, "The accent colour %s is too light for white text: its contrast is %.1f and must be at least %.1f.", t.Accent, contrastWithWhite(t.Accent), leastContrast)
	case t.SessionLifetime != 0 && (t.SessionLifetime < time.Minute || t.SessionLifetime > MaxSessionLifetime):
		return Errorf(Invalid, "The session lifetime must lie between one minute and 90 days.")
	case t.Registration != "" && !slices.Contains(Registrations, t.Registration):
		return Errorf(Invalid, "The registration of clients %q is none of off, token, open.", t.Registration)
	}
	for _, d := range t.Domains {
		if n, err := NormalDomain(d); err != nil || n != d {
			return Errorf(Invalid, "%q is not a domain name in lower case.", d)
		}
	}
	return nil
}

// FindTenant finds a tenant by GUID or verified domain, in the System partition.
func FindTenant(tx *storage.Tx, name string) (*Tenant, error) {
	name = strings.ToLower(name)
	if IsID(name) {
		return storage.Get[Tenant](tx, name)
	}
	return storage.Lookup[Tenant](tx, "domain", name)
}
