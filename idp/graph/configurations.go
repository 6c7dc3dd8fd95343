package graph

import (
	"net/http"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// configuration is the part of the policy that is about one method.
type configuration struct {
	id     string
	object func(*call) object // in full, with its @odata.type
}

var configurations = &entity[configuration, none]{
	name: "authenticationMethodConfiguration",
	id:   func(x configuration) string { return x.id },
	properties: []property[configuration, none]{
		{name: "id", kind: edmString},
		{name: "state", kind: methodState},
		{name: "excludeTargets", kind: listOf(targetKind), flags: noFilter},
	},
	derived: func(c *call, x configuration) object { return x.object(c) },
	kinds:   []shape{passConfiguration, emailConfiguration, fido2Configuration, authenticatorConfiguration},
}

// configurationsOf are those of a policy, by id.
func configurationsOf(p *idp.MethodsPolicy) []configuration {
	return []configuration{
		{"Email", func(c *call) object { return emailConfiguration.typedObject(c, none{}) }},
		{"Fido2", func(c *call) object { return fido2Configuration.typedObject(c, none{}) }},
		{"MicrosoftAuthenticator", func(c *call) object { return authenticatorConfiguration.typedObject(c, none{}) }},
		{passConfigurationID, func(c *call) object { return passConfiguration.typedObject(c, p.TemporaryAccessPass) }},
	}
}

// configurationObjects are the configurations within the policy.
func configurationObjects(c *call, p *idp.MethodsPolicy) any {
	var out []object
	for _, x := range configurationsOf(p) {
		out = append(out, x.object(c))
	}
	return out
}

func configurationRoutes(path string) []route {
	one := path + "/{configuration}"
	const context = "authenticationMethodConfigurations"
	return []route{
		{
			method: http.MethodGet, path: path, handle: listConfigurations, counts: true, family: authMethods, options: collectionOptions, context: context,
			summary: "List what the policy says of each method", action: idp.ReadMethodsPolicy, out: configurations, many: true,
		},
		{
			method: http.MethodGet, path: one, handle: configurations.reads((*call).configuration), family: authMethods, options: itemOptions, context: context,
			summary: "Read what the policy says of a method", action: idp.ReadMethodsPolicy, out: configurations,
		},
		{
			method: http.MethodPatch, path: one, handle: ofPasses(changePassPolicy), family: authMethods, in: passConfiguration,
			summary: "Change what the policy says of Temporary Access Passes; @odata.type is needed", action: idp.WriteMethodsPolicy,
		},
		{
			method: http.MethodDelete, path: one, handle: ofPasses(resetPassPolicy), family: authMethods,
			summary: "Put the policy of Temporary Access Passes back to what a new tenant has", action: idp.WriteMethodsPolicy,
		},
	}
}

func listConfigurations(c *call) (reply, error) {
	p, err := c.methodsPolicy()
	if err != nil {
		return reply{}, err
	}
	return configurations.list(c, configurations.slice(configurationsOf(p)))
}

// configuration is the one that the path names.
func (c *call) configuration() (configuration, error) {
	p, err := c.methodsPolicy()
	if err != nil {
		return configuration{}, err
	}
	for _, x := range configurationsOf(p) {
		if strings.EqualFold(x.id, c.param("configuration")) {
			return x, nil
		}
	}
	return configuration{}, idp.NoSuch("configuration", c.param("configuration"), "There is no authentication method '%s'.", c.param("configuration"))
}

// ofPasses lets only the configuration of passes be changed: the other methods come later.
func ofPasses(handle func(*call) error) func(*call) (reply, error) {
	return func(c *call) (reply, error) {
		x, err := c.configuration()
		if err == nil && x.id != passConfigurationID {
			err = idp.Errorf(idp.Invalid, "The authentication method '%s' is not available in this version.", x.id)
		}
		if err == nil {
			err = handle(c)
		}
		return noContent(), err
	}
}

func changePassPolicy(c *call) error {
	if _, there := c.body["@odata.type"]; !there {
		return idp.Errorf(idp.Invalid, "A value is required for property '@odata.type': '%s'.", passConfiguration.odataType())
	}
	var change admin.PassPolicyChange
	if err := passConfiguration.readChange(c, &change); err != nil {
		return err
	}
	_, err := c.Admin.UpdatePassPolicy(c.ctx(), c.Actor, c.Tenant.TenantID, change)
	return err
}

func resetPassPolicy(c *call) error {
	_, err := c.Admin.ResetPassPolicy(c.ctx(), c.Actor, c.Tenant.TenantID)
	return err
}
