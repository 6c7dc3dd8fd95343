package admin_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

func invitation(email string) admin.InvitationRequest {
	return admin.InvitationRequest{Email: email, RedirectURL: "https://app.contoso.example/welcome"}
}

func (w *world) invite(a idp.Actor, req admin.InvitationRequest) func() error {
	return func() error {
		info, err := w.admin.Invite(w.ctx, a, tenantID, req)
		if err != nil && (info.Invitation != nil || info.User != nil || info.Ticket != "") {
			w.Errorf("%+v with %v", info, err)
		}
		return err
	}
}

func (w *world) invited(req admin.InvitationRequest) admin.InvitationInfo {
	w.Helper()
	w.pass(time.Minute)
	info, err := w.admin.Invite(w.ctx, op, tenantID, req)
	w.must(err)
	return info
}

// TestInvite: who is invited is there at once, as an external user who has yet to accept,
// and of the secret of the link only its hash is kept.
func TestInvite(t *testing.T) {
	t.Parallel()
	d := mem.New()
	w := worldOn(t, d)
	inviter := w.person("inviter", idp.GuestInviter)
	req := invitation("Gast@Fabrikam.example")
	req.DisplayName, req.Send = "Gast von Fabrikam", true
	req.Message = idp.InvitationMessage{Language: "de-AT", Body: "Hallo!\nKomm.", Copies: []string{"chef@fabrikam.example"}}
	w.pass(time.Minute)
	info, err := w.admin.Invite(w.ctx, inviter, tenantID, req)
	w.must(err)
	u, i := get[idp.User](w, info.User.UserID), get[idp.Invitation](w, info.Invitation.InvitationID)
	if u.PrincipalName != "gast_fabrikam.example#ext#@contoso.example" || u.DisplayName != "Gast von Fabrikam" || u.Type != idp.ExternalGuest || u.Profile.Email != "gast@fabrikam.example" || !u.CreatedAt.Equal(w.now()) {
		t.Errorf("%+v", u)
	}
	if e := u.External; e.State != idp.PendingAcceptance || !e.ChangedAt.Equal(w.now()) || e.InvitedBy != inviter.Party {
		t.Errorf("%+v", e)
	}
	if i.UserID != u.UserID || i.Email != "gast@fabrikam.example" || i.RedirectURL != req.RedirectURL || !i.Send || i.Message.Body != req.Message.Body || i.CreatedBy != inviter.Party || !i.CreatedAt.Equal(w.now()) {
		t.Errorf("%+v", i)
	}
	if !strings.HasPrefix(info.Ticket, "iv_") || i.Ticket != idp.HashToken(idp.InvitationTicket, info.Ticket) {
		t.Errorf("%q is kept as %q", info.Ticket, i.Ticket)
	}
	if kept := w.kept(d); !strings.Contains(kept, i.Ticket) || strings.Contains(kept, strings.TrimPrefix(info.Ticket, "iv_")) {
		t.Error("the ticket is kept")
	}
	w.wantEvent(inviter.Party, userParty(u), "Invite external user", "UserManagement", "Invited Users", "")
	if got := w.newest().Details; !maps.Equal(got, map[string]string{"InvitationId": i.InvitationID, "InvitedUserEmailAddress": i.Email}) {
		t.Errorf("%v", got)
	}
	w.wantError("a pass", idp.Invalid, "Temporary Access Pass cannot be added to an external guest user.", func() error {
		return err3(w.admin.CreatePass(w.ctx, op, tenantID, u.UserID, idp.PassRequest{}))
	})
	plain := w.invited(invitation("lea@fabrikam.example"))
	if plain.User.DisplayName != "lea" || plain.Invitation.Send || plain.Ticket == info.Ticket {
		t.Errorf("%+v", plain)
	}
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, u.UserID))
	if left := all[idp.Invitation](w); len(left) != 1 || left[0].UserID != plain.User.UserID {
		t.Errorf("an invitation outlives whom it invites: %+v", left)
	}
	w.invited(req) // who is gone can be invited again
}

