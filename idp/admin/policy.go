package admin

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// PassPolicy reads the policy of Temporary Access Passes.
func (s *Service) PassPolicy(ctx context.Context, tenant string) (p idp.PassPolicy, err error) {
	err = s.read(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, _ time.Time) error {
		all, err := idp.LoadMethodsPolicy(tx)
		if err == nil {
			p = all.TemporaryAccessPass
		}
		return err
	})
	return p, err
}

// PassPolicyChange is what may be changed; nil leaves a field as it is.
// Lifetimes are in minutes.
type PassPolicyChange struct {
	Enabled         *bool
	Include         *[]idp.Target
	Exclude         *[]idp.Target
	MinimumLifetime *int
	MaximumLifetime *int
	DefaultLifetime *int
	Once            *bool
	Length          *int
}

// UpdatePassPolicy changes the policy, whole or not at all. It holds at once,
// for passes that exist too.
func (s *Service) UpdatePassPolicy(ctx context.Context, actor idp.Party, tenant string, c PassPolicyChange) (p idp.PassPolicy, err error) {
	err = s.change(ctx, tenant, func(tx *storage.Tx, t *idp.Tenant, now time.Time) error {
		all, err := idp.LoadMethodsPolicy(tx)
		if err != nil {
			return err
		}
		p = all.TemporaryAccessPass
		set(&p.Enabled, c.Enabled)
		set(&p.Targets.Include, c.Include)
		set(&p.Targets.Exclude, c.Exclude)
		set(&p.MinimumLifetime, c.MinimumLifetime)
		set(&p.MaximumLifetime, c.MaximumLifetime)
		set(&p.DefaultLifetime, c.DefaultLifetime)
		set(&p.Once, c.Once)
		set(&p.Length, c.Length)
		if err := p.Validate(); err != nil {
			return err
		}
		// Only new ones: a user who was a target and is gone blocks no other change.
		for _, targets := range []*[]idp.Target{c.Include, c.Exclude} {
			if err := checkTargets(tx, targets); err != nil {
				return err
			}
		}
		all.TemporaryAccessPass, all.UpdatedAt = p, now
		if err := tx.Put(all); err != nil {
			return err
		}
		target := idp.Party{Type: "policy", ID: all.ID(), Name: "Temporary Access Pass"}
		return audit(tx, now, actor, target, idp.PolicyUpdated, idp.PolicyManagement, idp.AuthenticationService, "")
	})
	return p, err
}

// checkTargets sees to it that every target exists.
func checkTargets(tx *storage.Tx, targets *[]idp.Target) error {
	if targets == nil {
		return nil
	}
	for _, x := range *targets {
		var err error
		switch {
		case x.ID == idp.AllUsers:
		case x.Type == "user":
			_, err = findUser(tx, x.ID)
		default:
			_, err = findGroup(tx, x.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
