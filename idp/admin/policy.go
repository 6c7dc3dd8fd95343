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

// retarget changes whom a policy is for; nil leaves a list as it is. Only new targets are
// looked for: a user who was one and is gone blocks no other change.
func (w *work) retarget(t *idp.Targets, include, exclude *[]idp.Target) error {
	set(&t.Include, include)
	set(&t.Exclude, exclude)
	if err := t.Validate(); err != nil { // before a target is looked for that is none
		return err
	}
	if err := checkTargets(w.Tx, include); err != nil {
		return err
	}
	return checkTargets(w.Tx, exclude)
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
	return passPolicy.update(ctx, s, actor, tenant, func(w *work, p *idp.PassPolicy) error {
		set(&p.Enabled, c.Enabled)
		set(&p.MinimumLifetime, c.MinimumLifetime)
		set(&p.MaximumLifetime, c.MaximumLifetime)
		set(&p.DefaultLifetime, c.DefaultLifetime)
		set(&p.Once, c.Once)
		set(&p.Length, c.Length)
		set(&p.Approval, c.Approval)
		if err := p.Validate(); err != nil {
			return err
		}
		return w.retarget(&p.Targets, c.Include, c.Exclude)
	})
}

// ResetPassPolicy puts the policy back to what a fresh tenant has.
func (s *Service) ResetPassPolicy(ctx context.Context, actor idp.Actor, tenant string) (idp.PassPolicy, error) {
	return passPolicy.update(ctx, s, actor, tenant, func(_ *work, p *idp.PassPolicy) error {
		two := p.Approval // which is no setting of a pass, and not to be lost with those
		*p = idp.DefaultPassPolicy()
		p.Approval = two
		return nil
	})
}

// PasskeyPolicyChange is what may be changed; nil leaves a field as it is.
type PasskeyPolicyChange struct {
	Enabled     *bool
	Include     *[]idp.Target
	Exclude     *[]idp.Target
	SelfService *bool
	Attestation *bool
	Synced      *bool
	Models      *idp.ModelRestriction
}

// UpdatePasskeyPolicy changes the policy, whole or not at all. It holds at once, for
// passkeys that exist too; but attestation is asked for at registration only.
func (s *Service) UpdatePasskeyPolicy(ctx context.Context, actor idp.Actor, tenant string, c PasskeyPolicyChange) (idp.PasskeyPolicy, error) {
	return passkeyPolicy.update(ctx, s, actor, tenant, func(w *work, p *idp.PasskeyPolicy) error {
		set(&p.Enabled, c.Enabled)
		set(&p.SelfService, c.SelfService)
		set(&p.Attestation, c.Attestation)
		set(&p.Synced, c.Synced)
		set(&p.Models, c.Models)
		return w.retarget(&p.Targets, c.Include, c.Exclude)
	})
}

// ResetPasskeyPolicy puts the policy back to what a fresh tenant has.
func (s *Service) ResetPasskeyPolicy(ctx context.Context, actor idp.Actor, tenant string) (idp.PasskeyPolicy, error) {
	return passkeyPolicy.update(ctx, s, actor, tenant, func(_ *work, p *idp.PasskeyPolicy) error {
		*p = idp.DefaultPasskeyPolicy()
		return nil
	})
}

// AuthenticatorPolicyChange is what may be changed; nil leaves a field as it is.
type AuthenticatorPolicyChange struct {
	Enabled   *bool
	Include   *[]idp.Target // with their modes
	Exclude   *[]idp.Target
	Ask       *[]idp.AskMode
	Digits    *int
	Lifetime  *int // seconds
	Tries     *int
	Soft      *bool
	Quiet     *bool
	ShowApp   *idp.Feature
	ShowPlace *idp.Feature
	Matching  *idp.FeatureState
}

