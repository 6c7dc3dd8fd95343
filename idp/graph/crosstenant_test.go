package graph

import (
	"context"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const crossTenantPath = "/policies/crossTenantAccessPolicy"

// b2b is access as Graph writes it.
func b2b(access string) object {
	half := func(target, kind string) object {
		return object{"accessType": access, "targets": []any{object{"target": target, "targetType": kind}}}
	}
	return object{"usersAndGroups": half("AllUsers", "user"), "applications": half("AllApplications", "application")}
}

func b2bText(access string) string {
	return strings.ReplaceAll(`{"usersAndGroups":{"accessType":"ACCESS","targets":[{"target":"AllUsers","targetType":"user"}]},"applications":{"accessType":"ACCESS","targets":[{"target":"AllApplications","targetType":"application"}]}}`, "ACCESS", access)
}

func trust(mfa bool) object {
	return object{"isMfaAccepted": mfa, "isCompliantDeviceAccepted": false, "isHybridAzureADJoinedDeviceAccepted": false}
}

func crossTenantDefaultObject(at string) object {
	return object{
		"@odata.context": base + at + "/$metadata#policies/crossTenantAccessPolicy/default/$entity", "isServiceDefault": true,
		"inboundTrust": trust(false), "b2bCollaborationInbound": b2b("allowed"), "b2bCollaborationOutbound": b2b("allowed"),
		"b2bDirectConnectInbound": b2b("blocked"), "b2bDirectConnectOutbound": b2b("blocked"), "tenantRestrictions": nil,
		"automaticUserConsentSettings": object{"inboundAllowed": false, "outboundAllowed": false},
		"invitationRedemptionIdentityProviderConfiguration": object{
			"primaryIdentityProviderPrecedenceOrder": []any{"azureActiveDirectory", "externalFederation", "socialIdentityProviders"},
			"fallbackIdentityProvider":               "emailOneTimePasscode",
		},
	}
}

func partnerObject(at string) object {
	return object{
		"@odata.context": base + at + "/$metadata#policies/crossTenantAccessPolicy/partners/$entity", "tenantId": foreignTenant,
		"isServiceProvider": false, "isInMultiTenantOrganization": false, "tenantRestrictions": nil,
		"inboundTrust": nil, "b2bCollaborationInbound": nil, "b2bCollaborationOutbound": nil,
		"b2bDirectConnectInbound": b2b("blocked"), "b2bDirectConnectOutbound": b2b("blocked"),
		"automaticUserConsentSettings": object{"inboundAllowed": false, "outboundAllowed": false},
	}
}

// TestCrossTenantDefault: what holds for every other organization is read, changed part by
// part and reset, and can be sent back as it was read.
func TestCrossTenantDefault(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		path := at + crossTenantPath
		d.as("all", "GET", path, "").same(200, object{
			"@odata.context": base + at + "/$metadata#policies/crossTenantAccessPolicy/$entity", "id": "crossTenantAccess",
			"displayName": "Cross-tenant access policy", "allowedCloudEndpoints": []any{},
		})
		d.done("PATCH", path, `{"allowedCloudEndpoints":[],"displayName":"Cross-tenant access policy"}`)
		want := crossTenantDefaultObject(at)
		d.as("chief", "GET", path+"/default", "").same(200, want)
		d.done("PATCH", path+"/default", `{"inboundTrust":{"isMfaAccepted":true,"isCompliantDeviceAccepted":false},"b2bDirectConnectInbound":`+b2bText("blocked")+`,"automaticUserConsentSettings":{"@odata.type":"#microsoft.graph.inboundOutboundPolicyConfiguration","inboundAllowed":null,"outboundAllowed":false},"invitationRedemptionIdentityProviderConfiguration":{"fallbackIdentityProvider":"emailOneTimePasscode"}}`)
		want["isServiceDefault"], want["inboundTrust"] = false, trust(true)
		d.as("all", "GET", path+"/default", "").same(200, want)
		d.done("PATCH", path+"/default", `{"b2bCollaborationInbound":`+b2bText("Blocked")+`}`)
		want["b2bCollaborationInbound"] = b2b("blocked")
		d.as("all", "GET", path+"/default", "").same(200, want)
		d.done("POST", path+"/default/resetToSystemDefault", "")
		d.as("all", "GET", path+"/default", "").same(200, crossTenantDefaultObject(at))
	}
}

