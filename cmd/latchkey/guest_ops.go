package main

import (
	"cmp"
	"context"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// guestArgs names a guest by mail address, id or user name. Only the last says which tenant
// is meant: the domain of an address is that of another organization.
type guestArgs struct {
	Tenant string `json:"tenant"`
	Guest  string `json:"guest"`
}

func (a guestArgs) scope() (tenant, user string) {
	if strings.Contains(strings.ToLower(a.Guest), "#ext#") {
		return a.Tenant, a.Guest
	}
	return a.Tenant, ""
}

type guestInviteArgs struct {
	guestArgs            // the address
	RedirectURL string   `json:"redirect_url"` // empty: the page with the tenant's apps
	Name        string   `json:"name"`
	Member      bool     `json:"member"`
	Send        bool     `json:"send"`
	Message     string   `json:"message"`
	Language    string   `json:"language"`
	Copy        string   `json:"copy"`     // address; empty: none
	Sponsors    []string `json:"sponsors"` // users and groups
}

type guestResetArgs struct {
	guestArgs
	Email string `json:"email"` // empty: the one that the guest has
}

type guestListArgs struct {
	listArgs
	State  string `json:"state"`
	Source string `json:"source"`
}

func (a guestListArgs) at(after string, limit int) guestListArgs {
	a.listArgs = a.listArgs.at(after, limit)
	return a
}

// query is what the list is limited to.
func (a guestListArgs) query() admin.GuestQuery {
	q := admin.GuestQuery{Source: idp.Source(a.Source)}
	for state, typed := range guestStates() {
		if typed == a.State {
			q.State = state
		}
	}
	return q
}

// invitedView is an invitation that was made just now. The link is in no other answer.
type invitedView struct {
	guestDetail
	RedeemURL   string   `json:"redeem_url"`
	Again       bool     `json:"again"`        // there was one that nobody had accepted; its link is void
	Reset       bool     `json:"reset"`        // the guest was put back to the beginning
	Send        bool     `json:"send"`         // it is to be told by mail
	MailEnabled bool     `json:"mail_enabled"` // the deployment sends mail
	Copies      []string `json:"copies"`
	// Kept: what was given of the person, and is not what they have, since they had been
	// invited before.
	Kept []string `json:"kept"`
}

var guestInvite = operation[guestInviteArgs, invitedView]{"guest.invite",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a guestInviteArgs) (v invitedView, err error) {
		req := admin.InvitationRequest{
			Email: a.Guest, DisplayName: a.Name, RedirectURL: cmp.Or(a.RedirectURL, d.appsPage(t)), Member: a.Member, Send: a.Send,
			Message: idp.InvitationMessage{Language: a.Language, Body: a.Message},
		}
		if a.Copy != "" {
			req.Message.Copies = []string{a.Copy}
		}
		if req.Sponsors, err = d.sponsorIDs(ctx, t, a.Sponsors); err != nil {
			return v, err
		}
		info, err := d.Admin.Invite(ctx, d.actor, t.TenantID, req)
		if err != nil {
			return v, err
		}
		if v, err = d.invited(ctx, t, info); err == nil && info.Again {
			v.Kept = a.kept()
		}
		return v, err
	})}

// kept is what was given that an invitation of somebody who was invited before does not
// change.
func (a guestInviteArgs) kept() []string {
	kept := []string{}
	if a.Name != "" {
		kept = append(kept, "name")
	}
	if a.Member {
		kept = append(kept, "type")
	}
	if len(a.Sponsors) > 0 {
		kept = append(kept, "sponsors")
	}
	return kept
}

// appsPage is the page of a tenant that leads to all its apps.
func (d desk) appsPage(t *idp.Tenant) string {
	return address(d.Config.BaseURL, "/"+t.Domains[0]+"/apps")
}

// invited shows an invitation that was made just now.
func (d desk) invited(ctx context.Context, t *idp.Tenant, info admin.InvitationInfo) (v invitedView, err error) {
	i := info.Invitation
	v = invitedView{
		RedeemURL: address(d.Config.BaseURL, i.RedeemPath(t.TenantID, info.Ticket)), Again: info.Again,
		Send: i.Send, MailEnabled: d.Config.SMTP.Enabled(), Copies: array(i.Message.Copies), Kept: []string{},
	}
	v.guestDetail, err = d.guestDetail(ctx, t, admin.GuestInfo{User: info.User, Invitation: i, Redemption: info.Redemption})
	return v, err
}

