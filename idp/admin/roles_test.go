package admin_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

func (w *world) active() (names []string) {
	w.Helper()
	roles, err := w.admin.ActiveRoles(w.ctx, op, tenantID)
	w.must(err)
	for _, r := range roles {
		names = append(names, r.Name)
		if !idp.IsID(r.RoleID) || r.RoleID == r.TemplateID {
			w.Errorf("%+v", r)
		}
	}
	return names
}

// TestActivateRole: a role is taken into use from its template once; the Global
// Administrator is in use from the beginning.
func TestActivateRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := w.active(); !slices.Equal(got, []string{idp.GlobalAdministrator}) {
		t.Errorf("a fresh tenant has %v", got)
	}
	reader, _ := idp.FindRole(idp.GlobalReader)
	w.pass(time.Minute)
	a, err := w.admin.ActivateRole(w.ctx, op, tenantID, reader.TemplateID)
	w.must(err)
	if a.Role != reader || !idp.IsID(a.RoleID) {
		t.Errorf("%+v", a)
	}
	w.wantEvent(op.Party, idp.Party{Type: "role", ID: a.RoleID, Name: idp.GlobalReader}, "Add role from template", "RoleManagement", "Core Directory", "")
	if got := w.active(); !slices.Equal(got, []string{idp.GlobalAdministrator, idp.GlobalReader}) {
		t.Errorf("%v", got)
	}
	activate := func(role string) func() error {
		return func() error { return err2(w.admin.ActivateRole(w.ctx, op, tenantID, role)) }
	}
	there := func(role string) string { return "The role " + role + " is in use already." }
	w.wantError("again", idp.Conflict, there(reader.Name), activate(reader.TemplateID))
	w.wantError("again by name", idp.Conflict, there(idp.GlobalReader), activate("global READER"))
	w.wantError("from the beginning", idp.Conflict, there(idp.GlobalAdministrator), activate(idp.GlobalAdministrator))
	w.wantError("by its id", idp.NotFound, `There is no role "`+a.RoleID+`".`, activate(a.RoleID))
	w.wantError("unknown", idp.NotFound, `There is no role "Boss".`, activate("Boss"))
	w.person("sec", idp.SecurityReader)
	w.wantError("somebody has it", idp.Conflict, there(idp.SecurityReader), activate(idp.SecurityReader))
}

// TestAssignRole: a role is given and taken, by its name or template, to whom there is.
func TestAssignRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	desk, _ := idp.FindRole(idp.AuthenticationAdministrator)
	w.pass(time.Minute)
	a, err := w.admin.AssignRole(w.ctx, op, tenantID, desk.TemplateID, "ANNA@contoso.example")
	w.must(err)
	if a.Role != desk || a.User.UserID != w.user.UserID || !slices.Equal(get[idp.User](w, w.user.UserID).Roles, []string{desk.Name}) {
		t.Errorf("%+v", a)
	}
	w.wantEvent(op.Party, userParty(w.user), "Add member to role", "RoleManagement", "Core Directory", "")
	details := map[string]string{"role": desk.Name, "roleTemplateId": desk.TemplateID}
	if d := w.newest().Details; !maps.Equal(d, details) {
		t.Errorf("%v", d)
	}
	if !slices.Contains(w.active(), desk.Name) {
		t.Error("a role that is given is not in use")
	}
	assign := func(role, name string) func() error {
		return func() error { return err2(w.admin.AssignRole(w.ctx, op, tenantID, role, name)) }
	}
	remove := func(role, name string) func() error {
		return func() error { return w.admin.RemoveRole(w.ctx, op, tenantID, role, name) }
	}
	w.wantError("again", idp.Conflict, name+" has the role Authentication Administrator already.", assign("authentication administrator", w.user.UserID))
	w.wantError("no role", idp.NotFound, `There is no role "Boss".`, assign("Boss", name))
	w.wantError("no user", idp.NotFound, `There is no user "x".`, assign(desk.Name, "x"))
	w.wantError("not held", idp.NotFound, name+" does not have the role Global Reader.", remove(idp.GlobalReader, name))
	w.wantError("no role", idp.NotFound, `There is no role "Boss".`, remove("Boss", name))
	w.must(assign(idp.GlobalReader, name)())
	w.pass(time.Minute)
	w.must(remove(desk.Name, w.user.UserID)())
	w.wantEvent(op.Party, userParty(w.user), "Remove member from role", "RoleManagement", "Core Directory", "")
	if d := w.newest().Details; !maps.Equal(d, details) {
		t.Errorf("%v", d)
	}
	if got := get[idp.User](w, w.user.UserID).Roles; !slices.Equal(got, []string{idp.GlobalReader}) {
		t.Errorf("%v", got)
	}
	if !slices.Contains(w.active(), desk.Name) {
		t.Error("a role that was taken into use is no longer")
	}
	w.must(assign(desk.Name, name)())
}

