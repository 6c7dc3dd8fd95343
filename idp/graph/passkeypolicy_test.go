package graph

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"latchkey/idp/admin"
)

const (
	aaguidA = "0a0a0a0a-0a0a-4a0a-8a0a-0a0a0a0a0a0a"
	aaguidB = "0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b"
)

// profile is the one in a configuration.
func profile(o object) object { return o["passkeyProfiles"].([]object)[0] }

func TestChangePasskeyPolicy(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		want := keyConfigurationObject()
		want["@odata.context"] = base + at + "/$metadata#authenticationMethodConfigurations/$entity"
		check := func(path, body string) {
			t.Helper()
			if a := d.as("policy", "PATCH", at+path, `{`+keyType+body+`}`); a.Code != 204 || a.Body.Len() != 0 {
				t.Fatalf("%s: %d %s", body, a.Code, a.Body)
			}
			d.as("policy", "GET", at+keyConfig, "").same(200, want)
		}
		check(keyConfig, ``)
		want["state"] = "disabled"
		check("/authenticationMethodConfigurations/FIDO2", `,"id":"fido2","State":"Disabled"`)
		want["isSelfServiceRegistrationAllowed"] = false
		check("/authenticationMethodsPolicy/authenticationMethodConfigurations/Fido2", `,"isSelfServiceRegistrationAllowed":false`)
		want["isAttestationEnforced"], profile(want)["attestationEnforcement"] = true, "registrationOnly"
		check(keyConfig, `,"isAttestationEnforced":true`)
		want["isAttestationEnforced"], profile(want)["attestationEnforcement"] = false, "disabled"
		check(keyConfig, `,"passkeyProfiles":[{"attestationEnforcement":"Disabled"}]`)
		profile(want)["passkeyTypes"] = "deviceBound"
		check(keyConfig, `,"passkeyProfiles":[{"id":"`+keyProfile+`","name":"Default passkey profile","passkeyTypes":"DeviceBound"}]`)
		profile(want)["passkeyTypes"] = "deviceBound,synced"
		check(keyConfig, `,"passkeyProfiles":[{"passkeyTypes":"synced, deviceBound"}]`)
		restrict := func(r object) { want["keyRestrictions"], profile(want)["keyRestrictions"] = r, r }
		restrict(object{"isEnforced": false, "enforcementType": "block", "aaGuids": []any{aaguidA, aaguidB}})
		check(keyConfig, `,"keyRestrictions":{"aaGuids":["`+strings.ToUpper(aaguidA)+`","`+aaguidB+`"]}`)
		restrict(object{"isEnforced": true, "enforcementType": "block", "aaGuids": []any{aaguidA, aaguidB}})
		check(keyConfig, `,"keyRestrictions":{"isEnforced":true}`)
		restrict(object{"isEnforced": true, "enforcementType": "allow", "aaGuids": []any{aaguidA}})
		check(keyConfig, `,"passkeyProfiles":[{"keyRestrictions":{"enforcementType":"Allow","aaGuids":["`+aaguidA+`"]}}]`)
		check(keyConfig, `,"defaultPasskeyProfile":"`+keyProfile+`"`)
		anna := d.users["anna"].UserID
		want["includeTargets"] = []object{{"targetType": "user", "id": anna, "isRegistrationRequired": false, "allowedPasskeyProfiles": []any{keyProfile}}}
		want["excludeTargets"] = []object{{"targetType": "user", "id": d.users["global"].UserID}}
		check(keyConfig, `,"includeTargets":[{"targetType":"User","id":"`+strings.ToUpper(anna)+`","allowedPasskeyProfiles":["`+keyProfile+`"]}],"excludeTargets":[{"targetType":"user","id":"`+d.users["global"].UserID+`"}]`)

		// All that was read, with one of what is there twice altered.
		read := d.as("policy", "GET", at+keyConfig, "").json()
		delete(read, "@odata.context")
		delete(read, "@odata.type")
		read["isAttestationEnforced"] = true
		read["passkeyProfiles"].([]any)[0].(object)["keyRestrictions"].(object)["isEnforced"] = false
		raw, err := json.Marshal(read)
		d.must(err)
		want["isAttestationEnforced"], profile(want)["attestationEnforcement"] = true, "registrationOnly"
		restrict(object{"isEnforced": false, "enforcementType": "allow", "aaGuids": []any{aaguidA}})
		check(keyConfig, ","+string(raw[1:len(raw)-1]))

		if a := d.as("policy", "DELETE", at+keyConfig, ""); a.Code != 204 || a.Body.Len() != 0 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		context := want["@odata.context"]
		want = keyConfigurationObject()
		want["@odata.context"] = context
		d.as("policy", "GET", at+keyConfig, "").same(200, want)
	})
}

