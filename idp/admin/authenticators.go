package admin

import (
	"context"
	"errors"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Authenticators lists the devices by which a user signs in, oldest first.
func (s *Service) Authenticators(ctx context.Context, actor idp.Actor, tenant, name string) (infos []AuthenticatorInfo, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.ReadAuthenticator, name)
		if err != nil {
			return err
		}
		held, err := w.methods(u)
		infos = held.Authenticators
		return err
	})
	return infos, err
}

// RenameAuthenticator gives a device of a user another name.
func (s *Service) RenameAuthenticator(ctx context.Context, actor idp.Actor, tenant, name, id, to string) (*idp.Authenticator, error) {
	var d *idp.Authenticator
	err := s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.WriteAuthenticator, name)
		if err != nil {
			return err
		}
		if d, err = w.authenticator(u, id); err != nil {
			return err
		}
		before := d.Name
		if d.Name = to; d.Name == before {
			return nil
		}
		if err := d.Validate(); err != nil {
			return err
		}
		e := w.didToDevice(d, "renamed", u, idp.MethodUpdated, idp.MethodUpdatedByAdmin)
		e.Modified = modified(struct{ Name string }{before}, struct{ Name string }{d.Name})
		e.Passing = w.actor.Is(u) // which they may do as often as they like
		return errors.Join(w.Put(d), w.tell(e), w.notify(u, idp.MailMethodRenamed, idp.AuthenticatorMethod, d.Name))
	})
	return d, err
}

// DeleteAuthenticator removes a device of a user and ends what came from it, and nothing
// else. What the device has keys for is over: to be used again it is registered anew.
func (s *Service) DeleteAuthenticator(ctx context.Context, actor idp.Actor, tenant, name, id string) error {
	return s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.WriteAuthenticator, name)
		if err != nil {
			return err
		}
		d, err := w.authenticator(u, id)
		if err != nil {
			return err
		}
		return w.takeAuthenticator(u, d)
	})
}

// takeAuthenticator removes a device and tells of it.
func (w *work) takeAuthenticator(u *idp.User, d *idp.Authenticator) error {
	e := w.didToDevice(d, "deleted", u, idp.MethodGivenUp, idp.MethodTaken)
	return errors.Join(d.Remove(w.Tx, w.now), w.tell(e), w.notify(u, idp.MailMethodRemoved, idp.AuthenticatorMethod, d.Name))
}

// authenticator is the one of a user with an id.
func (w *work) authenticator(u *idp.User, id string) (*idp.Authenticator, error) {
	d, err := idp.Optional(storage.Get[idp.Authenticator](w.Tx, id))
	if err == nil && (d == nil || d.UserID != u.UserID) {
		return nil, idp.NoSuch("authenticator", id, "%s has no device %q.", u.PrincipalName, id)
	}
	return d, err
}

// eachAuthenticator does something with each device of a user.
func (w *work) eachAuthenticator(u *idp.User, do func(*idp.Authenticator) error) error {
	devices, err := idp.Authenticators(w.Tx, u.UserID)
	if err != nil {
		return err
	}
	for _, d := range devices {
		if err := do(d); err != nil {
			return err
		}
	}
	return nil
}

// InvitedAuthenticator is what lets a device be added to somebody's account, without their
// signing in: the token of a link, and a code that is typed in its place. Both are shown once.
type InvitedAuthenticator struct {
	User        *idp.User
	Enrolment   *idp.AuthenticatorEnrolment
	Token, Code string
}

// InviteAuthenticator invites one device of a user. Operators alone may: whoever has the
// token adds a device and signs in with it, and nobody confirms that it is the right one.
func (s *Service) InviteAuthenticator(ctx context.Context, actor idp.Actor, tenant, name string) (in InvitedAuthenticator, err error) {
	err = s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.InviteDevice, name)
		if err != nil {
			return err
		}
		if err := w.registrable(u); err != nil {
			return err
		}
		in = InvitedAuthenticator{User: u}
		in.Enrolment, in.Token, in.Code = idp.NewAuthenticatorEnrolment(w.keys, w.tenant.TenantID, u.UserID, "", w.now, time.Time{})
		e := w.event(idp.MethodInvited, idp.PartyOf(u), idp.Did(false, "invited", idp.AuthenticatorMethod))
		return errors.Join(w.Insert(in.Enrolment), w.tell(e))
	})
	if err != nil {
		return InvitedAuthenticator{}, err
	}
	return in, nil
}

// registrable tells why a device cannot be added to a user's, nil if one can.
func (w *work) registrable(u *idp.User) error {
	held, err := w.methods(u)
	if err != nil {
		return err
	}
	why := held.NoDevice
	if why == idp.Offered && u.Disabled {
		why = idp.DisabledUser
	}
	if why != idp.Offered {
		return idp.Errorf(idp.Invalid, "%s cannot have a device added: %s.", u.PrincipalName, why)
	}
	return nil
}
