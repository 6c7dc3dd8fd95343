package admin_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/storage/mem"
	"latchkey/storage/storetest"
)

// TestApprovedOnce: of 50 who fetch an approved pass at once one gets it.
func TestApprovedOnce(t *testing.T) {
	t.Parallel()
	for store, open := range map[string]func(*testing.T) storage.Driver{"mem": func(*testing.T) storage.Driver { return mem.New() }, "bolt": onBolt} {
		t.Run(store, func(t *testing.T) {
			b := boardOn(t, open(t))
			b.asks(b.pia, idp.PassRequest{})
			b.approves(b.ada, b.chief.ID)
			var given atomic.Int32
			var secret atomic.Value
			var crowd sync.WaitGroup
			for range 50 {
				crowd.Go(func() {
					info, s, err := b.admin.CreatePass(b.ctx, b.pia, tenantID, b.chief.ID, idp.PassRequest{})
					switch {
					case err == nil && info.Pass != nil:
						given.Add(1)
						secret.Store(s)
					case err == nil && (info.Approval == nil || s != ""), err != nil && idp.ErrorCode(err) != idp.Conflict:
						t.Errorf("%+v, %q, %v", info, s, err)
					}
				})
			}
			crowd.Wait()
			passes := all[idp.Pass](b.world)
			if given.Load() != 1 || len(passes) != 1 {
				t.Fatalf("given %d times, %d passes", given.Load(), len(passes))
			}
			p := passes[0]
			if !b.keys.Verify(p.Verifier, tenantID, p.UserID, p.Kind(), p.PassID, idp.CanonicalPassCode(secret.Load().(string))) {
				t.Error("the secret is not that of the pass")
			}
			if n := b.count("Admin registered security info"); n != 1 {
				t.Errorf("told %d times", n)
			}
			for _, a := range all[idp.PassApproval](b.world) {
				if a.Approved() {
					t.Errorf("an approval is left: %+v", a)
				}
			}
			b.wantWhole()
		})
	}
}

// TestAskedAtOnce: of 50 of the same request at once one waits.
func TestAskedAtOnce(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	var ids sync.Map
	var crowd sync.WaitGroup
	for range 50 {
		crowd.Go(func() {
			info, _, err := b.admin.CreatePass(b.ctx, b.pia, tenantID, b.chief.ID, idp.PassRequest{})
			if err != nil || info.Approval == nil {
				t.Errorf("%+v, %v", info, err)
				return
			}
			ids.Store(info.Approval.ApprovalID, true)
		})
	}
	crowd.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if n != 1 || len(all[idp.PassApproval](b.world)) != 1 || b.count("Request temporary access pass") != 1 {
		t.Errorf("%d requests wait", n)
	}
}

// TestAnotherRequest: what was approved is that request of that administrator. Another of
// theirs starts anew, and the one before is gone; somebody else's has to wait.
func TestAnotherRequest(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	start := b.now().Add(time.Hour)
	base := idp.PassRequest{Lifetime: 90, Reason: "new"}
	for what, req := range map[string]idp.PassRequest{
		"lifetime": {Lifetime: 91, Reason: "new"}, "none": {Reason: "new"}, "once": {Lifetime: 90, Reason: "new", Once: new(true)},
		"not once": {Lifetime: 90, Reason: "new", Once: new(false)}, "start": {Lifetime: 90, Reason: "new", StartsAt: start}, "reason": {Lifetime: 90, Reason: "newer"},
	} {
		waiting := b.asks(b.pia, base)
		b.approves(b.ada, waiting.ApprovalID)
		changed := b.asks(b.pia, req)
		if changed.ApprovalID == waiting.ApprovalID || len(all[idp.PassApproval](b.world)) != 1 || len(all[idp.Pass](b.world)) != 0 {
			t.Errorf("%s: %+v", what, changed)
		}
		if again := b.asks(b.pia, base); again.ApprovalID == waiting.ApprovalID {
			t.Errorf("%s: what was given up is back", what)
		}
	}
	waiting := b.asks(b.pia, base)
	b.approves(b.ada, waiting.ApprovalID)
	ola := b.person("ola", idp.GlobalAdministrator)
	b.wantError("another administrator", idp.Conflict, "A pass for chief@contoso.example was approved, and pia@contoso.example can fetch it until "+waiting.Ends.UTC().Format(time.RFC3339)+". It has to be denied first.", func() error {
		return err3(b.admin.CreatePass(b.ctx, ola, tenantID, b.chief.ID, base))
	})
	if info, err := b.admin.Approval(b.ctx, b.ada, tenantID, waiting.ApprovalID); err != nil || !info.Approval.Approved() {
		t.Errorf("another administrator undid it: %v", err)
	}
	b.wantError("bad from the beginning", idp.Invalid, "Invalid LifetimeInMinutes specified. The valid range between 60 and 480.", func() error {
		return err3(b.admin.CreatePass(b.ctx, b.pia, tenantID, b.chief.ID, idp.PassRequest{Lifetime: 481}))
	})
}

