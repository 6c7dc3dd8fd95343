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

	Doors    Doors  // that the name leads to; without one, that of the session's user
	Hint     string // domain_hint
	Hints    Doors  // that the hint leads to
	Familiar bool   // as RealmFacts has it

	Pretended  Kind      // what to ask for when no method is offered
	Strong     bool      // more than one factor must have been proved within StrongFor
	MFA        bool      // or at any time
	Visiting   bool      // the person goes on to another tenant, where they are a guest
	Since      time.Time // the person must have authenticated since; zero: at any time
	Prove      Kind      // this method must be answered, though the session would suit
	Enrol      Kind      // what the person came to register
	Interrupt  Interrupt // whether they are asked to register something
	Enrolable  Kind      // what that is
	Later      bool      // they said not now
	Registered bool      // they have just registered something, and were not told yet
}

// Step is what happens next.
type Step string

// The steps.
const (
	Identify    Step = "identify"   // ask who it is
	Ask         Step = "ask"        // put Method's question
	ConsentStep Step = "consent"    // ask for leave to give the app what it wants
	RedeemStep  Step = "redeem"     // have an invitation accepted
	EnrolStep   Step = "enrol"      // have a sign-in method registered: Method, or one to choose
	Enrolled    Step = "registered" // tell what was registered, and what it is good for
	Refuse      Step = "refuse"     // tell the app why not
	Issue       Step = "issue"      // the session satisfies the request
)

// Decision is what Next answers.
type Decision struct {
	Step    Step
	Method  Kind     // for Ask and EnrolStep; for Identify, what can be answered without a name
	Must    bool     // for EnrolStep: there is no "not now"
	Unnamed bool     // for Ask: whoever answers says who they are
	Realm   Realm    // for Ask: where they sign in
	Account bool     // for Identify: offer the session's account
	Offers  []Offer  // why each method is or is not offered
	Error   string   // for Refuse: the OAuth error (OIDC Core 3.1.2.6, and the error code of OIDC Core Unmet Authentication Requirements 1.0)
	STS     STS      // for Refuse
	Missing []string // for Consent: scopes not yet allowed
}

// Next decides what a person is asked. It is pure: it reads no clock and no
// store, and the same facts always give the same decision.
//
// A user nobody knows is asked for what they pretend to hold, exactly as somebody who
// holds nothing.
func Next(f Facts) Decision {
	f.Offers = f.enforced()
	d := Decision{Offers: f.Offers}
	if f.sessionSuits() {
		return f.afterSignIn(d)
	}
	if f.silent() || f.strayed() {
		return d.refuse("login_required", NoSession)
	}
	if f.unreachable() {
		return d.refuse("unmet_authentication_requirements", StrongerNeeded)
	}
	if f.tooWeak() {
		return d.refuse("unmet_authentication_requirements", StrongerNeeded)
	}
	name := f.name()
	d.Realm = f.realm(name)
	switch d.Method = d.Realm.Method; {
	case name != "":
		d.Step = Ask
	case d.Method != "":
		d.Step, d.Unnamed = Ask, true
	default:
		d.Step, d.Account = Identify, f.accountOffered()
	}
	return d
}

// name is whom the person says to be, "" if they have to say so first. Who steps up is known
// without one.
func (f Facts) name() string {
	if f.Identifier == "" && (f.stepUp() || f.Account && f.accountOffered()) {
		return f.SessionUser.SignInName()
	}
	return f.Identifier
}

// realm is where whoever has that name signs in.
func (f Facts) realm(name string) Realm {
	asked := f.Another || f.accountOffered() || f.Request != nil && f.Request.Asks("select_account")
	return Discover(RealmFacts{Name: name, First: f.method(), Named: f.Doors, Hint: f.Hint, Hints: f.Hints, Familiar: f.Familiar, Asked: asked})
}

// enforced are the offers, without those of another factor here where the provider of the
// domain has to ask for it.
func (f Facts) enforced() []Offer {
	if f.Doors.FederatesOwn() != Offered || f.Doors.Federation.MFA != MFAEnforced || !f.accountOffered() || !f.Session.By(FederatedDomain) {
		return f.Offers
	}
	offers := slices.Clone(f.Offers)
	for i, o := range offers {
		if o.Info.MFA && o.Info.Kind != FederatedDomain {
			offers[i].Open = false
			if o.Reason == Offered {
				offers[i].Reason = ProvedElsewhere
			}
		}
	}
	return offers
}

