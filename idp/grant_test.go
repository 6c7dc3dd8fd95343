package idp_test

import (
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// bounded is a grant that ends after the given time.
func bounded(left time.Duration, scopes ...string) *idp.Grant {
	s := idp.NewSession(contoso(), annaID, "ss_x", idp.Proof{
		Method: idp.TemporaryAccessPass, Credential: "p1", At: t0, NotAfter: t0.Add(left), EndsAs: idp.PassExpired,
		AMR: []string{"otp", "mfa"}, ACR: idp.ACRBootstrap,
	})
	return idp.NewGrant(s, &idp.AuthRequest{ClientID: "web", Scopes: scopes, Nonce: "n", RedirectURI: "https://a.example/", CodeChallenge: "c"}, t0)
}

func TestNewGrant(t *testing.T) {
	t.Parallel()
	g := bounded(time.Hour, "openid")
	if g.UserID != annaID || g.ClientID != "web" || g.SessionID == "" || g.Credentials[0] != "p1" || g.Nonce != "n" || g.RedirectURI == "" || g.CodeChallenge != "c" {
		t.Errorf("%+v", g)
	}
	if g.ACR != idp.ACRBootstrap || strings.Join(g.AMR, " ") != "otp mfa" || !g.AuthTime.Equal(t0) || g.Offline() {
		t.Errorf("%+v", g)
	}
	for _, c := range []struct {
		name   string
		proofs []time.Duration // from now; 0: no bound
		scope  string
		want   time.Duration
		as     idp.STS
	}{
		{"online, bounded", []time.Duration{time.Hour}, "openid", time.Hour, idp.PassExpired},
		{"online, unbounded: ends with the session", []time.Duration{0}, "openid", 24 * time.Hour, idp.NoSession},
		{"offline, unbounded: outlives the session", []time.Duration{0}, idp.ScopeOffline, idp.OfflineLifetime, idp.GrantExpired},
		{"offline, bounded", []time.Duration{time.Hour}, idp.ScopeOffline, time.Hour, idp.PassExpired},
		{"offline, bounded beyond the session", []time.Duration{30 * 24 * time.Hour}, idp.ScopeOffline, 30 * 24 * time.Hour, idp.PassExpired},
		{"offline, the earliest of several proofs", []time.Duration{3 * time.Hour, 0, 2 * time.Hour}, idp.ScopeOffline, 2 * time.Hour, idp.PassExpired},
		{"offline, bounded beyond its own lifetime", []time.Duration{100 * 24 * time.Hour}, idp.ScopeOffline, idp.OfflineLifetime, idp.GrantExpired},
	} {
		var s *idp.Session
		for i, left := range c.proofs {
			p := idp.Proof{Credential: string(rune('a' + i)), At: t0}
			if left != 0 {
				p.NotAfter, p.EndsAs = t0.Add(left), idp.PassExpired
			}
			if s == nil {
				s = idp.NewSession(contoso(), annaID, "ss_x", p)
			} else {
				s.Renew("ss_y", p)
			}
		}
		g := idp.NewGrant(s, &idp.AuthRequest{Scopes: []string{c.scope}}, t0)
		if !g.NotAfter.Equal(t0.Add(c.want)) || g.EndsAs != c.as {
			t.Errorf("%s: ends after %s as %d, want %s as %d", c.name, g.NotAfter.Sub(t0), g.EndsAs, c.want, c.as)
		}
	}
}

func TestGrantLifetime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ left, want, got time.Duration }{
		{time.Hour, time.Hour, time.Hour},
		{time.Hour, 2 * time.Hour, time.Hour},
		{2 * time.Hour, time.Hour, time.Hour},
		{time.Hour + 999*time.Millisecond, 2 * time.Hour, time.Hour},
		{2 * time.Second, time.Hour, 2 * time.Second},
		{2*time.Second - 1, time.Hour, time.Second},
		{time.Second, time.Hour, time.Second},
		{time.Second - 1, time.Hour, 0},
		{1, time.Hour, 0},
		{0, time.Hour, 0},
		{-1, time.Hour, 0},
		{-time.Second, time.Hour, 0},
		{-time.Hour, time.Hour, 0},
		{time.Hour, 1500 * time.Millisecond, time.Second},
	} {
		g := &idp.Grant{NotAfter: t0.Add(c.left)}
		if got := g.Lifetime(t0, c.want); got != c.got {
			t.Errorf("%s left, %s wanted: %s, want %s", c.left, c.want, got, c.got)
		}
	}
	if got := new(idp.Grant).Lifetime(t0, time.Hour); got != 0 {
		t.Errorf("a grant without an end gives %s", got)
	}
	for seed := range uint64(5000) {
		r := random(seed)
		g := &idp.Grant{NotAfter: t0.Add(time.Duration(r.Int64N(int64(3 * time.Hour))))}
		now := t0.Add(time.Duration(r.Int64N(int64(4 * time.Hour))))
		want := time.Duration(r.Int64N(int64(2 * time.Hour)))
		switch got := g.Lifetime(now, want); {
		case got < 0 || got%time.Second != 0 || got > want:
			t.Fatalf("seed %d: %s of %s", seed, got, want)
		case got > 0 && now.Add(got).After(g.NotAfter):
			t.Fatalf("seed %d: outlives the grant", seed)
		case got == 0 && want >= time.Second && g.NotAfter.Sub(now) >= time.Second:
			t.Fatalf("seed %d: nothing although %s are left", seed, g.NotAfter.Sub(now))
		}
	}
}

