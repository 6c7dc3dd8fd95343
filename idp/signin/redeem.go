package signin

import (
	"context"
	"crypto/subtle"
	"errors"

	"latchkey/idp"
	"latchkey/storage"
)

// RefusedInvitation is why an invitation cannot be accepted.
type RefusedInvitation struct {
	Text string // the key of a text
	Onto string // for one that was accepted: the URL that it led to
}

func (e *RefusedInvitation) Error() string { return "signin: " + e.Text }

// Invited begins the sign-in of who has opened the link of an invitation. It changes
// nothing: mail scanners open links. Its error may be a *RefusedInvitation.
func (s *Service) Invited(ctx context.Context, v Visit, id, ticket string) (f Flow, err error) {
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		i, err := idp.Optional(storage.Get[idp.Invitation](tx, id))
		if err != nil {
			return err
		}
		hash := idp.HashToken(idp.InvitationTicket, ticket)
		if i == nil || hash == "" || subtle.ConstantTimeCompare([]byte(hash), []byte(i.Ticket)) != 1 {
			return &RefusedInvitation{Text: idp.InvitationUnknown}
		}
		if why := i.Refuses(v.Now); why != "" {
			return refusedInvitation(i, why)
		}
		f = Start(nil, "", v.Now).WithUser(i.Email)
		f.Invited, f.Onto = i.InvitationID, i.RedirectURL
		return nil
	})
	return f, err
}

func refusedInvitation(i *idp.Invitation, why string) error {
	e := &RefusedInvitation{Text: why}
	if why == idp.InvitationUsed {
		e.Onto = i.RedirectURL
	}
	return e
}

// Redeem carries out the answer of a guest who was asked to accept the invitation. accept:
// they are one of the tenant's from now on, and go on to where they wanted to. Otherwise
// they are signed out, and nothing is kept. Its error may be a *RefusedInvitation: of those
// who accept at the same time, one does.
func (s *Service) Redeem(ctx context.Context, v Visit, f Flow, accept bool) (Outcome, error) {
	v, err := s.located(ctx, v, f)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	err = s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		if out, err = s.decide(tx, v, f, nil, false); err != nil {
			return err
		}
		switch {
		case out.Decision.Step == idp.RedeemStep && f.Asked == out.User.UserID:
		case out.User != nil && f.Asked == out.User.UserID && !out.User.External.Pending():
			return &RefusedInvitation{Text: idp.InvitationUsed, Onto: f.Onto}
		default: // somebody else has signed in meanwhile, or nobody is any more
			return nil
		}
		if !accept {
			return s.decline(tx, v, &out)
		}
		if err := s.redeem(tx, v, out); err != nil {
			return err
		}
		if out, err = s.decide(tx, v, f, nil, false); err != nil || out.Decision.Step != idp.Issue {
			return err
		}
		return s.finish(tx, v, &out)
	})
	if err != nil {
		return Outcome{}, err
	}
	return out, s.question(ctx, v, &out)
}

// redeem spends the invitation and makes the guest one of the tenant's.
func (s *Service) redeem(tx *storage.Tx, v Visit, out Outcome) error {
	i := out.Invitation
	if i == nil {
		return &RefusedInvitation{Text: idp.InvitationUnknown}
	}
	if why := i.Refuses(v.Now); why != "" {
		return refusedInvitation(i, why)
	}
	u, err := storage.Get[idp.User](tx, out.User.UserID)
	if err != nil {
		return err
	}
	source := s.source(out.Session)
	u.External.Accept(source, v.Now)
	u.Profile.EmailVerified = u.Profile.Email == i.Email
	i.RedeemedAt = v.Now
	e := v.event(idp.Directory)
	e.Tell(idp.GuestRedeemed)
	e.Actor, e.Target, e.SessionID = idp.PartyOf(u), idp.PartyOf(u), out.Session.SessionID
	e.Details = map[string]string{"InvitationId": i.InvitationID, "InvitedUserEmailAddress": i.Email, "Source": string(source)}
	return errors.Join(tx.Put(u), tx.Put(i), s.log(v).Append(tx, e))
}

// source is how the session's person has proved who they are to the tenant.
func (s *Service) source(session *idp.Session) idp.Source {
	m := s.method(session.Latest().Method)
	if m == nil {
		return ""
	}
	return m.Info().Source
}

// decline ends the session: there is nothing that the guest has agreed to.
func (s *Service) decline(tx *storage.Tx, v Visit, out *Outcome) error {
	out.Decision.Step, out.Decision.Error, out.Decision.STS = idp.Refuse, "access_denied", idp.ConsentDeclined
	out.Session.End(v.Now, idp.NoSession)
	e := v.event(idp.Directory)
	e.Tell(idp.GuestRedeemed)
	e.Actor, e.Target, e.Passing = idp.PartyOf(out.User), idp.PartyOf(out.User), true
	e.Result, e.Reason = "failure", "the guest declined"
	return errors.Join(s.deny(tx, out.Flow), tx.Put(out.Session), s.log(v).Append(tx, e))
}

// Blockable tells whose address a token is about, "" for one that is none.
func (s *Service) Blockable(v Visit, token string) string {
	return idp.BlockedAddress(s.keys, v.Tenant.TenantID, token)
}

// BlockInvitations keeps the tenant from inviting an address again, and ends the invitation
// there is.
func (s *Service) BlockInvitations(ctx context.Context, v Visit, token string) error {
	address := s.Blockable(v, token)
	if address == "" {
		return idp.ErrSealed
	}
	return s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		there, err := idp.Optional(storage.Get[idp.InvitationBlock](tx, address))
		if there != nil || err != nil {
			return err
		}
		e := v.event(idp.Directory)
		e.Tell(idp.InvitesBlocked)
		e.Actor, e.Passing = idp.Party{Type: idp.ActorSystem, Name: address}, true
		if err := endInvitation(tx, e, address, v); err != nil {
			return err
		}
		return errors.Join(tx.Insert(&idp.InvitationBlock{Address: address, CreatedAt: v.Now}), s.log(v).Append(tx, e))
	})
}

// endInvitation ends the invitation of an address that was not accepted.
func endInvitation(tx *storage.Tx, e *idp.AuditEvent, address string, v Visit) error {
	u, err := idp.Optional(idp.FindSigner(tx, address))
	if u == nil || err != nil {
		return err
	}
	e.Target = idp.PartyOf(u)
	i, err := idp.InvitationOf(tx, u.UserID)
	if i == nil || err != nil || i.Refuses(v.Now) != "" {
		return err
	}
	i.Ends = v.Now
	return tx.Put(i)
}
