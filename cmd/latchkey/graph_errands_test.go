package main

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
)

// errand is a request that does an action: an operation of the document with what its path,
// query and body need.
type errand struct {
	graphOperation
	action idp.Action
	also   []idp.Action // which are needed too
	about  bool         // somebody in particular
	others bool         // nobody does it to themselves, whatever they may
	unless []idp.Action // whoever may one of these is not told that it was refused
	looks  []idp.Action // whoever may one of these is told that there is nobody of the name
	query  string
	body   string // {names} stand for values of the fixture
	needs  func(*fixture)
	reads  bool // changes nothing, whatever the method
	never  int  // whoever may is answered this all the same: 404, as nobody has one
	ends   bool // the actor's own token ends with it
}

func (e errand) mutates() bool { return e.method != http.MethodGet && !e.reads }

// derived tells whether the operation is another way to look at what one without it shows.
func (e errand) derived() bool { return e.counting() || strings.Contains(e.path, "/graph.") }

// kinds are the objects that the errand is done to.
func (e errand) kinds() []string {
	switch {
	case e.me():
		return []string{theActor}
	case !e.about:
		return []string{nobodyInParticular}
	case e.derived():
		return []string{theActor, aMember}
	}
	if e.others {
		return objectKinds()[2:]
	}
	return objectKinds()[1:]
}

// request is the errand done to a fixture.
func (e errand) request(f *fixture) graphRequest {
	fill := func(s string) string {
		return parameterPattern.ReplaceAllStringFunc(s, func(name string) string { return f.values[name[1:len(name)-1]] })
	}
	return graphRequest{method: e.method, path: e.fill(f.values) + fill(e.query), body: fill(e.body)}
}

// without is what has no route yet, with the reason.
func withoutRoute() map[idp.Action]string {
	return map[idp.Action]string{
		idp.ReadApplications:  "applications are registered by the command line",
		idp.ReadOwnSignIns:    "people read their own sign-ins on our own pages",
		idp.WriteApplications: "applications are registered by the command line",
		idp.WritePassword:     "passwords are set by their holders, on our own pages",
		idp.LinkIdentities:    "who is who elsewhere is said by the command line",
		idp.PreferMethod:      "Graph has no name for the methods there are",
	}
}