func TestGrantCheck(t *testing.T) {
	t.Parallel()
	end := t0.Add(time.Hour)
	for _, c := range []struct {
		name   string
		change func(*idp.Grant, *idp.User)
		now    time.Time
		want   idp.STS
	}{
		{"good", nil, t0, 0},
		{"end-1ns", nil, end.Add(-1), 0},
		{"end", nil, end, idp.PassExpired},
		{"end+1ns", nil, end.Add(1), idp.PassExpired},
		{"end, of a method that does not say as what", func(g *idp.Grant, _ *idp.User) { g.EndsAs = 0 }, end, idp.GrantExpired},
		{"revoked", func(g *idp.Grant, _ *idp.User) { g.Revoke(t0, idp.PassNotFound) }, t0, idp.PassNotFound},
		{"revoked without a reason", func(g *idp.Grant, _ *idp.User) { g.Revoke(t0, 0) }, t0, idp.GrantRevoked},
		{"revoked and over", func(g *idp.Grant, _ *idp.User) { g.Revoke(t0, idp.PassNotFound) }, end, idp.PassNotFound},
		{"disabled", func(_ *idp.Grant, u *idp.User) { u.Disabled = true }, t0, idp.UserDisabled},
		{"signed out everywhere since", func(_ *idp.Grant, u *idp.User) { u.SessionsValidFrom = t0.Add(1) }, t0, idp.GrantRevoked},
		{"signed out everywhere before", func(_ *idp.Grant, u *idp.User) { u.SessionsValidFrom = t0 }, t0, 0},
	} {
		g, u := bounded(time.Hour, "openid"), anna()
		if c.change != nil {
			c.change(g, u)
		}
		if got := g.Check(u, c.now); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if got := bounded(time.Hour).Check(nil, t0); got != idp.UserDisabled {
		t.Errorf("user gone: %d", got)
	}
	g := bounded(time.Hour)
	if !g.Revoke(t0, idp.PassNotFound) || g.Revoke(t0.Add(1), idp.GrantRevoked) || g.RevokedAs != idp.PassNotFound || !g.RevokedAt.Equal(t0) {
		t.Errorf("revoked twice: %+v", g)
	}
	if !g.ExpiresAt().Equal(g.NotAfter.Add(24 * time.Hour)) {
		t.Errorf("swept at %s", g.ExpiresAt())
	}
}

// TestGrantNeverRedeemedIsSwept: what nobody redeemed does not stay for the months
// that the grant could have lasted.
func TestGrantNeverRedeemedIsSwept(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	s := idp.NewSession(contoso(), annaID, "ss_x", idp.Proof{At: t0})
	offline := func() *idp.Grant {
		return idp.NewGrant(s, &idp.AuthRequest{Scopes: []string{idp.ScopeOffline}}, t0)
	}
	code, device, waiting := offline(), offline(), &idp.Grant{NotAfter: t0.Add(idp.DeviceLifetime)}
	code.IssueCode(t0)
	device.Device = idp.Device{Hash: "h", Ends: t0.Add(idp.DeviceLifetime)}
	waiting.Device = device.Device
	for name, c := range map[string]struct {
		g            *idp.Grant
		redeem       func(time.Time) idp.STS
		before, then time.Duration
	}{
		"code":            {code, code.RedeemCode, idp.CodeLifetime + day, idp.OfflineLifetime + day},
		"approved device": {device, device.RedeemDevice, idp.DeviceLifetime + day, idp.OfflineLifetime + day},
		"waiting device":  {waiting, waiting.RedeemDevice, idp.DeviceLifetime + day, idp.DeviceLifetime + day},
	} {
		if got := c.g.ExpiresAt(); !got.Equal(t0.Add(c.before)) {
			t.Errorf("%s: swept after %s, want %s", name, got.Sub(t0), c.before)
		}
		if sts := c.redeem(t0); sts != 0 || !c.g.ExpiresAt().Equal(t0.Add(c.then)) {
			t.Errorf("%s, redeemed: %d, swept after %s, want %s", name, sts, c.g.ExpiresAt().Sub(t0), c.then)
		}
	}
}

func TestGrantCode(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]time.Duration{time.Hour: time.Minute, time.Minute: time.Minute, 30 * time.Second: 30 * time.Second} {
		g := bounded(left, "openid")
		code := g.IssueCode(t0)
		if g.Code.Hash != idp.HashToken(idp.AuthorizationCode, code) || !strings.HasPrefix(code, "ac_") || !g.Code.Ends.Equal(t0.Add(want)) {
			t.Errorf("%s left: %q, %+v", left, code, g.Code)
		}
	}
	for _, c := range []struct {
		after time.Duration
		want  idp.STS
	}{{0, 0}, {time.Minute - 1, 0}, {time.Minute, idp.GrantExpired}, {time.Minute + 1, idp.GrantExpired}} {
		g := bounded(time.Hour)
		g.IssueCode(t0)
		if got := g.RedeemCode(t0.Add(c.after)); got != c.want || g.Code.UsedAt.IsZero() != (c.want != 0) || !g.RevokedAt.IsZero() {
			t.Errorf("after %s: %d, %+v", c.after, got, g.Code)
		}
	}
	for _, again := range []time.Duration{0, time.Second, time.Hour} { // also when it would have expired
		g := bounded(2 * time.Hour)
		g.IssueCode(t0)
		g.RedeemCode(t0)
		if got := g.RedeemCode(t0.Add(again)); got != idp.CodeRedeemed || g.Check(anna(), t0.Add(again)) != idp.GrantRevoked {
			t.Errorf("replayed after %s: %d, grant %d", again, got, g.Check(anna(), t0.Add(again)))
		}
	}
}

