package idp_test

import (
	"math"
	"testing"

	"latchkey/idp"
)

// devicePolicy is the default, turned on and changed.
func devicePolicy(change func(*idp.AuthenticatorPolicy)) idp.AuthenticatorPolicy {
	p := idp.DefaultAuthenticatorPolicy()
	p.Enabled = true
	if change != nil {
		change(&p)
	}
	return p
}

func TestAuthenticatorPolicyValidate(t *testing.T) {
	t.Parallel()
	everybody, staff := idp.Target{Type: "group", ID: idp.AllUsers}, idp.Target{Type: "group", ID: staffID}
	feature := func(f idp.Feature) func(*idp.AuthenticatorPolicy) {
		return func(p *idp.AuthenticatorPolicy) { p.ShowPlace = f }
	}
	ask := func(ms ...idp.AskMode) func(*idp.AuthenticatorPolicy) {
		return func(p *idp.AuthenticatorPolicy) { p.Ask = ms }
	}
	const ways, states = "The ways to ask are type, scan and pick, each once; not ", " is none of default, enabled and disabled."
	for what, c := range map[string]struct {
		change func(*idp.AuthenticatorPolicy)
		text   string // "": valid
	}{
		"the default":           {nil, ""},
		"the least":             {func(p *idp.AuthenticatorPolicy) { p.Digits, p.Lifetime, p.Tries = 2, 30, 1 }, ""},
		"the most":              {func(p *idp.AuthenticatorPolicy) { p.Digits, p.Lifetime, p.Tries = 6, 180, 5 }, ""},
		"one digit":             {func(p *idp.AuthenticatorPolicy) { p.Digits = 1 }, "Invalid number of digits 1 specified. The valid range is between 2 and 6."},
		"seven digits":          {func(p *idp.AuthenticatorPolicy) { p.Digits = 7 }, "Invalid number of digits 7 specified. The valid range is between 2 and 6."},
		"29 seconds":            {func(p *idp.AuthenticatorPolicy) { p.Lifetime = 29 }, "Invalid lifetime of a request in seconds 29 specified. The valid range is between 30 and 180."},
		"181 seconds":           {func(p *idp.AuthenticatorPolicy) { p.Lifetime = 181 }, "Invalid lifetime of a request in seconds 181 specified. The valid range is between 30 and 180."},
		"no try":                {func(p *idp.AuthenticatorPolicy) { p.Tries = 0 }, "Invalid number of tries 0 specified. The valid range is between 1 and 5."},
		"six tries":             {func(p *idp.AuthenticatorPolicy) { p.Tries = 6 }, "Invalid number of tries 6 specified. The valid range is between 1 and 5."},
		"all ways":              {ask(idp.AskPick, idp.AskType, idp.AskScan), ""},
		"no way":                {ask(), "A policy names between 1 and 3 ways to ask."},
		"four ways":             {ask(idp.AskPick, idp.AskType, idp.AskScan, idp.AskScan), "A policy names between 1 and 3 ways to ask."},
		"a way twice":           {ask(idp.AskType, idp.AskType), ways + `"type".`},
		"an unknown way":        {ask("approve"), ways + `"approve".`},
		"every mode":            {func(p *idp.AuthenticatorPolicy) { p.Targets.Include[0].Mode = idp.AuthenticateAny }, ""},
		"an unknown mode":       {func(p *idp.AuthenticatorPolicy) { p.Targets.Include[0].Mode = "sms" }, `The authentication mode "sms" is none of any, push and deviceBasedPush.`},
		"a feature for some":    {feature(idp.Feature{State: idp.FeatureOn, Include: staff, Exclude: idp.Target{Type: "user", ID: bobID}}), ""},
		"a feature in no state": {feature(idp.Feature{Include: everybody}), `The state ""` + states},
		"a feature for nobody":  {feature(idp.Feature{State: idp.FeatureOn, Include: everybody, Exclude: everybody}), "Everybody cannot be excluded: the policy would be for nobody. Disable it instead."},
		"a feature for a name":  {feature(idp.Feature{State: idp.FeatureOn, Include: idp.Target{Type: "group", ID: "Staff"}}), `The target "Staff" is neither a GUID nor all_users.`},
		"what Graph was told":   {func(p *idp.AuthenticatorPolicy) { p.Matching = idp.FeatureOff }, ""},
		"told something else":   {func(p *idp.AuthenticatorPolicy) { p.Matching = "never" }, `The state "never"` + states},
		"a target that is none": {func(p *idp.AuthenticatorPolicy) { p.Targets.Exclude = []idp.Target{{Type: "role", ID: staffID}} }, `The target type "role" is neither user nor group.`},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			wantError(t, devicePolicy(c.change).Validate(), idp.Invalid, c.text)
		})
	}
}

