package graph

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const newGroupBody = `{"displayName":"Staff","mailEnabled":false,"mailNickname":"staff","securityEnabled":true`

// TestGroupLife: a group is made, read, changed and removed in the shapes of Graph.
func TestGroupLife(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		a := d.as("all", "POST", at+"/groups", newGroupBody+`,"groupTypes":[],"id":"ignored","owners@odata.bind":["x"]}`)
		id, _ := a.json()["id"].(string)
		want := object{
			"@odata.context": base + at + "/$metadata#groups/$entity", "id": id, "displayName": "Staff", "description": nil, "mailNickname": "staff",
			"isAssignableToRole": false, "mailEnabled": false, "securityEnabled": true, "groupTypes": []any{}, "createdDateTime": "2026-11-24T09:00:00Z",
			"renewedDateTime": "2026-11-24T09:00:00Z", "classification": nil, "deletedDateTime": nil, "expirationDateTime": nil, "mail": nil, "membershipRule": nil,
			"membershipRuleProcessingState": nil, "onPremisesSyncEnabled": nil, "preferredLanguage": nil, "proxyAddresses": []any{}, "theme": nil, "visibility": nil,
		}
		a.same(201, want)
		if got := a.Header().Get("Location"); got != base+at+"/groups/"+id || !idp.IsID(id) {
			t.Errorf("Location: %s", got)
		}
		d.as("all", "GET", at+"/groups('"+strings.ToUpper(id)+"')", "").same(200, want)
		d.done("PATCH", at+"/groups/"+id, `{"displayName":"All staff","description":"everybody","mailNickname":"all","mailEnabled":false,"securityEnabled":true,"groupTypes":[]}`)
		want["displayName"], want["description"], want["mailNickname"] = "All staff", "everybody", "all"
		d.as("all", "GET", at+"/groups/"+id, "").same(200, want)
		d.done("PATCH", at+"/groups/"+id, `{"description":null}`)
		if o := d.as("all", "GET", at+"/groups/"+id+"?$select=description", "").json(); o["description"] != nil {
			t.Errorf("%v", o)
		}
		testReadOnly(d, groups, at+"/groups/"+id)
		d.done("DELETE", at+"/groups/"+id, "")
		d.wants("all", "GET", at+"/groups/"+id, "", 404, "Request_ResourceNotFound", noResource(id))
	}
}

func TestGroupsRefused(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	id := d.newGroup("Taken").GroupID
	other := d.newGroup("Other").GroupID
	const (
		taken = "Another object with the same value for property displayName already exists."
		types = "Microsoft 365 groups (Unified) and groups with a rule (DynamicMembership) are not supported: groupTypes must be empty."
	)
	for body, message := range map[string]string{
		strings.Replace(newGroupBody, `"mailEnabled":false`, `"mailEnabled":true`, 1):         "Groups with a mailbox are not supported: mailEnabled must be false.",
		strings.Replace(newGroupBody, `"securityEnabled":true`, `"securityEnabled":false`, 1): "Every group is a security group: securityEnabled must be true.",
		newGroupBody + `,"groupTypes":["Unified"]`:                                            types,
		newGroupBody + `,"groupTypes":["DynamicMembership"]`:                                  types,
		strings.Replace(newGroupBody, "Staff", "TAKEN", 1):                                    taken,
		strings.Replace(newGroupBody, `"displayName":"Staff"`, `"x":1`, 1):                    "A value is required for property 'displayName' of resource 'group'.",
		strings.Replace(newGroupBody, `"mailNickname":"staff"`, `"x":1`, 1):                   "A value is required for property 'mailNickname' of resource 'group'.",
		strings.Replace(newGroupBody, `"mailEnabled":false`, `"x":1`, 1):                      "A value is required for property 'mailEnabled' of resource 'group'.",
		strings.Replace(newGroupBody, `"securityEnabled":true`, `"x":1`, 1):                   "A value is required for property 'securityEnabled' of resource 'group'.",
		newGroupBody + `,"members@odata.bind":["nothing"]`:                                    "Invalid URL format specified in payload.",
	} {
		d.wants("all", "POST", "/v1.0/groups", body+"}", 400, "Request_BadRequest", message)
	}
	d.wants("all", "POST", "/v1.0/groups", newGroupBody+`,"members@odata.bind":["https://graph.microsoft.com/v1.0/directoryObjects/`+noID+`"]}`, 404, "Request_ResourceNotFound", noResource(noID))
	d.wants("groups", "POST", "/v1.0/groups", newGroupBody+"}", 403, "Authorization_RequestDenied", deniedText)
	d.wants("all", "PATCH", "/v1.0/groups/"+other, `{"displayName":"taken"}`, 400, "Request_BadRequest", taken)
	d.wants("all", "PATCH", "/v1.0/groups/"+other, `{"mailEnabled":true}`, 400, "Request_BadRequest", "Groups with a mailbox are not supported: mailEnabled must be false.")
	d.policy(admin.PassPolicyChange{Exclude: &[]idp.Target{{Type: "group", ID: id}}})
	d.wants("all", "DELETE", "/v1.0/groups/"+id, "", 400, "Request_BadRequest", "The pass policy names the group Taken. Change the policy first.")
}

