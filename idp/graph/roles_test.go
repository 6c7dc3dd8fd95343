package graph

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
)

const (
	globalTemplate  = "62e90394-69f5-4237-9190-012177145e10"
	inviterTemplate = "95e79109-95c0-4d8e-aee3-d01accf2d47b"
)

func TestDirectoryRoles(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		global, inviter := idp.DerivedID(tenantID, globalTemplate), idp.DerivedID(tenantID, inviterTemplate)
		if got := d.filtered(at+"/directoryRoles", "displayName eq 'global administrator'"); len(got) != 1 || got[0] != global {
			t.Errorf("%v", got)
		}
		sameIDs(t, "not in use", d.filtered(at+"/directoryRoles", "roleTemplateId eq '"+inviterTemplate+"'"))
		want := object{
			"@odata.context": base + at + "/$metadata#directoryRoles/$entity", "id": inviter, "deletedDateTime": nil, "description": "Invites guests.",
			"displayName": "Guest Inviter", "roleTemplateId": inviterTemplate,
		}
		missed := "/directoryRoles(roleTemplateId='" + inviterTemplate + "')"
		d.wants("all", "GET", at+missed, "", 404, "Request_ResourceNotFound", noResource(inviterTemplate))
		d.wants("all", "GET", at+"/directoryRoles/"+inviter, "", 404, "Request_ResourceNotFound", noResource(inviter))
		body := `{"roleTemplateId":"` + strings.ToUpper(inviterTemplate) + `"}`
		d.wants("users", "POST", at+"/directoryRoles", body, 403, "Authorization_RequestDenied", deniedText)
		a := d.as("all", "POST", at+"/directoryRoles", body)
		a.same(201, want)
		if got := a.Header().Get("Location"); got != base+at+"/directoryRoles/"+inviter {
			t.Errorf("Location: %s", got)
		}
		d.wants("all", "POST", at+"/directoryRoles", body, 400, "Request_BadRequest", "A conflicting object with one or more of the specified property values is present in the directory.")
		d.wants("all", "POST", at+"/directoryRoles", `{"roleTemplateId":"`+noID+`"}`, 404, "Request_ResourceNotFound", noResource(noID))
		d.wants("all", "POST", at+"/directoryRoles", `{"roleTemplateId":"Guest Inviter"}`, 400, "Request_BadRequest", "Invalid value specified for property 'roleTemplateId': expected Guid.")
		d.wants("all", "POST", at+"/directoryRoles", `{}`, 400, "Request_BadRequest", "A value is required for property 'roleTemplateId' of resource 'directoryRole'.")
		for _, path := range []string{missed, "/directoryRoles/" + inviter, "/directoryRoles('" + strings.ToUpper(inviter) + "')"} {
			d.as("all", "GET", at+path, "").same(200, want)
		}
		d.wants("all", "GET", at+"/directoryRoles/"+inviterTemplate, "", 404, "Request_ResourceNotFound", noResource(inviterTemplate))
		d.wants("plain", "GET", at+"/directoryRoles", "", 403, "Authorization_RequestDenied", deniedText)
	}
}

func TestRoleMembers(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		anna, chief := d.users["anna"].UserID, d.users["global"].UserID
		byID, byTemplate := at+"/directoryRoles/"+idp.DerivedID(tenantID, globalTemplate), at+"/directoryRoles(roleTemplateId='"+globalTemplate+"')"
		ref := `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/` + anna + `"}`
		for _, role := range []string{byID, byTemplate} {
			d.done("POST", role+"/members/$ref", ref)
			d.wants("all", "POST", role+"/members/$ref", ref, 400, "Request_BadRequest", memberTwice)
			for _, path := range []string{byID + "/members", byTemplate + "/members", byID + "/members/microsoft.graph.user"} {
				if got := d.as("all", "GET", path, "").types(); len(got) != 2 || got[anna] != "user" || got[chief] != "user" {
					t.Errorf("%s: %v", path, got)
				}
				if a := d.as("all", "GET", path+"/$count", ""); a.Body.String() != "2" {
					t.Errorf("%s: %s", path, a.Body)
				}
			}
			d.done("DELETE", role+"/members/"+anna+"/$ref", "")
			d.done("POST", role+"/members/$ref", ref)
			d.done("DELETE", role+"/members/$ref?@id="+url.QueryEscape("https://graph.microsoft.com/v1.0/directoryObjects/"+anna), "")
			d.wants("all", "DELETE", role+"/members/"+anna+"/$ref", "", 404, "Request_ResourceNotFound", noResource(anna))
		}
		for _, id := range []string{d.foreignUser().UserID, noID} {
			d.wants("all", "POST", byID+"/members/$ref", strings.Replace(ref, anna, id, 1), 404, "Request_ResourceNotFound", noResource(id))
			d.wants("all", "DELETE", byID+"/members/"+id+"/$ref", "", 404, "Request_ResourceNotFound", noResource(id))
		}
		for _, id := range []string{idp.DerivedID(foreignTenant, globalTemplate), noID} {
			d.wants("all", "GET", at+"/directoryRoles/"+id+"/members", "", 404, "Request_ResourceNotFound", noResource(id))
			d.wants("all", "POST", at+"/directoryRoles/"+id+"/members/$ref", ref, 404, "Request_ResourceNotFound", noResource(id))
			d.wants("all", "DELETE", at+"/directoryRoles/"+id+"/members/"+anna+"/$ref", "", 404, "Request_ResourceNotFound", noResource(id))
		}
		d.wants("plain", "POST", byID+"/members/$ref", ref, 403, "Authorization_RequestDenied", deniedText)
	}
}

