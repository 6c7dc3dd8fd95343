package oidc_test

import (
	"time"

	"latchkey/idp"
)

// model is the rules of passes once more, written down without a look at how
// idp does it: who may sign in, what a pass bounds, what its removal ends. The
// property test holds the server against it.
type model struct {
	now  time.Time // never runs backwards
	wall time.Time // does
	mark time.Time // the latest now that a crash leaves behind

	off, once   bool // the policy
	least, most time.Duration

	people   []*mUser
	passes   []*mPass
	sessions []*mSession
	grants   []*mGrant
	codes    []*mCode
	tokens   []*mToken
	devices  []*mDevice
	parties  []*mParty
	gone     map[*app]bool // apps that were removed
}

type mUser struct {
	name               string
	disabled, excluded bool
	validFrom          time.Time      // what was proved before is void
	pass               *mPass         // nil for none
	allowed            map[string]int // what an app may have, as asking.needs says it
	failed             int            // answers that were looked at and refused
}

type mPass struct {
	n          int
	id, code   string
	start, end time.Time
	once, used bool
	gone       bool // deleted or replaced
}

type mSession struct {
	n         int
	id        string // the sid
	user      *mUser
	pass      *mPass
	cookie    string
	auth, end time.Time
	over      bool // signed out, or left for another
}

type mGrant struct {
	app        *app
	user       *mUser
	session    *mSession
	pass       *mPass
	auth, end  time.Time
	offline    bool
	api        bool // its tokens are for files, unless they are narrowed
	keyed      bool // its refresh tokens are bound to a key
	revoked    bool
	generation int // of the refresh token
}

type mCode struct {
	grant *mGrant
	value string
	end   time.Time
	used  bool
}

type mToken struct {
	grant      *mGrant // nil: the app's own
	app        *app    // that got it, perhaps for another's
	value      string
	api        string // it is for; "" for userinfo
	keyed      bool   // it is bound to a key
	refresh    bool
	end        time.Time // of an access token
	revoked    bool
	generation int // of a refresh token
}

type mDevice struct {
	code, userCode string
	end            time.Time // of the codes
	offline        bool
	denied, used   bool
	grant          *mGrant // once approved
}

const (
	markEvery   = 30 * time.Second
	sessionLife = 24 * time.Hour
	flowLife    = 15 * time.Minute
)

func newModel(now time.Time) *model {
	return &model{
		now: now, wall: now, mark: now, least: 10 * time.Minute, most: 30 * 24 * time.Hour,
		gone:   map[*app]bool{},
		people: []*mUser{{name: "anna", allowed: map[string]int{}}, {name: "ben", allowed: map[string]int{}}},
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// move moves the wall clock; time itself only goes on.
func (m *model) move(d time.Duration) {
	m.wall = m.wall.Add(d)
	m.now = later(m.now.Add(max(d, 0)), m.wall)
}

func (m *model) ended(p *mPass) bool { return p.gone || !m.now.Before(p.end) }

func (u *mUser) may(auth time.Time) bool { return !u.disabled && !auth.Before(u.validFrom) }

func (m *model) sessionWorks(s *mSession) bool {
	return s != nil && !s.over && !m.ended(s.pass) && m.now.Before(s.end) && s.user.may(s.auth)
}

func (m *model) grantWorks(g *mGrant) bool {
	return !g.revoked && !m.ended(g.pass) && m.now.Before(g.end) && g.user.may(g.auth)
}

func (m *model) tokenWorks(t *mToken) bool {
	switch {
	case t.revoked, m.gone[t.app], t.grant != nil && (m.gone[t.grant.app] || !m.grantWorks(t.grant)):
		return false
	case t.refresh:
		return t.generation == t.grant.generation
	}
	return m.now.Before(t.end)
}

// blamed: the app is told that it was the pass.
func (m *model) blamed(g *mGrant) bool {
	return !g.revoked && (g.pass.gone || !m.now.Before(g.pass.end) && g.end.Equal(g.pass.end))
}

// left is how long a token of the grant lives, in whole seconds; none for 0.
func (m *model) left(g *mGrant) time.Duration { return m.life(g, "") }

// life is left for an access token for an API, "" for none. That of files are JWTs.
func (m *model) life(g *mGrant, api string) time.Duration {
	want := time.Hour
	if api == files {
		want = 10 * time.Minute
	}
	return max(min(want, g.end.Sub(m.now)), 0).Truncate(time.Second)
}

// issue is an access token of now. A JWT tells its end in whole seconds.
func (m *model) issue(g *mGrant, a *app, value, api string, keyed bool, life time.Duration) *mToken {
	t := &mToken{grant: g, app: a, value: value, api: api, keyed: keyed, end: m.now.Add(life)}
	if api == files {
		t.end = t.end.Truncate(time.Second)
	}
	m.tokens = append(m.tokens, t)
	return t
}

// judge is what somebody is told who types a code; 0: signed in.
func (m *model) judge(u *mUser, code string) idp.STS {
	p := u.pass
	switch {
	case p == nil || p.code != code:
		return 130503
	case !m.now.Before(p.end):
		return 130504
	case p.once && p.used:
		return 130505
	case m.now.Before(p.start), m.off, u.excluded, m.once && !p.once:
		return 130502
	case u.disabled:
		return 50057
	}
	return 0
}

// givePass is nil when the request is to be refused.
func (m *model) givePass(u *mUser, delay, life time.Duration, once *bool) *mPass {
	if m.off || life < m.least || life > m.most || m.once && once != nil && !*once {
		return nil
	}
	p := &mPass{n: len(m.passes) + 1, start: m.now.Add(delay), end: m.now.Add(delay + life), once: m.once || once != nil && *once}
	if u.pass != nil {
		u.pass.gone = true
	}
	u.pass, m.passes = p, append(m.passes, p)
	return p
}

// signIn follows a right code in a browser with the session old, or nil.
func (m *model) signIn(old *mSession, u *mUser) *mSession {
	u.pass.used = true
	if m.sessionWorks(old) && old.user == u && old.pass == u.pass {
		before := *old // its cookie is replaced
		before.over = true
		m.sessions = append(m.sessions, &before)
		old.auth = m.now
		return old
	}
	m.signOut(old)
	s := &mSession{n: len(m.sessions) + 1, user: u, pass: u.pass, auth: m.now, end: earlier(u.pass.end, m.now.Add(sessionLife))}
	m.sessions = append(m.sessions, s)
	return s
}

// signOut ends a session and the grants that last no longer.
func (m *model) signOut(s *mSession) {
	if s == nil {
		return
	}
	s.over = true
	for _, g := range m.grants {
		if g.session == s && !g.offline {
			g.revoke()
		}
	}
}

// grant rests an app's access on a session; offline access outlives the session
// but not the pass, and what comes without a code lasts no longer than tokens do.
func (m *model) grant(s *mSession, q asking) *mGrant {
	g := &mGrant{app: q.app, user: s.user, session: s, pass: s.pass, auth: s.auth, end: s.end, offline: q.lasts(), api: q.api}
	if g.offline {
		g.end = s.pass.end
	}
	if !q.returns("code") {
		g.end = earlier(g.end, m.now.Add(time.Hour))
	}
	m.grants = append(m.grants, g)
	m.takesPart(s, q.app)
	return g
}

func (g *mGrant) revoke() {
	if !g.pass.gone { // else it has ended for good, and for another reason
		g.revoked = true
	}
}