func TestGroupFilters(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	a, b := d.newGroup("Bakers of bread").GroupID, d.newGroup("Bakers of cake").GroupID
	made := d.as("all", "POST", "/v1.0/groups", newGroupBody+`,"isAssignableToRole":true}`).json()
	c, _ := made["id"].(string)
	for filter, want := range map[string][]string{
		"displayName eq 'BAKERS of bread'": {a}, "startswith(displayName,'bakers')": {a, b}, "isAssignableToRole eq true": {c}, "securityEnabled eq true and mailEnabled eq false": {a, b, c},
		"groupTypes/any(g:g eq 'Unified')": {}, "mailNickname eq 'staff'": {c}, "id in ('" + a + "','" + c + "')": {a, c}, "not(displayName eq 'Staff')": {a, b}, "mail eq null": {a, b, c},
	} {
		sameIDs(t, filter, d.filtered("/v1.0/groups", filter), want...)
	}
	sameIDs(t, "search", d.as("all", "GET", `/beta/groups?$search=%22displayName:cake%22&$count=true`, "", "ConsistencyLevel: eventual").ids(), b)
	d.as("all", "GET", "/v1.0/groups?$filter="+url.PathEscape("members@odata.bind eq 'x'"), "").refused(400, "Request_UnsupportedQuery")
}

