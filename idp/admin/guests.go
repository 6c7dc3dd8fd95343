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

	redemption undecided
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
	for i := range guests {
		if err == nil {
			guests[i].Redemption, err = s.decided(ctx, guests[i].User, guests[i].redemption)
		}
	}
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
	if err == nil {
		g.Redemption, err = s.decided(ctx, g.User, g.redemption)
	}
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
	if g.Mailbox, err = idp.MailboxOf(w.Tx, u.UserID); err != nil {
		return g, err
	}
	if g.Invitation, err = idp.InvitationOf(w.Tx, u.UserID); err != nil {
		return g, err
	}
	g.redemption, err = w.redemption(u)
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
				if idp.RedemptionOf(policy, u, idp.Doors{}, w.codes()).Source == "" {
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

// undecided is which way somebody from outside signs in as things are, but for the organization
// of the deployment that they are at home at, which no transaction of the tenant's knows.
type undecided func(home *idp.Tenant) idp.Redemption

// redemption reads what that rests on.
func (w *work) redemption(u *idp.User) (undecided, error) {
	policy, err := idp.LoadMethodsPolicy(w.Tx)
	if err != nil {
		return nil, err
	}
	partners, err := idp.LoadCrossTenantPolicy(w.Tx)
	if err != nil {
		return nil, err
	}
	d := idp.Doors{Domain: idp.DomainOf(u.SignInName())}
	d.Own = w.tenant.Owns(d.Domain)
	if d.Federation, err = idp.FindFederation(w.Tx, d.Domain); err != nil {
		return nil, err
	}
	here, codes := w.tenant.TenantID, w.codes()
	return func(home *idp.Tenant) idp.Redemption {
		d := d
		if home != nil && !home.Disabled && home.TenantID != here {
			d.Home = &idp.Home{Tenant: home, Partner: partners.For(home.TenantID)}
		}
		return idp.RedemptionOf(policy, u, d, codes)
	}, nil
}

// decided is the way of somebody from outside.
func (s *Service) decided(ctx context.Context, u *idp.User, r undecided) (idp.Redemption, error) {
	home, err := s.tenant(ctx, idp.DomainOf(u.SignInName()))
	if err != nil && idp.ErrorCode(err) != idp.NotFound {
		return idp.Redemption{}, err
	}
	return r(home), nil
}
