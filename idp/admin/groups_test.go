package admin_test

import (
	"fmt"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// TestGuardedGroups: a group that roles can be given to is made, changed, filled and
// deleted by who may give roles, and stays what it is.
func TestGuardedGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users, chief := w.person("users", idp.UserAdministrator), w.person("chief", idp.GlobalAdministrator)
	create := func(a idp.Actor, g idp.Group) func() error {
		return func() error { return err2(w.admin.CreateGroup(w.ctx, a, tenantID, g)) }
	}
	w.wantRefused("make", create(users, idp.Group{Name: guarded, Guarded: true}))
	w.must(create(chief, idp.Group{Name: guarded, Guarded: true})())
	w.must(create(users, idp.Group{Name: "Staff"})())
	w.must(create(app("RoleManagement.ReadWrite.Directory", "Group.ReadWrite.All"), idp.Group{Name: "By an app", Guarded: true})())
	w.wantRefused("an app that gives no roles", create(app("Group.ReadWrite.All"), idp.Group{Name: "X", Guarded: true}))
	g, err := w.admin.Group(w.ctx, users, tenantID, guarded)
	if err != nil || !g.Guarded {
		t.Fatalf("%+v, %v", g, err)
	}
	for what, do := range map[string]func() error{
		"rename": func() error {
			return err2(w.admin.UpdateGroup(w.ctx, users, tenantID, guarded, admin.GroupChange{Name: new("X")}))
		},
		"touch":  func() error { return err2(w.admin.UpdateGroup(w.ctx, users, tenantID, g.GroupID, admin.GroupChange{})) },
		"delete": func() error { return w.admin.DeleteGroup(w.ctx, users, tenantID, g.GroupID) },
		"fill":   func() error { return err2(w.admin.AddMember(w.ctx, users, tenantID, guarded, name)) },
		"empty":  func() error { return err2(w.admin.RemoveMember(w.ctx, users, tenantID, guarded, name)) },
		"fill by an app": func() error {
			return err2(w.admin.AddMember(w.ctx, app("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"), tenantID, guarded, name))
		},
	} {
		w.wantRefused(what, do)
	}
	w.must(err2(w.admin.AddMember(w.ctx, chief, tenantID, guarded, name)))
	changed, err := w.admin.UpdateGroup(w.ctx, chief, tenantID, guarded, admin.GroupChange{Name: new("Directors"), Description: new("of the company")})
	if err != nil || !changed.Guarded {
		t.Errorf("%+v, %v", changed, err)
	}
	w.must(w.admin.DeleteGroup(w.ctx, chief, tenantID, "Directors"))
	if u := get[idp.User](w, w.user.UserID); len(u.Groups) != 0 {
		t.Errorf("%v", u.Groups)
	}
	for what, do := range map[string]func() error{
		"rename": func() error {
			return err2(w.admin.UpdateGroup(w.ctx, users, tenantID, "Staff", admin.GroupChange{Name: new("All")}))
		},
		"fill": func() error { return err2(w.admin.AddMember(w.ctx, users, tenantID, staffOf(w), name)) },
	} {
		if err := do(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	w.must(w.admin.DeleteGroup(w.ctx, users, tenantID, staffOf(w)))
}

// staffOf is the group Staff, whatever it is called by now.
func staffOf(w *world) string {
	w.Helper()
	for _, g := range all[idp.Group](w) {
		if !g.Guarded {
			return g.GroupID
		}
	}
	w.Fatal("there is no group that is not guarded")
	return ""
}

func TestUpdateGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newGroup("Others")
	g := w.newGroup("Staff")
	w.pass(time.Minute)
	got, err := w.admin.UpdateGroup(w.ctx, op, tenantID, "STAFF", admin.GroupChange{Name: new("All Staff"), Description: new("everybody"), Nickname: new("staff")})
	w.must(err)
	if read := get[idp.Group](w, g.GroupID); *read != *got || read.Name != "All Staff" || read.Description != "everybody" || read.Nickname != "staff" || !read.CreatedAt.Equal(g.CreatedAt) {
		t.Errorf("%+v", read)
	}
	w.wantEvent(op.Party, idp.Party{Type: "group", ID: g.GroupID, Name: "All Staff"}, "Update group", "GroupManagement", "Core Directory", "")
	update := func(name string, c admin.GroupChange) func() error {
		return func() error { return err2(w.admin.UpdateGroup(w.ctx, op, tenantID, name, c)) }
	}
	w.wantError("the old name", idp.NotFound, `There is no group "Staff".`, update("Staff", admin.GroupChange{}))
	w.wantError("taken", idp.Conflict, "Another group has that name.", update(g.GroupID, admin.GroupChange{Name: new("OTHERS")}))
	w.wantError("no name", idp.Invalid, "A group needs a name of at most 256 bytes, without control characters.", update(g.GroupID, admin.GroupChange{Name: new("")}))
	w.wantError("description", idp.Invalid, "A description may have at most 1,024 bytes, without control characters.", update(g.GroupID, admin.GroupChange{Description: new("\x1b")}))
	w.wantError("nickname", idp.Invalid, "A mail nickname may have at most 64 bytes, without control characters.", update(g.GroupID, admin.GroupChange{Nickname: new(fmt.Sprintf("%065d", 1))}))
	w.must(update(g.GroupID, admin.GroupChange{Name: new("all STAFF"), Description: new(""), Nickname: new("")})())
	if read := get[idp.Group](w, g.GroupID); read.Name != "all STAFF" || read.Description != "" || read.Nickname != "" {
		t.Errorf("%+v", read)
	}
}

// fill puts so many users into a group, past the use cases.
func (w *world) fill(group string, n int) {
	w.Helper()
	us := make([]storage.Record, n)
	for i := range us {
		us[i] = &idp.User{
			UserID: idp.NewID(), PrincipalName: fmt.Sprintf("u%04d-%s@contoso.example", i, idp.NewID()[:8]), DisplayName: "U", Type: idp.Member,
			Groups: []string{nobodyID, group}, CreatedAt: w.now(),
		}
	}
	w.put(us...)
}

// TestDeleteGroupOfMany: up to a thousand members leave with their group; of a larger one
// none does.
func TestDeleteGroupOfMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	large, small := w.newGroup("Large"), w.newGroup("Small")
	w.fill(large.GroupID, 1001)
	w.fill(small.GroupID, 1000)
	remove := func(name string) func() error {
		return func() error { return w.admin.DeleteGroup(w.ctx, op, tenantID, name) }
	}
	in := func(g *idp.Group) (n int) {
		for _, u := range all[idp.User](w) {
			for _, id := range u.Groups {
				if id == g.GroupID {
					n++
				}
			}
		}
		return n
	}
	w.wantError("too large", idp.Conflict, "The group Large has more than 1000 members. Remove them first.", remove("Large"))
	if n := in(large); n != 1001 {
		t.Errorf("%d members are left", n)
	}
	w.pass(time.Minute)
	w.must(remove("Small")())
	w.wantEvent(op.Party, idp.Party{Type: "group", ID: small.GroupID, Name: "Small"}, "Delete group", "GroupManagement", "Core Directory", "")
	if n := in(small); n != 0 {
		t.Errorf("%d are still in a group that is gone", n)
	}
	if n := in(&idp.Group{GroupID: nobodyID}); n != 2001 {
		t.Errorf("%d are left in their other group", n)
	}
	for _, u := range all[idp.User](w) {
		if len(u.Groups) == 2 {
			w.must(err2(w.admin.RemoveMember(w.ctx, op, tenantID, large.GroupID, u.UserID)))
			break
		}
	}
	w.must(remove(large.GroupID)())
	w.wantError("gone", idp.NotFound, `There is no group "Large".`, remove("Large"))
}

