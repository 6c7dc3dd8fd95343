package admin

import (
	"context"
	"errors"
	"slices"

	"latchkey/idp"
)

// Methods are the ways to sign in that a user holds, a field a method.
type Methods struct {
	User     *idp.User
	Pass     *PassInfo     // nil: none
	Passkeys []PasskeyInfo // oldest first
	Password *PasswordInfo // nil: none
	Mailbox  *idp.Mailbox  // nil: none, as with everybody who is not from outside
	// NoPassword is why the user cannot have a password, idp.Offered if they can; it has
	// PasswordLength characters at least.
	NoPassword     idp.Reason
	PasswordLength int
}

// PasskeyInfo is a passkey, and whether it is accepted as things are.
type PasskeyInfo struct {
	*idp.Passkey
	Reason idp.Reason // why not, idp.Offered if it is
}

// PasswordInfo is a password as far as anybody sees one.
type PasswordInfo struct {
	*idp.Password
	Reason idp.Reason
}

// Methods reads what a user holds.
func (s *Service) Methods(ctx context.Context, actor idp.Actor, tenant, name string) (held Methods, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		held = Methods{}
		if held.User, err = w.user(idp.ReadMethods, name); err != nil {
			return err
		}
		held, err = w.methods(held.User)
		return err
	})
	return held, err
}

// methods reads all that a user holds.
func (w *work) methods(u *idp.User) (held Methods, err error) {
	held.User = u
	policy, err := idp.LoadMethodsPolicy(w.Tx)
	if err != nil {
		return held, err
	}
	p, err := w.pass(u)
	if err != nil {
		return held, err
	}
	if p != nil {
		held.Pass = &PassInfo{Pass: p, User: u, Reason: p.Usability(policy.TemporaryAccessPass, u, w.now)}
	}
	keys, err := idp.Passkeys(w.Tx, u.UserID)
	if err != nil {
		return held, err
	}
	for _, k := range keys {
		why := k.Usable(policy.Passkey, u)
		if w.noPasskeys {
			why = idp.Unavailable
		}
		held.Passkeys = append(held.Passkeys, PasskeyInfo{k, why})
	}
	held.NoPassword, held.PasswordLength = policy.Password.Bars(u), policy.Password.MinimumLength
	word, err := w.password(u)
	if word != nil {
		held.Password = &PasswordInfo{word, held.NoPassword}
	}
	if err != nil || !u.Type.External() {
		return held, err
	}
	held.Mailbox, err = idp.MailboxOf(w.Tx, u.UserID)
	return held, err
}

// PreferMethod sets which method a user is asked for where no pass comes before it; "" is
// the strongest. One that they do not hold cannot be preferred.
func (s *Service) PreferMethod(ctx context.Context, actor idp.Actor, tenant, name string, kind idp.Kind) error {
	return s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.PreferMethod, name)
		if err != nil {
			return err
		}
		held, err := w.methods(u)
		if err != nil {
			return err
		}
		if kind != "" && !slices.Contains(held.Lasting(), kind) {
			return idp.Errorf(idp.Invalid, "%s has no %s to sign in with.", u.PrincipalName, kind)
		}
		before := u.Preferred
		if u.Preferred = kind; kind == before {
			return nil
		}
		return errors.Join(w.Put(u), w.auditChange(idp.PreferenceChanged, idp.PartyOf(u), struct{ Preferred idp.Kind }{before}, struct{ Preferred idp.Kind }{kind}))
	})
}
