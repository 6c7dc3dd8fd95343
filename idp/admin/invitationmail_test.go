package admin_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// sending is an invitation that the person is to be told of.
func sending(email string) admin.InvitationRequest {
	req := invitation(email)
	req.Send = true
	return req
}

// secret is what the mail keeps for its recipient.
func (w *world) secret(m *idp.Mail) string {
	w.Helper()
	s, err := m.Secret(w.keys, tenantID)
	w.must(err)
	return s
}

// TestInvitationMail: it is owed if asked for, tells who invites whom to what and until
// when, and has the secret of the link for nobody but its recipient.
func TestInvitationMail(t *testing.T) {
	t.Parallel()
	d := mem.New()
	w := worldOn(t, d)
	w.must(err2(w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{DisplayName: new("Anna A"), Roles: &[]string{idp.GuestInviter}, Profile: &idp.Profile{Email: "anna@home.example"}})))
	anna := idp.Person(tenantID, get[idp.User](w, w.user.UserID))
	nameless := w.person("inviter", idp.GuestInviter)
	if w.invited(invitation("quiet@fabrikam.example")); len(all[idp.Mail](w)) != 0 {
		t.Error("a mail is owed that nobody asked for")
	}
	for i, c := range []struct {
		by   idp.Actor
		want string
	}{{anna, "Anna A (anna@home.example)"}, {nameless, "inviter"}, {app("User.Invite.All"), "Onboarding"}, {op, ""}} {
		w.pass(time.Minute)
		req := sending([]string{"a", "b", "c", "d"}[i] + "@fabrikam.example")
		req.DisplayName = "Gast\u202e"
		req.Message = idp.InvitationMessage{Language: "de-AT", Body: "Hallo!", Copies: []string{"chef@fabrikam.example"}}
		info, err := w.admin.Invite(w.ctx, c.by, tenantID, req)
		w.must(err)
		mails := all[idp.Mail](w)
		m := mails[len(mails)-1]
		if len(mails) != i+1 || m.About != idp.MailInvitation || m.UserID != info.User.UserID || m.To != req.Email || m.ToName != "Gast" || m.Lang != "de-AT" || m.Body != "Hallo!" || !slices.Equal(m.Copies, req.Message.Copies) || m.Decoy {
			t.Errorf("%+v", m)
		}
		want := map[string]string{"Invitation": info.Invitation.InvitationID, "Until": info.Invitation.Ends.UTC().Format(time.RFC3339), "Onto": "app.contoso.example"}
		if c.want != "" {
			want["Inviter"] = c.want
		}
		if !maps.Equal(m.Details, want) {
			t.Errorf("%v, want %v", m.Details, want)
		}
		if w.secret(m) != info.Ticket || !m.CreatedAt.Equal(w.now()) || !m.Ends.Equal(w.now().Add(48*time.Hour)) {
			t.Errorf("%q, until %s", w.secret(m), m.Ends)
		}
		if strings.Contains(w.kept(d), strings.TrimPrefix(info.Ticket, "iv_")) {
			t.Error("the ticket is kept in clear")
		}
	}
	refused := sending("e@fabrikam.example")
	refused.RedirectURL = ""
	if err := w.invite(op, refused)(); err == nil || len(all[idp.Mail](w)) != 4 {
		t.Errorf("a mail is owed for what was refused: %v", err)
	}
	w.must(err2(w.admin.UpdateGuestPolicy(w.ctx, op, tenantID, admin.GuestPolicyChange{InvitationDays: new(1)})))
	short := w.invited(sending("f@fabrikam.example"))
	if mails := all[idp.Mail](w); !mails[len(mails)-1].Ends.Equal(short.Invitation.Ends) {
		t.Errorf("the mail is tried until %s, the invitation ends %s", mails[len(mails)-1].Ends, short.Invitation.Ends)
	}
}