// readings tell the action of what only reads, by the beginning of its path; the longest
// that fits counts.
var readings = map[string]errand{
	"/users":                       {action: idp.ReadUser},
	"/users/{user}":                {action: idp.ReadUser, about: true},
	"/users/{user}/authentication": {action: idp.ReadMethods, about: true},
	"/users/{user}/authentication/methods/{id}":                  {action: idp.ReadMethods, about: true, needs: withPass},
	"/users/{user}/authentication/temporaryAccessPassMethods":    {action: idp.ReadPass, about: true, needs: withPass},
	"/users/{user}/authentication/fido2Methods":                  {action: idp.ReadPasskey, about: true, needs: withPasskey},
	"/users/{user}/authentication/fido2Methods/creationOptions":  {action: idp.WritePasskey, about: true},
	"/users/{user}/authentication/microsoftAuthenticatorMethods": {action: idp.ReadAuthenticator, about: true, needs: withDevice},
	"/users/{user}/authentication/passwordMethods":               {action: idp.ReadPassword, about: true, needs: withPassword},
	"/groups":                                                       {action: idp.ReadGroup},
	"/directoryRoles":                                               {action: idp.ReadRoles},
	"/directoryRoleTemplates":                                       {action: idp.ReadRoles},
	"/directoryRoleTemplates/{id}":                                  {action: idp.ReadRoles, needs: withTemplate},
	"/roleManagement/directory":                                     {action: idp.ReadRoles},
	"/roleManagement/directory/roleDefinitions/{id}":                {action: idp.ReadRoles, needs: withTemplate},
	"/roleManagement/directory/roleAssignments/{assignment}":        {action: idp.ReadRoles, about: true, needs: withRole},
	"/directoryObjects/{object}":                                    {action: idp.ReadUser, about: true, unless: []idp.Action{idp.ReadGroup, idp.ReadRoles}},
	"/domains":                                                      {action: idp.ReadDomains},
	"/domains/{domain}/verificationDnsRecords":                      {action: idp.ReadDomains, needs: withClaim},
	"/domains/{domain}/federationConfiguration":                     {action: idp.ReadFederations, also: []idp.Action{idp.ReadDomains}, needs: withFederation},
	"/domains/{domain}/federationConfiguration/{federation}":        {action: idp.ReadFederations, also: []idp.Action{idp.ReadDomains}, needs: withFederation},
	"/identity/identityProviders":                                   {action: idp.ReadFederations},
	"/identity/identityProviders/{federation}":                      {action: idp.ReadFederations, needs: withFederation},
	"/policies/crossTenantAccessPolicy":                             {action: idp.ReadCrossTenant},
	"/policies/crossTenantAccessPolicy/partners/{partner}":          {action: idp.ReadCrossTenant, needs: withPartner},
	"/organization":                                                 {action: idp.ReadOrganization},
	"/policies/authenticationMethodsPolicy":                         {action: idp.ReadMethodsPolicy},
	"/policies/authorizationPolicy":                                 {action: idp.ReadGuestPolicy},
	"/authenticationMethodsPolicy":                                  {action: idp.ReadMethodsPolicy},
	"/authenticationMethodConfigurations":                           {action: idp.ReadMethodsPolicy},
	"/temporaryAccessPassRequests":                                  {action: idp.ReadPass},
	"/temporaryAccessPassRequests/{request}":                        {action: idp.ReadPass, about: true, needs: withRequest},
	"/auditLogs":                                                    {action: idp.ReadLogs},
	"/auditLogs/directoryAudits/{event}":                            {action: idp.ReadLogs, needs: withEvent(idp.Directory)},
	"/auditLogs/signIns/{event}":                                    {action: idp.ReadLogs, needs: withEvent(idp.SignIns)},
	"/reports":                                                      {action: idp.ReadReports},
	"/reports/authenticationMethods/userRegistrationDetails/{user}": {action: idp.ReadReports, about: true},
	"/reports/authenticationMethods/recoveryReadiness/{user}":       {action: idp.ReadReports, about: true},
}

// withTemplate names a role's template.
func withTemplate(f *fixture) { f.values["id"] = f.values["template"] }

const (
	memberReference  = `{"@odata.id":"{base}/v1.0/directoryObjects/{member}"}`
	memberQuery      = "?@id={base}/v1.0/directoryObjects/{member}"
	newGroupBody     = `{"displayName":"Made {n}","mailNickname":"made{n}","mailEnabled":false,"securityEnabled":true`
	passPolicyBody   = `{"@odata.type":"#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration","defaultLength":9}`
	keyPolicyBody    = `{"@odata.type":"#microsoft.graph.fido2AuthenticationMethodConfiguration","isSelfServiceRegistrationAllowed":true}`
	devicePolicyBody = `{"@odata.type":"#microsoft.graph.microsoftAuthenticatorAuthenticationMethodConfiguration","featureSettings":{"displayLocationInformationRequiredState":{"state":"disabled"}}}`
	emailPolicyBody  = `{"@odata.type":"#microsoft.graph.emailAuthenticationMethodConfiguration","allowExternalIdToUseEmailOtp":"disabled"}`
	campaignBody     = `{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":{"snoozeDurationInDays":3}}}`
	newPasskeyBody   = `{"displayName":"Key {n}","publicKeyCredential":{"id":"{credential}","response":{"clientDataJSON":"{clientData}","attestationObject":"{attestation}"},"clientExtensionResults":{}}}`
)

