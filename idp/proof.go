package idp

import "time"

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
	ACRBootstrap = "urn:latchkey:acr:bootstrap"
	ACRMFA       = "urn:latchkey:acr:mfa"
	ACRPhishing  = "phr"
	ACRHardware  = "phrh"
)

// RegisterWindow is how long after a sign-in by one-time pass a passwordless
// method must be registered.
const RegisterWindow = 10 * time.Minute
