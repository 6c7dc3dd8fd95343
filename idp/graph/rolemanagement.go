package graph

import (
	"net/http"
	"slices"

	"latchkey/idp"
	"latchkey/idp/admin"
)

func roleManagementRoutes() []route {
	const all = "/roleManagement/directory/roleAssignments"
	rows := []route{
		{
			method: http.MethodGet, path: all, handle: listAssignments, counts: true, options: collectionOptions,
			summary: "List who has which role", action: idp.ReadRoles, out: assignments, many: true,
		},
		{
			method: http.MethodPost, path: all, handle: assignRole, summary: "Give a user a role",
			action: idp.AssignRoles, in: assignments, out: assignments, status: http.StatusCreated,
		},
		{method: http.MethodGet, path: all + "/{assignment}", handle: assignments.reads((*call).assignment), options: itemOptions, summary: "Read a role assignment", action: idp.ReadRoles, out: assignments},
		{method: http.MethodDelete, path: all + "/{assignment}", handle: deleteAssignment, summary: "Take a role from a user", action: idp.AssignRoles},
	}
	return slices.Concat(rows,
		roleReadings("/directoryRoleTemplates", roleTemplates),
		roleReadings("/roleManagement/directory/roleDefinitions", roleDefinitions),
	)
}

// roleReadings are the routes of one way to look at the roles there are.
func roleReadings(path string, e *entity[idp.Role, none]) []route {
	read := func(path string, answer func(*call, []idp.Role) (reply, error)) route {
		return route{method: http.MethodGet, path: path, out: e, action: idp.ReadRoles, options: itemOptions, summary: "Read a role", handle: func(c *call) (reply, error) {
			roles, err := c.Admin.Roles(c.ctx(), c.Actor, c.Tenant.TenantID)
			if err != nil {
				return reply{}, err
			}
			return answer(c, roles)
		}}
	}
	list := read(path, func(c *call, roles []idp.Role) (reply, error) { return e.list(c, e.unordered(roles)) })
	list.counts, list.many, list.options, list.summary = true, true, collectionOptions, "List the roles there are"
	return []route{list, read(path+"/{id}", func(c *call, roles []idp.Role) (reply, error) {
		r, err := e.pick(roles, c.key("id"))
		if err != nil {
			return reply{}, err
		}
		return e.one(c, r), nil
	})}
}

func listAssignments(c *call) (reply, error) {
	all, err := c.Admin.RoleAssignments(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return reply{}, err
	}
	return assignments.list(c, assignments.unordered(all))
}

func assignRole(c *call) (reply, error) {
	in := &assignmentInput{}
	if err := assignments.readNew(c, in); err != nil {
		return reply{}, err
	}
	a, err := c.Admin.AssignRole(c.ctx(), c.Actor, c.Tenant.TenantID, in.role, in.principal)
	if err != nil {
		return reply{}, conflict(err, objectTwice)
	}
	return assignments.created(c, a), nil
}

// assignment is the one that the path names.
func (c *call) assignment() (admin.RoleAssignment, error) {
	all, err := c.Admin.RoleAssignments(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return admin.RoleAssignment{}, err
	}
	return assignments.pick(all, c.param("assignment"))
}

func deleteAssignment(c *call) (reply, error) {
	a, err := c.assignment()
	if err != nil {
		return reply{}, err
	}
	return noContent(), c.Admin.RemoveRole(c.ctx(), c.Actor, c.Tenant.TenantID, a.Role.TemplateID, a.User.UserID)
}
