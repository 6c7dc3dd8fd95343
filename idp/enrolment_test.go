package idp_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
)

// Proofs by each kind of credential, made at a time.
func byPasskey(at time.Time) idp.Proof {
	return idp.Proof{Method: idp.PasskeyMethod, Credential: "key", At: at, ACR: idp.ACRPhishing, MFA: true}
}

func byPassword(at time.Time) idp.Proof {
	return idp.Proof{Method: idp.PasswordMethod, Credential: "word", At: at, ACR: idp.ACRPassword}
}

func byPass(at time.Time, ends time.Duration) idp.Proof {
	return idp.Proof{Method: idp.TemporaryAccessPass, Credential: "pass", At: at, NotAfter: at.Add(ends), ACR: idp.ACRBootstrap, MFA: true}
}

func byOnce(at time.Time) idp.Proof {
	p := byPass(at, time.Hour)
	p.RegisterBy = at.Add(idp.RegisterWindow)
	return p
}

// TestWindows: how long after which proofs somebody may change their own methods, until
// when a registration begun then must be finished, and whether a one-time pass bounds it.
func TestWindows(t *testing.T) {
	t.Parallel()
	const m = time.Minute
	for name, c := range map[string]struct {
		proofs []idp.Proof
		strong time.Duration // after t0; 0: never
		begun  time.Duration
		by     time.Duration // 0: it must not begin
		window time.Duration // 0: none
		end    time.Duration // of the session; 0: a day
	}{
		"a password":                         {[]idp.Proof{byPassword(t0)}, 0, 0, 0, 0, 0},
		"a passkey":                          {[]idp.Proof{byPasskey(t0)}, 5 * m, 0, 5 * m, 0, 0},
		"a passkey, the last moment":         {[]idp.Proof{byPasskey(t0)}, 5 * m, 5*m - 1, 10*m - 1, 0, 0},
		"a passkey, too late":                {[]idp.Proof{byPasskey(t0)}, 5 * m, 5 * m, 0, 0, 0},
		"a pass":                             {[]idp.Proof{byPass(t0, time.Hour)}, 5 * m, m, 6 * m, 0, 0},
		"a session that ends soon":           {[]idp.Proof{byPass(t0, 3*m)}, 5 * m, m, 3 * m, 0, 3 * m},
		"a one-time pass":                    {[]idp.Proof{byOnce(t0)}, 10 * m, 0, 5 * m, 10 * m, 0},
		"a one-time pass, late":              {[]idp.Proof{byOnce(t0)}, 10 * m, 6 * m, 10 * m, 10 * m, 0},
		"a one-time pass, the last moment":   {[]idp.Proof{byOnce(t0)}, 10 * m, 10*m - 1, 10 * m, 10 * m, 0},
		"a one-time pass, over":              {[]idp.Proof{byOnce(t0)}, 10 * m, 10 * m, 0, 10 * m, 0},
		"a one-time pass and a password":     {[]idp.Proof{byOnce(t0), byPassword(t0.Add(m))}, 10 * m, 8 * m, 10 * m, 10 * m, 0},
		"a one-time pass and a passkey":      {[]idp.Proof{byOnce(t0), byPasskey(t0.Add(8 * m))}, 13 * m, 9 * m, 14 * m, 0, 0},
		"a password, then a passkey":         {[]idp.Proof{byPassword(t0), byPasskey(t0.Add(m))}, 6 * m, 2 * m, 7 * m, 0, 0},
		"a passkey, then a password":         {[]idp.Proof{byPasskey(t0), byPassword(t0.Add(4 * m))}, 5 * m, 5 * m, 0, 0, 0},
		"two passkeys: the newer one counts": {[]idp.Proof{byPasskey(t0.Add(2 * m)), byPasskey(t0)}, 7 * m, 6 * m, 11 * m, 0, 0},
	} {
		s := &idp.Session{Proofs: c.proofs, NotAfter: t0.Add(24 * time.Hour)}
		if c.end != 0 {
			s.NotAfter = t0.Add(c.end)
		}
		at := func(d time.Duration) time.Time {
			if d == 0 {
				return time.Time{}
			}
			return t0.Add(d)
		}
		begun := t0.Add(c.begun)
		if got := s.StrongUntil(); !got.Equal(at(c.strong)) {
			t.Errorf("%s: strong until %s", name, got)
		}
		if c.strong != 0 && (!s.Strong(at(c.strong).Add(-1)) || s.Strong(at(c.strong))) || c.strong == 0 && s.Strong(t0) {
			t.Errorf("%s: strong longer or shorter than until %s", name, c.strong)
		}
		if got := s.EnrolBy(begun); !got.Equal(at(c.by)) {
			t.Errorf("%s: a registration begun at %s may take until %s, want %s", name, c.begun, got, at(c.by))
		}
		if got := s.Window(); !got.Equal(at(c.window)) {
			t.Errorf("%s: window %s", name, got)
		}
	}
}

