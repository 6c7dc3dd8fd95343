package idp

import "time"

// Skew is how far a provider's clock may be from ours.
const Skew = time.Minute

// UpstreamRequest is what a provider elsewhere is asked (OIDC Core 3.1.2.1).
type UpstreamRequest struct {
	RedirectURI string
	Secret      []byte // of which nonce and PKCE verifier are made
	LoginHint   string
	Since       time.Time // the person must have authenticated since; zero: at any time
	Anew        bool      // they are to be asked, though somebody knows them already
	ACRValues   []string
}

// UpstreamReturn is what the browser brings back from there, with what was asked.
type UpstreamReturn struct {
	UpstreamRequest
	Code   string
	Issuer string // iss (RFC 9207), "" if there is none
}

// Outside is what a provider has said about a person, verified to be of it and about this
// sign-in.
type Outside struct {
	Provider   string // id of the Federation, or of the home tenant
	Issuer     string
	Subject    string
	SessionID  string // theirs, by which the provider tells of its end; ""
	Address    string // "" if it was not verified
	Name       string
	GivenName  string
	FamilyName string
	AuthTime   time.Time // when the person authenticated there; zero: it was not told
	Expires    time.Time // when the session here must end (session_expiry, OpenID Connect Enterprise Extensions 1.0); zero: not told
	AMR        []string
	ACR        string
	IDToken    string // as it was received, for id_token_hint
}

// Provisioned is a user made of what a provider has said about them.
func Provisioned(address string, o *Outside, now time.Time) *User {
	name := o.Name
	if !isName(name) {
		name = address
	}
	given, family := o.GivenName, o.FamilyName
	for _, s := range []*string{&given, &family} {
		if !isName(*s) {
			*s = ""
		}
	}
	return &User{
		UserID: NewID(), PrincipalName: address, DisplayName: name, Type: Member, CreatedAt: now,
		Profile: Profile{GivenName: given, FamilyName: family, Email: address, EmailVerified: true, UpdatedAt: now},
	}
}

// UpstreamEnd is what a provider says about a session there that is over.
type UpstreamEnd struct {
	Subject   string    // "" where the session says it
	SessionID string    // "": all sessions of the subject
	TokenID   string    // of the logout token, which counts once
	Until     time.Time // when it would be too old
}

// ProviderReport is what an administrator wants to know of a provider.
type ProviderReport struct {
	Authorization, Token, UserInfo, EndSession string // endpoints
	Keys                                       int    // that sign in a way that is believed
	PKCE                                       bool   // S256
	NamesItself                                bool   // in its answers (RFC 9207)
	TellsExpiry                                bool   // until when a session may rest on its word
	BackLogout, FrontLogout                    bool
}

// UpstreamError is why a provider elsewhere could not be asked, or its answer not be believed.
type UpstreamError struct {
	Kind   UpstreamFault
	Detail string // for the log: no token, code or secret
}

func (e *UpstreamError) Error() string { return string(e.Kind) + ": " + e.Detail }

// UpstreamFault is what is to be done about it.
type UpstreamFault string

// The faults.
const (
	UpstreamDown     UpstreamFault = "unreachable" // it does not answer, or not as a provider does
	UpstreamRefused  UpstreamFault = "refused"     // its answer proves nothing
	UpstreamRejected UpstreamFault = "rejected"    // it does not accept what we say to it
	UpstreamStale    UpstreamFault = "stale"       // it did not ask the person anew
)
