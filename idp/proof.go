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
	NotAfter   time.Time `json:",omitzero"` // zero: no bound of its own
	EndsAs     STS       `json:",omitzero"` // what to say once NotAfter has come
	AMR        []string  // RFC 8176
	ACR        string
	MFA        bool
	// RegisterBy: a passwordless method must be registered before; zero: no window.
	RegisterBy time.Time `json:",omitzero"`
}

// The authentication context classes, weakest first. The last two
// are those of OpenID EAP ACR Values 1.0.
const (
	ACREmail     = "urn:latchkey:acr:email"
	ACRPassword  = "urn:latchkey:acr:password"
	ACRBootstrap = "urn:latchkey:acr:bootstrap"
	ACRMFA       = "urn:latchkey:acr:mfa"
	ACRPhishing  = "phr"
	ACRHardware  = "phrh"
)

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