// TestInvitationEnds: as the policy is when it is made, and stays so.
func TestInvitationEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.invited(invitation("a@fabrikam.example"))
	if !first.Invitation.Ends.Equal(w.now().Add(30 * 24 * time.Hour)) {
		t.Errorf("%s", first.Invitation.Ends)
	}
	w.must(err2(w.admin.UpdateGuestPolicy(w.ctx, op, tenantID, admin.GuestPolicyChange{InvitationDays: new(365)})))
	second := w.invited(invitation("b@fabrikam.example"))
	if !second.Invitation.Ends.Equal(w.now().Add(365*24*time.Hour)) || !get[idp.Invitation](w, first.Invitation.InvitationID).Ends.Equal(first.Invitation.Ends) {
		t.Errorf("%s", second.Invitation.Ends)
	}
}

// TestInviteAgain: who has not accepted yet is sent a new invitation, as the same user with
// the same mailbox, and the ticket before is void.
func TestInviteAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := invitation("gast@fabrikam.example")
	req.DisplayName = "Gast"
	first := w.invited(req)
	boxes := all[idp.Mailbox](w)
	if len(boxes) != 1 || boxes[0].Address != "gast@fabrikam.example" || boxes[0].UserID != first.User.UserID {
		t.Fatalf("%+v", boxes)
	}
	again := sending(" GAST@Fabrikam.example")
	again.DisplayName, again.RedirectURL = "Somebody else", "https://other.contoso.example/"
	second := w.invited(again)
	u, i := get[idp.User](w, first.User.UserID), second.Invitation
	if second.User.UserID != u.UserID || u.DisplayName != "Gast" || !u.CreatedAt.Equal(first.User.CreatedAt) || !u.External.Pending() || len(all[idp.User](w)) != 2 {
		t.Errorf("%+v", u)
	}
	if left := all[idp.Invitation](w); len(left) != 1 || left[0].InvitationID != i.InvitationID || i.InvitationID == first.Invitation.InvitationID || i.RedirectURL != again.RedirectURL {
		t.Errorf("%+v", left)
	}
	if i.Ticket != idp.HashToken(idp.InvitationTicket, second.Ticket) || second.Ticket == first.Ticket {
		t.Error("the ticket is the one before")
	}
	if now := all[idp.Mailbox](w); len(now) != 1 || now[0].MailboxID != boxes[0].MailboxID {
		t.Errorf("%+v", now)
	}
	if w.count("Invite external user") != 2 {
		t.Errorf("told %d times", w.count("Invite external user"))
	}
	w.pass(366 * 24 * time.Hour) // when it is over, too
	if third := w.invited(req); third.User.UserID != u.UserID || third.Invitation.Refuses(w.now()) != "" {
		t.Errorf("%+v", third)
	}
}

// TestInviteAgainElsewhere: who was given another address before they accepted is reached
// at that one.
func TestInviteAgainElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.invited(invitation("gast@fabrikam.example")).User.UserID
	w.must(err2(w.admin.UpdateUser(w.ctx, op, tenantID, id, admin.UserChange{Profile: &idp.Profile{Email: "gast@tailspin.example"}})))
	if again := w.invited(invitation("gast@tailspin.example")); again.User.UserID != id {
		t.Errorf("%+v", again.User)
	}
	if boxes := all[idp.Mailbox](w); len(boxes) != 1 || boxes[0].Address != "gast@tailspin.example" || boxes[0].UserID != id {
		t.Errorf("%+v", boxes)
	}
}