var guestList = operation[guestListArgs, page[guestView]]{"guest.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a guestListArgs) (page[guestView], error) {
		gs, next, err := d.Admin.Guests(ctx, d.actor, t.TenantID, a.query(), a.page())
		now := d.Clock.Now()
		return page[guestView]{each(gs, func(g admin.GuestInfo) guestView { return viewGuest(g, now) }), next}, err
	})}

var guestShow = operation[guestArgs, guestDetail]{"guest.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a guestArgs) (v guestDetail, err error) {
		g, err := d.Admin.Guest(ctx, d.actor, t.TenantID, a.Guest)
		if err != nil {
			return v, err
		}
		if v, err = d.guestDetail(ctx, t, g); err != nil || v.Invitation == nil || !v.Invitation.Mailed {
			return v, err
		}
		mail, err := d.Admin.InvitationDelivery(ctx, d.actor, t.TenantID, g.User.UserID)
		if mail != nil && !mail.QueuedAt.Before(g.Invitation.CreatedAt) {
			v.Invitation.Mail = new(viewMail(mail))
		}
		return v, err
	})}

var guestResend = operation[guestArgs, invitedView]{"guest.resend",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a guestArgs) (v invitedView, err error) {
		info, err := d.Admin.Resend(ctx, d.actor, t.TenantID, a.Guest)
		if err != nil {
			return v, err
		}
		return d.invited(ctx, t, info)
	})}

var guestReset = operation[guestResetArgs, invitedView]{"guest.reset",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a guestResetArgs) (v invitedView, err error) {
		info, err := d.resetGuest(ctx, t, a)
		if err != nil {
			return v, err
		}
		v, err = d.invited(ctx, t, info)
		v.Reset = true
		return v, err
	})}

// resetGuest puts a guest back to the beginning. Who was never invited is led to the page
// with the apps.
func (d desk) resetGuest(ctx context.Context, t *idp.Tenant, a guestResetArgs) (info admin.InvitationInfo, err error) {
	g, err := d.Admin.Guest(ctx, d.actor, t.TenantID, a.Guest)
	if err != nil {
		return info, err
	}
	if g.Invitation != nil {
		return d.Admin.ResetRedemption(ctx, d.actor, t.TenantID, g.User.UserID, a.Email)
	}
	email := cmp.Or(a.Email, g.User.Profile.Email)
	if email == "" {
		return info, idp.Errorf(idp.Invalid, "%s has no e-mail address: give one with --email.", g.User.PrincipalName)
	}
	return d.Admin.Invite(ctx, d.actor, t.TenantID, admin.InvitationRequest{Email: email, RedirectURL: d.appsPage(t), Send: true, Reset: g.User.UserID})
}

var guestDelete = operation[guestArgs, deleted]{"guest.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a guestArgs) (deleted, error) {
		g, err := d.Admin.Guest(ctx, d.actor, t.TenantID, a.Guest)
		if err != nil {
			return deleted{}, err
		}
		return deleted{a.Guest}, d.Admin.DeleteUser(ctx, d.actor, t.TenantID, g.User.UserID)
	})}

// blockView is an address whose owner wants no invitations.
type blockView struct {
	Address   string     `json:"address"`
	CreatedAt *time.Time `json:"created_at"`
}

var guestBlocks = operation[listArgs, page[blockView]]{"guest.blocks",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (page[blockView], error) {
		bs, next, err := d.Admin.InvitationBlocks(ctx, d.actor, t.TenantID, a.page())
		return page[blockView]{each(bs, func(b *idp.InvitationBlock) blockView {
			return blockView{b.Address, moment(b.CreatedAt)}
		}), next}, err
	})}

// unblocked is an address that can be invited again.
type unblocked struct {
	Unblocked string `json:"unblocked"`
}

var guestUnblock = operation[guestArgs, unblocked]{"guest.unblock",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a guestArgs) (unblocked, error) {
		return unblocked{a.Guest}, d.Admin.Unblock(ctx, d.actor, t.TenantID, a.Guest)
	})}
