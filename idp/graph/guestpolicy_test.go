package graph

import (
	"context"
	"testing"

	"latchkey/idp"
)

const guestPolicyPath = "/policies/authorizationPolicy"

func guestPolicyObject(at string) object {
	o := object{
		"@odata.context": base + at + "/$metadata#policies/authorizationPolicy/$entity", "id": "authorizationPolicy", "displayName": "Authorization Policy",
		"description": "Used to manage authorization related settings across the company.", "allowInvitesFrom": "adminsAndGuestInviters",
	}
	if at == "/beta" {
		o["invitationLifetimeInDays"] = 30
	}
	return o
}

// TestGuestPolicy: who invites is read and changed, and holds at once.
func TestGuestPolicy(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		want := guestPolicyObject(at)
		for _, who := range []string{"all", "chief"} {
			d.as(who, "GET", at+guestPolicyPath, "").same(200, want)
		}
		d.as("all", "GET", at+"/Policies/authorizationpolicy?$select=allowInvitesFrom", "").same(200, object{
			"@odata.context": base + at + "/$metadata#policies/authorizationPolicy(allowInvitesFrom)/$entity", "allowInvitesFrom": "adminsAndGuestInviters",
		})
		d.done("PATCH", at+guestPolicyPath, `{"@odata.type":"#microsoft.graph.authorizationPolicy","id":"authorizationPolicy","allowInvitesFrom":"None"}`)
		want["allowInvitesFrom"] = "none"
		d.as("all", "GET", at+guestPolicyPath, "").same(200, want)
		const invitation = `{"invitedUserEmailAddress":"g@mail.example","inviteRedirectUrl":"https://app.example"}`
		for _, who := range []string{"all", "chief"} {
			d.wants(who, "POST", at+"/invitations", invitation, 403, "Authorization_RequestDenied",
				"Guest invitations are not allowed for your company. Contact your company administrator for more details.")
		}
		d.done("PATCH", at+guestPolicyPath, `{"allowInvitesFrom":"adminsAndGuestInviters","invitationLifetimeInDays":7}`)
		if a := d.as("all", "POST", at+"/invitations", invitation); a.Code != 201 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		if p, err := d.admin.GuestPolicy(context.Background(), operator, tenantID); err != nil || p.InvitationDays != 7 || p.Inviters != idp.InvitedByAdmins {
			t.Errorf("%+v, %v", p, err)
		}
	}
}

func TestGuestPolicyErrors(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	for body, message := range map[string]string{
		`{"allowInvitesFrom":"everyone"}`:                            "The value 'everyone' of allowInvitesFrom is not supported: whoever invites needs a role or a permission for it. Use one of none, adminsAndGuestInviters.",
		`{"allowInvitesFrom":"adminsGuestInvitersAndAllMembers"}`:    "The value 'adminsGuestInvitersAndAllMembers' of allowInvitesFrom is not supported: whoever invites needs a role or a permission for it. Use one of none, adminsAndGuestInviters.",
		`{"allowInvitesFrom":"me"}`:                                  "Invalid value specified for property 'allowInvitesFrom': expected one of none, adminsAndGuestInviters, adminsGuestInvitersAndAllMembers, everyone.",
		`{"allowInvitesFrom":null}`:                                  "Property 'allowInvitesFrom' cannot be null.",
		`{"displayName":"Mine"}`:                                     "Property 'displayName' is read-only and cannot be set.",
		`{"id":"mine"}`:                                              "Property 'id' is read-only and cannot be set.",
		`{"invitationLifetimeInDays":0}`:                             "Invalid lifetime of invitations 0: it must be between 1 and 365 days.",
		`{"allowInvitesFrom":"none","invitationLifetimeInDays":366}`: "Invalid lifetime of invitations 366: it must be between 1 and 365 days.",
	} {
		d.wants("all", "PATCH", "/v1.0"+guestPolicyPath, body, 400, "Request_BadRequest", message)
	}
	for _, who := range []string{"plain", "users", "bare"} {
		d.wants(who, "GET", "/v1.0"+guestPolicyPath, "", 403, "Authorization_RequestDenied", deniedText)
		d.wants(who, "PATCH", "/v1.0"+guestPolicyPath, `{"allowInvitesFrom":"none"}`, 403, "Authorization_RequestDenied", deniedText)
	}
	d.wants("viewer", "PATCH", "/v1.0"+guestPolicyPath, `{"allowInvitesFrom":"none"}`, 403, "Authorization_RequestDenied", deniedText)
	d.as("all", "GET", "/v1.0"+guestPolicyPath, "").same(200, guestPolicyObject("/v1.0"))
}
