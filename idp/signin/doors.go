package signin

import (
	"context"
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// located is the visit with the organization of the deployment at which the name is at home. It
// is looked up before anything else, since no transaction reads two partitions.
func (s *Service) located(ctx context.Context, v Visit, f Flow) (Visit, error) {
	name, err := s.nameOf(ctx, v, f)
	if err != nil || !idp.FromOutside(v.Tenant, name) {
		return v, err
	}
	if name, err = idp.NormalName(name); err != nil {
		return v, nil // it can be nobody's
	}
	err = s.store.View(ctx, storage.System, func(tx *storage.Tx) (err error) {
		v.home, err = idp.Optional(idp.FindTenant(tx, idp.DomainOf(name)))
		return err
	})
	if v.home != nil && (v.home.Disabled || v.home.TenantID == v.Tenant.TenantID) {
		v.home = nil
	}
	return v, err
}

// nameOf is by which name somebody signs in: who was named, or who is signed in.
func (s *Service) nameOf(ctx context.Context, v Visit, f Flow) (name string, err error) {
	if f.Username != "" || v.Session == "" {
		return f.Username, nil
	}
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		u, _, err := s.wanted(tx, v, f)
		if u != nil {
			name = u.SignInName()
		}
		return err
	})
	return name, err
}

// doors are the providers that a name leads to. As much is read whoever has it.
func (s *Service) doors(tx *storage.Tx, v Visit, name string) (d idp.Doors, err error) {
	n, err := idp.NormalName(name)
	if err != nil {
		return d, nil // it can be nobody's
	}
	d.Domain = idp.DomainOf(n)
	d.Own = v.Tenant.Owns(d.Domain)
	if d.Federation, err = idp.FindFederation(tx, d.Domain); err != nil || v.home == nil || d.Own {
		return d, err
	}
	p, err := idp.LoadCrossTenantPolicy(tx)
	if err == nil {
		d.Home = &idp.Home{Tenant: v.home, Partner: p.For(v.home.TenantID)}
	}
	return d, err
}

// doorsOfHint are the providers that a domain leads to.
func (s *Service) doorsOfHint(tx *storage.Tx, v Visit, hint string) (d idp.Doors, err error) {
	domain, err := idp.NormalDomain(hint)
	if err != nil {
		return d, nil
	}
	d.Domain, d.Own = domain, v.Tenant.Owns(domain)
	d.Federation, err = idp.FindFederation(tx, domain)
	return d, err
}

// addDoors finds where the name leads, or without one the hint.
func (s *Service) addDoors(tx *storage.Tx, v Visit, facts *idp.Facts, name string) (err error) {
	if facts.Doors, err = s.doors(tx, v, name); err != nil || facts.Identifier != "" || facts.Hint == "" {
		return err
	}
	if facts.Hints, err = s.doorsOfHint(tx, v, facts.Hint); err == nil {
		facts.Familiar, err = s.familiar(tx, v)
	}
	return err
}

// familiar tells whether somebody signed in in this browser before, and none of those holds a
// pass that can be used.
func (s *Service) familiar(tx *storage.Tx, v Visit) (bool, error) {
	k, pass := s.openKnown(v), s.method(idp.TemporaryAccessPass)
	policy, err := idp.LoadMethodsPolicy(tx)
	if err != nil || pass == nil {
		return len(k.Users) > 0, err
	}
	holds := func(id string) bool {
		who := idp.Subject{Now: v.Now, Tenant: v.Tenant, Policy: policy}
		if who.User, err = idp.Optional(storage.Get[idp.User](tx, id)); err != nil || who.User == nil {
			return false
		}
		who.Credentials, err = pass.Info().Held(tx, id)
		return err == nil && pass.Offer(who) == idp.Offered
	}
	found := slices.ContainsFunc(k.Users, holds)
	return len(k.Users) > 0 && !found, err
}
