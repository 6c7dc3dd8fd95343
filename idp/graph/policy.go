package graph

import (
	"net/http"

	"latchkey/idp"
)

// methodsPolicy is the authentication methods policy. All of it that can be changed is in
// the configurations: there is no registration campaign yet.
var methodsPolicy = &entity[*idp.MethodsPolicy, none]{
	name: "authenticationMethodsPolicy",
	properties: []property[*idp.MethodsPolicy, none]{
		{name: "id", kind: edmString, get: constant[*idp.MethodsPolicy]("authenticationMethodsPolicy")},
		{name: "displayName", kind: edmString, get: constant[*idp.MethodsPolicy]("Authentication Methods Policy")},
		{name: "description", kind: edmString, get: constant[*idp.MethodsPolicy]("The tenant-wide policy that controls which authentication methods are allowed in the tenant.")},
		{name: "lastModifiedDateTime", kind: edmDateTime, get: func(_ *call, p *idp.MethodsPolicy) any { return p.UpdatedAt }},
		{name: "policyVersion", kind: edmString, get: constant[*idp.MethodsPolicy]("1.5")},
		{name: "reconfirmationInDays", kind: edmInt32, get: constant[*idp.MethodsPolicy](0)},
		{name: "policyMigrationState", kind: enumOf("preMigration", "migrationInProgress", "migrationComplete"), get: constant[*idp.MethodsPolicy]("migrationComplete")},
		{name: "registrationEnforcement", kind: edmAny, flags: noFilter, get: constant[*idp.MethodsPolicy](noCampaign)},
		{name: "reportSuspiciousActivitySettings", kind: edmAny, flags: noFilter | betaOnly, get: constant[*idp.MethodsPolicy](object{
			"state": "disabled", "includeTarget": object{"targetType": "group", "id": idp.AllUsers}, "voiceReportingCode": 0,
		})},
		{name: "systemCredentialPreferences", kind: edmAny, flags: noFilter | betaOnly, get: constant[*idp.MethodsPolicy](object{
			"state": "enabled", "includeTargets": []object{{"targetType": "group", "id": idp.AllUsers}}, "excludeTargets": []object{},
		})},
		{name: "authenticationMethodConfigurations", kind: listOf(edmAny), flags: noFilter, get: configurationObjects},
	},
}

var noCampaign = object{"authenticationMethodsRegistrationCampaign": object{
	"state": "disabled", "snoozeDurationInDays": 1, "excludeTargets": []object{},
	"includeTargets": []object{{"targetType": "group", "id": idp.AllUsers, "targetedAuthenticationMethod": "microsoftAuthenticator"}},
}}

// policyRoutes has the policy and its configurations under each of their names.
func policyRoutes() (rows []route) {
	for _, path := range []string{"/policies/authenticationMethodsPolicy", "/authenticationMethodsPolicy"} {
		rows = append(rows, route{
			method: http.MethodGet, path: path, handle: getMethodsPolicy, family: authMethods, options: itemOptions,
			context: "authenticationMethodsPolicy", summary: "Read the authentication methods policy", action: idp.ReadMethodsPolicy, out: methodsPolicy,
		}, route{
			method: http.MethodPatch, path: path, handle: changeMethodsPolicy, family: authMethods,
			context: "authenticationMethodsPolicy", summary: "Refuse to change what cannot be changed of the policy itself", action: idp.ReadMethodsPolicy,
			in: methodsPolicy, out: methodsPolicy,
		})
		rows = append(rows, configurationRoutes(path+"/authenticationMethodConfigurations")...)
	}
	return append(rows, configurationRoutes("/authenticationMethodConfigurations")...)
}

func (c *call) methodsPolicy() (*idp.MethodsPolicy, error) {
	return c.Admin.MethodsPolicy(c.ctx(), c.Actor, c.Tenant.TenantID)
}

func getMethodsPolicy(c *call) (reply, error) {
	p, err := c.methodsPolicy()
	if err != nil {
		return reply{}, err
	}
	out := methodsPolicy.single(c, p)
	const inline = "authenticationMethodConfigurations"
	if o := out.body.(object); o[inline] != nil {
		o[inline+"@odata.context"] = c.metadata() + "policies/authenticationMethodsPolicy/" + inline
	}
	return out, nil
}

// changeMethodsPolicy accepts a body in which nothing is to be changed, as it answers with
// the policy.
func changeMethodsPolicy(c *call) (reply, error) {
	if _, err := c.methodsPolicy(); err != nil {
		return reply{}, err
	}
	if err := methodsPolicy.readChange(c, none{}); err != nil {
		return reply{}, err
	}
	return getMethodsPolicy(c)
}
