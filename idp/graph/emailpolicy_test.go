package graph

import (
	"context"
	"maps"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const (
	emailConfig = configPath + "/email"
	emailType   = `"@odata.type":"#microsoft.graph.emailAuthenticationMethodConfiguration"`
)

// emailConfigurationObject is what every tenant has.
func emailConfigurationObject(at string) object {
	o := object{
		"@odata.type": "#microsoft.graph.emailAuthenticationMethodConfiguration", "id": "Email", "state": "enabled",
		"allowExternalIdToUseEmailOtp": "default", "includeTargets": []object{allUsers}, "excludeTargets": []object{},
	}
	if at == "/beta" {
		o["codeLifetimeInMinutes"], o["isCodeInSubject"] = 30, false
	}
	return o
}

// TestChangeEmailPolicy: what is changed is read back, and holds for those who are invited.
func TestChangeEmailPolicy(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		want := emailConfigurationObject(at)
		want["@odata.context"] = base + at + "/$metadata#authenticationMethodConfigurations/$entity"
		check := func(path, body string, changed object) {
			t.Helper()
			if a := d.as("policy", "PATCH", at+path, `{`+emailType+body+`}`); a.Code != 204 || a.Body.Len() != 0 {
				t.Fatalf("%s: %d %s", body, a.Code, a.Body)
			}
			maps.Copy(want, changed)
			d.as("policy", "GET", at+emailConfig, "").same(200, want)
		}
		check(emailConfig, ``, nil)
		check("/authenticationMethodConfigurations/EMAIL", `,"id":"Email","state":"Disabled"`, object{"state": "disabled"})
		check("/authenticationMethodsPolicy/authenticationMethodConfigurations/Email", `,"State":"enabled"`, object{"state": "enabled"})
		for _, s := range []string{"enabled", "disabled", "default"} {
			check(emailConfig, `,"allowExternalIdToUseEmailOtp":"`+strings.ToUpper(s)+`"`, object{"allowExternalIdToUseEmailOtp": s})
		}
		g, err := d.admin.CreateGroup(context.Background(), admin.Operator("test"), tenantID, idp.Group{Name: "Partners"})
		d.must(err)
		check(emailConfig, `,"includeTargets":[{"targetType":"group","id":"`+strings.ToUpper(g.GroupID)+`"}],"excludeTargets":[{"targetType":"user","id":"`+d.users["anna"].UserID+`"}]`, object{
			"includeTargets": []object{{"targetType": "group", "id": g.GroupID, "isRegistrationRequired": false}},
			"excludeTargets": []object{{"targetType": "user", "id": d.users["anna"].UserID}},
		})
		ours := object{}
		if at == "/beta" {
			ours = object{"codeLifetimeInMinutes": 5, "isCodeInSubject": true}
		}
		check(emailConfig, `,"codeLifetimeInMinutes":5,"isCodeInSubject":true`, ours)
		if p := d.emailPolicy(); p.CodeLifetime != 5 || !p.CodeInSubject || p.Targets.Include[0].ID != g.GroupID {
			t.Errorf("%+v", p)
		}
		if a := d.as("policy", "DELETE", at+emailConfig, ""); a.Code != 204 || a.Body.Len() != 0 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		context := want["@odata.context"]
		want = emailConfigurationObject(at)
		want["@odata.context"] = context
		d.as("policy", "GET", at+emailConfig, "").same(200, want)
		if p := d.emailPolicy(); !p.Enabled || p.Guests != idp.SwitchDefault || p.CodeLifetime != idp.GreatestCodeLifetime {
			t.Errorf("%+v", p)
		}
	})
}

func (d *desk) emailPolicy() idp.EmailPolicy {
	d.t.Helper()
	p, err := d.admin.MethodsPolicy(context.Background(), admin.Operator("test"), tenantID)
	d.must(err)
	return p.Email
}

func TestChangeEmailPolicyErrors(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for body, message := range map[string]string{
		`{"state":"enabled"}`:                                        "A value is required for property '@odata.type': '#microsoft.graph.emailAuthenticationMethodConfiguration'.",
		`{` + passType + `}`:                                         "The @odata.type must be '#microsoft.graph.emailAuthenticationMethodConfiguration'.",
		`"id":"Fido2"`:                                               "Property 'id' is read-only and cannot be set.",
		`"state":null`:                                               "Property 'state' cannot be null.",
		`"state":"default"`:                                          "Invalid value specified for property 'state': expected one of enabled, disabled.",
		`"allowExternalIdToUseEmailOtp":null`:                        "Property 'allowExternalIdToUseEmailOtp' cannot be null.",
		`"allowExternalIdToUseEmailOtp":true`:                        "Invalid value specified for property 'allowExternalIdToUseEmailOtp': expected String.",
		`"allowExternalIdToUseEmailOtp":"on"`:                        "Invalid value specified for property 'allowExternalIdToUseEmailOtp': expected one of default, enabled, disabled.",
		`"allowExternalIdToUseEmailOtps":"disabled"`:                 "The property 'allowExternalIdToUseEmailOtps' does not exist on type 'microsoft.graph.emailAuthenticationMethodConfiguration'. Did you mean 'allowExternalIdToUseEmailOtp'?",
		`"codeLifetimeInMinutes":4`:                                  "Invalid code lifetime 4: it must be between 5 and 30 minutes.",
		`"codeLifetimeInMinutes":31,"state":"disabled"`:              "Invalid code lifetime 31: it must be between 5 and 30 minutes.",
		`"includeTargets":[{"targetType":"group","id":"Staff"}]`:     `The target "staff" is neither a GUID nor all_users.`,
		`"excludeTargets":[{"targetType":"group","id":"all_users"}]`: "Everybody cannot be excluded: the policy would be for nobody. Disable it instead.",
	} {
		if !strings.HasPrefix(body, "{") {
			body = "{" + emailType + "," + body + "}"
		}
		d.nothing("policy", "PATCH", "/v1.0"+emailConfig, body, 400, "badRequest", message)
	}
	for _, who := range []string{"reader", "anna", "viewer", "bare"} {
		d.nothing(who, "PATCH", "/v1.0"+emailConfig, "{"+emailType+`,"state":"disabled"}`, 403, "accessDenied", "Request Authorization failed")
		d.nothing(who, "DELETE", "/v1.0"+emailConfig, "", 403, "accessDenied", "Request Authorization failed")
	}
	d.nothing("policy", "PATCH", "/v1.0"+emailConfig, "{"+emailType+`,"includeTargets":[{"targetType":"group","id":"`+noID+`"}]}`, 404, "Request_ResourceNotFound", noResource(noID))
	want := emailConfigurationObject("/v1.0")
	want["@odata.context"] = base + "/v1.0/$metadata#authenticationMethodConfigurations/$entity"
	d.as("policy", "GET", "/v1.0"+emailConfig, "").same(200, want)
}