// TestInviteBlocked: whose owner does not want to be invited is not, by whatever spelling,
// until they are unblocked.
func TestInviteBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest := w.invited(invitation("old@xn--bcher-kva.example")).User
	w.put(&idp.InvitationBlock{Address: "gast@xn--bcher-kva.example", CreatedAt: epoch}, &idp.InvitationBlock{Address: "old@xn--bcher-kva.example", CreatedAt: epoch})
	const want = "Whoever reads the mail of gast@xn--bcher-kva.example has asked Contoso not to invite them again."
	for _, email := range []string{"gast@xn--bcher-kva.example", "GAST@bücher.example", `"gast"@BÜCHER.example`} {
		w.wantError(email, idp.Conflict, want, w.invite(op, invitation(email)))
	}
	w.wantError("again", idp.Conflict, strings.Replace(want, "gast@", "old@", 1), func() error { return err2(w.admin.Resend(w.ctx, op, tenantID, guest.UserID)) })
	w.wantError("reset", idp.Conflict, strings.Replace(want, "gast@", "old@", 1), func() error {
		return err2(w.admin.ResetRedemption(w.ctx, op, tenantID, guest.UserID, ""))
	})
	w.must(w.invite(op, invitation("gast+1@bücher.example"))())
	list, next, err := w.admin.InvitationBlocks(w.ctx, op, tenantID, storage.Page{Limit: 1})
	if err != nil || len(list) != 1 || next == "" || list[0].Address != "gast@xn--bcher-kva.example" {
		t.Errorf("%+v, %q, %v", list, next, err)
	}
	w.pass(time.Minute)
	w.must(w.admin.Unblock(w.ctx, op, tenantID, "Gast@BÜCHER.example"))
	w.wantEvent(op.Party, idp.Party{Type: idp.ActorUser, Name: "gast@xn--bcher-kva.example"}, "Unblock external user invites", "UserManagement", "Invited Users", "")
	w.must(w.invite(op, invitation("gast@bücher.example"))())
	unblock := func(a idp.Actor, address string) func() error {
		return func() error { return w.admin.Unblock(w.ctx, a, tenantID, address) }
	}
	w.wantError("unblocked twice", idp.NotFound, "gast@xn--bcher-kva.example is not blocked.", unblock(op, "gast@bücher.example"))
	w.wantError("no address", idp.Invalid, `"gast" is not an e-mail address.`, unblock(op, "gast"))
	w.wantRefused("unblocked by the desk", unblock(w.person("desk", idp.HelpdeskAdministrator), "old@bücher.example"))
	w.must(unblock(w.person("inviter", idp.GuestInviter), "old@bücher.example")())
}

// TestNobodyInvites: where the policy lets nobody invite nobody does, but a redemption can
// still be reset.
func TestNobodyInvites(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest := w.invited(invitation("gast@fabrikam.example")).User
	w.must(err2(w.admin.UpdateGuestPolicy(w.ctx, op, tenantID, admin.GuestPolicyChange{Inviters: new(idp.InvitedByNobody)})))
	const want = "Guest invitations are not allowed for your company. Contact your company administrator for more details."
	for who, a := range map[string]idp.Actor{"an operator": op, "an administrator": w.person("chief", idp.GlobalAdministrator), "an inviter": w.person("inviter", idp.GuestInviter), "an app": app("User.Invite.All")} {
		w.wantError(who, idp.Forbidden, want, w.invite(a, invitation("new@fabrikam.example")))
		w.wantError(who+", again", idp.Forbidden, want, w.invite(a, invitation("gast@fabrikam.example")))
	}
	w.wantError("resent", idp.Forbidden, want, func() error { return err2(w.admin.Resend(w.ctx, op, tenantID, guest.UserID)) })
	w.must(err2(w.admin.ResetRedemption(w.ctx, op, tenantID, guest.UserID, "")))
}

