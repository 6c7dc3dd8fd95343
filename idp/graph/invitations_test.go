package graph

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
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

// guest invites somebody without a word.
func (a *archive) guest(mail string) (id string) {
	a.t.Helper()
	info, err := a.admin.Invite(a.ctx, clerk, tenantID, admin.InvitationRequest{Email: mail, RedirectURL: "https://app.example"})
	a.must(err)
	return info.User.UserID
}

// accept lets somebody have redeemed their invitation by a code.
func (a *archive) accept(user string) {
	a.t.Helper()
	_, u := a.stored(user)
	u.External.Accept(idp.SourceMail, a.now)
	a.put(tenantID, u)
}

// owed are the mails of a user that wait.
func (a *archive) owed(user string) (mails []*idp.Mail) {
	a.t.Helper()
	a.must(a.store.View(a.ctx, tenantID, func(tx *storage.Tx) (err error) {
		mails, _, err = storage.List[idp.Mail](tx, "user", user, storage.Page{})
		return err
	}))
	return mails
}

func TestInvite(t *testing.T) {
	a := newArchive(t)
	helper := a.callers["helper"].Actor.ID
	r := a.as("inviter", "POST", "/v1.0/invitations", `{
		"@odata.type": "#microsoft.graph.invitation", "invitedUserEmailAddress": "Gast+1@Fabrikam.example", "inviteRedirectUrl": "https://app.example/?a=b&c",
		"invitedUserDisplayName": "Der Gast", "sendInvitationMessage": true, "invitedUserType": "guest", "resetRedemption": false, "invitedUser": {"id": "ignored"},
		"invitedUserSponsors": [{"@odata.type": "#microsoft.graph.user", "id": "`+strings.ToUpper(a.anna.UserID)+`"}], "invitedUserSponsors@odata.bind": ["https://graph.microsoft.com/v1.0/users/`+helper+`"], "status": "Completed", "inviteRedeemUrl": "https://evil.example", "unknown": 1,
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
		"invitedUserSponsors": [{"id": "`+a.anna.UserID+`"}, {"id": "`+helper+`"}],
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

// byMail is the redemption of somebody whom codes reach.
const byMail = `{"source": "mail", "reason": null, "ways": [
	{"source": "homeTenant", "isOffered": false, "reason": "the address belongs to no organization that guests can sign in through here"},
	{"source": "provider", "isOffered": false, "reason": "no provider is federated for the domain of the address"},
	{"source": "mail", "isOffered": true, "reason": null}]}`

// TestInviteLittle: what nobody says is as Graph has it.
func TestInviteLittle(t *testing.T) {
	a := newArchive(t)
	for i, body := range []string{
		`"invitedUserType": "Member"`,
		`"invitedUserType": "Member", "invitedUserDisplayName": null, "invitedUserSponsors": null, "invitedUserSponsors@odata.bind": null, "sendInvitationMessage": null, "resetRedemption": null, "invitedUser": null, "invitedUserMessageInfo": null`,
		`"invitedUserType": "Member", "invitedUserMessageInfo": {"ccRecipients": [{"emailAddress": {"name": null, "address": null}}], "messageLanguage": null}`,
	} {
		mail := "p" + string(rune('0'+i)) + "@partner.example"
		r := a.as("helper", "POST", "/beta/invitations", `{"invitedUserEmailAddress": "`+mail+`", "inviteRedirectUrl": "http://localhost:8080", `+body+`}`)
		o := r.json()
		r.is(201, `{"@odata.context": "`+base+`/beta/$metadata#invitations/$entity", "id": "`+o["id"].(string)+`", "inviteRedeemUrl": "`+o["inviteRedeemUrl"].(string)+`",
			"invitedUserEmailAddress": "`+mail+`", "inviteRedirectUrl": "http://localhost:8080", "invitedUserDisplayName": "`+mail[:2]+`", "sendInvitationMessage": false,
			"invitedUserType": "Member", "resetRedemption": false, "status": "PendingAcceptance", "invitedUser": {"id": "`+dig(o, "invitedUser", "id").(string)+`"},
			"invitedUserSponsors": [{"id": "`+a.callers["helper"].Actor.ID+`"}], "redemption": `+byMail+`,
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
}

// TestInviteSponsors: who is named, by address or id, is there and of the house; an app has
// to name somebody or nobody answers for the guest.
func TestInviteSponsors(t *testing.T) {
	a := newArchive(t)
	group, err := a.admin.CreateGroup(a.ctx, clerk, tenantID, idp.Group{Name: "Hosts"})
	a.must(err)
	guest := a.guest("gast@mail.example")
	n := 0
	invite := func(who, sponsors string) answered {
		n++
		return a.as(who, "POST", "/v1.0/invitations", `{"invitedUserEmailAddress": "s`+strconv.Itoa(n)+`@mail.example", "inviteRedirectUrl": "https://app.example"`+sponsors+`}`)
	}
	anna, inviter := a.anna.UserID, a.callers["inviter"].Actor.ID
	for _, c := range []struct {
		who, sponsors string
		want          []string
	}{
		{"inviter", ``, []string{inviter}},
		{"inviter", `, "invitedUserSponsors": []`, []string{inviter}},
		{"app", ``, []string{}},
		{"app", `, "invitedUserSponsors": [{"id": "` + anna + `"}, {"id": "ANNA@contoso.example"}, {"id": "` + group.GroupID + `"}]`, []string{anna, group.GroupID}},
		{"app", `, "invitedUserSponsors@odata.bind": ["` + base + `/v1.0/users('` + anna + `')", "https://graph.microsoft.com/v1.0/directoryObjects/` + strings.ToUpper(group.GroupID) + `/"]`, []string{anna, group.GroupID}},
	} {
		r := invite(c.who, c.sponsors)
		got := []string{}
		for _, s := range r.json()["invitedUserSponsors"].([]any) {
			got = append(got, s.(object)["id"].(string))
		}
		if r.Code != 201 || !slices.Equal(got, c.want) {
			t.Errorf("%s by %s: %d %s", c.sponsors, c.who, r.Code, r.Body)
		}
	}
	const nobody = "there is none"
	before := a.store.Commits()
	for sponsors, want := range map[string]string{
		`"invitedUserSponsors": [{"id": "` + guest + `"}]`:                                                    "gast_mail.example#ext#@contoso.example comes from outside and cannot be a sponsor.",
		`"invitedUserSponsors": [{}]`:                                                                         "A value is required for property 'invitedUserSponsors/id'.",
		`"invitedUserSponsors": [{"id": ""}]`:                                                                 "A value is required for property 'invitedUserSponsors/id'.",
		`"invitedUserSponsors": ["` + anna + `"]`:                                                             "Invalid value specified for property 'invitedUserSponsors': expected Object.",
		`"invitedUserSponsors": "` + anna + `"`:                                                               "Invalid value specified for property 'invitedUserSponsors': expected Collection(Object).",
		`"invitedUserSponsors@odata.bind": ["x"]`:                                                             "Invalid URL format specified in payload.",
		`"invitedUserSponsors@odata.bind": [""]`:                                                              "Invalid URL format specified in payload.",
		`"invitedUserSponsors": [{"id": "` + elsewhereID + `"}]`:                                              nobody,
		`"invitedUserSponsors@odata.bind": ["` + base + `/users/who"]`:                                        nobody,
		`"invitedUserSponsors": [` + strings.Repeat(`{"id": "`+anna+`"}, `, 5) + `{"id": "` + inviter + `"}]`: "A guest has at most 5 sponsors.",
	} {
		r := invite("app", ", "+sponsors)
		if want == nobody {
			r.refused(404, "Request_ResourceNotFound")
			continue
		}
		if got := r.refused(400, "Request_BadRequest"); got != want {
			t.Errorf("%s: %s", sponsors, got)
		}
	}
	if a.store.Commits() != before {
		t.Error("something was written")
	}
}

// TestInviteAgain: who has not accepted yet is the same person, with a new link and the old
// one void; who has accepted is there.
func TestInviteAgain(t *testing.T) {
	a := newArchive(t)
	const body = `{"invitedUserEmailAddress": "G@mail.example", "inviteRedirectUrl": "https://app.example", "sendInvitationMessage": true}`
	first, again := a.as("inviter", "POST", "/v1.0/invitations", body), a.as("app", "POST", "/beta/invitations", body)
	user := dig(first.json(), "invitedUser", "id").(string)
	if o := again.json(); again.Code != 201 || dig(o, "invitedUser", "id") != user || o["inviteRedeemUrl"] == first.json()["inviteRedeemUrl"] || o["status"] != "PendingAcceptance" {
		t.Errorf("%d %s", again.Code, again.Body)
	}
	if i, u := a.stored(user); i.InvitationID != again.json()["id"] || u.External.InvitedBy.Name != "inviter@contoso.example" || len(u.External.Sponsors) != 1 {
		t.Errorf("%+v %+v", i, u)
	}
	if mails := a.owed(user); len(mails) != 1 { // the one with the old link is of no use to anybody
		t.Errorf("%d mails are owed", len(mails))
	}
	a.accept(user)
	there := a.as("app", "POST", "/v1.0/invitations", body).refused(400, "Request_BadRequest")
	if there != "The invited user already exists in the directory as objectID: "+user+". They can use that account to sign in to shared apps and resources." {
		t.Error(there)
	}
}

// TestInviteResetMail: a reset sends a mail where that is asked for, and tells that the person
// is not bound to the way they took before.
func TestInviteResetMail(t *testing.T) {
	a := newArchive(t)
	user := a.guest("g@mail.example")
	a.accept(user)
	r := a.as("helper", "POST", "/beta/invitations", `{"resetRedemption": true, "sendInvitationMessage": true, "invitedUserEmailAddress": "g@mail.example", "inviteRedirectUrl": "https://app.example", "invitedUser": {"id": "`+user+`"}}`)
	if o := r.json(); r.Code != 201 || o["status"] != "PendingAcceptance" || dig(o, "redemption", "source") != "mail" {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	if mails := a.owed(user); len(mails) != 1 || mails[0].About != idp.MailInvitation || mails[0].To != "g@mail.example" {
		t.Errorf("%+v", mails)
	}
	if _, u := a.stored(user); u.External.State != idp.PendingAcceptance || u.External.Source != "" {
		t.Errorf("%+v", u.External)
	}
}

// TestInviteRedemption: whoever invites is told that there is no way in, and why.
func TestInviteRedemption(t *testing.T) {
	a := newArchive(t)
	_, err := a.admin.UpdateEmailPolicy(a.ctx, clerk, tenantID, admin.EmailPolicyChange{Guests: new(idp.SwitchDisabled)})
	a.must(err)
	const body = `{"invitedUserEmailAddress": "g@mail.example", "inviteRedirectUrl": "https://app.example"}`
	o := a.as("app", "POST", "/beta/invitations", body).json()
	way := dig(o, "redemption", "ways").([]any)[2].(object)
	if dig(o, "redemption", "source") != nil || dig(o, "redemption", "reason") != string(idp.MethodDisabled) || way["isOffered"] != false || way["reason"] != string(idp.MethodDisabled) {
		t.Errorf("%v", o["redemption"])
	}
	if _, there := a.as("app", "POST", "/v1.0/invitations", body).json()["redemption"]; there {
		t.Error("v1.0 has what is beta's")
	}
}

// TestInvitationStatus: an invitation that was accepted is completed, as Graph has it.
func TestInvitationStatus(t *testing.T) {
	for state, want := range map[idp.ExternalState]string{idp.PendingAcceptance: "PendingAcceptance", idp.Accepted: "Completed"} {
		if got := invitationStatus(&idp.User{External: idp.External{State: state}}); got != want {
			t.Errorf("%s is %s", state, got)
		}
	}
}
