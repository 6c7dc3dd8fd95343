package graph

import (
	"net/http"
	"slices"

	"latchkey/idp"
	"latchkey/idp/admin"
)

func groupRoutes() []route {
	const all, one = "/groups", "/groups/{group}"
	rows := []route{
		{
			method: http.MethodGet, path: all, handle: listGroups, counts: true, options: collectionOptions,
			summary: "List groups", action: idp.ReadGroup, out: groups, many: true,
		},
		{
			method: http.MethodPost, path: all, handle: createGroup, summary: "Create a group",
			action: idp.WriteGroup, in: groups, out: groups, status: http.StatusCreated,
		},
		{method: http.MethodGet, path: one, handle: groups.reads((*call).group), options: itemOptions, summary: "Read a group", action: idp.ReadGroup, out: groups},
		{method: http.MethodPatch, path: one, handle: updateGroup, summary: "Change a group, or add members to it", action: idp.WriteGroup, in: groups},
		{method: http.MethodDelete, path: one, handle: deleteGroup, summary: "Delete a group", action: idp.WriteGroup},
		{
			method: http.MethodPost, path: one + "/members/$ref", handle: addMember,
			summary: "Put a user into a group", action: idp.WriteMembers, in: reference,
		},
		{method: http.MethodDelete, path: one + "/members/$ref", handle: removeQueried, summary: "Take the user of the query's @id out of a group", action: idp.WriteMembers},
		{method: http.MethodDelete, path: one + "/members/{member}/$ref", handle: removeMember, summary: "Take a user out of a group", action: idp.WriteMembers},
	}
	members, nobody := gather(membersOf), gather(noneOfGroup)
	return slices.Concat(
		rows,
		members.casts(one+"/members", "List the members of a group", false, idp.ReadGroup),
		members.casts(one+"/transitiveMembers", "List the members of a group; groups do not nest", false, idp.ReadGroup),
		nobody.casts(one+"/owners", "List the owners of a group, which has none", false, idp.ReadGroup),
		nobody.casts(one+"/memberOf", "List what a group is in, which is nothing", false, idp.ReadGroup),
		nobody.casts(one+"/transitiveMemberOf", "List what a group is in, which is nothing", false, idp.ReadGroup),
	)
}

func listGroups(c *call) (reply, error) {
	return groups.list(c, func(after string, limit int) ([]*idp.Group, string, error) {
		return c.Admin.Groups(c.ctx(), c.Actor, c.Tenant.TenantID, pageAt(after, limit))
	})
}

func createGroup(c *call) (reply, error) {
	in := &groupInput{}
	if err := groups.readNew(c, in); err != nil {
		return reply{}, err
	}
	g := idp.Group{Name: *in.name, Nickname: *in.nickname, Guarded: in.guarded}
	if in.description != nil {
		g.Description = *in.description
	}
	made, err := c.Admin.CreateGroup(c.ctx(), c.Actor, c.Tenant.TenantID, g, in.members...)
	if err != nil {
		return reply{}, sameValue(err, "displayName")
	}
	return groups.created(c, made), nil
}

func (c *call) group() (*idp.Group, error) {
	return c.Admin.Group(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("group"))
}

func updateGroup(c *call) (reply, error) {
	in := &groupInput{}
	if err := groups.readChange(c, in); err != nil {
		return reply{}, err
	}
	change := admin.GroupChange{Name: in.name, Description: in.description, Nickname: in.nickname}
	switch {
	case len(in.members) == 0:
		_, err := c.Admin.UpdateGroup(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("group"), change)
		return noContent(), sameValue(err, "displayName")
	case change != admin.GroupChange{}:
		return reply{}, idp.Errorf(idp.Invalid, "Add members in a request of their own, which changes nothing else.")
	}
	err := c.Admin.AddMembers(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("group"), in.members)
	return noContent(), conflict(err, memberTwice)
}

func deleteGroup(c *call) (reply, error) {
	return noContent(), c.Admin.DeleteGroup(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("group"))
}

func membersOf(c *call) (source[directoryObject], error) {
	return func(after string, limit int) ([]directoryObject, string, error) {
		us, next, err := c.Admin.Members(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("group"), pageAt(after, limit))
		return userObjects(us), next, err
	}, nil
}

// noneOfGroup is what a group has none of, if there is the group.
func noneOfGroup(c *call) (source[directoryObject], error) {
	_, err := c.group()
	return objects.slice(nil), err
}

func addMember(c *call) (reply, error) {
	id, err := readReference(c)
	if err != nil {
		return reply{}, err
	}
	_, err = c.Admin.AddMember(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("group"), id)
	return noContent(), conflict(err, memberTwice)
}

func removeMember(c *call) (reply, error) { return c.leave(c.key("member")) }

func removeQueried(c *call) (reply, error) {
	id, err := c.queriedReference()
	if err != nil {
		return reply{}, err
	}
	return c.leave(id)
}

func (c *call) leave(id string) (reply, error) {
	_, err := c.Admin.RemoveMember(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("group"), id)
	return noContent(), err
}