// TestSponsors: who answers for a guest is who was named, of the house, or else the person
// who invites.
func TestSponsors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inviter, g := w.person("inviter", idp.GuestInviter), w.newGroup("Project")
	sponsored := func(a idp.Actor, email string, names ...string) []string {
		t.Helper()
		req := invitation(email)
		req.Sponsors = names
		info, err := w.admin.Invite(w.ctx, a, tenantID, req)
		w.must(err)
		return get[idp.User](w, info.User.UserID).External.Sponsors
	}
	for name, c := range map[string]struct{ got, want []string }{
		"the inviter":       {sponsored(inviter, "a@fabrikam.example"), []string{inviter.ID}},
		"nobody":            {sponsored(op, "b@fabrikam.example"), nil},
		"nobody, by an app": {sponsored(app("User.Invite.All"), "c@fabrikam.example"), nil},
		"named":             {sponsored(inviter, "d@fabrikam.example", strings.ToUpper(name), g.GroupID, w.user.UserID), []string{w.user.UserID, g.GroupID}},
		"five of one":       {sponsored(op, "e@fabrikam.example", slices.Repeat([]string{name}, 5)...), []string{w.user.UserID}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	guest := w.invited(invitation("f@fabrikam.example")).User
	house, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "temp@contoso.example", DisplayName: "Temp", Type: idp.InternalGuest})
	w.must(err)
	sponsored(op, "g@fabrikam.example", house.UserID)
	before := len(all[idp.User](w))
	for what, c := range map[string]struct {
		names []string
		code  idp.Code
		want  string
	}{
		"six":          {slices.Repeat([]string{name}, 6), idp.Invalid, "A guest has at most 5 sponsors."},
		"from outside": {[]string{name, guest.UserID}, idp.Invalid, guest.PrincipalName + " comes from outside and cannot be a sponsor."},
		"nobody":       {[]string{nobodyID}, idp.NotFound, `There is no user or group "` + nobodyID + `" to be a sponsor.`},
		"no name":      {[]string{""}, idp.NotFound, `There is no user or group "" to be a sponsor.`},
		"a zero byte":  {[]string{"x\x00"}, idp.NotFound, `There is no user or group "x\x00" to be a sponsor.`},
		"a group name": {[]string{"Project"}, idp.NotFound, `There is no user or group "Project" to be a sponsor.`},
	} {
		req := invitation("new@fabrikam.example")
		req.Sponsors = c.names
		w.wantError(what, c.code, c.want, w.invite(op, req))
	}
	if len(all[idp.User](w)) != before {
		t.Error("somebody is left of what was refused")
	}
}

// TestParallelInvites: whoever invites one address at once invites one user, who has one
// mailbox and one invitation, and a ticket that fits it.
func TestParallelInvites(t *testing.T) {
	t.Parallel()
	for store, open := range map[string]func(*testing.T) storage.Driver{"mem": func(*testing.T) storage.Driver { return mem.New() }, "bolt": onBolt} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			w := worldOn(t, open(t))
			infos := make([]admin.InvitationInfo, 200)
			var sent sync.WaitGroup
			for i := range infos {
				sent.Go(func() {
					var err error
					email := []string{"gast@bücher.example", "GAST@xn--bcher-kva.example", `"gast"@bücher.example`}[i%3]
					if infos[i], err = w.admin.Invite(w.ctx, op, tenantID, invitation(email)); err != nil {
						t.Error(err)
					}
				})
			}
			sent.Wait()
			left := all[idp.Invitation](w)
			if len(left) != 1 || len(all[idp.Mailbox](w)) != 1 || len(all[idp.User](w)) != 2 {
				t.Fatalf("%d invitations, %d mailboxes, %d users", len(left), len(all[idp.Mailbox](w)), len(all[idp.User](w)))
			}
			good, tickets := 0, map[string]bool{}
			for _, info := range infos {
				if tickets[info.Ticket] = true; info.User == nil || info.User.UserID != left[0].UserID {
					t.Fatalf("%+v", info)
				}
				if idp.HashToken(idp.InvitationTicket, info.Ticket) == left[0].Ticket {
					good++
				}
			}
			if good != 1 || len(tickets) != 200 || w.count("Invite external user") != 200 {
				t.Errorf("%d tickets of %d fit, told %d times", good, len(tickets), w.count("Invite external user"))
			}
		})
	}
}

// TestPassOfGuests: who proves themselves elsewhere is given no pass, in the words other
// software matches on; a guest of the house is.
func TestPassOfGuests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest := w.invited(invitation("gast@fabrikam.example")).User
	member := invitation("lea@fabrikam.example")
	member.Member = true
	pass := func(u *idp.User) error {
		return err3(w.admin.CreatePass(w.ctx, op, tenantID, u.UserID, idp.PassRequest{}))
	}
	const want = "Temporary Access Pass cannot be added to an external guest user."
	for _, u := range []*idp.User{guest, w.invited(member).User} {
		w.wantError(string(u.Type)+", pending", idp.Invalid, want, func() error { return pass(u) })
		u.External.Accept(idp.SourceMail, w.now())
		w.put(u)
		w.wantError(string(u.Type), idp.Invalid, want, func() error { return pass(u) })
	}
	house, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "temp@contoso.example", DisplayName: "Temp", Type: idp.InternalGuest})
	w.must(err)
	if err := pass(house); err != nil {
		t.Errorf("a guest of the house: %v", err)
	}
}