// TestApprovalEnds: at its end, when it is denied or taken back, with whom it is for, and
// with the right of who asked.
func TestApprovalEnds(t *testing.T) {
	t.Parallel()
	for _, approved := range []bool{false, true} {
		b := newBoard(t)
		waits := func() *idp.PassApproval {
			a := b.asks(b.pia, idp.PassRequest{})
			if approved {
				b.approves(b.ada, a.ApprovalID)
			}
			return a
		}
		old := waits()
		b.pass(old.Ends.Sub(b.now()) - time.Nanosecond)
		if _, err := b.admin.Approval(b.ctx, b.ada, tenantID, old.ApprovalID); err != nil {
			t.Errorf("a moment before its end: %v", err)
		}
		b.pass(1)
		b.noneWaits()
		if fresh := b.asks(b.pia, idp.PassRequest{}); fresh.ApprovalID == old.ApprovalID || !fresh.Ends.Equal(b.now().Add(idp.ApprovalLifetime)) {
			t.Errorf("at its end: %+v", fresh)
		}
		for _, a := range []idp.Actor{b.ada, b.pia} { // who asked takes it back
			waiting := waits()
			b.pass(time.Minute)
			b.must(b.deny(a, b.chief.ID)())
			b.wantEvent(a.Party, b.chief.Party, "Deny temporary access pass", "UserManagement", "Authentication Methods", "")
			if d := b.newest().Details; d["requestedBy"] != b.pia.Name {
				t.Errorf("%v", d)
			}
			b.noneWaits()
			if again := b.asks(b.pia, idp.PassRequest{}); again.ApprovalID == waiting.ApprovalID {
				t.Errorf("what was denied waits again: %+v", again)
			}
			b.must(b.deny(a, b.chief.ID)())
		}
		waits()
		b.must(b.admin.RemoveRole(b.ctx, op, tenantID, idp.PrivilegedAuthenticationAdmin, b.pia.ID))
		b.pia.Roles = nil
		b.wantRefused("who asked may no more", func() error {
			return err3(b.admin.CreatePass(b.ctx, b.pia, tenantID, b.chief.ID, idp.PassRequest{}))
		})
		b.must(b.admin.DeleteUser(b.ctx, op, tenantID, b.chief.ID))
		if left := all[idp.PassApproval](b.world); len(left) != 0 {
			t.Errorf("it outlives whom it is for: %+v", left)
		}
		b.wantWhole()
	}
}

// TestApprovalIsSwept: what has ended goes from the store.
func TestApprovalIsSwept(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	a := b.asks(b.pia, idp.PassRequest{})
	for i, at := range []time.Time{a.Ends.Add(-time.Second), a.Ends.Add(time.Second)} {
		_, err := b.store.Sweep(b.ctx, tenantID, at, 99)
		b.must(err)
		if n := len(all[idp.PassApproval](b.world)); n != 1-i {
			t.Errorf("%d left at %v", n, at)
		}
	}
}

