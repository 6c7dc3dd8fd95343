package graph

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
)

// identityProviders are all OpenID Providers elsewhere, of the organization's own domains and
// of those that guests come from.
var identityProviders = &entity[*idp.Federation, *federationInput]{
	name:  "oidcIdentityProvider",
	typed: true,
	id:    func(f *idp.Federation) string { return f.FederationID },
	properties: slices.Concat([]federationProperty{
		{name: "id", kind: edmString, get: func(_ *call, f *idp.Federation) any { return f.FederationID }},
		setting("displayName", edmString, required, func(f *idp.Federation) any { return f.Name }, func(f *idp.Federation, v value) { f.Name = v.text() }),
		setting("clientId", edmString, required, func(f *idp.Federation) any { return f.ClientID }, func(f *idp.Federation, v value) { f.ClientID = v.text() }),
		setting("issuer", edmString, required, func(f *idp.Federation) any { return f.Issuer }, func(f *idp.Federation, v value) { f.Issuer = v.text() }),
		{name: "wellKnownEndpoint", kind: edmString, get: func(_ *call, f *idp.Federation) any {
			return strings.TrimSuffix(f.Issuer, "/") + "/.well-known/openid-configuration"
		}},
		fixed[*idp.Federation, *federationInput]("responseType", edmAny, object{"code": true, "id_token": false, "token": false}),
		setting("scope", edmString, 0, func(f *idp.Federation) any { return strings.Join(f.Scopes, " ") }, func(f *idp.Federation, v value) { f.Scopes = strings.Fields(v.text()) }),
		{
			name: "clientAuthentication", kind: complexOf(field{name: "@odata.type", kind: edmString}, field{name: "clientSecret", kind: edmString}),
			get: func(_ *call, f *idp.Federation) any {
				return object{"@odata.type": "#microsoft.graph.oidcClientSecretAuthentication", "clientSecret": nil}
			},
			set: func(in *federationInput, v value) error { return secretOf(in, v.member("clientSecret")) },
		},
		setting("domains", listOf(edmString), required|betaOnly|writtenInV1, func(f *idp.Federation) any { return emptyNotNull(f.Domains) }, func(f *idp.Federation, v value) { f.Domains = v.texts() }),
		setting("federatedIdpMfaBehavior", enumFrom(idp.FederatedMFAs), betaOnly|writtenInV1, func(f *idp.Federation) any { return string(f.MFA) }, func(f *idp.Federation, v value) { f.MFA = idp.FederatedMFA(v.text()) }),
		setting("promptLoginBehavior", enumFrom(idp.PromptLogins), betaOnly|writtenInV1, func(f *idp.Federation) any { return string(f.PromptLogin) }, func(f *idp.Federation, v value) { f.PromptLogin = idp.PromptLogin(v.text()) }),
	}, ours()),
}

var providerReport = complexOf(
	field{name: "keys", kind: edmInt32}, field{name: "isPkceSupported", kind: edmBoolean}, field{name: "isIssuerInResponse", kind: edmBoolean},
	field{name: "isBackchannelLogoutSupported", kind: edmBoolean}, field{name: "isFrontchannelLogoutSupported", kind: edmBoolean},
)

// providerTests are what a provider answers when it is asked.
var providerTests = &entity[idp.ProviderReport, none]{
	name: "identityProviderTest",
	properties: []property[idp.ProviderReport, none]{
		{name: "result", kind: providerReport, get: func(_ *call, r idp.ProviderReport) any {
			return object{
				"keys": r.Keys, "isPkceSupported": r.PKCE, "isIssuerInResponse": r.NamesItself,
				"isBackchannelLogoutSupported": r.BackLogout, "isFrontchannelLogoutSupported": r.FrontLogout,
			}
		}},
	},
}

func identityProviderRoutes() []route {
	const all, one = "/identity/identityProviders", "/identity/identityProviders/{federation}"
	return []route{
		{
			method: http.MethodGet, path: all, handle: listIdentityProviders, counts: true, options: collectionOptions,
			summary: "List the OpenID Providers elsewhere", action: idp.ReadFederations, out: identityProviders, many: true,
		},
		{
			method: http.MethodPost, path: all, handle: addIdentityProvider, summary: "Federate domains with an OpenID Provider",
			action: idp.WriteFederations, in: identityProviders, out: identityProviders, status: http.StatusCreated,
		},
		{
			method: http.MethodGet, path: one, handle: identityProviders.reads((*call).identityProvider), options: itemOptions,
			summary: "Read an OpenID Provider elsewhere", action: idp.ReadFederations, out: identityProviders,
		},
		{
			method: http.MethodPatch, path: one, handle: changeIdentityProvider, summary: "Change an OpenID Provider elsewhere",
			action: idp.WriteFederations, in: identityProviders,
		},
		{
			method: http.MethodDelete, path: one, handle: deleteIdentityProvider, summary: "Remove an OpenID Provider elsewhere",
			action: idp.WriteFederations,
		},
		{
			method: http.MethodPost, path: one + "/test", handle: providerTests.reads(testIdentityProvider), betaOnly: true, emptyBody: true,
			summary: "Ask an OpenID Provider elsewhere now", action: idp.WriteFederations, out: providerTests,
		},
	}
}

func listIdentityProviders(c *call) (reply, error) {
	all, err := c.Admin.Federations(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return reply{}, err
	}
	return identityProviders.list(c, identityProviders.unordered(all))
}

// identityProvider is the one that the path names.
func (c *call) identityProvider() (*idp.Federation, error) {
	all, err := c.Admin.Federations(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return nil, err
	}
	return identityProviders.pick(all, strings.ToLower(c.param("federation")))
}

func addIdentityProvider(c *call) (reply, error) {
	var in federationInput
	if err := identityProviders.readNew(c, &in); err != nil {
		return reply{}, err
	}
	f, err := createFederation(c, &in, idp.Federation{})
	if err != nil {
		return reply{}, err
	}
	return identityProviders.created(c, f), nil
}

func changeIdentityProvider(c *call) (reply, error) {
	var in federationInput
	if err := identityProviders.readChange(c, &in); err != nil {
		return reply{}, err
	}
	f, err := c.identityProvider()
	if err != nil {
		return reply{}, err
	}
	return noContent(), changeFederation(c, f.FederationID, &in)
}

func deleteIdentityProvider(c *call) (reply, error) {
	f, err := c.identityProvider()
	if err != nil {
		return reply{}, err
	}
	return noContent(), c.Admin.DeleteFederation(c.ctx(), c.Actor, c.Tenant.TenantID, f.FederationID)
}

func testIdentityProvider(c *call) (idp.ProviderReport, error) {
	f, err := c.identityProvider()
	if err != nil {
		return idp.ProviderReport{}, err
	}
	return c.Admin.CheckFederation(c.ctx(), c.Actor, c.Tenant.TenantID, f.FederationID)
}
