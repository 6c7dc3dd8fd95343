package admin_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// accept makes an invited guest one of the tenant's.
func (w *world) accept(id string, by idp.Source) *idp.User {
	w.Helper()
	u := get[idp.User](w, id)
	u.External.Accept(by, w.now())
	u.Profile.EmailVerified = true
	w.put(u)
	return u
}

// guestIDs lists guests through all pages.
func (w *world) guestIDs(q admin.GuestQuery, limit int) (ids []string) {
	w.Helper()
	page := storage.Page{Limit: limit}
	for n := 0; ; n++ {
		guests, next, err := w.admin.Guests(w.ctx, op, tenantID, q, page)
		w.must(err)
		if len(guests) > limit || n > 20 {
			w.Fatalf("%d guests in a page of %d, after %d pages", len(guests), limit, n)
		}
		for _, g := range guests {
			ids = append(ids, g.User.UserID)
		}
		if page.After = next; next == "" {
			return ids
		}
	}
}

// TestGuests: the list has those from other organizations alone, by state and by how they
// sign in.
func TestGuests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newUser("bob@contoso.example")
	_, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "temp@contoso.example", DisplayName: "Temp", Type: idp.InternalGuest})
	w.must(err)
	made, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "made@fabrikam.example", DisplayName: "Made", Type: idp.ExternalGuest})
	w.must(err)
	var pending, byMail, byProvider []string
	for i := range 6 {
		req := invitation(fmt.Sprintf("%d@fabrikam.example", i))
		req.Member = i == 5
		id := w.invited(req).User.UserID
		switch i % 3 {
		case 0:
			pending = append(pending, id)
		case 1:
			byMail = append(byMail, w.accept(id, idp.SourceMail).UserID)
		case 2:
			byProvider = append(byProvider, w.accept(id, idp.SourceProvider).UserID)
		}
	}
	within := w.accept(w.invited(invitation("within@fabrikam.example")).User.UserID, idp.SourceMail)
	w.must(err2(w.admin.UpdateUser(w.ctx, op, tenantID, within.UserID, admin.UserChange{Type: new(idp.Member)})))
	for name, c := range map[string]struct {
		q    admin.GuestQuery
		want []string
	}{
		"all":                     {admin.GuestQuery{}, slices.Concat(pending, byMail, byProvider, []string{made.UserID})},
		"pending":                 {admin.GuestQuery{State: idp.PendingAcceptance}, pending},
		"accepted":                {admin.GuestQuery{State: idp.Accepted}, slices.Concat(byMail, byProvider)},
		"by mail":                 {admin.GuestQuery{Source: idp.SourceMail}, byMail},
		"accepted, by a provider": {admin.GuestQuery{State: idp.Accepted, Source: idp.SourceProvider}, byProvider},
		"pending, by mail":        {admin.GuestQuery{State: idp.PendingAcceptance, Source: idp.SourceMail}, nil},
		"at home":                 {admin.GuestQuery{Source: idp.SourceHome}, nil},
	} {
		slices.Sort(c.want)
		for _, limit := range []int{1, 2, 100} {
			if got := w.guestIDs(c.q, limit); !slices.Equal(got, c.want) {
				t.Errorf("%s, %d a page: %v, want %v", name, limit, got, c.want)
			}
		}
	}
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, made.UserID))
	if slices.Contains(w.guestIDs(admin.GuestQuery{}, 100), made.UserID) {
		t.Error("who is gone is listed")
	}
}

