package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// newest is the newest line of the audit log as the API shows it.
func (a *archive) newest() object {
	a.t.Helper()
	values, _ := a.read("/v1.0/auditLogs/directoryAudits?$top=1").json()["value"].([]any)
	if len(values) != 1 {
		a.t.Fatalf("%v", values)
	}
	return values[0].(object)
}

// tick moves the clock on, so that events sort.
func (a *archive) tick() { a.now = a.now.Add(time.Second) }

// TestDirectoryAudit is the line of a pass that a person gave through an app, in the texts
// that other software matches on.
func TestDirectoryAudit(t *testing.T) {
	a := newArchive(t)
	_, err := a.admin.UpdatePassPolicy(a.ctx, clerk, tenantID, admin.PassPolicyChange{Enabled: new(true)})
	a.must(err)
	a.now = a.now.Add(time.Minute + 1500*time.Nanosecond)
	_, _, err = a.admin.CreatePass(a.ctx, a.callers["global"].Actor, tenantID, a.anna.UserID, idp.PassRequest{Reason: "New phone"})
	a.must(err)
	a.put(tenantID, a.anna)
	audit := fmt.Sprintf(`"id": %q, "activityDateTime": "2026-11-24T09:01:00.0000015Z", "activityDisplayName": "Admin registered security info",
		"category": "UserManagement", "correlationId": "0d6f4a10-0000-4000-8000-000000000001", "loggedByService": "Authentication Methods", "operationType": "Add",
		"result": "success", "resultReason": "Admin registered temporary access pass method for user",
		"initiatedBy": {
			"user": {"id": %q, "displayName": "The global", "userPrincipalName": "global@contoso.example", "ipAddress": "192.0.2.7"},
			"app": {"appId": "console", "displayName": "Console", "servicePrincipalId": null, "servicePrincipalName": null}},
		"targetResources": [{"id": %q, "displayName": "The anna", "type": "User", "userPrincipalName": "anna@contoso.example", "groupType": null, "modifiedProperties": []}],
		"additionalDetails": [{"key": "reason", "value": "New phone"}]`, a.newest()["id"], a.callers["global"].Actor.ID, a.anna.UserID)
	for _, version := range []string{"v1.0", "beta"} {
		a.read("/"+version+"/auditLogs/directoryAudits/"+a.newest()["id"].(string)).is(200, `{"@odata.context": "`+base+`/`+version+`/$metadata#auditLogs/directoryAudits/$entity", `+audit+`}`)
		a.read("/"+version+"/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Admin registered security info'").is(200, `{"@odata.context": "`+base+`/`+version+`/$metadata#auditLogs/directoryAudits", "value": [{`+audit+`}]}`)
	}
}

// TestInitiatedBy: who may have done something.
func TestInitiatedBy(t *testing.T) {
	a := newArchive(t)
	create := func(by idp.Actor, name string) object {
		a.tick()
		_, err := a.admin.CreateGroup(a.ctx, by, tenantID, idp.Group{Name: name})
		a.must(err)
		return a.newest()["initiatedBy"].(object)
	}
	anyApp := object{"appId": nil, "displayName": "Latchkey command line (otto)", "servicePrincipalId": nil, "servicePrincipalName": nil}
	same := func(got, user, app any) {
		t.Helper()
		if g := got.(object); fmt.Sprint(g["user"]) != fmt.Sprint(user) || fmt.Sprint(g["app"]) != fmt.Sprint(app) || len(g) != 2 {
			t.Errorf("%v, want %v and %v", got, user, app)
		}
	}
	same(create(clerk, "A"), nil, anyApp)
	owner := a.person("owner", idp.GlobalAdministrator)
	same(create(idp.Person(tenantID, owner), "B"), object{"id": owner.UserID, "displayName": "The owner", "userPrincipalName": "owner@contoso.example", "ipAddress": nil}, nil)
	machine := idp.Actor{Party: idp.Party{Type: idp.ActorClient, ID: "robot", Name: "Robot"}, Tenant: tenantID, Permissions: []string{"Group.ReadWrite.All"}}
	same(create(machine, "C"), nil, object{"appId": "robot", "displayName": "Robot", "servicePrincipalId": nil, "servicePrincipalName": nil})
	e := idp.NewEvent(idp.Directory, a.now.Add(time.Second))
	e.Actor = idp.Party{Type: "registrationToken", ID: elsewhereID, Name: "Partners"}
	a.append(tenantID, e)
	same(a.newest()["initiatedBy"], nil, object{"appId": nil, "displayName": "Partners", "servicePrincipalId": nil, "servicePrincipalName": nil})
}

