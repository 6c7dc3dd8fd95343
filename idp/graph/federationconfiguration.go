package graph

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
)

// federationConfigurations are the provider of a domain of the organization. Graph knows only
// SAML and WS-Federation here: what fits has Graph's names, what OpenID Connect takes beside it
// stands there, too.
var federationConfigurations = &entity[*idp.Federation, *federationInput]{
	name:  "internalDomainFederation",
	typed: true,
	id:    func(f *idp.Federation) string { return f.FederationID },
	properties: slices.Concat([]federationProperty{
		{name: "id", kind: edmString, get: func(_ *call, f *idp.Federation) any { return f.FederationID }},
		setting("displayName", edmString, required, func(f *idp.Federation) any { return f.Name }, func(f *idp.Federation, v value) { f.Name = v.text() }),
		setting("issuerUri", edmString, required, func(f *idp.Federation) any { return f.Issuer }, func(f *idp.Federation, v value) { f.Issuer = v.text() }),
		setting("federatedIdpMfaBehavior", enumFrom(idp.FederatedMFAs), 0, func(f *idp.Federation) any { return string(f.MFA) }, func(f *idp.Federation, v value) { f.MFA = idp.FederatedMFA(v.text()) }),
		setting("promptLoginBehavior", enumFrom(idp.PromptLogins), 0, func(f *idp.Federation) any { return string(f.PromptLogin) }, func(f *idp.Federation, v value) { f.PromptLogin = idp.PromptLogin(v.text()) }),
		samlOnly("preferredAuthenticationProtocol"), samlOnly("metadataExchangeUri"), samlOnly("signingCertificate"), samlOnly("nextSigningCertificate"),
		samlOnly("passiveSignInUri"), samlOnly("activeSignInUri"), samlOnly("signOutUri"), samlOnly("passwordResetUri"),
		fixed[*idp.Federation, *federationInput]("isSignedAuthenticationRequestRequired", edmBoolean, false),
		fixed[*idp.Federation, *federationInput]("signingCertificateUpdateStatus", edmAny, nil),
		setting("clientId", edmString, required|betaOnly|writtenInV1, func(f *idp.Federation) any { return f.ClientID }, func(f *idp.Federation, v value) { f.ClientID = v.text() }),
		{name: "clientSecret", kind: edmString, flags: betaOnly | writtenInV1, set: secretOf},
		setting("clientAuthenticationMethod", enumOf(idp.FederationAuthMethods...), betaOnly|writtenInV1, func(f *idp.Federation) any { return f.AuthMethod }, func(f *idp.Federation, v value) { f.AuthMethod = v.text() }),
		setting("scopes", listOf(edmString), betaOnly|writtenInV1, func(f *idp.Federation) any { return emptyNotNull(f.Scopes) }, func(f *idp.Federation, v value) { f.Scopes = v.texts() }),
	}, ours()),
}

// samlOnly is a property of SAML and WS-Federation, which nothing can be set to.
func samlOnly(name string) federationProperty {
	return federationProperty{
		name: name, kind: edmAny, get: constant[*idp.Federation](nil),
		set: func(_ *federationInput, v value) error {
			if v.null() {
				return nil
			}
			return idp.Errorf(idp.Invalid, "Property '%s' is one of SAML and WS-Federation: providers here are OpenID Providers, with an issuerUri, a clientId and a clientSecret.", name)
		},
	}
}

func federationConfigurationRoutes() []route {
	const all, one = "/domains/{domain}/federationConfiguration", "/domains/{domain}/federationConfiguration/{federation}"
	return []route{
		{
			method: http.MethodGet, path: all, handle: listFederationConfigurations, summary: "List the provider of a domain",
			action: idp.ReadFederations, out: federationConfigurations, many: true,
		},
		{
			method: http.MethodPost, path: all, handle: addFederationConfiguration, summary: "Federate a domain with an OpenID Provider",
			action: idp.WriteFederations, in: federationConfigurations, out: federationConfigurations, status: http.StatusCreated,
		},
		{
			method: http.MethodGet, path: one, handle: federationConfigurations.reads((*call).federationOfDomain), options: itemOptions,
			summary: "Read the provider of a domain", action: idp.ReadFederations, out: federationConfigurations,
		},
		{
			method: http.MethodPatch, path: one, handle: changeFederationConfiguration, summary: "Change the provider of a domain",
			action: idp.WriteFederations, in: federationConfigurations,
		},
		{
			method: http.MethodDelete, path: one, handle: deleteFederationConfiguration, summary: "Remove the provider of a domain",
			action: idp.WriteFederations,
		},
	}
}

// federationsOfDomain are at most one.
func (c *call) federationsOfDomain() ([]*idp.Federation, error) {
	d, err := c.domain()
	if err != nil {
		return nil, err
	}
	f, err := c.Admin.Federation(c.ctx(), c.Actor, c.Tenant.TenantID, d.Name)
	if idp.ErrorCode(err) == idp.NotFound {
		return []*idp.Federation{}, nil
	}
	return []*idp.Federation{f}, err
}

func listFederationConfigurations(c *call) (reply, error) {
	all, err := c.federationsOfDomain()
	if err != nil {
		return reply{}, err
	}
	return federationConfigurations.list(c, federationConfigurations.unordered(all))
}

// federationOfDomain is the one that the path names.
func (c *call) federationOfDomain() (*idp.Federation, error) {
	all, err := c.federationsOfDomain()
	if err != nil {
		return nil, err
	}
	return federationConfigurations.pick(all, strings.ToLower(c.param("federation")))
}

func addFederationConfiguration(c *call) (reply, error) {
	var in federationInput
	if err := federationConfigurations.readNew(c, &in); err != nil {
		return reply{}, err
	}
	d, err := c.domain()
	if err != nil {
		return reply{}, err
	}
	if !d.Verified {
		return reply{}, idp.Errorf(idp.Invalid, "The domain %s is not verified yet.", d.Name)
	}
	f, err := createFederation(c, &in, idp.Federation{Domains: []string{d.Name}})
	if err != nil {
		return reply{}, err
	}
	return federationConfigurations.created(c, f), nil
}

func changeFederationConfiguration(c *call) (reply, error) {
	var in federationInput
	if err := federationConfigurations.readChange(c, &in); err != nil {
		return reply{}, err
	}
	f, err := c.federationOfDomain()
	if err != nil {
		return reply{}, err
	}
	return noContent(), changeFederation(c, f.FederationID, &in)
}

func deleteFederationConfiguration(c *call) (reply, error) {
	f, err := c.federationOfDomain()
	if err != nil {
		return reply{}, err
	}
	return noContent(), c.Admin.DeleteFederation(c.ctx(), c.Actor, c.Tenant.TenantID, f.FederationID)
}
