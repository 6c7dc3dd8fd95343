package graph

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const (
	deviceConfig = configPath + "/microsoftAuthenticator"
	deviceType   = `"@odata.type":"#microsoft.graph.microsoftAuthenticatorAuthenticationMethodConfiguration"`
)

func (d *desk) devicePolicy() idp.AuthenticatorPolicy {
	d.t.Helper()
	p, err := d.admin.MethodsPolicy(context.Background(), admin.Operator("test"), tenantID)
	d.must(err)
	return p.Authenticator
}

// TestChangeAuthenticatorPolicy: what is changed is read back, and what is not mentioned stays.
func TestChangeAuthenticatorPolicy(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		want := deviceConfigurationObject(at)
		want["@odata.context"] = base + at + "/$metadata#authenticationMethodConfigurations/$entity"
		features := want["featureSettings"].(object)
		check := func(path, body string, changed object) {
			t.Helper()
			if a := d.as("policy", "PATCH", at+path, `{`+deviceType+body+`}`); a.Code != 204 || a.Body.Len() != 0 {
				t.Fatalf("%s: %d %s", body, a.Code, a.Body)
			}
			maps.Copy(want, changed)
			d.as("policy", "GET", at+deviceConfig, "").same(200, want)
		}
		g, err := d.admin.CreateGroup(context.Background(), admin.Operator("test"), tenantID, idp.Group{Name: "Phones"})
		d.must(err)
		group := func(more string) string {
			return `{"targetType":"group","id":"` + strings.ToUpper(g.GroupID) + `"` + more + `}`
		}
		check(deviceConfig, ``, nil)
		check("/authenticationMethodConfigurations/MICROSOFTAUTHENTICATOR", `,"id":"microsoftAuthenticator","State":"Enabled","isSoftwareOathEnabled":false`, object{"state": "enabled"})
		for mode, given := range map[string]string{
			"push": `,"authenticationMode":"Push"`, "deviceBasedPush": `,"authenticationMode":"deviceBasedPush"`,
			// Members of older versions, which scripts send along, change nothing.
			"any": `,"isRegistrationRequired":false,"numberMatchingRequiredState":"disabled","displayAppInformationRequiredState":"disabled","outlookMobileAllowedState":"enabled"`,
		} {
			check(deviceConfig, `,"includeTargets":[`+group(given)+`]`, object{"includeTargets": []object{
				{"targetType": "group", "id": g.GroupID, "isRegistrationRequired": false, "authenticationMode": mode},
			}})
		}
		if p := d.devicePolicy(); !p.Enabled || p.ShowApp.State != idp.FeatureDefault || p.Matching != "" {
			t.Errorf("%+v", p)
		}
		check(deviceConfig, `,"excludeTargets":[{"targetType":"user","id":"`+d.users["anna"].UserID+`"}]`, object{"excludeTargets": []object{{"targetType": "user", "id": d.users["anna"].UserID}}})

		app := feature("enabled")
		features["displayAppInformationRequiredState"] = app
		check(deviceConfig, `,"featureSettings":{"displayAppInformationRequiredState":{"state":"Enabled"}}`, nil)
		app["includeTarget"] = object{"targetType": "group", "id": g.GroupID}
		check(deviceConfig, `,"featureSettings":{"displayAppInformationRequiredState":{"includeTarget":`+group("")+`}}`, nil)
		place := feature("disabled")
		place["excludeTarget"] = object{"targetType": "group", "id": g.GroupID}
		features["displayLocationInformationRequiredState"] = place
		check(deviceConfig, `,"featureSettings":{"displayLocationInformationRequiredState":{"state":"disabled","excludeTarget":`+group("")+`}}`, nil)
		place["excludeTarget"] = object{"targetType": "group", "id": nobodyID}
		check(deviceConfig, `,"featureSettings":{"displayLocationInformationRequiredState":{"excludeTarget":{"targetType":"group","id":"`+nobodyID+`"}}}`, nil)

		if at == "/beta" {
			features["numberMatchingRequiredState"] = feature("disabled")
		}
		check(deviceConfig, `,"featureSettings":{"numberMatchingRequiredState":{"state":"disabled"},"companionAppAllowedState":{"state":"disabled"}}`, nil)
		if p := d.devicePolicy(); p.Matching != idp.FeatureOff || p.ShowApp.Include.ID != g.GroupID || p.ShowPlace.State != idp.FeatureOff || p.Digits != 2 {
			t.Errorf("%+v", p)
		}

		// All that was read, sent back.
		read := d.as("policy", "GET", at+deviceConfig, "").json()
		delete(read, "@odata.context")
		delete(read, "@odata.type")
		raw, err := json.Marshal(read)
		d.must(err)
		check(deviceConfig, ","+string(raw[1:len(raw)-1]), nil)

		if a := d.as("policy", "DELETE", at+deviceConfig, ""); a.Code != 204 || a.Body.Len() != 0 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		context := want["@odata.context"]
		want = deviceConfigurationObject(at)
		want["@odata.context"] = context
		d.as("policy", "GET", at+deviceConfig, "").same(200, want)
	})
}

