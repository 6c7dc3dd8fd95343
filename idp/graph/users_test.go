package graph

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

const newUserBody = `{"accountEnabled":true,"displayName":"Bob","mailNickname":"bob","userPrincipalName":"Bob@contoso.example",` +
	`"passwordProfile":{"password":"xWwvJ]6NMw+bWH-d","forceChangePasswordNextSignIn":true}`

// TestUserLife: a user is made, read, changed and removed in the shapes of Graph.
func TestUserLife(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		a := d.as("all", "POST", at+"/users", newUserBody+`,"@odata.type":"#microsoft.graph.user","id":"ignored","unknown":1}`)
		id, _ := a.json()["id"].(string)
		want := object{
			"@odata.context": base + at + "/$metadata#users/$entity", "id": id, "businessPhones": []any{}, "displayName": "Bob", "givenName": nil, "jobTitle": nil,
			"mail": nil, "mobilePhone": nil, "officeLocation": nil, "preferredLanguage": nil, "surname": nil, "userPrincipalName": "bob@contoso.example",
		}
		a.same(201, want)
		if got := a.Header().Get("Location"); got != base+at+"/users/"+id || !idp.IsID(id) {
			t.Errorf("Location: %s", got)
		}
		for _, name := range []string{id, strings.ToUpper(id), "bob@contoso.example", "BOB%40contoso.example"} {
			d.as("all", "GET", at+"/users/"+name, "").same(200, want)
			d.as("all", "GET", at+"/users('"+name+"')", "").same(200, want)
		}
		d.done("PATCH", at+"/users/bob%40contoso.example", `{"displayName":"Bob Berg","givenName":"Bob","surname":"Berg","jobTitle":"Baker","mail":"Bob@example.com",`+
			`"mobilePhone":"+46 8 123","officeLocation":"S/2","preferredLanguage":"sv-SE","businessPhones":["+46 8 1"],"accountEnabled":false,"userType":"guest",`+
			`"companyName":"Contoso","department":"Bread","employeeId":"77","mailNickname":"bobb","usageLocation":"SE","otherMails":["b@example.org"],"userPrincipalName":"ROB@contoso.example"}`)
		_, shown := readOnly(users)
		d.as("all", "GET", at+"/users/"+id+"?$select="+strings.Join(shown, ","), "").same(200, object{
			"@odata.context": base + at + "/$metadata#users(" + strings.Join(shown, ",") + ")/$entity",
			"id":             id, "displayName": "Bob Berg", "givenName": "Bob", "surname": "Berg", "jobTitle": "Baker", "mail": "Bob@example.com",
			"mobilePhone": "+46 8 123", "officeLocation": "S/2", "preferredLanguage": "sv-SE", "businessPhones": []any{"+46 8 1"}, "accountEnabled": false, "userType": "Guest",
			"companyName": "Contoso", "department": "Bread", "employeeId": "77", "mailNickname": "bobb", "usageLocation": "SE", "otherMails": []any{"b@example.org"},
			"userPrincipalName": "rob@contoso.example", "createdDateTime": "2026-11-24T09:00:00Z", "creationType": nil, "externalUserState": nil, "externalUserStateChangeDateTime": nil,
			"identities":                      []any{object{"signInType": "userPrincipalName", "issuer": "contoso.example", "issuerAssignedId": "rob@contoso.example"}},
			"signInSessionsValidFromDateTime": "2026-11-24T09:00:00Z", "assignedLicenses": []any{}, "deletedDateTime": nil, "lastPasswordChangeDateTime": nil,
			"onPremisesSyncEnabled": nil, "passwordPolicies": nil, "passwordProfile": nil, "signInActivity": nil,
		})
		d.done("PATCH", at+"/users/"+id, `{"mail":null,"businessPhones":null,"otherMails":[],"jobTitle":null,"userType":"Member"}`)
		o := d.as("all", "GET", at+"/users/"+id+"?$select=mail,businessPhones,otherMails,jobTitle,userType,surname", "").json()
		if o["mail"] != nil || len(o["businessPhones"].([]any))+len(o["otherMails"].([]any)) != 0 || o["jobTitle"] != nil || o["userType"] != "Member" || o["surname"] != "Berg" {
			t.Errorf("%v", o)
		}
		d.done("DELETE", at+"/users/rob@contoso.example", "")
		d.wants("all", "DELETE", at+"/users/"+id, "", 404, "Request_ResourceNotFound", noResource(id))
	}
}

