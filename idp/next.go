package idp

import (
	"slices"
	"time"
)

// Facts is all that the decision about a sign-in rests on.
type Facts struct {
	Now         time.Time
	Client      *Client      // nil: one of Latchkey's own pages
	Request     *AuthRequest // likewise
	StartedAt   time.Time    // when this sign-in began
	Identifier  string       // what the person typed or the app hinted at
	User        *User        // whom that names; nil if nobody
	Offers      []Offer      // every method in order, for User; without one, for the session's user
	Chosen      Kind         // picked under "other ways"
	Session     *Session     // the browser's, or nil
	SessionUser *User
	Account     bool     // the person said to go on with the session's account
	Another     bool     // the person said to sign in as somebody else, or typed a name
	Consented   []string // scopes the session's user has allowed the client
	Allowed     bool     // the person has just allowed them
}

// Step is what happens next.
type Step string

// The steps.
const (
	Identify    Step = "identify" // ask who it is
	Ask         Step = "ask"      // put Method's question
	ConsentStep Step = "consent"  // ask for leave to give the app what it wants
	Refuse      Step = "refuse"   // tell the app why not
	Issue       Step = "issue"    // the session satisfies the request
)

// Decision is what Next answers.
type Decision struct {
	Step    Step
	Method  Kind     // for Ask
	Account bool     // for Identify: offer the session's account
	Offers  []Offer  // why each method is or is not offered
	Error   string   // for Refuse: the OAuth error (OIDC Core 3.1.2.6, and the error code of OIDC Core Unmet Authentication Requirements 1.0)
	STS     STS      // for Refuse
	Missing []string // for Consent: scopes not yet allowed
}

// Next decides what a person is asked. It is pure: it reads no clock and no
// store, and the same facts always give the same decision.
//
// A user nobody knows is asked for the first method of the list, exactly as
// somebody who holds none.
func Next(f Facts) Decision {
	d := Decision{Offers: f.Offers}
	if f.sessionSuits() {
		return f.afterSignIn(d)
	}
	if f.silent() || f.strayed() {
		return d.refuse("login_required", NoSession)
	}
	if f.unreachable() {
		return d.refuse("unmet_authentication_requirements", NoSession)
	}
	if f.Identifier == "" && !f.stepUp() && !(f.Account && f.accountOffered()) {
		d.Step, d.Account = Identify, f.accountOffered()
		return d
	}
	d.Step, d.Method = Ask, f.method()
	return d
}

// afterSignIn decides when the session is good enough as it is.
func (f Facts) afterSignIn(d Decision) Decision {
	if f.Request == nil {
		d.Step = Issue
		return d
	}
	if f.Request.Asks("select_account") && !f.Account && !f.Another && !f.fresh() {
		if f.silent() {
			return d.refuse("account_selection_required", NoSession)
		}
		d.Step, d.Account = Identify, true
		return d
	}
	d.Missing = f.missingConsent()
	switch {
	case f.Allowed, len(d.Missing) == 0 && !f.Request.Asks("consent"):
		d.Step = Issue
	case f.silent():
		return d.refuse("consent_required", ConsentMissing)
	default:
		d.Step = ConsentStep
	}
	return d
}

func (d Decision) refuse(code string, sts STS) Decision {
	d.Step, d.Error, d.STS = Refuse, code, sts
	return d
}

func (f Facts) silent() bool { return f.Request != nil && f.Request.Asks("none") }

// fresh: the person has signed in since this sign-in began.
func (f Facts) fresh() bool {
	return f.Session != nil && !f.Session.AuthTime().Before(f.StartedAt)
}

// sessionSuits tells whether the request is satisfied by the session as it is.
func (f Facts) sessionSuits() bool {
	if f.Session == nil || !f.Session.Live(f.SessionUser, f.Now) || f.otherUser() {
		return false
	}
	r := f.Request
	if r == nil {
		return true
	}
	switch {
	case r.Asks("login") && !f.fresh(): // OIDC Core 3.1.2.1
		return false
	case r.MaxAge >= 0 && !f.fresh() && f.Now.Sub(f.Session.AuthTime()) > time.Duration(r.MaxAge)*time.Second:
		return false
	}
	return f.acrSuits()
}

