package graph

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const reportsPath = "/reports/authenticationMethods"

// registrationDetails tell of each user what they have to sign in with. There are no
// passwords, and so no self-service reset of them. A pass stands for all factors, but is
// there to register a passwordless method and is none.
var registrationDetails = &entity[admin.MethodsReport, none]{
	name: "userRegistrationDetails",
	id:   func(r admin.MethodsReport) string { return r.User.UserID },
	properties: []property[admin.MethodsReport, none]{
		{name: "id", kind: edmString, get: func(_ *call, r admin.MethodsReport) any { return r.User.UserID }},
		{name: "userPrincipalName", kind: edmString, get: func(_ *call, r admin.MethodsReport) any { return r.User.PrincipalName }},
		{name: "userDisplayName", kind: edmString, get: func(_ *call, r admin.MethodsReport) any { return r.User.DisplayName }},
		{name: "userType", kind: enumOf("member", "guest"), get: func(_ *call, r admin.MethodsReport) any { return memberOrGuest(r.User) }},
		{name: "isAdmin", kind: edmBoolean, get: func(_ *call, r admin.MethodsReport) any { return len(r.User.Roles) > 0 }},
		{name: "isMfaCapable", kind: edmBoolean, get: func(_ *call, r admin.MethodsReport) any { return r.MFA }},
		{name: "isMfaRegistered", kind: edmBoolean, get: func(_ *call, r admin.MethodsReport) any { return r.MFA }},
		{name: "isPasswordlessCapable", kind: edmBoolean, get: ofEveryUser(false)},
		{name: "isSsprCapable", kind: edmBoolean, get: ofEveryUser(false)},
		{name: "isSsprEnabled", kind: edmBoolean, get: ofEveryUser(false)},
		{name: "isSsprRegistered", kind: edmBoolean, get: ofEveryUser(false)},
		{name: "isSystemPreferredAuthenticationMethodEnabled", kind: edmBoolean, get: ofEveryUser(true)},
		{name: "methodsRegistered", kind: listOf(edmString), get: func(_ *call, r admin.MethodsReport) any { return r.Usable }},
		{name: "systemPreferredAuthenticationMethods", kind: listOf(edmString), get: func(_ *call, r admin.MethodsReport) any { return r.Usable[:min(1, len(r.Usable))] }},
		{name: "userPreferredMethodForSecondaryAuthentication", kind: edmString, get: ofEveryUser("none")},
		{name: "lastUpdatedDateTime", kind: edmDateTime, get: func(c *call, _ admin.MethodsReport) any { return c.now }},
	},
}

var ofEveryUser = constant[admin.MethodsReport]

func reportRoutes() []route {
	const details = reportsPath + "/userRegistrationDetails"
	return append([]route{
		{
			method: http.MethodGet, path: details, handle: listRegistrations, counts: true, options: collectionOptions,
			summary: "List what each user has to sign in with", action: idp.ReadReports, out: registrationDetails, many: true,
		},
		{
			method: http.MethodGet, path: details + "/{user}", handle: registrationDetails.reads((*call).registration), options: itemOptions,
			summary: "Read what a user has to sign in with", action: idp.ReadReports, out: registrationDetails,
		},
	}, summaryRoutes()...)
}

// registrations is the source of everybody's details.
func (c *call) registrations(after string, limit int) ([]admin.MethodsReport, string, error) {
	return c.Admin.MethodsReports(c.ctx(), c.Actor, c.Tenant.TenantID, pageAt(after, limit))
}

func listRegistrations(c *call) (reply, error) { return registrationDetails.list(c, c.registrations) }

func (c *call) registration() (admin.MethodsReport, error) {
	return c.Admin.MethodsReport(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
}
