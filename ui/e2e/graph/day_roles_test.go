package graph

import (
	"strings"
	"testing"

	msgraph "github.com/microsoftgraph/msgraph-sdk-go"
	"github.com/microsoftgraph/msgraph-sdk-go/directoryroles"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/rolemanagement"
)

const (
	globalAdministrator   = "62e90394-69f5-4237-9190-012177145e10"
	helpdeskAdministrator = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	reportsReader         = "4a5d8f65-41da-4de4-8968-e035b65339cf"
)

func (d *day) roles(t *testing.T) {
	templates := must(d.DirectoryRoleTemplates().Get(t.Context(), nil))(t).GetValue()
	wantContains(t, "templates", idsOf(templates), globalAdministrator, helpdeskAdministrator)
	wantEqual(t, "template", of(must(d.DirectoryRoleTemplates().ByDirectoryRoleTemplateId(helpdeskAdministrator).Get(t.Context(), nil))(t).GetDisplayName()), "Helpdesk Administrator")

	_, err := d.DirectoryRoles().Post(t.Context(), roleFrom(helpdeskAdministrator), nil)
	wantRefused(t, err, 400, "Request_BadRequest", "A conflicting object with one or more of the specified property values is present in the directory.")
	wantContains(t, "roles", activeRoles(t, d.GraphServiceClient), globalAdministrator, helpdeskAdministrator)
	global := must(d.DirectoryRolesWithRoleTemplateId(new(globalAdministrator)).Get(t.Context(), nil))(t)
	wantEqual(t, "role", of(global.GetDisplayName()), "Global Administrator")
	members := must(d.DirectoryRoles().ByDirectoryRoleId(of(global.GetId())).Members().Get(t.Context(), nil))(t)
	wantContains(t, "global administrators", idsOf(members.GetValue()), contoso.person(t, "admin").ID)

	role := must(d.DirectoryRolesWithRoleTemplateId(new(helpdeskAdministrator)).Get(t.Context(), nil))(t)
	helpdesk := d.DirectoryRoles().ByDirectoryRoleId(of(role.GetId())).Members()
	ref := models.NewReferenceCreate()
	ref.SetOdataId(new(contoso.base + "/v1.0/directoryObjects/" + d.mira))
	wantNone(t, helpdesk.Ref().Post(t.Context(), ref, nil))
	wantContains(t, "helpdesk", idsOf(must(helpdesk.Get(t.Context(), nil))(t).GetValue()), d.mira)
	wantNone(t, helpdesk.Ref().Delete(t.Context(), &directoryroles.ItemMembersRefRequestBuilderDeleteRequestConfiguration{
		QueryParameters: &directoryroles.ItemMembersRefRequestBuilderDeleteQueryParameters{Id: ref.GetOdataId()},
	}))
}

// firstRoles: of a new organization only one role is in use, until others are activated.
func (d *day) firstRoles(t *testing.T) {
	other := organization{Domain: "adventure.example"}
	wantNone(t, contoso.command(&other, "tenant", "create", "Adventure", "--domain", other.Domain))
	g := newSDK(t, secretOf(t, other.ID, contoso.tool(t, other.Domain, "RoleManagement.ReadWrite.Directory")), contoso.base+"/.default")
	wantEqual(t, "roles", strings.Join(activeRoles(t, g), " "), globalAdministrator)
	made := must(g.DirectoryRoles().Post(t.Context(), roleFrom(helpdeskAdministrator), nil))(t)
	wantEqual(t, "status", wire.last().status, 201)
	wantEqual(t, "role", of(made.GetDisplayName()), "Helpdesk Administrator")
	wantEqual(t, "template", of(made.GetRoleTemplateId()), helpdeskAdministrator)
	wantContains(t, "roles", activeRoles(t, g), globalAdministrator, helpdeskAdministrator)
	_, err := g.Users().Get(t.Context(), nil) // this app may do something else
	wantRefused(t, err, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

func roleFrom(template string) models.DirectoryRoleable {
	r := models.NewDirectoryRole()
	r.SetRoleTemplateId(&template)
	return r
}

func activeRoles(t *testing.T, g *msgraph.GraphServiceClient) (templates []string) {
	t.Helper()
	for _, r := range must(g.DirectoryRoles().Get(t.Context(), nil))(t).GetValue() {
		templates = append(templates, of(r.GetRoleTemplateId()))
	}
	return templates
}

func (d *day) assignments(t *testing.T) {
	directory := d.RoleManagement().Directory()
	definitions := must(directory.RoleDefinitions().Get(t.Context(), nil))(t).GetValue()
	wantContains(t, "definitions", idsOf(definitions), globalAdministrator, reportsReader)
	one := must(directory.RoleDefinitions().ByUnifiedRoleDefinitionId(reportsReader).Get(t.Context(), nil))(t)
	wantEqual(t, "definition", of(one.GetDisplayName()), "Reports Reader")
	wantEqual(t, "built in", of(one.GetIsBuiltIn()), true)

	a := models.NewUnifiedRoleAssignment()
	a.SetPrincipalId(&d.mira)
	a.SetRoleDefinitionId(new(reportsReader))
	a.SetDirectoryScopeId(new("/"))
	made := must(directory.RoleAssignments().Post(t.Context(), a, nil))(t)
	wantEqual(t, "status", wire.last().status, 201)
	_, err := directory.RoleAssignments().Post(t.Context(), a, nil)
	wantRefused(t, err, 400, "Request_BadRequest", "")
	ofMira := func() []models.UnifiedRoleAssignmentable {
		return must(directory.RoleAssignments().Get(t.Context(), &rolemanagement.DirectoryRoleAssignmentsRequestBuilderGetRequestConfiguration{
			QueryParameters: &rolemanagement.DirectoryRoleAssignmentsRequestBuilderGetQueryParameters{Filter: new("principalId eq '" + d.mira + "'")},
		}))(t).GetValue()
	}
	got := only(t, "assignments", ofMira())
	wantEqual(t, "assignment", of(got.GetId()), of(made.GetId()))
	wantEqual(t, "scope", of(got.GetDirectoryScopeId()), "/")
	item := directory.RoleAssignments().ByUnifiedRoleAssignmentId(of(made.GetId()))
	wantEqual(t, "principal", of(must(item.Get(t.Context(), nil))(t).GetPrincipalId()), d.mira)
	role := only(t, "member of", must(d.Users().ByUserId(d.mira).MemberOf().Get(t.Context(), nil))(t).GetValue())
	if !is[models.DirectoryRoleable](role) {
		t.Errorf("member of a %T", role)
	}
	wantNone(t, item.Delete(t.Context(), nil))
	wantEqual(t, "assignments after", len(ofMira()), 0)
}
