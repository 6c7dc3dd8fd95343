package graph

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
)

// route is one row of the table: a method and path, what it takes and who answers.
type route struct {
	method string
	// path below the version: /users/{user}/memberOf, /groups/{group}/members/$ref,
	// /directoryRoles(roleTemplateId={role}). Literals match in any case, with or
	// without the prefix microsoft.graph. and trailing parentheses.
	path      string
	handle    func(*call) (reply, error)
	me        bool // below /users/{user}: answers /me as well, where {user} is the caller
	counts    bool // a collection: answers path/$count as well
	betaOnly  bool
	family    family
	options   options
	emptyBody bool       // no body counts as {}
	context   string     // of @odata.context, where the path does not tell: directoryObjects
	summary   string     // for the OpenAPI document, as the rest
	action    idp.Action // whose permissions it takes
	in, out   shape
	many      bool // out is a collection
	status    int  // of success, if not 200
}

// table finds a route by path. It is indexed by the first segment.
type table map[string][]*place

// place is one path and what answers there by method.
type place struct {
	pattern      []string
	me, counting bool
	routes       map[string]route
}

func newTable(rows []route, beta bool) table {
	t := table{}
	for _, row := range rows {
		if row.betaOnly && !beta {
			continue
		}
		t.add(row, row.path, false)
		if row.me {
			t.add(row, strings.Replace(row.path, "/users/{user}", "/me", 1), true)
		}
	}
	for _, places := range t {
		slices.SortStableFunc(places, func(a, b *place) int { return slices.Compare(a.ranks(), b.ranks()) })
	}
	return t
}

// add puts a row at a path, and its count below.
func (t table) add(row route, path string, me bool) {
	t.put(row, path, me, false)
	if row.counts {
		t.put(row, path+"/$count", me, true)
	}
}

func (t table) put(row route, path string, me, counting bool) {
	pattern := strings.Split(strings.TrimPrefix(path, "/"), "/")
	first := head(pattern[0])
	i := slices.IndexFunc(t[first], func(p *place) bool { return slices.Equal(p.pattern, pattern) })
	if i < 0 {
		i = len(t[first])
		t[first] = append(t[first], &place{pattern: pattern, me: me, counting: counting, routes: map[string]route{}})
	}
	t[first][i].routes[row.method] = row
}

// ranks order places so that a literal is tried before a name.
func (p *place) ranks() []int {
	ranks := make([]int, len(p.pattern))
	for i, s := range p.pattern {
		if isName(s) {
			ranks[i] = 1
		}
	}
	return ranks
}

func (t table) find(segments []string) (*place, map[string]string, error) {
	deepest := 0
	if len(segments) > 0 {
		for _, p := range t[head(segments[0])] {
			params, depth := p.match(segments)
			if depth == len(segments) && depth == len(p.pattern) {
				return p, params, nil
			}
			deepest = max(deepest, min(depth, len(segments)-1))
		}
	}
	segment := ""
	if len(segments) > 0 {
		segment = segments[deepest]
	}
	return nil, nil, &refusal{status: http.StatusNotFound, code: "BadRequest", message: "Resource not found for the segment '" + segment + "'."}
}

func wrongMethod(p *place) error {
	allowed := make([]string, 0, len(p.routes))
	for method := range p.routes {
		allowed = append(allowed, method)
	}
	slices.Sort(allowed)
	text := strings.Join(allowed, ", ")
	return &refusal{
		status: http.StatusMethodNotAllowed, code: "Request_BadRequest", message: "This resource answers " + text + ".",
		header: http.Header{"Allow": {text}},
	}
}