func TestGrantRefresh(t *testing.T) {
	t.Parallel()
	g := bounded(time.Hour, idp.ScopeOffline)
	first := g.IssueRefresh(t0)
	family := g.Refresh.Family
	if idp.RefreshFamily(first) != family || !g.Refreshes(first) || g.Refresh.Generation != 1 {
		t.Fatalf("%q, %+v", first, g.Refresh)
	}
	now := t0.Add(time.Minute)
	second := g.RotateRefresh(first, now)
	if second == first || idp.RefreshFamily(second) != family || g.Refresh.Generation != 2 || !g.Refresh.IssuedAt.Equal(now) || !g.Refreshes(second) || !g.RevokedAt.IsZero() {
		t.Fatalf("%q, %+v", second, g.Refresh)
	}
	third := g.RotateRefresh(second, now)
	if !g.Refreshes(third) {
		t.Fatal("the newest is refused")
	}
	fam, secret, _ := strings.Cut(third, ".")
	for name, shown := range map[string]string{
		"an older generation": first, "the generation before": second, "the family alone": fam, "no secret": fam + ".",
		"the secret alone": secret, "empty": "", "more behind it": third + "x", "the family as secret": fam + "." + fam,
		"another's": bounded(time.Hour).IssueRefresh(t0),
	} {
		stolen := *g
		if stolen.Refreshes(shown) {
			t.Errorf("%s: taken: %+v", name, stolen)
		}
	}
	if bounded(time.Hour).Refreshes("") || bounded(time.Hour).Refreshes("a.b") {
		t.Error("a grant without a refresh token takes one")
	}
}

func TestGrantDevice(t *testing.T) {
	t.Parallel()
	g := &idp.Grant{GrantID: "g", ClientID: "tv", Scopes: []string{idp.ScopeOffline}, NotAfter: t0.Add(idp.DeviceLifetime), Device: idp.Device{Hash: "h"}}
	s := bounded(2*time.Hour, "openid")
	g.Bind(idp.NewSession(contoso(), annaID, "ss_x", idp.Proof{Credential: "p1", At: t0, NotAfter: t0.Add(2 * time.Hour), EndsAs: idp.PassExpired}), &idp.AuthRequest{MaxAge: -1}, t0.Add(time.Minute))
	if g.UserID != annaID || !g.NotAfter.Equal(s.NotAfter) || g.EndsAs != idp.PassExpired || g.Device.Hash != "h" || !g.AuthTime.Equal(t0) {
		t.Errorf("%+v", g)
	}
	if got := g.RedeemDevice(t0); got != 0 {
		t.Errorf("first: %d", got)
	}
	if got := g.RedeemDevice(t0.Add(1)); got != idp.CodeRedeemed || g.Check(anna(), t0.Add(1)) != idp.GrantRevoked {
		t.Errorf("second: %d, %+v", got, g)
	}
}
