package idp_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// policy is the default one with passes switched on.
func policy() idp.PassPolicy {
	p := idp.DefaultPassPolicy()
	p.Enabled = true
	return p
}

func TestPassUsability(t *testing.T) {
	t.Parallel()
	off, outside, onceOnly := policy(), policy(), policy()
	off.Enabled, onceOnly.Once = false, true
	outside.Targets.Exclude = []idp.Target{{Type: "user", ID: annaID}}
	moments := []struct {
		name string
		now  time.Time
	}{
		{"start-1ns", t0.Add(-1)}, {"start", t0}, {"end-1ns", t0.Add(time.Hour - 1)}, {"end", t0.Add(time.Hour)}, {"end+1ns", t0.Add(time.Hour + 1)},
	}
	for _, c := range []struct {
		name   string
		once   bool
		used   bool
		policy idp.PassPolicy
		want   string // one a moment
	}{
		{"multi-use", false, false, policy(), "NotYetValid EnabledByPolicy EnabledByPolicy Expired Expired"},
		{"multi-use, used", false, true, policy(), "NotYetValid EnabledByPolicy EnabledByPolicy Expired Expired"},
		{"once", true, false, policy(), "NotYetValid EnabledByPolicy EnabledByPolicy Expired Expired"},
		{"once, used", true, true, policy(), "OneTimeUsed OneTimeUsed OneTimeUsed Expired Expired"},
		{"policy off", false, false, off, "NotYetValid DisabledByPolicy DisabledByPolicy Expired Expired"},
		{"policy off, once, used", true, true, off, "OneTimeUsed OneTimeUsed OneTimeUsed Expired Expired"},
		{"out of scope", true, false, outside, "NotYetValid DisabledByPolicy DisabledByPolicy Expired Expired"},
		{"out of scope, used", true, true, outside, "OneTimeUsed OneTimeUsed OneTimeUsed Expired Expired"},
		{"multi-use where only one-time passes are allowed", false, false, onceOnly, "NotYetValid DisabledByPolicy DisabledByPolicy Expired Expired"},
		{"once where only one-time passes are allowed", true, false, onceOnly, "NotYetValid EnabledByPolicy EnabledByPolicy Expired Expired"},
	} {
		p := &idp.Pass{StartsAt: t0, Lifetime: time.Hour, Once: c.once}
		if c.used {
			p.UsedAt = t0
		}
		for i, m := range moments {
			why := p.Usability(c.policy, anna(), m.now)
			if want := strings.Fields(c.want)[i]; string(why) != want {
				t.Errorf("%s at %s: %s, want %s", c.name, m.name, why, want)
			}
			if refused := p.Refusal(why) != nil; refused == (why == idp.EnabledByPolicy) {
				t.Errorf("%s at %s: refused %t", c.name, m.name, refused)
			}
		}
	}
}

func TestPassRefusal(t *testing.T) {
	t.Parallel()
	p := &idp.Pass{StartsAt: t0}
	for why, want := range map[idp.Usability]idp.STS{
		idp.Expired: 130504, idp.OneTimeUsed: 130505, idp.NotYetValid: 130502, idp.DisabledByPolicy: 130502,
	} {
		r := p.Refusal(why)
		if r.Told != want || r.Logged != want || r.Detail != string(why) || r.Wrong {
			t.Errorf("%s: %+v", why, r)
		}
		if r.Start.Equal(t0) != (why == idp.NotYetValid) {
			t.Errorf("%s tells the start %s", why, r.Start)
		}
	}
}

func TestPassRedeem(t *testing.T) {
	t.Parallel()
	many := &idp.Pass{StartsAt: t0, Lifetime: 8 * time.Hour}
	for i := range 3 {
		now := t0.Add(time.Duration(i) * time.Hour)
		if r := many.Redeem(policy(), anna(), now); r != nil || !many.UsedAt.IsZero() || !many.LastUsedAt.Equal(now) {
			t.Errorf("use %d of a multi-use pass: %v, %+v", i, r, many)
		}
	}
	once := &idp.Pass{StartsAt: t0, Lifetime: time.Hour, Once: true}
	off := policy()
	off.Enabled = false
	if r := once.Redeem(off, anna(), t0); r == nil || r.Told != idp.PassBlocked || !once.UsedAt.IsZero() || !once.LastUsedAt.IsZero() {
		t.Errorf("policy off: %v, %+v", r, once)
	}
	if r := once.Redeem(policy(), anna(), t0); r != nil || !once.UsedAt.Equal(t0) || !once.LastUsedAt.Equal(t0) {
		t.Errorf("first use: %v, %+v", r, once)
	}
	if r := once.Redeem(policy(), anna(), t0.Add(1)); r == nil || r.Told != idp.PassUsed || !once.UsedAt.Equal(t0) || !once.LastUsedAt.Equal(t0) {
		t.Errorf("second use: %v, %+v", r, once)
	}
}

