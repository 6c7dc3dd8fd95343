package graph

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const (
	policyPath = "/policies/authenticationMethodsPolicy"
	configPath = policyPath + "/authenticationMethodConfigurations"
	passConfig = configPath + "/temporaryAccessPass"
	passType   = `"@odata.type":"#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration"`
	keyConfig  = configPath + "/fido2"
	keyType    = `"@odata.type":"#microsoft.graph.fido2AuthenticationMethodConfiguration"`
	keyProfile = "00000000-0000-0000-0000-000000000001"
)

var allUsers = object{"targetType": "group", "id": "all_users", "isRegistrationRequired": false}

// passConfigurationObject is what a tenant has that turned passes on.
func passConfigurationObject(at string) object {
	o := object{
		"@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration", "id": "TemporaryAccessPass", "state": "enabled",
		"defaultLifetimeInMinutes": 60, "defaultLength": 8, "minimumLifetimeInMinutes": 60, "maximumLifetimeInMinutes": 480, "isUsableOnce": false,
		"includeTargets": []object{allUsers}, "excludeTargets": []object{},
	}
	if at == "/beta" {
		o["isApprovalRequiredForPrivilegedUsers"] = false
	}
	return o
}

func configurationsOfAll(at string) []object {
	return []object{
		emailConfigurationObject(at),
		keyConfigurationObject(),
		deviceConfigurationObject(at),
		passConfigurationObject(at),
	}
}

// deviceConfigurationObject is what every tenant has.
func deviceConfigurationObject(at string) object {
	features := object{"displayAppInformationRequiredState": feature("default"), "displayLocationInformationRequiredState": feature("default")}
	if at == "/beta" {
		features["numberMatchingRequiredState"], features["companionAppAllowedState"] = feature("default"), feature("default")
	}
	device := maps.Clone(allUsers)
	device["authenticationMode"] = "any"
	return object{
		"@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethodConfiguration", "id": "MicrosoftAuthenticator", "state": "disabled",
		"isSoftwareOathEnabled": false, "featureSettings": features, "includeTargets": []object{device}, "excludeTargets": []object{},
	}
}

// feature is one in a state for everybody.
func feature(state string) object {
	return object{
		"state": state, "includeTarget": object{"targetType": "group", "id": "all_users"},
		"excludeTarget": object{"targetType": "group", "id": nobodyID},
	}
}

// keyConfigurationObject is what every tenant has.
func keyConfigurationObject() object {
	restrictions := object{"isEnforced": false, "enforcementType": "block", "aaGuids": []object{}}
	everybody := maps.Clone(allUsers)
	everybody["allowedPasskeyProfiles"] = []any{keyProfile}
	return object{
		"@odata.type": "#microsoft.graph.fido2AuthenticationMethodConfiguration", "id": "Fido2", "state": "enabled",
		"isSelfServiceRegistrationAllowed": true, "isAttestationEnforced": false, "keyRestrictions": restrictions,
		"defaultPasskeyProfile": keyProfile, "passkeyProfiles": []object{{
			"id": keyProfile, "name": "Default passkey profile", "passkeyTypes": "deviceBound,synced", "attestationEnforcement": "disabled", "keyRestrictions": restrictions,
		}},
		"includeTargets": []object{everybody}, "excludeTargets": []object{},
	}
}

