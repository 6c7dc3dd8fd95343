package graph

import (
	"context"
	"net/http"
	"strings"
	"time"

	"latchkey/idp"
)

// call is one request on its way to a handler, which reads from it what it needs.
type call struct {
	*API
	Caller
	request  *http.Request
	now      time.Time
	version  string            // v1.0 or beta
	segments []string          // of the path below the version
	route    route             // zero until found
	counting bool              // the path ends in /$count
	params   map[string]string // what the path's {names} stand for
	query    *query
	body     object
	// mailboxes are the addresses of those users who are being looked at, where that is asked
	// for.
	mailboxes map[string]string
	linked    map[string][]*idp.Identity // likewise, who they are elsewhere
}

func (c *call) ctx() context.Context { return c.request.Context() }

// param is what {name} of the route's path stands for.
func (c *call) param(name string) string { return c.params[name] }

// key is param for what is found by its id: a GUID in any case, or a name.
func (c *call) key(name string) string { return objectKey(c.param(name)) }

func objectKey(s string) string {
	if id := strings.ToLower(s); idp.IsID(id) {
		return id
	}
	return s
}

// run finds the route, reads what it takes and calls its handler.
func (c *call) run() (out reply, err error) {
	if !c.calls.Allow(c.payer(), c.now) {
		return out, throttled(c.calls.Wait(c.payer(), c.now))
	}
	if err := c.find(); err != nil {
		return out, err
	}
	if c.query, err = parseQuery(c.request.URL.RawQuery, c.request.Header, c.takes()); err != nil {
		return out, err
	}
	switch c.request.Method {
	case http.MethodPost, http.MethodPatch, http.MethodPut:
		if c.body, err = readBody(c.request, c.route.emptyBody); err != nil {
			return out, err
		}
	}
	return c.route.handle(c)
}

// payer is who a call is counted for.
func (c *call) payer() string { return c.Tenant.TenantID + " " + c.Actor.Type + " " + c.Actor.ID }

// find sets the route and what follows from the path.
func (c *call) find() error {
	path := c.request.URL.EscapedPath()
	version, rest, _ := versionOf(path)
	segments, err := splitPath(rest)
	if err != nil {
		return err
	}
	t := c.v1
	if version == "beta" {
		t = c.beta
	}
	c.version, c.segments = version, segments
	p, params, err := t.find(segments)
	if err != nil {
		return err
	}
	row, ok := p.routes[c.request.Method]
	if !ok {
		return wrongMethod(p)
	}
	c.route, c.params, c.counting = row, params, p.counting
	if !p.me {
		return nil
	}
	if c.Actor.Type != idp.ActorUser {
		return badQuery("/me request is only valid with delegated authentication flow.")
	}
	c.params["user"] = c.Actor.ID
	return nil
}

// takes is what parseQuery may find: only what filters, where items are counted.
func (c *call) takes() taken {
	t := taken{options: c.route.options, shape: c.route.out, beta: c.version == "beta"}
	if c.counting {
		t.options &= optFilter | optSearch
	}
	return t
}