func TestNewPassErrors(t *testing.T) {
	t.Parallel()
	keys := keyring(t, 1)
	yes, no := true, false
	off, onceOnly, wide := policy(), policy(), policy()
	off.Enabled, onceOnly.Once = false, true
	wide.MinimumLifetime, wide.MaximumLifetime = 10, 43200
	external, internal := anna(), anna()
	external.Type, internal.Type = idp.ExternalGuest, idp.InternalGuest
	const (
		guest    = "Temporary Access Pass cannot be added to an external guest user."
		disabled = "Converged UserCredentialPolicy does not allow creating or updating this authentication method. AuthMethodType [TemporaryAccessPass]."
		reason   = "The reason may have at most 1,024 bytes, without control characters."
	)
	lifetime := func(least, greatest int) string {
		return fmt.Sprintf("Invalid LifetimeInMinutes specified. The valid range between %d and %d.", least, greatest)
	}
	for _, c := range []struct {
		name   string
		policy idp.PassPolicy
		user   *idp.User
		req    idp.PassRequest
		want   string
	}{
		{"defaults", policy(), anna(), idp.PassRequest{}, ""},
		{"internal guest", policy(), internal, idp.PassRequest{}, ""},
		{"external guest", policy(), external, idp.PassRequest{}, guest},
		{"external guest, policy off", off, external, idp.PassRequest{}, guest},
		{"policy off", off, anna(), idp.PassRequest{}, disabled},
		{"least", policy(), anna(), idp.PassRequest{Lifetime: 60}, ""},
		{"below", policy(), anna(), idp.PassRequest{Lifetime: 59}, lifetime(60, 480)},
		{"greatest", policy(), anna(), idp.PassRequest{Lifetime: 480}, ""},
		{"above", policy(), anna(), idp.PassRequest{Lifetime: 481}, lifetime(60, 480)},
		{"negative", policy(), anna(), idp.PassRequest{Lifetime: -1}, lifetime(60, 480)},
		{"30 days", wide, anna(), idp.PassRequest{Lifetime: 43200}, ""},
		{"over 30 days", wide, anna(), idp.PassRequest{Lifetime: 43201}, lifetime(10, 43200)},
		{"once", policy(), anna(), idp.PassRequest{Once: &yes}, ""},
		{"as a one-time policy says", onceOnly, anna(), idp.PassRequest{}, ""},
		{"multi-use under a one-time policy", onceOnly, anna(), idp.PassRequest{Once: &no}, "The policy of this organization allows one-time passes only."},
		{"a moment ago", policy(), anna(), idp.PassRequest{StartsAt: t0.Add(-time.Minute)}, ""},
		{"past", policy(), anna(), idp.PassRequest{StartsAt: t0.Add(-time.Minute - 1)}, "The start 2026-09-01T07:58:59Z lies in the past."},
		{"in a year", policy(), anna(), idp.PassRequest{StartsAt: t0.AddDate(1, 0, 0)}, ""},
		{"in more than a year", policy(), anna(), idp.PassRequest{StartsAt: t0.AddDate(1, 0, 0).Add(time.Second)}, "The start 2027-09-01T08:00:01Z is more than a year away."},
		{"reason", policy(), anna(), idp.PassRequest{Reason: strings.Repeat("é", 512)}, ""},
		{"long reason", policy(), anna(), idp.PassRequest{Reason: strings.Repeat("é", 512) + "x"}, reason},
		{"reason of two lines", policy(), anna(), idp.PassRequest{Reason: "a\r\nb"}, reason},
		{"reason in no encoding", policy(), anna(), idp.PassRequest{Reason: "\xff"}, reason},
	} {
		p, secret, err := idp.NewPass(keys, tenantID, c.policy, c.user, c.req, t0)
		if (p == nil) != (err != nil) || (secret == "") != (err != nil) {
			t.Errorf("%s: pass %v, secret %q, error %v", c.name, p, secret, err)
		}
		t.Run(c.name, func(t *testing.T) { wantError(t, err, idp.Invalid, c.want) })
	}
}

