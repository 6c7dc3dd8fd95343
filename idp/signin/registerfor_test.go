package signin_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/authmethods/passkey"
	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/storage"
	"latchkey/storage/mem"
	"latchkey/storage/storetest"
)

// app is a program that may register passkeys.
func app(permissions ...string) idp.Actor {
	return idp.Actor{Party: idp.Party{Type: idp.ActorClient, ID: "provisioner", Name: "Provisioner"}, Tenant: tenantID, Permissions: permissions}
}

func provisioner() idp.Actor { return app("UserAuthMethod-Passkey.ReadWrite.All") }

// withRoles is a person who has roles.
func (w *keyWorld) withRoles(name string, roles ...string) *idp.User {
	w.Helper()
	u := w.newUser(name)
	w.setRoles(u, roles...)
	u.Roles = roles
	return u
}

func (w *keyWorld) setRoles(u *idp.User, roles ...string) {
	w.Helper()
	_, err := w.admin.UpdateUser(context.Background(), admin.Operator("test"), tenantID, u.UserID, admin.UserChange{Roles: &roles})
	w.must(err)
}

func (w *keyWorld) created(actor idp.Actor, name string) signin.Creation {
	w.Helper()
	c, err := w.signin.CreationOptions(context.Background(), actor, w.tenant, name, w.now())
	w.must(err)
	return c
}

// give finishes what was begun for a user.
func (w *keyWorld) give(actor idp.Actor, name, attestation string) (*idp.Passkey, error) {
	return w.signin.RegisterFor(context.Background(), actor, w.tenant, name, idp.Answer{passkey.AttestationField: attestation, passkey.NameField: "From the desk"}, w.now())
}

// wantError checks the kind and text of an error, and that nothing was kept.
func (w *keyWorld) wantError(err error, code idp.Code, text string) {
	w.Helper()
	if e, ok := errors.AsType[*idp.Error](err); !ok || e.Code != code || !strings.Contains(e.Message, text) {
		w.Errorf("%v, want %s: %s", err, code, text)
	}
	if n := len(all[idp.Passkey](w.world)); n != 0 {
		w.Errorf("%d passkeys", n)
	}
}

// TestRegisterFor: who gives somebody a passkey, and what is remembered of that.
func TestRegisterFor(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		actor         func(*keyWorld) idp.Actor
		givenBy       string
		forPrivileged bool
	}{
		"an app": {func(*keyWorld) idp.Actor { return provisioner() }, "Provisioner", false},
		"an administrator": {func(w *keyWorld) idp.Actor {
			return idp.Person(tenantID, w.withRoles("adam@contoso.example", idp.AuthenticationAdministrator))
		}, "adam@contoso.example", false},
		"one for privileged people": {func(w *keyWorld) idp.Actor {
			return idp.Person(tenantID, w.withRoles("eve@contoso.example", idp.PrivilegedAuthenticationAdmin))
		}, "eve@contoso.example", true},
		"the operator": {func(*keyWorld) idp.Actor { return admin.Operator("root") }, "root", true},
		"themselves": {func(w *keyWorld) idp.Actor {
			a := idp.Person(tenantID, w.user)
			a.Strong = true
			return a
		}, "", false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := keyWorldOn(t, mem.New())
			actor := c.actor(w)
			var begun signin.Creation
			if n := w.commits(func() { begun = w.created(actor, name) }); n != 0 || !begun.Ends.Equal(epoch.Add(5*time.Minute)) {
				t.Errorf("%d commits, until %s", n, begun.Ends)
			}
			k := passkeytest.New(passkeytest.ES256)
			attestation := k.Create(begun.Options)
			w.pass(5*time.Minute - 1)
			p, err := w.give(actor, w.user.UserID, attestation)
			w.must(err)
			kept := all[idp.Passkey](w.world)
			if len(kept) != 1 || kept[0].UserID != w.user.UserID || kept[0].Name != "From the desk" || kept[0].GivenBy != c.givenBy || kept[0].ForPrivileged != c.forPrivileged || kept[0].PasskeyID != p.PasskeyID || !kept[0].CreatedAt.Equal(w.now()) {
				t.Fatalf("%+v", kept)
			}
			activity, reason := "Admin registered security info", "Admin registered passkey method for user"
			if c.givenBy == "" {
				activity, reason = registered, "User registered passkey method"
			}
			e := w.audited(activity)
			if e.Result != "success" || e.Reason != reason || e.Actor != actor.Party || e.Target != idp.PartyOf(w.user) || e.Details["method"] != p.PasskeyID || e.Details["name"] != "From the desk" || e.Details["aaguid"] != model || e.Passing {
				t.Errorf("%+v", e)
			}
			w.wantMail(idp.MailMethodAdded, "From the desk", 1)
			b := w.browser()
			b.wantStep(b.show(b.atKey(), k), idp.Issue)
		})
	}
}

