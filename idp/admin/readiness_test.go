package admin

import (
	"slices"
	"testing"
	"time"

	"latchkey/idp"
)

// TestReadinessLevels decides about people of every kind.
func TestReadinessLevels(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 9, 1, 16, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		what        string
		facts       readinessFacts
		level       string
		ways        []string
		missing     string
		credentials int
	}{
		{"nothing, no pass allowed", readinessFacts{Mail: true}, Stuck, nil, "Anything to sign in with, and a policy that allows them a pass.", 0},
		{"nothing, no mail", readinessFacts{}, Stuck, nil, "Anything to sign in with, and a policy that allows them a pass; and an address to tell them of changes by mail.", 0},
		{"nothing", readinessFacts{Mail: true, Helpable: true}, HelpNeeded, nil, "A pass, which an administrator can give now.", 0},
		{"a pass that begins", readinessFacts{Mail: true, Helpable: true, PassFrom: end}, HelpNeeded, nil,
			"Anything to sign in with before the pass that begins at 2026-09-01 16:00 UTC.", 0},
		{"a password", readinessFacts{Mail: true, Helpable: true, Addable: true, Password: true}, PasswordOnly, []string{"a password"}, "A passkey.", 1},
		{"a password, no pass allowed", readinessFacts{Mail: true, Addable: true, Password: true}, PasswordOnly, []string{"a password"},
			"A passkey: the policy allows them no pass, so that no administrator can help.", 1},
		{"a password and a pass", readinessFacts{Mail: true, Helpable: true, Addable: true, Password: true, PassTo: end}, PasswordOnly,
			[]string{"a pass until 2026-09-01 16:00 UTC", "a password"}, "A passkey, before the pass ends at 2026-09-01 16:00 UTC.", 2},
		{"a pass", readinessFacts{Mail: true, Helpable: true, Addable: true, PassTo: end}, PassOnly, []string{"a pass until 2026-09-01 16:00 UTC"},
			"A passkey, before the pass ends at 2026-09-01 16:00 UTC.", 1},
		{"a one-time pass, no passkey allowed", readinessFacts{Mail: true, Helpable: true, PassTo: end, PassOnce: true}, PassOnly,
			[]string{"a one-time pass until 2026-09-01 16:00 UTC"}, "A passkey, which the policy does not let them register.", 1},
		{"one bound", readinessFacts{Mail: true, Helpable: true, Addable: true, Bound: 1}, OneCredential, []string{"1 device-bound passkey"},
			"A second passkey: if this one is lost, only an administrator can help, by a pass.", 1},
		{"one bound, no pass allowed", readinessFacts{Mail: true, Addable: true, Bound: 1}, OneCredential, []string{"1 device-bound passkey"},
			"A second passkey: the policy allows them no pass, so that no administrator can help.", 1},
		{"one synced, no pass allowed", readinessFacts{Mail: true, Addable: true, Synced: 1}, OneCredential, []string{"1 synced passkey"},
			"A second passkey: the policy allows them no pass, so that no administrator can help.", 1},
		{"one bound and a password", readinessFacts{Mail: true, Helpable: true, Addable: true, Bound: 1, Password: true}, OneCredential,
			[]string{"1 device-bound passkey", "a password"}, "A second passkey: if this one is lost, only an administrator can help, by a pass.", 2},
		{"one bound and a pass", readinessFacts{Mail: true, Helpable: true, Addable: true, Bound: 1, PassTo: end}, OneCredential,
			[]string{"1 device-bound passkey", "a pass until 2026-09-01 16:00 UTC"}, "A second passkey: if this one is lost, only an administrator can help, by a pass.", 2},
		{"one synced", readinessFacts{Mail: true, Helpable: true, Addable: true, Synced: 1}, Ready, []string{"1 synced passkey"}, "", 1},
		{"two bound, no pass allowed", readinessFacts{Mail: true, Bound: 2}, Ready, []string{"2 device-bound passkeys"}, "", 2},
		{"one of each, no mail", readinessFacts{Bound: 1, Synced: 1}, Ready, []string{"1 synced passkey", "1 device-bound passkey"},
			"An address to tell them of changes by mail.", 2},
		{"one device", readinessFacts{Mail: true, Helpable: true, Addable: true, Devices: 1}, OneCredential, []string{"1 phone or other device"},
			"A passkey beside the device: if this one is lost, only an administrator can help, by a pass.", 1},
		{"a device and a passkey, no pass allowed", readinessFacts{Mail: true, Bound: 1, Devices: 1}, Ready,
			[]string{"1 device-bound passkey", "1 phone or other device"}, "", 2},
		{"two devices and a password", readinessFacts{Mail: true, Devices: 2, Password: true}, Ready,
			[]string{"2 phones or other devices", "a password"}, "", 3},
		{"disabled", readinessFacts{Disabled: true, Synced: 2, Helpable: true}, AccountDisabled, nil, "", 0},
		{"external", readinessFacts{External: true, Helpable: true}, ProvedElsewhere, nil, "", 0},
		{"disabled and external", readinessFacts{External: true, Disabled: true}, AccountDisabled, nil, "", 0},
	} {
		got := c.facts.report(&idp.User{})
		if got.Level != c.level || !slices.Equal(got.Ways, c.ways) || got.Missing != c.missing || got.Credentials != c.credentials {
			t.Errorf("%s: %+v\nwant %s %q %q %d", c.what, got, c.level, c.ways, c.missing, c.credentials)
		}
		if !slices.Contains(ReadinessLevels, got.Level) {
			t.Errorf("%s is no level", got.Level)
		}
	}
}

