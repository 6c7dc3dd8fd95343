package graph

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

// stored is the one invitation of a user.
func (a *archive) stored(user string) (i *idp.Invitation, u *idp.User) {
	a.t.Helper()
	a.must(a.store.View(a.ctx, tenantID, func(tx *storage.Tx) (err error) {
		if u, err = storage.Get[idp.User](tx, user); err == nil {
			i, err = storage.Lookup[idp.Invitation](tx, "user", user)
		}
		return err
	}))
	return i, u
}

func TestInvite(t *testing.T) {
	a := newArchive(t)
	r := a.as("inviter", "POST", "/v1.0/invitations", `{
		"@odata.type": "#microsoft.graph.invitation", "invitedUserEmailAddress": "Gast+1@Fabrikam.example", "inviteRedirectUrl": "https://app.example/?a=b&c",
		"invitedUserDisplayName": "Der Gast", "sendInvitationMessage": true, "invitedUserType": "guest", "resetRedemption": false, "invitedUser": {"id": "ignored"},
		"invitedUserSponsors": [{"id": "x"}], "invitedUserSponsors@odata.bind": ["x"], "status": "Completed", "inviteRedeemUrl": "https://evil.example", "unknown": 1,
		"invitedUserMessageInfo": {"messageLanguage": "de-DE", "customizedMessageBody": "Komm\nherein", "ccRecipients": [{"emailAddress": {"name": "Boss", "address": "boss@contoso.example"}}]}}`)
	o := r.json()
	id, _ := o["id"].(string)
	user, _ := dig(o, "invitedUser", "id").(string)
	link, err := url.Parse(o["inviteRedeemUrl"].(string))
	if err != nil {
		t.Fatal(err)
	}
	ticket := link.Query().Get("ticket")
	r.is(201, `{"@odata.context": "`+base+`/v1.0/$metadata#invitations/$entity", "id": "`+id+`", "inviteRedeemUrl": "`+base+`/`+tenantID+`/redeem?user=`+id+`&ticket=`+ticket+`&ver=2.0",
		"invitedUserEmailAddress": "gast+1@fabrikam.example", "inviteRedirectUrl": "https://app.example/?a=b&c", "invitedUserDisplayName": "Der Gast", "sendInvitationMessage": true,
		"invitedUserType": "Guest", "resetRedemption": false, "status": "PendingAcceptance", "invitedUser": {"id": "`+user+`"},
		"invitedUserMessageInfo": {"messageLanguage": "de-DE", "customizedMessageBody": "Komm\nherein", "ccRecipients": [{"emailAddress": {"name": null, "address": "boss@contoso.example"}}]}}`)
	i, u := a.stored(user)
	if i.InvitationID != id || i.Ticket != idp.HashToken(idp.InvitationTicket, ticket) || ticket == "" || i.CreatedBy.Name != "inviter@contoso.example" {
		t.Errorf("%+v", i)
	}
	if u.Type != idp.ExternalGuest || u.PrincipalName != "gast+1_fabrikam.example#ext#@contoso.example" || u.External.State != idp.PendingAcceptance {
		t.Errorf("%+v", u)
	}
	if got := r.Header().Get("Location"); got != base+"/v1.0/invitations/"+id {
		t.Error(got)
	}
	if strings.Contains(a.log.String(), ticket) {
		t.Error("the log has the ticket")
	}
}

// TestInviteLittle: what nobody says is as Graph has it.
func TestInviteLittle(t *testing.T) {
	a := newArchive(t)
	for i, body := range []string{
		`"invitedUserType": "Member"`,
		`"invitedUserType": "Member", "invitedUserDisplayName": null, "sendInvitationMessage": null, "resetRedemption": null, "invitedUser": null, "invitedUserMessageInfo": null`,
		`"invitedUserType": "Member", "invitedUserMessageInfo": {"ccRecipients": [{"emailAddress": {"name": null, "address": null}}], "messageLanguage": null}`,
	} {
		mail := "p" + string(rune('0'+i)) + "@fabrikam.example"
		r := a.as("helper", "POST", "/beta/invitations", `{"invitedUserEmailAddress": "`+mail+`", "inviteRedirectUrl": "http://localhost:8080", `+body+`}`)
		o := r.json()
		r.is(201, `{"@odata.context": "`+base+`/beta/$metadata#invitations/$entity", "id": "`+o["id"].(string)+`", "inviteRedeemUrl": "`+o["inviteRedeemUrl"].(string)+`",
			"invitedUserEmailAddress": "`+mail+`", "inviteRedirectUrl": "http://localhost:8080", "invitedUserDisplayName": "`+mail[:2]+`", "sendInvitationMessage": false,
			"invitedUserType": "Member", "resetRedemption": false, "status": "PendingAcceptance", "invitedUser": {"id": "`+dig(o, "invitedUser", "id").(string)+`"},
			"invitedUserMessageInfo": {"messageLanguage": null, "customizedMessageBody": null, "ccRecipients": []}}`)
	}
}