// TestMembers: members come and go by the addresses that SDKs send.
func TestMembers(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		g := at + "/groups/" + d.newGroup("Staff").GroupID
		anna, auth, reader := d.users["anna"], d.users["auth"].UserID, d.users["reader"].UserID
		add := func(address string) string { return `{"@odata.id":"` + address + `"}` }
		d.done("POST", g+"/members/$ref", add("https://graph.microsoft.com/v1.0/directoryObjects/"+anna.UserID))
		d.done("POST", g+"/members/$ref", add("https://latchkey.example/v1.0/users('"+auth+"')/"))
		d.done("POST", g+"/members/$ref", add("https://graph.microsoft.com/beta/users/"+strings.ToUpper(reader)))
		const twice = "One or more added object references already exist for the following modified properties: 'members'."
		d.wants("all", "POST", g+"/members/$ref", add("https://graph.microsoft.com/v1.0/directoryObjects/"+anna.UserID), 400, "Request_BadRequest", twice)
		d.wants("all", "PATCH", g, `{"members@odata.bind":["https://x/`+d.users["global"].UserID+`","https://x/`+anna.UserID+`"]}`, 400, "Request_BadRequest", twice)
		d.wants("groups", "POST", g+"/members/$ref", add("https://x/"+anna.UserID), 403, "Authorization_RequestDenied", deniedText)
		for body, message := range map[string]string{
			add(""): "Invalid URL format specified in payload.", add(anna.UserID): "Invalid URL format specified in payload.",
			add("https://x/%zz"): "Invalid URL format specified in payload.", `{}`: "A value is required for property '@odata.id' of resource 'ReferenceCreate'.",
			`{"@odata.id":1}`: "Invalid value specified for property '@odata.id': expected String.",
		} {
			d.wants("all", "POST", g+"/members/$ref", body, 400, "Request_BadRequest", message)
		}
		ids := []string{anna.UserID, auth, reader}
		for _, path := range []string{"/members", "/transitiveMembers", "/members/graph.user", "/members/microsoft.graph.user", "/transitiveMembers/microsoft.graph.user"} {
			got := d.as("all", "GET", g+path, "").types()
			for _, id := range ids {
				if got[id] != "user" || len(got) != 3 {
					t.Errorf("%s: %v", path, got)
				}
			}
			if a := d.as("all", "GET", g+path+"/$count", "", "ConsistencyLevel: eventual"); a.Body.String() != "3" {
				t.Errorf("%s: %s", path, a.Body)
			}
			sameIDs(t, path, d.filtered(g+path, "userPrincipalName eq 'anna@contoso.example' and accountEnabled eq true"), anna.UserID)
		}
		for _, path := range []string{"/members/graph.group", "/owners", "/owners/$count", "/memberOf", "/transitiveMemberOf", "/members/microsoft.graph.directoryRole"} {
			if a := d.as("all", "GET", g+path, ""); a.Code != 200 || a.Body.String() != "0" && len(a.ids()) > 0 {
				t.Errorf("%s: %d %s", path, a.Code, a.Body)
			}
		}
		paged, _ := d.pagesOf(g + "/members?$top=2&$select=id")
		sameIDs(t, "pages", paged, ids...)
		d.as("all", "GET", g+"/members?$filter=displayName%20eq%20'anna'&$select=displayName,accountEnabled,roleTemplateId", "").same(200, object{
			"@odata.context": base + at + "/$metadata#directoryObjects(displayName,accountEnabled,roleTemplateId)",
			"value":          []object{{"@odata.type": "#microsoft.graph.user", "displayName": "ANNA", "accountEnabled": true}},
		})
		if o := d.as("all", "GET", g+"/members", "").json()["value"].([]any)[0].(object); o["accountEnabled"] != nil || o["businessPhones"] == nil {
			t.Errorf("%v", o)
		}
		d.done("DELETE", g+"/members/"+anna.UserID+"/$ref", "")
		d.done("DELETE", g+"/members/$ref?@id="+url.QueryEscape("https://graph.microsoft.com/v1.0/directoryObjects/"+auth), "")
		d.wants("all", "DELETE", g+"/members/"+auth+"/$ref", "", 404, "Request_ResourceNotFound", noResource(auth))
		d.wants("all", "DELETE", g+"/members/$ref", "", 400, "Request_BadRequest", "Name the object in the query: ?@id=.../directoryObjects/{id}.")
		sameIDs(t, "left", d.as("all", "GET", g+"/members", "").ids(), reader)
	}
}

// pagesOf follows links as the app that may do everything.
func (d *desk) pagesOf(path string) (ids []string, pages int) {
	d.t.Helper()
	for next := path; next != ""; pages++ {
		a := d.as("all", "GET", strings.TrimPrefix(next, base), "")
		ids = append(ids, a.ids()...)
		next, _ = a.json()["@odata.nextLink"].(string)
	}
	return ids, pages
}

// TestMembersBound: up to twenty members come at once, all or none.
func TestMembersBound(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	var bound []string
	for i := range 21 {
		u := d.newUser(fmt.Sprintf("user%d", i), idp.Member)
		bound = append(bound, `"https://graph.microsoft.com/v1.0/directoryObjects/`+u.UserID+`"`)
	}
	body := func(n int) string { return `"members@odata.bind":[` + strings.Join(bound[:n], ",") + `]}` }
	g := "/v1.0/groups/" + d.newGroup("Staff").GroupID
	d.wants("all", "PATCH", g, "{"+body(21), 400, "Request_BadRequest", "At most 20 members can be added at once.")
	d.wants("all", "PATCH", g, `{"description":"x",`+body(2), 400, "Request_BadRequest", "Add members in a request of their own, which changes nothing else.")
	d.wants("all", "PATCH", g, strings.Replace("{"+body(2), bound[1], `"https://x/directoryObjects/`+noID+`"`, 1), 404, "Request_ResourceNotFound", noResource(noID))
	d.done("PATCH", g, "{"+body(20))
	if n := len(d.as("all", "GET", g+"/members", "").ids()); n != 20 {
		t.Errorf("%d members", n)
	}
	a := d.as("all", "POST", "/v1.0/groups", strings.Replace(newGroupBody, "Staff", "More", 1)+","+strings.Replace(body(4), bound[3], bound[0], 1))
	id, _ := a.json()["id"].(string)
	if n := len(d.as("all", "GET", "/v1.0/groups/"+id+"/members", "").ids()); a.Code != 201 || n != 3 {
		t.Errorf("%d %s: %d members", a.Code, a.Body, n)
	}
}

