package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

func TestCreateUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Minute)
	u, err := w.admin.CreateUser(w.ctx, op, "contoso.example", idp.User{UserID: "mine", PrincipalName: " BOB@Contoso.Test", DisplayName: "Bob", Roles: []string{"Global Reader"}})
	w.must(err)
	if !idp.IsID(u.UserID) || u.PrincipalName != "bob@contoso.test" || u.Type != idp.Member || !u.CreatedAt.Equal(w.now()) {
		t.Errorf("%+v", u)
	}
	w.wantEvent(op.Party, userParty(u), "Add user", "UserManagement", "Core Directory", "")
	for _, name := range []string{u.UserID, "bob@contoso.test", "BOB@contoso.test"} {
		if got, err := w.admin.User(w.ctx, op, tenantID, name); err != nil || got.UserID != u.UserID {
			t.Errorf("%q: %v, %v", name, got, err)
		}
	}
	create := func(u idp.User) func() error {
		return func() error { _, err := w.admin.CreateUser(w.ctx, op, tenantID, u); return err }
	}
	w.wantError("again", idp.Conflict, "There is a user bob@contoso.test already.", create(idp.User{PrincipalName: "Bob@contoso.test", DisplayName: "Bob"}))
	w.wantError("name", idp.Invalid, "A user name looks like an e-mail address: name@contoso.example.", create(idp.User{PrincipalName: "bob", DisplayName: "Bob"}))
	w.wantError("domain", idp.Invalid, `"fabrikam.example" is not a domain of Contoso. Its domains: contoso.example, contoso.test.`, create(idp.User{PrincipalName: "bob@fabrikam.example", DisplayName: "Bob"}))
	w.wantError("display name", idp.Invalid, "A user needs a display name of at most 256 bytes, without control characters.", create(idp.User{PrincipalName: "c@contoso.example"}))
	w.wantError("group", idp.NotFound, `There is no group "`+nobodyID+`".`, create(idp.User{PrincipalName: "c@contoso.example", DisplayName: "C", Groups: []string{nobodyID}}))
	w.wantError("user", idp.NotFound, `There is no user "c@contoso.example".`, func() error { _, err := w.admin.User(w.ctx, op, tenantID, "c@contoso.example"); return err })
	if _, err := w.admin.CreateUser(w.ctx, op, "x", idp.User{PrincipalName: name, DisplayName: "A"}); idp.ErrorCode(err) != idp.NotFound {
		t.Error(err)
	}
}

// TestCreateUserParallel: of 50 users of one name made at once there is one.
func TestCreateUserParallel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made sync.Map
	var crowd sync.WaitGroup
	for i := range 50 {
		crowd.Go(func() {
			spelling := []string{"Carl@contoso.example", "CARL@contoso.example"}[i%2]
			u, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: spelling, DisplayName: fmt.Sprint(i)})
			switch {
			case err == nil:
				made.Store(u.UserID, true)
			case idp.ErrorCode(err) != idp.Conflict:
				t.Error(err)
			}
		})
	}
	crowd.Wait()
	n := 0
	made.Range(func(any, any) bool { n++; return true })
	if users := all[idp.User](w); n != 1 || len(users) != 2 {
		t.Errorf("%d made, %d users", n, len(users))
	}
}

func TestUpdateUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newUser("bob@contoso.example")
	w.pass(time.Minute)
	guest := idp.InternalGuest
	u, err := w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{
		PrincipalName: new("Anna.Berg@contoso.test"), DisplayName: new("Anna Berg"), Type: &guest, Disabled: new(true),
		Roles: &[]string{"Global Administrator"}, Profile: &idp.Profile{Locale: "sv", Email: "anna@example.com"},
	})
	w.must(err)
	if u.UserID != w.user.UserID || u.PrincipalName != "anna.berg@contoso.test" || !u.Disabled || u.Type != guest || u.Profile.Locale != "sv" || !u.Profile.UpdatedAt.Equal(w.now()) || !u.CreatedAt.Equal(w.user.CreatedAt) {
		t.Errorf("%+v", u)
	}
	w.wantEvent(op.Party, userParty(u), "Update user", "UserManagement", "Core Directory", "")
	if _, err := w.admin.User(w.ctx, op, tenantID, name); idp.ErrorCode(err) != idp.NotFound {
		t.Errorf("the old name still leads to her: %v", err)
	}
	same, err := w.admin.UpdateUser(w.ctx, op, tenantID, u.UserID, admin.UserChange{})
	if err != nil || same.DisplayName != "Anna Berg" || !same.Disabled || len(same.Roles) != 1 {
		t.Errorf("%+v, %v", same, err)
	}
	update := func(name string, c admin.UserChange) func() error {
		return func() error { _, err := w.admin.UpdateUser(w.ctx, op, tenantID, name, c); return err }
	}
	w.wantError("taken", idp.Conflict, "Another user has that name.", update(u.UserID, admin.UserChange{PrincipalName: new("BOB@contoso.example")}))
	w.wantError("no name", idp.Invalid, "A user name looks like an e-mail address: name@contoso.example.", update(u.UserID, admin.UserChange{PrincipalName: new("")}))
	w.wantError("role", idp.Invalid, `The role "Boss" is none of: `+strings.Join(idp.RoleNames(), "; ")+".", update(u.UserID, admin.UserChange{Roles: &[]string{"Boss"}}))
	w.wantError("nobody", idp.NotFound, `There is no user "x".`, update("x", admin.UserChange{}))
}

func TestRevokeSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, g := w.resting(w.user.UserID, "passkey")
	w.pass(time.Minute)
	u, err := w.admin.RevokeSessions(w.ctx, op, tenantID, name)
	w.must(err)
	w.wantEvent(op.Party, userParty(u), "Update StsRefreshTokenValidFrom Timestamp", "UserManagement", "Core Directory", "")
	if s.Live(u, w.now()) || g.Check(u, w.now()) != idp.GrantRevoked {
		t.Error("a session or grant of before is good")
	}
	if s, g := w.resting(w.user.UserID, "passkey"); !s.Live(u, w.now()) || g.Check(u, w.now()) != 0 {
		t.Error("a new one is not")
	}
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.givePass(name, idp.PassRequest{})
	w.pass(time.Minute)
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, name))
	w.wantEvent(op.Party, userParty(w.user), "Delete user", "UserManagement", "Core Directory", "")
	if users, _, _ := w.admin.Users(w.ctx, op, tenantID, storage.Page{}); len(users) != 0 || len(all[idp.Pass](w)) != 0 {
		t.Errorf("%v", users)
	}
	if infos, _, err := w.admin.Passes(w.ctx, op, tenantID, storage.Page{}); len(infos) != 0 || err != nil {
		t.Errorf("%v, %v", infos, err)
	}
	w.wantError("again", idp.NotFound, `There is no user "anna@contoso.example".`, func() error { return w.admin.DeleteUser(w.ctx, op, tenantID, name) })
	if again := w.newUser(name); again.UserID == w.user.UserID {
		t.Error("an id is used again")
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Minute)
	g, err := w.admin.CreateGroup(w.ctx, op, tenantID, idp.Group{Name: "All Staff", Description: "everybody here"})
	w.must(err)
	party := idp.Party{Type: "group", ID: g.GroupID, Name: "All Staff"}
	w.wantEvent(op.Party, party, "Add group", "GroupManagement", "Core Directory", "")
	for _, name := range []string{g.GroupID, "all staff", "ALL STAFF"} {
		if got, err := w.admin.Group(w.ctx, op, tenantID, name); err != nil || got.GroupID != g.GroupID || got.Description != "everybody here" {
			t.Errorf("%q: %v, %v", name, got, err)
		}
	}
	create := func(name string) func() error {
		return func() error { _, err := w.admin.CreateGroup(w.ctx, op, tenantID, idp.Group{Name: name}); return err }
	}
	remove := func(name string) func() error {
		return func() error { return w.admin.DeleteGroup(w.ctx, op, tenantID, name) }
	}
	member := func(do func() (*idp.User, error)) func() error { return func() error { _, err := do(); return err } }
	add := func(group, name string) func() error {
		return member(func() (*idp.User, error) { return w.admin.AddMember(w.ctx, op, tenantID, group, name) })
	}
	leave := func(group, name string) func() error {
		return member(func() (*idp.User, error) { return w.admin.RemoveMember(w.ctx, op, tenantID, group, name) })
	}
	w.wantError("again", idp.Conflict, `There is a group "ALL STAFF" already.`, create("ALL STAFF"))
	w.wantError("no name", idp.Invalid, "A group needs a name of at most 256 bytes, without control characters.", create("\n"))
	w.wantError("no group", idp.NotFound, `There is no group "x".`, remove("x"))
	w.wantError("no group", idp.NotFound, `There is no group "x".`, add("x", name))
	w.wantError("no user", idp.NotFound, `There is no user "x".`, add("all staff", "x"))
	w.wantError("no member", idp.NotFound, "anna@contoso.example is no member of All Staff.", leave("all staff", name))
	w.pass(time.Minute)
	w.must(add("all staff", name)())
	w.wantEvent(op.Party, userParty(w.user), "Add member to group", "GroupManagement", "Core Directory", "")
	w.wantError("member already", idp.Conflict, "anna@contoso.example is a member of All Staff already.", add(g.GroupID, name))
	if us, _, err := w.admin.Members(w.ctx, op, tenantID, "all staff", storage.Page{}); err != nil || len(us) != 1 || us[0].UserID != w.user.UserID {
		t.Errorf("%v, %v", us, err)
	}
	if _, _, err := w.admin.Members(w.ctx, op, tenantID, "x", storage.Page{}); idp.ErrorCode(err) != idp.NotFound {
		t.Error(err)
	}
	w.pass(time.Minute)
	w.must(leave("all staff", name)())
	w.wantEvent(op.Party, userParty(w.user), "Remove member from group", "GroupManagement", "Core Directory", "")
	w.change(admin.PassPolicyChange{Exclude: &[]idp.Target{{Type: "group", ID: g.GroupID}}})
	w.wantError("in the policy", idp.Conflict, "The pass policy names the group All Staff. Change the policy first.", remove("all staff"))
	w.change(admin.PassPolicyChange{Exclude: &[]idp.Target{}})
	w.pass(time.Minute)
	w.must(remove("all staff")())
	w.wantEvent(op.Party, party, "Delete group", "GroupManagement", "Core Directory", "")
	for _, n := range []string{"a", "b", "c"} {
		w.newGroup(n)
	}
	first, next, err := w.admin.Groups(w.ctx, op, tenantID, storage.Page{Limit: 2})
	rest, end, err2 := w.admin.Groups(w.ctx, op, tenantID, storage.Page{Limit: 2, After: next})
	if err != nil || err2 != nil || len(first) != 2 || len(rest) != 1 || next == "" || end != "" {
		t.Errorf("%v %q, %v %q, %v %v", first, next, rest, end, err, err2)
	}
}