// TestGuest: one of them, by whatever names them, with what they were invited with and
// which way they sign in.
func TestGuest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	info := w.invited(invitation("gast@xn--bcher-kva.example"))
	for _, name := range []string{info.User.UserID, info.User.PrincipalName, "gast@xn--bcher-kva.example", "GAST@bücher.example"} {
		g, err := w.admin.Guest(w.ctx, op, tenantID, name)
		if err != nil || g.User.UserID != info.User.UserID || g.Mailbox == nil || g.Mailbox.Address != "gast@xn--bcher-kva.example" || g.Invitation.InvitationID != info.Invitation.InvitationID || g.Redemption.Source != idp.SourceMail || g.Redemption.Sticky {
			t.Errorf("%q: %+v, %v", name, g, err)
		}
	}
	if info.Redemption.Source != idp.SourceMail {
		t.Errorf("the inviter is told %+v", info.Redemption)
	}
	w.must(err2(w.admin.UpdateEmailPolicy(w.ctx, op, tenantID, admin.EmailPolicyChange{Enabled: new(false)})))
	redemption := func() idp.Redemption {
		t.Helper()
		g, err := w.admin.Guest(w.ctx, op, tenantID, info.User.UserID)
		w.must(err)
		return g.Redemption
	}
	if r := redemption(); r.Source != "" || r.Of(idp.SourceMail) != idp.MethodDisabled {
		t.Errorf("off: %+v", r)
	}
	w.accept(info.User.UserID, idp.SourceProvider)
	w.must(err2(w.admin.ResetEmailPolicy(w.ctx, op, tenantID)))
	if r := redemption(); r.Source != "" || !r.Sticky || r.Of(idp.SourceMail) != idp.RedeemedOtherway {
		t.Errorf("redeemed at a provider: %+v", r)
	}
	w.accept(info.User.UserID, idp.SourceMail)
	w.admin.WithMail(false)
	if r := redemption(); r.Source != "" || r.Of(idp.SourceMail) != idp.NoMail {
		t.Errorf("no mail: %+v", r)
	}
	if w.admin.WithMail(true); redemption().Source != idp.SourceMail {
		t.Errorf("mail again: %+v", redemption())
	}
	made, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "made@fabrikam.example", DisplayName: "Made", Type: idp.ExternalGuest})
	w.must(err)
	if g, err := w.admin.Guest(w.ctx, op, tenantID, made.UserID); err != nil || g.Mailbox != nil || g.Invitation != nil {
		t.Errorf("%+v, %v", g, err)
	}
	guest := func(name string) func() error {
		return func() error { return err2(w.admin.Guest(w.ctx, op, tenantID, name)) }
	}
	w.wantError("of the house", idp.Invalid, name+" does not come from outside.", guest(name))
	w.wantError("nobody", idp.NotFound, `There is no user "nobody@fabrikam.example".`, guest("nobody@fabrikam.example"))
}

// TestResend: who has not accepted is invited again as before, by mail, also when those who
// answered for them are gone; nobody else is.
func TestResend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := invitation("gast@fabrikam.example")
	req.Message = idp.InvitationMessage{Language: "de", Body: "Hallo!", Copies: []string{"chef@fabrikam.example"}}
	sponsor := w.newUser("sponsor@contoso.example")
	req.Sponsors = []string{sponsor.UserID}
	first := w.invited(req)
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, sponsor.UserID))
	w.pass(time.Minute)
	inviter := w.person("inviter", idp.GuestInviter)
	again, err := w.admin.Resend(w.ctx, inviter, tenantID, "Gast@fabrikam.example")
	w.must(err)
	i := get[idp.Invitation](w, again.Invitation.InvitationID)
	if again.User.UserID != first.User.UserID || !i.Send || i.RedirectURL != req.RedirectURL || !reflect.DeepEqual(i.Message, req.Message) || i.CreatedBy != inviter.Party || !i.CreatedAt.Equal(w.now()) {
		t.Errorf("%+v", i)
	}
	if again.Ticket == first.Ticket || len(all[idp.Invitation](w)) != 1 {
		t.Error("the one before is still good")
	}
	if u := get[idp.User](w, first.User.UserID); !slices.Equal(u.External.Sponsors, req.Sponsors) || !u.External.Pending() || u.External.InvitedBy != op.Party {
		t.Errorf("%+v", u.External)
	}
	if mails := all[idp.Mail](w); len(mails) != 1 || w.secret(mails[0]) != again.Ticket || mails[0].To != "gast@fabrikam.example" {
		t.Errorf("%+v", mails)
	}
	resend := func(name string) func() error {
		return func() error { return err2(w.admin.Resend(w.ctx, op, tenantID, name)) }
	}
	guest := w.accept(first.User.UserID, idp.SourceMail)
	w.wantError("accepted", idp.Conflict, guest.PrincipalName+" has accepted already. Reset the redemption to have them invited again.", resend(guest.UserID))
	made, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "made@fabrikam.example", DisplayName: "Made", Type: idp.ExternalGuest})
	w.must(err)
	w.wantError("never invited", idp.Conflict, "made@fabrikam.example was never invited. Reset the redemption to have them invited.", resend(made.UserID))
	w.wantError("of the house", idp.Invalid, name+" does not come from outside.", resend(name))
	w.wantError("nobody", idp.NotFound, `There is no user "`+nobodyID+`".`, resend(nobodyID))
}

