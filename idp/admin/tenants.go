package admin

import (
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// CreateTenant makes a tenant with its signing keys and the default policies.
func (s *Service) CreateTenant(ctx context.Context, actor idp.Party, name string, domains ...string) (*idp.Tenant, error) {
	now := s.now()
	t := &idp.Tenant{TenantID: idp.NewID(), Name: name, CreatedAt: now}
	for _, d := range domains {
		n, err := idp.NormalDomain(d)
		if err != nil {
			return nil, err
		}
		t.Domains = append(t.Domains, n)
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	if err := s.domainsFree(ctx, t.Domains); err != nil {
		return nil, err
	}
	keys, err := s.newKeys(t.TenantID, now, now)
	if err != nil {
		return nil, err
	}
	// Keys first: a tenant that can be found can sign.
	err = s.store.Update(ctx, t.TenantID, func(tx *storage.Tx) error {
		for _, k := range keys {
			if err := tx.Put(k); err != nil {
				return err
			}
		}
		return audit(tx, now, actor, idp.Party{Type: "tenant", ID: t.TenantID, Name: t.Name}, "Create tenant", "DirectoryManagement", idp.CoreService, "")
	})
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, storage.System, func(tx *storage.Tx) error { return tx.Insert(t) })
	return t, taken(err, takenDomains, strings.Join(t.Domains, ", "))
}

const takenDomains = "One of the domains %s belongs to another tenant."

// domainsFree is asked before anything is stored, so that a tenant whose domain is
// taken leaves nothing behind; what decides is the unique index.
func (s *Service) domainsFree(ctx context.Context, domains []string) error {
	for _, d := range domains {
		switch _, err := s.tenant(ctx, d); {
		case err == nil:
			return idp.Errorf(idp.Conflict, takenDomains, strings.Join(domains, ", "))
		case idp.ErrorCode(err) != idp.NotFound:
			return err
		}
	}
	return nil
}

// Tenant finds a tenant by GUID or domain.
func (s *Service) Tenant(ctx context.Context, name string) (*idp.Tenant, error) {
	return s.tenant(ctx, name)
}

// Tenants lists all tenants by id.
func (s *Service) Tenants(ctx context.Context, page storage.Page) (ts []*idp.Tenant, next string, err error) {
	err = s.store.View(ctx, storage.System, func(tx *storage.Tx) (err error) {
		ts, next, err = storage.All[idp.Tenant](tx, page)
		return err
	})
	return ts, next, err
}

// TenantChange is what may be changed; nil leaves a field as it is.
type TenantChange struct {
	Name            *string
	Disabled        *bool
	Accent          *string
	SessionLifetime *time.Duration
	Registration    *idp.Registration
}

// UpdateTenant changes a tenant.
func (s *Service) UpdateTenant(ctx context.Context, actor idp.Party, tenant string, c TenantChange) (*idp.Tenant, error) {
	return s.updateTenant(ctx, actor, tenant, "Update tenant", func(t *idp.Tenant) error {
		set(&t.Name, c.Name)
		set(&t.Disabled, c.Disabled)
		set(&t.Accent, c.Accent)
		set(&t.SessionLifetime, c.SessionLifetime)
		set(&t.Registration, c.Registration)
		return nil
	})
}

// AddDomain adds a verified domain.
func (s *Service) AddDomain(ctx context.Context, actor idp.Party, tenant, domain string) (*idp.Tenant, error) {
	d, err := idp.NormalDomain(domain)
	if err != nil {
		return nil, err
	}
	return s.updateTenant(ctx, actor, tenant, "Add verified domain", func(t *idp.Tenant) error {
		if t.Owns(d) {
			return idp.Errorf(idp.Conflict, "%s has the domain %q already.", t.Name, d)
		}
		t.Domains = append(t.Domains, d)
		return nil
	})
}

// RemoveDomain removes a domain that no user name ends in; not the initial one.
func (s *Service) RemoveDomain(ctx context.Context, actor idp.Party, tenant, domain string) (*idp.Tenant, error) {
	d, err := idp.NormalDomain(domain)
	if err != nil {
		return nil, err
	}
	t, err := s.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if err := s.domainUnused(ctx, t, d); err != nil {
		return nil, err
	}
	return s.updateTenant(ctx, actor, tenant, "Remove verified domain", func(t *idp.Tenant) error {
		switch i := slices.Index(t.Domains, d); i {
		case -1:
			return idp.Errorf(idp.NotFound, "%s has no domain %q.", t.Name, d)
		case 0:
			return idp.Errorf(idp.Invalid, "%q is the initial domain of %s and stays.", d, t.Name)
		default:
			t.Domains = slices.Delete(t.Domains, i, i+1)
		}
		return nil
	})
}

func (s *Service) domainUnused(ctx context.Context, t *idp.Tenant, domain string) error {
	return s.store.View(ctx, t.TenantID, func(tx *storage.Tx) error {
		users, _, err := storage.All[idp.User](tx, storage.Page{})
		for _, u := range users {
			if u.Type != idp.ExternalGuest && domainOf(u.PrincipalName) == domain {
				return idp.Errorf(idp.Conflict, "The user %s still has a name in %q.", u.PrincipalName, domain)
			}
		}
		return err
	})
}

func (s *Service) updateTenant(ctx context.Context, actor idp.Party, tenant, activity string, fn func(*idp.Tenant) error) (*idp.Tenant, error) {
	found, err := s.tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	now := s.now()
	var t *idp.Tenant
	err = s.store.Update(ctx, storage.System, func(tx *storage.Tx) error {
		if t, err = storage.Get[idp.Tenant](tx, found.TenantID); err != nil {
			return err
		}
		if err := fn(t); err != nil {
			return err
		}
		if err := t.Validate(); err != nil {
			return err
		}
		if err := tx.Put(t); err != nil {
			return err
		}
		return audit(tx, now, actor, idp.Party{Type: "tenant", ID: t.TenantID, Name: t.Name}, activity, "DirectoryManagement", idp.CoreService, "")
	})
	if err != nil {
		return nil, taken(err, "That domain belongs to another tenant.")
	}
	return t, nil
}

// set assigns what a change gives.
func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}
