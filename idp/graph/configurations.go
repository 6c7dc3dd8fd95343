package graph

import (
	"net/http"
	"strings"

	"latchkey/idp"
)

// configuration is the part of the policy that is about one method.
type configuration struct {
	id     string
	object func(*call) object // in full, with its @odata.type
	kind   string             // that type
	change func(*call) error  // as the body says
	reset  func(*call) error
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
	kinds:   []shape{passConfiguration, emailConfiguration, passkeyConfiguration, authenticatorConfiguration},
}

// configurationsOf are those of a policy, by id.
func configurationsOf(p *idp.MethodsPolicy) []configuration {
	return []configuration{
		configurationOf(emailConfigurationID, emailConfiguration, p.Email).with(changeEmailPolicy, resetEmailPolicy),
		configurationOf(passkeyConfigurationID, passkeyConfiguration, p.Passkey).with(changePasskeyPolicy(p.Passkey), resetPasskeyPolicy),
		configurationOf(authenticatorConfigurationID, authenticatorConfiguration, p.Authenticator).with(changeAuthenticatorPolicy(p.Authenticator), resetAuthenticatorPolicy),
		configurationOf(passConfigurationID, passConfiguration, p.TemporaryAccessPass).with(changePassPolicy, resetPassPolicy),
	}
}

func configurationOf[T, C any](id string, e *entity[T, C], policy T) configuration {
	return configuration{id: id, kind: e.odataType(), object: func(c *call) object { return e.typedObject(c, policy) }}
}

// with lets the configuration be changed and reset.
func (x configuration) with(change, reset func(*call) error) configuration {
	x.change, x.reset = change, reset
	return x
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
			method: http.MethodPatch, path: one, handle: changeConfiguration, family: authMethods, in: configurations,
			summary: "Change what the policy says of a method; @odata.type is needed", action: idp.WriteMethodsPolicy,
		},
		{
			method: http.MethodDelete, path: one, handle: resetConfiguration, family: authMethods,
			summary: "Put what the policy says of a method back to what a new tenant has", action: idp.WriteMethodsPolicy,
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

func changeConfiguration(c *call) (reply, error) {
	x, err := c.configuration()
	if err != nil {
		return reply{}, err
	}
	if _, there := c.body["@odata.type"]; !there {
		return reply{}, idp.Errorf(idp.Invalid, "A value is required for property '@odata.type': '%s'.", x.kind)
	}
	return noContent(), x.change(c)
}

func resetConfiguration(c *call) (reply, error) {
	x, err := c.configuration()
	if err != nil {
		return reply{}, err
	}
	return noContent(), x.reset(c)
}
