package graph

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
)

// The parts of a sign-in, as they are when all that can be is known.
const (
	signInV1 = `"id": %q, "createdDateTime": "2026-11-24T09:00:01.0000001Z", "userDisplayName": "The anna",
		"userPrincipalName": "anna@contoso.example", "userId": %q, "appId": "shop", "appDisplayName": "The Shop",
		"resourceId": null, "resourceDisplayName": null, "resourceTenantId": "` + tenantID + `", "homeTenantId": "` + tenantID + `",
		"ipAddress": "198.51.100.4", "clientAppUsed": "Browser", "userAgent": "Lynx", "correlationId": "request-1", "isInteractive": true,
		"status": {"errorCode": 0, "failureReason": null, "additionalDetails": null},
		"deviceDetail": {"deviceId": "", "displayName": "", "operatingSystem": "", "browser": "", "isCompliant": null, "isManaged": null, "trustType": ""},
		"location": {"city": null, "state": null, "countryOrRegion": null, "geoCoordinates": null},
		"conditionalAccessStatus": "notApplied", "appliedConditionalAccessPolicies": [], "authenticationAppDeviceDetails": null,
		"riskDetail": "none", "riskLevelAggregated": "none", "riskLevelDuringSignIn": "none", "riskState": "none", "riskEventTypes_v2": []`
	signInBeta = `, "authenticationDetails": [{
			"authenticationStepDateTime": "2026-11-24T09:00:01.0000001Z", "authenticationMethod": "Temporary Access Pass", "authenticationMethodDetail": null,
			"succeeded": true, "authenticationStepResultDetail": null, "authenticationStepRequirement": "Primary authentication"}],
		"authenticationMethodsUsed": ["Temporary Access Pass"], "authenticationRequirement": "singleFactorAuthentication",
		"signInIdentifier": "anna@contoso.example", "signInEventTypes": ["interactiveUser"], "userType": "member", "crossTenantAccessType": "none",
		"sessionId": "session-1", "mfaDetail": null`
)

func TestSignIn(t *testing.T) {
	a := newArchive(t)
	a.put(tenantID, &idp.Client{ClientID: "shop", Name: "The Shop", AuthMethod: idp.AuthNone, CreatedAt: epoch})
	e := a.signIn(time.Second+123, func(e *idp.AuditEvent) {
		e.ClientID, e.SessionID, e.Address, e.UserAgent, e.RequestID = "shop", "session-1", "198.51.100.4", "Lynx", "request-1"
	})
	path := "/auditLogs/signIns/" + e.EventID
	v1 := fmt.Sprintf(signInV1, e.EventID, a.anna.UserID)
	a.read("/v1.0"+path).is(200, `{"@odata.context": "`+base+`/v1.0/$metadata#auditLogs/signIns/$entity", `+v1+`}`)
	a.read("/beta"+path).is(200, `{"@odata.context": "`+base+`/beta/$metadata#auditLogs/signIns/$entity", `+v1+signInBeta+`}`)
	a.read("/v1.0/auditLogs/signIns").is(200, `{"@odata.context": "`+base+`/v1.0/$metadata#auditLogs/signIns", "value": [{`+v1+`}]}`)
	a.read("/v1.0/auditLogs/signIns?$select=userAgent").is(200, `{"@odata.context": "`+base+`/v1.0/$metadata#auditLogs/signIns(userAgent)", "value": [{"userAgent": "Lynx"}]}`)
}