// TestTenantsApart: what one tenant has, another neither finds nor changes.
func TestTenantsApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := &idp.Tenant{TenantID: nobodyID, Name: "Fabrikam", Domains: []string{"fabrikam.example"}}
	w.must(w.store.Update(w.ctx, storage.System, func(tx *storage.Tx) error { return tx.Put(other) }))
	p, _ := w.givePass(name, idp.PassRequest{})
	g := w.newGroup("Staff")
	for what, do := range map[string]func() error{
		"user": func() error { _, err := w.admin.User(w.ctx, op, nobodyID, w.user.UserID); return err },
		"update": func() error {
			_, err := w.admin.UpdateUser(w.ctx, op, nobodyID, w.user.UserID, admin.UserChange{})
			return err
		},
		"delete":      func() error { return w.admin.DeleteUser(w.ctx, op, nobodyID, w.user.UserID) },
		"pass":        func() error { _, err := w.admin.Pass(w.ctx, op, nobodyID, w.user.UserID); return err },
		"delete pass": func() error { return w.admin.DeletePass(w.ctx, op, nobodyID, w.user.UserID, p.PassID) },
		"group":       func() error { return w.admin.DeleteGroup(w.ctx, op, nobodyID, g.GroupID) },
	} {
		if err := do(); idp.ErrorCode(err) != idp.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	users, _, err := w.admin.Users(w.ctx, op, nobodyID, storage.Page{})
	if err != nil || len(users) != 0 || slices.ContainsFunc(all[idp.Pass](w), func(q *idp.Pass) bool { return q.PassID != p.PassID }) {
		t.Errorf("%v, %v", users, err)
	}
}
