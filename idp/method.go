package idp

import (
	"context"
	"time"

	"latchkey/storage"
)

// Kind is the name of a method in the API, the log and forms.
type Kind string

// Method is a way to prove who one is. A method keeps nothing, opens no
// transaction and reads no clock: the core does tries, throttling, audit and
// storing, so that no method can forget them.
type Method interface {
	Info() Info
	// Offer tells why the method is not offered to the subject; "" means it is. Of nobody
	// (the subject's user is nil) it tells whether the policy offers it to anybody. It is pure.
	Offer(Subject) Reason
	// Begin makes the question.
	Begin(context.Context, Subject) (Prompt, error)
	// Verify judges the answer. A *Refusal says what was wrong with it; any other
	// error is a fault of ours. It takes as long for nobody as for somebody.
	Verify(context.Context, Subject, Prompt, Answer) (Verdict, error)
}

// Info is what does not depend on who signs in.
type Info struct {
	Kind              Kind
	Name              string   // authenticationMethod in the sign-in log
	ACRs              []string // what it may reach, best first
	MFA               bool
	Identifies        bool // finds the user itself, without a name
	PhishingResistant bool
	Passwordless      bool // registering one is what registration policies ask for
	Elsewhere         bool // the person is sent away for it, and comes back
	Unguessable       bool // no answer can be found by trying, so that none is counted
	// Source is how somebody from outside proves who they are by it; "": it is for the
	// tenant's own.
	Source Source
	// The keys of the texts for what the core refuses: an answer to a question that was
	// answered before, and one by somebody else than was asked.
	Again, Other string
	// Held reads the credentials a user has of this method.
	Held func(tx *storage.Tx, userID string) ([]Credential, error)
}

// Varying is a method that is worth one thing for one person and another for the next, as it
// was agreed with their provider.
type Varying interface {
	Method
	// InfoFor is Info for a subject. Its kind, names and functions are the same.
	InfoFor(Subject) Info
}

// Finder is a method whose answer says whose it is.
type Finder interface {
	Method
	// Find is the user whose credential the answer shows, nil if nobody's. It proves nothing.
	Find(*storage.Tx, Answer) (*User, error)
}

// Enroller is a method of which people can register a credential.
type Enroller interface {
	Method
	// Registrable tells why the subject cannot register one; "" if they can. self: they
	// do so themselves.
	Registrable(s Subject, self bool) Reason
	// BeginEnroll makes the question, over a challenge of the core's.
	BeginEnroll(ctx context.Context, s Subject, challenge []byte) (Prompt, error)
	// Enroll judges the answer to it. A *Refusal says what was wrong with it.
	Enroll(ctx context.Context, s Subject, challenge []byte, a Answer) (Credential, error)
}

// Deliverer is a method whose question is answered with something that is sent to the
// person first, when they ask for it.
type Deliverer interface {
	Method
	// Deliver makes what is sent, and the question about it, which belongs to the challenge of
	// this id. It takes as long for nobody as for somebody.
	Deliver(s Subject, challenge string) (code string, p Prompt)
}

// Requester is a method whose question is answered on a device that the person holds, which is
// asked when they want it. What is asked, and what became of it, the core keeps.
type Requester interface {
	Method
	// Mode is how somebody is asked who wants to be asked in a way, "" for any; careful: where a
	// guess among a few must not be enough.
	Mode(s Subject, want AskMode, careful bool) AskMode
}

// Credential is what one user holds of a method.
type Credential interface {
	storage.Record
	Owner() string
}

// Subject is who is to be proved, as a method sees it.
type Subject struct {
	Now         time.Time
	Tenant      *Tenant
	Policy      *MethodsPolicy
	User        *User // nil: no such user
	Credentials []Credential
	// Known: the browser has signed this user in before, so that it may learn what they hold.
	Known bool
	Name  string // as it was typed, in its normal form; "" if none was
	Doors Doors
	Wants Wants
	Again bool // they are signed in already, and prove it anew or more
	// Request is what they were asked on a device of theirs, nil for nothing.
	Request *SignInRequest
}

