package graph

import (
	"latchkey/idp"
	"latchkey/idp/admin"
)

// ownPages is what the log calls Latchkey's own pages, which are no client.
const ownPages = "Latchkey"

var signIns = &entity[admin.EventInfo, none]{
	name: "signIn", id: eventID,
	properties: []property[admin.EventInfo, none]{
		{name: "id", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.EventID })},
		{name: "createdDateTime", kind: edmDateTime, get: eventTime},
		{name: "userDisplayName", kind: edmString, get: func(_ *call, i admin.EventInfo) any { return displayName(i.Actor) }},
		{name: "userPrincipalName", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.Actor.Name })},
		{name: "userId", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.Actor.ID })},
		{name: "appId", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.ClientID })},
		{name: "appDisplayName", kind: edmString, get: appName},
		{name: "resourceId", kind: edmString, get: ofEach(nil)},
		{name: "resourceDisplayName", kind: edmString, get: ofEach(nil)},
		{name: "resourceTenantId", kind: edmString, get: func(c *call, _ admin.EventInfo) any { return c.Tenant.TenantID }},
		{name: "homeTenantId", kind: edmString, get: homeTenant},
		{name: "ipAddress", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.Address })},
		{name: "clientAppUsed", kind: edmString, get: ofEach("Browser")},
		{name: "userAgent", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.UserAgent })},
		{name: "correlationId", kind: edmString, get: ofEvent(func(e *idp.AuditEvent) string { return e.RequestID })},
		{name: "isInteractive", kind: edmBoolean, get: ofEach(true)},
		{name: "status", kind: statusKind, get: signInStatus},
		{name: "deviceDetail", kind: deviceKind, get: ofEach(unknownDevice)},
		{name: "location", kind: locationKind, get: ofEach(unknownLocation)},
		{name: "conditionalAccessStatus", kind: enumOf("success", "failure", "notApplied"), get: ofEach("notApplied")},
		{name: "appliedConditionalAccessPolicies", kind: listOf(edmAny), flags: noFilter, get: ofEach([]string{})},
		{name: "authenticationAppDeviceDetails", kind: edmAny, flags: noFilter, get: ofEach(nil)},
		{name: "riskDetail", kind: edmString, get: ofEach("none")},
		{name: "riskLevelAggregated", kind: edmString, get: ofEach("none")},
		{name: "riskLevelDuringSignIn", kind: edmString, get: ofEach("none")},
		{name: "riskState", kind: edmString, get: ofEach("none")},
		{name: "riskEventTypes_v2", kind: listOf(edmString), get: ofEach([]string{})},
		{name: "authenticationDetails", kind: listOf(stepKind), flags: betaOnly, get: authenticationSteps},
		{name: "authenticationMethodsUsed", kind: listOf(edmString), flags: betaOnly, get: methodsUsed},
		{name: "authenticationRequirement", kind: enumOf("singleFactorAuthentication", "multiFactorAuthentication"), flags: betaOnly, get: ofEach("singleFactorAuthentication")},
		{name: "signInIdentifier", kind: edmString, flags: betaOnly, get: ofEvent(func(e *idp.AuditEvent) string { return e.Actor.Name })},
		{name: "signInEventTypes", kind: listOf(edmString), flags: betaOnly, get: ofEach([]string{"interactiveUser"})},
		{name: "userType", kind: enumOf("member", "guest"), flags: betaOnly, get: signedInType},
		{name: "crossTenantAccessType", kind: edmString, flags: betaOnly, get: ofEach("none")},
		{name: "sessionId", kind: edmString, flags: betaOnly, get: ofEvent(func(e *idp.AuditEvent) string { return e.SessionID })},
		{name: "mfaDetail", kind: edmAny, flags: betaOnly | noFilter, get: ofEach(nil)},
	},
}

var statusKind = complexOf(
	field{name: "errorCode", kind: edmInt32}, field{name: "failureReason", kind: edmString}, field{name: "additionalDetails", kind: edmString},
)

var deviceKind = complexOf(
	field{name: "deviceId", kind: edmString}, field{name: "displayName", kind: edmString}, field{name: "operatingSystem", kind: edmString},
	field{name: "browser", kind: edmString}, field{name: "isCompliant", kind: edmBoolean}, field{name: "isManaged", kind: edmBoolean},
	field{name: "trustType", kind: edmString},
)

var unknownDevice = object{
	"deviceId": "", "displayName": "", "operatingSystem": "", "browser": "", "isCompliant": nil, "isManaged": nil, "trustType": "",
}

var locationKind = complexOf(
	field{name: "city", kind: edmString}, field{name: "state", kind: edmString}, field{name: "countryOrRegion", kind: edmString},
	field{name: "geoCoordinates", kind: edmAny},
)

var unknownLocation = object{"city": nil, "state": nil, "countryOrRegion": nil, "geoCoordinates": nil}

var stepKind = complexOf(
	field{name: "authenticationStepDateTime", kind: edmDateTime}, field{name: "authenticationMethod", kind: edmString},
	field{name: "authenticationMethodDetail", kind: edmString}, field{name: "succeeded", kind: edmBoolean},
	field{name: "authenticationStepResultDetail", kind: edmString}, field{name: "authenticationStepRequirement", kind: edmString},
)

// appName is null for an app that is not registered any more.
func appName(_ *call, i admin.EventInfo) any {
	switch {
	case i.Event.ClientID == "":
		return ownPages
	case i.Client == nil:
		return nil
	}
	return i.Client.Name
}

// homeTenant is not known of who is at home elsewhere.
func homeTenant(c *call, i admin.EventInfo) any {
	if i.Actor != nil && i.Actor.Type.External() {
		return nil
	}
	return c.Tenant.TenantID
}

func signInStatus(_ *call, i admin.EventInfo) any {
	return object{"errorCode": int(i.Event.Error), "failureReason": nonEmpty(i.Event.Reason), "additionalDetails": nonEmpty(i.Event.Details["reason"])}
}

// authenticationSteps is the one step that a line of the log tells of.
func authenticationSteps(c *call, i admin.EventInfo) any {
	if i.Event.Method == "" {
		return []object{}
	}
	return []object{{
		"authenticationStepDateTime": eventTime(c, i), "authenticationMethod": i.Event.Method, "authenticationMethodDetail": nil,
		"succeeded": i.Event.Result == "success", "authenticationStepResultDetail": nonEmpty(i.Event.Reason),
		"authenticationStepRequirement": "Primary authentication",
	}}
}

func methodsUsed(_ *call, i admin.EventInfo) any {
	if i.Event.Method == "" {
		return []string{}
	}
	return []string{i.Event.Method}
}

func signedInType(_ *call, i admin.EventInfo) any {
	if i.Actor == nil {
		return nil
	}
	return memberOrGuest(i.Actor)
}

// memberOrGuest is how logs and reports write a user's type.
func memberOrGuest(u *idp.User) string {
	if u.Type.Guest() {
		return "guest"
	}
	return "member"
}
