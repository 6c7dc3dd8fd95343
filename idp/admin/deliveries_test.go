package admin_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// mailed owes a person mails of one kind and lets them come to an end each: taken, refused,
// put off, or not tried yet.
func (w *world) mailed(u *idp.User, fates ...string) {
	w.Helper()
	log := idp.AuditLog{Keys: w.keys, Tenant: tenantID}
	for _, fate := range fates {
		w.pass(time.Second)
		m := idp.NewMail(u, u.Profile.Email, idp.MailInvitation, nil, w.now(), 48*time.Hour)
		m.Seal(w.keys, tenantID, "the secret")
		w.must(w.store.Update(w.ctx, tenantID, func(tx *storage.Tx) error {
			if err := tx.Insert(m); err != nil || fate == idp.DeliveryWaiting {
				return err
			}
			if _, err := m.Claim(tx, log, w.now()); err != nil {
				return err
			}
			if fate == idp.DeliverySent {
				return m.Sent(tx, log, w.now())
			}
			return m.Failed(tx, log, "550 no such mailbox", fate == idp.DeliveryFailed, w.now())
		}))
	}
}

// TestDeliveries: what became of mails is told newest first, of one person or of all, and
// who waits is told apart; nothing of what they said is.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gast := w.invited(invitation("gast@fabrikam.example")).User
	lea := w.invited(invitation("lea@fabrikam.example")).User
	w.mailed(gast, idp.DeliverySent, idp.DeliveryFailed, idp.DeliveryWaiting, idp.DeliveryDeferred)
	w.mailed(lea, idp.DeliverySent, idp.DeliveryWaiting)
	decoy := idp.NewMail(&idp.User{}, "nobody@fabrikam.example", idp.MailCode, nil, w.now(), time.Hour)
	decoy.Decoy = true
	w.put(decoy)
	shown := func(ds []*idp.Delivery, err error) (got []string) {
		t.Helper()
		w.must(err)
		for _, d := range ds {
			if got = append(got, d.To[:3]+" "+d.Result); d.Mail == "" || d.About != idp.MailInvitation || d.Result == "failed" && d.Error != "550 no such mailbox" {
				t.Errorf("%+v", d)
			}
		}
		return got
	}
	for name, c := range map[string]struct {
		q             admin.DeliveryQuery
		done, waiting []string
	}{
		"all":               {admin.DeliveryQuery{}, []string{"lea sent", "gas failed", "gas sent"}, []string{"gas waiting", "lea waiting", "gas deferred"}},
		"by id":             {admin.DeliveryQuery{User: lea.UserID}, []string{"lea sent"}, []string{"lea waiting"}},
		"by name":           {admin.DeliveryQuery{User: gast.PrincipalName}, []string{"gas failed", "gas sent"}, []string{"gas waiting", "gas deferred"}},
		"lost":              {admin.DeliveryQuery{Failed: true}, []string{"gas failed"}, []string{"gas deferred"}},
		"lost, of somebody": {admin.DeliveryQuery{User: lea.UserID, Failed: true}, nil, nil},
		"of a third":        {admin.DeliveryQuery{User: name}, nil, nil},
	} {
		ds, _, err := w.admin.Deliveries(w.ctx, op, tenantID, c.q, storage.Page{})
		if got := shown(ds, err); !slices.Equal(got, c.done) {
			t.Errorf("%s: %q, want %q", name, got, c.done)
		}
		if got := shown(w.admin.Outbox(w.ctx, op, tenantID, c.q)); !slices.Equal(got, c.waiting) {
			t.Errorf("%s, waiting: %q, want %q", name, got, c.waiting)
		}
	}
	first, next, err := w.admin.Deliveries(w.ctx, op, tenantID, admin.DeliveryQuery{}, storage.Page{Limit: 2})
	if err != nil || len(first) != 2 || next == "" {
		t.Fatalf("%d, %q, %v", len(first), next, err)
	}
	second, next, err := w.admin.Deliveries(w.ctx, op, tenantID, admin.DeliveryQuery{}, storage.Page{Limit: 2, After: next})
	if got := shown(second, err); next != "" || !slices.Equal(got, []string{"gas sent"}) {
		t.Errorf("the next page: %q, %q", got, next)
	}
	w.wantError("of nobody", idp.NotFound, `There is no user "`+nobodyID+`".`, func() error {
		return err2(w.admin.Outbox(w.ctx, op, tenantID, admin.DeliveryQuery{User: nobodyID}))
	})
}

// TestWhoReadsDeliveries: those who read the logs, and nobody who merely invites.
func TestWhoReadsDeliveries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for role, may := range map[string]bool{
		idp.GlobalAdministrator: true, idp.GlobalReader: true, idp.ReportsReader: true, idp.SecurityReader: true,
		idp.GuestInviter: false, idp.UserAdministrator: false, idp.HelpdeskAdministrator: false,
	} {
		a := w.person("r"+fmt.Sprint(len(all[idp.User](w))), role)
		for what, read := range map[string]func() error{
			"deliveries": func() error {
				return err3(w.admin.Deliveries(w.ctx, a, tenantID, admin.DeliveryQuery{}, storage.Page{}))
			},
			"outbox": func() error { return err2(w.admin.Outbox(w.ctx, a, tenantID, admin.DeliveryQuery{})) },
		} {
			if !may {
				w.wantRefused(role+": "+what, read)
			} else if err := read(); err != nil {
				t.Errorf("%s: %s: %v", role, what, err)
			}
		}
	}
	w.must(err2(w.admin.Outbox(w.ctx, app("AuditLog.Read.All"), tenantID, admin.DeliveryQuery{})))
	w.wantRefused("an app that invites", func() error {
		return err2(w.admin.Outbox(w.ctx, app("User.Invite.All", "User.Read.All"), tenantID, admin.DeliveryQuery{}))
	})
}

// TestInvitationDelivery: the newest mail that invites somebody counts, wherever it is, and
// what else they were sent does not.
func TestInvitationDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gast, lea := w.invited(invitation("gast@fabrikam.example")).User, w.invited(invitation("lea@fabrikam.example")).User
	w.mailed(lea, idp.DeliverySent)
	want := func(fate string) {
		t.Helper()
		d, err := w.admin.InvitationDelivery(w.ctx, op, tenantID, gast.PrincipalName)
		if w.must(err); d == nil && fate != "" || d != nil && (d.Result != fate || d.UserID != gast.UserID) {
			t.Errorf("%+v, want %q", d, fate)
		}
	}
	want("")
	for _, fate := range []string{idp.DeliverySent, idp.DeliveryFailed, idp.DeliveryWaiting, idp.DeliveryDeferred, idp.DeliverySent} {
		w.mailed(gast, fate)
		want(fate)
	}
	w.pass(time.Second)
	w.put(idp.NewMail(gast, gast.Profile.Email, idp.MailCode, nil, w.now(), time.Hour))
	want(idp.DeliverySent)
	inviter := w.person("inviter", idp.GuestInviter)
	w.wantRefused("whoever reads no logs", func() error {
		return err2(w.admin.InvitationDelivery(w.ctx, inviter, tenantID, gast.UserID))
	})
}
