package oidc_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/idp"
)

func (p *player) redeemCode(s step) {
	c, ok := choose(p.m.codes, s.x)
	if !ok {
		return
	}
	a, change, key := c.grant.app, url.Values{}, p.key(c.grant.app, s.y/10)
	switch s.y % 10 {
	case 0:
		a = p.app(s.z)
	case 1:
		if change.Set("redirect_uri", "https://elsewhere.example/"); a.Public() {
			change = url.Values{"code_verifier": {strings.Repeat("wrong", 10)}}
		}
	}
	p.useCode(c, a, change, key)
}

// key is the one an app proves that it has, nil for none. Only native has one.
func (p *player) key(a *app, n uint) *signing {
	if a.ClientID == "native" && n%2 == 1 {
		return esKey()
	}
	return nil
}

// useCode lets an app show a code, with something wrong about it if change is.
func (p *player) useCode(c *mCode, a *app, change url.Values, key *signing) {
	n := 0
	for p.m.codes[n] != c {
		n++
	}
	p.tell("%s redeems code %d, with something wrong: %v, with a key: %v", a.ClientID, n+1, len(change) > 0, key != nil)
	m, g := p.m, c.grant
	form := a.redemption(c.value)
	if a.Public() {
		form.Set("code_verifier", verifier)
	}
	maps.Copy(form, change)
	got := p.w.proved(a, "token", form, key)
	blamed := m.blamed(g)
	switch {
	case m.gone[a]:
		p.unknown(got)
	case a != g.app:
		p.refused(got, false)
	case c.used: // RFC 6749 4.1.2: and all from the first use ends
		g.revoke()
		p.refused(got, false)
	case !m.now.Before(c.end):
		p.refused(got, false)
	case len(change) > 0:
		c.used = true
		p.refused(got, false)
	case !m.grantWorks(g) || m.left(g) == 0:
		c.used = true
		p.refused(got, blamed || m.grantWorks(g) && g.end.Equal(g.pass.end))
	default:
		c.used, g.keyed = true, key != nil && a.Public()
		p.receive(g, got, g.offline, g.api, key != nil)
	}
}

func (p *player) refreshToken(s step) {
	var refreshable []*mToken
	for _, t := range p.m.tokens {
		if t.refresh {
			refreshable = append(refreshable, t)
		}
	}
	t, ok := choose(refreshable, s.x)
	if !ok {
		return
	}
	a, scope := t.app, []string{"", "", "", "openid", "openid email"}[s.y%5]
	if s.z%10 == 0 {
		a = p.app(s.z / 10)
	}
	key := p.key(a, s.z/10)
	if t.grant.keyed && s.z%10 > 3 {
		key = esKey()
	}
	p.useRefresh(t, a, scope, key)
}

// useRefresh lets an app show a refresh token. scope asks for less than was
// granted, or with email for more.
func (p *player) useRefresh(t *mToken, a *app, scope string, key *signing) {
	p.tell("%s uses %s, scope %q, with a key: %v", a.ClientID, p.name(t), scope, key != nil)
	m, g := p.m, t.grant
	got := p.w.proved(a, "token", url.Values{"grant_type": {idp.GrantRefresh}, "refresh_token": {t.value}, "scope": {scope}}, key)
	switch {
	case m.gone[a]:
		p.unknown(got)
	case a != g.app:
		p.refused(got, false)
	case !m.grantWorks(g) || m.left(g) == 0:
		p.refused(got, m.blamed(g) || m.grantWorks(g) && g.end.Equal(g.pass.end))
	case g.keyed && key == nil: // RFC 9449 5
		p.refused(got, false)
	case t.generation != g.generation: // RFC 9700 4.14.2: replayed
		g.revoke()
		p.refused(got, false)
	case strings.Contains(scope, "email"):
		p.want(got.str("error") == "invalid_scope", "want invalid_scope, got %s", got.Body)
	default:
		p.receive(g, got, a.Public(), g.api && scope == "", key != nil)
	}
}