func TestChangePasskeyPolicyErrors(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const synced = "The passkeyTypes cannot be 'synced' alone: where synced passkeys are accepted, those that stay on one device are too. Use 'deviceBound,synced'."
	const flags = "Invalid value specified for property 'passkeyTypes': expected 'deviceBound,synced' or 'deviceBound'."
	const one, other = "There is exactly one passkey profile, '" + keyProfile + "'.", "There is no passkey profile '" + noID + "': the only one is '" + keyProfile + "'."
	for body, message := range map[string]string{
		`{"state":"enabled"}`:                        "A value is required for property '@odata.type': '#microsoft.graph.fido2AuthenticationMethodConfiguration'.",
		`{` + passType + `}`:                         "The @odata.type must be '#microsoft.graph.fido2AuthenticationMethodConfiguration'.",
		`"id":"Email"`:                               "Property 'id' is read-only and cannot be set.",
		`"state":null`:                               "Property 'state' cannot be null.",
		`"isAttestationEnforced":"yes"`:              "Invalid value specified for property 'isAttestationEnforced': expected Boolean.",
		`"keyRestrictions":null`:                     "Property 'keyRestrictions' cannot be null.",
		`"keyRestrictions":{"aaGuids":null}`:         "Property 'keyRestrictions/aaGuids' cannot be null.",
		`"keyRestrictions":{"aaGuids":["x"]}`:        "Invalid value specified for property 'keyRestrictions/aaGuids': expected Guid.",
		`"keyRestrictions":{"enforcementType":"no"}`: "Invalid value specified for property 'keyRestrictions/enforcementType': expected one of allow, block.",
		`"keyRestrictions":{"isEnforced":true,"enforcementType":"allow"}`:                                               "A list of allowed models that is empty would allow nobody a passkey. Disable the method instead.",
		`"keyRestrictions":{"aaGuids":["` + aaguidA + `"]},"passkeyProfiles":[{"keyRestrictions":{"isEnforced":true}}]`: "The restrictions in 'keyRestrictions' and in the profile are not the same. Change one of them.",
		`"passkeyProfiles":[]`:                                     "There is exactly one passkey profile, '" + keyProfile + "'.",
		`"passkeyProfiles":[{},{}]`:                                one,
		`"passkeyProfiles":[{"id":"` + noID + `"}]`:                other,
		`"passkeyProfiles":[{"id":null}]`:                          "Property 'passkeyProfiles/id' cannot be null.",
		`"passkeyProfiles":[{"name":"Mine"}]`:                      "The passkey profile cannot be renamed: it is 'Default passkey profile'.",
		`"passkeyProfiles":[{"passkeyTypes":"synced"}]`:            synced,
		`"passkeyProfiles":[{"passkeyTypes":"Synced,synced"}]`:     synced,
		`"passkeyProfiles":[{"passkeyTypes":""}]`:                  flags,
		`"passkeyProfiles":[{"passkeyTypes":"deviceBound,cloud"}]`: flags,
		`"passkeyProfiles":[{"attestationEnforcement":"always"}]`:  "Invalid value specified for property 'passkeyProfiles/attestationEnforcement': expected one of disabled, registrationOnly.",
		`"defaultPasskeyProfile":"` + noID + `"`:                   other,
		`"defaultPasskeyProfile":null`:                             "Property 'defaultPasskeyProfile' cannot be null.",
		`"includeTargets":[{"targetType":"group","id":"all_users","allowedPasskeyProfiles":["` + noID + `"]}]`: other,
		`"includeTargets":[{"targetType":"group","id":"all_users","isRegistrationRequired":true}]`:             "Property 'isRegistrationRequired' can only be false.",
		`"excludeTargets":[{"targetType":"group","id":"all_users"}]`:                                           "Everybody cannot be excluded: the policy would be for nobody. Disable it instead.",
	} {
		if !strings.HasPrefix(body, "{") {
			body = "{" + keyType + "," + body + "}"
		}
		d.nothing("policy", "PATCH", "/v1.0"+keyConfig, body, 400, "badRequest", message)
	}
	d.nothing("reader", "PATCH", "/v1.0"+keyConfig, "{"+keyType+"}", 403, "accessDenied", "Request Authorization failed")
	d.nothing("reader", "DELETE", "/v1.0"+keyConfig, "", 403, "accessDenied", "Request Authorization failed")
	want := keyConfigurationObject()
	want["@odata.context"] = base + "/v1.0/$metadata#authenticationMethodConfigurations/$entity"
	d.as("policy", "GET", "/v1.0"+keyConfig, "").same(200, want)
}