// TestResetRedemptionAnew: what the guest signed in with and to is over, the ticket before is
// void, and all else of them stays.
func TestResetRedemptionAnew(t *testing.T) {
	t.Parallel()
	for name, email := range map[string]string{"the same address": "", "a new address": "Gast@Tailspin.example"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			sponsor, req := w.newUser("sponsor@contoso.example"), invitation("gast@fabrikam.example")
			req.Sponsors = []string{sponsor.UserID}
			first := w.invited(req)
			id, box := first.User.UserID, all[idp.Mailbox](w)[0]
			w.accept(id, idp.SourceMail)
			session, grant := w.resting(id, box.MailboxID)
			other, otherGrant := w.resting(w.user.UserID, "another")
			w.must(w.admin.DeleteUser(w.ctx, op, tenantID, sponsor.UserID))
			w.pass(time.Minute)
			again, err := w.admin.ResetRedemption(w.ctx, op, tenantID, id, email)
			w.must(err)
			want := "gast@fabrikam.example"
			if email != "" {
				want = "gast@tailspin.example"
			}
			u := get[idp.User](w, id)
			if u.PrincipalName != first.User.PrincipalName || u.Profile.Email != want || u.Profile.EmailVerified || !u.External.Pending() || u.External.Source != "" || !slices.Equal(u.External.Sponsors, req.Sponsors) {
				t.Errorf("%+v", u)
			}
			boxes := all[idp.Mailbox](w)
			if len(boxes) != 1 || boxes[0].MailboxID == box.MailboxID || boxes[0].Address != want || boxes[0].UserID != id {
				t.Errorf("%+v", boxes)
			}
			ended, revoked := get[idp.Session](w, session.SessionID), get[idp.Grant](w, grant.GrantID)
			if ended.EndedAt.IsZero() || ended.EndedAs != idp.GrantRevoked || revoked.RevokedAt.IsZero() || ended.Live(u, w.now()) || revoked.Check(u, w.now()) != idp.GrantRevoked {
				t.Errorf("%+v, %+v", ended, revoked)
			}
			if s, g := get[idp.Session](w, other.SessionID), get[idp.Grant](w, otherGrant.GrantID); !s.EndedAt.IsZero() || !g.RevokedAt.IsZero() {
				t.Error("somebody else's session is ended, too")
			}
			if left := all[idp.Invitation](w); len(left) != 1 || left[0].Ticket != idp.HashToken(idp.InvitationTicket, again.Ticket) || again.Ticket == first.Ticket || left[0].Email != want {
				t.Errorf("%+v", left)
			}
			if mails := all[idp.Mail](w); len(mails) != 1 || mails[0].To != want || w.secret(mails[0]) != again.Ticket {
				t.Errorf("%+v", mails)
			}
		})
	}
}

