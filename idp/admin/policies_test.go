package admin_test

import (
	"reflect"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// wantPolicyEvent looks at what the newest event says of a part of the policy.
func (w *world) wantPolicyEvent(name string, modified ...idp.Modified) {
	w.Helper()
	w.wantEvent(op.Party, idp.Party{Type: "policy", ID: "authenticationMethods", Name: name}, "Authentication Methods Policy Update", "Policy", "Authentication Methods", "")
	if got := w.newest().Modified; !reflect.DeepEqual(got, modified) {
		w.Errorf("%s: modified %+v\nwant %+v", name, got, modified)
	}
}

func (w *world) policy() *idp.MethodsPolicy {
	w.Helper()
	p, err := w.admin.MethodsPolicy(w.ctx, op, tenantID)
	w.must(err)
	return p
}

func TestUpdatePasskeyPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := *w.policy()
	w.pass(time.Minute)
	only := idp.ModelRestriction{Enforced: true, Allow: true, AAGUIDs: []string{"ee882879-721c-4913-9775-3dfcce97072a"}}
	p, err := w.admin.UpdatePasskeyPolicy(w.ctx, op, tenantID, admin.PasskeyPolicyChange{
		Include: &[]idp.Target{{Type: "user", ID: w.user.UserID}}, SelfService: new(false), Attestation: new(true), Synced: new(false), Models: &only,
	})
	want := idp.PasskeyPolicy{Enabled: true, Targets: idp.Targets{Include: []idp.Target{{Type: "user", ID: w.user.UserID}}}, Attestation: true, Models: only}
	after := w.policy()
	if err != nil || !reflect.DeepEqual(p, want) || !reflect.DeepEqual(after.Passkey, want) || !after.UpdatedAt.Equal(w.now()) {
		t.Errorf("%+v, %v\nwant %+v", p, err, want)
	}
	if after.Passkey = before.Passkey; after.UpdatedAt.IsZero() || !reflect.DeepEqual(after.TemporaryAccessPass, before.TemporaryAccessPass) || !reflect.DeepEqual(after.Password, before.Password) || !reflect.DeepEqual(after.Registration, before.Registration) {
		t.Errorf("the rest is %+v, was %+v", after, before)
	}
	w.pass(time.Minute)
	w.must(err2(w.admin.UpdatePasskeyPolicy(w.ctx, op, tenantID, admin.PasskeyPolicyChange{Enabled: new(false)})))
	w.wantPolicyEvent("Passkey", idp.Modified{Name: "Enabled", Old: "true", New: "false"})
	for what, c := range map[string]struct {
		change admin.PasskeyPolicyChange
		code   idp.Code
		want   string
	}{
		"models": {admin.PasskeyPolicyChange{Models: &idp.ModelRestriction{AAGUIDs: []string{"x"}}}, idp.Invalid, `The AAGUID "x" is not a GUID in lower case, such as fa2b99dc-9e39-4257-8f92-4a30d23c4118.`},
		"target": {admin.PasskeyPolicyChange{Include: &[]idp.Target{{Type: "user", ID: "x"}}}, idp.Invalid, `The target "x" is neither a GUID nor all_users.`},
		"user":   {admin.PasskeyPolicyChange{Include: &[]idp.Target{{Type: "user", ID: nobodyID}}}, idp.NotFound, `There is no user "` + nobodyID + `".`},
		"group":  {admin.PasskeyPolicyChange{Synced: new(true), Exclude: &[]idp.Target{{Type: "group", ID: nobodyID}}}, idp.NotFound, `There is no group "` + nobodyID + `".`},
	} {
		w.wantError(what, c.code, c.want, func() error { return err2(w.admin.UpdatePasskeyPolicy(w.ctx, op, tenantID, c.change)) })
	}
	w.pass(time.Minute)
	p, err = w.admin.ResetPasskeyPolicy(w.ctx, op, tenantID)
	if err != nil || !reflect.DeepEqual(p, idp.DefaultPasskeyPolicy()) || !reflect.DeepEqual(w.policy().Passkey, p) || !w.policy().TemporaryAccessPass.Enabled {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestUpdatePasswordPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Minute)
	p, err := w.admin.UpdatePasswordPolicy(w.ctx, op, tenantID, admin.PasswordPolicyChange{Enabled: new(true), MinimumLength: new(64)})
	want := idp.DefaultPasswordPolicy()
	want.Enabled, want.MinimumLength = true, 64
	if err != nil || !reflect.DeepEqual(p, want) || !reflect.DeepEqual(w.policy().Password, want) || !w.policy().TemporaryAccessPass.Enabled {
		t.Errorf("%+v, %v", p, err)
	}
	w.wantPolicyEvent("Password", idp.Modified{Name: "Enabled", Old: "false", New: "true"}, idp.Modified{Name: "MinimumLength", Old: "12", New: "64"})
	update := func(c admin.PasswordPolicyChange) func() error {
		return func() error { return err2(w.admin.UpdatePasswordPolicy(w.ctx, op, tenantID, c)) }
	}
	w.wantError("length", idp.Invalid, "Invalid minimum length 7: it must be between 8 and 64.", update(admin.PasswordPolicyChange{MinimumLength: new(7)}))
	w.wantError("group", idp.NotFound, `There is no group "`+nobodyID+`".`, update(admin.PasswordPolicyChange{Include: &[]idp.Target{{Type: "group", ID: nobodyID}}}))
}

func TestUpdateRegistrationPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	her := []idp.Target{{Type: "user", ID: w.user.UserID}}
	everybody := idp.DefaultPasskeyPolicy().Targets
	w.pass(time.Minute)
	p, err := w.admin.UpdateRegistrationPolicy(w.ctx, op, tenantID, admin.RegistrationPolicyChange{
		SelfServiceReset: admin.RequirementChange{Enabled: new(true), Include: &her},
		Campaign:         admin.RequirementChange{Enabled: new(true), Exclude: &her}, SnoozeDays: new(14),
	})
	want := idp.RegistrationPolicy{
		SelfServiceReset:   idp.Requirement{Enabled: true, Targets: idp.Targets{Include: her}},
		IdentityProtection: idp.Requirement{Targets: everybody},
		Campaign:           idp.Campaign{Enabled: true, Targets: idp.Targets{Include: everybody.Include, Exclude: her}, SnoozeDays: 14},
	}
	if err != nil || !reflect.DeepEqual(p, want) || !reflect.DeepEqual(w.policy().Registration, want) || !w.policy().TemporaryAccessPass.Enabled {
		t.Errorf("%+v, %v\nwant %+v", p, err, want)
	}
	w.pass(time.Minute)
	p, err = w.admin.UpdateRegistrationPolicy(w.ctx, op, tenantID, admin.RegistrationPolicyChange{IdentityProtection: admin.RequirementChange{Enabled: new(true), Include: &her}})
	want.IdentityProtection = want.SelfServiceReset
	if err != nil || !reflect.DeepEqual(p, want) {
		t.Errorf("%+v, %v\nwant %+v", p, err, want)
	}
	w.wantEvent(op.Party, idp.Party{Type: "policy", ID: "authenticationMethods", Name: "Registration"}, "Authentication Methods Policy Update", "Policy", "Authentication Methods", "")
	nobody := []idp.Target{{Type: "group", ID: nobodyID}}
	for what, c := range map[string]admin.RegistrationPolicyChange{
		"reset":    {SelfServiceReset: admin.RequirementChange{Include: &nobody}},
		"risk":     {IdentityProtection: admin.RequirementChange{Exclude: &nobody}},
		"campaign": {Campaign: admin.RequirementChange{Include: &nobody}},
	} {
		w.wantError(what, idp.NotFound, `There is no group "`+nobodyID+`".`, func() error { return err2(w.admin.UpdateRegistrationPolicy(w.ctx, op, tenantID, c)) })
	}
	w.wantError("snooze", idp.Invalid, "Invalid snoozeDurationInDays 15 specified. The valid range between 0 and 14.", func() error {
		return err2(w.admin.UpdateRegistrationPolicy(w.ctx, op, tenantID, admin.RegistrationPolicyChange{SnoozeDays: new(15)}))
	})
}

// TestDeleteGroupOfAnyPolicy: a group that some part of the policy names stays.
func TestDeleteGroupOfAnyPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g := w.newGroup("Staff")
	staff, none := []idp.Target{{Type: "group", ID: g.GroupID}}, []idp.Target{}
	requirement := func(targets *[]idp.Target) admin.RequirementChange { return admin.RequirementChange{Exclude: targets} }
	registration := func(c admin.RegistrationPolicyChange) error {
		return err2(w.admin.UpdateRegistrationPolicy(w.ctx, op, tenantID, c))
	}
	for _, c := range []struct {
		which string
		name  func(*[]idp.Target) error
	}{
		{"passkey", func(x *[]idp.Target) error {
			return err2(w.admin.UpdatePasskeyPolicy(w.ctx, op, tenantID, admin.PasskeyPolicyChange{Exclude: x}))
		}},
		{"password", func(x *[]idp.Target) error {
			return err2(w.admin.UpdatePasswordPolicy(w.ctx, op, tenantID, admin.PasswordPolicyChange{Exclude: x}))
		}},
		{"registration", func(x *[]idp.Target) error {
			return registration(admin.RegistrationPolicyChange{SelfServiceReset: requirement(x)})
		}},
		{"registration", func(x *[]idp.Target) error {
			return registration(admin.RegistrationPolicyChange{IdentityProtection: requirement(x)})
		}},
		{"registration", func(x *[]idp.Target) error {
			return registration(admin.RegistrationPolicyChange{Campaign: requirement(x)})
		}},
	} {
		w.must(c.name(&staff))
		w.wantError(c.which, idp.Conflict, "The "+c.which+" policy names the group Staff. Change the policy first.", func() error {
			return w.admin.DeleteGroup(w.ctx, op, tenantID, "Staff")
		})
		w.must(c.name(&none))
	}
	w.must(w.admin.DeleteGroup(w.ctx, op, tenantID, "Staff"))
}
