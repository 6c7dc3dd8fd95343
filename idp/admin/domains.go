package admin

import (
	"context"
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// DomainInfo is a domain of a tenant, or one that it wants.
type DomainInfo struct {
	Name       string
	Verified   bool
	Initial    bool
	Default    bool
	Federation *idp.Federation // nil: its people sign in here
	Record     string          // text of the TXT record that proves a domain that is not verified
}

// Federated tells whether the domain's people sign in at its provider.
func (i DomainInfo) Federated() bool { return i.Federation != nil && !i.Federation.Disabled }

// Domains are those of a tenant, the initial one first, then those that it wants.
func (s *Service) Domains(ctx context.Context, actor idp.Actor, tenant string) (all []DomainInfo, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadDomains, func(w *work) error {
		all = nil
		for i, name := range w.tenant.Domains {
			f, err := idp.FindFederation(w.Tx, name)
			if err != nil {
				return err
			}
			all = append(all, DomainInfo{Name: name, Verified: true, Initial: i == 0, Default: name == w.tenant.DefaultDomain(), Federation: f})
		}
		claims, _, err := storage.All[idp.DomainClaim](w.Tx, storage.Page{})
		for _, c := range claims {
			if !w.tenant.Owns(c.Domain) { // or it was verified and the claim is yet to go
				all = append(all, DomainInfo{Name: c.Domain, Record: w.keys.DomainRecord(w.tenant.TenantID, c.Domain)})
			}
		}
		return err
	})
	return all, err
}

// SetDefaultDomain makes a domain the one that new names take.
func (s *Service) SetDefaultDomain(ctx context.Context, actor idp.Actor, tenant, domain string) (*idp.Tenant, error) {
	d, err := idp.NormalDomain(domain)
	if err != nil {
		return nil, err
	}
	return s.updateTenant(ctx, actor, tenant, idp.WriteDomains, idp.DomainDefault, func(t *idp.Tenant) error {
		if !t.Owns(d) {
			return idp.NoSuch("domain", d, "%s has no verified domain %q.", t.Name, d)
		}
		t.Default = d
		return nil
	})
}

// AddDomain adds a domain that the operator has verified.
func (s *Service) AddDomain(ctx context.Context, actor idp.Actor, tenant, domain string) (*idp.Tenant, error) {
	d, err := idp.NormalDomain(domain)
	if err != nil {
		return nil, err
	}
	t, err := s.updateTenant(ctx, actor, tenant, idp.Operate, idp.DomainAdded, func(t *idp.Tenant) error {
		if t.Owns(d) {
			return idp.Errorf(idp.Conflict, "%s has the domain %q already.", t.Name, d)
		}
		t.Domains = append(t.Domains, d)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t, s.settleClaim(ctx, actor, t.TenantID, d)
}

// RemoveDomain removes a domain that no user name ends in and that is federated with nobody;
// neither the initial nor the default one. One that is only wanted is wanted no more.
func (s *Service) RemoveDomain(ctx context.Context, actor idp.Actor, tenant, domain string) (*idp.Tenant, error) {
	d, err := idp.NormalDomain(domain)
	if err != nil {
		return nil, err
	}
	t, err := s.tenantFor(ctx, actor, tenant, idp.WriteDomains)
	if err != nil {
		return nil, err
	}
	if !t.Owns(d) {
		return t, s.dropClaim(ctx, actor, t, d)
	}
	if err := s.domainUnused(ctx, t, d); err != nil {
		return nil, err
	}
	if err := s.settleClaim(ctx, actor, t.TenantID, d); err != nil {
		return nil, err
	}
	return s.updateTenant(ctx, actor, tenant, idp.WriteDomains, idp.DomainRemoved, func(t *idp.Tenant) error {
		switch i := slices.Index(t.Domains, d); i {
		case -1:
			return idp.NoSuch("domain", d, "%s has no domain %q.", t.Name, d)
		case 0:
			return idp.Errorf(idp.Invalid, "%q is the initial domain of %s and stays.", d, t.Name)
		default:
			if d == t.DefaultDomain() {
				return idp.Errorf(idp.Invalid, "%q is the default domain of %s: make another one the default first.", d, t.Name)
			}
			t.Domains = slices.Delete(t.Domains, i, i+1)
		}
		return nil
	})
}

func (s *Service) domainUnused(ctx context.Context, t *idp.Tenant, domain string) error {
	return s.store.View(ctx, t.TenantID, func(tx *storage.Tx) error {
		f, err := idp.FindFederation(tx, domain)
		if err != nil {
			return err
		}
		if f != nil {
			return idp.Errorf(idp.Conflict, "%q is federated with %s: remove the federation first.", domain, f.Name)
		}
		var in *idp.User
		err = storage.Each(tx, func(_ string, u *idp.User, err error) bool {
			if err == nil && !u.Type.External() && idp.DomainOf(u.PrincipalName) == domain {
				in = u
			}
			return in == nil
		})
		if in != nil {
			return idp.Errorf(idp.Conflict, "The user %s still has a name in %q.", in.PrincipalName, domain)
		}
		return err
	})
}
