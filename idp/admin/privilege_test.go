package admin_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// byName are the use cases about one person, by the name of the person.
func (w *world) byName(a idp.Actor, group string) map[string]func(name string) error {
	s, ctx, t := w.admin, w.ctx, tenantID
	return map[string]func(string) error{
		"user":     func(n string) error { return err2(s.User(ctx, a, t, n)) },
		"groups":   func(n string) error { return err2(s.GroupsOf(ctx, a, t, n)) },
		"update":   func(n string) error { return err2(s.UpdateUser(ctx, a, t, n, admin.UserChange{DisplayName: new("X")})) },
		"roles":    func(n string) error { return err2(s.UpdateUser(ctx, a, t, n, admin.UserChange{Roles: &[]string{}})) },
		"sessions": func(n string) error { return err2(s.RevokeSessions(ctx, a, t, n)) },
		"delete":   func(n string) error { return s.DeleteUser(ctx, a, t, n) },
		"create":   func(n string) error { return err3(s.CreatePass(ctx, a, t, n, idp.PassRequest{})) },
		"pass":     func(n string) error { return err2(s.Pass(ctx, a, t, n)) },
		"take":     func(n string) error { return s.DeletePass(ctx, a, t, n, "") },
		"approval": func(n string) error { return err2(s.Approval(ctx, a, t, n)) },
		"approve":  func(n string) error { return err2(s.ApprovePass(ctx, a, t, n)) },
		"deny":     func(n string) error { return err2(s.DenyPass(ctx, a, t, n)) },
		"assign":   func(n string) error { return err2(s.AssignRole(ctx, a, t, idp.GlobalReader, n)) },
		"remove":   func(n string) error { return s.RemoveRole(ctx, a, t, idp.GlobalReader, n) },
		"add":      func(n string) error { return err2(s.AddMember(ctx, a, t, group, n)) },
		"leave":    func(n string) error { return err2(s.RemoveMember(ctx, a, t, group, n)) },
	}
}

// TestWhoIsThere: who may nothing does not learn who is there; who may is told that
// nobody is.
func TestWhoIsThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.newGroup("Staff")
	w.givePass(name, idp.PassRequest{})
	nothing, chief, desk := w.person("nothing"), w.person("chief", idp.GlobalAdministrator), w.person("desk", idp.AuthenticationAdministrator)
	for what, call := range w.byName(nothing, g.GroupID) {
		for _, n := range []string{name, w.user.UserID, "nobody@contoso.example", nobodyID, "", "x"} {
			w.wantRefused(what+" "+n, func() error { return call(n) })
		}
	}
	for _, n := range []string{"nobody@contoso.example", nobodyID, "x"} {
		there := `There is no user "` + n + `".`
		for what, call := range w.byName(chief, g.GroupID) {
			w.wantError(what, idp.NotFound, there, func() error { return call(n) })
		}
		calls := w.byName(desk, g.GroupID)
		for _, what := range []string{"user", "create", "pass", "take", "sessions"} {
			w.wantError(what+" of the desk", idp.NotFound, there, func() error { return calls[what](n) })
		}
		for _, what := range []string{"update", "delete", "approve", "deny", "assign", "add"} {
			w.wantRefused(what+" of the desk", func() error { return calls[what](n) })
		}
	}
	// Nor which groups there are.
	for _, group := range []string{"Staff", g.GroupID, "Nobody", nobodyID} {
		w.wantRefused("add to "+group, func() error { return err2(w.admin.AddMember(w.ctx, nothing, tenantID, group, name)) })
	}
}