// UpdateAuthenticatorPolicy changes the policy, whole or not at all. It holds at once, for
// devices that exist too; a request that stands keeps the number and the time that it has.
func (s *Service) UpdateAuthenticatorPolicy(ctx context.Context, actor idp.Actor, tenant string, c AuthenticatorPolicyChange) (idp.AuthenticatorPolicy, error) {
	return authenticatorPolicy.update(ctx, s, actor, tenant, func(w *work, p *idp.AuthenticatorPolicy) error {
		set(&p.Enabled, c.Enabled)
		set(&p.Ask, c.Ask)
		set(&p.Digits, c.Digits)
		set(&p.Lifetime, c.Lifetime)
		set(&p.Tries, c.Tries)
		set(&p.Soft, c.Soft)
		set(&p.Quiet, c.Quiet)
		set(&p.ShowApp, c.ShowApp)
		set(&p.ShowPlace, c.ShowPlace)
		set(&p.Matching, c.Matching)
		if err := p.Validate(); err != nil { // before a target is looked for that is none
			return err
		}
		for _, f := range []*idp.Feature{c.ShowApp, c.ShowPlace} {
			if err := checkFeature(w.Tx, f); err != nil {
				return err
			}
		}
		return w.retarget(&p.Targets, c.Include, c.Exclude)
	})
}

// checkFeature sees to it that whom a feature names exists.
func checkFeature(tx *storage.Tx, f *idp.Feature) error {
	if f == nil {
		return nil
	}
	named := []idp.Target{f.Include}
	if f.Exclude.ID != "" {
		named = append(named, f.Exclude)
	}
	return checkTargets(tx, &named)
}

// ResetAuthenticatorPolicy puts the policy back to what a fresh tenant has.
func (s *Service) ResetAuthenticatorPolicy(ctx context.Context, actor idp.Actor, tenant string) (idp.AuthenticatorPolicy, error) {
	return authenticatorPolicy.update(ctx, s, actor, tenant, func(_ *work, p *idp.AuthenticatorPolicy) error {
		*p = idp.DefaultAuthenticatorPolicy()
		return nil
	})
}

// PasswordPolicyChange is what may be changed; nil leaves a field as it is.
type PasswordPolicyChange struct {
	Enabled       *bool
	Include       *[]idp.Target
	Exclude       *[]idp.Target
	MinimumLength *int // characters
}

// UpdatePasswordPolicy changes the policy, whole or not at all. The length is asked of new
// passwords only.
func (s *Service) UpdatePasswordPolicy(ctx context.Context, actor idp.Actor, tenant string, c PasswordPolicyChange) (idp.PasswordPolicy, error) {
	return passwordPolicy.update(ctx, s, actor, tenant, func(w *work, p *idp.PasswordPolicy) error {
		set(&p.Enabled, c.Enabled)
		set(&p.MinimumLength, c.MinimumLength)
		return w.retarget(&p.Targets, c.Include, c.Exclude)
	})
}

// EmailPolicyChange is what may be changed; nil leaves a field as it is.
type EmailPolicyChange struct {
	Enabled       *bool
	Guests        *idp.Switch
	Include       *[]idp.Target
	Exclude       *[]idp.Target
	CodeLifetime  *int // minutes
	CodeInSubject *bool
}

// UpdateEmailPolicy changes the policy, whole or not at all. It holds at once: guests who
// have redeemed by a code cannot sign in while there are none. Those who redeemed in another
// way stay with it when there are some again.
func (s *Service) UpdateEmailPolicy(ctx context.Context, actor idp.Actor, tenant string, c EmailPolicyChange) (idp.EmailPolicy, error) {
	return emailPolicy.update(ctx, s, actor, tenant, func(w *work, p *idp.EmailPolicy) error {
		set(&p.Enabled, c.Enabled)
		set(&p.Guests, c.Guests)
		set(&p.CodeLifetime, c.CodeLifetime)
		set(&p.CodeInSubject, c.CodeInSubject)
		return w.retarget(&p.Targets, c.Include, c.Exclude)
	})
}

