package admin

import (
	"context"
	"encoding/hex"
	"errors"
	"math"
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
	Sponsors    []string // ids or names of users, or ids of groups; empty: whoever invites
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

// activity is what the audit calls it.
func (r InvitationRequest) activity() idp.Activity {
	if r.Reset != "" {
		return idp.GuestReset
	}
	return idp.GuestInvited
}

// InvitationInfo is an invitation with whom it invites; Ticket is the only copy of the
// secret of its link.
type InvitationInfo struct {
	Invitation *idp.Invitation
	User       *idp.User
	Ticket     string
	Redemption idp.Redemption // which way the person would sign in if they accepted now
	Again      bool           // there was an invitation before that nobody had accepted; its link is void now
}

// Invite asks somebody from outside in, as an external user who has yet to accept. Who has
// not accepted yet is sent a new invitation, and the one before is void.
func (s *Service) Invite(ctx context.Context, actor idp.Actor, tenant string, req InvitationRequest) (info InvitationInfo, err error) {
	var way undecided
	err = s.change(ctx, actor, tenant, req.action(), func(w *work) error {
		policy, err := idp.LoadGuestPolicy(w.Tx)
		if err != nil {
			return err
		}
		var put []idp.Modified
		if info.User, put, err = w.invited(policy, req); err != nil {
			return err
		}
		info.Invitation, info.Ticket = idp.NewInvitation(info.User, req.RedirectURL, actor.Party, w.now, policy.InvitationEnd(w.now))
		info.Invitation.Send, info.Invitation.Message = req.Send, req.Message
		if err := info.Invitation.Validate(); err != nil {
			return err
		}
		if info.Invitation.Message.Copies, err = w.copies(req.Message.Copies); err != nil {
			return err
		}
		if way, err = w.redemption(info.User); err != nil {
			return err
		}
		before, err := idp.InvitationOf(w.Tx, info.User.UserID)
		if err != nil {
			return err
		}
		info.Again = before != nil && before.RedeemedAt.IsZero()
		return w.invite(info, req.activity(), put)
	})
	if err != nil {
		return InvitationInfo{}, taken(err, "Somebody is using that name already.")
	}
	info.Redemption, err = s.decided(ctx, info.User, way)
	return info, err
}

// invite stores an invitation in place of the one before, and owes the mail with its link; put
// is what it changed of a guest who was there.
func (w *work) invite(info InvitationInfo, what idp.Activity, put []idp.Modified) error {
	i, u := info.Invitation, info.User
	if err := w.removeInvitation(u); err != nil {
		return err
	}
	if err := errors.Join(w.Put(u), w.Insert(i)); err != nil {
		return err
	}
	if i.Send {
		for _, address := range append([]string{i.Email}, i.Message.Copies...) {
			if err := w.spendMail(address); err != nil {
				return err
			}
		}
		m, err := w.invitationMail(info)
		if err != nil {
			return err
		}
		if err := w.Insert(m); err != nil {
			return err
		}
	}
	e := w.event(what, idp.PartyOf(u), "")
	e.Modified = put
	e.Details = map[string]string{"InvitationId": i.InvitationID, "InvitedUserEmailAddress": i.Email}
	return w.tell(e)
}

// removeInvitation takes the invitation of a user, if there is one, and the mail that is
// still to tell of it: its link is void.
func (w *work) removeInvitation(u *idp.User) error {
	if err := removeOf[idp.Invitation](w, u); err != nil {
		return err
	}
	owed, _, err := storage.List[idp.Mail](w.Tx, "user", u.UserID, storage.Page{})
	if err != nil {
		return err
	}
	for _, m := range owed {
		if m.About != idp.MailInvitation {
			continue
		}
		if err := w.Delete(m); err != nil {
			return err
		}
	}
	return nil
}

// invited is the external user that the invitation is for, new or as they were, and what is
// changed of them when they are put back.
func (w *work) invited(policy *idp.GuestPolicy, req InvitationRequest) (*idp.User, []idp.Modified, error) {
	email, err := idp.NormalEmail(req.Email)
	if err != nil {
		return nil, nil, err
	}
	if err := w.mayInvite(policy, email, req); err != nil {
		return nil, nil, err
	}
	sponsors, err := w.sponsors(req.Sponsors)
	if err != nil {
		return nil, nil, err
	}
	if req.Reset != "" {
		return w.putBack(req.Reset, email, sponsors)
	}
	waiting, err := w.notHere(email, "")
	if err != nil {
		return nil, nil, err
	}
	if waiting != nil {
		return waiting, nil, w.reachable(waiting)
	}
	u, err := w.newGuest(email, req, sponsors)
	return u, nil, err
}

// mayInvite tells why an address is not invited.
func (w *work) mayInvite(policy *idp.GuestPolicy, email string, req InvitationRequest) error {
	if policy.Inviters == idp.InvitedByNobody && req.Reset == "" {
		return idp.Errorf(idp.Forbidden, "Guest invitations are not allowed for your company. Contact your company administrator for more details.")
	}
	if w.tenant.Owns(idp.DomainOf(email)) {
		return idp.Errorf(idp.Invalid, "This user can't be invited because the domain of the user's email address is a verified domain of this directory.")
	}
	if err := w.notBlocked(email); err != nil {
		return err
	}
	if req.Member { // which a mere inviter cannot make
		return w.may(idp.CreateUser)
	}
	return nil
}

func (w *work) notBlocked(address string) error {
	block, err := idp.Optional(storage.Get[idp.InvitationBlock](w.Tx, address))
	if block != nil {
		err = idp.Errorf(idp.Conflict, "Whoever reads the mail of %s has asked %s not to invite them again.", address, w.tenant.Name)
	}
	return err
}

// copies are the addresses that get the same mail, in their one spelling.
func (w *work) copies(addresses []string) (all []string, err error) {
	for _, a := range addresses {
		if a, err = idp.NormalEmail(a); err == nil {
			err = w.notBlocked(a)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// spendMail counts a mail that an inviter has sent to an address, which is flooded no more by
// them than by strangers who ask for codes.
func (w *work) spendMail(address string) error {
	q, err := idp.LoadQuota(w.Tx, "invitation "+hex.EncodeToString(w.keys.MAC("invitation", w.tenant.TenantID, address)))
	if err != nil {
		return err
	}
	if wait := q.Wait(w.now, idp.MailboxLimits); wait > 0 {
		return idp.Errorf(idp.TooMany, "So many invitations were sent to %s that another one can be sent in %d min. It can be made without a mail now.", address, int(math.Ceil(wait.Minutes())))
	}
	q.Count(w.now)
	return w.Put(q)
}

func (w *work) newGuest(email string, req InvitationRequest, sponsors []string) (*idp.User, error) {
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
	w.pending(u, sponsors)
	return u, errors.Join(w.checkUser(u), w.Insert(idp.NewMailbox(u, w.now)))
}

// notHere refuses to invite somebody who is in the directory, but as the user of id. Who was
// invited and has not accepted yet is not quite there.
func (w *work) notHere(email, id string) (waiting *idp.User, err error) {
	there, _, err := storage.List[idp.User](w.Tx, "email", email, storage.Page{Limit: 2})
	if err != nil {
		return nil, err
	}
	for _, find := range []func(*storage.Tx, string) (*idp.User, error){idp.FindUser, idp.FindSigner} {
		u, err := idp.Optional(find(w.Tx, email))
		if err != nil {
			return nil, err
		}
		if u != nil {
			there = append(there, u)
		}
	}
	for _, u := range there {
		switch {
		case u.UserID == id:
		case u.External.Pending() && id == "" && u.Profile.Email == email && (waiting == nil || waiting.UserID == u.UserID):
			waiting = u
		default:
			return nil, idp.Errorf(idp.Conflict, "The invited user already exists in the directory as objectID: %s. They can use that account to sign in to shared apps and resources.", u.UserID)
		}
	}
	return waiting, nil
}

// redeemed is what an audit wants to know of a guest who is put back.
type redeemed struct {
	Mail, ExternalUserState string
	Source                  idp.Source
}

func redeemedOf(u *idp.User) redeemed {
	return redeemed{u.Profile.Email, string(u.External.State), u.External.Source}
}

// putBack resets the redemption of a guest: what they signed in to is over.
func (w *work) putBack(id, email string, sponsors []string) (*idp.User, []idp.Modified, error) {
	u, err := w.user(idp.ResetRedemption, id)
	if err != nil {
		return nil, nil, err
	}
	if !u.Type.External() {
		return nil, nil, idp.Errorf(idp.Invalid, "The redemption of %s cannot be reset: the user did not come by invitation.", u.PrincipalName)
	}
	if _, err := w.notHere(email, u.UserID); err != nil {
		return nil, nil, err
	}
	before := redeemedOf(u)
	u.Profile.EmailVerified = false
	u.Profile.Email = email
	if len(u.External.Sponsors) > 0 {
		sponsors = u.External.Sponsors
	}
	w.pending(u, sponsors)
	return u, modified(before, redeemedOf(u)), errors.Join(w.newMailbox(u), w.removeIdentities(u), endSessions(w, u))
}

func (w *work) pending(u *idp.User, sponsors []string) {
	u.External = idp.External{State: idp.PendingAcceptance, ChangedAt: w.now, InvitedBy: w.actor.Party, Sponsors: sponsors}
}