// TestWhoLooksAfterGuests: an inviter sends again, and puts nobody back; the help desk puts
// back who is ordinary, and invites nobody.
func TestWhoLooksAfterGuests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	guest := w.invited(invitation("gast@fabrikam.example")).User
	mighty := w.invited(invitation("mighty@fabrikam.example")).User
	w.must(err2(w.admin.AssignRole(w.ctx, op, tenantID, idp.GlobalReader, mighty.UserID)))
	resend := func(a idp.Actor, u *idp.User) func() error {
		return func() error { return err2(w.admin.Resend(w.ctx, a, tenantID, u.UserID)) }
	}
	reset := func(a idp.Actor, u *idp.User) func() error {
		return func() error { return err2(w.admin.ResetRedemption(w.ctx, a, tenantID, u.UserID, "")) }
	}
	for role, c := range map[string]struct{ resends, resets, resetsMighty bool }{
		idp.GlobalAdministrator: {true, true, true}, idp.UserAdministrator: {true, true, false}, idp.GuestInviter: {true, false, false},
		idp.HelpdeskAdministrator: {false, true, false}, idp.AuthenticationAdministrator: {}, idp.GlobalReader: {},
	} {
		a := w.person("role"+fmt.Sprint(len(all[idp.User](w))), role)
		w.pass(time.Hour) // in which a mailbox gets five
		for what, try := range map[string]struct {
			do  func() error
			may bool
		}{
			"resends": {resend(a, guest), c.resends}, "resets": {reset(a, guest), c.resets}, "resets the mighty": {reset(a, mighty), c.resetsMighty},
		} {
			if !try.may {
				w.wantRefused(role+" "+what, try.do)
			} else if err := try.do(); err != nil {
				t.Errorf("%s %s: %v", role, what, err)
			}
		}
	}
	w.pass(time.Hour) // whoever came last used theirs up
	w.wantRefused("a guest resets itself", reset(idp.Person(tenantID, get[idp.User](w, guest.UserID)), guest))
	w.wantRefused("an app that invites resends", resend(app("User.ReadWrite"), guest))
	w.must(resend(app("User.Invite.All", "User.Read.All"), guest)())
	w.must(reset(app("User.ReadWrite.All"), guest)())
	w.wantRefused("an app resets the mighty", reset(app("User.ReadWrite.All"), mighty))
}

// TestDeleteGuest: nothing is left of a guest who is gone, and the address is free.
func TestDeleteGuest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	info := w.invited(invitation("gast@fabrikam.example"))
	box := all[idp.Mailbox](w)[0]
	session, _ := w.resting(info.User.UserID, box.MailboxID)
	w.pass(time.Minute)
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, info.User.UserID))
	if len(all[idp.Mailbox](w)) != 0 || len(all[idp.Invitation](w)) != 0 {
		t.Errorf("%v and %v are left", all[idp.Mailbox](w), all[idp.Invitation](w))
	}
	if s := get[idp.Session](w, session.SessionID); s.EndedAt.IsZero() {
		t.Error("what came from the mailbox goes on")
	}
	if again := w.invited(invitation("gast@fabrikam.example")); again.User.UserID == info.User.UserID {
		t.Error("the same user is back")
	}
}

// TestGuestPolicyChanges: whole or not at all, and the log tells what was changed.
func TestGuestPolicyChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, err := w.admin.GuestPolicy(w.ctx, op, tenantID)
	if err != nil || !reflect.DeepEqual(p, idp.DefaultGuestPolicy()) {
		t.Errorf("fresh: %+v, %v", p, err)
	}
	update := func(a idp.Actor, c admin.GuestPolicyChange) func() error {
		return func() error { return err2(w.admin.UpdateGuestPolicy(w.ctx, a, tenantID, c)) }
	}
	w.wantError("nobody knows", idp.Invalid, `The value "everyone" is none of none, adminsAndGuestInviters.`, update(op, admin.GuestPolicyChange{Inviters: new("everyone"), InvitationDays: new(7)}))
	w.wantError("no day", idp.Invalid, "Invalid lifetime of invitations 0: it must be between 1 and 365 days.", update(op, admin.GuestPolicyChange{Inviters: new(idp.InvitedByNobody), InvitationDays: new(0)}))
	if p, _ := w.admin.GuestPolicy(w.ctx, op, tenantID); !reflect.DeepEqual(p, idp.DefaultGuestPolicy()) {
		t.Errorf("a part is changed: %+v", p)
	}
	privileged := w.person("privileged", idp.PrivilegedRoleAdministrator)
	w.pass(time.Minute)
	w.must(update(privileged, admin.GuestPolicyChange{Inviters: new(idp.InvitedByNobody), InvitationDays: new(7)})())
	p, err = w.admin.GuestPolicy(w.ctx, op, tenantID)
	if want := (&idp.GuestPolicy{Inviters: "none", InvitationDays: 7}); err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("%+v, %v", p, err)
	}
	w.wantEvent(privileged.Party, idp.Party{Type: "policy", ID: p.ID(), Name: "Guests"}, "Update external collaboration settings", "Policy", "Invited Users", "")
	want := []idp.Modified{{Name: "InvitationDays", Old: "30", New: "7"}, {Name: "Inviters", Old: `"adminsAndGuestInviters"`, New: `"none"`}}
	if got := w.newest().Modified; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	w.pass(time.Minute)
	w.must(update(op, admin.GuestPolicyChange{InvitationDays: new(7)})())
	w.must(update(op, admin.GuestPolicyChange{})())
	if n := w.count("Update external collaboration settings"); n != 1 {
		t.Errorf("told %d times", n)
	}
	for _, role := range []string{idp.GuestInviter, idp.UserAdministrator, idp.GlobalReader} {
		a := w.person("r"+fmt.Sprint(len(all[idp.User](w))), role)
		w.wantRefused(role, update(a, admin.GuestPolicyChange{InvitationDays: new(9)}))
		w.must(err2(w.admin.GuestPolicy(w.ctx, a, tenantID)))
	}
}

func TestUpdateEmailPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := *w.policy()
	w.pass(time.Minute)
	her := []idp.Target{{Type: "user", ID: w.user.UserID}}
	p, err := w.admin.UpdateEmailPolicy(w.ctx, op, tenantID, admin.EmailPolicyChange{
		Enabled: new(false), Guests: new(idp.SwitchEnabled), Exclude: &her, CodeLifetime: new(5), CodeInSubject: new(true),
	})
	want := idp.EmailPolicy{Guests: "enabled", Targets: idp.Targets{Include: before.Email.Targets.Include, Exclude: her}, CodeLifetime: 5, CodeInSubject: true}
	after := w.policy()
	if err != nil || !reflect.DeepEqual(p, want) || !reflect.DeepEqual(after.Email, want) || !after.UpdatedAt.Equal(w.now()) {
		t.Errorf("%+v, %v\nwant %+v", p, err, want)
	}
	if after.Email, after.UpdatedAt = before.Email, before.UpdatedAt; !reflect.DeepEqual(*after, before) {
		t.Errorf("the rest is %+v, was %+v", after, before)
	}
	w.pass(time.Minute)
	w.must(err2(w.admin.UpdateEmailPolicy(w.ctx, op, tenantID, admin.EmailPolicyChange{Enabled: new(true), Guests: new(idp.SwitchDisabled)})))
	w.wantPolicyEvent("Email", idp.Modified{Name: "Enabled", Old: "false", New: "true"}, idp.Modified{Name: "Guests", Old: `"enabled"`, New: `"disabled"`})
	for what, c := range map[string]struct {
		change admin.EmailPolicyChange
		code   idp.Code
		want   string
	}{
		"switch":   {admin.EmailPolicyChange{Guests: new(idp.Switch("on"))}, idp.Invalid, `The value "on" is none of default, enabled, disabled.`},
		"short":    {admin.EmailPolicyChange{CodeLifetime: new(4)}, idp.Invalid, "Invalid code lifetime 4: it must be between 5 and 30 minutes."},
		"long":     {admin.EmailPolicyChange{CodeLifetime: new(31)}, idp.Invalid, "Invalid code lifetime 31: it must be between 5 and 30 minutes."},
		"everyone": {admin.EmailPolicyChange{Exclude: &[]idp.Target{{Type: "group", ID: idp.AllUsers}}}, idp.Invalid, "Everybody cannot be excluded: the policy would be for nobody. Disable it instead."},
		"group":    {admin.EmailPolicyChange{Enabled: new(false), Include: &[]idp.Target{{Type: "group", ID: nobodyID}}}, idp.NotFound, `There is no group "` + nobodyID + `".`},
	} {
		w.wantError(what, c.code, c.want, func() error { return err2(w.admin.UpdateEmailPolicy(w.ctx, op, tenantID, c.change)) })
	}
	p, err = w.admin.ResetEmailPolicy(w.ctx, op, tenantID)
	if err != nil || !reflect.DeepEqual(p, idp.DefaultEmailPolicy()) || !reflect.DeepEqual(w.policy().Email, p) || !w.policy().TemporaryAccessPass.Enabled {
		t.Errorf("%+v, %v", p, err)
	}
}
