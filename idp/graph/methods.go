package graph

import (
	"net/http"
	"strings"

	"latchkey/idp"
)

// method is one that a user holds, of whatever kind.
type method struct {
	id     string
	object func(*call) object // in full, with its @odata.type
}

var methods = &entity[method, none]{
	name: "authenticationMethod",
	id:   func(m method) string { return m.id },
	properties: []property[method, none]{
		{name: "id", kind: edmString},
		{name: "createdDateTime", kind: edmDateTime},
	},
	derived: func(c *call, m method) object { return m.object(c) },
	kinds:   []shape{passMethods},
}

// heldMethods are those of the path's user, by id.
func (c *call) heldMethods() ([]method, error) {
	held, err := c.Admin.Methods(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	if err != nil || held.Pass == nil {
		return nil, err
	}
	p := passMethodOf(*held.Pass, "")
	return []method{{p.id, func(c *call) object { return passMethods.typedObject(c, p) }}}, nil
}

// noMethod answers for an id that is not there.
func noMethod(c *call) error {
	return idp.NoSuch("method", c.param("id"), "The user has no authentication method '%s'.", c.param("id"))
}

func listMethods(c *call) (reply, error) {
	held, err := c.heldMethods()
	if err != nil {
		return reply{}, err
	}
	return methods.list(c, methods.slice(held))
}

// method is the one that the path names.
func (c *call) method() (method, error) {
	held, err := c.heldMethods()
	if err != nil {
		return method{}, err
	}
	for _, m := range held {
		if strings.EqualFold(m.id, c.param("id")) {
			return m, nil
		}
	}
	return method{}, noMethod(c)
}

func methodRoutes() []route {
	rows := []route{
		{
			method: http.MethodGet, path: "/users/{user}/authentication/methods", handle: listMethods, me: true, counts: true, family: authMethods,
			options: collectionOptions, summary: "List the authentication methods of a user", action: idp.ReadMethods, out: methods, many: true,
		},
		{
			method: http.MethodGet, path: "/users/{user}/authentication/methods/{id}", handle: methods.reads((*call).method), me: true, family: authMethods,
			options: itemOptions, summary: "Read an authentication method of a user", action: idp.ReadMethods, out: methods,
		},
		{
			method: http.MethodGet, path: "/users/{user}/authentication/signInPreferences", handle: getPreferences, me: true, betaOnly: true, family: authMethods,
			options: itemOptions, summary: "Read which method a user is asked for first", action: idp.ReadMethods, out: preferences,
		},
		{
			method: http.MethodGet, path: "/users/{user}/authentication/operations/{id}", handle: noneHeld, me: true, family: authMethods,
			summary: "Read a long-running operation, of which there are none", action: idp.ReadMethods, out: operations,
		},
	}
	for _, k := range unheld {
		rows = append(rows, k.routes()...)
	}
	return rows
}

// preferences: the strongest method is asked for, and nobody chooses otherwise.
var preferences = &entity[none, none]{
	name: "signInPreferences",
	properties: []property[none, none]{
		{name: "isSystemPreferredAuthenticationMethodEnabled", kind: edmBoolean, get: constant[none](true)},
		{name: "userPreferredMethodForSecondaryAuthentication", kind: edmString, get: constant[none](nil)},
	},
}

func getPreferences(c *call) (reply, error) {
	if _, err := c.heldMethods(); err != nil {
		return reply{}, err
	}
	return preferences.single(c, none{}), nil
}