// TestSignInNames: what is shown of failures, strangers, our own pages and who is gone.
func TestSignInNames(t *testing.T) {
	a := newArchive(t)
	failed := a.signIn(1, func(e *idp.AuditEvent) {
		e.Actor, e.Target = idp.Party{Type: idp.ActorUser, Name: "who@contoso.example"}, idp.Party{}
		e.Result, e.Error, e.Reason = "failure", idp.PassNotFound, idp.PassNotFound.Text()
		e.Details = map[string]string{"reason": "there is no such user"}
	})
	guest := a.person("guest")
	guest.Type = idp.ExternalGuest
	a.put(tenantID, guest)
	gone := a.signIn(2, func(e *idp.AuditEvent) {
		e.Actor, e.ClientID, e.Method = idp.Party{Type: idp.ActorUser, ID: elsewhereID, Name: "gone@contoso.example"}, "gone", ""
	})
	visit := a.signIn(3, func(e *idp.AuditEvent) { e.Actor = idp.PartyOf(guest) })
	const some = "?$select=userId,userDisplayName,userPrincipalName,userType,appId,appDisplayName,homeTenantId,ipAddress,correlationId,sessionId,status,authenticationDetails,authenticationMethodsUsed"
	for id, want := range map[string]string{
		failed.EventID: `"userId": null, "userDisplayName": null, "userPrincipalName": "who@contoso.example", "userType": null, "appId": null, "appDisplayName": "Latchkey",
			"homeTenantId": "` + tenantID + `", "ipAddress": null, "correlationId": null, "sessionId": null,
			"status": {"errorCode": 130507, "failureReason": "An access pass could not be found or verified for the user.", "additionalDetails": "there is no such user"},
			"authenticationDetails": [{"authenticationStepDateTime": "2026-11-24T09:00:00Z", "authenticationMethod": "Temporary Access Pass", "authenticationMethodDetail": null,
				"succeeded": false, "authenticationStepResultDetail": "An access pass could not be found or verified for the user.", "authenticationStepRequirement": "Primary authentication"}],
			"authenticationMethodsUsed": ["Temporary Access Pass"]`,
		gone.EventID: `"userId": "` + elsewhereID + `", "userDisplayName": null, "userPrincipalName": "gone@contoso.example", "userType": null, "appId": "gone", "appDisplayName": null,
			"homeTenantId": "` + tenantID + `", "ipAddress": null, "correlationId": null, "sessionId": null,
			"status": {"errorCode": 0, "failureReason": null, "additionalDetails": null}, "authenticationDetails": [], "authenticationMethodsUsed": []`,
		visit.EventID: `"userId": "` + guest.UserID + `", "userDisplayName": "The guest", "userPrincipalName": "guest@contoso.example", "userType": "guest", "appId": null, "appDisplayName": "Latchkey",
			"homeTenantId": null, "ipAddress": null, "correlationId": null, "sessionId": null, "status": {"errorCode": 0, "failureReason": null, "additionalDetails": null},
			"authenticationDetails": [{"authenticationStepDateTime": "2026-11-24T09:00:00Z", "authenticationMethod": "Temporary Access Pass", "authenticationMethodDetail": null,
				"succeeded": true, "authenticationStepResultDetail": null, "authenticationStepRequirement": "Primary authentication"}],
			"authenticationMethodsUsed": ["Temporary Access Pass"]`,
	} {
		r := a.read("/beta/auditLogs/signIns/" + id + some)
		r.is(200, `{"@odata.context": "`+base+`/beta/$metadata#auditLogs/signIns(`+some[len("?$select="):]+`)/$entity", `+want+`}`)
	}
}

func TestSignInFilters(t *testing.T) {
	a := newArchive(t)
	ids := map[string]int{}
	for i, edit := range []func(*idp.AuditEvent){
		func(e *idp.AuditEvent) { e.Address, e.ClientID = "192.0.2.1", "shop" },
		func(e *idp.AuditEvent) { e.Error, e.Result, e.RequestID = idp.PassWrong, "failure", "r1" },
		func(e *idp.AuditEvent) {
			e.Error, e.Result, e.SessionID = idp.PassExpired, "failure", "s2"
			e.Actor = idp.Party{Type: idp.ActorUser, Name: "Bob@contoso.example"}
			e.Target = idp.Party{}
		},
	} {
		ids[a.signIn(time.Duration(i)*time.Hour, edit).EventID] = i
	}
	a.append(tenantID, idp.NewEvent(idp.Directory, epoch))
	for filter, want := range map[string][]int{
		"userId eq '" + a.anna.UserID + "'": {1, 0}, "userId eq " + a.anna.UserID: {1, 0}, "userId eq 'x'": {}, "userId eq '" + elsewhereID + "'": {}, "userId eq null": {2},
		"userId eq '" + a.anna.UserID + "' or appId eq null": {2, 1, 0},
		"userPrincipalName eq 'ANNA@contoso.example'":        {1, 0}, "startswith(userPrincipalName,'bob')": {2}, "startsWith(userDisplayName,'the')": {1, 0},
		"appId eq 'shop'": {0}, "appDisplayName eq 'latchkey'": {2, 1}, "status/errorCode eq 0": {0}, "status/errorCode ne 0": {2, 1}, "status/errorCode eq 130503": {1},
		"ipAddress eq '192.0.2.1'": {0}, "correlationId eq 'r1'": {1}, "sessionId eq 's2'": {2}, "createdDateTime ge 2026-11-24T10:00:00Z": {2, 1},
		"createdDateTime ge 2026-11-24T10:00:00Z and createdDateTime le 2026-11-24T10:30:00Z": {1}, "conditionalAccessStatus eq 'notApplied'": {2, 1, 0},
		"authenticationMethodsUsed/any(m:m eq 'Temporary Access Pass')": {2, 1, 0}, "authenticationDetails/any(d:d/succeeded eq false)": {2, 1}, "isInteractive eq false": {},
	} {
		got := []int{}
		for _, id := range a.read("/beta/auditLogs/signIns?$filter=" + filter).ids() {
			got = append(got, ids[id])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", filter, got, want)
		}
	}
}

// TestSignInTime: a date that was read finds its event, though it is stored more exactly.
func TestSignInTime(t *testing.T) {
	a := newArchive(t)
	id := a.signIn(1234567899, nil).EventID
	at := a.read("/v1.0/auditLogs/signIns/" + id).json()["createdDateTime"].(string)
	for _, filter := range []string{"createdDateTime eq " + at, "createdDateTime le " + at, "createdDateTime ge " + at} {
		if got := a.read("/v1.0/auditLogs/signIns?$filter=" + filter).ids(); !slices.Equal(got, []string{id}) {
			t.Errorf("%s: %v", filter, got)
		}
	}
}