// TestCreationChallenge: a challenge is for one user of one tenant, and stands for five minutes.
func TestCreationChallenge(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	w.newUser("bob@contoso.example")
	other := &idp.Tenant{TenantID: otherID, Name: "Fabrikam", Domains: []string{"fabrikam.example"}, CreatedAt: epoch}
	twin := *w.user // the same person, but for the tenant
	w.must(w.store.Update(t.Context(), otherID, func(tx *storage.Tx) error { return tx.Put(&twin) }))
	k := passkeytest.New(passkeytest.ES256)

	_, err := w.give(provisioner(), "bob@contoso.example", k.Create(w.created(provisioner(), name).Options))
	w.wantError(err, idp.Invalid, "The challenge is not one that was made for this user.")

	elsewhere, err := w.signin.CreationOptions(t.Context(), admin.Operator("root"), other, w.user.UserID, w.now())
	w.must(err)
	_, err = w.give(provisioner(), name, k.Create(elsewhere.Options))
	w.wantError(err, idp.Invalid, "The challenge is not one that was made for this user.")

	_, code := w.oneTime()
	_, own := w.entered(name, code)
	_, err = w.give(provisioner(), name, k.Create(own.Prompt.Fields[passkey.OptionsField]))
	w.wantError(err, idp.Invalid, "The challenge is not one that was made for this user.")

	for _, attestation := range []string{"", "{}", "null", `{"response":{"clientDataJSON":"AA"}}`, `{"response":{"clientDataJSON":"e30"}}`, `{"response":{"clientDataJSON":7}}`} {
		_, err = w.give(provisioner(), name, attestation)
		w.wantError(err, idp.Invalid, "The challenge is not one that was made for this user.")
	}

	late := k.Create(w.created(provisioner(), name).Options)
	w.pass(5 * time.Minute)
	_, err = w.give(provisioner(), name, late)
	w.wantError(err, idp.Invalid, "The challenge has expired.")
}

// TestRegisterForBad: what is wrong with what was made is told, and nothing of it.
func TestRegisterForBad(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	for what, change := range map[string]func(*passkeytest.Say){
		"the user was not verified": func(s *passkeytest.Say) { s.Flags &^= passkeytest.UV },
		"Error validating origin":   func(s *passkeytest.Say) { s.Origin = "https://secret-of-the-browser.example" },
		"made for another host":     func(s *passkeytest.Say) { s.RPID = "secret-of-the-browser.example" },
	} {
		_, err := w.give(provisioner(), name, passkeytest.New(passkeytest.ES256).Create(w.created(provisioner(), name).Options, change))
		w.wantError(err, idp.Invalid, "The passkey cannot be registered: "+what+".")
		if strings.Contains(err.Error(), "secret") {
			t.Error(err)
		}
	}
}

// TestRegisterForParallel: a challenge is used once, whoever hurries.
func TestRegisterForParallel(t *testing.T) {
	t.Parallel()
	drivers(t, func(t *testing.T, n int, open func(*testing.T) storage.Driver) {
		for round := range rounds(n) {
			w := keyWorldOn(t, open(t))
			begun := w.created(provisioner(), name)
			k, made := passkeytest.New(passkeytest.ES256), make([]string, crowd)
			for i := range made {
				if round%2 == 1 {
					k = passkeytest.New(passkeytest.ES256)
				}
				made[i] = k.Create(begun.Options)
			}
			ends := atOnce(crowd, func(i int) string {
				_, err := w.give(provisioner(), name, made[i])
				if err == nil {
					return "kept"
				}
				return string(idp.ErrorCode(err))
			})
			if ends["kept"] != 1 || ends[string(idp.Conflict)] != crowd-1 || len(all[idp.Passkey](w.world)) != 1 {
				t.Fatalf("round %d: %v, %d kept", round, ends, len(all[idp.Passkey](w.world)))
			}
		}
	})
}

// TestRegisterForTaken: a credential that somebody holds is nobody else's.
func TestRegisterForTaken(t *testing.T) {
	t.Parallel()
	w, k := keyHolder(t, mem.New())
	bob := w.newUser("bob@contoso.example")
	_, err := w.give(provisioner(), bob.UserID, k.Create(w.created(provisioner(), bob.UserID).Options))
	if idp.ErrorCode(err) != idp.Conflict || !strings.Contains(err.Error(), "the credential is registered already") || len(all[idp.Passkey](w.world)) != 1 {
		t.Errorf("%v", err)
	}
}