func randomProof(r *rand.Rand) idp.Proof {
	at := t0.Add(time.Duration(r.Int64N(int64(30 * time.Minute))))
	switch r.IntN(4) {
	case 0:
		return byPassword(at)
	case 1:
		return byPasskey(at)
	case 2:
		return byPass(at, time.Duration(1+r.Int64N(int64(time.Hour))))
	}
	return byOnce(at)
}

// TestNothingProlongsAWindow: whatever stands beside a one-time pass, no registration may
// take longer than its window, unless a proof of more than one factor without one does; and
// none may take longer than itself, than the session, or begin without a strong proof.
func TestNothingProlongsAWindow(t *testing.T) {
	t.Parallel()
	begins, clipped := 0, 0
	for seed := range uint64(50_000) {
		r := random(seed)
		s := &idp.Session{NotAfter: t0.Add(time.Duration(1 + r.Int64N(int64(2*time.Hour))))}
		for range 1 + r.IntN(3) {
			s.Proofs = append(s.Proofs, randomProof(r))
		}
		begun := t0.Add(time.Duration(r.Int64N(int64(50 * time.Minute))))
		by := s.EnrolBy(begun)
		strong := slices.ContainsFunc(s.Proofs, func(p idp.Proof) bool {
			end := p.At.Add(5 * time.Minute)
			if !p.RegisterBy.IsZero() {
				end = p.RegisterBy
			}
			return p.MFA && begun.Before(end)
		})
		if s.Strong(begun) != strong || by.IsZero() == strong {
			t.Fatalf("seed %d: strong %t, by %s: %+v", seed, s.Strong(begun), by, s)
		}
		if by.IsZero() {
			continue
		}
		begins++
		if by.After(begun.Add(5*time.Minute)) || by.After(s.NotAfter) {
			t.Fatalf("seed %d: begun %s, by %s: %+v", seed, begun, by, s)
		}
		last, free := time.Time{}, false
		for _, p := range s.Proofs {
			free = free || p.MFA && p.RegisterBy.IsZero()
			if p.RegisterBy.After(last) {
				last = p.RegisterBy
			}
		}
		if !free && by.After(last) {
			t.Fatalf("seed %d: the window closes at %s, the registration at %s: %+v", seed, last, by, s)
		}
		if !free && by.Equal(last) {
			clipped++
		}
		weaker := &idp.Session{NotAfter: s.NotAfter, Proofs: append(slices.Clone(s.Proofs), byPassword(begun))}
		if got := weaker.EnrolBy(begun); !got.Equal(by) || !weaker.StrongUntil().Equal(s.StrongUntil()) || !weaker.Window().Equal(s.Window()) {
			t.Fatalf("seed %d: a password makes it %s instead of %s: %+v", seed, got, by, s)
		}
	}
	if begins < 5000 || clipped < 500 {
		t.Errorf("%d may begin, %d are bound by a window: the test tests little", begins, clipped)
	}
}

func TestSessionMFAAndBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proofs       []idp.Proof
		mfa, bounded bool
	}{
		"a password":           {[]idp.Proof{byPassword(t0)}, false, false},
		"a passkey":            {[]idp.Proof{byPasskey(t0)}, true, false},
		"a pass":               {[]idp.Proof{byPass(t0, 1)}, true, true},
		"both of a kind":       {[]idp.Proof{byPassword(t0), byPasskey(t0)}, true, false},
		"a passkey and a pass": {[]idp.Proof{byPasskey(t0), byOnce(t0)}, true, true},
	} {
		s := &idp.Session{Proofs: c.proofs}
		if s.MFA() != c.mfa || s.Bounded() != c.bounded {
			t.Errorf("%s: more than one factor %t, bounded %t", name, s.MFA(), s.Bounded())
		}
	}
}

// TestSessionOfALoss: which session comes of a pass, and what it says its person held before.
func TestSessionOfALoss(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proof    idp.Proof
		recovers bool
	}{
		"a password": {byPassword(t0), false}, "a passkey": {byPasskey(t0), false}, "a pass": {byPass(t0, 1), true}, "a one-time pass": {byOnce(t0), true},
	} {
		s := &idp.Session{Proofs: []idp.Proof{c.proof}, CreatedAt: t0}
		if s.Recovers() != c.recovers {
			t.Errorf("%s: recovers %t", name, !c.recovers)
		}
		if !s.Predates("other", t0.Add(-1)) || s.Predates("other", t0) || s.Predates(c.proof.Credential, t0.Add(-1)) {
			t.Errorf("%s: what was there before is not told from what was not", name)
		}
	}
}

// TestInterrupts: who is asked, on the way to an app or to our own pages, to register.
func TestInterrupts(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	all := idp.Targets{Include: []idp.Target{{Type: "group", ID: idp.AllUsers}}}
	others := idp.Targets{Include: []idp.Target{{Type: "user", ID: bobID}}}
	butAnna := idp.Targets{Include: all.Include, Exclude: []idp.Target{{Type: "user", ID: annaID}}}
	requires := func(t idp.Targets) idp.Requirement { return idp.Requirement{Enabled: true, Targets: t} }
	campaign := func(t idp.Targets, days int) idp.Campaign {
		return idp.Campaign{Enabled: true, Targets: t, SnoozeDays: days}
	}
	for name, c := range map[string]struct {
		policy idp.RegistrationPolicy
		ago    time.Duration // since "not now"; 0: never
		toApp  idp.Interrupt
		own    idp.Interrupt
	}{
		"nothing":                        {idp.DefaultRegistrationPolicy(), 0, idp.NoInterrupt, idp.MayRegister},
		"self-service reset":             {idp.RegistrationPolicy{SelfServiceReset: requires(all)}, 0, idp.MustRegister, idp.MustRegister},
		"self-service reset, not now":    {idp.RegistrationPolicy{SelfServiceReset: requires(all)}, time.Minute, idp.MustRegister, idp.MustRegister},
		"self-service reset of others":   {idp.RegistrationPolicy{SelfServiceReset: requires(others)}, 0, idp.NoInterrupt, idp.MayRegister},
		"self-service reset but hers":    {idp.RegistrationPolicy{SelfServiceReset: requires(butAnna)}, 0, idp.NoInterrupt, idp.MayRegister},
		"self-service reset is off":      {idp.RegistrationPolicy{SelfServiceReset: idp.Requirement{Targets: all}}, 0, idp.NoInterrupt, idp.MayRegister},
		"identity protection":            {idp.RegistrationPolicy{IdentityProtection: requires(all)}, 0, idp.MustRegister, idp.MustRegister},
		"identity protection of others":  {idp.RegistrationPolicy{IdentityProtection: requires(others)}, 0, idp.NoInterrupt, idp.MayRegister},
		"a campaign":                     {idp.RegistrationPolicy{Campaign: campaign(all, 3)}, 0, idp.MayRegister, idp.MayRegister},
		"a campaign for others":          {idp.RegistrationPolicy{Campaign: campaign(others, 3)}, 0, idp.NoInterrupt, idp.MayRegister},
		"a campaign that is off":         {idp.RegistrationPolicy{Campaign: idp.Campaign{Targets: all}}, 0, idp.NoInterrupt, idp.MayRegister},
		"a campaign, just now":           {idp.RegistrationPolicy{Campaign: campaign(all, 3)}, 1, idp.NoInterrupt, idp.MayRegister},
		"a campaign, nearly 3 days ago":  {idp.RegistrationPolicy{Campaign: campaign(all, 3)}, 3*day - 1, idp.NoInterrupt, idp.MayRegister},
		"a campaign, 3 days ago":         {idp.RegistrationPolicy{Campaign: campaign(all, 3)}, 3 * day, idp.MayRegister, idp.MayRegister},
		"a campaign that asks each time": {idp.RegistrationPolicy{Campaign: campaign(all, 0)}, 1, idp.MayRegister, idp.MayRegister},
		"a campaign beside what must be": {idp.RegistrationPolicy{SelfServiceReset: requires(all), Campaign: campaign(all, 3)}, 1, idp.MustRegister, idp.MustRegister},
		"a campaign where others must":   {idp.RegistrationPolicy{SelfServiceReset: requires(others), Campaign: campaign(all, 3)}, 0, idp.MayRegister, idp.MayRegister},
	} {
		u := anna()
		if c.ago != 0 {
			u.SnoozedAt = t0.Add(-c.ago)
		}
		if got := c.policy.Interrupts(u, false, t0); got != c.toApp {
			t.Errorf("%s, on the way to an app: %q, want %q", name, got, c.toApp)
		}
		if got := c.policy.Interrupts(u, true, t0); got != c.own {
			t.Errorf("%s, on our own pages: %q, want %q", name, got, c.own)
		}
	}
}

