package admin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// MethodsPolicy reads the authentication methods policy.
func (s *Service) MethodsPolicy(ctx context.Context, actor idp.Actor, tenant string) (p *idp.MethodsPolicy, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadMethodsPolicy, func(w *work) error {
		p, err = idp.LoadMethodsPolicy(w.Tx)
		return err
	})
	return p, err
}

// PassPolicy reads the policy of Temporary Access Passes.
func (s *Service) PassPolicy(ctx context.Context, actor idp.Actor, tenant string) (idp.PassPolicy, error) {
	p, err := s.MethodsPolicy(ctx, actor, tenant)
	if err != nil {
		return idp.PassPolicy{}, err
	}
	return p.TemporaryAccessPass, nil
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
	Approval        *bool
}

// UpdatePassPolicy changes the policy, whole or not at all. It holds at once,
// for passes that exist too.
func (s *Service) UpdatePassPolicy(ctx context.Context, actor idp.Actor, tenant string, c PassPolicyChange) (idp.PassPolicy, error) {
	return s.updatePassPolicy(ctx, actor, tenant, func(w *work, p *idp.PassPolicy) error {
		set(&p.Enabled, c.Enabled)
		set(&p.Targets.Include, c.Include)
		set(&p.Targets.Exclude, c.Exclude)
		set(&p.MinimumLifetime, c.MinimumLifetime)
		set(&p.MaximumLifetime, c.MaximumLifetime)
		set(&p.DefaultLifetime, c.DefaultLifetime)
		set(&p.Once, c.Once)
		set(&p.Length, c.Length)
		set(&p.Approval, c.Approval)
		if err := p.Validate(); err != nil { // before a target is looked for that is none
			return err
		}
		// Only new ones: a user who was a target and is gone blocks no other change.
		if err := checkTargets(w.Tx, c.Include); err != nil {
			return err
		}
		return checkTargets(w.Tx, c.Exclude)
	})
}

// ResetPassPolicy puts the policy back to what a fresh tenant has.
func (s *Service) ResetPassPolicy(ctx context.Context, actor idp.Actor, tenant string) (idp.PassPolicy, error) {
	return s.updatePassPolicy(ctx, actor, tenant, func(_ *work, p *idp.PassPolicy) error {
		two := p.Approval // which is no setting of a pass, and not to be lost with those
		*p = idp.DefaultPassPolicy()
		p.Approval = two
		return nil
	})
}

func (s *Service) updatePassPolicy(ctx context.Context, actor idp.Actor, tenant string, edit func(*work, *idp.PassPolicy) error) (p idp.PassPolicy, err error) {
	err = s.change(ctx, actor, tenant, idp.WriteMethodsPolicy, func(w *work) error {
		all, err := idp.LoadMethodsPolicy(w.Tx)
		if err != nil {
			return err
		}
		before := all.TemporaryAccessPass
		p = before
		if err := edit(w, &p); err != nil {
			return err
		}
		if err := p.Validate(); err != nil {
			return err
		}
		all.TemporaryAccessPass, all.UpdatedAt = p, w.now
		if err := w.Put(all); err != nil {
			return err
		}
		target := idp.Party{Type: idp.PartyPolicy, ID: all.ID(), Name: "Temporary Access Pass"}
		return w.auditChange(idp.PolicyChanged, target, before, p)
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