// errandsOf are the errands of an operation that does not only read by GET; none if there is
// no row for it.
func changes() map[string][]errand {
	rows := map[string][]errand{
		"POST /users": {{action: idp.CreateUser, body: `{"accountEnabled":true,"displayName":"New {n}","mailNickname":"new{n}","userPrincipalName":"new{n}@contoso.example","passwordProfile":{"password":"not kept"}}`}},
		"PATCH /users/{user}": {
			{action: idp.UpdateUser, about: true, body: `{"displayName":"Renamed {n}"}`},
			{action: idp.UpdateUser, about: true, body: `{"accountEnabled":false}`, ends: true},
		},
		"DELETE /users/{user}":                    {{action: idp.DeleteUser, about: true, ends: true}},
		"POST /users/{user}/revokeSignInSessions": {{action: idp.RevokeSessions, about: true, ends: true}},
		"POST /users/{user}/checkMemberGroups":    {{action: idp.ReadUser, about: true, reads: true, body: `{"groupIds":["{group}"]}`}},
		"POST /users/{user}/getMemberGroups":      {{action: idp.ReadUser, about: true, reads: true, body: `{"securityEnabledOnly":false}`}},

		"POST /users/{user}/authentication/temporaryAccessPassMethods":           {{action: idp.CreatePass, about: true, body: `{"lifetimeInMinutes":60}`, ends: true}},
		"DELETE /users/{user}/authentication/temporaryAccessPassMethods/{id}":    {{action: idp.DeletePass, about: true, needs: withPass, ends: true}},
		"POST /users/{user}/authentication/fido2Methods":                         {{action: idp.WritePasskey, about: true, needs: withNewPasskey, body: newPasskeyBody}},
		"PATCH /users/{user}/authentication/fido2Methods/{id}":                   {{action: idp.WritePasskey, about: true, needs: withPasskey, body: `{"displayName":"Renamed {n}"}`}},
		"DELETE /users/{user}/authentication/fido2Methods/{id}":                  {{action: idp.WritePasskey, about: true, needs: withPasskey}},
		"DELETE /users/{user}/authentication/microsoftAuthenticatorMethods/{id}": {{action: idp.WriteAuthenticator, about: true, needs: withDevice}},
		"DELETE /users/{user}/authentication/passwordMethods/{id}":               {{action: idp.DeletePassword, about: true, needs: withPassword}},
		"POST /users/{user}/authentication/methods/{id}/resetPassword":           {{action: idp.ReadMethods, about: true, reads: true, needs: withPassword, body: `{}`, never: 400}},
		"POST /users/{user}/authentication/explainSignIn":                        {{action: idp.ExplainSignIn, about: true, reads: true, body: `{}`}},
		"POST /temporaryAccessPassRequests/{request}/approve":                    {{action: idp.ApprovePass, about: true, needs: withRequest}},
		"POST /temporaryAccessPassRequests/{request}/deny":                       {{action: idp.ApprovePass, about: true, needs: withRequest}},

		"POST /groups": {
			{action: idp.WriteGroup, body: newGroupBody + `}`},
			{action: idp.AssignRoles, body: newGroupBody + `,"isAssignableToRole":true}`},
		},
		"PATCH /groups/{group}": {
			{action: idp.WriteGroup, needs: withGroup, body: `{"displayName":"Renamed {n}"}`},
			{action: idp.AssignRoles, needs: withGuardedGroup, body: `{"description":"Changed"}`},
			{action: idp.WriteMembers, about: true, needs: withGroup, body: `{"members@odata.bind":["{base}/v1.0/directoryObjects/{member}"]}`},
		},
		"DELETE /groups/{group}": {
			{action: idp.WriteGroup, needs: withGroup},
			{action: idp.AssignRoles, needs: withGuardedGroup},
		},
		"POST /groups/{group}/members/$ref": {
			{action: idp.WriteMembers, about: true, needs: withGroup, body: memberReference},
			{action: idp.AssignRoles, about: true, needs: withGuardedGroup, body: memberReference},
		},
		"DELETE /groups/{group}/members/$ref":          {{action: idp.WriteMembers, about: true, needs: withMembership, query: memberQuery}},
		"DELETE /groups/{group}/members/{member}/$ref": {{action: idp.WriteMembers, about: true, needs: withMembership}},

		"POST /directoryRoles":                                          {{action: idp.AssignRoles, needs: withIdleRole, body: `{"roleTemplateId":"{template}"}`}},
		"POST /roleManagement/directory/roleAssignments":                {{action: idp.AssignRoles, about: true, needs: withUnusedRole, body: `{"principalId":"{member}","roleDefinitionId":"{template}","directoryScopeId":"/"}`}},
		"DELETE /roleManagement/directory/roleAssignments/{assignment}": {{action: idp.AssignRoles, looks: []idp.Action{idp.ReadRoles}, about: true, needs: withRole, ends: true}},
		"POST /directoryObjects/getByIds": {{
			action: idp.ReadUser, about: true, reads: true, body: `{"ids":["{object}"]}`, unless: []idp.Action{idp.ReadUser, idp.ReadGroup, idp.ReadRoles},
		}},
		"PATCH /organization/{organization}": {{action: idp.WriteOrganization, body: `{"displayName":"Contoso"}`}},
		"POST /domains":                      {{action: idp.WriteDomains, body: `{"id":"wanted{n}.example"}`}},
		"PATCH /domains/{domain}":            {{action: idp.WriteDomains, needs: withDomain, body: `{"isDefault":true}`}},
		"DELETE /domains/{domain}":           {{action: idp.WriteDomains, needs: withDomain}, {action: idp.WriteDomains, needs: withClaim}},
		"POST /domains/{domain}/verify":      {{action: idp.WriteDomains, also: []idp.Action{idp.ReadDomains}, needs: withClaim}},
		"POST /domains/{domain}/promote":     {{action: idp.WriteDomains, needs: withDomain}},
		"POST /domains/{domain}/federationConfiguration": {{
			action: idp.WriteFederations, also: []idp.Action{idp.ReadDomains}, needs: withDomain,
			body: `{"@odata.type":"#microsoft.graph.internalDomainFederation","displayName":"Login","issuerUri":"https://login.example","clientId":"contoso","clientSecret":"secret"}`,
		}},
		"PATCH /domains/{domain}/federationConfiguration/{federation}": {{
			action: idp.WriteFederations, also: []idp.Action{idp.ReadDomains, idp.ReadFederations}, needs: withFederation,
			body: `{"@odata.type":"#microsoft.graph.internalDomainFederation","displayName":"Renamed {n}"}`,
		}},
		"DELETE /domains/{domain}/federationConfiguration/{federation}": {{
			action: idp.WriteFederations, also: []idp.Action{idp.ReadDomains, idp.ReadFederations}, needs: withFederation,
		}},
		"POST /identity/identityProviders": {{
			action: idp.WriteFederations,
			body:   `{"@odata.type":"#microsoft.graph.oidcIdentityProvider","displayName":"Login","issuer":"https://login.example","clientId":"contoso","clientAuthentication":{"clientSecret":"secret"},"domains":["outside{n}.example"]}`,
		}},
		"PATCH /identity/identityProviders/{federation}": {{
			action: idp.WriteFederations, also: []idp.Action{idp.ReadFederations}, needs: withFederation,
			body: `{"@odata.type":"#microsoft.graph.oidcIdentityProvider","displayName":"Renamed {n}"}`,
		}},
		"DELETE /identity/identityProviders/{federation}":    {{action: idp.WriteFederations, also: []idp.Action{idp.ReadFederations}, needs: withFederation}},
		"POST /identity/identityProviders/{federation}/test": {{action: idp.WriteFederations, also: []idp.Action{idp.ReadFederations}, needs: withFederation, reads: true, never: 400}},

		"PATCH /policies/crossTenantAccessPolicy":                             {{action: idp.WriteCrossTenant, reads: true, body: `{"allowedCloudEndpoints":[]}`}},
		"PATCH /policies/crossTenantAccessPolicy/default":                     {{action: idp.WriteCrossTenant, needs: withCrossTenant, body: `{"inboundTrust":{"isMfaAccepted":true}}`}},
		"POST /policies/crossTenantAccessPolicy/default/resetToSystemDefault": {{action: idp.WriteCrossTenant, needs: withCrossTenant}},
		"POST /policies/crossTenantAccessPolicy/partners":                     {{action: idp.WriteCrossTenant, needs: withoutPartner, body: `{"tenantId":"{other}"}`}},
		"PATCH /policies/crossTenantAccessPolicy/partners/{partner}":          {{action: idp.WriteCrossTenant, also: []idp.Action{idp.ReadCrossTenant}, needs: withPartner, body: `{"inboundTrust":{"isMfaAccepted":true}}`}},
		"DELETE /policies/crossTenantAccessPolicy/partners/{partner}":         {{action: idp.WriteCrossTenant, also: []idp.Action{idp.ReadCrossTenant}, needs: withPartner}},
		"PATCH /policies/authorizationPolicy":                                 {{action: idp.WriteGuestPolicy, needs: withGuestPolicy, body: `{"allowInvitesFrom":"none"}`}},
		"POST /invitations": {
			{action: idp.InviteUser, body: `{"invitedUserEmailAddress":"invited{n}@outside.example","inviteRedirectUrl":"https://app.example/"}`},
			{action: idp.InviteUser, also: []idp.Action{idp.CreateUser}, body: `{"invitedUserEmailAddress":"invited{n}@outside.example","inviteRedirectUrl":"https://app.example/","invitedUserType":"Member"}`},
			{action: idp.InviteUser, needs: withPending, body: `{"invitedUserEmailAddress":"{address}","inviteRedirectUrl":"https://app.example/","sendInvitationMessage":true}`},
			{action: idp.ResetRedemption, about: true, others: true, needs: withGuest, body: `{"invitedUserEmailAddress":"{address}","inviteRedirectUrl":"https://app.example/","invitedUser":{"id":"{user}"},"resetRedemption":true}`},
		},
	}
	for _, one := range []string{"/directoryRoles/{role}", "/directoryRoles(roleTemplateId={template})"} {
		rows["POST "+one+"/members/$ref"] = []errand{{action: idp.AssignRoles, about: true, needs: withUnusedRole, body: memberReference}}
		rows["DELETE "+one+"/members/$ref"] = []errand{{action: idp.AssignRoles, about: true, needs: withRole, query: memberQuery, ends: true}}
		rows["DELETE "+one+"/members/{member}/$ref"] = []errand{{action: idp.AssignRoles, about: true, needs: withRole, ends: true}}
	}
	for _, policy := range []string{"/policies/authenticationMethodsPolicy", "/authenticationMethodsPolicy", ""} {
		if policy != "" {
			rows["PATCH "+policy] = []errand{{action: idp.WriteMethodsPolicy, needs: withPolicy, body: campaignBody}}
		}
		one := policy + "/authenticationMethodConfigurations/{configuration}"
		rows["PATCH "+one] = []errand{
			{action: idp.WriteMethodsPolicy, needs: withPolicy, body: passPolicyBody},
			{action: idp.WriteMethodsPolicy, needs: withKeyPolicy, body: keyPolicyBody},
			{action: idp.WriteMethodsPolicy, needs: withEmailPolicy, body: emailPolicyBody},
			{action: idp.WriteMethodsPolicy, needs: withDevicePolicy, body: devicePolicyBody},
		}
		rows["DELETE "+one] = []errand{
			{action: idp.WriteMethodsPolicy, needs: withPolicy}, {action: idp.WriteMethodsPolicy, needs: withKeyPolicy}, {action: idp.WriteMethodsPolicy, needs: withEmailPolicy},
			{action: idp.WriteMethodsPolicy, needs: withDevicePolicy},
		}
	}
	return rows
}

