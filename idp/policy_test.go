package idp_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

func TestTargetsCover(t *testing.T) {
	t.Parallel()
	everybody := idp.Target{Type: "group", ID: idp.AllUsers}
	her, bob := idp.Target{Type: "user", ID: annaID}, idp.Target{Type: "user", ID: bobID}
	staff := idp.Target{Type: "group", ID: staffID}
	list := func(ts ...idp.Target) []idp.Target { return ts }
	for _, c := range []struct {
		name             string
		include, exclude []idp.Target
		member, outsider bool // whether Anna is covered when in staff, and when not
	}{
		{"nobody", nil, nil, false, false},
		{"everybody", list(everybody), nil, true, true},
		{"herself", list(her), nil, true, true},
		{"somebody else", list(bob), nil, false, false},
		{"her group", list(staff), nil, true, false},
		{"everybody but her", list(everybody), list(her), false, false},
		{"everybody but her group", list(everybody), list(staff), false, true},
		{"everybody but everybody", list(everybody), list(everybody), false, false},
		{"her, but not her group", list(her), list(staff), false, true},
		{"her group, but not her", list(staff), list(her), false, false},
		{"her and not her", list(her), list(her), false, false},
		{"excluded only", nil, list(bob), false, false},
		{"one of many", list(bob, staff, her), list(bob), true, true},
		{"a user whose id is that of her group", list(idp.Target{Type: "user", ID: staffID}), nil, false, false},
	} {
		targets := idp.Targets{Include: c.include, Exclude: c.exclude}
		in, out := anna(), anna()
		in.Groups = []string{bobID, staffID}
		if got := targets.Covers(in); got != c.member {
			t.Errorf("%s, in the group: %t", c.name, got)
		}
		if got := targets.Covers(out); got != c.outsider {
			t.Errorf("%s, not in the group: %t", c.name, got)
		}
	}
	targets := idp.Targets{Include: list(her), Exclude: list(staff)}
	if !targets.Names(annaID) || !targets.Names(staffID) || targets.Names(bobID) {
		t.Error("Names does not name who is named")
	}
}

func TestPassPolicyValidate(t *testing.T) {
	t.Parallel()
	if err := idp.DefaultPassPolicy().Validate(); err != nil {
		t.Error(err)
	}
	d := idp.DefaultPassPolicy()
	if d.Enabled || d.Once || d.MinimumLifetime != 60 || d.MaximumLifetime != 480 || d.DefaultLifetime != 60 || d.Length != 8 || !d.Targets.Covers(anna()) {
		t.Errorf("default %+v is not what a new tenant should have", d)
	}
	lifetimes := func(least, standard, greatest int) func(*idp.PassPolicy) {
		return func(p *idp.PassPolicy) {
			p.MinimumLifetime, p.DefaultLifetime, p.MaximumLifetime = least, standard, greatest
		}
	}
	length := func(n int) func(*idp.PassPolicy) { return func(p *idp.PassPolicy) { p.Length = n } }
	include := func(ts ...idp.Target) func(*idp.PassPolicy) {
		return func(p *idp.PassPolicy) { p.Targets.Include = ts }
	}
	for _, c := range []struct {
		name   string
		change func(*idp.PassPolicy)
		want   string
	}{
		{"all least", lifetimes(10, 10, 10), ""},
		{"all greatest", lifetimes(43200, 43200, 43200), ""},
		{"widest", lifetimes(10, 500, 43200), ""},
		{"minimum too small", lifetimes(9, 60, 480), "Invalid minimum lifetime 9 specified. The valid range between 10 and 43200."},
		{"minimum too great", lifetimes(43201, 43201, 43201), "Invalid minimum lifetime 43201 specified. The valid range between 10 and 43200."},
		{"maximum too great", lifetimes(60, 60, 43201), "Invalid maximum lifetime 43201 specified. The valid range between 10 and 43200."},
		{"maximum negative", lifetimes(60, 60, -1), "Invalid maximum lifetime -1 specified. The valid range between 10 and 43200."},
		{"default below minimum", lifetimes(60, 59, 480), "Invalid default lifetime 59 specified. The valid range between 60 and 480."},
		{"default above maximum", lifetimes(60, 481, 480), "Invalid default lifetime 481 specified. The valid range between 60 and 480."},
		{"minimum above maximum", lifetimes(100, 100, 50), "The minimum lifetime 100 is above the maximum lifetime 50."},
		{"shortest", length(8), ""},
		{"longest", length(48), ""},
		{"too short", length(7), "Invalid length 7 specified. The valid range between 8 and 48."},
		{"too long", length(49), "Invalid length 49 specified. The valid range between 8 and 48."},
		{"nobody", include(), ""},
		{"user", include(idp.Target{Type: "user", ID: annaID}), ""},
		{"odd type", include(idp.Target{Type: "role", ID: annaID}), `The target type "role" is neither user nor group.`},
		{"no GUID", include(idp.Target{Type: "user", ID: "anna"}), `The target "anna" is neither a GUID nor all_users.`},
		{"all users as a user", include(idp.Target{Type: "user", ID: idp.AllUsers}), `The target "all_users" is neither a GUID nor all_users.`},
		{"excluded is checked too", func(p *idp.PassPolicy) { p.Targets.Exclude = []idp.Target{{Type: "group", ID: "x"}} }, `The target "x" is neither a GUID nor all_users.`},
		{"everybody excluded", func(p *idp.PassPolicy) { p.Targets.Exclude = []idp.Target{{Type: "group", ID: idp.AllUsers}} }, "Everybody cannot be excluded: the policy would be for nobody. Disable it instead."},
		{"200 targets", include(slices.Repeat([]idp.Target{{Type: "user", ID: annaID}}, 200)...), ""},
		{"201 targets", include(slices.Repeat([]idp.Target{{Type: "user", ID: annaID}}, 201)...), "A policy names at most 200 targets."},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := idp.DefaultPassPolicy()
			c.change(&p)
			wantError(t, p.Validate(), idp.Invalid, c.want)
		})
	}
}

