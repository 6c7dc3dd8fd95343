package oidc_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
)

// asking is what an app asks a browser for.
type asking struct {
	app          *app
	prompt       string
	offline, api bool
	types        string // of the response
	pushed       bool
}

func (q asking) scope() string {
	scope := "openid profile"
	if q.offline {
		scope += " offline_access"
	}
	if q.api {
		scope += " " + files + "/read"
	}
	return scope
}

// returns tells whether code, token or id_token is asked for.
func (q asking) returns(what string) bool { return slices.Contains(strings.Fields(q.types), what) }

// lasts: it asks for what outlives the session, which only a code brings.
func (q asking) lasts() bool { return q.offline && q.returns("code") }

// needs are the bits that people must have allowed.
func (q asking) needs() int {
	bits := 1
	if q.lasts() {
		bits |= 2
	}
	if q.api {
		bits |= 4
	}
	return bits
}

func (q asking) String() string {
	return fmt.Sprintf("%s, prompt %q, offline %v, api %v, for %s, pushed %v", q.app.ClientID, q.prompt, q.offline, q.api, q.types, q.pushed)
}

// asks draws a request of the app.
func (p *player) asks(a *app, prompt string, offline bool, n uint) asking {
	q := asking{app: a, prompt: prompt, offline: offline, api: n%3 == 1, types: "code", pushed: n/3%4 == 1 && !a.Public()}
	if len(a.ResponseTypes) > 0 {
		q.types = a.ResponseTypes[n/12%uint(len(a.ResponseTypes))]
	}
	return q
}

// sends opens the request in a browser.
func (p *player) sends(t *tab) *reply {
	mode := []string{"", "query", "fragment", "form_post"}[len(p.script)%4]
	if mode == "query" && t.types != "code" {
		mode = ""
	}
	change := url.Values{"prompt": {t.prompt}, "scope": {t.scope()}, "response_type": {t.types}, "response_mode": {mode}}
	if !t.pushed {
		return t.seat.authorize(t.app, change)
	}
	got := p.w.push(t.app, change)
	p.want(got.Status == http.StatusCreated, "a pushed request is answered %d %s", got.Status, got.Body)
	t.uri = got.str("request_uri")
	return t.seat.follow(t.app, t.uri)
}

// opens sends a browser to the app's authorization request. It answers the tab
// that waits, nil if the app was answered at once.
func (p *player) opens(b *seat, q asking) *tab {
	p.tell("browser %s opens %v", b.name, q)
	t := &tab{seat: b, asking: q, started: p.m.now}
	got := p.sends(t)
	switch want := p.m.leads(t); want {
	case "page":
		p.want(got.State != "", "want a page, got %d %v", got.Status, got.Fields)
		t.state, p.tabs = got.State, append(p.tabs, t)
		return t
	default:
		p.answered(t, got, want)
		return nil
	}
}

// suits: the browser's session does for the sign-in in the tab.
func (m *model) suits(t *tab) bool {
	s := t.seat.session
	return m.sessionWorks(s) && (t.user == nil || t.user == s.user) && (t.prompt != "login" || !s.auth.Before(t.started))
}

// leads is what follows for the tab without anybody answering anything: "page",
// "code", or an error.
func (m *model) leads(t *tab) string {
	silent := t.prompt == "none"
	switch {
	case !m.suits(t) && silent:
		return "login_required"
	case !m.suits(t):
		return "page"
	case !t.app.Trusted && t.needs()&^t.seat.session.user.allowed[t.app.ClientID] != 0:
		if silent {
			return "consent_required"
		}
		return "page"
	}
	return m.issues(t.seat.session, t.lasts())
}

// issues: nothing is issued for less than a second.
func (m *model) issues(s *mSession, offline bool) string {
	end := s.end
	if offline {
		end = s.pass.end
	}
	if end.Sub(m.now) < time.Second {
		return "login_required"
	}
	return "code"
}

// answered checks what the app was told, and keeps a code.
func (p *player) answered(t *tab, got *reply, want string) {
	told := got.Fields.Get("error")
	if got.Fields.Has("session_state") {
		told = "code"
	}
	if want == "code" && t.pushed && t.used { // RFC 9126 4: once
		want = "invalid_request_uri"
	}
	p.want(told == want, "the app is told %q in a %q (%d %v %s), want %q", told, got.Mode, got.Status, got.Problem, got.Header.Get("X-Error"), want)
	if want == "code" {
		p.takes(t, got)
	}
}

// takes keeps what a response brings, which must be all that was asked for.
func (p *player) takes(t *tab, got *reply) {
	g, f := p.m.grant(t.seat.session, t.asking), got.Fields
	p.want(f.Has("code") == t.returns("code") && f.Has("access_token") == t.returns("token") && f.Has("id_token") == t.returns("id_token"), "the response to %s has %v", t.types, f)
	if t.returns("code") {
		p.m.codes = append(p.m.codes, &mCode{grant: g, value: got.code(), end: earlier(g.end, p.m.now.Add(time.Minute))})
		p.tell("... gets code %d", len(p.m.codes))
	}
	if t.returns("token") {
		token := p.m.issue(g, g.app, f.Get("access_token"), t.target(), false, p.m.life(g, t.target()))
		p.tell("... gets %s", p.name(token))
		p.want(f.Get("expires_in") == fmt.Sprint(int64(p.m.life(g, token.api)/time.Second)), "expires_in is %s, want %v", f.Get("expires_in"), p.m.life(g, token.api))
	}
	if t.returns("id_token") {
		p.checkIDToken(g, f.Get("id_token"))
	}
	if t.used = true; t.pushed {
		again := t.seat.follow(t.app, t.uri)
		p.want(again.Page.Page == "refused" && again.Page.Error.Code == "invalid_request_uri", "a pushed request that was used is answered %d %v %+v", again.Status, again.Fields, again.Page)
	}
}

