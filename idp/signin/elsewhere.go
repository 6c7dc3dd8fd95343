package signin

import (
	"errors"
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// whose finds whom a provider elsewhere has named, or links them for the first time, and rests
// the proof on that. Issuer and subject decide; an address only where nobody is linked yet, if
// the provider has verified it and answers for its domain.
func (s *Service) whose(tx *storage.Tx, a *attempt, verdict idp.Verdict) (idp.Verdict, error) {
	o := verdict.Outside
	if o == nil {
		return verdict, nil
	}
	if err := stillThere(tx, a, verdict); err != nil {
		return verdict, err
	}
	id, err := idp.FindIdentity(tx, o.Issuer, o.Subject)
	if err != nil {
		return verdict, err
	}
	if id == nil {
		if id, err = s.link(tx, a, o); err != nil {
			return verdict, err
		}
	}
	u, err := idp.Optional(storage.Get[idp.User](tx, id.UserID))
	if err != nil {
		return verdict, err
	}
	if r := s.refusesElsewhere(tx, a, o, id, u); r != nil {
		return verdict, r
	}
	a.subject.User, a.subject.Credentials = u, []idp.Credential{id}
	verdict.Proof.Credential = id.IdentityID
	return verdict, nil
}

// stillThere refuses what a provider has said that was disabled or removed meanwhile, what it is
// believed no more, and what rests on a session that has ended meanwhile.
func stillThere(tx *storage.Tx, a *attempt, verdict idp.Verdict) error {
	o := verdict.Outside
	countsMFA, err := settledNow(tx, a, o)
	if err != nil {
		return err
	}
	if verdict.Proof.MFA && !countsMFA {
		return &idp.Refusal{Problem: "federation.refused", Detail: "more than one factor at the provider counts no more"}
	}
	if o.SessionID == "" {
		return nil
	}
	ended, err := idp.Spent(tx, endedElsewhere, idp.ElsewhereKey(o.Provider, o.SessionID))
	if err == nil && ended {
		err = &idp.Refusal{Problem: "federation.refused", Detail: "the session at the provider has ended meanwhile"}
	}
	return err
}

// settledNow tells whether more than one factor there counts, by the settings of now, which are
// those of the attempt from then on; an error if nobody may come from there any more.
func settledNow(tx *storage.Tx, a *attempt, o *idp.Outside) (countsMFA bool, err error) {
	if a.f.Chosen == idp.HomeTenant {
		p, err := idp.LoadCrossTenantPolicy(tx)
		if err != nil {
			return false, err
		}
		home := p.For(o.Provider)
		if home.Inbound == idp.AccessBlocked {
			return false, &idp.Refusal{Problem: "federation.off", Detail: string(idp.HomeBlocked)}
		}
		return home.TrustsMFA(), nil
	}
	f, err := idp.Optional(storage.Get[idp.Federation](tx, o.Provider))
	if err != nil {
		return false, err
	}
	if f == nil || f.Disabled {
		return false, &idp.Refusal{Problem: "federation.off", Detail: "the provider was disabled meanwhile"}
	}
	a.subject.Doors.Federation = f
	return f.CountsMFA(o), nil
}

// refusesElsewhere is why whom the provider has named is not let in, nil if they are.
func (s *Service) refusesElsewhere(tx *storage.Tx, a *attempt, o *idp.Outside, id *idp.Identity, u *idp.User) error {
	switch {
	case id.Provider != o.Provider:
		return &idp.Refusal{Problem: "federation.off", Detail: "the person is linked by way of another provider with the same issuer"}
	case u == nil:
		return &idp.Refusal{Problem: "federation.nobody", Detail: "the user was deleted"}
	case !a.isFor(u):
		return &idp.Refusal{Problem: a.m.Info().Other, Detail: "the provider has named another user than was to sign in"}
	case u.Disabled:
		return &idp.Refusal{Told: idp.UserDisabled, Logged: idp.UserDisabled}
	}
	now := a.subject
	now.User, now.Credentials = u, []idp.Credential{id}
	var err error
	if now.Policy, err = idp.LoadMethodsPolicy(tx); err != nil {
		return err
	}
	if now.Doors, err = s.doors(tx, a.v, u.SignInName()); err != nil {
		return err
	}
	if why := a.m.Offer(now); why != idp.Offered {
		return &idp.Refusal{Problem: "federation.off", Detail: string(why)}
	}
	if !now.Doors.LeadTo(o.Provider) {
		return &idp.Refusal{Problem: "federation.off", Detail: "the user's domain leads to another provider by now"}
	}
	return nil
}

// isFor tells whether somebody is who the sign-in is about: who was named, or steps up.
func (a *attempt) isFor(u *idp.User) bool {
	if a.subject.User != nil && !a.f.Unnamed {
		return a.subject.User.UserID == u.UserID
	}
	return a.isNamed(u.SignInName())
}

// isNamed tells whether a name is that of who the sign-in is about. Without one it is anybody's.
func (a *attempt) isNamed(name string) bool {
	if a.f.Unnamed {
		return true
	}
	named, err := idp.NormalName(a.subject.Name)
	return err == nil && named == name
}

// link says for the first time who a person of a provider is here.
func (s *Service) link(tx *storage.Tx, a *attempt, o *idp.Outside) (*idp.Identity, error) {
	if o.Address == "" {
		return nil, &idp.Refusal{Problem: "federation.unverified", Detail: "the provider has verified no address of the person"}
	}
	address, err := idp.NormalName(o.Address)
	if err != nil || !sameMailbox(o.Address, address) {
		return nil, &idp.Refusal{Problem: "federation.unverified", Detail: "the address that the provider tells is none, or another than it looks like"}
	}
	if !a.isNamed(address) {
		return nil, &idp.Refusal{Problem: a.m.Info().Other, Detail: "the provider has named another address than was to sign in"}
	}
	u, err := idp.Optional(idp.FindSigner(tx, address))
	if err != nil {
		return nil, err
	}
	if u == nil {
		if u, err = s.provision(tx, a, o, address); err != nil {
			return nil, err
		}
	}
	if err := s.mayLink(tx, a, o, address, u); err != nil {
		return nil, err
	}
	id := idp.NewIdentity(u.UserID, o, a.v.Now)
	return id, errors.Join(tx.Insert(id), s.logLink(tx, a, u, id))
}

// sameMailbox tells whether an address is that of its normal form but for capitals of ASCII. Wide
// letters, ligatures and the like come out the same there, and may be somebody else's mailbox.
func sameMailbox(told, normal string) bool {
	local, _, _ := strings.Cut(told, "@")
	want, _, _ := strings.Cut(normal, "@")
	return want == strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, local)
}