func TestRoleTemplates(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		for path, want := range map[string]object{
			"/directoryRoleTemplates": {"id": inviterTemplate, "deletedDateTime": nil, "description": "Invites guests.", "displayName": "Guest Inviter"},
			"/roleManagement/directory/roleDefinitions": {
				"id": inviterTemplate, "description": "Invites guests.", "displayName": "Guest Inviter", "isBuiltIn": true, "isEnabled": true,
				"resourceScopes": []any{"/"}, "templateId": inviterTemplate, "version": "1", "rolePermissions": []any{},
			},
		} {
			if n := len(d.as("all", "GET", at+path, "").ids()); n != len(idp.Roles) {
				t.Errorf("%s: %d", path, n)
			}
			sameIDs(t, path, d.filtered(at+path, "displayName eq 'guest inviter'"), inviterTemplate)
			ids, pages := d.pagesOf(at + path + "?$top=7")
			if len(ids) != len(idp.Roles) || pages != 3 {
				t.Errorf("%s: %d in %d pages", path, len(ids), pages)
			}
			want["@odata.context"] = base + at + "/$metadata#" + path[1:] + "/$entity"
			d.as("all", "GET", at+path+"/"+strings.ToUpper(inviterTemplate), "").same(200, want)
			d.wants("all", "GET", at+path+"/"+noID, "", 404, "Request_ResourceNotFound", noResource(noID))
			d.wants("plain", "GET", at+path, "", 403, "Authorization_RequestDenied", deniedText)
		}
	}
}

func TestRoleAssignments(t *testing.T) {
	t.Parallel()
	const path = "/roleManagement/directory/roleAssignments"
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		anna, chief := d.users["anna"].UserID, d.users["global"].UserID
		body := func(principal, role string) string {
			return `{"@odata.type":"#microsoft.graph.unifiedRoleAssignment","principalId":"` + principal + `","roleDefinitionId":"` + role + `"`
		}
		a := d.as("all", "POST", at+path, body(strings.ToUpper(anna), inviterTemplate)+`,"directoryScopeId":"/"}`)
		id, _ := a.json()["id"].(string)
		want := object{
			"@odata.context": base + at + "/$metadata#roleManagement/directory/roleAssignments/$entity", "id": id, "principalId": anna,
			"roleDefinitionId": inviterTemplate, "directoryScopeId": "/",
		}
		a.same(201, want)
		if raw, err := base64.RawURLEncoding.DecodeString(id); err != nil || len(raw) != 32 || a.Header().Get("Location") != base+at+path+"/"+id {
			t.Errorf("id %q, Location %s", id, a.Header().Get("Location"))
		}
		d.as("all", "GET", at+path+"/"+id, "").same(200, want)
		for filter, n := range map[string]int{
			"principalId eq '" + anna + "'": 1, "principalId eq '" + chief + "'": 1, "roleDefinitionId eq '" + globalTemplate + "'": 1, "principalId eq " + anna: 1,
			"principalId eq '" + anna + "' and roleDefinitionId eq '" + globalTemplate + "'": 0, "directoryScopeId eq '/'": 6,
		} {
			if got := d.filtered(at+path, filter); len(got) != n {
				t.Errorf("%s: %v", filter, got)
			}
		}
		d.wants("all", "POST", at+path, body(anna, inviterTemplate)+"}", 400, "Request_BadRequest", "A conflicting object with one or more of the specified property values is present in the directory.")
		d.wants("all", "POST", at+path, body(anna, globalTemplate)+`,"directoryScopeId":"/administrativeUnits/1"}`, 400, "Request_BadRequest", "A role is given in the whole directory: directoryScopeId must be '/'.")
		d.wants("all", "POST", at+path, body("anna@contoso.example", globalTemplate)+"}", 400, "Request_BadRequest", "Invalid value specified for property 'principalId': expected Guid.")
		d.wants("all", "POST", at+path, body(anna, noID)+"}", 404, "Request_ResourceNotFound", noResource(noID))
		for _, nobody := range []string{d.foreignUser().UserID, noID} {
			d.wants("all", "POST", at+path, body(nobody, globalTemplate)+"}", 404, "Request_ResourceNotFound", noResource(nobody))
		}
		d.wants("users", "POST", at+path, body(anna, globalTemplate)+"}", 403, "Authorization_RequestDenied", deniedText)
		d.wants("plain", "GET", at+path, "", 403, "Authorization_RequestDenied", deniedText)
		d.done("DELETE", at+path+"/"+id, "")
		for _, gone := range []string{id, noID, "x", strings.Repeat("A", 43)} {
			d.wants("all", "GET", at+path+"/"+gone, "", 404, "Request_ResourceNotFound", noResource(gone))
			d.wants("all", "DELETE", at+path+"/"+gone, "", 404, "Request_ResourceNotFound", noResource(gone))
		}
	}
}
