package admin_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// TestWhoMayEmpowerApps: who looks after applications does not make one that may more at
// the admin API than giving roles takes.
func TestWhoMayEmpowerApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const powerful = "RoleManagement.ReadWrite.Directory"
	apps := w.person("apps", idp.CloudApplicationAdministrator)
	c := idp.Client{Name: "Mine", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantClient}, Permissions: []string{idp.ScopeOf(idp.GraphID, powerful)}}
	w.wantRefused("create", func() error { return err3(w.admin.CreateClient(w.ctx, apps, tenantID, c)) })
	w.wantRefused("create by an app", func() error {
		return err3(w.admin.CreateClient(w.ctx, app("Application.ReadWrite.All"), tenantID, c))
	})
	c.Permissions = nil
	made, _, err := w.admin.CreateClient(w.ctx, apps, tenantID, c)
	w.must(err)
	more := func(c *idp.Client) { c.Permissions = []string{idp.ScopeOf(idp.GraphID, powerful)} }
	w.wantRefused("update", func() error { return err2(w.admin.UpdateClient(w.ctx, apps, tenantID, made.ClientID, more)) })
	chief := w.person("chief", idp.GlobalAdministrator)
	w.pass(time.Second)
	_, err = w.admin.UpdateClient(w.ctx, chief, tenantID, made.ClientID, more)
	w.must(err)
	told := slices.ContainsFunc(w.newest().Modified, func(m idp.Modified) bool { return m.Name == "Permissions" && strings.Contains(m.New, powerful) })
	if !told {
		t.Errorf("the log does not tell what the app was permitted: %+v", w.newest())
	}
	w.wantRefused("a new secret of what may more", func() error {
		return err3(w.admin.NewClientSecret(w.ctx, apps, tenantID, made.ClientID))
	})
}

// TestOneCanSignIn: an organization is not left with Global Administrators who cannot
// sign in.
func TestOneCanSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.person("first", idp.GlobalAdministrator), w.person("second", idp.GlobalAdministrator)
	disable := func(a idp.Actor, id string) error {
		return err2(w.admin.UpdateUser(w.ctx, a, tenantID, id, admin.UserChange{Disabled: new(true)}))
	}
	w.must(disable(first, second.ID))
	const last = "first@contoso.example is the last Global Administrator: give somebody else the role first."
	w.wantError("disable", idp.Conflict, last, func() error { return disable(first, first.ID) })
	w.wantRefused("disable by an app", func() error { return disable(app("User.ReadWrite.All"), first.ID) })
	w.wantError("delete", idp.Conflict, last, func() error { return w.admin.DeleteUser(w.ctx, first, tenantID, first.ID) })
	w.wantError("take the role", idp.Conflict, last, func() error {
		return w.admin.RemoveRole(w.ctx, first, tenantID, idp.GlobalAdministrator, first.ID)
	})
	w.must(w.admin.RemoveRole(w.ctx, first, tenantID, idp.GlobalAdministrator, second.ID)) // of one who cannot anyway
	w.must(disable(op, first.ID))
}

// TestPassFromBefore: a pass that somebody got as an ordinary user, from who may give
// passes to those alone, does not become one of an administrator.
func TestPassFromBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(admin.PassPolicyChange{Approval: new(true)})
	desk := w.person("desk", idp.AuthenticationAdministrator)
	g := w.guardedGroup()
	for what, rise := range map[string]func() error{
		"role": func() error { return err2(w.admin.AssignRole(w.ctx, op, tenantID, idp.GlobalAdministrator, name)) },
		"roles": func() error {
			return err2(w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{Roles: &[]string{idp.PrivilegedRoleAdministrator}}))
		},
		"group": func() error { return err2(w.admin.AddMember(w.ctx, op, tenantID, g.GroupID, name)) },
	} {
		_, err := w.admin.UpdateUser(w.ctx, op, tenantID, name, admin.UserChange{Roles: &[]string{}})
		w.must(err)
		w.admin.RemoveMember(w.ctx, op, tenantID, g.GroupID, name)
		w.pass(time.Second)
		_, _, err = w.admin.CreatePass(w.ctx, desk, tenantID, name, idp.PassRequest{StartsAt: w.now().Add(30 * 24 * time.Hour)})
		w.must(err)
		w.pass(time.Second)
		w.must(rise())
		if ps := all[idp.Pass](w); len(ps) != 0 {
			t.Errorf("%s: an Authentication Administrator alone holds a pass of a privileged user: %+v", what, ps)
		}
	}
}

