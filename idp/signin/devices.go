package signin

import (
	"context"
	"errors"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Devices that the session's person adds: a code or a link on this screen invites one, and on
// this screen they confirm that the one that came is the one in their hand.

// InviteDevice begins to add a device of the visiting session's person. Token and code are there
// once. Its error may be a *idp.Refusal.
func (s *Service) InviteDevice(ctx context.Context, v Visit) (e *idp.AuthenticatorEnrolment, token, code string, err error) {
	err = s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		session, u, err := s.adder(tx, v)
		if err != nil {
			return err
		}
		if _, err := addable(tx, u); err != nil {
			return err
		}
		if err := dropInvitations(tx, u.UserID); err != nil {
			return err
		}
		e, token, code = idp.NewAuthenticatorEnrolment(s.keys, v.Tenant.TenantID, u.UserID, session.SessionID, v.Now, addBy(session))
		return tx.Insert(e)
	})
	return e, token, code, err
}

// addBy is when a device must be added that a session begins to: before the session ends, and the
// window that a one-time pass has opened.
func addBy(session *idp.Session) time.Time {
	by := session.NotAfter
	if w := session.Window(); !w.IsZero() && (by.IsZero() || w.Before(by)) {
		by = w
	}
	return by
}

// adder is who may add a device now: somebody who has proved more than one factor lately.
func (s *Service) adder(tx *storage.Tx, v Visit) (*idp.Session, *idp.User, error) {
	session, u, err := s.owner(tx, v)
	if err == nil && !session.Strong(v.Now) {
		return nil, nil, idp.ErrStepUp
	}
	return session, u, err
}

// owner is the visiting session and whose it is.
func (s *Service) owner(tx *storage.Tx, v Visit) (*idp.Session, *idp.User, error) {
	session, err := findSession(tx, v.Session)
	if err != nil {
		return nil, nil, err
	}
	if session == nil {
		return nil, nil, idp.ErrSealed
	}
	u, err := idp.Optional(storage.Get[idp.User](tx, session.UserID))
	if err != nil {
		return nil, nil, err
	}
	if !session.Live(u, v.Now) {
		return nil, nil, idp.ErrSealed
	}
	return session, u, nil
}

// dropInvitations ends those of a user that no device has come to: there is one at a time.
func dropInvitations(tx *storage.Tx, userID string) error {
	all, _, err := storage.List[idp.AuthenticatorEnrolment](tx, "user", userID, storage.Page{})
	for _, e := range all {
		if e.SessionID != "" && (e.State == idp.EnrolmentOpen || e.State == idp.EnrolmentShown) {
			e.State = idp.EnrolmentCancelled
			err = errors.Join(err, tx.Put(e))
		}
	}
	return err
}

// InvitedDevice is what became of an invitation that the visiting session began; nil if there is
// none.
func (s *Service) InvitedDevice(ctx context.Context, v Visit, id string) (e *idp.AuthenticatorEnrolment, err error) {
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		e, err = s.ownInvitation(tx, v, id)
		return err
	})
	return e, err
}

func (s *Service) ownInvitation(tx *storage.Tx, v Visit, id string) (*idp.AuthenticatorEnrolment, error) {
	session, _, err := s.owner(tx, v)
	if err != nil {
		return nil, err
	}
	e, err := idp.Optional(storage.Get[idp.AuthenticatorEnrolment](tx, id))
	if e == nil || err != nil || e.SessionID != session.SessionID || e.UserID != session.UserID {
		return nil, err
	}
	return e, nil
}

// DeviceWaker wakes who waits for a device to come to an invitation.
func (s *Service) DeviceWaker(id string) (woken <-chan struct{}, stop func()) {
	return s.waker.Wait(id)
}

