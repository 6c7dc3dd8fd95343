package graph

import "testing"

func TestOrganization(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		d.secondDomain()
		one := at + "/organization/" + tenantID
		want := object{
			"id": tenantID, "displayName": "Contoso", "createdDateTime": "2026-11-24T09:00:00Z", "tenantType": "AAD", "assignedPlans": []any{}, "businessPhones": []any{},
			"city": nil, "country": nil, "countryLetterCode": nil, "deletedDateTime": nil, "marketingNotificationEmails": []any{}, "onPremisesLastSyncDateTime": nil,
			"onPremisesSyncEnabled": nil, "postalCode": nil, "preferredLanguage": nil, "privacyProfile": nil, "provisionedPlans": []any{},
			"securityComplianceNotificationMails": []any{}, "securityComplianceNotificationPhones": []any{}, "state": nil, "street": nil, "technicalNotificationMails": []any{},
			"verifiedDomains": []any{
				object{"capabilities": "None", "isDefault": true, "isInitial": true, "name": "contoso.example", "type": "Managed"},
				object{"capabilities": "None", "isDefault": false, "isInitial": false, "name": "asia.contoso.example", "type": "Managed"},
			},
		}
		d.as("all", "GET", at+"/organization", "").same(200, object{"@odata.context": base + at + "/$metadata#organization", "value": []any{want}})
		want["@odata.context"] = base + at + "/$metadata#organization/$entity"
		d.as("all", "GET", one, "").same(200, want)
		testReadOnly(d, organizations, one)
		d.wants("all", "PATCH", one, `{"displayName":""}`, 400, "Request_BadRequest", "A tenant needs a name of at most 256 bytes, without control characters.")
		d.wants("all", "PATCH", one, `{"displayName":null}`, 400, "Request_BadRequest", "Property 'displayName' cannot be null.")
		d.wants("users", "PATCH", one, `{"displayName":"x"}`, 403, "Authorization_RequestDenied", deniedText)
		d.wants("plain", "GET", one, "", 403, "Authorization_RequestDenied", deniedText)
		d.done("PATCH", one, `{"displayName":"Contoso Bakers"}`)
		if o := d.as("chief", "GET", one+"?$select=displayName", "").json(); o["displayName"] != "Contoso Bakers" {
			t.Errorf("%v", o)
		}
		for _, id := range []string{foreignTenant, noID, "contoso.example"} {
			d.wants("all", "GET", at+"/organization/"+id, "", 404, "Request_ResourceNotFound", noResource(id))
			d.wants("all", "PATCH", at+"/organization/"+id, `{"displayName":"x"}`, 404, "Request_ResourceNotFound", noResource(id))
		}
	}
}

func (d *desk) secondDomain() {
	d.t.Helper()
	_, err := d.admin.AddDomain(d.t.Context(), operator, tenantID, "asia.contoso.example")
	d.must(err)
}

func TestDomains(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		d.secondDomain()
		want := object{
			"@odata.context": base + at + "/$metadata#domains/$entity", "id": "contoso.example", "authenticationType": "Managed", "availabilityStatus": nil, "isAdminManaged": true,
			"isDefault": true, "isInitial": true, "isRoot": true, "isVerified": true, "manufacturer": nil, "model": nil, "passwordNotificationWindowInDays": nil,
			"passwordValidityPeriodInDays": nil, "state": nil, "supportedServices": []any{},
		}
		d.as("all", "GET", at+"/domains/contoso.example", "").same(200, want)
		want["id"], want["isDefault"], want["isInitial"], want["isRoot"] = "asia.contoso.example", false, false, false
		d.as("all", "GET", at+"/domains('ASIA.contoso.example')", "").same(200, want)
		sameIDs(t, "all", d.as("all", "GET", at+"/domains", "").ids(), "contoso.example", "asia.contoso.example")
		sameIDs(t, "initial", d.filtered(at+"/domains", "isInitial eq true and isVerified eq true"), "contoso.example")
		d.wants("users", "DELETE", at+"/domains/asia.contoso.example", "", 403, "Authorization_RequestDenied", deniedText)
		d.wants("plain", "GET", at+"/domains", "", 403, "Authorization_RequestDenied", deniedText)
		d.wants("all", "DELETE", at+"/domains/contoso.example", "", 400, "Request_BadRequest", "The user "+d.firstInDomain()+" still has a name in \"contoso.example\".")
		d.done("DELETE", at+"/domains/asia.contoso.example", "")
		for _, id := range []string{"asia.contoso.example", "fabrikam.test", "nowhere.example"} {
			d.wants("all", "GET", at+"/domains/"+id, "", 404, "Request_ResourceNotFound", noResource(id))
			d.wants("all", "DELETE", at+"/domains/"+id, "", 404, "Request_ResourceNotFound", noResource(id))
		}
		d.done("PATCH", at+"/domains/contoso.example", `{"isDefault": true}`)
		d.wants("all", "PATCH", at+"/domains/contoso.example", `{"isDefault": false}`, 400, "Request_BadRequest", "Property 'isDefault' can only be true: make another domain the default one.")
	}
}

// firstInDomain is the name of the user whom removing the domain finds first.
func (d *desk) firstInDomain() string {
	d.t.Helper()
	first := ""
	for _, u := range d.users {
		if !u.Type.External() && (first == "" || u.UserID < first) {
			first = u.UserID
		}
	}
	for _, u := range d.users {
		if u.UserID == first {
			return u.PrincipalName
		}
	}
	return ""
}