// TestRoleTakesEffect: what a role lets people do begins and ends with it.
func TestRoleTakesEffect(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.newUser("bob@contoso.example")
	give := func() error {
		return err3(w.admin.CreatePass(w.ctx, idp.Person(tenantID, get[idp.User](w, w.user.UserID)), tenantID, bob.UserID, idp.PassRequest{}))
	}
	w.wantRefused("before", give)
	w.must(err2(w.admin.AssignRole(w.ctx, op, tenantID, idp.AuthenticationAdministrator, name)))
	w.must(give())
	w.must(err2(w.admin.AssignRole(w.ctx, op, tenantID, idp.GlobalReader, bob.UserID)))
	w.wantRefused("whom it is about has one too", give)
	w.must(w.admin.RemoveRole(w.ctx, op, tenantID, idp.GlobalReader, bob.UserID))
	w.must(give())
	w.must(w.admin.RemoveRole(w.ctx, op, tenantID, idp.AuthenticationAdministrator, name))
	w.wantRefused("after", give)
}

// TestRoleAssignments: who has which role, in the order of the roles, and by pages.
func TestRoleAssignments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if all, err := w.admin.RoleAssignments(w.ctx, op, tenantID); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
	want := map[string][]string{}
	for i, roles := range [][]string{
		{idp.SecurityReader}, {idp.GlobalReader, idp.GlobalAdministrator}, {idp.GlobalReader}, {}, {idp.GlobalReader, idp.SecurityReader}, {idp.GlobalReader},
	} {
		a := w.person("p"+string(rune('a'+i)), roles...)
		for _, r := range roles {
			want[r] = append(want[r], a.ID)
		}
	}
	all, err := w.admin.RoleAssignments(w.ctx, op, tenantID)
	w.must(err)
	got, order := map[string][]string{}, []string{}
	for _, a := range all {
		got[a.Role.Name] = append(got[a.Role.Name], a.User.UserID)
		if !slices.Contains(order, a.Role.Name) {
			order = append(order, a.Role.Name)
		}
	}
	for _, ids := range want {
		slices.Sort(ids)
	}
	if !maps.EqualFunc(got, want, slices.Equal) || !slices.Equal(order, []string{idp.GlobalAdministrator, idp.GlobalReader, idp.SecurityReader}) {
		t.Errorf("%v in the order %v, want %v", got, order, want)
	}
	for role, ids := range want {
		for limit := range 4 {
			if got := w.holders(role, limit); !slices.Equal(got, ids) {
				t.Errorf("%s by %d: %v, want %v", role, limit, got, ids)
			}
		}
	}
	if got := w.holders(idp.UserAdministrator, 1); len(got) != 0 {
		t.Errorf("%v", got)
	}
	w.wantError("no role", idp.NotFound, `There is no role "x".`, func() error {
		return err3(w.admin.Holders(w.ctx, op, tenantID, "x", storage.Page{}))
	})
}

func (w *world) holders(role string, limit int) (ids []string) {
	w.Helper()
	for page := (storage.Page{Limit: limit}); ; {
		us, next, err := w.admin.Holders(w.ctx, op, tenantID, role, page)
		w.must(err)
		for _, u := range us {
			ids = append(ids, u.UserID)
		}
		if page.After = next; next == "" {
			return ids
		}
	}
}

// TestRolesTwice: a role that is named twice is held once.
func TestRolesTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, err := w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{Roles: &[]string{idp.GlobalReader, idp.GlobalReader}})
	if err != nil { // refused is as good
		return
	}
	if got := w.holders(idp.GlobalReader, 0); len(got) != 1 {
		t.Errorf("%v", got)
	}
	w.must(w.admin.RemoveRole(w.ctx, op, tenantID, idp.GlobalReader, u.UserID))
	if got := w.holders(idp.GlobalReader, 0); len(got) != 0 {
		t.Errorf("taken away and still there: %v", got)
	}
}

// TestLastGlobalAdministrator: no administrator leaves an organization without one; an
// operator, who could bring one back, may.
func TestLastGlobalAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, err := w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "ada@contoso.example", DisplayName: "Ada", Roles: []string{idp.GlobalAdministrator}})
	if err != nil {
		t.Fatal(err)
	}
	self := idp.Person(tenantID, ada)
	for what, do := range map[string]func() error{
		"role": func() error { return w.admin.RemoveRole(w.ctx, self, tenantID, idp.GlobalAdministrator, ada.UserID) },
		"update": func() error {
			return err2(w.admin.UpdateUser(w.ctx, self, tenantID, ada.UserID, admin.UserChange{Roles: &[]string{}}))
		},
		"delete": func() error { return w.admin.DeleteUser(w.ctx, self, tenantID, ada.UserID) },
	} {
		w.wantError(what, idp.Conflict, "ada@contoso.example is the last Global Administrator: give somebody else the role first.", do)
	}
	if _, err := w.admin.AssignRole(w.ctx, self, tenantID, idp.GlobalAdministrator, w.user.UserID); err != nil {
		t.Fatal(err)
	}
	if err := w.admin.DeleteUser(w.ctx, self, tenantID, ada.UserID); err != nil {
		t.Errorf("one of two: %v", err)
	}
	if err := w.admin.RemoveRole(w.ctx, op, tenantID, idp.GlobalAdministrator, w.user.UserID); err != nil {
		t.Errorf("an operator: %v", err)
	}
}
