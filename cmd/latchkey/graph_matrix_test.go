package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// maskPattern is what differs from one answer to the next.
var maskPattern = regexp.MustCompile(`"innerError":\{[^}]*\}|\d{4}-\d\d-\d\dT[0-9:.]+Z|"@odata.nextLink":"[^"]*"`)

var guidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// cell is one entry of the table of who may do what to whom.
type cell struct{ caller, action, kind string }

// matrix compares what the server answers with what idp.May says.
type matrix struct {
	*graphWorld
	callers  []*graphCaller
	fixtures map[string]*fixture // that stand until something is done to them
	cells    map[cell]bool       // whether it is allowed
	allowed  int                 // requests that succeeded
	wrong    map[string][]string // differences of one sort: who has them
}

// TestGraphMatrix: for every action, everybody and every kind of object the admin API
// allows what idp.May allows and nothing else; what is refused has changed nothing.
func TestGraphMatrix(t *testing.T) {
	w := newGraphWorld(t)
	callers := w.callers()
	if testing.Short() { // under the race detector: without those who may only one thing
		callers = slices.DeleteFunc(callers, func(c *graphCaller) bool { return c.narrow })
	}
	m := &matrix{graphWorld: w, callers: callers, cells: map[cell]bool{}, wrong: map[string][]string{}}
	before := w.requests
	all := m.errands()
	for _, e := range all {
		m.fixtures = map[string]*fixture{}
		for _, kind := range e.kinds() {
			for _, c := range m.callers {
				if !c.narrow || !e.derived() && (kind == nobodyInParticular || kind == aMember) {
					m.try(e, kind, c)
				}
			}
		}
		for _, f := range m.fixtures {
			f.release()
		}
	}
	w.wantNoFaults()
	for what, who := range m.wrong {
		t.Errorf("%d times: %s, %s", len(who), who[0], what)
	}
	yes := 0
	for _, allowed := range m.cells {
		if allowed {
			yes++
		}
	}
	t.Logf("%d actors, %d operations, %d cells (%d allowed), %d requests, %d of them allowed, %d sorts of differences",
		len(m.callers), len(operationsOf(t)), len(m.cells), yes, w.requests-before, m.allowed, len(m.wrong))
}

// errands are those of every operation, and every action has one.
func (m *matrix) errands() (all []errand) {
	m.Helper()
	done := map[idp.Action]bool{}
	for _, o := range operationsOf(m) {
		mine := errandsOf(o)
		if len(mine) == 0 && !slices.Contains(elsewhere, o.key()) {
			m.Errorf("the matrix has no row for %s", o.key())
		}
		for i, e := range mine {
			done[e.action] = true
			if i == 0 && !sameSet(o.permissions, documented(e.action)) {
				m.Errorf("the document says that %s takes %q, but %s takes %q", o.key(), o.permissions, e.action, documented(e.action))
			}
		}
		all = append(all, mine...)
	}
	for _, action := range idp.Actions() {
		if why := withoutRoute()[action]; done[action] == (why != "") {
			m.Errorf("%s has a route: %v, but the list of those without says %q", action, done[action], why)
		}
	}
	return all
}

// documented are the permissions that the document has for an action.
func documented(action idp.Action) []string {
	app, delegated := idp.PermissionsFor(action)
	return slices.Concat(app, delegated)
}

// try does an errand as a caller and judges the answer.
func (m *matrix) try(e errand, kind string, c *graphCaller) {
	m.Helper()
	if kind == theActor && c.mustStepUp(e) {
		c = m.stepUp(c)
	}
	f := m.fixture(e, kind, c)
	if f == nil {
		return
	}
	object := f.object
	err := c.may(e, object)
	general := c.may(e, idp.Object{Tenant: m.home.ID})
	if kind == theActor && err == nil && e.mutates() && !c.actor.Strong {
		c, f = m.asAnother(e, c)
	}
	m.cells[cell{c.name, string(e.action), kind}] = err == nil // a stranger is nobody in particular
	q := e.request(f)
	commits := m.demo.server.Store.Commits()
	a := m.call(c.token, q)
	changed := m.demo.server.Store.Commits() != commits
	switch {
	case a.status == http.StatusTooManyRequests:
		m.Fatalf("%s is asked too often", c.name)
	case kind == aStranger:
		m.judgeStranger(e, c, f, a, general)
	case err != nil && a.status != http.StatusForbidden && !m.untold(e, c, f, a):
		m.differs(e, c, kind, q, a, "403")
	case err != nil && a.status == http.StatusForbidden && !refused(a):
		m.differs(e, c, kind, q, a, "a code and a message of Graph")
	case err == nil && e.never != 0 && a.status != e.never:
		m.differs(e, c, kind, q, a, fmt.Sprint(e.never))
	case err == nil && e.never == 0 && !a.ok() && !m.forAdministrators(e, general, a):
		m.differs(e, c, kind, q, a, "2xx")
	}
	if (err != nil || kind == aStranger || !e.mutates()) && changed && m.changedBy(c, q, a) {
		m.differs(e, c, kind, q, a, "nothing to change")
	}
	if a.ok() {
		m.allowed++
	}
	if a.ok() && e.mutates() {
		f.release()
		delete(m.fixtures, kind)
	}
}

