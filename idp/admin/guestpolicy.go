package admin

import (
	"context"

	"latchkey/idp"
)

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
