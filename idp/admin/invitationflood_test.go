package admin_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// TestInvitationFlood (E9): whoever may invite floods nobody's mailbox with it, neither that of
// whom they invite nor one that gets copies, however they go about it.
func TestInvitationFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inviter := w.person("inviter", idp.GuestInviter)
	const victim = "victim@fabrikam.example"
	copied := func(n int) admin.InvitationRequest {
		req := sending(string(rune('a'+n)) + "@fabrikam.example")
		req.Message.Copies = []string{"Victim@Fabrikam.example"}
		return req
	}
	mailed := 0
	for n := range 10 {
		for _, invite := range []func() error{
			w.invite(inviter, sending(victim)),
			w.invite(inviter, copied(n)),
			func() error { return err2(w.admin.Resend(w.ctx, inviter, tenantID, victim)) },
		} {
			err := invite()
			switch {
			case err == nil:
				mailed++
			case idp.ErrorCode(err) != idp.TooMany || !strings.Contains(err.Error(), victim):
				t.Fatal(err)
			}
		}
		w.pass(time.Minute)
	}
	if mailed != 5 {
		t.Errorf("%d mails in ten minutes, want 5", mailed)
	}
	var sent sync.WaitGroup
	var got atomic.Int64
	for range 50 {
		sent.Go(func() {
			if err := w.invite(inviter, sending("other@fabrikam.example"))(); err == nil {
				got.Add(1)
			}
		})
	}
	if sent.Wait(); got.Load() != 5 {
		t.Errorf("%d mails at once, want 5", got.Load())
	}
	w.must(w.invite(inviter, invitation(victim))()) // which mails nothing
	w.pass(time.Hour)
	w.must(w.invite(inviter, sending(victim))())
}

// TestCopiesToTheBlocked: who does not want to be invited gets no copies of how others are, and
// a copy goes to the one spelling of an address.
func TestCopiesToTheBlocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(&idp.InvitationBlock{Address: "no@fabrikam.example", CreatedAt: epoch})
	req := sending("gast@fabrikam.example")
	req.Message.Copies = []string{"NO@Fabrikam.example"}
	w.wantError("blocked", idp.Conflict, "Whoever reads the mail of no@fabrikam.example has asked Contoso not to invite them again.", w.invite(op, req))
	req.Message.Copies = []string{"Chef@Fabrikam.example"}
	w.must(w.invite(op, req)())
	if m := all[idp.Mail](w); len(m) != 1 || len(m[0].Copies) != 1 || m[0].Copies[0] != "chef@fabrikam.example" {
		t.Errorf("%+v", m)
	}
}