// TestPolicyFromBefore: a policy that was stored before there were passkeys says nothing of
// them, so that what a fresh tenant has holds; what it does say stays as it is.
func TestPolicyFromBefore(t *testing.T) {
	t.Parallel()
	want := idp.DefaultMethodsPolicy()
	want.TemporaryAccessPass.Enabled, want.TemporaryAccessPass.Length, want.UpdatedAt = true, 20, t0
	st := update(t, func(tx *storage.Tx) error {
		return tx.Put(&policyFromBefore{TemporaryAccessPass: want.TemporaryAccessPass, UpdatedAt: t0})
	})
	err := st.View(t.Context(), tenantID, func(tx *storage.Tx) error {
		p, err := idp.LoadMethodsPolicy(tx)
		if !reflect.DeepEqual(p, want) {
			t.Errorf("%+v\nwant %+v", p, want)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	off := idp.DefaultMethodsPolicy() // but what was turned off stays off
	off.Passkey = idp.PasskeyPolicy{}
	st = update(t, func(tx *storage.Tx) error { return tx.Put(off) })
	err = st.View(t.Context(), tenantID, func(tx *storage.Tx) error {
		p, err := idp.LoadMethodsPolicy(tx)
		if p.Passkey.Enabled || p.Passkey.SelfService || p.Passkey.Synced || p.Passkey.Targets.Covers(anna()) {
			t.Errorf("%+v", p.Passkey)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// policyFromBefore is the policy as it was stored when there were passes alone.
type policyFromBefore struct {
	TemporaryAccessPass idp.PassPolicy
	UpdatedAt           time.Time
}

func (*policyFromBefore) Kind() string             { return (&idp.MethodsPolicy{}).Kind() }
func (*policyFromBefore) ID() string               { return (&idp.MethodsPolicy{}).ID() }
func (*policyFromBefore) Indexes() []storage.Index { return nil }

// TestPolicyNaming: a group is named by whichever part of the policy it is a target of.
func TestPolicyNaming(t *testing.T) {
	t.Parallel()
	parts := map[string]func(*idp.MethodsPolicy) *idp.Targets{
		"pass":           func(p *idp.MethodsPolicy) *idp.Targets { return &p.TemporaryAccessPass.Targets },
		"passkey":        func(p *idp.MethodsPolicy) *idp.Targets { return &p.Passkey.Targets },
		"password":       func(p *idp.MethodsPolicy) *idp.Targets { return &p.Password.Targets },
		"email":          func(p *idp.MethodsPolicy) *idp.Targets { return &p.Email.Targets },
		"authenticator":  func(p *idp.MethodsPolicy) *idp.Targets { return &p.Authenticator.Targets },
		"registration 1": func(p *idp.MethodsPolicy) *idp.Targets { return &p.Registration.SelfServiceReset.Targets },
		"registration 2": func(p *idp.MethodsPolicy) *idp.Targets { return &p.Registration.IdentityProtection.Targets },
		"registration 3": func(p *idp.MethodsPolicy) *idp.Targets { return &p.Registration.Campaign.Targets },
	}
	staff := []idp.Target{{Type: "group", ID: staffID}}
	for name, part := range parts {
		want, _, _ := strings.Cut(name, " ")
		including, excluding := idp.DefaultMethodsPolicy(), idp.DefaultMethodsPolicy()
		part(including).Include, part(excluding).Exclude = staff, staff
		for _, p := range []*idp.MethodsPolicy{including, excluding} {
			if got := p.Naming(staffID); got != want || p.Naming(bobID) != "" {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
	if got := idp.DefaultMethodsPolicy().Naming(staffID); got != "" {
		t.Errorf("default: %q", got)
	}
}

func TestLoadMethodsPolicy(t *testing.T) {
	t.Parallel()
	stored := idp.DefaultMethodsPolicy()
	stored.TemporaryAccessPass.Length = 20
	st := update(t, func(tx *storage.Tx) error {
		p, err := idp.LoadMethodsPolicy(tx)
		if err != nil || p.TemporaryAccessPass.Length != 8 {
			t.Errorf("fresh tenant: %+v, %v", p, err)
		}
		return tx.Put(stored)
	})
	_ = st.View(context.Background(), tenantID, func(tx *storage.Tx) error {
		p, err := idp.LoadMethodsPolicy(tx)
		if err != nil || p.TemporaryAccessPass.Length != 20 {
			t.Errorf("stored: %+v, %v", p, err)
		}
		return nil
	})
}
