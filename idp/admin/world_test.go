package admin_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/mem"
)

const (
	tenantID = "11111111-1111-4111-8111-111111111111"
	nobodyID = "99999999-9999-4999-8999-999999999999"
	name     = "anna@contoso.example"
)

var (
	epoch = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	op    = admin.Operator("otto")
)

// world is one tenant with one user, at a time the test sets.
type world struct {
	*testing.T
	ctx   context.Context
	store *storage.Store
	keys  *idp.Keyring
	admin *admin.Service
	user  *idp.User
	mu    sync.Mutex
	at    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOn(t, mem.New())
}

func onBolt(t *testing.T) storage.Driver {
	t.Helper()
	d, err := bolt.Open(filepath.Join(t.TempDir(), "latchkey.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func worldOn(t *testing.T, d storage.Driver) *world {
	t.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	keys = keys.WithCost(idp.Cost{Passes: 1, Memory: 8})
	w := &world{T: t, ctx: context.Background(), store: storage.New(d), keys: keys, at: epoch}
	w.admin = admin.New(w.store, keys, w.now)
	tenant := &idp.Tenant{TenantID: tenantID, Name: "Contoso", Domains: []string{"contoso.example", "contoso.test"}, CreatedAt: epoch}
	w.must(w.store.Update(w.ctx, storage.System, func(tx *storage.Tx) error { return tx.Put(tenant) }))
	yes := true
	w.change(admin.PassPolicyChange{Enabled: &yes})
	w.user = w.newUser(name)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

// pass moves the clock on, so that events sort.
func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) put(records ...storage.Record) {
	w.Helper()
	w.must(w.store.Update(w.ctx, tenantID, func(tx *storage.Tx) (err error) {
		for _, r := range records {
			err = errors.Join(err, tx.Put(r))
		}
		return err
	}))
}

func (w *world) newUser(name string) *idp.User {
	w.Helper()
	w.pass(time.Millisecond)
	u, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: name, DisplayName: "Somebody"})
	w.must(err)
	return u
}

func (w *world) newGroup(name string) *idp.Group {
	w.Helper()
	w.pass(time.Millisecond)
	g, err := w.admin.CreateGroup(w.ctx, op, tenantID, idp.Group{Name: name})
	w.must(err)
	return g
}

func (w *world) change(c admin.PassPolicyChange) {
	w.Helper()
	_, err := w.admin.UpdatePassPolicy(w.ctx, op, tenantID, c)
	w.must(err)
}

func (w *world) givePass(name string, req idp.PassRequest) (*idp.Pass, string) {
	w.Helper()
	w.pass(time.Millisecond)
	info, secret, err := w.admin.CreatePass(w.ctx, op, tenantID, name, req)
	w.must(err)
	return info.Pass, secret
}

func get[T any, P interface {
	*T
	storage.Record
}](w *world, id string) (record P) {
	w.Helper()
	w.must(w.store.View(w.ctx, tenantID, func(tx *storage.Tx) (err error) {
		record, err = storage.Get[T, P](tx, id)
		return err
	}))
	return record
}

func all[T any, P interface {
	*T
	storage.Record
}](w *world) (records []P) {
	w.Helper()
	w.must(w.store.View(w.ctx, tenantID, func(tx *storage.Tx) (err error) {
		records, _, err = storage.All[T, P](tx, storage.Page{})
		return err
	}))
	return records
}

// wantEvent looks at the newest line of the audit log.
func (w *world) wantEvent(actor, target idp.Party, activity, category, service, reason string) {
	w.Helper()
	events, _, err := w.admin.Events(w.ctx, op, tenantID, idp.Directory, storage.Page{Limit: 1})
	w.must(err)
	if len(events) == 0 {
		w.Fatal("the log is empty")
	}
	e := events[0]
	if e.Actor != actor || e.Target != target || e.Activity != activity || e.Category != category || e.Service != service || e.Reason != reason {
		w.Errorf("log: %+v\nwant %+v %+v %q %q %q %q", e, actor, target, activity, category, service, reason)
	}
	if e.Result != "success" || e.Log != idp.Directory || !e.At.Equal(w.now()) {
		w.Errorf("log: %+v", e)
	}
}

// wantError compares kind and text, and that nothing was written.
func (w *world) wantError(what string, code idp.Code, text string, do func() error) {
	w.Helper()
	before := w.store.Commits()
	err := do()
	if err == nil || idp.ErrorCode(err) != code || err.Error() != text {
		w.Errorf("%s: %s %v\nwant %s %s", what, idp.ErrorCode(err), err, code, text)
	}
	if n := w.store.Commits() - before; n != 0 {
		w.Errorf("%s: %d commits", what, n)
	}
}

func userParty(u *idp.User) idp.Party {
	return idp.Party{Type: "user", ID: u.UserID, Name: u.PrincipalName}
}
