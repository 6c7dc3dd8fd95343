package idp

// Doors are the providers elsewhere that a name leads to by its domain.
type Doors struct {
	Domain     string
	Own        bool        // the domain is the tenant's
	Federation *Federation // nil: it is federated with nobody
	Home       *Home       // nil: it belongs to no other organization of the deployment
}

// Home is another organization of the deployment, whose people may be guests.
type Home struct {
	Tenant  *Tenant
	Partner Partner // what holds for it here
}

// federatedWith is why a provider signs in nobody of the domain, Offered if it does.
func (d Doors) federatedWith() Reason {
	switch {
	case d.Federation == nil:
		return NotFederated
	case d.Federation.Disabled:
		return ProviderDisabled
	}
	return Offered
}

// FederatesOwn is why the people of the tenant's own domain do not sign in at a provider,
// Offered if they do.
func (d Doors) FederatesOwn() Reason {
	if !d.Own {
		return NotFederated
	}
	return d.federatedWith()
}

// FederatesGuests is the same of guests from the domain.
func (d Doors) FederatesGuests() Reason {
	if d.Own {
		return NoProvider
	}
	if why := d.federatedWith(); why != NotFederated {
		return why
	}
	return NoProvider
}

// OpensHome is why guests from the domain do not sign in at an organization of the deployment,
// Offered if they do.
func (d Doors) OpensHome() Reason {
	switch {
	case d.Own || d.Home == nil:
		return NoHomeTenant
	case d.Home.Partner.Inbound == AccessBlocked:
		return HomeBlocked
	}
	return Offered
}

// LeadTo tells whether a provider is one of those, by the id of its federation or of the home
// tenant.
func (d Doors) LeadTo(provider string) bool {
	return d.Federation != nil && d.Federation.FederationID == provider || d.Home != nil && d.Home.Tenant.TenantID == provider
}

// RealmFacts is all that it rests on whether somebody is sent elsewhere to sign in.
type RealmFacts struct {
	Name  string // as it was typed, or the app hinted at it; "" if nobody knows yet
	First Kind   // what that name is asked for
	Named Doors  // that the name leads to
	Hint  string // domain_hint (OpenID Connect Enterprise Extensions 1.0)
	Hints Doors  // that the hint leads to
	// Familiar: somebody signed in in this browser before, and none of them holds a usable pass.
	Familiar bool
	Asked    bool // the person wants to say who they are
}

// Realm is where somebody signs in.
type Realm struct {
	Federation *Federation // nil: here
	Method     Kind        // by which they get there, "" when the name is asked first
	Pause      bool        // a page of ours comes first, with the other ways
	Why        Reason      // of here
}

// Why nobody is sent elsewhere.
const (
	RealmGuest   Reason = "guests sign in as they have redeemed"
	RealmHolder  Reason = "the user holds something that comes before"
	RealmNoHint  Reason = "there is neither a name nor a hint"
	RealmBadHint Reason = "the hint is no federated domain of the organization"
	RealmIgnored Reason = "the provider takes no hints"
	RealmAsked   Reason = "the person wants to say who they are"
)

// Discover decides where somebody signs in (home realm discovery). It is pure. A name decides
// by what it is asked for first, so that a pass, a passkey or an authenticator keeps its holder
// here; a hint counts only where there is no name. Since a hint does not tell who it is, whoever
// may hold a pass is shown the way to use it before they are sent away.
func Discover(f RealmFacts) Realm {
	if f.Name != "" {
		return discoverByName(f)
	}
	hinted := f.Hints.Federation
	switch why := f.Hints.FederatesOwn(); {
	case f.Asked:
		return Realm{Why: RealmAsked}
	case f.Hint == "":
		return Realm{Why: RealmNoHint}
	case why == NotFederated:
		return Realm{Why: RealmBadHint}
	case why != Offered:
		return Realm{Why: why}
	case hinted.IgnoreHints:
		return Realm{Why: RealmIgnored}
	}
	return Realm{Federation: hinted, Method: FederatedDomain, Pause: !f.Familiar}
}

func discoverByName(f RealmFacts) Realm {
	switch {
	case !f.Named.Own:
		return Realm{Method: f.First, Why: RealmGuest}
	case f.Named.FederatesOwn() != Offered:
		return Realm{Method: f.First, Why: f.Named.FederatesOwn()}
	case f.First != FederatedDomain:
		return Realm{Method: f.First, Why: RealmHolder}
	}
	return Realm{Federation: f.Named.Federation, Method: f.First}
}
