package oidc_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
)

// deed is a kind of step, drawn as often as its weight says.
type deed struct {
	weight int
	do     func(*player, step)
}

// The first deeds, which drawSteps names.
const (
	givingPass = iota
	signingIn
	redeeming
)

var deeds = []deed{
	{8, (*player).givePass},
	{16, (*player).signInHere},
	{10, (*player).redeemCode},
	{5, (*player).deletePass},
	{4, (*player).changePolicy},
	{10, (*player).singleSignOn},
	{4, (*player).answerLater},
	{14, (*player).refreshToken},
	{3, (*player).startDevice},
	{5, (*player).approveDevice},
	{5, (*player).pollDevice},
	{2, (*player).clientCredentials},
	{4, (*player).look},
	{4, (*player).lookAtAll},
	{3, (*player).revokeToken},
	{3, (*player).signOut},
	{3, (*player).disableUser},
	{2, (*player).revokeSessions},
	{11, (*player).moveClock},
	{3, (*player).moveToEnd},
	{2, (*player).setClockBack},
	{2, (*player).restart},
	{1, (*player).crash},
}

// Administrators.

func (p *player) givePass(s step) {
	u := p.user(s.x)
	life := []time.Duration{10, 10, 60, 60, 60, 480, 480, 1440, 43200, 11, 9, 43201}[s.y%12] * time.Minute
	delay := []time.Duration{0, 0, 0, 0, 5 * time.Minute, 3 * time.Hour}[s.y/12%6]
	yes, no := true, false
	once := []*bool{&yes, nil, nil, nil, &no}[s.z%5]
	actor, self := operator, s.z%17 == 0
	if self {
		actor = p.party(u)
	}
	req := idp.PassRequest{Lifetime: int(life / time.Minute), Once: once}
	if delay > 0 {
		req.StartsAt = p.m.now.Add(delay)
	}
	info, code, err := p.w.admin.CreatePass(p.w.ctx(), actor, tenantID, u.name+"@contoso.example", req)
	var pass *mPass
	if !self {
		pass = p.m.givePass(u, delay, life, once)
	}
	if pass == nil {
		p.tell("%s asks for a pass for %s, in vain", actor.Type, u.name)
		p.want(err != nil, "a pass was given against the rules")
		return
	}
	p.tell("%s gets pass %d for %v, to begin in %v, once: %v", u.name, pass.n, life, delay, pass.once)
	p.want(err == nil, "no pass: %v", err)
	pass.id, pass.code = info.Pass.PassID, code
	p.want(info.Pass.EndsAt().Equal(pass.end), "pass %d ends at %v, want %v", pass.n, info.Pass.EndsAt(), pass.end)
}

func (p *player) party(u *mUser) idp.Party {
	return idp.Party{Type: "user", ID: p.w.users[u.name].UserID, Name: u.name}
}

func (p *player) deletePass(s step) {
	u, actor, id := p.user(s.x), operator, ""
	if s.y%2 == 1 {
		actor = p.party(u)
	}
	if pass, ok := choose(p.m.passes, s.z/4); ok && s.z%4 == 0 {
		id = pass.id // perhaps one that was replaced
	}
	err := p.w.admin.DeletePass(p.w.ctx(), actor, tenantID, u.name+"@contoso.example", id)
	if u.pass == nil || id != "" && id != u.pass.id {
		p.tell("%s deletes a pass that %s has not", actor.Type, u.name)
		p.want(idp.ErrorCode(err) == idp.NotFound, "want not found, got %v", err)
		return
	}
	p.tell("%s deletes pass %d of %s", actor.Type, u.pass.n, u.name)
	p.want(err == nil, "pass not deleted: %v", err)
	u.pass.gone, u.pass = true, nil
}

func (p *player) changePolicy(s step) {
	m, c := p.m, admin.PassPolicyChange{}
	switch s.x % 4 {
	case 0:
		m.off = !m.off && s.y%3 == 0
		on := !m.off
		c.Enabled = &on
	case 1:
		m.once = !m.once && s.y%2 == 0
		c.Once = &m.once
	case 2:
		u := p.user(s.y)
		u.excluded = !u.excluded && s.z%2 == 0
		c.Exclude = &[]idp.Target{}
		for _, u := range m.people {
			if u.excluded {
				*c.Exclude = append(*c.Exclude, idp.Target{Type: "user", ID: p.w.users[u.name].UserID})
			}
		}
	case 3:
		bounds := [][2]int{{10, 43200}, {60, 480}, {10, 60}}[s.y%3]
		c.MinimumLifetime, c.MaximumLifetime = &bounds[0], &bounds[1]
		m.least, m.most = time.Duration(bounds[0])*time.Minute, time.Duration(bounds[1])*time.Minute
	}
	p.tell("policy: off %v, once %v, lifetimes %v to %v, without anna %v, without ben %v", m.off, m.once, m.least, m.most, m.people[0].excluded, m.people[1].excluded)
	_, err := p.w.admin.UpdatePassPolicy(p.w.ctx(), operator, tenantID, c)
	p.want(err == nil, "policy not changed: %v", err)
}

func (p *player) disableUser(s step) {
	u := p.user(s.x)
	u.disabled = !u.disabled && s.y%2 == 0
	p.tell("%s disabled: %v", u.name, u.disabled)
	_, err := p.w.admin.UpdateUser(p.w.ctx(), operator, tenantID, u.name+"@contoso.example", admin.UserChange{Disabled: &u.disabled})
	p.want(err == nil, "user not changed: %v", err)
}

