package idp_test

import (
	"slices"
	"testing"
	"time"

	"latchkey/idp"
)

func TestSessionEnd(t *testing.T) {
	t.Parallel()
	short, long := contoso(), contoso()
	short.SessionLifetime, long.SessionLifetime = time.Hour, idp.MaxSessionLifetime
	for _, c := range []struct {
		name   string
		tenant *idp.Tenant
		proof  time.Duration // from now; 0: no bound
		want   time.Duration
		as     idp.STS
	}{
		{"no bound", contoso(), 0, 24 * time.Hour, idp.NoSession},
		{"bound", contoso(), 8 * time.Hour, 8 * time.Hour, idp.PassExpired},
		{"bound beyond the session", contoso(), 48 * time.Hour, 24 * time.Hour, idp.NoSession},
		{"bound with the session", contoso(), 24 * time.Hour, 24 * time.Hour, idp.PassExpired},
		{"bound in the next nanosecond", contoso(), 1, 1, idp.PassExpired},
		{"tenant's lifetime", short, 0, time.Hour, idp.NoSession},
		{"tenant's lifetime before the bound", short, 2 * time.Hour, time.Hour, idp.NoSession},
		{"bound before the tenant's lifetime", short, time.Minute, time.Minute, idp.PassExpired},
		{"a guest's day", long, idp.GuestSession, 24 * time.Hour, idp.PassExpired},
		{"a guest's day beyond the tenant's lifetime", short, idp.GuestSession, time.Hour, idp.NoSession},
	} {
		p := idp.Proof{Method: idp.TemporaryAccessPass, Credential: "p1", At: t0}
		if c.proof != 0 {
			p.NotAfter, p.EndsAs = t0.Add(c.proof), idp.PassExpired
		}
		s := idp.NewSession(c.tenant, annaID, "ss_x", p)
		if !s.NotAfter.Equal(t0.Add(c.want)) || s.EndsAs != c.as {
			t.Errorf("%s: ends %s as %d, want %s as %d", c.name, s.NotAfter.Sub(t0), s.EndsAs, c.want, c.as)
		}
		if !s.ExpiresAt().Equal(s.NotAfter) || !s.CreatedAt.Equal(t0) || s.UserID != annaID || !idp.IsID(s.SessionID) {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
}

// TestSessionBoundNeverGrows renews sessions with random proofs: the end never
// moves later, and lies beyond no proof that was ever part of it.
func TestSessionBoundNeverGrows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2000) {
		r, now := random(seed), t0
		proof := func() idp.Proof {
			p := idp.Proof{Method: []idp.Kind{idp.TemporaryAccessPass, idp.PasskeyMethod}[r.IntN(2)], Credential: []string{"", "a", "b"}[r.IntN(3)], At: now}
			if r.IntN(3) > 0 {
				p.NotAfter, p.EndsAs = now.Add(time.Duration(1+r.Int64N(int64(48*time.Hour)))), idp.PassExpired
			}
			return p
		}
		first := proof()
		s := idp.NewSession(contoso(), annaID, "ss_0", first)
		bounds := []time.Time{first.NotAfter}
		for range 6 {
			now = now.Add(time.Duration(r.Int64N(int64(time.Hour))))
			before, secret, p := s.NotAfter, idp.NewToken(idp.SessionSecret), proof()
			bounds = append(bounds, p.NotAfter)
			s.Renew(secret, p)
			if s.NotAfter.After(before) || s.Secret != idp.HashToken(idp.SessionSecret, secret) || !s.AuthTime().Equal(now) {
				t.Fatalf("seed %d: from %s to %s, %+v", seed, before, s.NotAfter, s)
			}
			if slices.ContainsFunc(bounds, func(b time.Time) bool { return !b.IsZero() && s.NotAfter.After(b) }) {
				t.Fatalf("seed %d: ends %s, beyond one of %v", seed, s.NotAfter, bounds)
			}
		}
		for i, p := range s.Proofs {
			if slices.ContainsFunc(s.Proofs[:i], func(q idp.Proof) bool { return q.Method == p.Method && q.Credential == p.Credential }) {
				t.Fatalf("seed %d: two proofs of one credential: %+v", seed, s.Proofs)
			}
		}
		g := idp.NewGrant(s, &idp.AuthRequest{Scopes: []string{idp.ScopeOpenID}}, now)
		if g.NotAfter.After(s.NotAfter) {
			t.Fatalf("seed %d: the grant ends after the session", seed)
		}
	}
}

func TestSessionLive(t *testing.T) {
	t.Parallel()
	end := t0.Add(time.Hour)
	for _, c := range []struct {
		name   string
		change func(*idp.Session, *idp.User)
		now    time.Time
		want   bool
	}{
		{"at once", nil, t0, true},
		{"end-1ns", nil, end.Add(-1), true},
		{"end", nil, end, false},
		{"end+1ns", nil, end.Add(1), false},
		{"ended", func(s *idp.Session, _ *idp.User) { s.End(t0, idp.PassNotFound) }, t0, false},
		{"disabled", func(_ *idp.Session, u *idp.User) { u.Disabled = true }, t0, false},
		{"another user", func(_ *idp.Session, u *idp.User) { u.UserID = bobID }, t0, false},
		{"signed out everywhere since", func(_ *idp.Session, u *idp.User) { u.SessionsValidFrom = t0.Add(1) }, t0, false},
		{"signed out everywhere the moment before", func(_ *idp.Session, u *idp.User) { u.SessionsValidFrom = t0 }, t0, true},
	} {
		u, s := anna(), idp.NewSession(contoso(), annaID, "ss_x", idp.Proof{At: t0, NotAfter: end})
		if c.change != nil {
			c.change(s, u)
		}
		if got := s.Live(u, c.now); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
		if s.Live(nil, c.now) {
			t.Errorf("%s: live for nobody", c.name)
		}
	}
	s := session()
	if !s.End(t0, idp.PassNotFound) || s.End(t0.Add(1), idp.NoSession) || s.EndedAs != idp.PassNotFound || !s.EndedAt.Equal(t0) {
		t.Errorf("ended twice: %+v", s)
	}
}