// target is the API that tokens are for.
func (q asking) target() string {
	if q.api {
		return files
	}
	return ""
}

// app is one that is always there; anyApp also the one that registered itself.
func (p *player) app(n uint) *app {
	return p.w.apps[[]string{"web", "native", "trusted", "spa", "front"}[n%5]]
}

func (p *player) anyApp(n uint) *app {
	if n%3 == 2 && p.guest != nil {
		return p.guest
	}
	return p.app(n)
}

func (p *player) signInHere(s step) {
	q := p.asks(p.anyApp(s.x/3), []string{"", "login"}[s.z%2], s.z/2%4 != 0, s.z/64)
	if t := p.opens(p.seat(s.x), q); t != nil {
		p.answers(t, p.user(s.y), s.y/2, s.z/8%8 == 1)
	}
}

func (p *player) singleSignOn(s step) {
	p.opens(p.seat(s.x), p.asks(p.anyApp(s.x/3), []string{"none", "none", "", "login"}[s.y%4], s.z%2 == 0, s.z/64))
}

func (p *player) answerLater(s step) {
	if t, ok := choose(p.tabs, s.x); ok {
		p.answers(t, p.user(s.y), s.y/2, s.z%8 == 1)
	}
}

// code is what somebody types: nearly always the code of the own pass, else that
// of some pass that was, or a wrong one.
func (p *player) code(u *mUser, n uint) string {
	pass, any := choose(p.m.passes, n/16)
	switch {
	case n%16 == 0 && any:
		return pass.code
	case n%16 > 1 && u.pass != nil:
		return u.pass.code
	}
	return "not-a-code"
}

// answers lets somebody go through the pages of a tab.
func (p *player) answers(t *tab, u *mUser, n uint, deny bool) {
	if t.user != nil {
		u = t.user
	}
	code := p.code(u, n)
	p.tell("... and %s answers in browser %s for %s with %s, deny %v", u.name, t.seat.name, t.app.ClientID, p.codeName(code), deny)
	got := t.seat.answer(t.state, person{u.name, code, deny})
	if !p.m.now.Before(t.started.Add(flowLife)) {
		p.want(got.Header.Get("X-Error") == signin.ErrStale.Error(), "want a stale tab, got %d %v", got.Status, got.Fields)
		return
	}
	if p.m.gone[t.app] {
		p.want(got.Header.Get("X-Error") == signin.ErrClient.Error(), "want that the app is gone, got %d %v", got.Status, got.Fields)
		return
	}
	if got.State != "" {
		t.state = got.State
	}
	if !p.m.suits(t) && !p.proves(t.seat, u, code, got, t.spent) {
		t.user, t.spent = u, false
		return
	}
	s := t.seat.session
	if t.spent = t.user != nil; !t.app.Trusted && t.needs()&^s.user.allowed[t.app.ClientID] != 0 {
		if deny {
			p.answered(t, got, "access_denied")
			return
		}
		s.user.allowed[t.app.ClientID] |= t.needs()
	}
	p.answered(t, got, p.m.issues(s, t.lasts()))
}

func (p *player) codeName(code string) string {
	for _, pass := range p.m.passes {
		if pass.code == code {
			return fmt.Sprintf("the code of pass %d", pass.n)
		}
	}
	return "a wrong code"
}

// proves follows an answer to the question for a pass; false: it was refused. The
// throttle may refuse whoever was refused before.
func (p *player) proves(b *seat, u *mUser, code string, got *reply, spent bool) bool {
	want := p.m.judge(u, code)
	told := idp.STS(0)
	if got.Problem != nil {
		told = got.Problem.Told
	}
	if told == idp.UserLocked && (u.failed >= 5 || spent) {
		p.tell("... is held back")
		return false
	}
	p.want(told == want, "the person is told %d, want %d", told, want)
	if want != 0 {
		u.failed++
		p.tell("... is told %d", want)
		return false
	}
	b.session = p.m.signIn(b.session, u)
	b.session.cookie = b.cookies["__Host-latchkey-session-"+tenantID]
	b.session.id = p.sid(b.session)
	p.signIns++
	p.tell("... has session %d, which ends at %v", b.session.n, b.session.end.Sub(epoch))
	return true
}

func (p *player) signOut(s step) {
	b, params := p.seat(s.x), url.Values{}
	if s.y%2 == 1 {
		params.Set("id_token_hint", p.hint)
	}
	p.tell("browser %s signs out, with a hint: %v", b.name, s.y%2 == 1)
	got := b.logout(params)
	if fits := params.Get("id_token_hint") != "" && p.hinted == b.session; p.m.sessionWorks(b.session) && !fits {
		p.want(got.Page.Page == "sign-out", "want the question whether to sign out, got %s", got.Body)
		got = b.confirmLogout(got.Page.State)
	}
	p.want(got.Page.Page == "signed-out", "not signed out: %s", got.Body)
	p.m.signOut(b.session)
	b.session = nil
}