// TestUserRequired: what Graph requires of a new user is required here.
func TestUserRequired(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	for _, p := range users.properties {
		if !p.flags.has(required) {
			continue
		}
		body := object{}
		d.must(json.Unmarshal([]byte(newUserBody+"}"), &body))
		delete(body, p.name)
		raw, _ := json.Marshal(body)
		d.wants("all", "POST", "/v1.0/users", string(raw), 400, "Request_BadRequest", "A value is required for property '"+p.name+"' of resource 'user'.")
		if !p.flags.has(onCreate) {
			d.wants("all", "PATCH", "/v1.0/users/anna@contoso.example", `{"jobTitle":"x","`+p.name+`":null}`, 400, "Request_BadRequest", "Property '"+p.name+"' cannot be null.")
		}
	}
	for body, message := range map[string]string{
		strings.Replace(newUserBody, "xWwvJ]6NMw+bWH-d", "", 1) + "}":                      "A password must be specified to create a new user.",
		strings.Replace(newUserBody, `"xWwvJ]6NMw+bWH-d"`, "1", 1) + "}":                   "Invalid value specified for property 'passwordProfile/password': expected String.",
		strings.Replace(newUserBody, "Bob@", "anna@", 1) + "}":                             "Another object with the same value for property userPrincipalName already exists.",
		strings.Replace(newUserBody, "Bob@", "ANNA@", 1) + "}":                             "Another object with the same value for property userPrincipalName already exists.",
		strings.Replace(newUserBody, "Bob@contoso.example", "bob", 1) + "}":                "A user name looks like an e-mail address: name@contoso.example.",
		strings.Replace(newUserBody, "contoso.example", "x.example", 1) + "}":              `"x.example" is not a domain of Contoso. Its domains: contoso.example.`,
		newUserBody + `,"userType":"Boss"}`:                                                "Invalid value specified for property 'userType': expected one of Member, Guest.",
		newUserBody + `,"mail":"no address"}`:                                              `"no address" is not an e-mail address.`,
		newUserBody + `,"businessPhones":"1"}`:                                             "Invalid value specified for property 'businessPhones': expected Collection(String).",
		newUserBody + `,"usageLocation":"Sweden"}`:                                         `The usage location "Sweden" is no country code of two letters.`,
		newUserBody + `,"DisplayName":"Twice"}`:                                            "The JSON payload has a property twice.",
		strings.Replace(newUserBody, `"displayName":"Bob"`, `"x":1`, 1) + "}":              "A value is required for property 'displayName' of resource 'user'.",
		strings.Replace(newUserBody, `"Bob",`, `"`+strings.Repeat("é", 200)+`",`, 1) + "}": "A user needs a display name of at most 256 bytes, without control characters.",
	} {
		d.wants("all", "POST", "/v1.0/users", body, 400, "Request_BadRequest", message)
	}
}

func TestUserPatchRefused(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		anna := at + "/users/" + d.users["anna"].UserID
		testReadOnly(d, users, anna)
		const taken = "Another object with the same value for property userPrincipalName already exists."
		d.wants("all", "PATCH", anna, `{"jobTitle":"x","userPrincipalName":"Auth@contoso.example"}`, 400, "Request_BadRequest", taken)
		d.wants("all", "PATCH", anna, `{"userType":null}`, 400, "Request_BadRequest", "Property 'userType' cannot be null.")
		d.wants("all", "PATCH", anna, `{"userPrincipalName":"anna@elsewhere.example"}`, 400, "Request_BadRequest", `"elsewhere.example" is not a domain of Contoso. Its domains: contoso.example.`)
		d.wants("users", "PATCH", anna, `{"jobTitle":"x"}`, 403, "Authorization_RequestDenied", deniedText)
		d.wants("plain", "PATCH", at+"/me", `{"jobTitle":"x"}`, 403, "Authorization_RequestDenied", deniedText)
		d.done("PATCH", anna, `{"unknown":1}`)
	}
}

