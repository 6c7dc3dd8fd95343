package admin_test

import (
	"reflect"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

func TestUpdatePassPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	group := w.newGroup("Staff")
	w.pass(time.Minute)
	p, err := w.admin.UpdatePassPolicy(w.ctx, op, tenantID, admin.PassPolicyChange{
		Include: &[]idp.Target{{Type: "user", ID: w.user.UserID}}, Exclude: &[]idp.Target{{Type: "group", ID: group.GroupID}},
		MinimumLifetime: new(10), MaximumLifetime: new(43200), DefaultLifetime: new(1440), Once: new(true), Length: new(20),
	})
	w.must(err)
	w.wantEvent(op.Party, idp.Party{Type: "policy", ID: "authenticationMethods", Name: "Temporary Access Pass"}, "Authentication Methods Policy Update", "Policy", "Authentication Methods", "")
	read, err := w.admin.PassPolicy(w.ctx, op, tenantID)
	if err != nil || !read.Enabled || !read.Once || read.Length != 20 || read.DefaultLifetime != 1440 || len(read.Targets.Exclude) != 1 || read.Length != p.Length {
		t.Errorf("%+v, %v", read, err)
	}
	pass, secret := w.givePass(name, idp.PassRequest{})
	if !pass.Once || pass.Lifetime != 24*time.Hour || len(idp.CanonicalPassCode(secret)) != 20 {
		t.Errorf("%+v, %q", pass, secret)
	}
	for _, c := range []struct {
		what   string
		change admin.PassPolicyChange
		code   idp.Code
		want   string
	}{
		{"minimum", admin.PassPolicyChange{MinimumLifetime: new(9)}, idp.Invalid, "Invalid minimum lifetime 9 specified. The valid range between 10 and 43200."},
		{"maximum", admin.PassPolicyChange{MaximumLifetime: new(43201)}, idp.Invalid, "Invalid maximum lifetime 43201 specified. The valid range between 10 and 43200."},
		{"default", admin.PassPolicyChange{MinimumLifetime: new(20), MaximumLifetime: new(30), DefaultLifetime: new(31)}, idp.Invalid, "Invalid default lifetime 31 specified. The valid range between 20 and 30."},
		{"default left behind", admin.PassPolicyChange{MaximumLifetime: new(60)}, idp.Invalid, "Invalid default lifetime 1440 specified. The valid range between 10 and 60."},
		{"order", admin.PassPolicyChange{MinimumLifetime: new(60), MaximumLifetime: new(50)}, idp.Invalid, "The minimum lifetime 60 is above the maximum lifetime 50."},
		{"length", admin.PassPolicyChange{Length: new(49)}, idp.Invalid, "Invalid length 49 specified. The valid range between 8 and 48."},
		{"target", admin.PassPolicyChange{Include: &[]idp.Target{{Type: "user", ID: "anna"}}}, idp.Invalid, `The target "anna" is neither a GUID nor all_users.`},
		{"everybody", admin.PassPolicyChange{Exclude: &[]idp.Target{{Type: "group", ID: idp.AllUsers}}}, idp.Invalid, "Everybody cannot be excluded: the policy would be for nobody. Disable it instead."},
		{"user", admin.PassPolicyChange{Include: &[]idp.Target{{Type: "user", ID: nobodyID}}}, idp.NotFound, `There is no user "` + nobodyID + `".`},
		{"group", admin.PassPolicyChange{Exclude: &[]idp.Target{{Type: "group", ID: nobodyID}}}, idp.NotFound, `There is no group "` + nobodyID + `".`},
		{"user as a group", admin.PassPolicyChange{Exclude: &[]idp.Target{{Type: "group", ID: w.user.UserID}}}, idp.NotFound, `There is no group "` + w.user.UserID + `".`},
	} {
		w.wantError(c.what, c.code, c.want, func() error { _, err := w.admin.UpdatePassPolicy(w.ctx, op, tenantID, c.change); return err })
	}
	if after, _ := w.admin.PassPolicy(w.ctx, op, tenantID); after.MinimumLifetime != 10 || after.Length != 20 {
		t.Errorf("a refused change left %+v", after)
	}
	w.change(admin.PassPolicyChange{Include: &[]idp.Target{{Type: "group", ID: idp.AllUsers}}, Exclude: &[]idp.Target{}})
	if after, _ := w.admin.PassPolicy(w.ctx, op, tenantID); len(after.Targets.Exclude) != 0 || after.Targets.Include[0].ID != idp.AllUsers {
		t.Errorf("%+v", after.Targets)
	}
	w.wantError("tenant", idp.NotFound, `There is no tenant "x".`, func() error { _, err := w.admin.PassPolicy(w.ctx, op, "x"); return err })
}

// TestPolicyOutlivesItsTargets: a target who is gone does not keep the rest of the
// policy from being changed.
func TestPolicyOutlivesItsTargets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.newUser("bob@contoso.example")
	w.change(admin.PassPolicyChange{Exclude: &[]idp.Target{{Type: "user", ID: bob.UserID}}})
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, bob.UserID))
	w.change(admin.PassPolicyChange{Length: new(12)})
	w.change(admin.PassPolicyChange{Exclude: &[]idp.Target{}})
}

// TestPolicyHoldsAtOnce: for passes that exist too.
func TestPolicyHoldsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	group := w.newGroup("Staff")
	_, err := w.admin.AddMember(w.ctx, op, tenantID, "staff", name)
	w.must(err)
	w.givePass(name, idp.PassRequest{})
	for _, c := range []struct {
		change admin.PassPolicyChange
		want   idp.Usability
	}{
		{admin.PassPolicyChange{}, idp.EnabledByPolicy},
		{admin.PassPolicyChange{Once: new(true)}, idp.DisabledByPolicy},
		{admin.PassPolicyChange{Once: new(false)}, idp.EnabledByPolicy},
		{admin.PassPolicyChange{Exclude: &[]idp.Target{{Type: "group", ID: group.GroupID}}}, idp.DisabledByPolicy},
		{admin.PassPolicyChange{Exclude: &[]idp.Target{}}, idp.EnabledByPolicy},
		{admin.PassPolicyChange{Include: &[]idp.Target{}}, idp.DisabledByPolicy},
		{admin.PassPolicyChange{Include: &[]idp.Target{{Type: "group", ID: group.GroupID}}}, idp.EnabledByPolicy},
		{admin.PassPolicyChange{Enabled: new(false)}, idp.DisabledByPolicy},
		{admin.PassPolicyChange{Enabled: new(true), MaximumLifetime: new(60), MinimumLifetime: new(10), Length: new(48)}, idp.EnabledByPolicy},
	} {
		w.change(c.change)
		if info, err := w.admin.Pass(w.ctx, op, tenantID, name); err != nil || info.Reason != c.want {
			t.Errorf("%+v: %s, want %s, %v", c.change, info.Reason, c.want, err)
		}
	}
	_, err = w.admin.RemoveMember(w.ctx, op, tenantID, "staff", name)
	w.must(err)
	if info, _ := w.admin.Pass(w.ctx, op, tenantID, name); info.Reason != idp.DisabledByPolicy {
		t.Errorf("out of the group: %s", info.Reason)
	}
}

// TestResetKeepsTheSecondPerson: what passes are like goes back to the beginning; that two
// people must want one for the powerful does not end with it.
func TestResetKeepsTheSecondPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(admin.PassPolicyChange{Approval: new(true), Length: new(20)})
	want := idp.DefaultPassPolicy()
	want.Approval = true
	if got, err := w.admin.ResetPassPolicy(w.ctx, op, tenantID); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}
