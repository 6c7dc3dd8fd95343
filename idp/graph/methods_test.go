package graph

import (
	"strings"
	"testing"
)

// TestUnheldMethods: what nobody has is empty, for those who might have seen it.
func TestUnheldMethods(t *testing.T) {
	t.Parallel()
	bothVersions(t, func(t *testing.T, d *desk, at string) {
		for _, segment := range []string{
			"passwordMethods", "fido2Methods", "microsoftAuthenticatorMethods", "emailMethods", "phoneMethods", "softwareOathMethods",
			"windowsHelloForBusinessMethods", "methods",
		} {
			path := at + "/users/anna@contoso.example/authentication/" + segment
			mine := at + "/me/authentication/" + segment
			context := base + at + "/$metadata#users('anna@contoso.example')/authentication/" + segment
			d.as("viewer", "GET", path, "").same(200, object{"@odata.context": context, "value": []object{}})
			d.as("viewer", "GET", path+"?$count=true&$top=5&$filter=id%20eq%20'x'&$orderby=createdDateTime", "").same(200, object{"@odata.context": context, "@odata.count": 0, "value": []object{}})
			if a := d.as("anna", "GET", mine+"/$count", ""); a.Code != 200 || a.Body.String() != "0" {
				t.Errorf("%s: %d %s", mine, a.Code, a.Body)
			}
			if n := len(d.as("anna", "GET", mine, "").ids()); n != 0 {
				t.Errorf("%s: %d", mine, n)
			}
			d.nothing("anna", "GET", mine+"/"+noID, "", 404, "resourceNotFound", "The user has no authentication method '"+noID+"'.")
			for _, p := range []string{path, path + "/" + noID} {
				d.nothing("bare", "GET", p, "", 403, "accessDenied", "Request Authorization failed")
				d.nothing("policy", "GET", p, "", 403, "accessDenied", "Request Authorization failed")
				d.nothing("viewer", "GET", strings.Replace(p, "anna", "nobody", 1), "", 404, "Request_ResourceNotFound",
					"Resource 'nobody@contoso.example' does not exist or one of its queried reference-property objects are not present.")
			}
		}
		d.nothing("anna", "GET", at+"/me/authentication/operations/"+noID, "", 404, "resourceNotFound", "The user has no authentication method '"+noID+"'.")
		d.nothing("anna", "GET", at+"/users/reader@contoso.example/authentication/operations/"+noID, "", 403, "accessDenied", "Request Authorization failed")
	})
}

// TestOneOfAll: a pass among the methods can be filtered, ordered and selected.
func TestOneOfAll(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id, _ := d.give("/v1.0", "")
	path := "/v1.0/users/anna@contoso.example/authentication/methods"
	for _, query := range []string{
		"", "?$filter=methodUsabilityReason%20eq%20'EnabledByPolicy'", "?$orderby=createdDateTime", "?$filter=createdDateTime%20ge%202026-11-24T09:00:00Z",
	} {
		if ids := d.as("app", "GET", path+query, "").ids(); len(ids) != 1 || ids[0] != id {
			t.Errorf("%s: %v", query, ids)
		}
	}
	if n := len(d.as("app", "GET", path+"?$filter=createdDateTime%20gt%202026-11-24T09:00:00Z", "").ids()); n != 0 {
		t.Errorf("%d created later", n)
	}
	d.as("app", "GET", path+"?$select=id", "").same(200, object{
		"@odata.context": base + "/v1.0/$metadata#users('anna@contoso.example')/authentication/methods(id)",
		"value":          []object{{"@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethod", "id": id}},
	})
}

func TestSignInPreferences(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const path = "/users/anna@contoso.example/authentication/signInPreferences"
	d.as("viewer", "GET", "/beta"+path, "").same(200, object{
		"@odata.context": base + "/beta/$metadata#users('anna@contoso.example')/authentication/signInPreferences",
		"isSystemPreferredAuthenticationMethodEnabled": true, "userPreferredMethodForSecondaryAuthentication": nil,
	})
	if a := d.as("anna", "GET", "/beta/me/authentication/signInPreferences", ""); a.Code != 200 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	d.nothing("bare", "GET", "/beta"+path, "", 403, "accessDenied", "Request Authorization failed")
	if a := d.as("viewer", "GET", "/v1.0"+path, ""); a.Code != 404 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}
