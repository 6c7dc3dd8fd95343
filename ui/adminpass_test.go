package ui

import (
	"testing"
	"time"

	"latchkey/idp"
)

// adminPassStates has the pages on which an administrator gives a pass.
func adminPassStates() []state {
	form := AdminPass{
		Action: "/t/admin/passes/new", BackURL: "/t/security-info", State: sealed, Username: anna, Starts: "2026-11-24T14:00", Lifetime: "90", Reason: "lost phone",
	}
	with := func(change func(*AdminPass)) AdminPass {
		v := form
		change(&v)
		return v
	}
	wrong := func(id string) AdminPass {
		return with(func(v *AdminPass) { v.Problem.ID, v.Wrong = id, wrongField[id] })
	}
	given := func(s Slip) AdminPassGiven {
		return AdminPassGiven{Slip: s, DisplayName: "Anna Novak", Username: anna, AgainURL: "/t/admin/passes/new"}
	}
	blocked := given(slipOf(shortCode))
	blocked.Blocked, blocked.Slip.Username, blocked.Slip.Once = true, "", true
	return []state{
		{"admin-pass", AdminPass{Action: "/t/admin/passes/new", BackURL: "/t/security-info", State: sealed, SlipUsername: true}},
		{"admin-pass-username", wrong("username.empty")},
		{"admin-pass-starts", wrong("newpass.starts")},
		{"admin-pass-lifetime", wrong("newpass.lifetime")},
		{"admin-pass-sent", wrong("newpass.sent")},
		{"admin-pass-forbidden", wrong("newpass.forbidden")},
		{"admin-pass-bounds", with(func(v *AdminPass) {
			v.Problem, v.Wrong, v.Lifetime = Problem{ID: "newpass.bounds", Least: 60, Greatest: 480}, "lifetime", "5"
		})},
		{"admin-pass-refused", with(func(v *AdminPass) {
			v.Refusal, v.Once = "The policy of this organization allows one-time passes only.", true
		})},
		{"admin-pass-unknown", with(func(v *AdminPass) { v.Refusal, v.Wrong = `There is no user "anna@contoso.example".`, "username" })},
		{"admin-pass-given", given(slipOf(shortCode))},
		{"admin-pass-given-long", given(slipOf(longCode))},
		{"admin-pass-given-blocked", blocked},
		{"admin-pass-waits", AdminPassWaits{
			Form:        with(func(v *AdminPass) { v.Username, v.Once = "global-reader@contoso.example", true }),
			DisplayName: "Rafael Mensah", Until: noon.Add(idp.ApprovalLifetime),
		}},
	}
}

// TestReadNewPass: what is left empty is the policy's to say, and what is no time and no
// number is told apart from what the policy does not allow.
func TestReadNewPass(t *testing.T) {
	once := true
	for _, c := range []struct {
		form    AdminPass
		want    idp.PassRequest
		problem string
	}{
		{AdminPass{}, idp.PassRequest{}, "username.empty"},
		{AdminPass{Username: "anna"}, idp.PassRequest{}, "username.invalid"},
		{AdminPass{Username: anna, State: "s"}, idp.PassRequest{Form: "s"}, ""},
		{AdminPass{Username: anna, Once: true, Reason: "r", Lifetime: "90"}, idp.PassRequest{Once: &once, Reason: "r", Lifetime: 90}, ""},
		{AdminPass{Username: anna, Starts: "2026-11-24T14:30"}, idp.PassRequest{StartsAt: noon.Add(150 * time.Minute)}, ""},
		{AdminPass{Username: anna, Starts: "2026-11-24T14:30:05"}, idp.PassRequest{StartsAt: noon.Add(150*time.Minute + 5*time.Second)}, ""},
		{AdminPass{Username: anna, Starts: "tomorrow"}, idp.PassRequest{}, "newpass.starts"},
		{AdminPass{Username: anna, Starts: "2026-11-24"}, idp.PassRequest{}, "newpass.starts"},
		{AdminPass{Username: anna, Lifetime: "1.5"}, idp.PassRequest{}, "newpass.lifetime"},
		{AdminPass{Username: anna, Lifetime: "0"}, idp.PassRequest{}, "newpass.lifetime"},
		{AdminPass{Username: anna, Lifetime: "99999999999999999999"}, idp.PassRequest{}, "newpass.lifetime"},
		{AdminPass{Username: anna, Lifetime: "-5"}, idp.PassRequest{Lifetime: -5}, ""}, // out of the policy's range, which it says
	} {
		name, got, p := c.form.read()
		if p.ID != c.problem || p.ID == "" && name != anna {
			t.Errorf("%+v: %q, problem %q", c.form, name, p.ID)
		}
		if p.ID == "" && (!got.StartsAt.Equal(c.want.StartsAt) || (got.Once == nil) != (c.want.Once == nil) ||
			got.Lifetime != c.want.Lifetime || got.Reason != c.want.Reason || got.Form != c.want.Form) {
			t.Errorf("%+v: %+v, want %+v", c.form, got, c.want)
		}
	}
}
