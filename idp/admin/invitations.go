package admin

import (
	"context"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// InvitationRequest is what whoever invites gives.
type InvitationRequest struct {
	Email       string
	DisplayName string // the address when empty
	RedirectURL string
	Member      bool // comes as a member, not as a guest
	Send        bool
	Message     idp.InvitationMessage
	// Reset puts the user of this id, who came by invitation before, back to the
	// beginning; everything else of them stays.
	Reset string
}

// action is what the request asks for.
func (r InvitationRequest) action() idp.Action {
	if r.Reset != "" {
		return idp.ResetRedemption
	}
	return idp.InviteUser
}

// InvitationInfo is an invitation with whom it invites; Ticket is the only copy of the
// secret of its link.
type InvitationInfo struct {
	Invitation *idp.Invitation
	User       *idp.User
	Ticket     string
}

// Invite asks somebody from outside in, as an external user who has yet to accept.
func (s *Service) Invite(ctx context.Context, actor idp.Actor, tenant string, req InvitationRequest) (info InvitationInfo, err error) {
	err = s.change(ctx, actor, tenant, req.action(), func(w *work) error {
		if info.User, err = w.invited(req); err != nil {
			return err
		}
		info.Invitation, info.Ticket = idp.NewInvitation(info.User, req.RedirectURL, actor.Party, w.now)
		info.Invitation.Send, info.Invitation.Message = req.Send, req.Message
		if err := info.Invitation.Validate(); err != nil {
			return err
		}
		if err := removeOf[idp.Invitation](w, info.User); err != nil {
			return err
		}
		if err := w.Put(info.User); err != nil {
			return err
		}
		if err := w.Insert(info.Invitation); err != nil {
			return err
		}
		e := w.event(idp.GuestInvited, idp.PartyOf(info.User), "")
		e.Details = map[string]string{"InvitationId": info.Invitation.InvitationID, "InvitedUserEmailAddress": info.Invitation.Email}
		return w.tell(e)
	})
	if err != nil {
		return InvitationInfo{}, taken(err, "Somebody is using that name already.")
	}
	return info, nil
}

// invited is the external user that the invitation is for, new or put back.
func (w *work) invited(req InvitationRequest) (*idp.User, error) {
	email, err := idp.NormalEmail(req.Email)
	if err != nil {
		return nil, err
	}
	if w.tenant.Owns(domainOf(email)) {
		return nil, idp.Errorf(idp.Invalid, "This user can't be invited because the domain of the user's email address is a verified domain of this directory.")
	}
	if req.Member { // which a mere inviter cannot make
		if err := w.may(idp.CreateUser); err != nil {
			return nil, err
		}
	}
	if req.Reset != "" {
		return w.putBack(req.Reset, email)
	}
	if err := w.notHere(email, ""); err != nil {
		return nil, err
	}
	u := &idp.User{
		UserID: idp.NewID(), PrincipalName: idp.GuestName(email, w.tenant), DisplayName: req.DisplayName, Type: idp.ExternalGuest,
		Profile: idp.Profile{Email: email}, CreatedAt: w.now,
	}
	if req.Member {
		u.Type = idp.ExternalMember
	}
	if u.DisplayName == "" {
		u.DisplayName, _, _ = strings.Cut(email, "@")
	}
	w.pending(u)
	return u, w.checkUser(u)
}

// notHere refuses to invite somebody who is in the directory, but as the user of id.
func (w *work) notHere(email, id string) error {
	there, _, err := storage.List[idp.User](w.Tx, "email", email, storage.Page{Limit: 2})
	if err != nil {
		return err
	}
	named, err := idp.Optional(idp.FindUser(w.Tx, email))
	if err != nil {
		return err
	}
	if named != nil {
		there = append(there, named)
	}
	there = slices.DeleteFunc(there, func(u *idp.User) bool { return u.UserID == id })
	if len(there) > 0 {
		return idp.Errorf(idp.Conflict, "The invited user already exists in the directory as objectID: %s. They can use that account to sign in to shared apps and resources.", there[0].UserID)
	}
	return nil
}

// putBack resets the redemption of a guest: what they signed in to is over.
func (w *work) putBack(id, email string) (*idp.User, error) {
	u, err := w.user(idp.ResetRedemption, id)
	if err != nil {
		return nil, err
	}
	if !u.Type.External() {
		return nil, idp.Errorf(idp.Invalid, "The redemption of %s cannot be reset: the user did not come by invitation.", u.PrincipalName)
	}
	if err := w.notHere(email, u.UserID); err != nil {
		return nil, err
	}
	u.Profile.EmailVerified = u.Profile.EmailVerified && u.Profile.Email == email
	u.Profile.Email = email
	w.pending(u)
	return u, endSessions(w, u)
}

func (w *work) pending(u *idp.User) {
	u.External = idp.External{State: idp.PendingAcceptance, ChangedAt: w.now, InvitedBy: w.actor.Party}
}
