package idp

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// Federation is an OpenID Provider elsewhere that signs in the people of some domains. A
// domain that the tenant owns makes it the provider of its own people; any other, of guests
// whose mail address ends in it.
type Federation struct {
	FederationID string
	Name         string // what people read
	Issuer       string // as its discovery document spells it (OIDC Discovery 3)
	ClientID     string
	Secret       string     `json:",omitzero"` // sealed; "": a public client
	AuthMethod   string     // at its token endpoint
	Scopes       []string   // openid among them
	Claims       ClaimNames `json:",omitzero"`
	Domains      []string   // each of one federation alone
	MFA          FederatedMFA
	MFAClasses   []string    `json:",omitzero"` // values of acr that tell of more than one factor
	PromptLogin  PromptLogin `json:",omitzero"`
	Linking      Linking
	IgnoreHints  bool `json:",omitzero"` // domain_hint leads nobody here
	Provision    bool `json:",omitzero"` // users of the tenant's own domains are created when they first come
	// HintDomain takes the place of the domain in login_hint, where the provider knows people by
	// another.
	HintDomain string `json:",omitzero"`
	SignOut    bool   `json:",omitzero"` // who signs out here is signed out there as well
	Disabled   bool   `json:",omitzero"`
	CreatedAt  time.Time
}

// ClaimNames are the claims that tell about a person; the standard ones where empty (OIDC Core
// 5.1).
type ClaimNames struct {
	// Address is the one whose value must be the user name, or a guest's mail address, for a
	// first sign-in to be linked. It must be verified: email, by email_verified.
	Address    string `json:",omitzero"`
	Name       string `json:",omitzero"`
	GivenName  string `json:",omitzero"`
	FamilyName string `json:",omitzero"`
}

// FederatedMFA is what more than one factor at the provider is good for here.
type FederatedMFA string

// The ways, by Microsoft Graph's names.
const (
	MFAAccepted FederatedMFA = "acceptIfMfaDoneByFederatedIdp" // counts if it was done there, else it is asked for here
	MFAEnforced FederatedMFA = "enforceMfaByFederatedIdp"      // is asked for there, and nowhere else
	MFARejected FederatedMFA = "rejectMfaByFederatedIdp"       // is asked for here, whatever was done there
)

// FederatedMFAs are all ways.
var FederatedMFAs = []FederatedMFA{MFAAccepted, MFAEnforced, MFARejected}

// PromptLogin is how a provider is asked to have somebody sign in anew.
type PromptLogin string

// The ways, by Microsoft Graph's names.
const (
	PromptNative   PromptLogin = "nativeSupport"                          // by prompt=login and max_age
	PromptByAge    PromptLogin = "translateToFreshPasswordAuthentication" // by max_age alone
	PromptDisabled PromptLogin = "disabled"                               // not at all: it cannot
)

// PromptLogins are all ways.
var PromptLogins = []PromptLogin{PromptNative, PromptByAge, PromptDisabled}

// Linking is how a person of the provider is linked with a user here for the first time. From
// then on, issuer and subject alone decide.
type Linking string

// The ways.
const (
	LinkByAddress Linking = "verifiedAddress" // the provider has verified that the user's name is their address
	LinkByAdmin   Linking = "administrator"   // an administrator says so
)

// Linkings are all ways.
var Linkings = []Linking{LinkByAddress, LinkByAdmin}

// The methods by which people sign in elsewhere.
const (
	FederatedDomain Kind = "federation"    // the tenant's own, at the provider of their domain
	GuestProvider   Kind = "guestProvider" // guests, at the provider of theirs
	HomeTenant      Kind = "homeTenant"    // guests, at their organization of the deployment
)

// Kind names the record.
func (*Federation) Kind() string { return "federation" }

// ID is the federation's GUID.
func (f *Federation) ID() string { return f.FederationID }

// Indexes finds the one federation of a domain.
func (f *Federation) Indexes() []storage.Index {
	var x []storage.Index
	for _, d := range f.Domains {
		x = append(x, storage.Index{Name: "domain", Value: d, Unique: true})
	}
	return x
}

// FindFederation finds the federation of a domain, nil if there is none.
func FindFederation(tx *storage.Tx, domain string) (*Federation, error) {
	if domain == "" {
		return nil, nil
	}
	return Optional(storage.Lookup[Federation](tx, "domain", domain))
}

// The bounds of a federation.
const (
	MaxFederatedDomains = 50
	maxClientText       = 512  // bytes, of client id and secret
	maxIssuer           = 2000 // bytes
)

// FederationAuthMethods are the ways in which we say to a provider who we are.
var FederationAuthMethods = []string{AuthBasic, AuthPost, AuthNone}