// Wants is what is asked of a proof.
type Wants struct {
	Since time.Time // the person must have authenticated since; zero: at any time
	Anew  bool      // they are to be asked, though somebody knows them already
	MFA   bool      // more than one factor
	ACRs  []string  // classes, best first
	For   string    // id of the tenant that the person is on the way to, "" for this one
}

// Prompt is a question as data: the page that shows it and what the page needs.
type Prompt struct {
	Page   string
	Fields map[string]string
	Secret []byte // stays on the server or sealed
}

// Answer is what the person's browser sent back, by field name.
type Answer map[string]string

// Verdict is an accepted answer: the proof, and what becomes of the credential.
type Verdict struct {
	Proof Proof
	// Settle changes the credential named by the proof, with the credential, the
	// user and the policy as they stand when the proof is stored; a *Refusal means
	// that it was used, or may not be used any more, meanwhile. It may run more
	// than once.
	Settle func(Subject, Credential) error
	// Gone is what to say when the credential is there no longer.
	Gone *Refusal
	// Outside is whom a provider elsewhere has named; whose credential that is, the core finds.
	Outside *Outside
}

// Reason says why a method is not offered; administrators see it.
type Reason string

// The reasons.
const (
	Offered        Reason = ""
	NoCredential   Reason = "the user has none"
	MethodDisabled Reason = "the method is disabled by policy"
	OutOfScope     Reason = "the user is outside the policy's targets"
	UnknownUser    Reason = "there is no such user"
	DisabledUser   Reason = "the user account is disabled"
	MultiUsePass   Reason = "the pass is multi-use and the policy allows one-time passes only"
	ExternalUser   Reason = "external guests sign in elsewhere"
	InsideUser     Reason = "only people from outside sign in this way"
	NoMail         Reason = "the deployment sends no mail"
	OutOfMode      Reason = "the policy allows the method for something else only"

	MaxHeld          Reason = "the user holds as many as one may"
	NoSelfService    Reason = "the policy does not let people register their own"
	CopiedPasskey    Reason = "the passkey may have been copied"
	CopiedDevice     Reason = "the device may have been copied"
	SoftDevice       Reason = "the policy does not accept programs that answer for people"
	UnusedDevice     Reason = "the device has not been used for 90 days"
	ForbiddenPasskey Reason = "the policy does not accept passkeys of this kind or model"
	NotFederated     Reason = "the domain is not federated with a provider"
	ProviderDisabled Reason = "the provider of the domain is disabled"
	HomeBlocked      Reason = "the cross-tenant access policy lets nobody come from there"
	ProvedElsewhere  Reason = "the provider of the domain has to ask for more than one factor"
	Unavailable      Reason = "the deployment's base URL has no host name that passkeys can be made for"
)

// PassIs is why a pass cannot be used that no policy blocks.
func PassIs(why Usability) Reason { return Reason("the pass is " + string(why)) }

// Offer is whether one method is offered.
type Offer struct {
	Info   Info
	Reason Reason // Offered, or why not
	Open   bool   // the policy offers it to somebody
}

// Offers asks every method in order. load gives the credentials of one method.
func Offers(methods []Method, s Subject, load func(Info) ([]Credential, error)) ([]Offer, error) {
	offers := make([]Offer, 0, len(methods))
	for _, m := range methods {
		nobody := Subject{Now: s.Now, Tenant: s.Tenant, Policy: s.Policy, Doors: s.Doors}
		o := Offer{Info: infoFor(m, s), Open: m.Offer(nobody) == Offered}
		switch {
		case s.User == nil:
			o.Reason = UnknownUser
		case s.User.Disabled:
			o.Reason = DisabledUser
		default:
			held, err := load(o.Info)
			if err != nil {
				return nil, err
			}
			s.Credentials = held
			o.Reason = m.Offer(s)
		}
		offers = append(offers, o)
	}
	return offers, nil
}

func infoFor(m Method, s Subject) Info {
	if v, ok := m.(Varying); ok {
		return v.InfoFor(s)
	}
	return m.Info()
}