// TestGuestType: userType says whose somebody is, and never where they prove themselves.
func TestGuestType(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	kind := func(id string) idp.UserType {
		u, err := d.admin.User(t.Context(), operator, tenantID, id)
		d.must(err)
		return u.Type
	}
	guest, anna := d.invited("gast@fabrikam.example", true).UserID, d.users["anna"].UserID
	for _, step := range []struct {
		id, to string
		want   idp.UserType
	}{
		{anna, "Guest", idp.InternalGuest}, {anna, "Guest", idp.InternalGuest}, {anna, "Member", idp.Member},
		{guest, "Member", idp.ExternalMember}, {guest, "Guest", idp.ExternalGuest},
	} {
		d.done("PATCH", "/v1.0/users/"+step.id, `{"userType":"`+step.to+`"}`)
		if got := kind(step.id); got != step.want {
			t.Errorf("%s: %s, want %s", step.to, got, step.want)
		}
	}
	a := d.as("all", "POST", "/v1.0/users", newUserBody+`,"userType":"Guest"}`)
	if id, _ := a.json()["id"].(string); a.Code != 201 || kind(id) != idp.InternalGuest {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// TestMailChanged: that an address was verified says nothing of another.
func TestMailChanged(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	anna := d.users["anna"].UserID
	_, err := d.admin.UpdateUser(t.Context(), operator, tenantID, anna, adminProfile("anna@example.com"))
	d.must(err)
	for i, step := range []struct {
		body   string
		verify bool
	}{{`{"jobTitle":"x"}`, true}, {`{"mail":"anna@example.com"}`, true}, {`{"mail":"eve@example.com"}`, false}, {`{"mail":"anna@example.com"}`, false}} {
		d.now = d.now.Add(time.Minute)
		d.done("PATCH", "/v1.0/users/"+anna, step.body)
		u, err := d.admin.User(t.Context(), operator, tenantID, anna)
		d.must(err)
		if u.Profile.EmailVerified != step.verify || u.Profile.UpdatedAt.Equal(d.now) != (i > 1) {
			t.Errorf("%s: %+v", step.body, u.Profile)
		}
	}
}

// TestGuestNames: an invited guest is found under every encoding of the name, and shown
// as Graph does.
func TestGuestNames(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	waiting, accepted := d.invited("o'neil@fabrikam.example", false), d.invited("Eva_Maria@fabrikam.example", true)
	const shown = "eva_maria_fabrikam.example#EXT#@contoso.example"
	for _, name := range []string{
		"eva_maria_fabrikam.example%23EXT%23%40contoso.example", "eva_maria_fabrikam.example%23ext%23@contoso.example",
		"EVA_MARIA_FABRIKAM.EXAMPLE%23EXT%23%40CONTOSO.EXAMPLE", accepted.UserID,
	} {
		for _, path := range []string{"/v1.0/users/" + name, "/beta/users('" + name + "')"} {
			if o := d.as("all", "GET", path, "").json(); o["id"] != accepted.UserID || o["userPrincipalName"] != shown || o["mail"] != "eva_maria@fabrikam.example" {
				t.Errorf("%s: %v", path, o)
			}
		}
	}
	if o := d.as("all", "GET", "/v1.0/users('o''neil_fabrikam.example%23EXT%23@contoso.example')", "").json(); o["id"] != waiting.UserID {
		t.Errorf("%v", o)
	}
	const columns = "?$select=creationType,externalUserState,externalUserStateChangeDateTime,identities,userType"
	for id, want := range map[string]object{
		waiting.UserID: {"externalUserState": "PendingAcceptance", "identities": []any{
			object{"signInType": "userPrincipalName", "issuer": "contoso.example", "issuerAssignedId": "o'neil_fabrikam.example#EXT#@contoso.example"},
		}},
		accepted.UserID: {"externalUserState": "Accepted", "identities": []any{
			object{"signInType": "federated", "issuer": "mail", "issuerAssignedId": "eva_maria@fabrikam.example"},
			object{"signInType": "userPrincipalName", "issuer": "contoso.example", "issuerAssignedId": shown},
		}},
	} {
		want["@odata.context"] = base + "/v1.0/$metadata#users(creationType,externalUserState,externalUserStateChangeDateTime,identities,userType)/$entity"
		want["creationType"], want["externalUserStateChangeDateTime"], want["userType"] = "Invitation", "2026-11-24T09:00:00Z", "Guest"
		d.as("all", "GET", "/v1.0/users/"+id+columns, "").same(200, want)
	}
}

func TestUserFilters(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	guest := d.invited("eva@fabrikam.example", true)
	anna, bob := d.users["anna"].UserID, d.newUser("bob", idp.Member).UserID
	d.done("PATCH", "/v1.0/users/"+anna, `{"mail":"Anna@Example.com","department":"Bread","accountEnabled":false}`)
	d.done("PATCH", "/v1.0/users/"+bob, `{"mail":"anna@example.com"}`)
	for filter, want := range map[string][]string{
		"userPrincipalName eq 'ANNA@contoso.example'":                            {anna},
		"userPrincipalName eq 'eva_fabrikam.example#EXT#@contoso.example'":       {guest.UserID},
		"userPrincipalName eq 'nobody@contoso.example'":                          {},
		"userPrincipalName eq 'no name'":                                         {},
		"id eq '" + anna + "'":                                                   {anna},
		"id eq '" + strings.ToUpper(anna) + "'":                                  {anna},
		"id eq " + anna:                                                          {anna},
		"id eq '" + noID + "'":                                                   {},
		"id eq 'anna@contoso.example'":                                           {},
		"id in ('" + anna + "','" + bob + "')":                                   {anna, bob},
		"userPrincipalName eq 'anna@contoso.example' and accountEnabled eq true": {},
		"mail eq 'ANNA@example.com'":                                             {anna, bob},
		"mail eq 'anna@example.com' and id eq '" + bob + "'":                     {bob},
		"mail eq ''":              {},
		"accountEnabled eq false": {anna},
		"department eq 'bread'":   {anna},
		"userType eq 'Guest' and externalUserState eq 'Accepted'":                                         {guest.UserID},
		"creationType eq 'Invitation'":                                                                    {guest.UserID},
		"startsWith(userPrincipalName,'eva')":                                                             {guest.UserID},
		"endswith(mail,'@fabrikam.example')":                                                              {guest.UserID},
		"identities/any(c:c/issuerAssignedId eq 'eva@fabrikam.example' and c/issuer eq 'mail')":           {guest.UserID},
		"identities/any(c:c/issuerAssignedId eq 'bob@contoso.example' and c/issuer eq 'contoso.example')": {bob},
		"identities/any(c:c/issuerAssignedId eq 'bob@contoso.example' and c/issuer eq 'mail')":            {},
		"identities/any(c:c/issuer eq 'mail')":                                                            {guest.UserID},
		"createdDateTime gt 2026-11-24T09:00:00Z":                                                         {},
	} {
		sameIDs(t, filter, d.filtered("/v1.0/users", filter), want...)
		sameIDs(t, filter, d.filtered("/beta/users", filter), want...)
	}
	for _, filter := range []string{"passwordProfile eq null", "assignedLicenses/any()", "signInActivity/lastSignInDateTime lt 2026-11-24T09:00:00Z"} {
		d.as("all", "GET", "/v1.0/users?$filter="+url.PathEscape(filter), "").refused(400, "Request_UnsupportedQuery")
	}
	found := d.as("all", "GET", "/v1.0/users?$search="+url.PathEscape(`"mail:anna" OR "displayName:reader"`)+"&$orderby=displayName%20desc&$count=true&$top=1", "", "ConsistencyLevel: eventual")
	if ids := found.ids(); len(ids) != 1 || ids[0] != d.users["reader"].UserID || found.json()["@odata.count"] != 3.0 || found.json()["@odata.nextLink"] == nil {
		t.Errorf("%s", found.Body)
	}
	// An index is no way around the right to read.
	for _, filter := range []string{"", "?$filter=mail%20eq%20'anna@example.com'", "?$filter=id%20eq%20'" + bob + "'", "?$filter=id%20eq%20'" + noID + "'"} {
		d.wants("plain", "GET", "/v1.0/users"+filter, "", 403, "Authorization_RequestDenied", deniedText)
		d.wants("groups", "GET", "/v1.0/users"+filter, "", 403, "Authorization_RequestDenied", deniedText)
	}
}

// TestUserPages: every page together is every user once.
func TestUserPages(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	var want []string
	for _, u := range d.users {
		want = append(want, u.UserID)
	}
	for _, query := range []string{"?$top=2", "?$top=2&$orderby=userPrincipalName", "?$top=3&$filter=accountEnabled%20eq%20true"} {
		ids, pages := d.all("/v1.0/users"+query, "Authorization: Bearer all")
		sameIDs(t, query, ids, want...)
		if pages < 3 {
			t.Errorf("%s: %d pages", query, pages)
		}
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		anna, chief := d.users["anna"], d.users["global"]
		if o := d.as("plain", "GET", at+"/me", "").json(); o["id"] != anna.UserID || o["@odata.context"] != base+at+"/$metadata#users/$entity" {
			t.Errorf("%v", o)
		}
		if a := d.as("chief", "PATCH", at+"/me", `{"jobTitle":"Chief"}`); a.Code != 204 {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		if o := d.as("chief", "GET", at+"/me?$select=id,jobTitle", "").json(); o["id"] != chief.UserID || o["jobTitle"] != "Chief" {
			t.Errorf("%v", o)
		}
		d.wants("plain", "GET", at+"/users/"+chief.UserID, "", 403, "Authorization_RequestDenied", deniedText)
		d.wants("plain", "GET", at+"/users/"+noID, "", 403, "Authorization_RequestDenied", deniedText)
		d.wants("all", "GET", at+"/me", "", 400, "BadRequest", "/me request is only valid with delegated authentication flow.")
		if a := d.as("plain", "DELETE", at+"/me", ""); a.Code != 405 || a.Header().Get("Allow") != "GET, PATCH" {
			t.Errorf("%d %s", a.Code, a.Body)
		}
	}
}

func TestRevokeSignInSessions(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"/v1.0", "/beta"} {
		d := newDirectory(t)
		want := object{"@odata.context": base + at + "/$metadata#Edm.Boolean", "value": true}
		for i, call := range [][2]string{
			{"all", at + "/users/anna@contoso.example/revokeSignInSessions"}, {"plain", at + "/me/microsoft.graph.revokeSignInSessions()"},
			{"chief", at + "/users('" + d.users["anna"].UserID + "')/graph.revokeSignInSessions"},
		} {
			d.now = epoch.Add(time.Duration(i+1) * time.Hour)
			d.as(call[0], "POST", call[1], "").same(200, want)
			o := d.as("all", "GET", at+"/users/anna@contoso.example?$select=signInSessionsValidFromDateTime", "").json()
			if o["signInSessionsValidFromDateTime"] != formatTime(d.now) {
				t.Errorf("%s: %v", call[1], o)
			}
		}
		d.wants("users", "POST", at+"/users/anna@contoso.example/revokeSignInSessions", "", 403, "Authorization_RequestDenied", deniedText)
		d.wants("all", "POST", at+"/users/"+noID+"/revokeSignInSessions", "", 404, "Request_ResourceNotFound", noResource(noID))
	}
}

// TestForeignUsers: of another tenant's user nothing can be learnt.
func TestForeignUsers(t *testing.T) {
	t.Parallel()
	d := newDirectory(t)
	theirs := d.foreignUser()
	for _, call := range [][3]string{
		{"GET", "", ""}, {"PATCH", "", `{"displayName":"x"}`}, {"DELETE", "", ""}, {"POST", "/revokeSignInSessions", ""}, {"GET", "/memberOf", ""},
		{"GET", "/transitiveMemberOf/$count", ""}, {"POST", "/getMemberGroups", `{}`}, {"POST", "/checkMemberGroups", `{"groupIds":[]}`},
	} {
		for _, id := range []string{theirs.UserID, noID, "eva@fabrikam.test", "ev'a", "%00"} {
			plain, _ := url.PathUnescape(id)
			for _, who := range []string{"all", "chief"} {
				d.wants(who, call[0], "/v1.0/users/"+id+call[1], call[2], 404, "Request_ResourceNotFound", noResource(plain))
			}
		}
	}
	for _, id := range []string{theirs.UserID, noID} {
		d.wants("all", "GET", "/v1.0/directoryObjects/"+id, "", 404, "Request_ResourceNotFound", noResource(id))
	}
}
