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
		policy, err := idp.LoadMethodsPolicy(tx)
		if err != nil {
			return err
		}
		held, err := idp.Authenticators(tx, u.UserID)
		if err != nil {
			return err
		}
		switch why := policy.Authenticator.Registrable(u, len(held)); {
		case why == idp.MaxHeld:
			return &idp.Refusal{Problem: "enrol.full", Detail: string(why)}
		case why != idp.Offered:
			return &idp.Refusal{Problem: "enrol.policy", Detail: string(why)}
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
			return errors.Join(tx.Put(e), s.tellDevice(tx, v, session, u, e.Authenticator, "the check values differ"))
		}
		if r, err := s.refusedDevice(tx, u, e); r != nil || err != nil {
			return errors.Join(err, r)
		}
		if err := e.Add(tx, v.Now); err != nil {
			return &idp.Refusal{Problem: "enrol.taken", Detail: err.Error()}
		}
		d = e.Authenticator
		details := map[string]string{"Method": string(idp.AuthenticatorMethod), "Name": d.Name, "Address": v.Address, "Browser": idp.Clip(v.UserAgent, 256)}
		return errors.Join(s.tellDevice(tx, v, session, u, d, ""), idp.Notify(tx, u, idp.MailMethodAdded, details, v.Now), s.tellPasskey(tx, v, session, u, e.Passkey))
	})
	if err == nil {
		s.waker.Wake(id)
	}
	return d, err
}

// refusedDevice is why the policy does not take the device as things are now.
func (s *Service) refusedDevice(tx *storage.Tx, u *idp.User, e *idp.AuthenticatorEnrolment) (error, error) {
	policy, err := idp.LoadMethodsPolicy(tx)
	if err != nil {
		return nil, err
	}
	held, err := idp.Authenticators(tx, u.UserID)
	if err != nil {
		return nil, err
	}
	why := policy.Authenticator.Registrable(u, len(held))
	switch {
	case why == idp.MaxHeld:
		return &idp.Refusal{Problem: "enrol.full", Detail: string(why)}, nil
	case why == idp.Offered && e.Authenticator.Soft && !policy.Authenticator.Soft:
		why = idp.SoftDevice
	}
	if why != idp.Offered {
		return &idp.Refusal{Problem: "enrol.policy", Detail: string(why)}, nil
	}
	if p := e.Passkey; p != nil {
		held, err := idp.Passkeys(tx, u.UserID)
		if err != nil {
			return nil, err
		}
		if r := policy.Passkey.Accepts(p); r != nil || len(held) >= idp.MaxPasskeys || policy.Passkey.Registrable(u, true) != idp.Offered {
			e.Passkey = nil // the device is good without
		}
	}
	return nil, nil
}

// tellDevice logs that a device was added, or why not.
func (s *Service) tellDevice(tx *storage.Tx, v Visit, session *idp.Session, u *idp.User, d *idp.Authenticator, why string) error {
	x := v.event(idp.Directory)
	x.Tell(idp.MethodRegistered)
	x.Actor, x.Target, x.SessionID = idp.PartyOf(u), idp.PartyOf(u), session.SessionID
	x.Reason = idp.Did(true, "registered", idp.AuthenticatorMethod)
	x.Details = map[string]string{"method": d.AuthenticatorID, "name": d.Name, "app": d.App}
	if why != "" {
		x.Result, x.Reason, x.Passing = "failure", why, true
	}
	return s.log(v).Append(tx, x)
}

// tellPasskey tells of the passkey that a device has brought, nil for none: it signs in by
// itself, and stays when the device is removed.
func (s *Service) tellPasskey(tx *storage.Tx, v Visit, session *idp.Session, u *idp.User, p *idp.Passkey) error {
	if p == nil {
		return nil
	}
	x := v.event(idp.Directory)
	x.Tell(idp.MethodRegistered)
	x.Actor, x.Target, x.SessionID = idp.PartyOf(u), idp.PartyOf(u), session.SessionID
	x.Reason = idp.Did(true, "registered", idp.PasskeyMethod)
	x.Details = map[string]string{"method": p.PasskeyID, "name": p.Name, "aaguid": p.AAGUID}
	return errors.Join(s.log(v).Append(tx, x), v.notify(tx, u, idp.MailMethodAdded, p))
}