// ResetEmailPolicy puts the policy back to what a fresh tenant has.
func (s *Service) ResetEmailPolicy(ctx context.Context, actor idp.Actor, tenant string) (idp.EmailPolicy, error) {
	return emailPolicy.update(ctx, s, actor, tenant, func(_ *work, p *idp.EmailPolicy) error {
		*p = idp.DefaultEmailPolicy()
		return nil
	})
}

// RequirementChange is what may be changed of who has to register a method.
type RequirementChange struct {
	Enabled *bool
	Include *[]idp.Target
	Exclude *[]idp.Target
}

// RegistrationPolicyChange is what may be changed; nil leaves a field as it is.
type RegistrationPolicyChange struct {
	SelfServiceReset   RequirementChange
	IdentityProtection RequirementChange
	Campaign           RequirementChange
	SnoozeDays         *int // of the campaign
}

// UpdateRegistrationPolicy changes the policy, whole or not at all.
func (s *Service) UpdateRegistrationPolicy(ctx context.Context, actor idp.Actor, tenant string, c RegistrationPolicyChange) (idp.RegistrationPolicy, error) {
	return registrationPolicy.update(ctx, s, actor, tenant, func(w *work, p *idp.RegistrationPolicy) error {
		set(&p.SelfServiceReset.Enabled, c.SelfServiceReset.Enabled)
		set(&p.IdentityProtection.Enabled, c.IdentityProtection.Enabled)
		set(&p.Campaign.Enabled, c.Campaign.Enabled)
		set(&p.Campaign.SnoozeDays, c.SnoozeDays)
		for _, x := range []struct {
			targets *idp.Targets
			change  RequirementChange
		}{
			{&p.SelfServiceReset.Targets, c.SelfServiceReset}, {&p.IdentityProtection.Targets, c.IdentityProtection}, {&p.Campaign.Targets, c.Campaign},
		} {
			if err := w.retarget(x.targets, x.change.Include, x.change.Exclude); err != nil {
				return err
			}
		}
		return nil
	})
}

// part is one of the policies of which the methods policy consists.
type part[P interface{ Validate() error }] struct {
	name string // for the log
	of   func(*idp.MethodsPolicy) *P
}

var (
	passPolicy          = part[idp.PassPolicy]{"Temporary Access Pass", func(all *idp.MethodsPolicy) *idp.PassPolicy { return &all.TemporaryAccessPass }}
	passkeyPolicy       = part[idp.PasskeyPolicy]{"Passkey", func(all *idp.MethodsPolicy) *idp.PasskeyPolicy { return &all.Passkey }}
	passwordPolicy      = part[idp.PasswordPolicy]{"Password", func(all *idp.MethodsPolicy) *idp.PasswordPolicy { return &all.Password }}
	emailPolicy         = part[idp.EmailPolicy]{"Email", func(all *idp.MethodsPolicy) *idp.EmailPolicy { return &all.Email }}
	authenticatorPolicy = part[idp.AuthenticatorPolicy]{"Authenticator", func(all *idp.MethodsPolicy) *idp.AuthenticatorPolicy { return &all.Authenticator }}
	registrationPolicy  = part[idp.RegistrationPolicy]{"Registration", func(all *idp.MethodsPolicy) *idp.RegistrationPolicy { return &all.Registration }}
)

func (k part[P]) update(ctx context.Context, s *Service, actor idp.Actor, tenant string, edit func(*work, *P) error) (p P, err error) {
	err = s.change(ctx, actor, tenant, idp.WriteMethodsPolicy, func(w *work) error {
		all, err := idp.LoadMethodsPolicy(w.Tx)
		if err != nil {
			return err
		}
		before := *k.of(all)
		p = before
		if err := edit(w, &p); err != nil {
			return err
		}
		if err := p.Validate(); err != nil {
			return err
		}
		*k.of(all), all.UpdatedAt = p, w.now
		if err := w.Put(all); err != nil {
			return err
		}
		target := idp.Party{Type: idp.PartyPolicy, ID: all.ID(), Name: k.name}
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
