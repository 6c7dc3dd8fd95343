package graph

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// invitation is one that was made; reset tells whether it puts a guest back.
type invitation struct {
	admin.InvitationInfo
	reset bool
}

// invitationInput is a request and what says whether it is to put a guest back: whom, and
// that it is.
type invitationInput struct {
	admin.InvitationRequest
	user  string
	reset bool
}

var invitations = &entity[invitation, *invitationInput]{
	name: "invitation",
	id:   func(i invitation) string { return i.Invitation.InvitationID },
	properties: []property[invitation, *invitationInput]{
		{name: "id", kind: edmString, get: func(_ *call, i invitation) any { return i.Invitation.InvitationID }},
		{name: "invitedUserEmailAddress", kind: edmString, flags: required, get: func(_ *call, i invitation) any { return i.Invitation.Email }, set: func(in *invitationInput, v value) error {
			in.Email = v.text()
			return nil
		}},
		{name: "inviteRedirectUrl", kind: edmString, flags: required, get: func(_ *call, i invitation) any { return i.Invitation.RedirectURL }, set: func(in *invitationInput, v value) error {
			in.RedirectURL = v.text()
			return nil
		}},
		{name: "invitedUserDisplayName", kind: edmString, get: func(_ *call, i invitation) any { return i.User.DisplayName }, set: func(in *invitationInput, v value) error {
			in.DisplayName = v.text()
			return nil
		}},
		{name: "invitedUserType", kind: enumOf("Guest", "Member"), get: func(c *call, i invitation) any { return userType(c, i.User) }, set: func(in *invitationInput, v value) error {
			in.Member = v.text() == "Member"
			return nil
		}},
		{name: "sendInvitationMessage", kind: edmBoolean, get: func(_ *call, i invitation) any { return i.Invitation.Send }, set: func(in *invitationInput, v value) error {
			in.Send = v.boolean()
			return nil
		}},
		{name: "invitedUserMessageInfo", kind: messageKind, get: func(_ *call, i invitation) any { return messageObject(i.Invitation.Message) }, set: setMessage},
		{name: "resetRedemption", kind: edmBoolean, get: func(_ *call, i invitation) any { return i.reset }, set: func(in *invitationInput, v value) error {
			in.reset = v.boolean()
			return nil
		}},
		{name: "invitedUser", kind: complexOf(field{name: "id", kind: edmString}), get: func(_ *call, i invitation) any { return object{"id": i.User.UserID} }, set: func(in *invitationInput, v value) error {
			in.user = v.member("id").text()
			return nil
		}},
		{name: "invitedUserSponsors", kind: listOf(complexOf(field{name: "id", kind: edmString})), flags: noFilter, get: func(_ *call, i invitation) any { return sponsorObjects(i.User) }, set: setSponsors},
		{name: "invitedUserSponsors@odata.bind", kind: listOf(edmString), flags: noFilter, set: bindSponsors},
		{name: "inviteRedeemUrl", kind: edmString, get: redeemURL},
		{name: "status", kind: enumOf("PendingAcceptance", "Completed", "InProgress", "Error"), get: func(_ *call, i invitation) any { return invitationStatus(i.User) }},
		// Ours: which way the person would sign in if they accepted now.
		{name: "redemption", kind: redemptionKind, flags: noFilter | betaOnly, get: func(_ *call, i invitation) any { return redemptionObject(i.Redemption) }},
	},
}

var messageKind = complexOf(
	field{name: "messageLanguage", kind: edmString},
	field{name: "customizedMessageBody", kind: edmString},
	field{name: "ccRecipients", kind: listOf(complexOf(
		field{name: "emailAddress", kind: complexOf(field{name: "name", kind: edmString}, field{name: "address", kind: edmString})},
	))},
)

func messageObject(m idp.InvitationMessage) object {
	copies := []object{}
	for _, a := range m.Copies {
		copies = append(copies, object{"emailAddress": object{"name": nil, "address": a}})
	}
	return object{"messageLanguage": nonEmpty(m.Language), "customizedMessageBody": nonEmpty(m.Body), "ccRecipients": copies}
}

func setMessage(in *invitationInput, v value) error {
	in.Message = idp.InvitationMessage{Language: v.member("messageLanguage").text(), Body: v.member("customizedMessageBody").text()}
	for _, r := range v.member("ccRecipients").list() {
		if a := r.member("emailAddress").member("address"); !a.null() { // as Graph itself writes one that is not there
			in.Message.Copies = append(in.Message.Copies, a.text())
		}
	}
	return nil
}

// setSponsors adds those who are named by their ids, or by their names.
func setSponsors(in *invitationInput, v value) error {
	for _, s := range v.list() {
		id := s.member("id").text()
		if id == "" {
			return idp.Errorf(idp.Invalid, "A value is required for property 'invitedUserSponsors/id'.")
		}
		in.Sponsors = append(in.Sponsors, objectKey(id))
	}
	return nil
}

// bindSponsors adds those who are named by their addresses.
func bindSponsors(in *invitationInput, v value) error {
	for _, address := range v.texts() {
		id, err := referred(address)
		if err != nil {
			return err
		}
		in.Sponsors = append(in.Sponsors, id)
	}
	return nil
}

// sponsorObjects are ids alone: whoever invites need not be able to read whom they are of.
func sponsorObjects(u *idp.User) []object {
	out := make([]object, len(u.External.Sponsors))
	for i, id := range u.External.Sponsors {
		out[i] = object{"id": id}
	}
	return out
}

func invitationStatus(u *idp.User) string {
	if u.External.State == idp.Accepted {
		return "Completed"
	}
	return string(idp.PendingAcceptance)
}

// redeemURL is the only place in which the ticket is ever told.
func redeemURL(c *call, i invitation) any {
	return c.Base + i.Invitation.RedeemPath(c.Tenant.TenantID, i.Ticket)
}

func invitationRoutes() []route {
	return []route{{
		method: http.MethodPost, path: "/invitations", handle: invite,
		summary: "Invite somebody from outside, or put a guest back to the beginning", action: idp.InviteUser,
		in: invitations, out: invitations, status: http.StatusCreated,
	}}
}

func invite(c *call) (reply, error) {
	var in invitationInput
	if err := invitations.readNew(c, &in); err != nil {
		return reply{}, err
	}
	if in.reset {
		if in.Reset = in.user; in.Reset == "" {
			return reply{}, idp.Errorf(idp.Invalid, "A value is required for property 'invitedUser/id' when resetRedemption is true.")
		}
	}
	info, err := c.Admin.Invite(c.ctx(), c.Actor, c.Tenant.TenantID, in.InvitationRequest)
	if err != nil {
		return reply{}, err
	}
	return invitations.created(c, invitation{info, in.reset}), nil
}