func TestMethodsPolicy(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		want := object{
			"@odata.context": base + at + "/$metadata#authenticationMethodsPolicy", "id": "authenticationMethodsPolicy",
			"displayName": "Authentication Methods Policy", "lastModifiedDateTime": "2026-11-24T09:00:00Z", "policyVersion": "1.5",
			"description":          "The tenant-wide policy that controls which authentication methods are allowed in the tenant.",
			"reconfirmationInDays": 0, "policyMigrationState": "migrationComplete",
			"registrationEnforcement": object{"authenticationMethodsRegistrationCampaign": object{
				"state": "disabled", "snoozeDurationInDays": 1, "enforceRegistrationAfterAllowedSnoozes": false, "excludeTargets": []object{},
				"includeTargets": []object{{"targetType": "group", "id": "all_users", "targetedAuthenticationMethod": "fido2"}},
			}},
			"authenticationMethodConfigurations@odata.context": base + at + "/$metadata#policies/authenticationMethodsPolicy/authenticationMethodConfigurations",
			"authenticationMethodConfigurations":               configurationsOfAll(at),
		}
		if at == "/beta" {
			want["reportSuspiciousActivitySettings"] = object{
				"state": "disabled", "includeTarget": object{"targetType": "group", "id": "all_users"}, "voiceReportingCode": 0,
			}
			want["systemCredentialPreferences"] = object{
				"state": "enabled", "includeTargets": []object{{"targetType": "group", "id": "all_users"}}, "excludeTargets": []object{},
			}
		}
		for _, path := range []string{policyPath, "/authenticationMethodsPolicy", "/POLICIES/authenticationmethodspolicy"} {
			for _, who := range []string{"viewer", "reader", "policy"} {
				d.as(who, "GET", at+path, "").same(200, want)
			}
		}
		// A body in which nothing is to be changed is answered with the policy.
		d.as("policy", "PATCH", at+policyPath, `{"@odata.context":"https://graph.microsoft.com/x","@odata.type":"#microsoft.graph.authenticationMethodsPolicy"}`).same(200, want)
		for name, v := range want {
			if strings.Contains(name, "@") {
				continue
			}
			body, _ := json.Marshal(object{name: v})
			if name == "registrationEnforcement" { // all as it is
				d.as("policy", "PATCH", at+policyPath, string(body)).same(200, want)
				continue
			}
			d.nothing("policy", "PATCH", at+policyPath, string(body), 400, "badRequest", "Property '"+name+"' is read-only and cannot be set.")
		}
		d.as("viewer", "GET", at+policyPath+"?$select=id", "").same(200, object{"@odata.context": base + at + "/$metadata#authenticationMethodsPolicy(id)", "id": "authenticationMethodsPolicy"})
		for _, who := range []string{"anna", "auth", "second", "bare", "taps"} {
			for _, path := range []string{policyPath, configPath, passConfig} {
				d.nothing(who, "GET", at+path, "", 403, "accessDenied", "Request Authorization failed")
			}
			d.nothing(who, "PATCH", at+policyPath, `{"id":"x"}`, 403, "accessDenied", "Request Authorization failed")
		}
	})
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		all := configurationsOfAll(at)
		context := base + at + "/$metadata#authenticationMethodConfigurations"
		for _, path := range []string{configPath, "/authenticationMethodsPolicy/authenticationMethodConfigurations", "/authenticationMethodConfigurations"} {
			d.as("viewer", "GET", at+path, "").same(200, object{"@odata.context": context, "value": all})
			if a := d.as("viewer", "GET", at+path+"/$count", ""); a.Body.String() != "4" {
				t.Errorf("%d %s", a.Code, a.Body)
			}
			for _, want := range all {
				want = maps.Clone(want)
				want["@odata.context"] = context + "/$entity"
				id := want["id"].(string)
				for _, name := range []string{"/" + id, "/" + strings.ToUpper(id), "/" + strings.ToLower(id[:1]) + id[1:], "('" + id + "')"} {
					d.as("reader", "GET", at+path+name, "").same(200, want)
				}
			}
			for _, method := range []string{"GET", "PATCH", "DELETE"} {
				body := ""
				if method == "PATCH" {
					body = `{` + passType + `}`
				}
				d.nothing("policy", method, at+path+"/Sms", body, 404, "resourceNotFound", "There is no authentication method 'Sms'.")
			}
		}
		a := d.as("viewer", "GET", at+configPath+"?$filter=state%20eq%20'enabled'&$select=id,state", "")
		if ids := a.ids(); !slices.Equal(ids, []string{"Email", "Fido2", "TemporaryAccessPass"}) {
			t.Errorf("%v", ids)
		}
	})
}

func TestChangePassPolicy(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		want := passConfigurationObject(at)
		want["@odata.context"] = base + at + "/$metadata#authenticationMethodConfigurations/$entity"
		check := func(path, body string, changed object) {
			t.Helper()
			if a := d.as("policy", "PATCH", at+path, `{`+passType+body+`}`); a.Code != 204 || a.Body.Len() != 0 {
				t.Fatalf("%s: %d %s", body, a.Code, a.Body)
			}
			maps.Copy(want, changed)
			if at == "/v1.0" {
				delete(want, "isApprovalRequiredForPrivilegedUsers")
			}
			d.as("policy", "GET", at+passConfig, "").same(200, want)
		}
		check(passConfig, ``, nil)
		check(passConfig, `,"id":"TemporaryAccessPass","state":"disabled"`, object{"state": "disabled"})
		check("/authenticationMethodsPolicy/authenticationMethodConfigurations/TEMPORARYACCESSPASS", `,"State":"Enabled"`, object{"state": "enabled"})
		check("/authenticationMethodConfigurations/TemporaryAccessPass", `,"isUsableOnce":true`, object{"isUsableOnce": true})
		check(passConfig, `,"minimumLifetimeInMinutes":10,"DefaultLifetimeInMinutes":30`, object{"minimumLifetimeInMinutes": 10, "defaultLifetimeInMinutes": 30})
		check(passConfig, `,"maximumLifetimeInMinutes":43200`, object{"maximumLifetimeInMinutes": 43200})
		check(passConfig, `,"defaultLength":48`, object{"defaultLength": 48})
		anna := d.users["anna"].UserID
		g, err := d.admin.CreateGroup(context.Background(), admin.Operator("test"), tenantID, idp.Group{Name: "Staff"})
		d.must(err)
		check(passConfig, `,"includeTargets":[{"targetType":"Group","id":"`+strings.ToUpper(g.GroupID)+`","isRegistrationRequired":false}]`,
			object{"includeTargets": []object{{"targetType": "group", "id": g.GroupID, "isRegistrationRequired": false}}})
		check(passConfig, `,"excludeTargets":[{"@odata.type":"#x","id":"`+anna+`","targetType":"user"}]`,
			object{"excludeTargets": []object{{"targetType": "user", "id": anna}}})
		check(passConfig, `,"isApprovalRequiredForPrivilegedUsers":true`, object{"isApprovalRequiredForPrivilegedUsers": true})
		if p, err := d.admin.PassPolicy(context.Background(), admin.Operator("test"), tenantID); err != nil || !p.Approval {
			t.Errorf("%+v %v", p, err)
		}
		if a := d.as("policy", "DELETE", at+passConfig, ""); a.Code != 204 || a.Body.Len() != 0 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		want = passConfigurationObject(at)
		want["@odata.context"], want["state"] = base+at+"/$metadata#authenticationMethodConfigurations/$entity", "disabled"
		if at == "/beta" {
			want["isApprovalRequiredForPrivilegedUsers"] = true
		}
		d.as("policy", "GET", at+passConfig, "").same(200, want)
		if p, err := d.admin.PassPolicy(context.Background(), admin.Operator("test"), tenantID); err != nil || !p.Approval { // which stays
			t.Errorf("%+v %v", p, err)
		}
	})
}

