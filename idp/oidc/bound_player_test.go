package oidc_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
)

// player carries out steps on the server and on the model, and compares.
type player struct {
	w        *world
	m        *model
	browsers []*seat
	tabs     []*tab
	script   []string
	fault    string // what differed first
	hint     string // the newest ID token
	hinted   *mSession
	guest    *app   // that registered itself, nil for none
	access   string // its registration access token
	ears     *ears
	hall     string // by which calls find them

	signIns, alive, dead, told int
}

// seat is a browser with the session it has, or nil.
type seat struct {
	*browser
	name    string
	session *mSession
}

// tab is a sign-in that waits in a browser.
type tab struct {
	seat *seat
	asking
	uri     string // of a pushed request
	used    bool   // it has led to an answer
	started time.Time
	state   string
	user    *mUser // once somebody has typed a name
	spent   bool   // its question was answered
}

// differs ends a sequence.
type differs string

// play runs the steps and, at the end, tries everything that was ever obtained.
func play(t testing.TB, steps []step) (p *player) {
	p = newPlayer(t)
	defer p.leave()
	for _, name := range []string{"A", "B", "C"} {
		p.browsers = append(p.browsers, &seat{p.w.browser(), name, nil})
	}
	defer func() {
		switch f := recover().(type) {
		case nil:
		case differs:
			p.fault = string(f)
		default:
			panic(f)
		}
	}()
	for _, s := range steps {
		deeds[s.do].do(p, s)
		p.checkClock()
	}
	p.tell("everything is tried")
	p.checkAll()
	p.useAll()
	p.checkAll()
	p.deliverNotices(step{})
	p.move(31 * 24 * time.Hour) // all passes are over
	p.deliverNotices(step{})
	return p
}

// tell adds a line to the script.
func (p *player) tell(format string, args ...any) {
	at := p.m.now.Sub(epoch).String()
	if p.m.wall.Before(p.m.now) {
		at += " (wall " + p.m.wall.Sub(epoch).String() + ")"
	}
	p.script = append(p.script, "  at "+at+" "+fmt.Sprintf(format, args...))
}

// want ends the sequence unless ok.
func (p *player) want(ok bool, format string, args ...any) {
	if !ok {
		panic(differs(fmt.Sprintf(format, args...)))
	}
}

// choose picks from a list, every other time the newest.
func choose[T any](list []T, n uint) (T, bool) {
	if len(list) == 0 {
		var none T
		return none, false
	}
	if n%2 == 1 {
		return list[len(list)-1], true
	}
	return list[n/2%uint(len(list))], true
}

func (p *player) user(n uint) *mUser { return p.m.people[n%uint(len(p.m.people))] }

func (p *player) seat(n uint) *seat { return p.browsers[n%uint(len(p.browsers))] }

func (p *player) checkClock() {
	if now := p.w.clock.Now(); !now.Equal(p.m.now) {
		p.want(false, "the server's time is %v, want %v", now.Sub(epoch), p.m.now.Sub(epoch))
	}
}

// count keeps the figures, and holds the one rule that needs no model of anything
// else: what came from a pass does not work once the pass is over.
func (p *player) count(works bool, pass *mPass, what string) {
	if !works {
		p.dead++
		return
	}
	p.alive++
	p.want(pass == nil || !p.m.ended(pass), "%s works after its pass", what)
}

// checkAll looks at everything ever obtained, without changing anything.
func (p *player) checkAll() {
	for _, s := range p.m.sessions {
		p.checkSession(s)
	}
	for _, t := range p.m.tokens {
		p.checkToken(t)
	}
	for _, u := range p.m.people {
		p.checkPass(u)
	}
}

func (p *player) checkSession(s *mSession) {
	v := signin.Visit{Now: p.w.clock.Now(), Tenant: p.w.tenant, Session: s.cookie}
	got, _, err := p.w.signin.Current(p.w.ctx(), v)
	p.want(err == nil, "session %d: %v", s.n, err)
	p.count(got != nil, s.pass, fmt.Sprintf("session %d", s.n))
	p.want((got != nil) == p.m.sessionWorks(s), "session %d works: %v, want %v", s.n, got != nil, p.m.sessionWorks(s))
	p.want(got == nil || !got.NotAfter.After(s.pass.end), "session %d outlives its pass", s.n)
}

// checkToken asks introspection and, about people's access tokens, userinfo. A
// public client's refresh token cannot be looked at, only used.
func (p *player) checkToken(t *mToken) {
	asker := p.w.apps["worker"]
	if t.refresh {
		if asker = t.app; asker.Public() || p.m.gone[asker] {
			return
		}
	}
	want := p.m.tokenWorks(t)
	got := p.w.introspect(asker, t.value)
	active, _ := got.JSON["active"].(bool)
	p.want(got.Status == http.StatusOK && active == want, "introspection of %s says %s, want active: %v", p.name(t), got.Body, want)
	if t.grant == nil {
		p.count(active, nil, p.name(t))
		return
	}
	p.count(active, t.grant.pass, p.name(t))
	p.want(!active || !time.Unix(got.num("exp"), 0).After(t.grant.pass.end), "%s outlives its pass, says introspection", p.name(t))
	if !t.refresh {
		p.checkUserInfo(t, want)
	}
}

