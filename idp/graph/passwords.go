package graph

import (
	"errors"
	"net/http"
	"strings"

	"latchkey/idp"
)

// passwordID is the id of everybody's password in Graph.
const passwordID = "28c10230-6103-485e-b985-444c60001490"

var passwordMethods = &entity[*idp.Password, none]{
	name: "passwordAuthenticationMethod",
	id:   func(*idp.Password) string { return passwordID },
	properties: []property[*idp.Password, none]{
		fixed[*idp.Password, none]("id", edmString, passwordID),
		{name: "password", kind: edmString, flags: noFilter, get: constant[*idp.Password](nil)},
		{name: "createdDateTime", kind: edmDateTime, get: func(_ *call, p *idp.Password) any { return p.CreatedAt }},
		{name: "lastUsedDateTime", kind: edmDateTime, flags: betaOnly, get: func(_ *call, p *idp.Password) any { return p.LastUsedAt }},
	},
}

func passwordRoutes() []route {
	const all = "/users/{user}/authentication/passwordMethods"
	return []route{
		{
			method: http.MethodGet, path: all, handle: listPasswords, me: true, counts: true, family: authMethods, options: collectionOptions,
			summary: "List a user's password, of which there is at most one, and never what it is", action: idp.ReadPassword, out: passwordMethods, many: true,
		},
		{
			method: http.MethodGet, path: all + "/{id}", handle: passwordMethods.reads((*call).password), me: true, family: authMethods, options: itemOptions,
			summary: "Read since when a user has a password", action: idp.ReadPassword, out: passwordMethods,
		},
		{
			method: http.MethodDelete, path: all + "/{id}", handle: deletePassword, me: true, family: authMethods,
			summary: "Take a user's password away and end what came from it", action: idp.DeletePassword,
		},
		{
			method: http.MethodPost, path: "/users/{user}/authentication/methods/{id}/resetPassword", handle: resetPassword, me: true, family: authMethods,
			emptyBody: true, summary: "Refuse to reset a password, which nobody but its holder knows", action: idp.ReadMethods,
		},
	}
}

// heldPassword is the password of the path's user: one or none.
func (c *call) heldPassword() ([]*idp.Password, error) {
	info, err := c.Admin.Password(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	if e, ok := errors.AsType[*idp.Error](err); ok && e.Kind == "password" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []*idp.Password{info.Password}, nil
}

func listPasswords(c *call) (reply, error) {
	held, err := c.heldPassword()
	if err != nil {
		return reply{}, err
	}
	return passwordMethods.list(c, passwordMethods.slice(held))
}

// password is that of the path's user, if the path has the id of passwords.
func (c *call) password() (*idp.Password, error) {
	held, err := c.heldPassword()
	if err != nil {
		return nil, err
	}
	if len(held) == 0 || !strings.EqualFold(c.param("id"), passwordID) {
		return nil, noMethod(c)
	}
	return held[0], nil
}

func deletePassword(c *call) (reply, error) {
	if !strings.EqualFold(c.param("id"), passwordID) {
		return noneHeld(c)
	}
	return noContent(), c.Admin.DeletePassword(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
}

// resetPassword answers those who may see what the user holds.
func resetPassword(c *call) (reply, error) {
	if _, err := c.heldMethods(); err != nil {
		return reply{}, err
	}
	return reply{}, idp.Errorf(idp.Invalid, "Passwords cannot be reset here: nobody but its holder knows a password. Delete it, or give the user a Temporary Access Pass.")
}
