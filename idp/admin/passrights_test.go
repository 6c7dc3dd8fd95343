package admin_test

import (
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

// TestPassesOfWhom: who looks after the sign-in of ordinary people reaches nobody who
// could do more, and the privileged administrator reaches everybody.
func TestPassesOfWhom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	targets := map[string]idp.Actor{}
	for who, roles := range map[string][]string{
		"ordinary": nil, "guarded": nil, "password administrator": {idp.PasswordAdministrator}, "inviter": {idp.GuestInviter},
		"another of the desk": {idp.AuthenticationAdministrator}, "users administrator": {idp.UserAdministrator}, "chief": {idp.GlobalAdministrator},
		"reader": {idp.GlobalReader}, "one limited role of two": {idp.PasswordAdministrator, idp.SecurityReader}, "methods": {idp.PrivilegedAuthenticationAdmin},
	} {
		targets[who] = w.person("target"+string(rune('a'+len(targets))), roles...)
	}
	w.guardedGroup(targets["guarded"].ID)
	beyond := map[string]bool{"guarded": true, "users administrator": true, "chief": true, "reader": true, "one limited role of two": true, "methods": true}
	for _, c := range []struct {
		who    idp.Actor
		reads  func(target string) bool
		writes func(target string) bool
	}{
		{w.person("desk", idp.AuthenticationAdministrator), func(t string) bool { return !beyond[t] }, func(t string) bool { return !beyond[t] }},
		{through(w.person("desk2", idp.AuthenticationAdministrator), passApp), func(t string) bool { return !beyond[t] }, func(t string) bool { return !beyond[t] }},
		{w.person("pia", idp.PrivilegedAuthenticationAdmin), everybody, everybody},
		{w.person("ada", idp.GlobalAdministrator), everybody, everybody},
		{w.person("rea", idp.GlobalReader), everybody, nobody},
		{w.person("help", idp.HelpdeskAdministrator), nobody, nobody},
		{w.person("una", idp.UserAdministrator), nobody, nobody},
		{w.person("pol", idp.AuthenticationPolicyAdministrator), nobody, nobody},
		{app(passApp), everybody, everybody},
		{app("UserAuthMethod-TAP.Read.All"), everybody, nobody},
		{through(w.person("ada2", idp.GlobalAdministrator), "UserAuthMethod-TAP.Read.All"), everybody, nobody},
	} {
		for name, target := range targets {
			what := c.who.Name + " and " + name
			want := func(deed string, may bool, do func() error) {
				t.Helper()
				if !may {
					w.wantRefused(what+": "+deed, do)
				} else if err := do(); err != nil {
					t.Errorf("%s: %s: %v", what, deed, err)
				}
			}
			want("create", c.writes(name), func() error { return err3(w.admin.CreatePass(w.ctx, c.who, tenantID, target.ID, idp.PassRequest{})) })
			w.givePass(target.ID, idp.PassRequest{})
			want("read", c.reads(name), func() error { return err2(w.admin.Pass(w.ctx, c.who, tenantID, target.Name)) })
			want("delete", c.writes(name), func() error { return w.admin.DeletePass(w.ctx, c.who, tenantID, target.ID, "") })
			w.givePass(target.ID, idp.PassRequest{})
		}
		infos, _, err := w.admin.Passes(w.ctx, c.who, tenantID, storage.Page{})
		seen := 0
		for name := range targets {
			if c.reads(name) {
				seen++
			}
		}
		if len(infos) != seen || (err == nil) != (seen > 0) {
			t.Errorf("%s sees %d of %d passes: %v", c.who.Name, len(infos), seen, err)
		}
	}
}

func everybody(string) bool { return true }
func nobody(string) bool    { return false }

// TestOwnPass: people see and delete their own pass and make none, whatever they may
// do to others, in the words other software matches on.
func TestOwnPass(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const own = "Self-service operations are currently not supported for user "
	for _, roles := range [][]string{nil, {idp.AuthenticationAdministrator}, {idp.PrivilegedAuthenticationAdmin}, {idp.GlobalAdministrator}} {
		me := w.person("me"+string(rune('a'+len(roles)))+idp.NewID()[:4], roles...)
		create := func(a idp.Actor) func() error {
			return func() error { return err3(w.admin.CreatePass(w.ctx, a, tenantID, me.Name, idp.PassRequest{})) }
		}
		w.wantError("create", idp.Forbidden, own+me.ID+".", create(me))
		w.wantError("create through an app", idp.Forbidden, own+me.ID+".", create(through(me, idp.Permissions()...)))
		w.wantError("none", idp.NotFound, me.Name+" has no Temporary Access Pass.", func() error { return err2(w.admin.Pass(w.ctx, me, tenantID, me.ID)) })
		p, _ := w.givePass(me.ID, idp.PassRequest{})
		if info, err := w.admin.Pass(w.ctx, me, tenantID, me.ID); err != nil || info.Pass.PassID != p.PassID {
			t.Errorf("%v: %+v, %v", roles, info, err)
		}
		w.must(err2(w.admin.Pass(w.ctx, through(me, "UserAuthMethod-TAP.Read"), tenantID, me.ID)))
		w.wantRefused("delete through an app that reads", func() error {
			return w.admin.DeletePass(w.ctx, through(me, "UserAuthMethod-TAP.Read"), tenantID, me.ID, "")
		})
		w.pass(someWhen)
		w.must(w.admin.DeletePass(w.ctx, through(me, "UserAuthMethod-TAP.ReadWrite"), tenantID, me.ID, p.PassID))
		w.wantEvent(me.Party, me.Party, "User deleted security info", "UserManagement", "Authentication Methods", "User deleted temporary access pass method")
		if e := w.newest(); e.App.Name != "Onboarding" {
			t.Errorf("the app is not told: %+v", e)
		}
	}
	w.givePass(name, idp.PassRequest{})
	nosy := w.person("nosy")
	w.wantRefused("another's", func() error { return err2(w.admin.Pass(w.ctx, nosy, tenantID, name)) })
}
