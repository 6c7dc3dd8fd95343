package graph

import (
	"net/http"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
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
	kinds:   []shape{passMethods, passkeyMethods, authenticatorMethods, passwordMethods},
}

// methodOf is an item of some entity as one of the methods.
func methodOf[T, C any](e *entity[T, C], item T) method {
	return method{e.id(item), func(c *call) object { return e.typedObject(c, item) }}
}

// heldMethods are those of the path's user.
func (c *call) heldMethods() (all []method, err error) {
	held, err := c.Admin.Methods(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	if held.Pass != nil {
		all = append(all, methodOf(passMethods, passMethodOf(*held.Pass, "")))
	}
	for _, k := range held.Passkeys {
		all = append(all, methodOf(passkeyMethods, k.Passkey))
	}
	for _, d := range held.Authenticators {
		all = append(all, methodOf(authenticatorMethods, d.Authenticator))
	}
	if held.Password != nil {
		all = append(all, methodOf(passwordMethods, held.Password.Password))
	}
	return all, err
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
	return methods.list(c, methods.unordered(held))
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

// preferences: either the strongest method is asked for, or the one that the person chose.
// Graph has no name for any that there is here.
var preferences = &entity[admin.Methods, none]{
	name: "signInPreferences",
	properties: []property[admin.Methods, none]{
		{name: "isSystemPreferredAuthenticationMethodEnabled", kind: edmBoolean, get: func(_ *call, held admin.Methods) any { return held.User.Preferred == "" }},
		{name: "userPreferredMethodForSecondaryAuthentication", kind: edmString, get: constant[admin.Methods](nil)},
	},
}

func getPreferences(c *call) (reply, error) {
	held, err := c.Admin.Methods(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	if err != nil {
		return reply{}, err
	}
	return preferences.single(c, held), nil
}
