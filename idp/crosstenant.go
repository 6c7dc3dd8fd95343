package idp

import (
	"errors"
	"maps"
	"slices"

	"latchkey/storage"
)

// CrossTenantPolicy says which other organizations of the deployment people may come from and
// go to, and what is trusted of how they signed in at home. A tenant that stored none has
// DefaultCrossTenantPolicy.
type CrossTenantPolicy struct {
	Default  Partner
	Partners map[string]Partner `json:",omitzero"` // by tenant id
	// Customized: the default was changed, if only to what it was.
	Customized bool `json:",omitzero"`
}

// Partner is what holds for one other organization. What a partner leaves open is as the
// default has it.
type Partner struct {
	Inbound   Access `json:",omitzero"` // whether its people may sign in here through it
	Outbound  Access `json:",omitzero"` // whether ours may sign in there through here
	AcceptMFA Switch `json:",omitzero"` // whether more than one factor proved at home counts here
}

// Access is allowed, blocked, or as the default has it.
type Access string

// The values, by Microsoft Graph's names.
const (
	AccessInherited Access = ""
	AccessAllowed   Access = "allowed"
	AccessBlocked   Access = "blocked"
)

// MaxPartners is how many organizations a policy names at most.
const MaxPartners = 1000

const crossTenantPolicyID = "crossTenantAccess"

// Kind names the record.
func (*CrossTenantPolicy) Kind() string { return "crosstenantpolicy" }

// ID is the same in every tenant.
func (*CrossTenantPolicy) ID() string { return crossTenantPolicyID }

// Indexes has none.
func (*CrossTenantPolicy) Indexes() []storage.Index { return nil }

// DefaultCrossTenantPolicy is that of a fresh tenant: people may come and go, and nothing of
// how they signed in at home is trusted.
func DefaultCrossTenantPolicy() *CrossTenantPolicy {
	return &CrossTenantPolicy{Default: Partner{Inbound: AccessAllowed, Outbound: AccessAllowed, AcceptMFA: SwitchDisabled}}
}

// LoadCrossTenantPolicy reads the tenant's policy or the default.
func LoadCrossTenantPolicy(tx *storage.Tx) (*CrossTenantPolicy, error) {
	p := DefaultCrossTenantPolicy()
	err := tx.Load(crossTenantPolicyID, p)
	if errors.Is(err, storage.ErrNotFound) {
		return DefaultCrossTenantPolicy(), nil
	}
	return p, err
}

// For is what holds for one other organization: nothing of it is left open.
func (p *CrossTenantPolicy) For(tenant string) Partner {
	all, one := p.Default, p.Partners[tenant]
	if one.Inbound != AccessInherited {
		all.Inbound = one.Inbound
	}
	if one.Outbound != AccessInherited {
		all.Outbound = one.Outbound
	}
	if one.AcceptMFA == SwitchEnabled || one.AcceptMFA == SwitchDisabled {
		all.AcceptMFA = one.AcceptMFA
	}
	return all
}

// TrustsMFA tells whether more than one factor proved at home counts.
func (p Partner) TrustsMFA() bool { return p.AcceptMFA == SwitchEnabled }

// Validate checks the form of the policy.
func (p *CrossTenantPolicy) Validate() error {
	d := p.Default
	if d.Inbound == AccessInherited || d.Outbound == AccessInherited || d.AcceptMFA != SwitchEnabled && d.AcceptMFA != SwitchDisabled {
		return Errorf(Invalid, "The default cannot leave anything open: there is nothing for it to inherit.")
	}
	if len(p.Partners) > MaxPartners {
		return Errorf(Invalid, "A policy names at most %d organizations.", MaxPartners)
	}
	for _, id := range slices.Sorted(maps.Keys(p.Partners)) {
		if !IsID(id) {
			return Errorf(Invalid, "%q is not the GUID of a tenant.", clipped(id))
		}
	}
	for _, one := range append(slices.Collect(maps.Values(p.Partners)), d) {
		for _, a := range []Access{one.Inbound, one.Outbound} {
			if a != AccessInherited && a != AccessAllowed && a != AccessBlocked {
				return unlisted("access", a, []Access{AccessAllowed, AccessBlocked})
			}
		}
		if one.AcceptMFA != "" && !slices.Contains(Switches, one.AcceptMFA) {
			return Errorf(Invalid, "The value %q is none of default, enabled, disabled.", one.AcceptMFA)
		}
	}
	return nil
}