func (p *player) startDevice(s step) {
	offline := s.x%4 != 0
	got := p.w.device(p.w.apps["native"], asking{offline: offline}.scope())
	p.want(got.Status == http.StatusOK, "no device code: %d %s", got.Status, got.Body)
	p.m.devices = append(p.m.devices, &mDevice{code: got.str("device_code"), userCode: got.str("user_code"), end: p.m.now.Add(15 * time.Minute), offline: offline})
	p.tell("device %d starts, offline %v", len(p.m.devices), offline)
}

func (p *player) approveDevice(s step) {
	d, ok := choose(p.m.devices, s.x)
	if !ok {
		return
	}
	b, u, deny := p.seat(s.y), p.user(s.y/3), s.z%4 == 0
	code := p.code(u, s.z/4)
	p.tell("%s enters the code of a device in browser %s and %s, deny %v", u.name, b.name, p.codeName(code), deny)
	got := b.approve(d.userCode, person{u.name, code, deny})
	if d.grant != nil || d.denied || !p.m.now.Before(d.end) {
		p.want(got.Status == http.StatusNotFound, "a used user code is answered %d", got.Status)
		return
	}
	if !p.m.sessionWorks(b.session) && !p.proves(b, u, code, got, false) {
		return
	}
	p.want(got.Status == http.StatusOK, "the approval is answered %d %s", got.Status, got.Header.Get("X-Error"))
	if d.denied = deny; deny {
		return
	}
	d.grant = p.m.grant(b.session, asking{app: p.w.apps["native"], offline: d.offline, types: "code"})
}

func (p *player) pollDevice(s step) {
	d, ok := choose(p.m.devices, s.x)
	if !ok {
		return
	}
	p.tell("a device asks whether it was approved: %v", d.grant != nil)
	m, got := p.m, p.w.poll(p.w.apps["native"], d.code)
	told := got.str("error")
	switch g := d.grant; {
	case d.denied:
		p.want(told == "access_denied", "want access_denied, got %s", got.Body)
	case !m.now.Before(d.end):
		p.want(told == "expired_token", "want expired_token, got %s", got.Body)
	case g == nil:
		p.want(told == "authorization_pending" || told == "slow_down", "want authorization_pending, got %s", got.Body)
	case d.used:
		g.revoke()
		p.refused(got, false)
	case !m.grantWorks(g) || m.left(g) == 0:
		p.refused(got, m.blamed(g) || m.grantWorks(g) && g.end.Equal(g.pass.end))
	default:
		d.used = true
		p.receive(g, got, g.offline, false, false)
	}
}

func (p *player) clientCredentials(step) {
	p.tell("worker gets a token for itself")
	a := p.w.apps["worker"]
	got := p.w.clientToken(a)
	p.want(got.Status == http.StatusOK && got.num("expires_in") == 3600, "no token: %d %s", got.Status, got.Body)
	p.m.tokens = append(p.m.tokens, &mToken{app: a, value: got.str("access_token"), end: p.m.now.Add(time.Hour)})
}

func (p *player) look(s step) {
	if t, ok := choose(p.m.tokens, s.x); ok {
		p.tell("%s is looked at", p.name(t))
		p.checkToken(t)
	}
}

func (p *player) lookAtAll(step) {
	p.tell("everything is looked at")
	p.checkAll()
}

func (p *player) revokeToken(s step) {
	t, ok := choose(p.m.tokens, s.x)
	if !ok {
		return
	}
	a := t.app
	if s.y%4 == 0 {
		a = p.app(s.z)
	}
	p.tell("%s revokes %s", a.ClientID, p.name(t))
	got := p.w.revoke(a, t.value)
	if p.m.gone[a] {
		p.unknown(got)
		return
	}
	p.want(got.Status == http.StatusOK, "revocation is answered %d %s", got.Status, got.Body)
	switch {
	case a != t.app: // RFC 7009 2.1: not issued to it
	case t.refresh:
		t.grant.revoke()
	default:
		t.revoked = true
	}
}
