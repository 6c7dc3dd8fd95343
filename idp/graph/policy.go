package graph

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// methodsPolicy is the authentication methods policy. What can be changed of it, beside the
// configurations, is the registration campaign.
var methodsPolicy = &entity[*idp.MethodsPolicy, *admin.RegistrationPolicyChange]{
	name: "authenticationMethodsPolicy",
	properties: []property[*idp.MethodsPolicy, *admin.RegistrationPolicyChange]{
		{name: "id", kind: edmString, get: constant[*idp.MethodsPolicy]("authenticationMethodsPolicy")},
		{name: "displayName", kind: edmString, get: constant[*idp.MethodsPolicy]("Authentication Methods Policy")},
		{name: "description", kind: edmString, get: constant[*idp.MethodsPolicy]("The tenant-wide policy that controls which authentication methods are allowed in the tenant.")},
		{name: "lastModifiedDateTime", kind: edmDateTime, get: func(_ *call, p *idp.MethodsPolicy) any { return p.UpdatedAt }},
		{name: "policyVersion", kind: edmString, get: constant[*idp.MethodsPolicy]("1.5")},
		{name: "reconfirmationInDays", kind: edmInt32, get: constant[*idp.MethodsPolicy](0)},
		{name: "policyMigrationState", kind: enumOf("preMigration", "migrationInProgress", "migrationComplete"), get: constant[*idp.MethodsPolicy]("migrationComplete")},
		{
			name: "registrationEnforcement", kind: enforcementKind, flags: required | noFilter,
			get: func(_ *call, p *idp.MethodsPolicy) any { return enforcementObject(p) }, set: setEnforcement,
		},
		{name: "reportSuspiciousActivitySettings", kind: edmAny, flags: noFilter | betaOnly, get: constant[*idp.MethodsPolicy](object{
			"state": "disabled", "includeTarget": object{"targetType": "group", "id": idp.AllUsers}, "voiceReportingCode": 0,
		})},
		{name: "systemCredentialPreferences", kind: edmAny, flags: noFilter | betaOnly, get: constant[*idp.MethodsPolicy](object{
			"state": "enabled", "includeTargets": []object{{"targetType": "group", "id": idp.AllUsers}}, "excludeTargets": []object{},
		})},
		{name: "authenticationMethodConfigurations", kind: listOf(edmAny), flags: noFilter, get: configurationObjects},
	},
}

// policyRoutes has the policy and its configurations under each of their names.
func policyRoutes() (rows []route) {
	for _, path := range []string{"/policies/authenticationMethodsPolicy", "/authenticationMethodsPolicy"} {
		rows = append(rows, route{
			method: http.MethodGet, path: path, handle: getMethodsPolicy, family: authMethods, options: itemOptions,
			context: "authenticationMethodsPolicy", summary: "Read the authentication methods policy", action: idp.ReadMethodsPolicy, out: methodsPolicy,
		}, route{
			method: http.MethodPatch, path: path, handle: changeMethodsPolicy, family: authMethods,
			context: "authenticationMethodsPolicy", summary: "Change the registration campaign", action: idp.WriteMethodsPolicy,
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

func changeMethodsPolicy(c *call) (reply, error) {
	if _, err := c.methodsPolicy(); err != nil {
		return reply{}, err
	}
	var change admin.RegistrationPolicyChange
	if err := methodsPolicy.readChange(c, &change); err != nil {
		return reply{}, err
	}
	if _, err := c.Admin.UpdateRegistrationPolicy(c.ctx(), c.Actor, c.Tenant.TenantID, change); err != nil {
		return reply{}, err
	}
	return getMethodsPolicy(c)
}
