package graph

import (
	"net/http"
	"slices"

	"latchkey/idp"
	"latchkey/idp/admin"
)

func roleRoutes() []route {
	const byTemplate = "/directoryRoles(roleTemplateId={template})"
	rows := []route{
		{
			method: http.MethodGet, path: "/directoryRoles", handle: listRoles, counts: true, options: collectionOptions,
			summary: "List the roles in use", action: idp.ReadRoles, out: directoryRoles, many: true,
		},
		{
			method: http.MethodPost, path: "/directoryRoles", handle: activateRole, summary: "Take a role into use",
			action: idp.AssignRoles, in: directoryRoles, out: directoryRoles, status: http.StatusCreated,
		},
	}
	return slices.Concat(rows, directoryRoleRoutes("/directoryRoles/{role}"), directoryRoleRoutes(byTemplate), roleManagementRoutes(), objectRoutes())
}

// directoryRoleRoutes are those of one role, by either key.
func directoryRoleRoutes(one string) []route {
	rows := []route{
		{method: http.MethodGet, path: one, handle: directoryRoles.reads((*call).role), options: itemOptions, summary: "Read a role in use", action: idp.ReadRoles, out: directoryRoles},
		{method: http.MethodPost, path: one + "/members/$ref", handle: addHolder, summary: "Give a user a role", action: idp.AssignRoles, in: reference},
		{method: http.MethodDelete, path: one + "/members/$ref", handle: removeHolderQueried, summary: "Take a role from the user of the query's @id", action: idp.AssignRoles},
		{method: http.MethodDelete, path: one + "/members/{member}/$ref", handle: removeHolder, summary: "Take a role from a user", action: idp.AssignRoles},
	}
	return append(rows, gather(holdersOf).casts(one+"/members", "List the users who have a role", false, idp.ReadRoles)...)
}

func listRoles(c *call) (reply, error) {
	active, err := c.Admin.ActiveRoles(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return reply{}, err
	}
	return directoryRoles.list(c, directoryRoles.unordered(active))
}

func activateRole(c *call) (reply, error) {
	var template string
	if err := directoryRoles.readNew(c, &template); err != nil {
		return reply{}, err
	}
	r, err := c.Admin.ActivateRole(c.ctx(), c.Actor, c.Tenant.TenantID, template)
	if err != nil {
		return reply{}, conflict(err, objectTwice)
	}
	return directoryRoles.created(c, r), nil
}

// role is the role in use that the path names, by its id or that of its template.
func (c *call) role() (admin.ActiveRole, error) {
	active, err := c.Admin.ActiveRoles(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return admin.ActiveRole{}, err
	}
	id := c.key("role")
	if template := c.key("template"); template != "" {
		id = template
		for _, r := range active {
			if r.TemplateID == template {
				id = r.RoleID
			}
		}
	}
	return directoryRoles.pick(active, id)
}

func holdersOf(c *call) (source[directoryObject], error) {
	r, err := c.role()
	return func(after string, limit int) ([]directoryObject, string, error) {
		us, next, err := c.Admin.Holders(c.ctx(), c.Actor, c.Tenant.TenantID, r.TemplateID, pageAt(after, limit))
		return userObjects(us), next, err
	}, err
}

func addHolder(c *call) (reply, error) {
	id, err := readReference(c)
	if err != nil {
		return reply{}, err
	}
	r, err := c.role()
	if err != nil {
		return reply{}, err
	}
	_, err = c.Admin.AssignRole(c.ctx(), c.Actor, c.Tenant.TenantID, r.TemplateID, id)
	return noContent(), conflict(err, memberTwice)
}

func removeHolder(c *call) (reply, error) { return c.resign(c.key("member")) }

func removeHolderQueried(c *call) (reply, error) {
	id, err := c.queriedReference()
	if err != nil {
		return reply{}, err
	}
	return c.resign(id)
}

func (c *call) resign(id string) (reply, error) {
	r, err := c.role()
	if err != nil {
		return reply{}, err
	}
	return noContent(), c.Admin.RemoveRole(c.ctx(), c.Actor, c.Tenant.TenantID, r.TemplateID, id)
}