// TestGuardedGroup: a group that roles can be given to is for those who give roles.
func TestGuardedGroup(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	caller := d.callers["all"]
	caller.Actor.Permissions = []string{"Group.ReadWrite.All"}
	d.callers["writer"] = caller
	d.wants("writer", "POST", "/v1.0/groups", newGroupBody+`,"isAssignableToRole":true}`, 403, "Authorization_RequestDenied", deniedText)
	a := d.as("all", "POST", "/v1.0/groups", newGroupBody+`,"isAssignableToRole":true}`)
	g := "/v1.0/groups/" + a.json()["id"].(string)
	d.wants("writer", "POST", g+"/members/$ref", `{"@odata.id":"https://x/`+d.users["anna"].UserID+`"}`, 403, "Authorization_RequestDenied", deniedText)
	d.wants("writer", "PATCH", g, `{"displayName":"x"}`, 403, "Authorization_RequestDenied", deniedText)
	d.done("POST", g+"/members/$ref", `{"@odata.id":"https://x/`+d.users["anna"].UserID+`"}`)
}

// TestForeignGroups: of another tenant's group nothing can be learnt.
func TestForeignGroups(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	theirs, user, anna := d.foreignGroup().GroupID, d.foreignUser().UserID, d.users["anna"].UserID
	for _, id := range []string{theirs, noID, "no group"} {
		g := "/v1.0/groups/" + url.PathEscape(id)
		for _, call := range [][3]string{
			{"GET", "", ""}, {"PATCH", "", `{"displayName":"x"}`}, {"DELETE", "", ""}, {"GET", "/members", ""}, {"GET", "/members/$count", ""}, {"GET", "/owners", ""},
			{"GET", "/transitiveMembers/graph.user", ""}, {"POST", "/members/$ref", `{"@odata.id":"https://x/` + anna + `"}`}, {"DELETE", "/members/" + anna + "/$ref", ""},
		} {
			d.wants("all", call[0], g+call[1], call[2], 404, "Request_ResourceNotFound", noResource(id))
		}
	}
	ours := "/v1.0/groups/" + d.newGroup("Ours").GroupID
	for _, id := range []string{user, noID} {
		d.wants("all", "POST", ours+"/members/$ref", `{"@odata.id":"https://x/`+id+`"}`, 404, "Request_ResourceNotFound", noResource(id))
		d.wants("all", "DELETE", ours+"/members/"+id+"/$ref", "", 404, "Request_ResourceNotFound", noResource(id))
	}
}

// TestMemberOf: what somebody belongs to, groups and roles in one collection.
func TestMemberOf(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		reader := d.users["reader"]
		staff, bakers := d.newGroup("Staff", reader.UserID).GroupID, d.newGroup("Bakers", reader.UserID).GroupID
		other := d.newGroup("Other").GroupID
		d.callers["self"] = Caller{d.callers["all"].Tenant, idp.Actor{Party: idp.PartyOf(reader), Tenant: tenantID, App: idp.Party{Type: idp.ActorClient, ID: "x"}, Permissions: []string{"User.Read"}}}
		role := idp.DerivedID(tenantID, "f2ef992c-3afb-46b9-b7cf-a126ee74c451")
		for _, path := range []string{"/users/reader@contoso.example/memberOf", "/users/" + reader.UserID + "/transitiveMemberOf", "/me/memberOf", "/me/transitiveMemberOf"} {
			who := "all"
			if strings.HasPrefix(path, "/me") {
				who = "self"
			}
			a := d.as(who, "GET", at+path, "")
			if got := a.types(); len(got) != 3 || got[staff] != "group" || got[bakers] != "group" || got[role] != "directoryRole" || a.json()["@odata.context"] != base+at+"/$metadata#directoryObjects" {
				t.Errorf("%s: %s", path, a.Body)
			}
			sameIDs(t, path, d.as(who, "GET", at+path+"/microsoft.graph.group", "").ids(), staff, bakers)
			sameIDs(t, path, d.as(who, "GET", at+path+"/graph.directoryRole?$filter=roleTemplateId%20eq%20'f2ef992c-3afb-46b9-b7cf-a126ee74c451'", "").ids(), role)
			sameIDs(t, path, d.as(who, "GET", at+path+"?$filter=displayName%20eq%20'staff'&$select=id", "").ids(), staff)
			if a := d.as(who, "GET", at+path+"/$count", ""); a.Body.String() != "3" {
				t.Errorf("%s: %s", path, a.Body)
			}
		}
		strs := base + at + "/$metadata#Collection(Edm.String)"
		ask := `{"groupIds":["` + strings.ToUpper(staff) + `","` + other + `","` + noID + `"]}`
		d.as("all", "POST", at+"/users/"+reader.UserID+"/checkMemberGroups", ask).same(200, object{"@odata.context": strs, "value": []any{staff}})
		d.as("self", "POST", at+"/me/checkMemberGroups", ask).same(200, object{"@odata.context": strs, "value": []any{staff}})
		all := d.as("self", "POST", at+"/me/getMemberGroups", `{"securityEnabledOnly":true}`).json()["value"].([]any)
		if len(all) != 2 {
			t.Errorf("%v", all)
		}
		d.wants("all", "POST", at+"/users/"+reader.UserID+"/checkMemberGroups", `{"groupIds":[`+strings.Repeat(`"x",`, 20)+`"x"]}`, 400, "Request_BadRequest", "At most 20 groups can be checked at once.")
	}
}