// TestCampaign: the registration campaign is changed in the policy itself.
func TestCampaign(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		want := object{
			"state": "disabled", "snoozeDurationInDays": 1, "enforceRegistrationAfterAllowedSnoozes": false, "excludeTargets": []object{},
			"includeTargets": []object{{"targetType": "group", "id": "all_users", "targetedAuthenticationMethod": "fido2"}},
		}
		patch := func(campaign string) string {
			return `{"registrationEnforcement":{"authenticationMethodsRegistrationCampaign":` + campaign + `}}`
		}
		check := func(campaign string, changed object) {
			t.Helper()
			maps.Copy(want, changed)
			for i, a := range []answered{d.as("policy", "PATCH", at+policyPath, patch(campaign)), d.as("reader", "GET", at+"/authenticationMethodsPolicy", "")} {
				if a.Code != 200 {
					t.Fatalf("%d: %d %s", i, a.Code, a.Body)
				}
				differ(t, "", dig(a.json(), "registrationEnforcement", "authenticationMethodsRegistrationCampaign"), asJSON(want))
			}
		}
		anna := d.users["anna"].UserID
		check(`{}`, nil)
		check(`{"state":"Enabled","snoozeDurationInDays":0}`, object{"state": "enabled", "snoozeDurationInDays": 0})
		check(`{"snoozeDurationInDays":14,"enforceRegistrationAfterAllowedSnoozes":false}`, object{"snoozeDurationInDays": 14})
		check(`{"includeTargets":[{"id":"`+anna+`","targetType":"user","targetedAuthenticationMethod":"FIDO2"}]}`,
			object{"includeTargets": []object{{"targetType": "user", "id": anna, "targetedAuthenticationMethod": "fido2"}}})
		check(`{"excludeTargets":[{"id":"`+anna+`","targetType":"user"}]}`, object{"excludeTargets": []object{{"targetType": "user", "id": anna}}})
		check(`{"state":"default"}`, object{"state": "disabled"})
		p, err := d.admin.MethodsPolicy(context.Background(), admin.Operator("test"), tenantID)
		if err != nil || p.Registration.Campaign.SnoozeDays != 14 || p.Registration.SelfServiceReset.Enabled || len(p.Registration.SelfServiceReset.Targets.Include) != 1 {
			t.Errorf("%+v %v", p, err)
		}
		const member = "authenticationMethodsRegistrationCampaign/"
		for campaign, message := range map[string]string{
			`{"state":null}`:                                  "Property '" + member + "state' cannot be null.",
			`{"state":"on"}`:                                  "Invalid value specified for property 'registrationEnforcement/" + member + "state': expected one of default, enabled, disabled.",
			`{"snoozeDurationInDays":-1}`:                     "Invalid snoozeDurationInDays -1 specified. The valid range between 0 and 14.",
			`{"snoozeDurationInDays":15}`:                     "Invalid snoozeDurationInDays 15 specified. The valid range between 0 and 14.",
			`{"snoozeDurationInDays":"1"}`:                    "Invalid value specified for property 'registrationEnforcement/" + member + "snoozeDurationInDays': expected Int32.",
			`{"enforceRegistrationAfterAllowedSnoozes":true}`: "Property 'enforceRegistrationAfterAllowedSnoozes' can only be false: people may put the campaign off as often as they like.",
			`{"includeTargets":[{"id":"all_users","targetType":"group","targetedAuthenticationMethod":"microsoftAuthenticator"}]}`: "The targetedAuthenticationMethod 'microsoftAuthenticator' is not available in this version. Use 'fido2'.",
			`{"includeTargets":[{"id":"all_users","targetType":"group"}]}`:                                                         "The targetedAuthenticationMethod '' is not available in this version. Use 'fido2'.",
			`{"excludeTargets":[{"id":"all_users","targetType":"group"}]}`:                                                         "Everybody cannot be excluded: the policy would be for nobody. Disable it instead.",
			`7`: "Invalid value specified for property 'registrationEnforcement/authenticationMethodsRegistrationCampaign': expected Object.",
		} {
			d.nothing("policy", "PATCH", at+policyPath, patch(campaign), 400, "badRequest", message)
		}
		d.nothing("policy", "PATCH", at+policyPath, `{"registrationEnforcement":null}`, 400, "badRequest", "Property 'registrationEnforcement' cannot be null.")
		d.nothing("policy", "PATCH", at+policyPath, patch(`{"includeTargets":[{"id":"`+noID+`","targetType":"group","targetedAuthenticationMethod":"fido2"}]}`), 404, "Request_ResourceNotFound",
			"Resource '"+noID+"' does not exist or one of its queried reference-property objects are not present.")
		for _, who := range []string{"reader", "viewer"} {
			d.nothing(who, "PATCH", at+policyPath, patch(`{"state":"enabled"}`), 403, "accessDenied", "Request Authorization failed")
		}
	})
}