// TestAuthenticatorPolicyAllows: a person may what the mode of one of their targets says, as
// the first thing that they prove and as another.
func TestAuthenticatorPolicyAllows(t *testing.T) {
	t.Parallel()
	all := func(mode string) idp.Target { return idp.Target{Type: "group", ID: idp.AllUsers, Mode: mode} }
	me := func(mode string) idp.Target { return idp.Target{Type: "user", ID: annaID, Mode: mode} }
	for what, c := range map[string]struct {
		include      []idp.Target
		exclude      []idp.Target
		off          bool
		external     bool
		first, again idp.Reason
	}{
		"any":                    {include: []idp.Target{all("")}},
		"any by its name":        {include: []idp.Target{all(idp.AuthenticateAny)}},
		"without a password":     {include: []idp.Target{all(idp.AuthenticateBare)}},
		"as a second factor":     {include: []idp.Target{all(idp.AuthenticatePush)}, first: idp.OutOfMode},
		"push for all, any me":   {include: []idp.Target{all(idp.AuthenticatePush), me("")}},
		"any me, push for all":   {include: []idp.Target{me(""), all(idp.AuthenticatePush)}},
		"somebody else":          {include: []idp.Target{{Type: "user", ID: bobID}}, first: idp.OutOfScope, again: idp.OutOfScope},
		"any else, push for all": {include: []idp.Target{{Type: "user", ID: bobID}, all(idp.AuthenticatePush)}, first: idp.OutOfMode},
		"excluded":               {include: []idp.Target{all("")}, exclude: []idp.Target{me("")}, first: idp.OutOfScope, again: idp.OutOfScope},
		"off":                    {include: []idp.Target{all("")}, off: true, first: idp.MethodDisabled, again: idp.MethodDisabled},
		"from outside":           {include: []idp.Target{all("")}, external: true, first: idp.ExternalUser, again: idp.ExternalUser},
	} {
		u := anna()
		if c.external {
			u.Type = idp.ExternalGuest
		}
		p := devicePolicy(func(p *idp.AuthenticatorPolicy) {
			p.Enabled, p.Targets = !c.off, idp.Targets{Include: c.include, Exclude: c.exclude}
		})
		if first, again := p.Allows(u, false), p.Allows(u, true); first != c.first || again != c.again {
			t.Errorf("%s: %q and %q, want %q and %q", what, first, again, c.first, c.again)
		}
	}
}

func TestAuthenticatorPolicyRegistrable(t *testing.T) {
	t.Parallel()
	on, guest := devicePolicy(nil), anna()
	guest.Type = idp.ExternalMember
	for what, c := range map[string]struct {
		policy idp.AuthenticatorPolicy
		user   *idp.User
		held   int
		want   idp.Reason
	}{
		"the first":       {on, anna(), 0, idp.Offered},
		"the last":        {on, anna(), idp.MaxAuthenticators - 1, idp.Offered},
		"one too many":    {on, anna(), idp.MaxAuthenticators, idp.MaxHeld},
		"off":             {idp.DefaultAuthenticatorPolicy(), anna(), 0, idp.MethodDisabled},
		"from outside":    {on, guest, 0, idp.ExternalUser},
		"for nobody":      {devicePolicy(func(p *idp.AuthenticatorPolicy) { p.Targets.Include = nil }), anna(), 0, idp.OutOfScope},
		"a second factor": {devicePolicy(func(p *idp.AuthenticatorPolicy) { p.Targets.Include[0].Mode = idp.AuthenticatePush }), anna(), 0, idp.Offered},
	} {
		if got := c.policy.Registrable(c.user, c.held); got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// TestAuthenticatorPolicyMode: people are asked as they want where the policy has that, and
// are never let pick where one guess in three would be too many.
func TestAuthenticatorPolicyMode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ask     []idp.AskMode
		want    idp.AskMode
		careful bool
		mode    idp.AskMode
	}{
		{[]idp.AskMode{idp.AskType, idp.AskScan}, "", false, idp.AskType},
		{[]idp.AskMode{idp.AskScan, idp.AskType}, "", false, idp.AskScan},
		{[]idp.AskMode{idp.AskType, idp.AskScan}, idp.AskScan, false, idp.AskScan},
		{[]idp.AskMode{idp.AskType, idp.AskScan}, idp.AskPick, false, idp.AskType},
		{[]idp.AskMode{idp.AskType}, "approve", false, idp.AskType},
		{[]idp.AskMode{idp.AskPick, idp.AskScan}, "", false, idp.AskPick},
		{[]idp.AskMode{idp.AskPick, idp.AskScan}, "", true, idp.AskScan},
		{[]idp.AskMode{idp.AskPick, idp.AskScan}, idp.AskPick, true, idp.AskScan},
		{[]idp.AskMode{idp.AskPick}, idp.AskPick, false, idp.AskPick},
		{[]idp.AskMode{idp.AskPick}, idp.AskPick, true, idp.AskType},
	} {
		p := devicePolicy(func(p *idp.AuthenticatorPolicy) { p.Ask = c.ask })
		if got := p.Mode(c.want, c.careful); got != c.mode || len(p.Ask) != len(c.ask) {
			t.Errorf("%q, wanting %q, careful %t: %q, want %q", c.ask, c.want, c.careful, got, c.mode)
		}
	}
}

