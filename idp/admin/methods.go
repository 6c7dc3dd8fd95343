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
	// Authenticators are devices, oldest first.
	Authenticators []AuthenticatorInfo
	Password       *PasswordInfo // nil: none
	Mailbox        *idp.Mailbox  // nil: none, as with everybody who is not from outside
	// NoPassword is why the user cannot have a password, idp.Offered if they can; it has
	// PasswordLength characters at least.
	NoPassword     idp.Reason
	PasswordLength int
	// NoDevice is why they cannot have a device added, idp.Offered if they can.
	NoDevice idp.Reason
}

// PasskeyInfo is a passkey, and whether it is accepted as things are.
type PasskeyInfo struct {
	*idp.Passkey
	Reason idp.Reason // why not, idp.Offered if it is
}

// AuthenticatorInfo is a device, and whether its user can sign in by it as things are.
type AuthenticatorInfo struct {
	*idp.Authenticator
	Reason idp.Reason // why not, idp.Offered if they can
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
	if held.Authenticators, err = w.devices(u, policy.Authenticator); err != nil {
		return held, err
	}
	if held.NoDevice = policy.Authenticator.Registrable(u, len(held.Authenticators)); w.noPasskeys {
		held.NoDevice = idp.Unavailable
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

// devices are those of a user.
func (w *work) devices(u *idp.User, policy idp.AuthenticatorPolicy) (infos []AuthenticatorInfo, err error) {
	err = w.eachAuthenticator(u, func(d *idp.Authenticator) error {
		why := d.Usable(policy, u, w.now)
		switch {
		case w.noPasskeys: // their holders are verified as those of passkeys are
			why = idp.Unavailable
		case why == idp.Offered:
			why = policy.Allows(u, false)
		}
		infos = append(infos, AuthenticatorInfo{d, why})
		return nil
	})
	return infos, err
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