func TestRegistrationPolicyValidate(t *testing.T) {
	t.Parallel()
	snooze := func(n int) func(*idp.RegistrationPolicy) {
		return func(p *idp.RegistrationPolicy) { p.Campaign.SnoozeDays = n }
	}
	bad := idp.Targets{Include: []idp.Target{{Type: "role", ID: annaID}}}
	const badText = `The target type "role" is neither user nor group.`
	for name, c := range map[string]struct {
		change func(*idp.RegistrationPolicy)
		want   string
	}{
		"default":                   {func(*idp.RegistrationPolicy) {}, ""},
		"no snooze":                 {snooze(0), ""},
		"longest snooze":            {snooze(14), ""},
		"a snooze that is too long": {snooze(15), "Invalid snoozeDurationInDays 15 specified. The valid range between 0 and 14."},
		"a negative snooze":         {snooze(-1), "Invalid snoozeDurationInDays -1 specified. The valid range between 0 and 14."},
		"first targets":             {func(p *idp.RegistrationPolicy) { p.SelfServiceReset.Targets = bad }, badText},
		"second targets":            {func(p *idp.RegistrationPolicy) { p.IdentityProtection.Targets = bad }, badText},
		"third targets":             {func(p *idp.RegistrationPolicy) { p.Campaign.Targets = bad }, badText},
	} {
		t.Run(name, func(t *testing.T) {
			p := idp.DefaultRegistrationPolicy()
			c.change(&p)
			wantError(t, p.Validate(), idp.Invalid, c.want)
		})
	}
	if d := idp.DefaultRegistrationPolicy(); d.SelfServiceReset.Enabled || d.IdentityProtection.Enabled || d.Campaign.Enabled {
		t.Errorf("somebody is asked by default: %+v", d)
	}
}