// Validate checks what can be checked without asking the provider.
func (f *Federation) Validate() error {
	switch {
	case !isName(f.Name):
		return Errorf(Invalid, "A provider needs a name of at most 256 bytes, without control characters: people read it.")
	case f.ClientID == "" || len(f.ClientID) > maxClientText || strings.ContainsFunc(f.ClientID, notVisible):
		return Errorf(Invalid, "A client id has between 1 and %d characters of ASCII: it is what the provider calls this tenant.", maxClientText)
	case !slices.Contains(FederationAuthMethods, f.AuthMethod):
		return unlisted("authentication method", f.AuthMethod, FederationAuthMethods)
	case (f.AuthMethod == AuthNone) != (f.Secret == ""):
		return Errorf(Invalid, "A client secret is needed, unless the authentication method is none.")
	case !slices.Contains(f.Scopes, ScopeOpenID) || len(f.Scopes) > 30:
		return Errorf(Invalid, "There can be at most 30 scopes, and openid must be among them (OIDC Core 3.1.2.1).")
	case !slices.Contains(FederatedMFAs, f.MFA):
		return unlisted("MFA behavior", f.MFA, FederatedMFAs)
	case !slices.Contains(PromptLogins, f.PromptLogin):
		return unlisted("prompt login behavior", f.PromptLogin, PromptLogins)
	case !slices.Contains(Linkings, f.Linking):
		return unlisted("way of linking", f.Linking, Linkings)
	case len(f.Domains) == 0 || len(f.Domains) > MaxFederatedDomains:
		return Errorf(Invalid, "A provider has between 1 and %d domains.", MaxFederatedDomains)
	case len(f.MFAClasses) > 30:
		return Errorf(Invalid, "At most 30 values of acr can stand for more than one factor.")
	}
	return f.validateParts()
}

// CheckIssuer tells why a text is no issuer (OIDC Core 2).
func CheckIssuer(issuer string) error {
	if len(issuer) <= maxIssuer && !strings.ContainsFunc(issuer, notPrintable) && !strings.ContainsAny(issuer, "?#") {
		u, err := url.Parse(issuer)
		if err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil {
			return nil
		}
	}
	return Errorf(Invalid, "The issuer %q is not the URL of a provider: give it exactly as the discovery document has it, without a query.", clipped(issuer))
}

func (f *Federation) validateParts() error {
	if err := CheckIssuer(f.Issuer); err != nil {
		return err
	}
	for _, s := range slices.Concat(f.Scopes, f.MFAClasses) {
		if s == "" || len(s) > 200 || strings.ContainsFunc(s, func(r rune) bool { return r == ' ' || notPrintable(r) }) {
			return Errorf(Invalid, "%q can be neither a scope nor a value of acr.", clipped(s))
		}
	}
	for _, c := range []string{f.Claims.Address, f.Claims.Name, f.Claims.GivenName, f.Claims.FamilyName} {
		if len(c) > 200 || strings.ContainsFunc(c, notPrintable) {
			return Errorf(Invalid, "%q cannot be the name of a claim.", clipped(c))
		}
	}
	if n, err := NormalDomain(f.HintDomain); f.HintDomain != "" && (err != nil || n != f.HintDomain) {
		return Errorf(Invalid, "%q is not a domain name in lower case.", clipped(f.HintDomain))
	}
	for i, d := range f.Domains {
		if n, err := NormalDomain(d); err != nil || n != d {
			return Errorf(Invalid, "%q is not a domain name in lower case.", clipped(d))
		}
		if slices.Contains(f.Domains[:i], d) {
			return Errorf(Invalid, "The domain %q is there twice.", d)
		}
	}
	return nil
}

// notVisible: no character of a client id or secret (RFC 6749 A.1, A.2).
func notVisible(r rune) bool { return r < ' ' || r > '~' }

const federationSecret = "federation-secret"

// SetSecret keeps the client secret, sealed; "" takes it away.
func (f *Federation) SetSecret(keys *Keyring, tenant, secret string) error {
	if len(secret) > maxClientText || strings.ContainsFunc(secret, notVisible) {
		return Errorf(Invalid, "A client secret has at most %d characters of ASCII.", maxClientText)
	}
	if f.Secret = ""; secret != "" {
		f.Secret = keys.Seal(federationSecret, tenant, f.FederationID, []byte(secret))
	}
	return nil
}

// OpenSecret is the client secret.
func (f *Federation) OpenSecret(keys *Keyring, tenant string) (string, error) {
	if f.Secret == "" {
		return "", nil
	}
	raw, err := keys.Open(federationSecret, tenant, f.FederationID, f.Secret)
	return string(raw), err
}

// amrMFA is the value of amr that tells of more than one factor (RFC 8176 2).
const amrMFA = "mfa"

// Has tells whether the federation is for a domain.
func (f *Federation) Has(domain string) bool { return slices.Contains(f.Domains, domain) }

// Hint is what the provider is told to expect of who has typed a name here.
func (f *Federation) Hint(name string) string {
	local, _, ok := strings.Cut(name, "@")
	if f.HintDomain == "" || !ok {
		return name
	}
	return local + "@" + f.HintDomain
}

// DidMFA tells whether the person has proved more than one factor at the provider.
func (f *Federation) DidMFA(o *Outside) bool {
	return slices.Contains(o.AMR, amrMFA) || o.ACR != "" && slices.Contains(f.MFAClasses, o.ACR)
}

// CountsMFA tells whether that counts here.
func (f *Federation) CountsMFA(o *Outside) bool { return f.MFA != MFARejected && f.DidMFA(o) }