// mayLink tells why an address is not enough to say who somebody is.
func (s *Service) mayLink(tx *storage.Tx, a *attempt, o *idp.Outside, address string, u *idp.User) error {
	object, err := idp.ObjectOf(tx, a.v.Tenant, u)
	if err != nil {
		return err
	}
	links, err := idp.IdentitiesOf(tx, u.UserID)
	if err != nil {
		return err
	}
	f, home := a.subject.Doors.Federation, a.f.Chosen == idp.HomeTenant
	for _, l := range links {
		switch {
		case l.Provider == o.Provider:
			return &idp.Refusal{Problem: "federation.subject", Detail: "the user is linked with another subject of the same provider"}
		case home && l.AtHome(): // whose domain it was then
			return &idp.Refusal{Problem: "federation.subject", Detail: "the user is linked with somebody of another organization, whose the domain is no more"}
		}
	}
	switch {
	case home && a.subject.Doors.Home.Tenant.Owns(idp.DomainOf(address)):
		return nil
	case home || !f.Has(idp.DomainOf(address)):
		return &idp.Refusal{Problem: "federation.nobody", Detail: "the address is of a domain that the provider does not answer for"}
	case f.Linking == idp.LinkByAdmin:
		return &idp.Refusal{Problem: "federation.unlinked", Detail: "administrators say who is who, and none has yet"}
	case object.Privileged():
		return &idp.Refusal{Problem: "federation.unlinked", Detail: "the user has administrative rights, and is linked by an administrator only"}
	}
	return nil
}

// provision creates somebody of a domain who comes for the first time, where the provider's
// settings say so.
func (s *Service) provision(tx *storage.Tx, a *attempt, o *idp.Outside, address string) (*idp.User, error) {
	f := a.subject.Doors.Federation
	domain := idp.DomainOf(address)
	if a.f.Chosen != idp.FederatedDomain || !f.Provision || !f.Has(domain) || !a.v.Tenant.Owns(domain) {
		return nil, &idp.Refusal{Problem: "federation.nobody", Detail: string(idp.UnknownUser)}
	}
	u := idp.Provisioned(address, o, a.v.Now)
	if err := u.Validate(a.v.Tenant); err != nil {
		return nil, &idp.Refusal{Problem: "federation.nobody", Detail: "no user can be created: " + err.Error()}
	}
	e := a.v.event(idp.Directory)
	e.Tell(idp.UserAdded)
	e.Actor, e.Target = idp.Party{Type: idp.ActorSystem, Name: f.Name}, idp.PartyOf(u)
	e.Details = map[string]string{"Provider": f.FederationID}
	return u, errors.Join(tx.Insert(u), s.log(a.v).Append(tx, e))
}

// logLink tells that a person elsewhere is linked with a user.
func (s *Service) logLink(tx *storage.Tx, a *attempt, u *idp.User, id *idp.Identity) error {
	e := a.v.event(idp.Directory)
	e.Tell(idp.IdentityLinked)
	e.Actor, e.Target = idp.PartyOf(u), idp.PartyOf(u)
	e.Details = map[string]string{"identity": id.IdentityID, "provider": id.Provider, "issuer": idp.Clip(id.Issuer, 256)}
	return s.log(a.v).Append(tx, e)
}