func TestNewPass(t *testing.T) {
	t.Parallel()
	keys := keyring(t, 1)
	pol := policy()
	pol.DefaultLifetime, pol.Length, pol.Once = 90, 13, true
	zone := time.FixedZone("", 3600)
	p, secret, err := idp.NewPass(keys, tenantID, pol, anna(), idp.PassRequest{StartsAt: t0.Add(time.Hour).In(zone), Reason: "new phone", Actor: "Otto"}, t0)
	if err != nil {
		t.Fatal(err)
	}
	code := idp.CanonicalPassCode(secret)
	switch {
	case p.Lifetime != 90*time.Minute || !p.Once || p.Reason != "new phone" || p.CreatedBy != "Otto" || p.UserID != annaID || !idp.IsID(p.PassID):
		t.Errorf("%+v", p)
	case !p.StartsAt.Equal(t0.Add(time.Hour)) || p.StartsAt.Location() != time.UTC || !p.EndsAt().Equal(t0.Add(150*time.Minute)):
		t.Errorf("from %s to %s", p.StartsAt, p.EndsAt())
	case len(code) != 13 || len(secret) != 16 || idp.GroupPassCode(code) != secret:
		t.Errorf("secret %q, code %q", secret, code)
	}
	for _, c := range []struct {
		name                         string
		tenant, user, kind, id, code string
		want                         bool
	}{
		{"right", tenantID, annaID, p.Kind(), p.PassID, code, true},
		{"wrong code", tenantID, annaID, p.Kind(), p.PassID, code[1:] + code[:1] + "0", false},
		{"no code", tenantID, annaID, p.Kind(), p.PassID, "", false},
		{"ungrouped only", tenantID, annaID, p.Kind(), p.PassID, secret, false},
		{"other tenant", bobID, annaID, p.Kind(), p.PassID, code, false},
		{"other user", tenantID, bobID, p.Kind(), p.PassID, code, false},
		{"other kind", tenantID, annaID, "recovery", p.PassID, code, false},
		{"other pass", tenantID, annaID, p.Kind(), bobID, code, false},
	} {
		if got := keys.Verify(p.Verifier, c.tenant, c.user, c.kind, c.id, c.code); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
	if keyring(t, 2).Verify(p.Verifier, tenantID, annaID, p.Kind(), p.PassID, code) {
		t.Error("another pepper verifies")
	}
	if keys.Verify(idp.Verifier{}, tenantID, annaID, p.Kind(), p.PassID, code) {
		t.Error("an empty verifier verifies")
	}
}

// TestNewPassSecrets: every symbol occurs at every place, and none is repeated.
func TestNewPassSecrets(t *testing.T) {
	t.Parallel()
	keys, pol := keyring(t, 1), policy()
	pol.Length = idp.GreatestPassLength
	seen := map[string]bool{}
	places := map[string]int{}
	for range 500 {
		_, secret, err := idp.NewPass(keys, tenantID, pol, anna(), idp.PassRequest{}, t0)
		if err != nil || seen[secret] {
			t.Fatalf("%q, %v", secret, err)
		}
		seen[secret] = true
		for i, r := range idp.CanonicalPassCode(secret) {
			places[fmt.Sprint(i%4, string(r))]++
		}
	}
	if len(places) != 4*32 {
		t.Errorf("%d different symbols at four places, want 128", len(places))
	}
}

// TestEndCredentialWritesOnlyWhatItEnds: what was revoked before is not written again, so
// that ending a pass takes no longer for it.
func TestEndCredentialWritesOnlyWhatItEnds(t *testing.T) {
	t.Parallel()
	now := t0.Add(time.Hour)
	grant := func() *idp.Grant {
		return &idp.Grant{GrantID: idp.NewID(), UserID: annaID, Credentials: []string{"p1"}, NotAfter: now.Add(1)}
	}
	live, revoked := grant(), grant()
	revoked.Revoke(t0, idp.GrantRevoked)
	session := &idp.Session{SessionID: idp.NewID(), Proofs: []idp.Proof{{Credential: "p1"}}, NotAfter: now.Add(1)}
	session.End(t0, idp.NoSession)
	d := &writes{Driver: mem.New()}
	st := storage.New(d)
	put := func(tx *storage.Tx) error { return putAll(tx, live, revoked, session) }
	end := func(tx *storage.Tx) error { return idp.EndCredential(tx, "p1", idp.PassNotFound, now) }
	for i, fn := range []func(*storage.Tx) error{put, end} {
		d.records = nil
		if err := st.Update(context.Background(), tenantID, fn); err != nil {
			t.Fatal(err)
		}
		if want := []int{3, 1}[i]; len(d.records) != want {
			t.Errorf("%q were written, want %d of them", d.records, want)
		}
	}
	if !strings.Contains(d.records[0], live.GrantID) {
		t.Errorf("%q was written", d.records)
	}
}

// writes is a driver with a list of the records that were put.
type writes struct {
	storage.Driver
	records []string
}

func (w *writes) Update(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	return w.Driver.Update(ctx, tenant, func(kv storage.KV) error { return fn(&writing{kv, w}) })
}

type writing struct {
	storage.KV
	of *writes
}

func (w *writing) Put(key, value []byte) error {
	if key[0] == 'r' {
		w.of.records = append(w.of.records, string(key))
	}
	return w.KV.Put(key, value)
}

func TestHeldPassAndEndCredential(t *testing.T) {
	t.Parallel()
	resting := func(ids ...string) *idp.Session {
		s := &idp.Session{SessionID: idp.NewID(), UserID: annaID, NotAfter: t0.Add(time.Hour)}
		for _, id := range ids {
			s.Proofs = append(s.Proofs, idp.Proof{Credential: id, At: t0})
		}
		return s
	}
	ended, both, other, over := resting("p1"), resting("p2", "p1"), resting("p2"), resting("p1")
	over.End(t0.Add(-1), idp.NoSession)
	grants := []*idp.Grant{}
	for _, s := range []*idp.Session{ended, both, other} {
		grants = append(grants, idp.NewGrant(s, &idp.AuthRequest{ClientID: "web", Scopes: []string{idp.ScopeOffline}}, t0))
	}
	st := update(t, func(tx *storage.Tx) error {
		return putAll(tx, &idp.Pass{PassID: "p1", UserID: annaID}, ended, both, other, over, grants[0], grants[1], grants[2])
	})
	now := t0.Add(time.Minute)
	err := st.Update(context.Background(), tenantID, func(tx *storage.Tx) error {
		held, err := idp.HeldPass(tx, annaID)
		if err != nil || len(held) != 1 || held[0].ID() != "p1" || held[0].Owner() != annaID {
			t.Errorf("held %v, %v", held, err)
		}
		if held, err := idp.HeldPass(tx, bobID); held != nil || err != nil {
			t.Errorf("Bob holds %v, %v", held, err)
		}
		return idp.EndCredential(tx, "p1", idp.PassNotFound, now)
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = st.View(context.Background(), tenantID, func(tx *storage.Tx) error {
		for i, want := range []struct {
			id string
			at time.Time
		}{{ended.SessionID, now}, {both.SessionID, now}, {other.SessionID, time.Time{}}, {over.SessionID, t0.Add(-1)}} {
			s, err := storage.Get[idp.Session](tx, want.id)
			if err != nil || !s.EndedAt.Equal(want.at) || s.EndedAt.Equal(now) && s.EndedAs != idp.PassNotFound {
				t.Errorf("session %d: ended %s as %d, %v", i, s.EndedAt, s.EndedAs, err)
			}
		}
		for i, want := range []idp.STS{idp.PassNotFound, idp.PassNotFound, 0} {
			g, err := storage.Get[idp.Grant](tx, grants[i].GrantID)
			if err != nil || g.Check(anna(), now) != want {
				t.Errorf("grant %d: %d, want %d, %v", i, g.Check(anna(), now), want, err)
			}
		}
		return nil
	})
}
