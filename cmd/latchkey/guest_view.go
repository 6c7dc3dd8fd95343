package main

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// guestView is a user from another organization as shown in a list.
type guestView struct {
	ID                string     `json:"id"`
	UserPrincipalName string     `json:"user_principal_name"`
	Email             string     `json:"email"`
	DisplayName       string     `json:"display_name"`
	UserType          string     `json:"user_type"`
	Disabled          bool       `json:"disabled"`
	State             string     `json:"state"`       // pending or accepted; empty: never invited
	StateSince        *time.Time `json:"state_since"` // null: never invited
	Source            string     `json:"source"`      // by which the guest redeemed; empty: not yet
	InvitationEndsAt  *time.Time `json:"invitation_ends_at"`
	InvitationEnded   bool       `json:"invitation_ended"` // and was not accepted
	LastSignInAt      *time.Time `json:"last_sign_in_at"`
}

// The states, as people type them.
const (
	statePending  = "pending"
	stateAccepted = "accepted"
)

// guestStates are the states and what they are typed as.
func guestStates() map[idp.ExternalState]string {
	return map[idp.ExternalState]string{idp.PendingAcceptance: statePending, idp.Accepted: stateAccepted}
}

func viewGuest(g admin.GuestInfo, now time.Time) guestView {
	u := g.User
	v := guestView{
		ID: u.UserID, UserPrincipalName: u.PrincipalName, Email: u.Profile.Email, DisplayName: u.DisplayName, UserType: string(u.Type),
		Disabled: u.Disabled, State: guestStates()[u.External.State], StateSince: moment(u.External.ChangedAt),
		Source: string(u.External.Source), LastSignInAt: moment(u.SignedInAt),
	}
	if g.Mailbox != nil {
		v.Email = g.Mailbox.Address
	}
	if g.Invitation != nil {
		v.InvitationEndsAt = moment(g.Invitation.Ends)
		v.InvitationEnded = g.Invitation.Refuses(now) == idp.InvitationEnded
	}
	return v
}

// state is how far the guest has come, in words.
func (v guestView) state() string {
	text := v.State
	switch {
	case v.State == "":
		text = "never invited"
	case v.State == statePending && v.InvitationEnded:
		text = "pending, but the invitation has ended"
	}
	if v.Disabled {
		text += ", disabled"
	}
	return text
}

// guestDetail is all there is of a guest.
type guestDetail struct {
	guestView
	InvitedBy  partyView       `json:"invited_by"`
	Sponsors   []partyView     `json:"sponsors"`
	Invitation *invitationView `json:"invitation"` // null: never invited
	Redemption redemptionView  `json:"redemption"`
}

// invitationView is the last invitation of a guest, without the secret of its link.
type invitationView struct {
	ID          string     `json:"id"`
	CreatedAt   *time.Time `json:"created_at"`
	EndsAt      *time.Time `json:"ends_at"`
	RedeemedAt  *time.Time `json:"redeemed_at"`
	RedirectURL string     `json:"redirect_url"`
	Mailed      bool       `json:"mailed"` // it was to be told by mail
	Mail        *mailView  `json:"mail"`   // what became of that; null: none, or not known any more
}

func (d desk) guestDetail(ctx context.Context, t *idp.Tenant, g admin.GuestInfo) (v guestDetail, err error) {
	v = guestDetail{
		guestView: viewGuest(g, d.Clock.Now()), InvitedBy: partyView(g.User.External.InvitedBy), Redemption: viewRedemption(g.Redemption),
	}
	if i := g.Invitation; i != nil {
		v.Invitation = &invitationView{i.InvitationID, moment(i.CreatedAt), moment(i.Ends), moment(i.RedeemedAt), i.RedirectURL, i.Send, nil}
	}
	v.Sponsors, err = d.sponsors(ctx, t, g.User.External.Sponsors)
	return v, err
}

func tableGuests(none string) func(*printer, []guestView) {
	return func(p *printer, all []guestView) {
		rows := each(all, func(v guestView) []string {
			by := ""
			if v.Source != "" {
				by = wayName(idp.Source(v.Source))
			}
			return []string{v.address(), v.DisplayName, by, v.state(), p.when(v.StateSince), never(p.when(v.LastSignInAt))}
		})
		p.table(none, []string{"GUEST", "NAME", "SOURCE", "STATE", "SINCE", "LAST SIGN-IN"}, rows)
	}
}

// address is what the guest types at sign-in, else the name they have here.
func (v guestView) address() string {
	if v.Email == "" {
		return v.UserPrincipalName
	}
	return v.Email
}

func showGuest(p *printer, v guestDetail) {
	pairs := []string{
		"Guest", v.address(), "Name", v.DisplayName, "User", v.UserPrincipalName, "ID", v.ID, "Type", v.UserType,
		"State", v.state(), "Since", p.when(v.StateSince), "Sponsors", sponsorNames(v.Sponsors),
	}
	if i := v.Invitation; i != nil {
		pairs = append(pairs, "Invited by", v.InvitedBy.String(), "Invited", p.when(i.CreatedAt), "By mail", i.fate(p), "Leads to", i.RedirectURL)
		if v.State == statePending {
			pairs = append(pairs, "Can accept until", p.when(i.EndsAt))
		}
	}
	p.fields(append(pairs, "Last sign-in", never(p.when(v.LastSignInAt)))...)
	p.line("")
	p.line("%s", v.sentence())
	p.line("")
	showWays(p, v.Redemption)
}

// fate is what became of the mail with the invitation, in words.
func (i invitationView) fate(p *printer) string {
	switch {
	case i.Mail == nil:
		return yesNo(i.Mailed)
	case i.Mail.Error == "":
		return i.Mail.result(p)
	}
	return i.Mail.result(p) + ": " + i.Mail.Error
}

// sentence says which way the guest signs in.
func (v guestDetail) sentence() string {
	switch {
	case v.Disabled:
		return "The guest is disabled and cannot sign in. Else it would go by what follows."
	case v.Invitation == nil:
		return "The guest was never invited and cannot sign in until that is done: latchkey guest reset. It would go by what follows."
	case v.Redemption.Source == "" && v.Redemption.Redeemed:
		return "The guest cannot sign in now: the way in which they redeemed is not open."
	case v.Redemption.Source == "":
		return "The guest cannot accept the invitation now: no way to sign in is open to them."
	case v.State == statePending:
		return "If the guest accepted now, they would sign in " + v.Redemption.bySource() + "."
	}
	return "The guest signs in " + v.Redemption.bySource() + "."
}
