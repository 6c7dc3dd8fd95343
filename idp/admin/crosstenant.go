package admin

import (
	"context"
	"maps"
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// CrossTenantPolicy reads which other organizations of the deployment people may come from and
// go to.
func (s *Service) CrossTenantPolicy(ctx context.Context, actor idp.Actor, tenant string) (p *idp.CrossTenantPolicy, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadCrossTenant, func(w *work) error {
		p, err = idp.LoadCrossTenantPolicy(w.Tx)
		return err
	})
	return p, err
}

// KeepCrossTenantPolicy is for who repeats what the policy is: it changes nothing, and is
// refused to who may not change it.
func (s *Service) KeepCrossTenantPolicy(ctx context.Context, actor idp.Actor, tenant string) error {
	_, err := s.tenantFor(ctx, actor, tenant, idp.WriteCrossTenant)
	return err
}

// PartnerInfo is another organization that the policy names, and what holds for it.
type PartnerInfo struct {
	ID     string
	Tenant *idp.Tenant // nil if it is gone
	Rules  idp.Partner // as the policy has them: what it leaves open is as by default
}

// Partners are the organizations that the policy names, by id.
func (s *Service) Partners(ctx context.Context, actor idp.Actor, tenant string) ([]PartnerInfo, error) {
	p, err := s.CrossTenantPolicy(ctx, actor, tenant)
	if err != nil {
		return nil, err
	}
	all := make([]PartnerInfo, 0, len(p.Partners))
	err = s.store.View(ctx, storage.System, func(tx *storage.Tx) error {
		for _, id := range slices.Sorted(maps.Keys(p.Partners)) {
			t, err := idp.Optional(storage.Get[idp.Tenant](tx, id))
			if err != nil {
				return err
			}
			all = append(all, PartnerInfo{ID: id, Tenant: t, Rules: p.Partners[id]})
		}
		return nil
	})
	return all, err
}

// Partner is one of them, by GUID or domain.
func (s *Service) Partner(ctx context.Context, actor idp.Actor, tenant, partner string) (PartnerInfo, error) {
	all, err := s.Partners(ctx, actor, tenant)
	if err != nil {
		return PartnerInfo{}, err
	}
	id := s.partnerID(ctx, partner)
	i := slices.IndexFunc(all, func(p PartnerInfo) bool { return p.ID == id })
	if i < 0 {
		return PartnerInfo{}, noPartner(partner)
	}
	return all[i], nil
}

// PartnerChange is what may be changed of what holds for other organizations; nil leaves a
// field as it is.
type PartnerChange struct {
	Inbound, Outbound *idp.Access
	AcceptMFA         *idp.Switch
}

func (c PartnerChange) apply(p *idp.Partner) {
	set(&p.Inbound, c.Inbound)
	set(&p.Outbound, c.Outbound)
	set(&p.AcceptMFA, c.AcceptMFA)
}

// UpdateCrossTenantDefault changes what holds for all organizations that are not named.
func (s *Service) UpdateCrossTenantDefault(ctx context.Context, actor idp.Actor, tenant string, c PartnerChange) (*idp.CrossTenantPolicy, error) {
	return s.changeCrossTenant(ctx, actor, tenant, idp.PartnerDefault, "", func(p *idp.CrossTenantPolicy) error {
		c.apply(&p.Default)
		p.Customized = true
		return nil
	})
}

// ResetCrossTenantDefault brings back what holds in a fresh tenant.
func (s *Service) ResetCrossTenantDefault(ctx context.Context, actor idp.Actor, tenant string) (*idp.CrossTenantPolicy, error) {
	return s.changeCrossTenant(ctx, actor, tenant, idp.PartnerDefaultsReset, "", func(p *idp.CrossTenantPolicy) error {
		p.Default, p.Customized = idp.DefaultCrossTenantPolicy().Default, false
		return nil
	})
}

// AddPartner names another organization of the deployment, for which something else holds.
func (s *Service) AddPartner(ctx context.Context, actor idp.Actor, tenant, partner string, c PartnerChange) (*idp.CrossTenantPolicy, error) {
	here, err := s.tenantFor(ctx, actor, tenant, idp.WriteCrossTenant)
	if err != nil {
		return nil, err
	}
	other, err := s.tenant(ctx, partner)
	if err != nil {
		return nil, err
	}
	if other.TenantID == here.TenantID {
		return nil, idp.NoSuch(idp.PartyTenant, partner, "An organization cannot be its own partner.")
	}
	return s.changeCrossTenant(ctx, actor, tenant, idp.PartnerAdded, other.TenantID, func(p *idp.CrossTenantPolicy) error {
		if _, there := p.Partners[other.TenantID]; there {
			return idp.Errorf(idp.Conflict, "%s has rules of its own already.", other.Name)
		}
		var one idp.Partner
		c.apply(&one)
		if p.Partners == nil {
			p.Partners = map[string]idp.Partner{}
		}
		p.Partners[other.TenantID] = one
		return nil
	})
}