// TestTargetResources: each kind of thing that is changed, and how.
func TestTargetResources(t *testing.T) {
	a := newArchive(t)
	a.tick()
	g, err := a.admin.CreateGroup(a.ctx, clerk, tenantID, idp.Group{Name: "Staff"})
	a.must(err)
	role, _ := idp.FindRole(idp.ReportsReader)
	annaResource := object{"id": a.anna.UserID, "displayName": "The anna", "type": "User", "userPrincipalName": "anna@contoso.example", "groupType": nil, "modifiedProperties": []any{}}
	staff := object{"id": g.GroupID, "displayName": "Staff", "type": "Group", "userPrincipalName": nil, "groupType": "azureAD", "modifiedProperties": []any{}}
	for _, c := range []struct {
		activity, operation, category string
		do                            func() error
		targets                       []any // nil: only the type of the first is looked at
		kind                          string
	}{
		{"Update group", "Update", "GroupManagement", func() error {
			_, err := a.admin.UpdateGroup(a.ctx, clerk, tenantID, g.GroupID, admin.GroupChange{Description: new("All of us")})
			return err
		}, []any{object{"id": g.GroupID, "displayName": "Staff", "type": "Group", "userPrincipalName": nil, "groupType": "azureAD", "modifiedProperties": []any{
			object{"displayName": "Description", "oldValue": nil, "newValue": `"All of us"`},
		}}}, ""},
		{"Add member to group", "Assign", "GroupManagement", func() error {
			_, err := a.admin.AddMember(a.ctx, clerk, tenantID, g.GroupID, a.anna.UserID)
			return err
		}, []any{annaResource, staff}, ""},
		{"Remove member from group", "Unassign", "GroupManagement", func() error {
			_, err := a.admin.RemoveMember(a.ctx, clerk, tenantID, g.GroupID, a.anna.UserID)
			return err
		}, []any{annaResource, staff}, ""},
		{"Add member to role", "Assign", "RoleManagement", func() error {
			_, err := a.admin.AssignRole(a.ctx, clerk, tenantID, role.Name, a.anna.UserID)
			return err
		}, []any{annaResource, object{"id": role.TemplateID, "displayName": role.Name, "type": "Role", "userPrincipalName": nil, "groupType": nil, "modifiedProperties": []any{}}}, ""},
		{"Remove member from role", "Unassign", "RoleManagement", func() error { return a.admin.RemoveRole(a.ctx, clerk, tenantID, role.Name, a.anna.UserID) }, nil, "User"},
		{"Add role from template", "Add", "RoleManagement", func() error {
			_, err := a.admin.ActivateRole(a.ctx, clerk, tenantID, idp.SecurityReader)
			return err
		}, nil, "Role"},
		{"Authentication Methods Policy Update", "Update", "Policy", func() error {
			_, err := a.admin.UpdatePassPolicy(a.ctx, clerk, tenantID, admin.PassPolicyChange{Enabled: new(true)})
			return err
		}, []any{object{"id": "authenticationMethods", "displayName": "Temporary Access Pass", "type": "Policy", "userPrincipalName": nil, "groupType": nil, "modifiedProperties": []any{
			object{"displayName": "Enabled", "oldValue": "false", "newValue": "true"},
		}}}, ""},
		{"Invite external user", "Add", "UserManagement", func() error {
			_, err := a.admin.Invite(a.ctx, clerk, tenantID, admin.InvitationRequest{Email: "g@fabrikam.example", RedirectURL: "https://app.example"})
			return err
		}, nil, "User"},
		{"Add application", "Add", "ApplicationManagement", func() error {
			_, _, err := a.admin.CreateClient(a.ctx, clerk, tenantID, idp.Client{Name: "Robot", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantClient}})
			return err
		}, nil, "Application"},
		{"Add registration token", "Add", "ApplicationManagement", func() error {
			_, _, err := a.admin.CreateInitialToken(a.ctx, clerk, tenantID, "Partners", 1, time.Hour)
			return err
		}, nil, "Other"},
		{"Delete user", "Delete", "UserManagement", func() error { return a.admin.DeleteUser(a.ctx, clerk, tenantID, a.anna.UserID) }, nil, "User"},
		{"Add verified domain", "Add", "DirectoryManagement", func() error {
			_, err := a.admin.AddDomain(a.ctx, clerk, tenantID, "contoso.test")
			return err
		}, []any{object{"id": tenantID, "displayName": "Contoso", "type": "Directory", "userPrincipalName": nil, "groupType": nil, "modifiedProperties": []any{
			object{"displayName": "Domains", "oldValue": `["contoso.example"]`, "newValue": `["contoso.example","contoso.test"]`},
		}}}, ""},
		{"Remove verified domain", "Delete", "DirectoryManagement", func() error {
			_, err := a.admin.RemoveDomain(a.ctx, clerk, tenantID, "contoso.test")
			return err
		}, nil, "Directory"},
		{"Update tenant", "Update", "DirectoryManagement", func() error {
			_, err := a.admin.UpdateTenant(a.ctx, clerk, tenantID, admin.TenantChange{Accent: new("#0a4b78")})
			return err
		}, nil, "Directory"},
	} {
		a.tick()
		a.must(c.do())
		e := a.newest()
		targets, _ := e["targetResources"].([]any)
		if e["activityDisplayName"] != c.activity || e["operationType"] != c.operation || e["category"] != c.category || len(targets) == 0 || e["resultReason"] != "" && c.kind == "" {
			t.Errorf("%v, want %s", e, c.activity)
			continue
		}
		if c.targets != nil && fmt.Sprint(targets) != fmt.Sprint(c.targets) {
			t.Errorf("%s: %v\nwant %v", c.activity, targets, c.targets)
		}
		if kind := targets[0].(object)["type"]; c.targets == nil && kind != c.kind {
			t.Errorf("%s is about a %v", c.activity, kind)
		}
	}
	if e := a.read("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Delete user'").json()["value"].([]any)[0].(object); dig(e["targetResources"].([]any)[0], "displayName") != nil || dig(e["targetResources"].([]any)[0], "userPrincipalName") != "anna@contoso.example" {
		t.Errorf("%v", e)
	}
}

