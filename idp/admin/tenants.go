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
func (s *Service) CreateTenant(ctx context.Context, actor idp.Actor, name string, domains ...string) (*idp.Tenant, error) {
	if err := idp.May(actor, idp.Operate, idp.Object{}); err != nil {
		return nil, err
	}
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
		return s.work(tx, t, actor, now).audit(idp.TenantAdded, tenantParty(t), "")
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

// Tenant finds a tenant by GUID or domain. Who it belongs to is no secret: its issuer
// says so.
func (s *Service) Tenant(ctx context.Context, name string) (*idp.Tenant, error) {
	return s.tenant(ctx, name)
}

// Organization is a tenant for those who may read about it.
func (s *Service) Organization(ctx context.Context, actor idp.Actor, tenant string) (t *idp.Tenant, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadOrganization, func(w *work) error { t = w.tenant; return nil })
	return t, err
}

// Tenants lists all tenants by id.
func (s *Service) Tenants(ctx context.Context, actor idp.Actor, page storage.Page) (ts []*idp.Tenant, next string, err error) {
	if err := idp.May(actor, idp.Operate, idp.Object{}); err != nil {
		return nil, "", err
	}
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
func (s *Service) UpdateTenant(ctx context.Context, actor idp.Actor, tenant string, c TenantChange) (*idp.Tenant, error) {
	t, err := s.updateTenant(ctx, actor, tenant, idp.WriteOrganization, idp.TenantUpdated, func(t *idp.Tenant) error {
		set(&t.Name, c.Name)
		set(&t.Disabled, c.Disabled)
		set(&t.Accent, c.Accent)
		set(&t.SessionLifetime, c.SessionLifetime)
		set(&t.Registration, c.Registration)
		return nil
	})
	if err == nil && t.Disabled { // its people are guests nowhere any more
		err = s.store.Update(ctx, t.TenantID, func(tx *storage.Tx) error { return idp.HastenTenantNotices(tx, s.now()) })
	}
	return t, err
}

// tenantFor is a tenant that the actor may do the action to.
func (s *Service) tenantFor(ctx context.Context, actor idp.Actor, tenant string, action idp.Action) (t *idp.Tenant, err error) {
	err = s.read(ctx, actor, tenant, action, func(w *work) error { t = w.tenant; return nil })
	return t, err
}

func (s *Service) updateTenant(ctx context.Context, actor idp.Actor, tenant string, action idp.Action, what idp.Activity, fn func(*idp.Tenant) error) (*idp.Tenant, error) {
	found, err := s.tenantFor(ctx, actor, tenant, action)
	if err != nil {
		return nil, err
	}
	now := s.now()
	var t *idp.Tenant
	err = s.store.Update(ctx, storage.System, func(tx *storage.Tx) error {
		if t, err = storage.Get[idp.Tenant](tx, found.TenantID); err != nil {
			return err
		}
		before := *t
		before.Domains = slices.Clone(t.Domains)
		if err := fn(t); err != nil {
			return err
		}
		if err := t.Validate(); err != nil {
			return err
		}
		if err := tx.Put(t); err != nil {
			return err
		}
		return s.ofTenants(tx, actor, now).auditTenant(what, &before, t)
	})
	if err != nil {
		return nil, taken(err, "That domain belongs to another tenant.")
	}
	return t, nil
}

// ofTenants is work in the partition of what belongs to no tenant.
func (s *Service) ofTenants(tx *storage.Tx, actor idp.Actor, now time.Time) *work {
	return &work{Tx: tx, log: idp.AuditLog{Keys: s.keys, Tenant: storage.System}, actor: actor, now: now}
}

// auditTenant tells of a change to a tenant, which its own log shows too.
func (w *work) auditTenant(what idp.Activity, before, after *idp.Tenant) error {
	e := w.event(what, tenantParty(after), "")
	e.Tenant, e.Modified = after.TenantID, modified(before, after)
	return w.tell(e)
}

func tenantParty(t *idp.Tenant) idp.Party {
	return idp.Party{Type: idp.PartyTenant, ID: t.TenantID, Name: t.Name}
}

// set assigns what a change gives.
func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}