func TestChangeAuthenticatorPolicyErrors(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	features := func(s string) string { return `"featureSettings":` + s }
	shown := func(s string) string { return features(`{"displayAppInformationRequiredState":` + s + `}`) }
	for body, message := range map[string]string{
		`{"state":"enabled"}`: "A value is required for property '@odata.type': '#microsoft.graph.microsoftAuthenticatorAuthenticationMethodConfiguration'.",
		`{` + passType + `}`:  "The @odata.type must be '#microsoft.graph.microsoftAuthenticatorAuthenticationMethodConfiguration'.",
		`"id":"Email"`:        "Property 'id' is read-only and cannot be set.",
		`"state":null`:        "Property 'state' cannot be null.",
		`"isSoftwareOathEnabled":true,"state":"enabled"`: "Property 'isSoftwareOathEnabled' can only be false: one-time codes of an app are not accepted here.",
		`"isSoftwareOathEnabled":"no"`:                   "Invalid value specified for property 'isSoftwareOathEnabled': expected Boolean.",
		features(`null`):                                 "Property 'featureSettings' cannot be null.",
		features(`7`):                                    "Invalid value specified for property 'featureSettings': expected Object.",
		shown(`null`):                                    "Property 'featureSettings/displayAppInformationRequiredState' cannot be null.",
		shown(`"enabled"`):                               "Invalid value specified for property 'featureSettings/displayAppInformationRequiredState': expected Object.",
		shown(`{"state":null}`):                          "Property 'featureSettings/displayAppInformationRequiredState/state' cannot be null.",
		shown(`{"state":"on"}`):                          "Invalid value specified for property 'featureSettings/displayAppInformationRequiredState/state': expected one of default, enabled, disabled.",
		shown(`{"includeTarget":null}`):                  "Property 'featureSettings/displayAppInformationRequiredState/includeTarget' cannot be null.",
		shown(`{"includeTarget":{}}`):                    "The targetType '' of 'featureSettings/displayAppInformationRequiredState/includeTarget' is not available in this version. Use 'group'.",
		shown(`{"includeTarget":{"targetType":"role","id":"x"}}`):                                  "The targetType 'role' of 'featureSettings/displayAppInformationRequiredState/includeTarget' is not available in this version. Use 'group'.",
		shown(`{"includeTarget":{"targetType":"group","id":"` + nobodyID + `"}}`):                  "The target of 'featureSettings/displayAppInformationRequiredState/includeTarget' is nobody. Use the state 'disabled' instead.",
		shown(`{"includeTarget":{"targetType":"group","id":"Staff"}}`):                             `The target "staff" is neither a GUID nor all_users.`,
		shown(`{"excludeTarget":{"targetType":"group","id":"all_users"}}`):                         "Everybody cannot be excluded: the policy would be for nobody. Disable it instead.",
		features(`{"numberMatchingRequiredState":{"state":"never"}}`):                              "Invalid value specified for property 'featureSettings/numberMatchingRequiredState/state': expected one of default, enabled, disabled.",
		`"includeTargets":[{"targetType":"group","id":"all_users","authenticationMode":"sms"}]`:    "Invalid value specified for property 'includeTargets/authenticationMode': expected one of any, push, deviceBasedPush.",
		`"includeTargets":[{"targetType":"group","id":"all_users","isRegistrationRequired":true}]`: "Property 'isRegistrationRequired' can only be false.",
		`"includeTargets":null`: "Property 'includeTargets' cannot be null.",
		`"excludeTargets":[{"targetType":"group","id":"all_users"}]`: "Everybody cannot be excluded: the policy would be for nobody. Disable it instead.",
	} {
		if !strings.HasPrefix(body, "{") {
			body = "{" + deviceType + "," + body + "}"
		}
		d.nothing("policy", "PATCH", "/v1.0"+deviceConfig, body, 400, "badRequest", message)
	}
	for _, who := range []string{"reader", "anna", "viewer", "bare"} {
		d.nothing(who, "PATCH", "/v1.0"+deviceConfig, "{"+deviceType+`,"state":"enabled"}`, 403, "accessDenied", "Request Authorization failed")
		d.nothing(who, "DELETE", "/v1.0"+deviceConfig, "", 403, "accessDenied", "Request Authorization failed")
	}
	for _, body := range []string{`"includeTargets":[{"targetType":"group","id":"` + noID + `"}]`, shown(`{"excludeTarget":{"targetType":"group","id":"` + noID + `"}}`)} {
		d.nothing("policy", "PATCH", "/v1.0"+deviceConfig, "{"+deviceType+","+body+"}", 404, "Request_ResourceNotFound", noResource(noID))
	}
	want := deviceConfigurationObject("/v1.0")
	want["@odata.context"] = base + "/v1.0/$metadata#authenticationMethodConfigurations/$entity"
	d.as("policy", "GET", "/v1.0"+deviceConfig, "").same(200, want)
}