// otherUser tells whether somebody else than the session's user is wanted.
func (f Facts) otherUser() bool {
	if f.Request != nil && f.Request.Subject != "" && f.Request.Subject != f.Session.UserID {
		return true
	}
	if f.Identifier == "" {
		return f.Another
	}
	return f.User == nil || f.User.UserID != f.Session.UserID
}

// strayed: the person has signed in, but as somebody else than the id_token_hint
// or the claims parameter names (OIDC Core 3.1.2.1, 5.5.1).
func (f Facts) strayed() bool {
	return f.Request != nil && f.Request.Subject != "" && f.fresh() && f.Session.UserID != f.Request.Subject &&
		f.User != nil && f.User.UserID == f.Session.UserID
}

// acrSuits: one of the classes asked for was reached, or none can be and the
// request does not insist (acr_values is voluntary, OIDC Core 3.1.2.1).
func (f Facts) acrSuits() bool {
	want := f.Request.ACRValues
	if len(want) == 0 || slices.ContainsFunc(f.Session.Proofs, func(p Proof) bool { return slices.Contains(want, p.ACR) }) {
		return true
	}
	return !f.Request.ACREssential && f.reaching() == ""
}

// unreachable: an essential class that no method can reach, which is told alike
// for every user, or that this user has just failed to reach with all there is
// (OIDC Core 5.5.1.1).
func (f Facts) unreachable() bool {
	if f.Request == nil || !f.Request.ACREssential {
		return false
	}
	if f.fresh() && !f.otherUser() && !f.acrSuits() && f.reaching() == "" {
		return true
	}
	return !slices.ContainsFunc(f.Offers, func(o Offer) bool {
		return slices.Contains(f.Request.ACRValues, o.Info.ACR)
	})
}

// reaching is the first offered method that reaches a class asked for. One that
// was used in this sign-in has given what it can: asking again would never end.
func (f Facts) reaching() Kind {
	if f.Request == nil {
		return ""
	}
	for _, o := range f.Offers {
		if o.Reason == Offered && slices.Contains(f.Request.ACRValues, o.Info.ACR) && !f.answered(o.Info.Kind) {
			return o.Info.Kind
		}
	}
	return ""
}

// answered: the person wanted has answered this method since this sign-in began.
func (f Facts) answered(k Kind) bool {
	return f.Session != nil && !f.otherUser() && slices.ContainsFunc(f.Session.Proofs, func(p Proof) bool {
		return p.Method == k && !p.At.Before(f.StartedAt)
	})
}

// stepUp: the session's user stays and is only asked for more.
func (f Facts) stepUp() bool {
	return f.Request != nil && f.Session != nil && f.Session.Live(f.SessionUser, f.Now) && !f.otherUser() && f.reaching() != "" && !f.acrSuits()
}

func (f Facts) accountOffered() bool {
	return f.Session != nil && f.Session.Live(f.SessionUser, f.Now) && !f.otherUser()
}

// method picks what to ask: the person's choice if it is offered, then what
// reaches a class asked for, then the first that is offered, then the first of all.
func (f Facts) method() Kind {
	if f.Chosen != "" && slices.ContainsFunc(f.Offers, func(o Offer) bool { return o.Info.Kind == f.Chosen }) {
		return f.Chosen
	}
	if k := f.reaching(); k != "" {
		return k
	}
	for _, o := range f.Offers {
		if o.Reason == Offered {
			return o.Info.Kind
		}
	}
	if len(f.Offers) == 0 {
		return ""
	}
	return f.Offers[0].Info.Kind
}

// missingConsent are the scopes to ask leave for.
func (f Facts) missingConsent() []string {
	wants := f.Request.Wants()
	if f.Request.Asks("consent") {
		return wants
	}
	if f.Client.Trusted {
		wants = slices.DeleteFunc(wants, f.Client.vouched)
	}
	return Without(wants, f.Consented)
}
