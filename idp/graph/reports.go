package graph

import (
	"net/http"
	"slices"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const reportsPath = "/reports/authenticationMethods"

// registrationDetails tell of each user what they have to sign in with. Nobody resets a
// password by themselves. A pass stands for all factors, but is there to register a
// passwordless method and is none.
var registrationDetails = &entity[admin.Methods, none]{
	name: "userRegistrationDetails",
	id:   func(r admin.Methods) string { return r.User.UserID },
	properties: append(reportedUser(func(r admin.Methods) *idp.User { return r.User }), []property[admin.Methods, none]{
		{name: "isMfaCapable", kind: edmBoolean, get: func(_ *call, r admin.Methods) any { return r.MFA() }},
		{name: "isMfaRegistered", kind: edmBoolean, get: func(_ *call, r admin.Methods) any { return r.MFARegistered() }},
		{name: "isPasswordlessCapable", kind: edmBoolean, get: func(_ *call, r admin.Methods) any { return r.Passwordless() }},
		{name: "isSsprCapable", kind: edmBoolean, get: ofEveryUser(false)},
		{name: "isSsprEnabled", kind: edmBoolean, get: ofEveryUser(false)},
		{name: "isSsprRegistered", kind: edmBoolean, get: ofEveryUser(false)},
		{name: "isSystemPreferredAuthenticationMethodEnabled", kind: edmBoolean, get: func(_ *call, r admin.Methods) any { return r.User.Preferred == "" }},
		{name: "methodsRegistered", kind: listOf(edmString), get: func(_ *call, r admin.Methods) any { return registeredNames(r) }},
		{name: "systemPreferredAuthenticationMethods", kind: listOf(edmString), get: func(_ *call, r admin.Methods) any { return preferredNames(r) }},
		{name: "userPreferredMethodForSecondaryAuthentication", kind: edmString, get: ofEveryUser("none")},
		{name: "lastUpdatedDateTime", kind: edmDateTime, get: func(c *call, _ admin.Methods) any { return c.now }},
	}...),
}

// reportedUser is what each report tells of whom it is about.
func reportedUser[T any](of func(T) *idp.User) []property[T, none] {
	return []property[T, none]{
		{name: "id", kind: edmString, get: func(_ *call, r T) any { return of(r).UserID }},
		{name: "userPrincipalName", kind: edmString, get: func(_ *call, r T) any { return of(r).PrincipalName }},
		{name: "userDisplayName", kind: edmString, get: func(_ *call, r T) any { return of(r).DisplayName }},
		{name: "userType", kind: enumOf("member", "guest"), get: func(_ *call, r T) any { return memberOrGuest(of(r)) }},
		{name: "isAdmin", kind: edmBoolean, get: func(_ *call, r T) any { return len(of(r).Roles) > 0 }},
	}
}

var ofEveryUser = constant[admin.Methods]

// What the reports call methods. Graph has no more than the plain strings, and does not list
// passwords.
const (
	boundName  = "passKeyDeviceBound"
	syncedName = "passKeySynced"
	deviceName = "microsoftAuthenticatorPasswordless"
)

var reportedMethods = []string{string(idp.TemporaryAccessPass), boundName, syncedName, deviceName}

// registeredNames are what somebody holds, a pass only as long as it can be used.
func registeredNames(r admin.Methods) (names []string) {
	if r.PassUsable() {
		names = []string{string(idp.TemporaryAccessPass)}
	}
	return slices.Concat(names, passkeyNames(r.Passkeys), deviceNames(r.Authenticators))
}

// preferredNames are what somebody would be asked for first.
func preferredNames(r admin.Methods) []string {
	if r.PassUsable() {
		return []string{string(idp.TemporaryAccessPass)}
	}
	usable := passkeyNames(slices.DeleteFunc(slices.Clone(r.Passkeys), func(k admin.PasskeyInfo) bool { return k.Reason != idp.Offered }))
	if len(usable) > 0 || !r.AuthenticatorUsable() {
		return usable
	}
	return []string{deviceName}
}

func passkeyNames(held []admin.PasskeyInfo) (names []string) {
	if slices.ContainsFunc(held, func(k admin.PasskeyInfo) bool { return !k.Synced }) {
		names = append(names, boundName)
	}
	if slices.ContainsFunc(held, func(k admin.PasskeyInfo) bool { return k.Synced }) {
		names = append(names, syncedName)
	}
	return names
}

func deviceNames(held []admin.AuthenticatorInfo) []string {
	if len(held) == 0 {
		return nil
	}
	return []string{deviceName}
}

func reportRoutes() []route {
	const details = reportsPath + "/userRegistrationDetails"
	rows := []route{
		{
			method: http.MethodGet, path: details, handle: listRegistrations, counts: true, options: collectionOptions,
			summary: "List what each user has to sign in with", action: idp.ReadReports, out: registrationDetails, many: true,
		},
		{
			method: http.MethodGet, path: details + "/{user}", handle: registrationDetails.reads((*call).registration), options: itemOptions,
			summary: "Read what a user has to sign in with", action: idp.ReadReports, out: registrationDetails,
		},
	}
	return slices.Concat(rows, summaryRoutes(), readinessRoutes())
}

// registrations is the source of everybody's details.
func (c *call) registrations(after string, limit int) ([]admin.Methods, string, error) {
	return c.Admin.MethodsReports(c.ctx(), c.Actor, c.Tenant.TenantID, pageAt(after, limit))
}

func listRegistrations(c *call) (reply, error) { return registrationDetails.list(c, c.registrations) }

func (c *call) registration() (admin.Methods, error) {
	return c.Admin.MethodsReport(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
}