// TestDeleteGroupOfPolicy: a group that the policy names stays with its members.
func TestDeleteGroupOfPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.newGroup("Staff")
	w.must(err2(w.admin.AddMember(w.ctx, op, tenantID, "Staff", name)))
	for _, c := range []admin.PassPolicyChange{
		{Include: &[]idp.Target{{Type: "group", ID: g.GroupID}}},
		{Include: &[]idp.Target{{Type: "group", ID: idp.AllUsers}}, Exclude: &[]idp.Target{{Type: "group", ID: g.GroupID}}},
	} {
		w.change(c)
		w.wantError("named", idp.Conflict, "The pass policy names the group Staff. Change the policy first.", func() error {
			return w.admin.DeleteGroup(w.ctx, op, tenantID, "Staff")
		})
	}
	if u := get[idp.User](w, w.user.UserID); len(u.Groups) != 1 {
		t.Errorf("%v", u.Groups)
	}
}

// TestGroupsOf: the groups of a person, in the order in which they came.
func TestGroupsOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, a := w.newGroup("B"), w.newGroup("A")
	for _, g := range []*idp.Group{b, a} {
		w.must(err2(w.admin.AddMember(w.ctx, op, tenantID, g.Name, name)))
	}
	for _, who := range []idp.Actor{op, idp.Person(tenantID, w.user)} {
		gs, err := w.admin.GroupsOf(w.ctx, who, tenantID, name)
		if err != nil || len(gs) != 2 || gs[0].GroupID != b.GroupID || gs[1].GroupID != a.GroupID {
			t.Errorf("%v, %v", gs, err)
		}
	}
}

// TestGuardedGroupsAreTheRoleAdministrators: who may give roles looks after the groups that
// roles can be given to, and after no others.
func TestGuardedGroupsAreTheRoleAdministrators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pra, ua := w.person("pra", idp.PrivilegedRoleAdministrator), w.person("ua", idp.UserAdministrator)
	for guarded, who := range map[bool][2]idp.Actor{true: {pra, ua}, false: {ua, pra}} {
		may, mayNot := who[0], who[1]
		draft := idp.Group{Name: "Of " + may.Name, Guarded: guarded}
		w.wantError("create", idp.Forbidden, idp.ErrForbidden.Message, func() error { return err2(w.admin.CreateGroup(w.ctx, mayNot, tenantID, draft)) })
		g, err := w.admin.CreateGroup(w.ctx, may, tenantID, draft)
		if err != nil {
			t.Fatal(err)
		}
		change := admin.GroupChange{Description: new("looked after")}
		w.wantError("update", idp.Forbidden, idp.ErrForbidden.Message, func() error { return err2(w.admin.UpdateGroup(w.ctx, mayNot, tenantID, g.GroupID, change)) })
		w.wantError("delete", idp.Forbidden, idp.ErrForbidden.Message, func() error { return w.admin.DeleteGroup(w.ctx, mayNot, tenantID, g.GroupID) })
		if _, err := w.admin.UpdateGroup(w.ctx, may, tenantID, g.GroupID, change); err != nil {
			t.Error(err)
		}
		if err := w.admin.DeleteGroup(w.ctx, may, tenantID, g.GroupID); err != nil {
			t.Error(err)
		}
	}
}
