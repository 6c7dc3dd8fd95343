package admin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// GuestInfo is somebody from outside, as whoever looks after guests sees them.
type GuestInfo struct {
	User       *idp.User
	Mailbox    *idp.Mailbox    // nil: they were never invited
	Invitation *idp.Invitation // nil likewise; the last one
	Redemption idp.Redemption  // which way they sign in, or would if they accepted now
}

// GuestQuery bounds a list of guests; empty fields bound nothing.
type GuestQuery struct {
	State  idp.ExternalState
	Source idp.Source // by which they have redeemed
}

func (q GuestQuery) fits(u *idp.User) bool {
	return (q.State == "" || u.External.State == q.State) && (q.Source == "" || u.External.Source == q.Source)
}

// Guests lists the users from other organizations by id. A page may hold fewer than its
// limit although another one follows.
func (s *Service) Guests(ctx context.Context, actor idp.Actor, tenant string, q GuestQuery, page storage.Page) (guests []GuestInfo, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadUser, func(w *work) error {
		us, more, err := storage.List[idp.User](w.Tx, "external", "yes", page)
		if err != nil {
			return err
		}
		next = more
		for _, u := range us {
			if !q.fits(u) {
				continue
			}
			g, err := w.guest(u)
			if err != nil {
				return err
			}
			guests = append(guests, g)
		}
		return nil
	})
	return guests, next, err
}

// Guest is one of them.
func (s *Service) Guest(ctx context.Context, actor idp.Actor, tenant, name string) (g GuestInfo, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.guestNamed(idp.ReadUser, name)
		if err != nil {
			return err
		}
		g, err = w.guest(u)
		return err
	})
	return g, err
}

// guestNamed finds somebody from outside, also by their mail address.
func (w *work) guestNamed(action idp.Action, name string) (*idp.User, error) {
	if m, err := idp.NormalEmail(name); err == nil {
		box, err := idp.Optional(storage.Lookup[idp.Mailbox](w.Tx, "address", m))
		if err != nil {
			return nil, err
		}
		if box != nil {
			name = box.UserID
		}
	}
	u, err := w.user(action, name)
	if err == nil && !u.Type.External() {
		err = idp.Errorf(idp.Invalid, "%s does not come from outside.", u.PrincipalName)
	}
	return u, err
}

func (w *work) guest(u *idp.User) (g GuestInfo, err error) {
	g.User = u
	if g.Mailbox, err = idp.Optional(storage.Lookup[idp.Mailbox](w.Tx, "user", u.UserID)); err != nil {
		return g, err
	}
	if g.Invitation, err = idp.Optional(storage.Lookup[idp.Invitation](w.Tx, "user", u.UserID)); err != nil {
		return g, err
	}
	g.Redemption, err = w.redemption(u)
	return g, err
}

// CodeGuests counts the users from other organizations who have redeemed by a code, and those
// of them who cannot sign in as things are, since codes are off or not for them.
func (s *Service) CodeGuests(ctx context.Context, actor idp.Actor, tenant string) (redeemed, barred int, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadUser, func(w *work) error {
		policy, err := idp.LoadMethodsPolicy(w.Tx)
		if err != nil {
			return err
		}
		redeemed, barred = 0, 0
		for page := (storage.Page{Limit: guestsAtOnce}); ; {
			us, next, err := storage.List[idp.User](w.Tx, "external", "yes", page)
			if err != nil {
				return err
			}
			for _, u := range us {
				if u.External.Source != idp.SourceMail {
					continue
				}
				redeemed++
				if idp.RedemptionOf(policy, u, w.codes()).Source == "" {
					barred++
				}
			}
			if page.After = next; next == "" {
				return nil
			}
		}
	})
	return redeemed, barred, err
}

// guestsAtOnce is how many are read at a time to be counted.
const guestsAtOnce = 500

// codes is why the deployment can send no codes, Offered if it can.
func (w *work) codes() idp.Reason {
	if w.noMail {
		return idp.NoMail
	}
	return idp.Offered
}

// redemption is which way somebody from outside signs in as things are.
func (w *work) redemption(u *idp.User) (r idp.Redemption, err error) {
	policy, err := idp.LoadMethodsPolicy(w.Tx)
	if err != nil {
		return r, err
	}
	return idp.RedemptionOf(policy, u, w.codes()), nil
}

// Resend invites somebody again who has not accepted yet, as they were invited before, but
// by mail; what was sent before is void.
func (s *Service) Resend(ctx context.Context, actor idp.Actor, tenant, name string) (InvitationInfo, error) {
	return s.again(ctx, actor, tenant, name, "", idp.InviteUser)
}