// TestInviteReset: the same person begins again under the same id, with another ticket.
func TestInviteReset(t *testing.T) {
	a := newArchive(t)
	first := a.as("inviter", "POST", "/v1.0/invitations", `{"invitedUserEmailAddress": "g@fabrikam.example", "inviteRedirectUrl": "https://app.example"}`).json()
	user := dig(first, "invitedUser", "id").(string)
	reset := `{"resetRedemption": true, "invitedUserEmailAddress": "new@fabrikam.example", "inviteRedirectUrl": "https://app.example", "invitedUser": `
	r := a.as("helper", "POST", "/v1.0/invitations", reset+`{"@odata.type": "#microsoft.graph.user", "id": "`+user+`"}}`)
	o := r.json()
	if r.Code != 201 || o["resetRedemption"] != true || dig(o, "invitedUser", "id") != user || o["invitedUserEmailAddress"] != "new@fabrikam.example" || o["inviteRedeemUrl"] == first["inviteRedeemUrl"] {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	if i, u := a.stored(user); i.InvitationID != o["id"] || u.PrincipalName != "g_fabrikam.example#ext#@contoso.example" || u.Profile.Email != "new@fabrikam.example" {
		t.Errorf("%+v %+v", i, u)
	}
	for body, want := range map[string]string{
		reset + `{}}`:   "A value is required for property 'invitedUser/id' when resetRedemption is true.",
		reset + `null}`: "A value is required for property 'invitedUser/id' when resetRedemption is true.",
		reset + `{"id": "` + a.anna.UserID + `"}}`: "The redemption of anna@contoso.example cannot be reset: the user did not come by invitation.",
	} {
		if got := a.as("helper", "POST", "/v1.0/invitations", body).refused(400, "Request_BadRequest"); got != want {
			t.Errorf("%s: %s", body, got)
		}
	}
	a.as("helper", "POST", "/v1.0/invitations", reset+`{"id": "`+elsewhereID+`"}}`).refused(404, "Request_ResourceNotFound")
	a.as("inviter", "POST", "/v1.0/invitations", reset+`{"id": "`+user+`"}}`).refused(403, "Authorization_RequestDenied")
}

// TestInviteRefused: the exact texts, and that nothing is left behind.
func TestInviteRefused(t *testing.T) {
	a := newArchive(t)
	a.anna.Profile.Email = "anna@mail.example"
	a.put(tenantID, a.anna)
	body := func(email, more string) string {
		return `{"invitedUserEmailAddress": "` + email + `", "inviteRedirectUrl": "https://app.example"` + more + `}`
	}
	const there = "The invited user already exists in the directory as objectID: %s. They can use that account to sign in to shared apps and resources."
	commits := a.store.Commits()
	for _, c := range []struct {
		who, body string
		status    int
		code      string
		text      string // "" for any
	}{
		{"inviter", body("Anna@Mail.example", ""), 400, "Request_BadRequest", strings.ReplaceAll(there, "%s", a.anna.UserID)},
		{"inviter", body("b@contoso.example", ""), 400, "Request_BadRequest", "This user can't be invited because the domain of the user's email address is a verified domain of this directory."},
		{"inviter", body("nobody", ""), 400, "Request_BadRequest", `"nobody" is not an e-mail address.`},
		{"inviter", `{"inviteRedirectUrl": "https://app.example"}`, 400, "Request_BadRequest", "A value is required for property 'invitedUserEmailAddress' of resource 'invitation'."},
		{"inviter", `{"invitedUserEmailAddress": "g@fabrikam.example"}`, 400, "Request_BadRequest", "A value is required for property 'inviteRedirectUrl' of resource 'invitation'."},
		{"inviter", `{"invitedUserEmailAddress": "g@fabrikam.example", "inviteRedirectUrl": "javascript:alert(1)"}`, 400, "Request_BadRequest", "Invalid redirect URL: inviteRedirectUrl is an absolute http or https URL."},
		{"inviter", body("g@fabrikam.example", `, "invitedUserType": "Owner"`), 400, "Request_BadRequest", "Invalid value specified for property 'invitedUserType': expected one of Guest, Member."},
		{"inviter", body("g@fabrikam.example", `, "sendInvitationMessage": "yes"`), 400, "Request_BadRequest", "Invalid value specified for property 'sendInvitationMessage': expected Boolean."},
		{"inviter", body("g@fabrikam.example", `, "invitedUserMessageInfo": {"ccRecipients": [{"emailAddress": {"address": "x"}}]}`), 400, "Request_BadRequest", `"x" is not an e-mail address.`},
		{"inviter", body("g@fabrikam.example", `, "invitedUserMessageInfo": {"ccRecipients": "x"}`), 400, "Request_BadRequest", ""},
		{"inviter", body("g@fabrikam.example", `, "invitedUserType": "Member"`), 403, "Authorization_RequestDenied", deniedText},
		{"plain", body("g@fabrikam.example", ""), 403, "Authorization_RequestDenied", deniedText},
		{"plain", body("anna@mail.example", ""), 403, "Authorization_RequestDenied", deniedText},
		{"reports", body("g@fabrikam.example", ""), 403, "Authorization_RequestDenied", deniedText},
		{"weak", body("g@fabrikam.example", ""), 403, "Authorization_RequestDenied", deniedText},
		{"bare", body("g@fabrikam.example", ""), 403, "Authorization_RequestDenied", deniedText},
		{"", body("g@fabrikam.example", ""), 401, "InvalidAuthenticationToken", ""},
	} {
		if got := a.as(c.who, "POST", "/v1.0/invitations", c.body).refused(c.status, c.code); c.text != "" && got != c.text {
			t.Errorf("%s by %s: %s", c.body, c.who, got)
		}
	}
	if a.store.Commits() != commits {
		t.Error("something was written")
	}
	a.as("inviter", "GET", "/v1.0/invitations", "").refused(405, "Request_BadRequest")
	if r := a.as("app", "POST", "/v1.0/invitations", body("g@fabrikam.example", "")); r.Code != 201 {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	if got := a.as("app", "POST", "/v1.0/invitations", body("g@fabrikam.example", "")).refused(400, "Request_BadRequest"); !strings.HasPrefix(got, "The invited user already exists in the directory as objectID: ") {
		t.Error(got)
	}
}
