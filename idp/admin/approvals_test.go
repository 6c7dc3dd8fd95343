package admin_test

import (
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// board is a tenant where a pass for the privileged takes two: pia and ada may give it,
// and the chief is to get it.
type board struct {
	*world
	pia, ada, chief idp.Actor
}

func newBoard(t *testing.T) *board {
	t.Helper()
	return boardOn(t, mem.New())
}

func boardOn(t *testing.T, d storage.Driver) *board {
	t.Helper()
	w := worldOn(t, d)
	w.change(admin.PassPolicyChange{Approval: new(true)})
	return &board{
		w, w.person("pia", idp.PrivilegedAuthenticationAdmin), w.person("ada", idp.GlobalAdministrator),
		w.person("chief", idp.GlobalAdministrator),
	}
}

// asks makes a request that must wait.
func (b *board) asks(a idp.Actor, req idp.PassRequest) *idp.PassApproval {
	b.Helper()
	b.pass(time.Millisecond)
	info, secret, err := b.admin.CreatePass(b.ctx, a, tenantID, b.chief.ID, req)
	b.must(err)
	if info.Approval == nil || info.Pass != nil || secret != "" || info.User.UserID != b.chief.ID || info.Approval.Approved() {
		b.Fatalf("it does not wait: %+v, %q", info, secret)
	}
	return info.Approval
}

// gets makes a request that must be answered with a pass.
func (b *board) gets(a idp.Actor, target string, req idp.PassRequest) *idp.Pass {
	b.Helper()
	b.pass(time.Millisecond)
	info, secret, err := b.admin.CreatePass(b.ctx, a, tenantID, target, req)
	b.must(err)
	if info.Pass == nil || info.Approval != nil || secret == "" {
		b.Fatalf("it gives no pass: %+v, %q", info, secret)
	}
	return info.Pass
}

func (b *board) approves(a idp.Actor, name string) {
	b.Helper()
	b.pass(time.Millisecond)
	info, err := b.admin.ApprovePass(b.ctx, a, tenantID, name)
	b.must(err)
	if !info.Approval.Approved() || info.User.UserID != b.chief.ID {
		b.Fatalf("%+v", info)
	}
}

func (b *board) approve(a idp.Actor, name string) func() error {
	return func() error { return err2(b.admin.ApprovePass(b.ctx, a, tenantID, name)) }
}

func (b *board) deny(a idp.Actor, name string) func() error {
	return func() error { return err2(b.admin.DenyPass(b.ctx, a, tenantID, name)) }
}

func (b *board) noneWaits() {
	b.Helper()
	infos, _, err := b.admin.Approvals(b.ctx, op, tenantID, storage.Page{})
	if err != nil || len(infos) != 0 {
		b.Errorf("%+v, %v", infos, err)
	}
	b.wantError("none waits", idp.NotFound, "No pass for "+b.chief.Name+" waits for approval.", b.approve(op, b.chief.ID))
}

// TestOnePersonUntilTwoAreWanted: a tenant that has not asked for it needs no second
// administrator, and one that has needs none for ordinary people.
func TestOnePersonUntilTwoAreWanted(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	if idp.DefaultPassPolicy().Approval {
		t.Error("a fresh tenant wants two")
	}
	limited, member := b.person("limited", idp.AuthenticationAdministrator), b.person("member")
	b.gets(b.pia, name, idp.PassRequest{})
	b.gets(b.pia, limited.ID, idp.PassRequest{})
	b.gets(b.person("desk", idp.AuthenticationAdministrator), member.ID, idp.PassRequest{})
	g := b.guardedGroup(member.ID)
	if info, _, err := b.admin.CreatePass(b.ctx, b.pia, tenantID, member.ID, idp.PassRequest{}); err != nil || info.Approval == nil {
		t.Errorf("in a guarded group: %+v, %v", info, err)
	}
	b.must(err2(b.admin.RemoveMember(b.ctx, op, tenantID, g.GroupID, member.ID)))
	b.gets(b.pia, member.ID, idp.PassRequest{})
	b.change(admin.PassPolicyChange{Approval: new(false)})
	b.gets(b.pia, b.chief.ID, idp.PassRequest{})
	_, err := b.admin.ResetPassPolicy(b.ctx, op, tenantID)
	b.must(err)
	b.change(admin.PassPolicyChange{Enabled: new(true)})
	b.gets(b.pia, b.chief.ID, idp.PassRequest{})
}

// TestTwoGiveAPass is the whole way: one asks, again and again; another approves; the
// first gets the pass, once, and the log names both.
func TestTwoGiveAPass(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	req := idp.PassRequest{Lifetime: 90, Once: new(true), Reason: "lost the key"}
	b.pass(time.Minute)
	first := b.asks(b.pia, req)
	b.wantEvent(b.pia.Party, b.chief.Party, "Request temporary access pass", "UserManagement", "Authentication Methods", "")
	if !first.Ends.Equal(b.now().Add(24*time.Hour)) || !first.RequestedAt.Equal(b.now()) || first.RequestedBy != b.pia.Party {
		t.Errorf("%+v", first)
	}
	before := b.store.Commits()
	for range 3 {
		if again := b.asks(b.pia, req); again.ApprovalID != first.ApprovalID {
			t.Errorf("another request: %+v", again)
		}
	}
	if b.store.Commits() != before || len(all[idp.PassApproval](b.world)) != 1 || len(all[idp.Pass](b.world)) != 0 {
		t.Error("a request that waits is there twice")
	}
	infos, next, err := b.admin.Approvals(b.ctx, b.ada, tenantID, storage.Page{})
	if err != nil || next != "" || len(infos) != 1 || infos[0].Approval.ApprovalID != first.ApprovalID || infos[0].User.UserID != b.chief.ID {
		t.Errorf("%+v, %v", infos, err)
	}
	for _, n := range []string{first.ApprovalID, b.chief.ID, b.chief.Name} {
		if info, err := b.admin.Approval(b.ctx, b.ada, tenantID, n); err != nil || info.Approval.ApprovalID != first.ApprovalID {
			t.Errorf("%s: %+v, %v", n, info, err)
		}
	}
	b.pass(time.Minute)
	b.approves(b.ada, b.chief.Name)
	b.wantEvent(b.ada.Party, b.chief.Party, "Approve temporary access pass", "UserManagement", "Authentication Methods", "")
	if e := b.newest(); e.Details["requestedBy"] != b.pia.Name {
		t.Errorf("%+v", e.Details)
	}
	b.wantError("twice", idp.Conflict, "The pass was approved already, by "+b.ada.Name+".", b.approve(b.person("third", idp.GlobalAdministrator), first.ApprovalID))
	p := b.gets(b.pia, b.chief.ID, req)
	if p.Lifetime != 90*time.Minute || !p.Once || p.Reason != "lost the key" || p.CreatedBy != b.pia.Name || !p.StartsAt.Equal(b.now()) {
		t.Errorf("%+v", p)
	}
	b.wantEvent(b.pia.Party, b.chief.Party, "Admin registered security info", "UserManagement", "Authentication Methods", "Admin registered temporary access pass method for user")
	if d := b.newest().Details; d["requestedBy"] != b.pia.Name || d["approvedBy"] != b.ada.Name || d["reason"] != "lost the key" || len(d) != 3 {
		t.Errorf("%v", d)
	}
	b.noneWaits()
	if again := b.asks(b.pia, req); again.ApprovalID == first.ApprovalID {
		t.Error("one approval serves twice")
	}
	if got := all[idp.Pass](b.world); len(got) != 1 || got[0].PassID != p.PassID {
		t.Errorf("%+v", got)
	}
	b.wantWhole()
}

// TestWhoApproves: another person, who may. Not who asked, not whom it is for, no app,
// nobody below.
func TestWhoApproves(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	waiting := b.asks(b.pia, idp.PassRequest{}).ApprovalID
	const second = "A pass for a privileged user is approved by a second administrator, not by the one who asked for it."
	own := "Self-service operations are currently not supported for user " + b.chief.ID + "."
	for _, n := range []string{waiting, b.chief.ID, b.chief.Name} {
		b.wantError("who asked", idp.Forbidden, second, b.approve(b.pia, n))
		b.wantError("who asked, through an app", idp.Forbidden, second, b.approve(through(b.pia, passApp), n))
		b.wantError("whom it is for", idp.Forbidden, own, b.approve(b.chief, n))
		b.wantError("whom it is for", idp.Forbidden, own, b.deny(b.chief, n))
		for who, a := range map[string]idp.Actor{
			"an app": app(idp.AppPermissions()...), "the desk": b.person("d"+idp.NewID()[:6], idp.AuthenticationAdministrator),
			"a reader": b.person("r"+idp.NewID()[:6], idp.GlobalReader), "roles": b.person("p"+idp.NewID()[:6], idp.PrivilegedRoleAdministrator),
			"a member": b.person("m" + idp.NewID()[:6]), "through an app that reads": through(b.ada, "UserAuthMethod-TAP.Read.All"),
		} {
			b.wantRefused(who, b.approve(a, n))
			b.wantRefused(who, b.deny(a, n))
		}
	}
	desk := b.person("desk", idp.AuthenticationAdministrator)
	infos, _, err := b.admin.Approvals(b.ctx, desk, tenantID, storage.Page{})
	if err != nil || len(infos) != 0 {
		t.Errorf("the desk sees %+v, %v", infos, err)
	}
	b.wantRefused("the desk reads", func() error { return err2(b.admin.Approval(b.ctx, desk, tenantID, waiting)) })
	b.must(err2(b.admin.Approval(b.ctx, b.chief, tenantID, waiting))) // who may see what waits
	b.approves(through(b.ada, passApp), waiting)
	b.gets(b.pia, b.chief.ID, idp.PassRequest{})
}

// TestAnAppAsks: what an app asks for a person approves, and the app fetches the pass. Two
// operators are two.
func TestAnAppAsks(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	robot, other := app(passApp), app(passApp)
	other.ID = otherID
	b.asks(robot, idp.PassRequest{})
	b.wantRefused("itself", b.approve(robot, b.chief.ID))
	b.wantRefused("another app", b.approve(other, b.chief.ID))
	b.approves(b.pia, b.chief.ID)
	b.gets(robot, b.chief.ID, idp.PassRequest{})
	if d := b.newest().Details; d["requestedBy"] != "Onboarding" || d["approvedBy"] != b.pia.Name {
		t.Errorf("%v", d)
	}
	b.asks(op, idp.PassRequest{})
	b.wantError("oneself", idp.Forbidden, "A pass for a privileged user is approved by a second administrator, not by the one who asked for it.", b.approve(op, b.chief.ID))
	b.approves(admin.Operator("olga"), b.chief.ID)
	b.gets(op, b.chief.ID, idp.PassRequest{})
}
