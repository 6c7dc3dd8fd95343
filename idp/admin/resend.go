package admin

import (
	"context"

	"latchkey/idp"
)

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
	i, err := idp.InvitationOf(w.Tx, u.UserID)
	resets := action == idp.ResetRedemption
	switch {
	case err != nil:
		return req, err
	case i == nil && resets:
		return req, idp.Errorf(idp.Conflict, "%s was never invited, so that it is not known where the invitation is to lead.", u.PrincipalName)
	case i == nil:
		return req, idp.Errorf(idp.Conflict, "%s was never invited. Reset the redemption to have them invited.", u.PrincipalName)
	case !resets && !u.External.Pending():
		return req, idp.Errorf(idp.Conflict, "%s has accepted already. Reset the redemption to have them invited again.", u.PrincipalName)
	}
	req = InvitationRequest{Email: u.Profile.Email, DisplayName: u.DisplayName, RedirectURL: i.RedirectURL, Send: true, Message: i.Message}
	if resets {
		req.Reset = u.UserID
	}
	return req, nil
}