// TestCrossTenantPartners: a partner is added, read, listed, changed and deleted; what it does
// not say is null and as by default.
func TestCrossTenantPartners(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		path := at + crossTenantPath + "/partners"
		one := path + "/" + foreignTenant
		want := partnerObject(at)
		if a := d.as("all", "POST", path, `{"tenantId":"`+strings.ToUpper(foreignTenant)+`"}`); a.Code != 201 {
			t.Fatalf("%d %s", a.Code, a.Body)
		} else {
			a.same(201, want)
		}
		d.done("PATCH", one, `{"inboundTrust":{"isMfaAccepted":true},"b2bCollaborationOutbound":`+b2bText("blocked")+`}`)
		want["inboundTrust"], want["b2bCollaborationOutbound"] = trust(true), b2b("blocked")
		d.as("chief", "GET", path+"/"+strings.ToUpper(foreignTenant), "").same(200, want)
		d.done("PATCH", one, `{"inboundTrust":null}`)
		want["inboundTrust"] = nil
		d.as("all", "GET", one, "").same(200, want)
		delete(want, "@odata.context")
		d.as("all", "GET", path, "").same(200, object{
			"@odata.context": base + at + "/$metadata#policies/crossTenantAccessPolicy/partners", "value": []any{want},
		})
		d.done("DELETE", one, "")
		d.wants("all", "GET", one, "", 404, "Request_ResourceNotFound", noResource(foreignTenant))
	}
}