// TestInviteRefused: whom the tenant does not invite, in the words other software matches
// on, and what an invitation cannot say. Nothing is left of it.
func TestInviteRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const own = "This user can't be invited because the domain of the user's email address is a verified domain of this directory."
	for _, email := range []string{"new@contoso.example", "new@CONTOSO.test", name} {
		w.wantError(email, idp.Invalid, own, w.invite(op, invitation(email)))
	}
	there := func(id string) string {
		return "The invited user already exists in the directory as objectID: " + id + ". They can use that account to sign in to shared apps and resources."
	}
	guest := w.invited(invitation("gast@fabrikam.example")).User
	guest.External.Accept(idp.SourceMail, w.now())
	w.put(guest)
	byMail, err := w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{Profile: &idp.Profile{Email: "Anna@Home.example"}})
	w.must(err)
	named, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "lea@litware.example", DisplayName: "Lea", Type: idp.ExternalGuest})
	w.must(err)
	for email, id := range map[string]string{"gast@fabrikam.example": guest.UserID, "GAST@Fabrikam.example": guest.UserID, "anna@home.example": byMail.UserID, "Lea@litware.example": named.UserID} {
		w.wantError(email, idp.Conflict, there(id), w.invite(op, invitation(email)))
	}
	for what, email := range map[string]string{"none": "", "no domain": "new", "a name beside it": "New <new@fabrikam.example>", "two": "a@x.example, b@x.example", "a line": "a@x.example\r\nBcc: b@x.example", "long": strings.Repeat("a", 250) + "@x.example"} {
		if err := w.invite(op, invitation(email))(); idp.ErrorCode(err) != idp.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, c := range map[string]struct {
		edit func(*admin.InvitationRequest)
		want string
	}{
		"no URL":    {func(r *admin.InvitationRequest) { r.RedirectURL = "" }, "Invalid redirect URL: inviteRedirectUrl is an absolute http or https URL."},
		"relative":  {func(r *admin.InvitationRequest) { r.RedirectURL = "/welcome" }, "Invalid redirect URL: inviteRedirectUrl is an absolute http or https URL."},
		"script":    {func(r *admin.InvitationRequest) { r.RedirectURL = "javascript:alert(1)" }, "Invalid redirect URL: inviteRedirectUrl is an absolute http or https URL."},
		"no host":   {func(r *admin.InvitationRequest) { r.RedirectURL = "https:///x" }, "Invalid redirect URL: inviteRedirectUrl is an absolute http or https URL."},
		"a line":    {func(r *admin.InvitationRequest) { r.RedirectURL = "https://x.example/\n" }, "Invalid redirect URL: inviteRedirectUrl is an absolute http or https URL."},
		"long URL":  {func(r *admin.InvitationRequest) { r.RedirectURL += strings.Repeat("x", 2000) }, "Invalid redirect URL: inviteRedirectUrl is an absolute http or https URL."},
		"long body": {func(r *admin.InvitationRequest) { r.Message.Body = strings.Repeat("x", 4097) }, "The message body may have at most 4,096 bytes, without control characters."},
		"escape":    {func(r *admin.InvitationRequest) { r.Message.Body = "\x1b[2J" }, "The message body may have at most 4,096 bytes, without control characters."},
		"language":  {func(r *admin.InvitationRequest) { r.Message.Language = "de AT\n" }, `The message language "de AT\n" is no language tag.`},
		"copies":    {func(r *admin.InvitationRequest) { r.Message.Copies = []string{"a@x.example", "b@x.example"} }, "An invitation has at most one ccRecipient."},
		"copy":      {func(r *admin.InvitationRequest) { r.Message.Copies = []string{"nobody"} }, `"nobody" is not an e-mail address.`},
		"name":      {func(r *admin.InvitationRequest) { r.DisplayName = "\n" }, "A user needs a display name of at most 256 bytes, without control characters."},
		"nobody":    {func(r *admin.InvitationRequest) { r.Reset = nobodyID }, `There is no user "` + nobodyID + `".`},
		"a member":  {func(r *admin.InvitationRequest) { r.Reset = w.user.UserID }, "The redemption of " + name + " cannot be reset: the user did not come by invitation."},
	} {
		req := invitation("new@fabrikam.example")
		c.edit(&req)
		code := idp.Invalid
		if what == "nobody" {
			code = idp.NotFound
		}
		w.wantError(what, code, c.want, w.invite(op, req))
	}
	if len(all[idp.User](w)) != 3 || len(all[idp.Invitation](w)) != 1 {
		t.Error("something is left of what was refused")
	}
}