// untold tells whether somebody who may not is answered as if there were nothing, since
// they may look for something else of that name.
func (m *matrix) untold(e errand, c *graphCaller, f *fixture, a graphAnswer) bool {
	empty := e.method == http.MethodPost && a.ok() && !strings.Contains(string(a.body), f.values["object"])
	others := e.unless
	if f.user == nil {
		others = append(slices.Clone(others), e.looks...)
	}
	return (empty || a.status == http.StatusNotFound) && slices.ContainsFunc(others, func(other idp.Action) bool {
		return idp.May(c.actor, other, idp.Object{Tenant: m.home.ID}) == nil
	})
}

// forAdministrators tells whether what is about somebody is only for who may do it to nobody
// in particular: nobody reads the request for a pass of their own.
func (m *matrix) forAdministrators(e errand, general error, a graphAnswer) bool {
	return general != nil && a.status == http.StatusForbidden && strings.HasPrefix(e.path, "/temporaryAccessPassRequests")
}

// refused tells whether a 403 says so as Graph does.
func refused(a graphAnswer) bool {
	code, message := a.problem()
	return (code == "accessDenied" || code == "Authorization_RequestDenied") && message != ""
}

// judgeStranger expects of somebody of another tenant what is answered of nobody at all.
func (m *matrix) judgeStranger(e errand, c *graphCaller, f *fixture, a graphAnswer, general error) {
	m.Helper()
	nobody := f.random()
	q := e.request(nobody)
	want := http.StatusNotFound
	if general != nil {
		want = http.StatusForbidden
	}
	b := m.call(c.token, q)
	if a.status != want && !m.untold(e, c, f, a) {
		m.differs(e, c, aStranger, e.request(f), a, fmt.Sprint(want))
	}
	if one, other := f.masked(a), nobody.masked(b); one != other {
		a.body = append(a.body, b.body...)
		m.differs(e, c, aStranger, e.request(f), a, "the answer for a random id, which comes second")
	}
}

func (m *matrix) differs(e errand, c *graphCaller, kind string, q graphRequest, a graphAnswer, want string) {
	what := fmt.Sprintf("%s of %s, %s: want %s", e.action, kind, e.key(), want)
	if len(m.wrong[what]) == 0 {
		c = &graphCaller{name: fmt.Sprintf("%s sent %s and was answered %d %s", c.name, q, a.status, a)}
	}
	m.wrong[what] = append(m.wrong[what], c.name)
}

// fixture is who the errand is done to; nil if there is nobody of the kind for the caller.
func (m *matrix) fixture(e errand, kind string, c *graphCaller) *fixture {
	m.Helper()
	if kind == theActor {
		if c.user == nil {
			return nil
		}
		return m.prepared(e, m.fixtureFor(c.user, false))
	}
	if m.fixtures[kind] == nil {
		m.fixtures[kind] = m.prepared(e, m.fixtureOf(kind))
	}
	return m.fixtures[kind]
}

func (m *matrix) prepared(e errand, f *fixture) *fixture {
	m.Helper()
	if e.needs != nil {
		e.needs(f)
	}
	return f
}

// stepUp is somebody of the same roles who has just signed in: a proof of the last minutes
// counts as such, and who has one cannot lose it while they ask.
func (m *matrix) stepUp(c *graphCaller) *graphCaller {
	m.Helper()
	now := m.demo.server.Clock.Now()
	if c.double != nil && now.Sub(c.double.since) > time.Minute {
		c.double = nil
	}
	fresh := *m.another(c)
	fresh.name, fresh.actor.Strong = c.name, true
	return &fresh
}

// asAnother lets somebody of the same roles do to themselves what the caller could not
// go on after.
func (m *matrix) asAnother(e errand, c *graphCaller) (*graphCaller, *fixture) {
	m.Helper()
	double := m.another(c)
	if e.ends {
		c.double = nil
	}
	named := *double
	named.name = c.name
	return &named, m.prepared(e, m.fixtureFor(double.user, false))
}
