package admin

import (
	"context"
	"errors"

	"latchkey/idp"
	"latchkey/storage"
)

// Breached tells whether a password is on the operator's list of those that are known from
// elsewhere.
type Breached func(password string) (bool, error)

// WithBreached has passwords that are set checked against a list.
func (s *Service) WithBreached(b Breached) *Service {
	s.breached = b
	return s
}

// SetPassword gives a person a password of their own choice, in place of the one they have.
// Nobody does it for somebody else.
func (s *Service) SetPassword(ctx context.Context, actor idp.Actor, tenant, name, typed string) error {
	var u *idp.User
	var policy idp.PasswordPolicy
	var owner string // the tenant's GUID
	err := s.read(ctx, actor, tenant, asksItself, func(w *work) (err error) {
		owner = w.tenant.TenantID
		u, policy, err = w.passwordInputs(name)
		return err
	})
	if err != nil {
		return err
	}
	canonical, err := s.acceptable(u, policy, typed)
	if err != nil {
		return err
	}
	// Made outside the transaction, as it takes some 15 ms.
	p, err := s.makePassword(ctx, owner, u, canonical)
	if err != nil {
		return err
	}
	return s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, current, err := w.passwordInputs(name)
		if err != nil {
			return err
		}
		if current.MinimumLength != policy.MinimumLength {
			return errChangedMeanwhile
		}
		if err := w.removePassword(u); err != nil {
			return err
		}
		e := w.did("registered", idp.PasswordMethod, u, idp.MethodRegistered, idp.MethodGiven)
		return errors.Join(w.Insert(p), w.tell(e), w.notify(u, idp.MailPasswordSet, idp.PasswordMethod, ""))
	})
}

func (w *work) passwordInputs(name string) (u *idp.User, policy idp.PasswordPolicy, err error) {
	if u, err = w.user(idp.WritePassword, name); err != nil {
		return nil, policy, err
	}
	all, err := idp.LoadMethodsPolicy(w.Tx)
	if err != nil {
		return nil, policy, err
	}
	policy = all.Password
	switch policy.Bars(u) {
	case idp.Offered:
		return u, policy, nil
	case idp.MethodDisabled:
		return nil, policy, idp.Errorf(idp.Invalid, "This organization does not use passwords.")
	}
	return nil, policy, idp.Errorf(idp.Invalid, "The policy of this organization does not let you have a password.")
}

// acceptable is the password in its one spelling, or what is wrong with it.
func (s *Service) acceptable(u *idp.User, policy idp.PasswordPolicy, typed string) (string, error) {
	p := idp.CanonicalPassword(typed)
	if err := policy.Accepts(p, u); err != nil {
		return "", err
	}
	if s.breached == nil {
		return p, nil
	}
	known, err := s.breached(p)
	if known {
		err = idp.ErrPasswordBreached
	}
	return p, err
}

func (s *Service) makePassword(ctx context.Context, tenant string, u *idp.User, canonical string) (*idp.Password, error) {
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return idp.NewPassword(s.keys, tenant, u.UserID, canonical, s.now()), nil
}

// DeletePassword takes a user's password away and ends what came from it.
func (s *Service) DeletePassword(ctx context.Context, actor idp.Actor, tenant, name string) error {
	return s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.DeletePassword, name)
		if err != nil {
			return err
		}
		p, err := w.password(u)
		if err != nil {
			return err
		}
		if p == nil {
			return idp.NoSuch("password", u.UserID, "%s has no password.", u.PrincipalName)
		}
		e := w.did("deleted", idp.PasswordMethod, u, idp.MethodGivenUp, idp.MethodTaken)
		return errors.Join(p.Remove(w.Tx, w.now), w.tell(e), w.notify(u, idp.MailMethodRemoved, idp.PasswordMethod, ""))
	})
}

// Password tells of a user's password; an Error of the kind "password" when there is none.
func (s *Service) Password(ctx context.Context, actor idp.Actor, tenant, name string) (info *PasswordInfo, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.ReadPassword, name)
		if err != nil {
			return err
		}
		held, err := w.methods(u)
		if info = held.Password; info == nil && err == nil {
			err = idp.NoSuch("password", u.UserID, "%s has no password.", u.PrincipalName)
		}
		return err
	})
	return info, err
}

// password is the one of a user, or nil.
func (w *work) password(u *idp.User) (*idp.Password, error) {
	return idp.Optional(storage.Lookup[idp.Password](w.Tx, "user", u.UserID))
}

func (w *work) removePassword(u *idp.User) error {
	p, err := w.password(u)
	if p == nil || err != nil {
		return err
	}
	return p.Remove(w.Tx, w.now)
}
