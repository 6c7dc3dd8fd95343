package oidc_test

import (
	"fmt"
	"net/url"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
)

// opens sends a browser to the app's authorization request. It answers the tab
// that waits, nil if the app was answered at once.
func (p *player) opens(b *seat, a *app, prompt string, offline bool) *tab {
	t := &tab{seat: b, app: a, prompt: prompt, offline: offline, started: p.m.now}
	got := b.authorize(a, url.Values{"prompt": {prompt}, "scope": {scopes(offline)}, "response_mode": {[]string{"", "query", "fragment", "form_post"}[len(p.script)%4]}})
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

func scopes(offline bool) string {
	if offline {
		return "openid profile offline_access"
	}
	return "openid profile"
}

// level orders what an app may be allowed.
func level(offline bool) int {
	if offline {
		return 2
	}
	return 1
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
	case !t.app.Trusted && t.seat.session.user.allowed[t.app.ClientID] < level(t.offline):
		if silent {
			return "consent_required"
		}
		return "page"
	}
	return m.issues(t.seat.session, t.offline)
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
	if got.code() != "" {
		told = "code"
	}
	p.want(told == want, "the app is told %q in a %q (%d %v %s), want %q", told, got.Mode, got.Status, got.Problem, got.Header.Get("X-Error"), want)
	if want == "code" {
		g := p.m.grant(t.seat.session, t.app, t.offline)
		p.m.codes = append(p.m.codes, &mCode{grant: g, value: got.code(), end: earlier(g.end, p.m.now.Add(time.Minute))})
		p.tell("... gets code %d", len(p.m.codes))
	}
}

func (p *player) app(n uint) *app {
	return p.w.apps[[]string{"web", "native", "trusted", "spa"}[n%4]]
}

func (p *player) signInHere(s step) {
	prompt := []string{"", "login"}[s.z%2]
	b, a, offline := p.seat(s.x), p.app(s.x/3), s.z/2%4 != 0
	p.tell("browser %s opens %s, prompt %q, offline %v", b.name, a.ClientID, prompt, offline)
	if t := p.opens(b, a, prompt, offline); t != nil {
		p.answers(t, p.user(s.y), s.y/2, s.z/8%8 == 1)
	}
}

func (p *player) singleSignOn(s step) {
	b, a, prompt, offline := p.seat(s.x), p.app(s.x/3), []string{"none", "none", "", "login"}[s.y%4], s.z%2 == 0
	p.tell("browser %s opens %s, prompt %q, offline %v", b.name, a.ClientID, prompt, offline)
	p.opens(b, a, prompt, offline)
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
	if got.State != "" {
		t.state = got.State
	}
	if !p.m.suits(t) && !p.proves(t.seat, u, code, got, t.spent) {
		t.user, t.spent = u, false
		return
	}
	s := t.seat.session
	if t.spent = t.user != nil; !t.app.Trusted && s.user.allowed[t.app.ClientID] < level(t.offline) {
		if deny {
			p.answered(t, got, "access_denied")
			return
		}
		s.user.allowed[t.app.ClientID] = level(t.offline)
	}
	p.answered(t, got, p.m.issues(s, t.offline))
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