func TestChangePassPolicyErrors(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for body, message := range map[string]string{
		`{"state":"enabled"}`: "A value is required for property '@odata.type': '#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration'.",
		`{"@odata.type":"#microsoft.graph.fido2AuthenticationMethodConfiguration"}`: "The @odata.type must be '#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration'.",
		`{"@odata.type":7}`:               "The @odata.type must be '#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration'.",
		`"id":"Fido2"`:                    "Property 'id' is read-only and cannot be set.",
		`"id":null`:                       "Property 'id' is read-only and cannot be set.",
		`"state":"on"`:                    "Invalid value specified for property 'state': expected one of enabled, disabled.",
		`"state":null`:                    "Property 'state' cannot be null.",
		`"defaultLifetimeInMinutes":null`: "Property 'defaultLifetimeInMinutes' cannot be null.",
		`"isUsableOnce":1`:                "Invalid value specified for property 'isUsableOnce': expected Boolean.",
		`"isApprovalRequiredForPrivilegedUsers":"yes"`:                                             "Invalid value specified for property 'isApprovalRequiredForPrivilegedUsers': expected Boolean.",
		`"defaultLength":7`:                                                                        "Invalid length 7 specified. The valid range between 8 and 48.",
		`"defaultLength":49`:                                                                       "Invalid length 49 specified. The valid range between 8 and 48.",
		`"minimumLifetimeInMinutes":9`:                                                             "Invalid minimum lifetime 9 specified. The valid range between 10 and 43200.",
		`"maximumLifetimeInMinutes":43201`:                                                         "Invalid maximum lifetime 43201 specified. The valid range between 10 and 43200.",
		`"defaultLifetimeInMinutes":500`:                                                           "Invalid default lifetime 500 specified. The valid range between 60 and 480.",
		`"minimumLifetimeInMinutes":481`:                                                           "The minimum lifetime 481 is above the maximum lifetime 480.",
		`"includeTargets":"all_users"`:                                                             "Invalid value specified for property 'includeTargets': expected Collection(Object).",
		`"includeTargets":[{"targetType":"role","id":"all_users"}]`:                                "Invalid value specified for property 'includeTargets/targetType': expected one of user, group.",
		`"includeTargets":[{"id":"all_users"}]`:                                                    `The target type "" is neither user nor group.`,
		`"includeTargets":[{"targetType":"group","id":"Staff"}]`:                                   `The target "staff" is neither a GUID nor all_users.`,
		`"includeTargets":[{"targetType":"user","id":"all_users"}]`:                                `The target "all_users" is neither a GUID nor all_users.`,
		`"excludeTargets":[{"targetType":"group","id":"all_users"}]`:                               "Everybody cannot be excluded: the policy would be for nobody. Disable it instead.",
		`"includeTargets":[{"targetType":"group","id":"all_users","isRegistrationRequired":true}]`: "Property 'isRegistrationRequired' can only be false.",
		`"state":"disabled","isUsableOnce":true,"defaultLength":1`:                                 "Invalid length 1 specified. The valid range between 8 and 48.",
	} {
		if !strings.HasPrefix(body, "{") {
			body = "{" + passType + "," + body + "}"
		}
		d.nothing("policy", "PATCH", "/v1.0"+passConfig, body, 400, "badRequest", message)
		d.nothing("reader", "PATCH", "/v1.0"+passConfig, "{"+passType+"}", 403, "accessDenied", "Request Authorization failed")
	}
	d.nothing("reader", "DELETE", "/v1.0"+passConfig, "", 403, "accessDenied", "Request Authorization failed")
	d.nothing("policy", "PATCH", "/v1.0"+passConfig, "{"+passType+`,"includeTargets":[{"targetType":"group","id":"`+noID+`"}]}`, 404, "Request_ResourceNotFound",
		"Resource '"+noID+"' does not exist or one of its queried reference-property objects are not present.")
	want := passConfigurationObject("/v1.0")
	want["@odata.context"] = base + "/v1.0/$metadata#authenticationMethodConfigurations/$entity"
	d.as("policy", "GET", "/v1.0"+passConfig, "").same(200, want)
}