// ResetRedemption puts a guest back to the beginning and invites them again by mail; email is
// a new address, "" for the one they have. Everything else of them stays.
func (s *Service) ResetRedemption(ctx context.Context, actor idp.Actor, tenant, name, email string) (InvitationInfo, error) {
	return s.again(ctx, actor, tenant, name, email, idp.ResetRedemption)
}

func (s *Service) again(ctx context.Context, actor idp.Actor, tenant, name, email string, action idp.Action) (InvitationInfo, error) {
	var req InvitationRequest
	err := s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.guestNamed(idp.ReadUser, name)
		if err != nil {
			return err
		}
		if err := w.mayTo(action, u); err != nil {
			return err
		}
		req, err = w.asBefore(u, action)
		return err
	})
	if err != nil {
		return InvitationInfo{}, err
	}
	if email != "" {
		req.Email = email
	}
	return s.Invite(ctx, actor, tenant, req)
}

// asBefore is the request for an invitation that differs from the last one in nothing but
// that it is sent. Who answers for the guest stays as it is, also those who are gone.
func (w *work) asBefore(u *idp.User, action idp.Action) (req InvitationRequest, err error) {
	i, err := idp.Optional(storage.Lookup[idp.Invitation](w.Tx, "user", u.UserID))
	if err != nil {
		return req, err
	}
	if i == nil && action == idp.InviteUser {
		return req, idp.Errorf(idp.Conflict, "%s was never invited. Reset the redemption to have them invited.", u.PrincipalName)
	}
	if i == nil {
		return req, idp.Errorf(idp.Conflict, "%s was never invited, so that it is not known where the invitation is to lead.", u.PrincipalName)
	}
	if action == idp.InviteUser && !u.External.Pending() {
		return req, idp.Errorf(idp.Conflict, "%s has accepted already. Reset the redemption to have them invited again.", u.PrincipalName)
	}
	req = InvitationRequest{Email: u.Profile.Email, DisplayName: u.DisplayName, RedirectURL: i.RedirectURL, Send: true, Message: i.Message}
	if action == idp.ResetRedemption {
		req.Reset = u.UserID
	}
	return req, nil
}

// GuestPolicy reads who invites people from outside, and for how long.
func (s *Service) GuestPolicy(ctx context.Context, actor idp.Actor, tenant string) (p *idp.GuestPolicy, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadGuestPolicy, func(w *work) error {
		p, err = idp.LoadGuestPolicy(w.Tx)
		return err
	})
	return p, err
}

// GuestPolicyChange is what may be changed; nil leaves a field as it is.
type GuestPolicyChange struct {
	Inviters       *string
	InvitationDays *int
}

// UpdateGuestPolicy changes the policy, whole or not at all. Invitations that were made
// before end when they were to.
func (s *Service) UpdateGuestPolicy(ctx context.Context, actor idp.Actor, tenant string, c GuestPolicyChange) (p *idp.GuestPolicy, err error) {
	err = s.change(ctx, actor, tenant, idp.WriteGuestPolicy, func(w *work) error {
		if p, err = idp.LoadGuestPolicy(w.Tx); err != nil {
			return err
		}
		before := *p
		set(&p.Inviters, c.Inviters)
		set(&p.InvitationDays, c.InvitationDays)
		if err := p.Validate(); err != nil {
			return err
		}
		if *p == before {
			return nil
		}
		if err := w.Put(p); err != nil {
			return err
		}
		return w.auditChange(idp.GuestsChanged, idp.Party{Type: idp.PartyPolicy, ID: p.ID(), Name: "Guests"}, &before, p)
	})
	return p, err
}

// InvitationBlocks lists the addresses that want no invitations.
func (s *Service) InvitationBlocks(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (bs []*idp.InvitationBlock, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.InviteUser, func(w *work) (err error) {
		bs, next, err = storage.All[idp.InvitationBlock](w.Tx, page)
		return err
	})
	return bs, next, err
}

// Unblock lets an address be invited again, since its owner has asked for that.
func (s *Service) Unblock(ctx context.Context, actor idp.Actor, tenant, address string) error {
	return s.change(ctx, actor, tenant, idp.InviteUser, func(w *work) error {
		n, err := idp.NormalEmail(address)
		if err != nil {
			return err
		}
		b, err := storage.Get[idp.InvitationBlock](w.Tx, n)
		if err != nil {
			return missing(err, "block", n, "%s is not blocked.", n)
		}
		if err := w.Delete(b); err != nil {
			return err
		}
		return w.audit(idp.InvitesAllowed, idp.Party{Type: idp.ActorUser, Name: n}, "")
	})
}