// TestOperationTypes: every activity that there is a name for.
func TestOperationTypes(t *testing.T) {
	for activity, want := range map[string]string{
		idp.UserRegistered: "Add", idp.AdminDeleted: "Delete", idp.UserDeleted: "Delete", idp.InviteRedeemed: "Update", idp.ConsentGiven.Name: "Assign",
		idp.SessionsRevoked.Name: "Update", idp.KeysRotated.Name: "Update", idp.TenantAdded.Name: "Add", idp.ClientRegistered.Name: "Add",
		idp.ClientSecretNew.Name: "Update", idp.PassRequested.Name: "Add", idp.PassApproved.Name: "Update", idp.PassDenied.Name: "Update", idp.APIRemoved.Name: "Delete",
	} {
		if got := operationOf(activity); got != want {
			t.Errorf("%s: %s, want %s", activity, got, want)
		}
	}
}

// TestAuditFilters finds what scripts look for, from both ends, and what is told of the
// tenant in between.
func TestAuditFilters(t *testing.T) {
	a := newArchive(t)
	global := a.callers["global"].Actor
	var names []string
	for i, do := range []func() error{
		func() error {
			_, err := a.admin.CreateUser(a.ctx, clerk, tenantID, idp.User{PrincipalName: "u@contoso.example", DisplayName: "U"})
			return err
		},
		func() error {
			_, err := a.admin.UpdateTenant(a.ctx, clerk, tenantID, admin.TenantChange{Name: new("Contoso Ltd")})
			return err
		},
		func() error {
			_, err := a.admin.UpdateUser(a.ctx, global, tenantID, a.anna.UserID, admin.UserChange{DisplayName: new("Anna")})
			return err
		},
		func() error {
			_, err := a.admin.UpdateTenant(a.ctx, clerk, elsewhereID, admin.TenantChange{Name: new("Fabrikam Ltd")})
			return err
		},
		func() error { return a.admin.DeleteUser(a.ctx, global, tenantID, a.anna.UserID) },
	} {
		a.now = epoch.Add(time.Duration(i) * time.Hour)
		a.must(do())
	}
	a.signIn(0, nil)
	byID := map[string]int{}
	all, _ := a.everything("/v1.0/auditLogs/directoryAudits?$top=1")
	for i, id := range all {
		byID[id] = len(all) - 1 - i
		names = append(names, a.read("/v1.0/auditLogs/directoryAudits/" + id).json()["activityDisplayName"].(string))
	}
	if got := strings.Join(names, ", "); got != "Delete user, Update user, Update tenant, Add user" {
		t.Fatal(got)
	}
	for query, want := range map[string][]int{
		"": {3, 2, 1, 0}, "&$orderby=activityDateTime desc": {3, 2, 1, 0}, "&$orderby=activityDateTime": {0, 1, 2, 3}, "&$orderby=activityDateTime asc&$top=1": {0, 1, 2, 3},
		"&$filter=activityDateTime ge 2026-11-24T10:00:00Z and activityDateTime le 2026-11-24T11:00:00Z":                                  {2, 1},
		"&$orderby=activityDateTime&$top=1&$filter=activityDateTime ge 2026-11-24T10:00:00Z and activityDateTime le 2026-11-24T11:00:00Z": {1, 2},
		"&$filter=activityDateTime lt 2026-11-24T10:00:00Z":                                                                               {0}, "&$filter=category eq 'usermanagement'": {3, 2, 0}, "&$filter=category eq 'DirectoryManagement'": {1},
		"&$filter=activityDisplayName eq 'Update user'": {2}, "&$filter=startswith(activityDisplayName,'update')": {2, 1}, "&$filter=loggedByService eq 'Core Directory'": {3, 2, 1, 0},
		"&$filter=initiatedBy/user/id eq '" + global.ID + "'": {3, 2}, "&$filter=initiatedBy/user/userPrincipalName eq 'global@contoso.example'": {3, 2},
		"&$filter=initiatedBy/user/id eq null": {1, 0}, "&$filter=startswith(initiatedBy/app/displayName,'Latchkey command line')": {1, 0}, "&$filter=initiatedBy/app/appId eq 'console'": {3, 2},
		"&$filter=targetResources/any(t:t/id eq '" + a.anna.UserID + "')": {3, 2}, "&$filter=targetResources/any(t:t/id eq '" + tenantID + "')": {1}, "&$filter=targetResources/any(t: t/type eq 'User' and startswith(t/userPrincipalName,'u@'))": {0},
		"&$filter=correlationId eq '" + global.RequestID + "'": {3, 2}, "&$filter=operationType eq 'Add'": {0}, "&$filter=result eq 'failure'": {}, "&$filter=resultReason eq ''": {3, 2, 1, 0},
		"&$top=1&$filter=category eq 'UserManagement' and activityDateTime ge 2026-11-24T11:00:00Z": {3, 2},
	} {
		got := []int{}
		ids, _ := a.everything("/v1.0/auditLogs/directoryAudits?" + strings.TrimPrefix(query, "&"))
		for _, id := range ids {
			got = append(got, byID[id])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	if got := a.as("elsewhere", "GET", "/v1.0/auditLogs/directoryAudits", "").ids(); len(got) != 1 {
		t.Errorf("the other tenant has %v", got)
	}
	foreign, _, err := a.admin.Events(a.ctx, clerk, elsewhereID, idp.Directory, storage.Page{})
	a.must(err)
	a.read("/v1.0/auditLogs/directoryAudits/"+foreign[0].EventID).refused(404, "Request_ResourceNotFound")
}