// TestReadinessFacts: only what is usable counts.
func TestReadinessFacts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	u := &idp.User{UserID: idp.NewID(), Type: idp.Member, Profile: idp.Profile{Email: "anna@contoso.example"}}
	policy := idp.DefaultMethodsPolicy()
	policy.TemporaryAccessPass.Enabled = true
	key := func(synced bool, why idp.Reason) PasskeyInfo { return PasskeyInfo{&idp.Passkey{Synced: synced}, why} }
	pass := func(starts time.Time, why idp.Usability) *PassInfo {
		return &PassInfo{Pass: &idp.Pass{StartsAt: starts, Lifetime: time.Hour}, User: u, Reason: why}
	}
	open := readinessFacts{Helpable: true, Addable: true, Mail: true}
	with := func(edit func(*readinessFacts)) readinessFacts {
		f := open
		edit(&f)
		return f
	}
	for what, c := range map[string]struct {
		held Methods
		want readinessFacts
	}{
		"nothing":      {Methods{}, open},
		"keys":         {Methods{Passkeys: []PasskeyInfo{key(true, idp.Offered), key(false, idp.Offered), key(false, idp.CopiedPasskey), key(true, idp.ForbiddenPasskey)}}, with(func(f *readinessFacts) { f.Synced, f.Bound = 1, 1 })},
		"devices":      {Methods{Authenticators: []AuthenticatorInfo{{&idp.Authenticator{}, idp.Offered}, {&idp.Authenticator{}, idp.OutOfMode}, {&idp.Authenticator{}, idp.UnusedDevice}}}, with(func(f *readinessFacts) { f.Devices = 1 })},
		"password":     {Methods{Password: &PasswordInfo{&idp.Password{}, idp.Offered}}, with(func(f *readinessFacts) { f.Password = true })},
		"blocked":      {Methods{Password: &PasswordInfo{&idp.Password{}, idp.MethodDisabled}}, open},
		"pass":         {Methods{Pass: pass(now, idp.EnabledByPolicy)}, with(func(f *readinessFacts) { f.PassTo = now.Add(time.Hour) })},
		"expired pass": {Methods{Pass: pass(now.Add(-2*time.Hour), idp.Expired)}, open},
		"pass to come": {Methods{Pass: pass(now.Add(time.Hour), idp.NotYetValid)}, with(func(f *readinessFacts) { f.PassFrom = now.Add(time.Hour) })},
		"blocked pass": {Methods{Pass: pass(now.Add(time.Hour), idp.DisabledByPolicy)}, open},
	} {
		c.held.User = u
		if got := readinessFactsOf(policy, c.held, now); got != c.want {
			t.Errorf("%s: %+v, want %+v", what, got, c.want)
		}
	}
	closed := idp.DefaultMethodsPolicy() // no passes
	closed.Passkey.SelfService = false
	if got, want := readinessFactsOf(closed, Methods{User: u, Pass: pass(now.Add(time.Hour), idp.NotYetValid)}, now), (readinessFacts{Mail: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