// TestCrossTenantErrors: what cannot hold here is refused by name, and nothing is changed.
func TestCrossTenantErrors(t *testing.T) {
	t.Parallel()
	const at = "/v1.0" + crossTenantPath
	d := newDirectory(t)
	if a := d.as("all", "POST", at+"/partners", `{"tenantId":"`+foreignTenant+`"}`); a.Code != 201 {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	const (
		whole   = "Property 'b2bCollaborationInbound' needs usersAndGroups and applications, with the same accessType: access is allowed or blocked as a whole."
		people  = "Property 'b2bCollaborationInbound/usersAndGroups' can only have the target 'AllUsers' of the type 'user': access is allowed or blocked as a whole."
		apps    = "Property 'b2bCollaborationInbound/applications' can only have the target 'AllApplications' of the type 'application': access is allowed or blocked as a whole."
		devices = "can only be false: nothing is known of devices here."
	)
	inbound := func(old, new string) string {
		return `{"b2bCollaborationInbound":` + strings.Replace(b2bText("allowed"), old, new, 1) + `}`
	}
	for body, message := range map[string]string{
		`{"b2bCollaborationInbound":{}}`: whole,
		`{"b2bCollaborationInbound":{"applications":{"accessType":"allowed","targets":[{"target":"AllApplications"}]}}}`: whole,
		inbound("allowed", "blocked"):                                                                  whole,
		inbound(`"accessType":"allowed",`, ""):                                                         whole,
		inbound("allowed", "perhaps"):                                                                  "Invalid value specified for property 'b2bCollaborationInbound/usersAndGroups/accessType': expected one of allowed, blocked.",
		inbound("AllUsers", foreignTenant):                                                             people,
		inbound(`"user"`, `"group"`):                                                                   people,
		inbound(`"AllUsers"`, "null"):                                                                  people,
		inbound(`{"target":"AllUsers","targetType":"user"}`, ""):                                       people,
		inbound("AllUsers", "AllApplications"):                                                         people,
		inbound("AllApplications", "Office365"):                                                        apps,
		inbound(`"target":"AllApplications",`, ""):                                                     apps,
		inbound(`[{`, `[{"target":"`+strings.Repeat("a", 9999)+`"},{`):                                 people,
		`{"b2bCollaborationInbound":"blocked"}`:                                                        "Invalid value specified for property 'b2bCollaborationInbound': expected Object.",
		`{"inboundTrust":true}`:                                                                        "Invalid value specified for property 'inboundTrust': expected Object.",
		`{"inboundTrust":{"isMfaAccepted":"yes"}}`:                                                     "Invalid value specified for property 'inboundTrust/isMfaAccepted': expected Boolean.",
		`{"inboundTrust":{"isCompliantDeviceAccepted":true}}`:                                          "Property 'isCompliantDeviceAccepted' " + devices,
		`{"inboundTrust":{"isHybridAzureADJoinedDeviceAccepted":true}}`:                                "Property 'isHybridAzureADJoinedDeviceAccepted' " + devices,
		`{"inboundTrust":{"isMfaAccepted":true},"b2bDirectConnectInbound":` + b2bText("allowed") + `}`: `Property 'b2bDirectConnectInbound' can only be {"applications":{"accessType":"blocked","targets":[{"target":"AllApplications","targetType":"application"}]},"usersAndGroups":{"accessType":"blocked","targets":[{"target":"AllUsers","targetType":"user"}]}}.`,
		`{"automaticUserConsentSettings":{"inboundAllowed":true}}`:                                     `Property 'automaticUserConsentSettings' can only be {"inboundAllowed":false,"outboundAllowed":false}.`,
		`{"tenantRestrictions":{"devices":null}}`:                                                      `Property 'tenantRestrictions' can only be null.`,
	} {
		for _, path := range []string{"/default", "/partners/" + foreignTenant} {
			d.wants("all", "PATCH", at+path, body, 400, "Request_BadRequest", message)
		}
	}
	open := "The default cannot leave anything open: there is nothing for it to inherit."
	for _, c := range []struct{ method, path, body, message string }{
		{"PATCH", "", `{"allowedCloudEndpoints":["microsoftonline.us"]}`, "Property 'allowedCloudEndpoints' can only be []."},
		{"PATCH", "", `{"allowedCloudEndpoints":"x"}`, "Invalid value specified for property 'allowedCloudEndpoints': expected Collection(String)."},
		{"PATCH", "", `{"displayName":"Mine"}`, `Property 'displayName' can only be "Cross-tenant access policy".`},
		{"PATCH", "/default", `{"b2bCollaborationOutbound":null}`, open},
		{"PATCH", "/default", `{"inboundTrust":null}`, open},
		{"PATCH", "/default", `{"isServiceDefault":true}`, "Property 'isServiceDefault' is read-only and cannot be set."},
		{
			"PATCH", "/default", `{"invitationRedemptionIdentityProviderConfiguration":{"fallbackIdentityProvider":"microsoftAccount"}}`,
			`Property 'invitationRedemptionIdentityProviderConfiguration' can only be {"fallbackIdentityProvider":"emailOneTimePasscode","primaryIdentityProviderPrecedenceOrder":["azureActiveDirectory","externalFederation","socialIdentityProviders"]}.`,
		},
		{"PATCH", "/partners/" + foreignTenant, `{"tenantId":"` + tenantID + `"}`, "Property 'tenantId' is read-only and cannot be set."},
		{"PATCH", "/partners/" + foreignTenant, `{"isServiceProvider":true}`, "Property 'isServiceProvider' is read-only and cannot be set."},
		{"POST", "/partners", `{}`, "A value is required for property 'tenantId' of resource 'crossTenantAccessPolicyConfigurationPartner'."},
		{"POST", "/partners", `{"tenantId":null}`, "Property 'tenantId' cannot be null."},
		{"POST", "/partners", `{"tenantId":"fabrikam.test"}`, "Invalid value specified for property 'tenantId': expected Guid."},
		{"POST", "/partners", `{"tenantId":7}`, "Invalid value specified for property 'tenantId': expected Guid."},
		{"POST", "/partners", `{"tenantId":"` + foreignTenant + `"}`, "Fabrikam has rules of its own already."},
	} {
		d.wants("all", c.method, at+c.path, c.body, 400, "Request_BadRequest", c.message)
	}
	for _, id := range []string{tenantID, "99999999-9999-4999-8999-999999999999"} {
		d.wants("all", "POST", at+"/partners", `{"tenantId":"`+id+`"}`, 404, "Request_ResourceNotFound", noResource(id))
		d.wants("all", "PATCH", at+"/partners/"+id, `{"inboundTrust":null}`, 404, "Request_ResourceNotFound", noResource(id))
		d.wants("all", "DELETE", at+"/partners/"+id, "", 404, "Request_ResourceNotFound", noResource(id))
	}
	d.as("all", "GET", at+"/default", "").same(200, crossTenantDefaultObject("/v1.0"))
	d.as("all", "GET", at+"/partners/"+foreignTenant, "").same(200, partnerObject("/v1.0"))
}

// TestCrossTenantRights: who may not is told the same of all of it, and nothing is changed.
func TestCrossTenantRights(t *testing.T) {
	t.Parallel()
	const at = "/v1.0" + crossTenantPath
	d := newDirectory(t)
	d.must(errOf(d.admin.AddPartner(context.Background(), operator, tenantID, foreignTenant, admin.PartnerChange{})))
	for _, q := range []struct{ method, path, body string }{
		{"GET", "", ""}, {"GET", "/default", ""}, {"GET", "/partners", ""}, {"GET", "/partners/" + foreignTenant, ""},
		{"PATCH", "", `{"allowedCloudEndpoints":[]}`}, {"PATCH", "/default", `{"inboundTrust":{"isMfaAccepted":true}}`},
		{"POST", "/default/resetToSystemDefault", ""}, {"POST", "/partners", `{"tenantId":"` + foreignTenant + `"}`},
		{"PATCH", "/partners/" + foreignTenant, `{"inboundTrust":{"isMfaAccepted":true}}`}, {"DELETE", "/partners/" + foreignTenant, ""},
	} {
		refused := []string{"plain", "users", "bare"}
		if q.method != "GET" {
			refused = append(refused, "viewer", "reader")
		}
		for _, who := range refused {
			d.wants(who, q.method, at+q.path, q.body, 403, "Authorization_RequestDenied", deniedText)
		}
	}
	d.as("viewer", "GET", at+"/partners/"+foreignTenant, "").same(200, partnerObject("/v1.0"))
}

// TestCrossTenantApart: a partner of one tenant is none of another, and that one's own default
// is untouched.
func TestCrossTenantApart(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	d.must(errOf(d.admin.AddPartner(context.Background(), operator, tenantID, foreignTenant, admin.PartnerChange{})))
	d.done("PATCH", "/v1.0"+crossTenantPath+"/default", `{"inboundTrust":{"isMfaAccepted":true}}`)
	c := d.callers["all"]
	theirs, err := d.admin.Tenant(context.Background(), foreignTenant)
	d.must(err)
	c.Tenant, c.Actor.Tenant = theirs, foreignTenant
	d.callers["theirs"] = c
	for _, id := range []string{foreignTenant, tenantID} {
		d.wants("theirs", "GET", "/v1.0"+crossTenantPath+"/partners/"+id, "", 404, "Request_ResourceNotFound", noResource(id))
	}
	d.as("theirs", "GET", "/v1.0"+crossTenantPath+"/default", "").same(200, crossTenantDefaultObject("/v1.0"))
	if p, err := d.admin.CrossTenantPolicy(context.Background(), operator, tenantID); err != nil || p.Default.AcceptMFA != idp.SwitchEnabled {
		t.Errorf("%+v, %v", p, err)
	}
}

func errOf[A any](_ A, err error) error { return err }
