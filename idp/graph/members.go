package graph

import (
	"net/http"

	"latchkey/idp"
)

func memberOfRoutes() []route {
	const user = "/users/{user}"
	from := gather(membershipsOf)
	rows := from.casts(user+"/memberOf", "List the groups and roles of a user", true, idp.ReadUser)
	rows = append(rows, from.casts(user+"/transitiveMemberOf", "List the groups and roles of a user; groups do not nest", true, idp.ReadUser)...)
	return append(rows,
		route{
			method: http.MethodPost, path: user + "/checkMemberGroups", handle: checkMemberGroups, me: true,
			summary: "Tell which of these groups a user is in", action: idp.ReadUser, in: groupIDs, status: http.StatusOK,
		},
		route{
			method: http.MethodPost, path: user + "/getMemberGroups", handle: getMemberGroups, me: true,
			summary: "List the ids of the groups a user is in", action: idp.ReadUser, in: securityOnly, status: http.StatusOK,
		},
	)
}

// membershipsOf are the groups and roles of the path's user.
func membershipsOf(c *call) (source[directoryObject], error) {
	groups, err := c.Admin.GroupsOf(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	if err != nil {
		return nil, err
	}
	roles, err := c.Admin.RolesOf(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	if err != nil {
		return nil, err
	}
	var all []directoryObject
	for _, g := range groups {
		all = append(all, directoryObject{group: g})
	}
	for _, r := range roles {
		all = append(all, directoryObject{role: &r})
	}
	return objects.unordered(all), nil
}

// groupIDs is the body of checkMemberGroups.
var groupIDs = &entity[none, map[string]bool]{name: "checkMemberGroupsBody", properties: []property[none, map[string]bool]{{
	name: "groupIds", kind: listOf(edmString), flags: required, set: readGroupIDs,
}}}

func readGroupIDs(in map[string]bool, v value) error {
	ids := v.texts()
	if len(ids) > 20 {
		return idp.Errorf(idp.Invalid, "At most 20 groups can be checked at once.")
	}
	for _, id := range ids {
		in[objectKey(id)] = true
	}
	return nil
}

// securityOnly is the body of getMemberGroups; every group of ours is a security group.
var securityOnly = &entity[none, none]{name: "getMemberGroupsBody", properties: []property[none, none]{{
	name: "securityEnabledOnly", kind: edmBoolean, set: func(none, value) error { return nil },
}}}

func checkMemberGroups(c *call) (reply, error) {
	asked := map[string]bool{}
	if err := groupIDs.readNew(c, asked); err != nil {
		return reply{}, err
	}
	return memberGroups(c, func(g *idp.Group) bool { return asked[g.GroupID] })
}

func getMemberGroups(c *call) (reply, error) {
	if err := securityOnly.readNew(c, none{}); err != nil {
		return reply{}, err
	}
	return memberGroups(c, func(*idp.Group) bool { return true })
}

func memberGroups(c *call, asked func(*idp.Group) bool) (reply, error) {
	groups, err := c.Admin.GroupsOf(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	ids := []string{}
	for _, g := range groups {
		if asked(g) {
			ids = append(ids, g.GroupID)
		}
	}
	return c.done("Collection(Edm.String)", ids), err
}
