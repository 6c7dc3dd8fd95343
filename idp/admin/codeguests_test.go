package admin_test

import (
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// accepted invites an address, which then has accepted by a source.
func (w *world) accepted(email string, by idp.Source) *idp.User {
	w.Helper()
	u := get[idp.User](w, w.invited(invitation(email)).User.UserID)
	u.External.Accept(by, w.now())
	w.put(u)
	return u
}

// TestCodeGuests: those are counted who redeemed by a code, and of these whom the policy or
// the deployment keeps out.
func TestCodeGuests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := func(what string, redeemed, barred int) {
		t.Helper()
		r, b, err := w.admin.CodeGuests(w.ctx, op, tenantID)
		if r != redeemed || b != barred || err != nil {
			t.Errorf("%s: %d redeemed, %d kept out, %v; want %d, %d", what, r, b, err, redeemed, barred)
		}
	}
	want("nobody", 0, 0)
	lea := w.accepted("lea@fabrikam.example", idp.SourceMail)
	w.accepted("ira@fabrikam.example", idp.SourceMail)
	w.accepted("max@litware.example", idp.SourceHome)
	w.invited(invitation("new@fabrikam.example"))
	want("at first", 2, 0)
	w.must(err2(w.admin.UpdateEmailPolicy(w.ctx, op, tenantID, admin.EmailPolicyChange{Exclude: &[]idp.Target{{Type: "user", ID: lea.UserID}}})))
	want("not for one", 2, 1)
	w.must(err2(w.admin.UpdateEmailPolicy(w.ctx, op, tenantID, admin.EmailPolicyChange{Enabled: new(false), Exclude: &[]idp.Target{}})))
	want("off", 2, 2)
	w.must(err2(w.admin.UpdateEmailPolicy(w.ctx, op, tenantID, admin.EmailPolicyChange{Enabled: new(true)})))
	want("on again", 2, 0)
	w.admin.WithMail(false)
	want("without mail", 2, 2)
}

// owedInvitations are the mails in the outbox that invite.
func (w *world) owedInvitations() (owed []*idp.Mail) {
	w.Helper()
	for _, m := range all[idp.Mail](w) {
		if m.About == idp.MailInvitation {
			owed = append(owed, m)
		}
	}
	return owed
}

// TestVoidInvitationMail: a mail that was not sent yet goes with the link that is in it, be it
// since there is a new one or since the guest is gone.
func TestVoidInvitationMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := invitation("lea@fabrikam.example")
	req.Send = true
	first := w.invited(req)
	again := w.invited(req)
	if first.Again || !again.Again {
		t.Errorf("again: %t, then %t", first.Again, again.Again)
	}
	if owed := w.owedInvitations(); len(owed) != 1 || owed[0].Details["Invitation"] != again.Invitation.InvitationID {
		t.Errorf("owed: %+v", owed)
	}
	other := invitation("ira@fabrikam.example")
	other.Send = true
	w.invited(other)
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, first.User.UserID))
	if owed := w.owedInvitations(); len(owed) != 1 || owed[0].To != "ira@fabrikam.example" {
		t.Errorf("owed: %+v", owed)
	}
}

// TestAgainWithoutSponsor: that a sponsor is gone keeps nobody from being invited again or
// reset, and changes nothing about the sponsors.
func TestAgainWithoutSponsor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ben := w.person("ben")
	req := invitation("lea@fabrikam.example")
	req.Sponsors = []string{ben.ID}
	lea := w.invited(req).User
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, ben.ID))
	again, err := w.admin.Resend(w.ctx, op, tenantID, "lea@fabrikam.example")
	w.must(err)
	if !again.Invitation.Send || !again.Again {
		t.Errorf("%+v", again)
	}
	u := get[idp.User](w, lea.UserID)
	u.External.Accept(idp.SourceMail, w.now())
	w.put(u)
	i := get[idp.Invitation](w, again.Invitation.InvitationID)
	i.RedeemedAt = w.now()
	w.put(i)
	reset, err := w.admin.ResetRedemption(w.ctx, op, tenantID, "lea@fabrikam.example", "")
	w.must(err)
	if reset.Again {
		t.Error("a link that was used is said to be void now")
	}
	if s := get[idp.User](w, lea.UserID).External.Sponsors; len(s) != 1 || s[0] != ben.ID {
		t.Errorf("sponsors: %v", s)
	}
	never, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "zoe@litware.example", DisplayName: "Zoe", Type: idp.ExternalGuest})
	w.must(err)
	w.wantError("resend", idp.Conflict, "zoe@litware.example was never invited. Reset the redemption to have them invited.", func() error {
		return err2(w.admin.Resend(w.ctx, op, tenantID, never.UserID))
	})
}