// checkUserInfo shows an access token to userinfo, which takes those for APIs from
// nobody.
func (p *player) checkUserInfo(t *mToken, works bool) {
	scheme, proof := "Bearer", ""
	if t.keyed {
		scheme, proof = "DPoP", p.w.proof(esKey(), "GET", "userinfo", claims{"ath": athOf(t.value)})
	}
	want := http.StatusOK
	switch {
	case !works:
		want = http.StatusUnauthorized
	case t.api != "":
		want = http.StatusForbidden
	}
	got := p.w.shows(scheme, t.value, proof)
	p.want(got.Status == want, "userinfo answers %d to %s, which works: %v", got.Status, p.name(t), works)
}

func (p *player) checkPass(u *mUser) {
	info, err := p.w.admin.Pass(p.w.ctx(), operator, tenantID, u.name+"@contoso.example")
	if u.pass == nil {
		p.want(idp.ErrorCode(err) == idp.NotFound, "%s has a pass", u.name)
		return
	}
	p.want(err == nil, "the pass of %s: %v", u.name, err)
	usable := p.m.judge(&mUser{pass: u.pass, excluded: u.excluded}, u.pass.code) == 0
	p.want((info.Reason == idp.EnabledByPolicy) == usable, "pass %d is %s, want usable: %v", u.pass.n, info.Reason, usable)
}

// useAll shows every refresh token and every code once more.
func (p *player) useAll() {
	for _, t := range p.m.tokens {
		if t.refresh {
			p.useRefresh(t, t.app, "", p.keyOf(t.grant))
		}
	}
	for _, c := range p.m.codes {
		p.useCode(c, c.grant.app, nil, nil)
	}
}

func (p *player) name(t *mToken) string {
	n := 0
	for n < len(p.m.tokens) && p.m.tokens[n] != t {
		n++
	}
	kind := "access"
	if t.refresh {
		kind = "refresh"
	}
	return fmt.Sprintf("%s token %d of %s", kind, n+1, t.app.ClientID)
}

// receive takes the tokens of a successful response and checks every lifetime in
// it, in whole seconds, against the rules and against the pass.
func (p *player) receive(g *mGrant, got *reply, rotated, forAPI, keyed bool) {
	p.want(got.Status == http.StatusOK, "no tokens: %d %s", got.Status, got.Body)
	p.receiveAccess(g, g.app, got, asking{api: forAPI}.target(), keyed, time.Hour)
	p.checkIDToken(g, got.str("id_token"))
	p.want((got.str("refresh_token") != "") == rotated, "refresh token: %q, want one: %v", got.str("refresh_token"), rotated)
	if rotated {
		g.generation++
		p.m.tokens = append(p.m.tokens, &mToken{grant: g, app: g.app, value: got.str("refresh_token"), refresh: true, generation: g.generation})
	}
}

// receiveAccess takes an access token, which lives no longer than within.
func (p *player) receiveAccess(g *mGrant, a *app, got *reply, api string, keyed bool, within time.Duration) {
	life, kind := min(p.m.life(g, api), within.Truncate(time.Second)), "Bearer"
	if keyed {
		kind = "DPoP"
	}
	p.want(got.num("expires_in") == int64(life/time.Second) && got.str("token_type") == kind, "expires_in is %d, want %v, for %s", got.num("expires_in"), life, got.str("token_type"))
	p.want(!p.m.now.Add(time.Duration(got.num("expires_in"))*time.Second).After(g.pass.end), "expires_in is beyond the pass")
	token := got.str("access_token")
	p.want(strings.HasPrefix(token, "at_") == (api != files), "a token for %q: %s", api, token)
	p.m.issue(g, a, token, api, keyed, life)
	p.tell("... gets %s", p.name(p.m.tokens[len(p.m.tokens)-1]))
}

// checkIDToken holds an ID token's times against the grant and the pass.
func (p *player) checkIDToken(g *mGrant, token string) {
	says := unverified(token)
	exp, auth := int64(says["exp"].(float64)), int64(says["auth_time"].(float64))
	p.want(exp == p.m.now.Add(p.m.left(g)).Unix() && !time.Unix(exp, 0).After(g.pass.end), "the ID token ends at %v, the pass at %v", time.Unix(exp, 0).Sub(epoch), g.pass.end.Sub(epoch))
	p.want(auth == g.auth.Unix(), "auth_time is %v, want %v", time.Unix(auth, 0).Sub(epoch), g.auth.Sub(epoch))
	p.hint, p.hinted = token, g.session
}

// unverified is the payload of a token of ours; other tests verify signatures.
func unverified(token string) map[string]any {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		panic(differs("no ID token: " + token))
	}
	var claims map[string]any
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		panic(differs("no ID token: " + token))
	}
	return claims
}

// unknown checks that an app that is gone is told so.
func (p *player) unknown(got *reply) {
	p.want(got.Status == http.StatusUnauthorized && got.str("error") == "invalid_client", "want invalid_client, got %d %s", got.Status, got.Body)
}

// refused checks that nothing was given and, where it was for the pass, that the
// app is told so in a way that makes it ask the person again.
func (p *player) refused(got *reply, forPass bool) {
	p.want(got.Status == http.StatusBadRequest && got.str("error") == "invalid_grant", "want invalid_grant, got %d %s", got.Status, got.Body)
	p.want((got.str("suberror") == "basic_action") == forPass, "refused for its pass: %v, but answered %s", forPass, got.Body)
}
