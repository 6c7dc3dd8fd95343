package admin

import (
	"context"
	"errors"
	"slices"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Resolver looks up the TXT records of a domain in DNS; a domain that is not there has none.
type Resolver func(ctx context.Context, domain string) ([]string, error)

// WithResolver tells how DNS is asked.
func (s *Service) WithResolver(ask Resolver) *Service {
	s.resolver = ask
	return s
}

// ClaimDomain says that a tenant wants a domain, which it gets by VerifyDomain.
func (s *Service) ClaimDomain(ctx context.Context, actor idp.Actor, tenant, domain string) (info DomainInfo, err error) {
	d, err := idp.NormalDomain(domain)
	if err != nil {
		return info, err
	}
	err = s.change(ctx, actor, tenant, idp.WriteDomains, func(w *work) error {
		if w.tenant.Owns(d) {
			return idp.Errorf(idp.Conflict, "%s has the domain %q already.", w.tenant.Name, d)
		}
		info = DomainInfo{Name: d, Record: w.keys.DomainRecord(w.tenant.TenantID, d)}
		claims, _, err := storage.All[idp.DomainClaim](w.Tx, storage.Page{})
		if err != nil {
			return err
		}
		switch {
		case slices.ContainsFunc(claims, func(c *idp.DomainClaim) bool { return c.Domain == d }):
			return idp.Errorf(idp.Conflict, "%s has claimed the domain %q already: verify it.", w.tenant.Name, d)
		case len(claims) >= idp.MaxDomainClaims:
			return idp.Errorf(idp.Conflict, "%s has %d domains that are not verified: verify or remove some first.", w.tenant.Name, len(claims))
		}
		return errors.Join(w.Insert(&idp.DomainClaim{Domain: d, CreatedAt: w.now}), w.audit(idp.DomainClaimed, tenantParty(w.tenant), d))
	})
	return info, err
}

// dropClaim takes back that a tenant wants a domain.
func (s *Service) dropClaim(ctx context.Context, actor idp.Actor, t *idp.Tenant, domain string) error {
	return s.change(ctx, actor, t.TenantID, idp.WriteDomains, func(w *work) error {
		c, err := w.claim(domain)
		if err != nil {
			return err
		}
		return errors.Join(w.Delete(c), w.audit(idp.DomainUnclaimed, tenantParty(w.tenant), domain))
	})
}

// settleClaim forgets that a tenant wants a domain that it has, if it still says so.
func (s *Service) settleClaim(ctx context.Context, actor idp.Actor, tenant, domain string) error {
	return s.change(ctx, actor, tenant, idp.WriteDomains, func(w *work) error {
		c, err := idp.Optional(storage.Get[idp.DomainClaim](w.Tx, domain))
		if c == nil || err != nil {
			return err
		}
		return w.Delete(c)
	})
}

func (w *work) claim(domain string) (*idp.DomainClaim, error) {
	c, err := storage.Get[idp.DomainClaim](w.Tx, domain)
	return c, missing(err, "domain", domain, "%s has no domain %q.", w.tenant.Name, domain)
}

// The bounds of asking DNS.
const lookupTime = 5 * time.Second

var lookupLimits = []idp.Limit{{Most: 30, In: 10 * time.Minute}}

// VerifyDomain makes a domain the tenant's if DNS says so. DNS is asked outside of any
// transaction; whose the domain becomes, of several that prove it at the same time, one
// transaction decides.
func (s *Service) VerifyDomain(ctx context.Context, actor idp.Actor, tenant, domain string) (*idp.Tenant, error) {
	d, err := idp.NormalDomain(domain)
	if err != nil {
		return nil, err
	}
	t, err := s.spendLookup(ctx, actor, tenant, d)
	if err != nil {
		return nil, err
	}
	if !t.Owns(d) {
		if err := s.proves(ctx, t, d); err != nil {
			return nil, err
		}
		if t, err = s.updateTenant(ctx, actor, tenant, idp.WriteDomains, idp.DomainVerified, func(t *idp.Tenant) error {
			if !t.Owns(d) {
				t.Domains = append(t.Domains, d)
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return t, s.settleClaim(ctx, actor, t.TenantID, d)
}

// spendLookup counts a question to DNS about a domain that the tenant wants.
func (s *Service) spendLookup(ctx context.Context, actor idp.Actor, tenant, domain string) (t *idp.Tenant, err error) {
	err = s.change(ctx, actor, tenant, idp.WriteDomains, func(w *work) error {
		t = w.tenant
		if t.Owns(domain) {
			return nil
		}
		if _, err := w.claim(domain); err != nil {
			return err
		}
		q, err := idp.LoadQuota(w.Tx, "domain-lookup")
		if err != nil {
			return err
		}
		if wait := q.Wait(w.now, lookupLimits); wait > 0 {
			return idp.Errorf(idp.TooMany, "DNS was asked too often: try again in %s.", wait.Round(time.Second))
		}
		q.Count(w.now)
		return w.Put(q)
	})
	return t, err
}

// proves tells why DNS does not prove that a domain is a tenant's.
func (s *Service) proves(ctx context.Context, t *idp.Tenant, domain string) error {
	if s.resolver == nil {
		return idp.Errorf(idp.Conflict, "DNS cannot be asked here.")
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	records, err := s.resolver(ctx, domain)
	if err != nil {
		return idp.Errorf(idp.Conflict, "DNS could not be asked about %s. Try again.", domain)
	}
	if want := s.keys.DomainRecord(t.TenantID, domain); !idp.ProvesDomain(records, want) {
		return idp.Errorf(idp.Invalid, "%s has no TXT record %q yet; it has %d others. A new record may take a while to be seen.", domain, want, len(records))
	}
	return nil
}