func (p *player) revokeSessions(s step) {
	u := p.user(s.x)
	p.move(time.Millisecond) // what happened just now was before
	u.validFrom = p.m.now
	p.tell("%s is signed out everywhere", u.name)
	_, err := p.w.admin.RevokeSessions(p.w.ctx(), operator, tenantID, u.name+"@contoso.example")
	p.want(err == nil, "sessions not revoked: %v", err)
}

// People.

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

// Apps.

func (p *player) redeemCode(s step) {
	c, ok := choose(p.m.codes, s.x)
	if !ok {
		return
	}
	a, change := c.grant.app, url.Values(nil)
	switch s.y % 10 {
	case 0:
		a = p.app(s.z)
	case 1:
		if change = (url.Values{"redirect_uri": {"https://elsewhere.example/"}}); a.Public() {
			change = url.Values{"code_verifier": {strings.Repeat("wrong", 10)}}
		}
	}
	p.useCode(c, a, change)
}

// useCode lets an app show a code, with something wrong about it if change is.
func (p *player) useCode(c *mCode, a *app, change url.Values) {
	n := 0
	for p.m.codes[n] != c {
		n++
	}
	p.tell("%s redeems code %d, with something wrong: %v", a.ClientID, n+1, change != nil)
	m, g := p.m, c.grant
	got := p.w.redeem(a, c.value, change)
	blamed := m.blamed(g)
	switch {
	case a != g.app:
		p.refused(got, false)
	case c.used: // RFC 6749 4.1.2: and all from the first use ends
		g.revoke()
		p.refused(got, false)
	case !m.now.Before(c.end):
		p.refused(got, false)
	case change != nil:
		c.used = true
		p.refused(got, false)
	case !m.grantWorks(g) || m.left(g) == 0:
		c.used = true
		p.refused(got, blamed || m.grantWorks(g) && g.end.Equal(g.pass.end))
	default:
		c.used = true
		p.receive(g, got, g.offline)
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
	p.useRefresh(t, a, scope)
}

// useRefresh lets an app show a refresh token. scope asks for less than was
// granted, or with email for more.
func (p *player) useRefresh(t *mToken, a *app, scope string) {
	p.tell("%s uses %s, scope %q", a.ClientID, p.name(t), scope)
	m, g := p.m, t.grant
	got := p.w.refresh(a, t.value, scope)
	switch {
	case a != g.app:
		p.refused(got, false)
	case !m.grantWorks(g) || m.left(g) == 0:
		p.refused(got, m.blamed(g) || m.grantWorks(g) && g.end.Equal(g.pass.end))
	case t.generation != g.generation: // RFC 9700 4.14.2: replayed
		g.revoke()
		p.refused(got, false)
	case strings.Contains(scope, "email"):
		p.want(got.str("error") == "invalid_scope", "want invalid_scope, got %s", got.Body)
	default:
		p.receive(g, got, a.Public())
	}
}

func (p *player) startDevice(s step) {
	offline := s.x%4 != 0
	got := p.w.device(p.w.apps["native"], scopes(offline))
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
	d.grant = p.m.grant(b.session, p.w.apps["native"], d.offline)
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
		p.receive(g, got, g.offline)
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
	p.want(got.Status == http.StatusOK, "revocation is answered %d %s", got.Status, got.Body)
	switch {
	case a != t.app: // RFC 7009 2.1: not issued to it
	case t.refresh:
		t.grant.revoke()
	default:
		t.revoked = true
	}
}

// Time.

// move moves the wall clock on server and model. The server leaves its mark as
// often as it does in life.
func (p *player) move(d time.Duration) {
	p.w.advance(d)
	p.m.move(d)
	if p.m.now.Sub(p.m.mark) >= markEvery {
		p.m.mark = p.m.now
		p.w.stop()
	}
}

func (p *player) moveClock(s step) {
	d := []time.Duration{
		time.Millisecond, time.Second, time.Second, 6 * time.Second, 6 * time.Second, 29 * time.Second, 59 * time.Second, 59 * time.Second, 60 * time.Second,
		5 * time.Minute, 5 * time.Minute, 10 * time.Minute, 16 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 25 * time.Hour, 8 * 24 * time.Hour,
	}[s.x%18]
	p.move(d)
	p.tell("%v have passed", d)
}

// moveToEnd goes to the end of a pass or a session, or to before or after it.
func (p *player) moveToEnd(s step) {
	var ends []time.Time
	for _, pass := range p.m.passes {
		ends = append(ends, pass.end)
	}
	for _, session := range p.m.sessions {
		ends = append(ends, session.end)
	}
	end, ok := choose(ends, s.x)
	before := []time.Duration{30 * time.Minute, time.Second, time.Second / 2, time.Nanosecond, 0, -time.Second}[s.y%6]
	if to := end.Add(-before); ok && to.After(p.m.now) {
		p.move(to.Sub(p.m.now))
		p.tell("it is %v before an end", before)
	}
}

func (p *player) setClockBack(s step) {
	d := []time.Duration{-time.Second, -time.Hour, -30 * 24 * time.Hour}[s.x%3]
	p.move(d)
	p.tell("the wall clock is moved by %v", d)
}

func (p *player) restart(step) {
	p.w.stop()
	p.w.start()
	p.m.mark = p.m.now
	p.tell("the server is restarted")
}

// crash loses what the clock saw since its last mark, if the wall clock was set
// back meanwhile. That is less than markEvery, which the test lets go by.
func (p *player) crash(step) {
	p.w.start()
	lost := p.m.now.Sub(p.w.clock.Now())
	p.want(lost >= 0 && lost < markEvery, "a crash loses %v", lost)
	p.m.wall = p.m.wall.Add(lost)
	p.w.advance(lost)
	p.tell("the server has crashed and is back, its clock %v behind", lost)
}