// elsewhere are operations that are no action of their own.
var elsewhere = []string{"POST /$batch"}

// errandsOf are the errands of an operation. What /me does, it does to the actor.
func errandsOf(o graphOperation) (all []errand) {
	path := o.path
	if o.me() {
		path = "/users/{user}" + strings.TrimPrefix(o.path, "/me")
	}
	if o.method != http.MethodGet {
		all = slices.Clone(changes()[o.method+" "+path])
	} else if row, known := reading(path); known {
		all = []errand{row}
	}
	for i := range all {
		all[i].graphOperation = o
		all[i].about = all[i].about || o.me()
	}
	return all
}

func reading(path string) (best errand, known bool) {
	longest := 0
	for prefix, row := range readings {
		whole := path == prefix || strings.HasPrefix(path, prefix+"/") || strings.HasPrefix(path, prefix+"(")
		if whole && len(prefix) > longest {
			best, known, longest = row, true, len(prefix)
		}
	}
	below, _ := strings.CutPrefix(path, "/users/{user}/authentication/")
	kind, _, _ := strings.Cut(below, "/")
	if held := []string{"methods", "temporaryAccessPassMethods", "fido2Methods", "microsoftAuthenticatorMethods", "passwordMethods"}; below != path && strings.HasSuffix(below, "/{id}") && !slices.Contains(held, kind) {
		best.never = http.StatusNotFound
	}
	return best, known
}
