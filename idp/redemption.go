package idp

// Source is how somebody from outside proves who they are.
type Source string

// The sources, in the order in which they are tried.
const (
	SourceHome     Source = "homeTenant" // at an organization of this deployment
	SourceProvider Source = "provider"   // at the provider that their domain is federated with
	SourceMail     Source = "mail"       // by a code that is sent to them
)

// Sources are all of them, in order.
var Sources = []Source{SourceHome, SourceProvider, SourceMail}

// RedemptionFacts is all that it rests on which way a guest signs in.
type RedemptionFacts struct {
	Redeemed Source // as the guest redeemed the invitation; "": not yet
	// Barred tells of each way why it is not open to the guest now; Offered if it is.
	Barred map[Source]Reason
}

// Redemption is which way a guest signs in, and why no other.
type Redemption struct {
	Source Source // "": no way
	Sticky bool   // it is the way in which they redeemed, whatever else would do now
	Ways   []RedemptionWay
}

// RedemptionWay is one way, and why it is not the guest's; Offered for the one that is.
type RedemptionWay struct {
	Source Source
	Reason Reason
}

// Why ways are not a guest's.
const (
	NoHomeTenant     Reason = "the address belongs to no organization that guests can sign in through here"
	NoProvider       Reason = "no provider is federated for the domain of the address"
	AnotherWayFirst  Reason = "another way comes before it"
	RedeemedOtherway Reason = "the guest has redeemed in another way and stays with it until the redemption is reset"
)

// Redeems decides which way a guest signs in. It is pure. The first way in order that is
// open is taken, but who has redeemed stays with their way: when it is not open any more,
// no other takes its place until the redemption is reset.
func Redeems(f RedemptionFacts) Redemption {
	r := Redemption{Sticky: f.Redeemed != ""}
	for _, s := range Sources {
		why := f.Barred[s]
		switch {
		case r.Sticky && s != f.Redeemed:
			why = RedeemedOtherway
		case why == Offered && r.Source != "":
			why = AnotherWayFirst
		case why == Offered:
			r.Source = s
		}
		r.Ways = append(r.Ways, RedemptionWay{s, why})
	}
	return r
}

// RedemptionOf is Redeems of a user as the policy is; the doors are those that their address
// leads to. codes is why the deployment cannot send any, Offered if it can.
func RedemptionOf(p *MethodsPolicy, u *User, d Doors, codes Reason) Redemption {
	if codes == Offered {
		codes = p.Email.Bars(u)
	}
	return Redeems(RedemptionFacts{Redeemed: u.External.Source, Barred: map[Source]Reason{
		SourceHome: d.OpensHome(), SourceProvider: d.FederatesGuests(), SourceMail: codes,
	}})
}

// Of is why a way is not the guest's; Offered if it is.
func (r Redemption) Of(s Source) Reason {
	for _, w := range r.Ways {
		if w.Source == s {
			return w.Reason
		}
	}
	return UnknownUser
}

// Reason is why somebody cannot sign in at all: what keeps the way from them that they have
// taken before, or else the last there is. Offered if there is a way.
func (r Redemption) Reason() (why Reason) {
	if r.Source != "" {
		return Offered
	}
	why = RedeemedOtherway // in a way that is none any more
	for _, w := range r.Ways {
		if w.Reason != RedeemedOtherway {
			why = w.Reason
		}
	}
	return why
}