// afterSignIn decides when the session is good enough as it is.
func (f Facts) afterSignIn(d Decision) Decision {
	if f.SessionUser.External.Pending() {
		if f.silent() {
			return d.refuse("interaction_required", GuestPending)
		}
		d.Step = RedeemStep
		return d
	}
	if f.enrols(&d) {
		return d
	}
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

// enrols decides whether something is registered before the person goes on.
func (f Facts) enrols(d *Decision) bool {
	switch {
	case f.silent():
		return false
	case f.Registered && f.Request != nil && f.Session.Bounded(): // else nothing is left to choose
		d.Step = Enrolled
	case f.Enrol != "":
		d.Step, d.Method = EnrolStep, f.Enrol
	case f.Interrupt == NoInterrupt || !f.Session.Strong(f.Now):
		return false // who cannot register now is not kept from going on
	case f.Interrupt == MayRegister && (f.Later || !f.fresh()):
		return false
	default:
		d.Step, d.Method, d.Must = EnrolStep, f.Enrolable, f.Interrupt == MustRegister
	}
	return true
}

func (d Decision) refuse(code string, sts STS) Decision {
	d.Step, d.Error, d.STS = Refuse, code, sts
	return d
}

func (f Facts) silent() bool { return f.Request != nil && f.Request.Asks("none") }

// fresh: the person has signed in since this sign-in began.
func (f Facts) fresh() bool {
	return f.Session != nil && !f.Session.ProvedAt().Before(f.StartedAt)
}

// sessionSuits tells whether the request is satisfied by the session as it is.
func (f Facts) sessionSuits() bool {
	if f.Session == nil || !f.Session.Live(f.SessionUser, f.Now) || f.otherUser() {
		return false
	}
	if f.Prove != "" && !f.answered(f.Prove) {
		return false
	}
	r := f.Request
	if r == nil {
		return (!f.Strong || f.Session.Strong(f.Now)) && (!f.MFA || f.Session.MFA()) && f.since(f.Session.Latest(), f.Since)
	}
	return f.recent(f.Session.Latest()) && f.acrSuits()
}

// since tells whether the person of a proof has authenticated since a time. That they came back
// since is not enough: it may have been in another tab, and their provider may have asked them
// nothing. Of what was asked in this sign-in, the clock of the provider is believed.
func (f Facts) since(p Proof, t time.Time) bool {
	if !p.At.Before(f.StartedAt) && !p.Authenticated.IsZero() && !t.IsZero() {
		t = t.Add(-Skew)
	}
	return p.Since(t)
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
	if len(want) == 0 || slices.ContainsFunc(f.Session.Proofs, func(p Proof) bool { return p.Reaches(want) != "" && f.recent(p) }) {
		return true
	}
	return !f.Request.ACREssential && f.reaching() == ""
}

// recent: the proof is as new as the request wants one (OIDC Core 3.1.2.1), so that class
// and time of the authentication are told of the same.
func (f Facts) recent(p Proof) bool {
	if p.At.Before(f.StartedAt) {
		return !f.Request.Asks("login") && p.Since(f.Request.Oldest(f.Now))
	}
	if f.Request.Asks("login") {
		return f.since(p, f.StartedAt)
	}
	return f.since(p, f.Request.Oldest(f.StartedAt))
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
		return o.Info.reaches(f.Request.ACRValues)
	})
}

// reaching is the first offered method that reaches a class asked for. One that
// was used in this sign-in has given what it can: asking again would never end.
func (f Facts) reaching() Kind {
	for _, o := range f.Offers {
		if o.Reason == Offered && f.wants(o.Info) && !f.answered(o.Info.Kind) {
			return o.Info.Kind
		}
	}
	return ""
}

// wants: the method reaches what is asked for.
func (f Facts) wants(i Info) bool {
	if f.Request == nil {
		return (f.Strong || f.MFA) && i.MFA
	}
	return i.reaches(f.Request.ACRValues)
}

// tooWeak: one of our own pages needs a strong proof, and the session's user has nothing
// left to give one with.
func (f Facts) tooWeak() bool {
	return f.Request == nil && (f.Strong || f.MFA && !f.Session.MFA()) && f.accountOffered() && f.reaching() == ""
}

// answered: the person wanted has answered this method since this sign-in began.
func (f Facts) answered(k Kind) bool {
	return f.Session != nil && !f.otherUser() && slices.ContainsFunc(f.Session.Proofs, func(p Proof) bool {
		return p.Method == k && !p.At.Before(f.StartedAt)
	})
}

// stepUp: the session's user stays and is only asked for more.
func (f Facts) stepUp() bool {
	switch {
	case !f.accountOffered():
		return false
	case f.Prove != "":
		return true
	case f.Request == nil:
		return (f.Strong || f.MFA && !f.Session.MFA()) && f.reaching() != ""
	}
	return f.reaching() != "" && !f.acrSuits()
}

func (f Facts) accountOffered() bool {
	return f.Session != nil && f.Session.Live(f.SessionUser, f.Now) && !f.otherUser()
}

// method picks what to ask: the person's choice if there is such a method, then what must be
// proved, then what reaches a class asked for, then the first that is offered, then what is
// pretended, then the first of all.
func (f Facts) method() Kind {
	if f.Chosen != "" && slices.ContainsFunc(f.Offers, func(o Offer) bool { return o.Info.Kind == f.Chosen && o.Reason != ProvedElsewhere }) {
		return f.Chosen
	}
	if f.Prove != "" {
		return f.Prove
	}
	if k := f.reaching(); k != "" {
		return k
	}
	if k := f.first(); k != "" {
		return k
	}
	if f.Pretended != "" {
		return f.Pretended
	}
	if len(f.Offers) == 0 {
		return ""
	}
	return f.Offers[0].Info.Kind
}

// first is what the wanted user is asked for.
func (f Facts) first() Kind {
	var offered []Kind
	for _, o := range f.Offers {
		if o.Reason == Offered {
			offered = append(offered, o.Info.Kind)
		}
	}
	u := f.User
	if f.Identifier == "" {
		u = f.SessionUser
	}
	return FirstOf(offered, u)
}

// FirstOf is what a user is asked for of the methods that are offered to them, in order: the
// first, or the one they prefer; "" for none. Nothing goes before a pass.
func FirstOf(offered []Kind, u *User) Kind {
	switch {
	case len(offered) == 0:
		return ""
	case u != nil && offered[0] != TemporaryAccessPass && slices.Contains(offered, u.Preferred):
		return u.Preferred
	}
	return offered[0]
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