func TestAuthenticatorPolicyBlind(t *testing.T) {
	t.Parallel()
	if got := idp.DefaultAuthenticatorPolicy().Blind(idp.AskType); got > 1.2e-2 {
		t.Errorf("by default a blind guess succeeds with %g", got)
	}
	for _, c := range []struct {
		digits, tries int
		mode          idp.AskMode
		want          float64
	}{
		{2, 1, idp.AskType, 0.01}, {2, 3, idp.AskType, 0.012}, {2, 5, idp.AskType, 0.014}, {6, 1, idp.AskType, 1e-6}, {6, 5, idp.AskType, 1.4e-6},
		{2, 3, idp.AskPick, 1.0 / 3}, {6, 1, idp.AskPick, 1.0 / 3}, {2, 3, idp.AskScan, math.Pow(2, -128)},
	} {
		p := devicePolicy(func(p *idp.AuthenticatorPolicy) { p.Digits, p.Tries = c.digits, c.tries })
		if got := p.Blind(c.mode); math.Abs(got-c.want) > c.want*1e-9 {
			t.Errorf("%d digits, %d tries, %s: %g, want %g", c.digits, c.tries, c.mode, got, c.want)
		}
	}
}

func TestFeatureShows(t *testing.T) {
	t.Parallel()
	everybody, me, staff := idp.Target{Type: "group", ID: idp.AllUsers}, idp.Target{Type: "user", ID: annaID}, idp.Target{Type: "group", ID: staffID}
	u := anna()
	u.Groups = []string{staffID}
	for what, c := range map[string]struct {
		feature idp.Feature
		want    bool
	}{
		"by default":           {idp.DefaultAuthenticatorPolicy().ShowApp, true},
		"on":                   {idp.Feature{State: idp.FeatureOn, Include: everybody}, true},
		"off":                  {idp.Feature{State: idp.FeatureOff, Include: everybody}, false},
		"for a group of hers":  {idp.Feature{State: idp.FeatureDefault, Include: staff}, true},
		"for somebody else":    {idp.Feature{State: idp.FeatureOn, Include: idp.Target{Type: "user", ID: bobID}}, false},
		"for all but her":      {idp.Feature{State: idp.FeatureOn, Include: everybody, Exclude: me}, false},
		"for all but others":   {idp.Feature{State: idp.FeatureOn, Include: everybody, Exclude: idp.Target{Type: "user", ID: bobID}}, true},
		"for her, not her lot": {idp.Feature{State: idp.FeatureOn, Include: me, Exclude: staff}, false},
	} {
		if got := c.feature.Shows(u); got != c.want {
			t.Errorf("%s: %t", what, got)
		}
	}
}

// TestPolicyNamesFeatures: a group that a feature is for is named by the policy.
func TestPolicyNamesFeatures(t *testing.T) {
	t.Parallel()
	staff := idp.Target{Type: "group", ID: staffID}
	for i, change := range []func(*idp.AuthenticatorPolicy){
		func(p *idp.AuthenticatorPolicy) { p.ShowApp.Include = staff }, func(p *idp.AuthenticatorPolicy) { p.ShowApp.Exclude = staff },
		func(p *idp.AuthenticatorPolicy) { p.ShowPlace.Include = staff }, func(p *idp.AuthenticatorPolicy) { p.ShowPlace.Exclude = staff },
	} {
		p := idp.DefaultMethodsPolicy()
		change(&p.Authenticator)
		if got := p.Naming(staffID); got != "authenticator" {
			t.Errorf("%d: %q", i, got)
		}
	}
}
