package graph

import (
	"strings"
	"testing"

	"github.com/microsoftgraph/msgraph-sdk-go/groups"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

func (d *day) groups(t *testing.T) {
	g := models.NewGroup()
	g.SetDisplayName(new("Night shift"))
	g.SetDescription(new("Who works at night"))
	g.SetMailNickname(new("night-shift"))
	g.SetMailEnabled(new(false))
	g.SetSecurityEnabled(new(true))
	made := must(d.Groups().Post(t.Context(), g, nil))(t)
	d.group = of(made.GetId())
	wantEqual(t, "status", wire.last().status, 201)
	found := must(d.Groups().Get(t.Context(), &groups.GroupsRequestBuilderGetRequestConfiguration{
		QueryParameters: &groups.GroupsRequestBuilderGetQueryParameters{Filter: new("displayName eq 'Night shift'")},
	}))(t)
	wantEqual(t, "groups", strings.Join(idsOf(found.GetValue()), " "), d.group)
	one := d.Groups().ByGroupId(d.group)
	wantEqual(t, "description", of(must(one.Get(t.Context(), nil))(t).GetDescription()), "Who works at night")
	change := models.NewGroup()
	change.SetDescription(new("Who works from ten to six"))
	_, err := one.Patch(t.Context(), change, nil)
	wantNone(t, err)
	wantEqual(t, "status", wire.last().status, 204)

	for range 2 { // with the id that the SDK's examples use, and then once too often
		ref := models.NewReferenceCreate()
		ref.SetOdataId(new("https://graph.microsoft.com/v1.0/directoryObjects/" + d.mira))
		err = one.Members().Ref().Post(t.Context(), ref, nil)
		if wire.last().status != 204 {
			break
		}
	}
	wantRefused(t, err, 400, "Request_BadRequest", "One or more added object references already exist for the following modified properties: 'members'.")
	d.members(t)

	wantNone(t, one.Members().ByDirectoryObjectId(d.mira).Ref().Delete(t.Context(), nil))
	wantEqual(t, "members after", len(must(one.Members().Get(t.Context(), nil))(t).GetValue()), 0)
	wantRefused(t, one.Members().ByDirectoryObjectId(d.mira).Ref().Delete(t.Context(), nil), 404, "Request_ResourceNotFound", "")
}

// members: the group's, in every way they can be asked for.
func (d *day) members(t *testing.T) {
	t.Helper()
	one := d.Groups().ByGroupId(d.group)
	for what, all := range map[string][]models.DirectoryObjectable{
		"members":            must(one.Members().Get(t.Context(), nil))(t).GetValue(),
		"transitive members": must(one.TransitiveMembers().Get(t.Context(), nil))(t).GetValue(),
	} {
		one := only(t, what, all)
		wantEqual(t, what, of(one.GetId()), d.mira)
		if !is[models.Userable](one) {
			t.Errorf("%s: one is a %T", what, one)
		}
	}
	names := users.NewItemGetMemberGroupsPostRequestBody()
	names.SetSecurityEnabledOnly(new(true))
	in := must(d.Users().ByUserId(d.mira).GetMemberGroups().PostAsGetMemberGroupsPostResponse(t.Context(), names, nil))(t).GetValue()
	wantEqual(t, "groups", strings.Join(in, " "), d.group)
	object := must(d.DirectoryObjects().ByDirectoryObjectId(d.mira).Get(t.Context(), nil))(t)
	if !is[models.Userable](object) {
		t.Errorf("the directory object is a %T", object)
	}
	cast := must(one.Members().GraphUser().Get(t.Context(), nil))(t).GetValue()
	wantEqual(t, "members that are users", strings.Join(idsOf(cast), " "), d.mira)
	count := must(one.Members().Count().Get(t.Context(), &groups.ItemMembersCountRequestBuilderGetRequestConfiguration{Headers: eventual()}))(t)
	wantEqual(t, "count of members", of(count), 1)

	for what, all := range map[string][]models.DirectoryObjectable{
		"member of":            must(d.Users().ByUserId(d.mira).MemberOf().Get(t.Context(), nil))(t).GetValue(),
		"transitive member of": must(d.Users().ByUserId(d.mira).TransitiveMemberOf().Get(t.Context(), nil))(t).GetValue(),
	} {
		g := only(t, what, all)
		wantEqual(t, what, of(g.GetId()), d.group)
		if !is[models.Groupable](g) {
			t.Errorf("%s: one is a %T", what, g)
		}
	}
}
