package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"latchkey/idp"
	"latchkey/idp/outbound"
	"latchkey/idp/signin"
)

// mParty is an app's part in a session, and whether it has heard of its end.
type mParty struct {
	session *mSession
	app     *app
	told    bool
	left    []*mGrant // that still worked when it was told last
}

// takesPart notes that an app has a grant in a session.
func (m *model) takesPart(s *mSession, a *app) {
	known := func(q *mParty) bool { return q.session == s && q.app == a }
	if a.Logout.Back != "" && !slices.ContainsFunc(m.parties, known) {
		m.parties = append(m.parties, &mParty{session: s, app: a})
	}
}

// goesOn are the grants by which an app goes on without the session.
func (m *model) goesOn(q *mParty) (working []*mGrant) {
	for _, g := range m.grants {
		if g.session == q.session && g.app == q.app && g.offline && m.grantWorks(g) {
			working = append(working, g)
		}
	}
	return working
}

// lost are those of what was left that no longer work, but for those the app gave back.
func (m *model) lost(q *mParty, givenBack bool) (over []*mGrant) {
	for _, g := range q.left {
		if !m.grantWorks(g) && (givenBack || !g.revoked) {
			over = append(over, g)
		}
	}
	return over
}

// hall is one server for all worlds of the property test: /world/app.
type hall struct {
	*httptest.Server
	worlds sync.Map // *ears by number
}

var boundHall = sync.OnceValue(func() *hall {
	h := &hall{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		world, _, _ := strings.Cut(r.URL.Path[1:], "/")
		if e, ok := h.worlds.Load(world); ok {
			e.(*ears).ServeHTTP(rw, r)
		}
	}))
	return h
})

// listens lets apps hear of logouts.
func (p *player) listens() {
	h := boundHall()
	p.hall = idp.NewID()
	h.worlds.Store(p.hall, p.ears)
	p.w.calls = outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	p.w.provider.Calls, p.w.provider.Tells = p.w.calls, p.w.calls
	for _, id := range []string{"web", "native", "front"} {
		p.w.change(p.w.apps[id], func(c *idp.Client) { c.Logout.Back = p.hears(id) })
	}
}

// hears is where an app hears of logouts.
func (p *player) hears(id string) string { return boundHall().URL + "/" + p.hall + "/" + id }

func (p *player) leave() { boundHall().worlds.Delete(p.hall) }

// sid is the server's name of a session.
func (p *player) sid(s *mSession) string {
	got, _, err := p.w.signin.Current(p.w.ctx(), signin.Visit{Now: p.w.clock.Now(), Tenant: p.w.tenant, Session: s.cookie})
	p.want(err == nil && got != nil, "there is no session after a sign-in: %v", err)
	return got.SessionID
}

// deliverNotices lets the server tell apps of logouts. Each call must be about a session
// that is over, and about news; and once it has returned, nobody is owed any.
func (p *player) deliverNotices(step) {
	p.tell("apps are told of logouts")
	err := p.w.provider.DeliverNotices(p.w.ctx(), p.w.clock.Now())
	p.want(err == nil, "not delivered: %v", err)
	for _, call := range p.ears.taken() {
		p.hear(unverified(call.token))
	}
	for _, q := range p.m.parties {
		if p.m.gone[q.app] || p.m.sessionWorks(q.session) {
			continue
		}
		p.want(q.told, "%s was not told that session %d is over", q.app.ClientID, q.session.n)
		p.want(len(p.m.lost(q, false)) == 0, "%s was not told that what it had beyond session %d is over", q.app.ClientID, q.session.n)
	}
}

func (p *player) hear(says map[string]any) {
	for _, q := range p.m.parties {
		if q.app.ClientID != says["aud"] || q.session.id != says["sid"] {
			continue
		}
		p.tell("... %s hears of session %d", q.app.ClientID, q.session.n)
		p.want(!p.m.gone[q.app], "%s is gone, and is told", q.app.ClientID)
		p.want(!p.m.sessionWorks(q.session), "%s is told of session %d, which works", q.app.ClientID, q.session.n)
		p.want(!q.told || len(p.m.lost(q, true)) > 0, "%s is told of session %d again, and there is no news", q.app.ClientID, q.session.n)
		p.want(says["sub"] == p.w.users[q.session.user.name].UserID, "%s is told of %v", q.app.ClientID, says["sub"])
		q.told, q.left = true, p.m.goesOn(q)
		p.told++
		return
	}
	p.want(false, "a call to %v about %v, of which nobody has a part", says["aud"], says["sid"])
}