// TestMayNotRegisterFor: who may not is told so before anything is looked at, at both ends.
func TestMayNotRegisterFor(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	boss := w.withRoles("boss@contoso.example", idp.GlobalAdministrator)
	adam := w.withRoles("adam@contoso.example", idp.AuthenticationAdministrator)
	helper := w.withRoles("helper@contoso.example", idp.HelpdeskAdministrator)
	foreign := provisioner()
	foreign.Tenant = otherID
	through := idp.Person(tenantID, adam)
	through.App = idp.Party{Type: idp.ActorClient, ID: "web"}
	self, bossSelf := idp.Person(tenantID, w.user), idp.Person(tenantID, boss)
	for what, c := range map[string]struct {
		actor idp.Actor
		name  string
		want  error
	}{
		"an app without leave":                       {app("UserAuthMethod-Passkey.Read.All"), name, idp.ErrForbidden},
		"an app, a privileged person":                {provisioner(), boss.UserID, idp.ErrForbidden},
		"another tenant's app":                       {foreign, name, idp.ErrForbidden},
		"nobody in particular":                       {idp.Person(tenantID, w.newUser("carl@contoso.example")), name, idp.ErrForbidden},
		"the helpdesk":                               {idp.Person(tenantID, helper), name, idp.ErrForbidden},
		"a role that does not reach":                 {idp.Person(tenantID, adam), boss.UserID, idp.ErrForbidden},
		"an app without leave, for an administrator": {through, name, idp.ErrForbidden},
		"no such user, no right":                     {app(), "nobody@contoso.example", idp.ErrForbidden},
		"oneself without proof":                      {self, name, idp.ErrStepUp},
		"oneself, with a role":                       {bossSelf, boss.UserID, idp.ErrStepUp},
	} {
		if _, err := w.signin.CreationOptions(t.Context(), c.actor, w.tenant, c.name, w.now()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
		made := "{}"
		if !strings.HasPrefix(c.name, "nobody") {
			made = passkeytest.New(passkeytest.ES256).Create(w.created(admin.Operator("root"), c.name).Options)
		}
		if _, err := w.give(c.actor, c.name, made); !errors.Is(err, c.want) || len(all[idp.Passkey](w.world)) != 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestTwoPersons: where the policy wants two administrators for a privileged person, none
// gives them a passkey alone.
func TestTwoPersons(t *testing.T) {
	t.Parallel()
	yes := true
	d := &storetest.Interrupted{Driver: mem.New()}
	w := keyWorldOn(t, d)
	boss := w.withRoles("boss@contoso.example", idp.GlobalAdministrator)
	eve := idp.Person(tenantID, w.withRoles("eve@contoso.example", idp.PrivilegedAuthenticationAdmin))
	made := passkeytest.New(passkeytest.ES256).Create(w.created(eve, boss.UserID).Options)
	approval := func() { w.change(admin.PassPolicyChange{Approval: &yes}) }
	d.First = approval
	_, err := w.give(eve, boss.UserID, made)
	w.wantError(err, idp.Forbidden, "The policy wants two administrators")
	_, err = w.give(eve, boss.UserID, made)
	w.wantError(err, idp.Forbidden, "The policy wants two administrators")
	_, err = w.signin.CreationOptions(t.Context(), eve, w.tenant, boss.UserID, w.now())
	w.wantError(err, idp.Forbidden, "The policy wants two administrators")
	self := idp.Person(tenantID, boss)
	self.Strong = true
	_, err = w.give(self, boss.UserID, made)
	w.must(err)
}

// TestTwoPersonsFromBefore: nor does one give it alone while the person is an ordinary one, and
// raise them then.
func TestTwoPersonsFromBefore(t *testing.T) {
	t.Parallel()
	for _, two := range []bool{true, false} {
		w := keyWorldOn(t, mem.New())
		w.change(admin.PassPolicyChange{Approval: &two})
		eve := idp.Person(tenantID, w.withRoles("eve@contoso.example", idp.GlobalAdministrator))
		_, err := w.give(eve, name, passkeytest.New(passkeytest.ES256).Create(w.created(eve, name).Options))
		w.must(err)
		w.setRoles(w.user, idp.GlobalAdministrator)
		if left := len(all[idp.Passkey](w.world)); (left == 0) != two {
			t.Errorf("two administrators are wanted: %t; %d passkeys that one gave are left", two, left)
		}
	}
}

// TestRegisterForMeanwhile: what a program is about to store may not be any more.
func TestRegisterForMeanwhile(t *testing.T) {
	t.Parallel()
	no, yes, op := false, true, admin.Operator("test")
	for what, c := range map[string]struct {
		change func(*keyWorld, *idp.User)
		code   idp.Code
		text   string
	}{
		"the role is lost":     {func(w *keyWorld, adam *idp.User) { w.setRoles(adam) }, idp.Forbidden, "Insufficient privileges"},
		"the actor disabled":   {func(w *keyWorld, adam *idp.User) { w.disable(adam) }, idp.Forbidden, "Insufficient privileges"},
		"the user privileged":  {func(w *keyWorld, _ *idp.User) { w.setRoles(w.user, idp.GlobalAdministrator) }, idp.Forbidden, "Insufficient privileges"},
		"the user deleted":     {func(w *keyWorld, _ *idp.User) { w.must(w.admin.DeleteUser(w.Context(), op, tenantID, name)) }, idp.NotFound, "There is no user"},
		"passkeys disabled":    {func(w *keyWorld, _ *idp.User) { w.passkeyPolicy(admin.PasskeyPolicyChange{Enabled: &no}) }, idp.Invalid, "the method is disabled by policy"},
		"synced ones":          {func(w *keyWorld, _ *idp.User) { w.passkeyPolicy(admin.PasskeyPolicyChange{Synced: &no}) }, idp.Invalid, "device-bound passkeys only"},
		"attestation required": {func(w *keyWorld, _ *idp.User) { w.passkeyPolicy(admin.PasskeyPolicyChange{Attestation: &yes}) }, idp.Invalid, "attested models"},
	} {
		for _, judged := range []bool{false, true} {
			t.Run(what, func(t *testing.T) {
				t.Parallel()
				d := &storetest.Interrupted{Driver: mem.New()}
				w := keyWorldOn(t, d)
				adam := w.withRoles("adam@contoso.example", idp.AuthenticationAdministrator)
				k := passkeytest.New(passkeytest.ES256)
				k.Flags |= passkeytest.BE
				made := k.Create(w.created(idp.Person(tenantID, adam), name).Options)
				change := func() { c.change(w, adam) }
				if judged {
					d.First = change
				} else {
					change()
				}
				_, err := w.give(idp.Person(tenantID, adam), w.user.UserID, made)
				w.wantError(err, c.code, c.text)
			})
		}
	}
}

func (w *keyWorld) disable(u *idp.User) {
	w.Helper()
	yes := true
	_, err := w.admin.UpdateUser(context.Background(), admin.Operator("test"), tenantID, u.UserID, admin.UserChange{Disabled: &yes})
	w.must(err)
}

// TestForPrivilegedMeanwhile: a passkey counts as given by who may do so for privileged
// people only if they still may when it is stored.
func TestForPrivilegedMeanwhile(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	eve := w.withRoles("eve@contoso.example", idp.AuthenticationAdministrator, idp.PrivilegedAuthenticationAdmin)
	actor := idp.Person(tenantID, eve) // as their token was when the request came in
	made := passkeytest.New(passkeytest.ES256).Create(w.created(actor, name).Options)
	w.setRoles(eve, idp.AuthenticationAdministrator)
	p, err := w.give(actor, name, made)
	w.must(err)
	w.setRoles(eve)
	if _, err := w.signin.CreationOptions(t.Context(), actor, w.tenant, name, w.now()); !errors.Is(err, idp.ErrForbidden) {
		t.Errorf("without any role: %v", err)
	}
	if kept := all[idp.Passkey](w.world)[0]; p.ForPrivileged || kept.ForPrivileged || kept.GivenBy != eve.PrincipalName {
		t.Errorf("%+v", kept)
	}
}

// TestRegisterForFull: programs do not give more than one may have.
func TestRegisterForFull(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	made := passkeytest.New(passkeytest.ES256).Create(w.created(provisioner(), name).Options)
	for range idp.MaxPasskeys {
		w.put(&idp.Passkey{PasskeyID: idp.NewID(), UserID: w.user.UserID, Credential: []byte(idp.NewID())})
	}
	_, err := w.give(provisioner(), name, made)
	if idp.ErrorCode(err) != idp.Invalid || !strings.Contains(err.Error(), string(idp.MaxHeld)) || len(all[idp.Passkey](w.world)) != idp.MaxPasskeys {
		t.Error(err)
	}
}

// TestWithoutPasskeys: a service without the method has none to give.
func TestWithoutPasskeys(t *testing.T) {
	t.Parallel()
	w := keyWorldOn(t, mem.New())
	w.signin = signin.New(w.store, w.keys, []idp.Method{w.tap})
	_, err := w.signin.CreationOptions(t.Context(), provisioner(), w.tenant, name, w.now())
	w.wantError(err, idp.Invalid, "This deployment has no passkeys.")
	_, err = w.give(provisioner(), name, "{}")
	w.wantError(err, idp.Invalid, "This deployment has no passkeys.")
}
