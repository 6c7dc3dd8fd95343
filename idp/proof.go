package idp

import (
	"slices"
	"time"
)

// Proof is a verified answer: when, by which method and credential, what it is
// worth, and until when a session may rest on it.
type Proof struct {
	Method     Kind
	Credential string // id of the credential, "" when the method keeps none
	At         time.Time
	// Authenticated is when the person authenticated at a provider elsewhere, where that was
	// before At; zero: at At.
	Authenticated time.Time `json:",omitzero"`
	// Undated: the provider did not tell when that was, which may have been long ago.
	Undated  bool      `json:",omitzero"`
	NotAfter time.Time `json:",omitzero"` // zero: no bound of its own
	EndsAs   STS       `json:",omitzero"` // what to say once NotAfter has come
	AMR      []string  // RFC 8176
	ACR      string
	MFA      bool
	// RegisterBy: a passwordless method must be registered before; zero: no window.
	RegisterBy time.Time `json:",omitzero"`
	// Rests are the ids of what the proof ends with beside its credential: a provider, and the
	// session there.
	Rests []string `json:",omitzero"`
	// Issuer is who has vouched, where that was another: an issuer, or the id of a home tenant.
	Issuer string `json:",omitzero"`
	// IDToken is what the provider signed, sealed, to sign out there with; "": not to.
	IDToken string `json:",omitzero"`
}

// AuthTime is when the person authenticated (OIDC Core 2).
func (p Proof) AuthTime() time.Time {
	if p.Authenticated.IsZero() {
		return p.At
	}
	return p.Authenticated
}

// Since tells whether the person has authenticated since a time for sure; at any time if it is
// zero.
func (p Proof) Since(t time.Time) bool {
	return t.IsZero() || !p.Undated && !p.AuthTime().Before(t)
}

const (
	keptIDToken = "upstream-id-token"
	// maxKeptIDToken is the most of an ID token that a session carries, in bytes. The hint may be
	// left out (OIDC RP-Initiated Logout 2), and then the provider asks.
	maxKeptIDToken = 4096
)

// KeepIDToken keeps what the provider signed.
func (p *Proof) KeepIDToken(keys *Keyring, tenant, token string) {
	if token != "" && len(token) <= maxKeptIDToken {
		p.IDToken = keys.Seal(keptIDToken, tenant, "", []byte(token))
	}
}

// OpenIDToken is what the provider signed, "" if it is not kept.
func (p Proof) OpenIDToken(keys *Keyring, tenant string) string {
	raw, err := keys.Open(keptIDToken, tenant, "", p.IDToken)
	if err != nil {
		return ""
	}
	return string(raw)
}

// The authentication context classes, weakest first. The last two
// are those of OpenID EAP ACR Values 1.0.
const (
	ACREmail     = "urn:latchkey:acr:email"
	ACRPassword  = "urn:latchkey:acr:password"
	ACRFederated = "urn:latchkey:acr:federated"
	ACRBootstrap = "urn:latchkey:acr:bootstrap"
	ACRMFA       = "urn:latchkey:acr:mfa"
	ACRPhishing  = "phr"
	ACRHardware  = "phrh"
)

// SingleFactorACRs are the classes that tell of no second factor.
var SingleFactorACRs = []string{ACREmail, ACRPassword, ACRFederated}

// implied are the weaker classes that each of these reaches too.
var implied = map[string][]string{
	ACRHardware: {ACRPhishing, ACRMFA},
	ACRPhishing: {ACRMFA},
}

// Reaches is the first of the wanted classes that the proof reaches, "" for none.
func (p Proof) Reaches(want []string) string {
	for _, acr := range want {
		if acr != "" && (acr == p.ACR || slices.Contains(implied[p.ACR], acr)) {
			return acr
		}
	}
	return ""
}

// reaches tells whether the method may reach one of the wanted classes.
func (i Info) reaches(want []string) bool {
	return slices.ContainsFunc(i.ACRs, func(acr string) bool { return Proof{ACR: acr}.Reaches(want) != "" })
}

// RegisterWindow is how long after a sign-in by one-time pass a passwordless
// method must be registered.
const RegisterWindow = 10 * time.Minute