// TestResetRedemption: who came by invitation is invited again, as the same user with all
// they have, but for what they had signed in to.
func TestResetRedemption(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.invited(invitation("gast@fabrikam.example"))
	id, g := first.User.UserID, w.newGroup("Project")
	w.must(err2(w.admin.AddMember(w.ctx, op, tenantID, g.GroupID, id)))
	accepted := get[idp.User](w, id)
	accepted.External.State, accepted.Profile.EmailVerified = idp.Accepted, true
	w.put(accepted)
	session, grant := w.resting(id, "mail")
	again := invitation("Gast@Tailspin.example")
	again.Reset = id
	second := w.invited(again)
	u := get[idp.User](w, id)
	if second.User.UserID != id || u.PrincipalName != first.User.PrincipalName || !slices.Equal(u.Groups, []string{g.GroupID}) || u.Profile.Email != "gast@tailspin.example" || u.External.State != idp.PendingAcceptance || !u.External.ChangedAt.Equal(w.now()) {
		t.Errorf("%+v", u)
	}
	if u.Profile.EmailVerified {
		t.Error("an address nobody has shown to be theirs counts as verified")
	}
	if session.Live(u, w.now()) || grant.Check(u, w.now()) != idp.GrantRevoked {
		t.Error("what they had signed in to goes on")
	}
	if left := all[idp.Invitation](w); len(left) != 1 || left[0].InvitationID != second.Invitation.InvitationID || left[0].Ticket == first.Invitation.Ticket {
		t.Errorf("%+v", left)
	}
	w.wantEvent(op.Party, userParty(u), "Invite external user with reset invitation status", "UserManagement", "Invited Users", "")
	want := []idp.Modified{
		{Name: "ExternalUserState", Old: `"Accepted"`, New: `"PendingAcceptance"`},
		{Name: "Mail", Old: `"gast@fabrikam.example"`, New: `"gast@tailspin.example"`},
	}
	if got := w.newest().Modified; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	same := invitation("gast@tailspin.example")
	same.Reset = id
	w.invited(same)
	other := w.invited(invitation("lea@fabrikam.example")).User
	theirs := invitation("lea@fabrikam.example")
	theirs.Reset = id
	w.wantError("another's address", idp.Conflict, "The invited user already exists in the directory as objectID: "+other.UserID+". They can use that account to sign in to shared apps and resources.", w.invite(op, theirs))
}

// TestWhoInvites: a mere inviter invites guests, no members, and resets nobody.
func TestWhoInvites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inviter, users, desk := w.person("inviter", idp.GuestInviter), w.person("users", idp.UserAdministrator), w.person("desk", idp.AuthenticationAdministrator)
	member := invitation("ira@fabrikam.example")
	member.Member = true
	w.wantRefused("a member by an inviter", w.invite(inviter, member))
	w.wantRefused("a member by an app that invites", w.invite(app("User.Invite.All"), member))
	w.wantRefused("a guest by the desk", w.invite(desk, invitation("gast@fabrikam.example")))
	w.must(w.invite(inviter, invitation("gast@fabrikam.example"))())
	w.must(w.invite(app("User.Invite.All"), invitation("gast2@fabrikam.example"))())
	info, err := w.admin.Invite(w.ctx, users, tenantID, member)
	if err != nil || get[idp.User](w, info.User.UserID).Type != idp.ExternalMember {
		t.Errorf("%+v, %v", info, err)
	}
	reset := invitation("ira@fabrikam.example")
	reset.Reset = info.User.UserID
	w.wantRefused("reset by an inviter", w.invite(inviter, reset))
	w.must(w.invite(users, reset)())
	w.must(err2(w.admin.AssignRole(w.ctx, op, tenantID, idp.GlobalReader, info.User.UserID)))
	w.wantRefused("reset of the privileged", w.invite(users, reset))
	reset.Reset = w.user.UserID
	w.wantRefused("whether somebody is there", w.invite(inviter, reset))
	reset.Reset = nobodyID
	w.wantRefused("whether somebody is there", w.invite(inviter, reset))
	us, _, err := w.admin.Users(w.ctx, op, tenantID, storage.Page{})
	if err != nil || len(us) != 7 {
		t.Errorf("%d users, %v", len(us), err)
	}
}