// UpdatePartner changes what holds for an organization that the policy names.
func (s *Service) UpdatePartner(ctx context.Context, actor idp.Actor, tenant, partner string, c PartnerChange) (*idp.CrossTenantPolicy, error) {
	partner = s.partnerID(ctx, partner)
	return s.changeCrossTenant(ctx, actor, tenant, idp.PartnerChanged, partner, func(p *idp.CrossTenantPolicy) error {
		one, there := p.Partners[partner]
		if !there {
			return noPartner(partner)
		}
		c.apply(&one)
		p.Partners[partner] = one
		return nil
	})
}

// RemovePartner lets the default hold for an organization again.
func (s *Service) RemovePartner(ctx context.Context, actor idp.Actor, tenant, partner string) (*idp.CrossTenantPolicy, error) {
	partner = s.partnerID(ctx, partner)
	return s.changeCrossTenant(ctx, actor, tenant, idp.PartnerRemoved, partner, func(p *idp.CrossTenantPolicy) error {
		if _, there := p.Partners[partner]; !there {
			return noPartner(partner)
		}
		delete(p.Partners, partner)
		return nil
	})
}

func noPartner(id string) error {
	return idp.NoSuch("partner", id, "The organization %q has no rules of its own: the default applies to it.", id)
}

// partnerID is the id of an organization by any of its names; one that is gone has only that.
func (s *Service) partnerID(ctx context.Context, name string) string {
	if t, err := s.tenant(ctx, name); err == nil {
		return t.TenantID
	}
	return name
}

// changeCrossTenant changes the policy, whole or not at all, and ends what came from where
// nobody may come from any more, or rests on a factor that does not count any more, and what
// people have where they may not go any more.
func (s *Service) changeCrossTenant(ctx context.Context, actor idp.Actor, tenant string, what idp.Activity, partner string, change func(*idp.CrossTenantPolicy) error) (p *idp.CrossTenantPolicy, err error) {
	homes, err := s.store.Tenants(ctx)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, actor, tenant, idp.WriteCrossTenant, func(w *work) error {
		if p, err = idp.LoadCrossTenantPolicy(w.Tx); err != nil {
			return err
		}
		before := *p
		p.Partners = maps.Clone(p.Partners)
		if err := change(p); err != nil {
			return err
		}
		if err := p.Validate(); err != nil {
			return err
		}
		if before.Default == p.Default && before.Customized == p.Customized && maps.Equal(before.Partners, p.Partners) {
			return nil
		}
		if err := w.Put(p); err != nil {
			return err
		}
		if err := w.endFrom(&before, p, homes); err != nil {
			return err
		}
		return w.auditCrossTenant(what, partner, &before, p)
	})
	return p, err
}

// auditCrossTenant tells what was changed of one partner, or of the default where that is "":
// all of a policy would be too long for an event.
func (w *work) auditCrossTenant(what idp.Activity, partner string, before, after *idp.CrossTenantPolicy) error {
	target := idp.Party{Type: idp.PartyPolicy, ID: after.ID(), Name: "Cross-tenant access"}
	if partner == "" {
		return w.auditChange(what, target, before.Default, after.Default)
	}
	target.Name += " " + partner
	return w.auditChange(what, target, rulesOf(before, partner), rulesOf(after, partner))
}

// rulesOf is nil for an organization that the policy does not name.
func rulesOf(p *idp.CrossTenantPolicy, partner string) *idp.Partner {
	if one, there := p.Partners[partner]; there {
		return &one
	}
	return nil
}

// endFrom ends what came from organizations for which less is allowed or trusted than before, and
// tells those to which nobody may go any more.
func (w *work) endFrom(before, after *idp.CrossTenantPolicy, homes []string) error {
	for _, home := range slices.Sorted(slices.Values(homes)) {
		if home == storage.System || home == w.tenant.TenantID {
			continue
		}
		was, is := before.For(home), after.For(home)
		blocked := is.Inbound == idp.AccessBlocked && was.Inbound != idp.AccessBlocked
		if blocked || was.TrustsMFA() && !is.TrustsMFA() {
			if err := idp.EndCredential(w.Tx, home, idp.GrantRevoked, w.now); err != nil {
				return err
			}
		}
		if is.Outbound == idp.AccessBlocked && was.Outbound != idp.AccessBlocked {
			if err := idp.HastenNotices(w.Tx, "tenant", home, w.now); err != nil {
				return err
			}
		}
	}
	return nil
}
