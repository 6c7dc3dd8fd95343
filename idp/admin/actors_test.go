package admin_test

import (
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

const (
	refused  = "Insufficient privileges to complete the operation."
	otherID  = "22222222-2222-4222-8222-222222222222"
	passApp  = "UserAuthMethod-TAP.ReadWrite.All"
	guarded  = "Board"
	someWhen = 3 * time.Minute
)

// person is a new user who has the roles, as an actor.
func (w *world) person(local string, roles ...string) idp.Actor {
	w.Helper()
	w.pass(time.Millisecond)
	u, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: local + "@contoso.example", DisplayName: local, Roles: roles})
	w.must(err)
	return idp.Person(tenantID, u)
}

// app is a client that acts for itself.
func app(permissions ...string) idp.Actor {
	return idp.Actor{Party: idp.Party{Type: idp.ActorClient, ID: nobodyID, Name: "Onboarding"}, Tenant: tenantID, Permissions: permissions}
}

// through is the person, acting through an app that may do so much.
func through(a idp.Actor, permissions ...string) idp.Actor {
	a.App, a.Permissions = idp.Party{Type: idp.ActorClient, ID: nobodyID, Name: "Onboarding"}, permissions
	return a
}

// guardedGroup is a group that roles can be given to, with these members.
func (w *world) guardedGroup(members ...string) *idp.Group {
	w.Helper()
	w.pass(time.Millisecond)
	g, err := w.admin.CreateGroup(w.ctx, op, tenantID, idp.Group{Name: guarded, Guarded: true})
	w.must(err)
	for _, m := range members {
		w.pass(time.Millisecond)
		_, err := w.admin.AddMember(w.ctx, op, tenantID, g.GroupID, m)
		w.must(err)
	}
	return g
}

// fabrikam is another tenant.
func (w *world) fabrikam() {
	w.Helper()
	other := &idp.Tenant{TenantID: otherID, Name: "Fabrikam", Domains: []string{"fabrikam.example"}, CreatedAt: epoch}
	w.must(w.store.Update(w.ctx, storage.System, func(tx *storage.Tx) error { return tx.Put(other) }))
}

// wantRefused is wantError for who may not.
func (w *world) wantRefused(what string, do func() error) {
	w.Helper()
	w.wantError(what, idp.Forbidden, refused, do)
}

// log is the directory audit, newest first.
func (w *world) log() []*idp.AuditEvent {
	w.Helper()
	es, _, err := w.admin.Events(w.ctx, op, tenantID, idp.Directory, storage.Page{})
	w.must(err)
	return es
}

// newest is the newest line of the directory audit.
func (w *world) newest() *idp.AuditEvent {
	w.Helper()
	es := w.log()
	if len(es) == 0 {
		w.Fatal("the log is empty")
	}
	return es[0]
}

// count is how many lines of the log tell of an activity.
func (w *world) count(activity string) (n int) {
	w.Helper()
	for _, e := range w.log() {
		if e.Activity == activity {
			n++
		}
	}
	return n
}

// whole is all that the tenant's log and the deployment's own are proven to be.
func (w *world) wantWhole() admin.AuditReport {
	w.Helper()
	r, err := w.admin.VerifyAudit(w.ctx, op, tenantID)
	w.must(err)
	system, err := w.admin.VerifySystemAudit(w.ctx, op)
	w.must(err)
	for _, f := range append(r.Faults, system.Faults...) {
		w.Errorf("the log is not whole: %+v", f)
	}
	return r
}

// kept is everything that the tenant's partition holds, as text.
func (w *world) kept(d storage.Driver) string {
	w.Helper()
	var b strings.Builder
	w.must(d.View(w.ctx, tenantID, func(kv storage.KV) error {
		return kv.Scan(storage.Range{}, func(k, v []byte) bool {
			b.Write(k)
			b.Write(v)
			return true
		})
	}))
	return b.String()
}

// err drops what a use case answers beside its error.
func err2[A any](_ A, err error) error         { return err }
func err3[A, B any](_ A, _ B, err error) error { return err }