// ConfirmDevice adds the device that has come, if both screens show the same, and otherwise forgets
// it. Its error may be a *idp.Refusal.
func (s *Service) ConfirmDevice(ctx context.Context, v Visit, id string, same bool) (d *idp.Authenticator, err error) {
	err = s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		d = nil
		session, u, err := s.owner(tx, v)
		if err != nil {
			return err
		}
		e, err := s.ownInvitation(tx, v, id)
		if err != nil {
			return err
		}
		if e == nil || e.StateAt(v.Now) != idp.EnrolmentShown {
			return &idp.Refusal{Problem: "enrol.late", Detail: "no device waits to be confirmed"}
		}
		if !same {
			e.State = idp.EnrolmentCancelled
			return errors.Join(tx.Put(e), s.tellAdded(tx, v, session, u, idp.AuthenticatorMethod, about(e.Authenticator), "the check values differ"))
		}
		if err := acceptDevice(tx, u, e); err != nil {
			return err
		}
		if err := e.Add(tx, v.Now); err != nil {
			return &idp.Refusal{Problem: "enrol.taken", Detail: err.Error()}
		}
		d = e.Authenticator
		details := map[string]string{"Method": string(idp.AuthenticatorMethod), "Name": d.Name, "Address": v.Address, "Browser": idp.Clip(v.UserAgent, 256)}
		err = errors.Join(s.tellAdded(tx, v, session, u, idp.AuthenticatorMethod, about(d), ""), idp.Notify(tx, u, idp.MailMethodAdded, details, v.Now))
		if p := e.Passkey; p != nil { // it signs in by itself, and stays when the device is removed
			made := map[string]string{"method": p.PasskeyID, "name": p.Name, "aaguid": p.AAGUID}
			err = errors.Join(err, s.tellAdded(tx, v, session, u, idp.PasskeyMethod, made, ""), v.notify(tx, u, idp.MailMethodAdded, p))
		}
		return err
	})
	if err == nil {
		s.waker.Wake(id)
	}
	return d, err
}

// addable is the policy under which a user can have one more device. Its error may be a
// *idp.Refusal.
func addable(tx *storage.Tx, u *idp.User) (*idp.MethodsPolicy, error) {
	policy, err := idp.LoadMethodsPolicy(tx)
	if err != nil {
		return nil, err
	}
	held, err := idp.Authenticators(tx, u.UserID)
	if err != nil {
		return nil, err
	}
	switch why := policy.Authenticator.Registrable(u, len(held)); why {
	case idp.Offered:
		return policy, nil
	case idp.MaxHeld:
		return nil, &idp.Refusal{Problem: "enrol.full", Detail: string(why)}
	default:
		return nil, &idp.Refusal{Problem: "enrol.policy", Detail: string(why)}
	}
}

// acceptDevice looks whether the policy takes the device as things are now; without its passkey,
// where it does not take that. Its error may be a *idp.Refusal.
func acceptDevice(tx *storage.Tx, u *idp.User, e *idp.AuthenticatorEnrolment) error {
	policy, err := addable(tx, u)
	if err != nil {
		return err
	}
	if e.Authenticator.Soft && !policy.Authenticator.Soft {
		return &idp.Refusal{Problem: "enrol.policy", Detail: string(idp.SoftDevice)}
	}
	if e.Passkey == nil {
		return nil
	}
	held, err := idp.Passkeys(tx, u.UserID)
	if len(held) >= idp.MaxPasskeys || policy.Passkey.Registrable(u, true) != idp.Offered || policy.Passkey.Accepts(e.Passkey) != nil {
		e.Passkey = nil
	}
	return err
}

// about is what the log tells of a device.
func about(d *idp.Authenticator) map[string]string {
	return map[string]string{"method": d.AuthenticatorID, "name": d.Name, "app": d.App}
}

// tellAdded logs that something was added by a device, or why not.
func (s *Service) tellAdded(tx *storage.Tx, v Visit, session *idp.Session, u *idp.User, kind idp.Kind, details map[string]string, why string) error {
	x := v.event(idp.Directory)
	x.Tell(idp.MethodRegistered)
	x.Actor, x.Target, x.SessionID = idp.PartyOf(u), idp.PartyOf(u), session.SessionID
	x.Reason, x.Details = idp.Did(true, "registered", kind), details
	if why != "" {
		x.Result, x.Reason, x.Passing = "failure", why, true
	}
	return s.log(v).Append(tx, x)
}
