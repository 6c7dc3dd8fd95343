package graph

import (
	"net/http"
	"slices"

	"latchkey/idp"
)

func objectRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/directoryObjects/{object}", handle: objects.reads(pathObject), options: itemOptions,
			summary: "Read a user, group or role", action: idp.ReadUser, out: objects,
		},
		{
			method: http.MethodPost, path: "/directoryObjects/getByIds", handle: objectsByIDs, context: "directoryObjects",
			summary: "Read users, groups and roles by their ids", action: idp.ReadUser, in: wantedObjects, out: objects, many: true, status: http.StatusOK,
		},
	}
}

func pathObject(c *call) (directoryObject, error) { return c.object(c.key("object")) }

// object finds a user, group or role by its id, among those that the caller may read. Who
// may read none of them is told so, whatever there is.
func (c *call) object(id string) (o directoryObject, err error) {
	if !idp.IsID(id) {
		return o, noObject(id)
	}
	refused := 0
	kinds := []func(string) (directoryObject, error){c.userObject, c.groupObject, c.roleObject}
	for _, find := range kinds {
		o, err = find(id)
		switch code := idp.ErrorCode(err); {
		case err == nil:
			return o, nil
		case code == idp.Forbidden:
			refused++
		case code != idp.NotFound:
			return o, err
		}
	}
	if refused == len(kinds) {
		return o, err
	}
	return o, noObject(id)
}

func (c *call) userObject(id string) (directoryObject, error) {
	u, err := c.Admin.User(c.ctx(), c.Actor, c.Tenant.TenantID, id)
	return directoryObject{user: u}, err
}

func (c *call) groupObject(id string) (directoryObject, error) {
	g, err := c.Admin.Group(c.ctx(), c.Actor, c.Tenant.TenantID, id)
	return directoryObject{group: g}, err
}

func (c *call) roleObject(id string) (directoryObject, error) {
	active, err := c.Admin.ActiveRoles(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return directoryObject{}, err
	}
	r, err := directoryRoles.pick(active, id)
	return directoryObject{role: &r}, err
}

// wanted is the body of getByIds.
type wanted struct{ ids, types []string }

var wantedObjects = &entity[none, *wanted]{name: "getByIdsBody", properties: []property[none, *wanted]{
	{name: "ids", kind: listOf(edmGUID), flags: required, set: func(in *wanted, v value) error { in.ids = v.texts(); return nil }},
	{name: "types", kind: listOf(edmString), set: func(in *wanted, v value) error { in.types = v.texts(); return nil }},
}}

func (in *wanted) takes(o directoryObject) bool {
	return len(in.types) == 0 || slices.ContainsFunc(in.types, o.is)
}

// maxWanted bounds getByIds, as Graph does.
const maxWanted = 1000

func objectsByIDs(c *call) (reply, error) {
	in := &wanted{}
	if err := wantedObjects.readNew(c, in); err != nil {
		return reply{}, err
	}
	if len(in.ids) > maxWanted {
		return reply{}, idp.Errorf(idp.Invalid, "At most %d ids can be given at once.", maxWanted)
	}
	var page pageOf[directoryObject]
	seen := map[string]bool{}
	for _, id := range in.ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		o, err := c.object(id)
		switch {
		case err == nil && in.takes(o):
			page.items = append(page.items, o)
		case err != nil && idp.ErrorCode(err) != idp.NotFound:
			return reply{}, err
		}
	}
	return ok(objects.collection(c, page)), nil
}
