package graph

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const guestPolicyID = "authorizationPolicy"

type guestPolicyProperty = property[*idp.GuestPolicy, *admin.GuestPolicyChange]

// guestPolicy is Graph's authorization policy as far as it is about who invites.
var guestPolicy = &entity[*idp.GuestPolicy, *admin.GuestPolicyChange]{
	name: "authorizationPolicy",
	properties: []guestPolicyProperty{
		{name: "id", kind: edmString, get: constant[*idp.GuestPolicy](guestPolicyID), set: sameID[*admin.GuestPolicyChange](guestPolicyID)},
		{name: "displayName", kind: edmString, get: constant[*idp.GuestPolicy]("Authorization Policy")},
		{name: "description", kind: edmString, get: constant[*idp.GuestPolicy]("Used to manage authorization related settings across the company.")},
		{
			name: "allowInvitesFrom", kind: enumOf(graphInviters...), flags: required,
			get: func(_ *call, p *idp.GuestPolicy) any { return p.Inviters }, set: setInviters,
		},
		// Ours: how long an invitation can be accepted.
		{
			name: "invitationLifetimeInDays", kind: edmInt32, flags: required | betaOnly | writtenInV1,
			get: func(_ *call, p *idp.GuestPolicy) any { return p.InvitationDays },
			set: func(in *admin.GuestPolicyChange, v value) error { in.InvitationDays = new(v.number()); return nil },
		},
	},
}

// graphInviters are those that Graph has; here, nobody invites who has no role for it.
var graphInviters = []string{idp.InvitedByNobody, idp.InvitedByAdmins, "adminsGuestInvitersAndAllMembers", "everyone"}

func setInviters(in *admin.GuestPolicyChange, v value) error {
	if !slices.Contains(idp.Inviters, v.text()) {
		return idp.Errorf(idp.Invalid, "The value '%s' of allowInvitesFrom is not supported: whoever invites needs a role or a permission for it. Use one of %s.", v.text(), strings.Join(idp.Inviters, ", "))
	}
	in.Inviters = new(v.text())
	return nil
}

func guestPolicyRoutes() []route {
	const path = "/policies/authorizationPolicy"
	return []route{
		{
			method: http.MethodGet, path: path, handle: guestPolicy.reads((*call).guestPolicy), options: itemOptions,
			summary: "Read who invites people from outside", action: idp.ReadGuestPolicy, out: guestPolicy,
		},
		{
			method: http.MethodPatch, path: path, handle: changeGuestPolicy, summary: "Change who invites people from outside",
			action: idp.WriteGuestPolicy, in: guestPolicy,
		},
	}
}

func (c *call) guestPolicy() (*idp.GuestPolicy, error) {
	return c.Admin.GuestPolicy(c.ctx(), c.Actor, c.Tenant.TenantID)
}

func changeGuestPolicy(c *call) (reply, error) {
	var change admin.GuestPolicyChange
	if err := guestPolicy.readChange(c, &change); err != nil {
		return reply{}, err
	}
	_, err := c.Admin.UpdateGuestPolicy(c.ctx(), c.Actor, c.Tenant.TenantID, change)
	return noContent(), err
}