// TestTwoOrOneMeanwhile: the policy, and whether somebody is privileged, may change at any
// time; what holds when the pass is given decides, and no approval outlives its pass.
func TestTwoOrOneMeanwhile(t *testing.T) {
	t.Parallel()
	on, off := admin.PassPolicyChange{Approval: new(true)}, admin.PassPolicyChange{Approval: new(false)}
	give := func(b *board) (admin.PassInfo, string, error) {
		return b.admin.CreatePass(b.ctx, b.pia, tenantID, b.chief.ID, idp.PassRequest{})
	}
	t.Run("one is enough now", func(t *testing.T) {
		for what, change := range map[string]func(b *board){
			"policy": func(b *board) { b.change(off) },
			"roles": func(b *board) {
				b.must(err2(b.admin.UpdateUser(b.ctx, op, tenantID, b.chief.ID, admin.UserChange{Roles: &[]string{}})))
			},
		} {
			for _, approved := range []bool{false, true} {
				b := newBoard(t)
				b.asks(b.pia, idp.PassRequest{})
				if approved {
					b.approves(b.ada, b.chief.ID)
				}
				change(b)
				b.gets(b.pia, b.chief.ID, idp.PassRequest{})
				if left := all[idp.PassApproval](b.world); len(left) != 0 {
					t.Errorf("%s, approved %t: an approval outlives its pass", what, approved)
				}
			}
		}
	})
	t.Run("two are wanted from now on", func(t *testing.T) {
		d := &storetest.Interrupted{Driver: mem.New()}
		b := boardOn(t, d)
		b.change(off)
		d.First = func() { b.change(on) }
		if info, secret, err := give(b); idp.ErrorCode(err) != idp.Conflict || secret != "" || info.Pass != nil || len(all[idp.Pass](b.world)) != 0 {
			t.Errorf("%+v, %q, %v", info, secret, err)
		}
		b.asks(b.pia, idp.PassRequest{})
	})
	t.Run("privileged from now on", func(t *testing.T) {
		d := &storetest.Interrupted{Driver: mem.New()}
		b := boardOn(t, d)
		d.First = func() { b.must(err2(b.admin.AssignRole(b.ctx, op, tenantID, idp.GlobalReader, name))) }
		info, secret, err := b.admin.CreatePass(b.ctx, b.pia, tenantID, name, idp.PassRequest{})
		if idp.ErrorCode(err) != idp.Conflict || secret != "" || info.Pass != nil || len(all[idp.Pass](b.world)) != 0 {
			t.Errorf("%+v, %q, %v", info, secret, err)
		}
	})
	t.Run("one is enough while the request is put", func(t *testing.T) {
		d := &storetest.Interrupted{Driver: mem.New()}
		b := boardOn(t, d)
		d.First = func() { b.change(off) }
		if info, secret, err := give(b); idp.ErrorCode(err) != idp.Conflict || secret != "" || info.Approval != nil || len(all[idp.PassApproval](b.world)) != 0 {
			t.Errorf("%+v, %q, %v", info, secret, err)
		}
		b.gets(b.pia, b.chief.ID, idp.PassRequest{})
	})
	t.Run("denied while it is fetched", func(t *testing.T) {
		d := &storetest.Interrupted{Driver: mem.New()}
		b := boardOn(t, d)
		b.asks(b.pia, idp.PassRequest{})
		b.approves(b.ada, b.chief.ID)
		d.First = func() { b.must(b.deny(b.ada, b.chief.ID)()) }
		if info, secret, err := give(b); idp.ErrorCode(err) != idp.Conflict || secret != "" || info.Pass != nil || len(all[idp.Pass](b.world)) != 0 {
			t.Errorf("%+v, %q, %v", info, secret, err)
		}
	})
}

// TestApprovalAfterTheStart: a pass whose start came while it waited begins when it is
// given, for as long as was asked.
func TestApprovalAfterTheStart(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	req := idp.PassRequest{StartsAt: b.now().Add(time.Minute), Lifetime: 60}
	b.approves(b.ada, b.asks(b.pia, req).ApprovalID)
	b.pass(3 * time.Hour)
	if p := b.gets(b.pia, b.chief.ID, req); !p.StartsAt.Equal(b.now()) || p.Lifetime != time.Hour {
		t.Errorf("it starts %s and lasts %s", p.StartsAt, p.Lifetime)
	}
	b.wantError("without an approval", idp.Invalid, "The start "+req.StartsAt.UTC().Format(time.RFC3339)+" lies in the past.", func() error {
		return err3(b.admin.CreatePass(b.ctx, b.pia, tenantID, b.chief.ID, req))
	})
}