// TestHiddenEvents: an event that some listing does not show any more is missed.
func TestHiddenEvents(t *testing.T) {
	t.Parallel()
	for _, index := range []string{"tenant", "user"} {
		d := mem.New()
		w := worldOn(t, d)
		_, err := w.admin.UpdateTenant(w.ctx, op, tenantID, admin.TenantChange{Name: new("Renamed")})
		w.must(err)
		w.wantWhole()
		removed := 0
		for _, partition := range []string{storage.System, tenantID} {
			w.must(d.Update(w.ctx, partition, func(kv storage.KV) error {
				var keys [][]byte
				err := kv.Scan(storage.Range{Prefix: []byte("i\x00audit\x00" + index)}, func(k, _ []byte) bool {
					keys = append(keys, slices.Clone(k))
					return true
				})
				for _, k := range keys {
					removed++
					if err := kv.Delete(k); err != nil {
						return err
					}
				}
				return err
			}))
		}
		if removed == 0 {
			t.Fatalf("%s: nothing was hidden", index)
		}
		r, err := w.admin.VerifyAudit(w.ctx, op, tenantID)
		w.must(err)
		system, err := w.admin.VerifySystemAudit(w.ctx, op)
		w.must(err)
		if len(r.Faults)+len(system.Faults) == 0 {
			t.Errorf("%d events are hidden from who looks by %s, and the log counts as whole", removed, index)
		}
	}
}

// TestPassesAtOnce: few codes are stretched at the same time, each of which takes 19 MiB.
func TestPassesAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var now, most atomic.Int64
	keys := w.keys.WithWatch(func(idp.Cost) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(20 * time.Millisecond)
		now.Add(-1)
	})
	s := admin.New(w.store, keys, w.now)
	var done sync.WaitGroup
	for range 40 {
		done.Go(func() { s.CreatePass(w.ctx, app(passApp), tenantID, name, idp.PassRequest{}) })
	}
	done.Wait()
	if most.Load() > 4 {
		t.Errorf("%d passes are made at the same time", most.Load())
	}
}

// TestAppsAndThePowerful: an app alone does not take over, put out of action or remove
// privileged users, as it does not reset their redemption.
func TestAppsAndThePowerful(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	info, err := w.admin.Invite(w.ctx, op, tenantID, admin.InvitationRequest{Email: "eva@partner.example", RedirectURL: "https://app.example/", Member: true})
	w.must(err)
	_, err = w.admin.AssignRole(w.ctx, op, tenantID, idp.GlobalAdministrator, info.User.UserID)
	w.must(err)
	robot := app("User.ReadWrite.All")
	w.wantRefused("reset", func() error {
		return err2(w.admin.Invite(w.ctx, robot, tenantID, admin.InvitationRequest{Email: "evil@attacker.example", RedirectURL: "https://app.example/", Reset: info.User.UserID}))
	})
	w.wantRefused("mail", func() error {
		return err2(w.admin.UpdateUser(w.ctx, robot, tenantID, info.User.UserID, admin.UserChange{}, func(u *idp.User) { u.Profile.Email = "evil@attacker.example" }))
	})
	w.person("chief", idp.GlobalAdministrator)
	w.wantRefused("delete", func() error { return w.admin.DeleteUser(w.ctx, robot, tenantID, "chief@contoso.example") })
}

// TestApproverNoLonger: what somebody approved who may not any more, because they lost
// the role, were disabled or are gone, has to be approved anew.
func TestApproverNoLonger(t *testing.T) {
	t.Parallel()
	for what, end := range map[string]func(w *world, id string) error{
		"role": func(w *world, id string) error {
			return w.admin.RemoveRole(w.ctx, op, tenantID, idp.PrivilegedAuthenticationAdmin, id)
		},
		"disabled": func(w *world, id string) error {
			return err2(w.admin.UpdateUser(w.ctx, op, tenantID, id, admin.UserChange{Disabled: new(true)}))
		},
		"deleted": func(w *world, id string) error { return w.admin.DeleteUser(w.ctx, op, tenantID, id) },
	} {
		w := newWorld(t)
		w.change(admin.PassPolicyChange{Approval: new(true)})
		chief, first, second := w.person("chief", idp.GlobalAdministrator), w.person("first", idp.PrivilegedAuthenticationAdmin), w.person("second", idp.PrivilegedAuthenticationAdmin)
		third := w.person("third", idp.PrivilegedAuthenticationAdmin)
		ask := func() string {
			w.pass(time.Second)
			_, secret, err := w.admin.CreatePass(w.ctx, first, tenantID, chief.ID, idp.PassRequest{})
			w.must(err)
			return secret
		}
		ask()
		w.must(err2(w.admin.ApprovePass(w.ctx, second, tenantID, chief.ID)))
		w.must(end(w, second.ID))
		if ask() != "" {
			t.Errorf("%s: the approval of who may not approve is worth a pass of the Global Administrator", what)
			continue
		}
		w.must(err2(w.admin.ApprovePass(w.ctx, third, tenantID, chief.ID)))
		if ask() == "" {
			t.Errorf("%s: no pass after it was approved anew", what)
		}
	}
}