func TestDirectoryObjects(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		user, group, role := d.users["anna"].UserID, d.newGroup("Staff").GroupID, idp.DerivedID(tenantID, "62e90394-69f5-4237-9190-012177145e10")
		for id, kind := range map[string]string{user: "user", group: "group", role: "directoryRole"} {
			o := d.as("all", "GET", at+"/directoryObjects/"+strings.ToUpper(id), "").json()
			if o["id"] != id || o["@odata.type"] != "#microsoft.graph."+kind || o["@odata.context"] != base+at+"/$metadata#directoryObjects/$entity" {
				t.Errorf("%v", o)
			}
		}
		theirs := d.foreignUser().UserID
		ids := `{"ids":["` + user + `","` + noID + `","` + group + `","` + role + `","` + theirs + `"]`
		for types, want := range map[string][]string{``: {user, group, role}, `,"types":["user","group"]`: {user, group}, `,"types":["directoryObject"]`: {user, group, role}, `,"types":["device"]`: {}} {
			sameIDs(t, types, d.as("all", "POST", at+"/directoryObjects/getByIds", ids+types+"}").ids(), want...)
		}
		sameIDs(t, "an app that reads users", d.as("users", "POST", at+"/directoryObjects/getByIds", ids+"}").ids(), user)
		sameIDs(t, "an app that reads groups", d.as("groups", "POST", at+"/directoryObjects/microsoft.graph.getByIds", ids+"}").ids(), group)
		if id := d.as("groups", "GET", at+"/directoryObjects/"+group, "").json()["id"]; id != group {
			t.Error(id)
		}
		d.wants("groups", "GET", at+"/directoryObjects/"+user, "", 404, "Request_ResourceNotFound", noResource(user))
		for _, id := range []string{user, group, noID} {
			d.wants("bare", "GET", at+"/directoryObjects/"+id, "", 403, "Authorization_RequestDenied", deniedText)
			d.wants("bare", "POST", at+"/directoryObjects/getByIds", `{"ids":["`+id+`"]}`, 403, "Authorization_RequestDenied", deniedText)
		}
		for _, id := range []string{theirs, noID, "anna@contoso.example"} {
			d.wants("all", "GET", at+"/directoryObjects/"+id, "", 404, "Request_ResourceNotFound", noResource(id))
		}
	}
}

func TestReferred(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://graph.microsoft.com/v1.0/directoryObjects/" + noID:             noID,
		"https://graph.microsoft.com/v1.0/users/" + strings.ToUpper(noID) + "/": noID,
		"https://latchkey.example/v1.0/directoryObjects('" + noID + "')":        noID,
		"https://latchkey.example/v1.0/users/a%40b.example?x=/y":                "a@b.example",
		"/users/" + noID: noID, "": "", "/": "", noID: "", "https://x/%zz": "", "https://x/a//": "",
	} {
		if got, err := referred(address); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", address, got, err)
		}
	}
}