// TestUserAdministratorGivesNoRoles: by no way can who looks after users make somebody an
// administrator, while who gives roles can.
func TestUserAdministratorGivesNoRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	board, staff := w.guardedGroup(), w.newGroup("Staff")
	bob := w.newUser("bob@contoso.example")
	_, err := w.admin.AddMember(w.ctx, op, tenantID, guarded, bob.UserID)
	w.must(err)
	s, ctx := w.admin, w.ctx
	made := 0
	create := func(a idp.Actor, u idp.User) error {
		made++
		u.PrincipalName, u.DisplayName = "new"+strings.Repeat("w", made)+"@contoso.example", "New"
		return err2(s.CreateUser(ctx, a, tenantID, u))
	}
	roles := &[]string{idp.PasswordAdministrator} // not even a limited one
	ways := func(a idp.Actor) []struct {
		what string
		do   func() error
	} {
		return []struct {
			what string
			do   func() error
		}{
			{"create with a role", func() error { return create(a, idp.User{Roles: *roles}) }},
			{"create in a guarded group", func() error { return create(a, idp.User{Groups: []string{staff.GroupID, board.GroupID}}) }},
			{"update the roles", func() error { return err2(s.UpdateUser(ctx, a, tenantID, name, admin.UserChange{Roles: roles})) }},
			{"assign", func() error { return err2(s.AssignRole(ctx, a, tenantID, idp.GuestInviter, name)) }},
			{"remove", func() error { return s.RemoveRole(ctx, a, tenantID, idp.GuestInviter, name) }},
			{"activate", func() error { return err2(s.ActivateRole(ctx, a, tenantID, idp.ReportsReader)) }},
			{"into a guarded group", func() error { return err2(s.AddMember(ctx, a, tenantID, board.GroupID, name)) }},
			{"into a guarded group by its name", func() error { return err2(s.AddMember(ctx, a, tenantID, "bOARD", bob.PrincipalName)) }},
			{"out of a guarded group", func() error { return err2(s.RemoveMember(ctx, a, tenantID, guarded, name)) }},
		}
	}
	users := w.person("users", idp.UserAdministrator)
	for _, way := range ways(users) {
		w.wantRefused(way.what, way.do)
	}
	w.wantRefused("roles among other changes", func() error {
		return err2(s.UpdateUser(ctx, users, tenantID, name, admin.UserChange{DisplayName: new("X"), Roles: roles}))
	})
	w.wantRefused("roles through an app that may do everything", func() error {
		return create(through(users, idp.Permissions()...), idp.User{Roles: *roles})
	})
	w.must(create(users, idp.User{Groups: []string{staff.GroupID}}))
	w.must(err2(s.UpdateUser(ctx, users, tenantID, name, admin.UserChange{DisplayName: new("Anna"), Disabled: new(false)})))
	w.must(err2(s.AddMember(ctx, users, tenantID, "Staff", name)))

	_, err = s.RemoveMember(ctx, op, tenantID, guarded, bob.UserID)
	w.must(err)
	for _, way := range ways(w.person("chief", idp.GlobalAdministrator)) {
		if err := way.do(); err != nil {
			t.Errorf("a Global Administrator: %s: %v", way.what, err)
		}
	}
	roleGiver := w.person("giver", idp.PrivilegedRoleAdministrator)
	w.must(err2(s.RemoveMember(ctx, roleGiver, tenantID, guarded, bob.UserID)))
	w.must(err2(s.AddMember(ctx, roleGiver, tenantID, board.GroupID, bob.UserID)))
	w.must(err2(s.AssignRole(ctx, roleGiver, tenantID, idp.GlobalReader, name)))
	w.must(err2(s.UpdateUser(ctx, roleGiver, tenantID, name, admin.UserChange{Roles: &[]string{}})))
	w.wantRefused("users of who gives roles", func() error { return create(roleGiver, idp.User{Roles: *roles}) })
	w.wantRefused("other groups of who gives roles", func() error { return err2(s.AddMember(ctx, roleGiver, tenantID, "Staff", bob.UserID)) })
}

// TestUserAdministratorAndThePrivileged: who looks after users leaves those alone who
// could do more.
func TestUserAdministratorAndThePrivileged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	users := w.person("users", idp.UserAdministrator)
	second := w.person("second", idp.UserAdministrator)
	reader, limited, member := w.person("reader", idp.GlobalReader), w.person("limited", idp.AuthenticationAdministrator, idp.PasswordAdministrator), w.person("member")
	board := w.guardedGroup(member.ID)
	s, ctx := w.admin, w.ctx
	touch := func(id string) map[string]func() error {
		return map[string]func() error{
			"name": func() error {
				return err2(s.UpdateUser(ctx, users, tenantID, id, admin.UserChange{DisplayName: new("X")}))
			},
			"disable": func() error {
				return err2(s.UpdateUser(ctx, users, tenantID, id, admin.UserChange{Disabled: new(true)}))
			},
			"type": func() error {
				return err2(s.UpdateUser(ctx, users, tenantID, id, admin.UserChange{Type: new(idp.InternalGuest)}))
			},
			"sessions": func() error { return err2(s.RevokeSessions(ctx, users, tenantID, id)) },
			"delete":   func() error { return s.DeleteUser(ctx, users, tenantID, id) },
		}
	}
	for _, id := range []string{reader.ID, member.ID, second.ID, reader.Name} {
		for what, do := range touch(id) {
			w.wantRefused(what+" "+id, do)
		}
		if u, err := s.User(ctx, users, tenantID, id); err != nil || u.Disabled {
			t.Errorf("%+v, %v", u, err)
		}
	}
	w.pass(time.Minute)
	w.must(s.DeleteGroup(ctx, op, tenantID, board.GroupID))
	for _, id := range []string{w.user.UserID, limited.ID, member.ID} { // one of whom the guarded group has left
		for _, what := range []string{"name", "disable", "type", "sessions", "delete"} {
			w.pass(time.Millisecond)
			if err := touch(id)[what](); err != nil {
				t.Errorf("%s %s: %v", what, id, err)
			}
		}
	}
	for what, do := range touch(users.ID) {
		if err := do(); (err == nil) != (what == "sessions") { // which everybody does for themselves
			t.Errorf("%s of oneself: %v", what, err)
		}
	}
}
