package graph

import (
	"net/http"
	"strings"

	"latchkey/idp"
)

// authenticatorMethods are devices, each of which Graph takes for Microsoft's app.
var authenticatorMethods = &entity[*idp.Authenticator, none]{
	name: "microsoftAuthenticatorAuthenticationMethod",
	id:   func(d *idp.Authenticator) string { return d.AuthenticatorID },
	properties: []property[*idp.Authenticator, none]{
		{name: "id", kind: edmString, get: func(_ *call, d *idp.Authenticator) any { return d.AuthenticatorID }},
		{name: "displayName", kind: edmString, get: func(_ *call, d *idp.Authenticator) any { return d.Name }},
		{name: "deviceTag", kind: edmString, get: constant[*idp.Authenticator]("SoftwareTokenActivated")},
		{name: "phoneAppVersion", kind: edmString, get: func(_ *call, d *idp.Authenticator) any { return appVersion(d.App) }},
		{name: "clientAppName", kind: edmString, flags: betaOnly, get: constant[*idp.Authenticator]("microsoftAuthenticator")},
		{name: "createdDateTime", kind: edmDateTime, get: func(_ *call, d *idp.Authenticator) any { return d.CreatedAt }},
		{name: "lastUsedDateTime", kind: edmDateTime, flags: betaOnly, get: func(_ *call, d *idp.Authenticator) any { return d.LastUsedAt }},
	},
}

// appVersion is what the name of an app has after the slash, null without.
func appVersion(app string) any {
	_, version, _ := strings.Cut(app, "/")
	return nonEmpty(version)
}

func authenticatorRoutes() []route {
	const all = "/users/{user}/authentication/microsoftAuthenticatorMethods"
	return []route{
		{
			method: http.MethodGet, path: all, handle: listAuthenticators, me: true, counts: true, family: authMethods, options: collectionOptions,
			summary: "List the devices by which a user signs in", action: idp.ReadAuthenticator, out: authenticatorMethods, many: true,
		},
		{
			method: http.MethodGet, path: all + "/{id}", handle: authenticatorMethods.reads((*call).authenticator), me: true, family: authMethods, options: itemOptions,
			summary: "Read a device by which a user signs in", action: idp.ReadAuthenticator, out: authenticatorMethods,
		},
		{
			method: http.MethodDelete, path: all + "/{id}", handle: deleteAuthenticator, me: true, family: authMethods,
			summary: "Delete a device by which a user signs in and end what came from it", action: idp.WriteAuthenticator,
		},
	}
}

// heldAuthenticators are those of the path's user.
func (c *call) heldAuthenticators() ([]*idp.Authenticator, error) {
	infos, err := c.Admin.Authenticators(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	held := make([]*idp.Authenticator, len(infos))
	for i, info := range infos {
		held[i] = info.Authenticator
	}
	return held, err
}

func listAuthenticators(c *call) (reply, error) {
	held, err := c.heldAuthenticators()
	if err != nil {
		return reply{}, err
	}
	return authenticatorMethods.list(c, authenticatorMethods.unordered(held))
}

// authenticator is the one that the path names.
func (c *call) authenticator() (*idp.Authenticator, error) {
	held, err := c.heldAuthenticators()
	if err != nil {
		return nil, err
	}
	for _, d := range held {
		if strings.EqualFold(d.AuthenticatorID, c.param("id")) {
			return d, nil
		}
	}
	return nil, noMethod(c)
}

func deleteAuthenticator(c *call) (reply, error) {
	err := c.Admin.DeleteAuthenticator(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"), strings.ToLower(c.param("id")))
	return noContent(), err
}
