package graph

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// directoryObject is one of these.
type directoryObject struct {
	user  *idp.User
	group *idp.Group
	role  *admin.ActiveRole
	bare  string // the id of one of which the caller may know no more
}

var objects = &entity[directoryObject, none]{
	name: "directoryObject",
	id:   directoryObject.id,
	properties: []property[directoryObject, none]{
		{name: "id", kind: edmString},
		{name: "deletedDateTime", kind: edmDateTime},
	},
	derived: renderObject, prepare: prepareObjects,
	kinds: []shape{users, groups, directoryRoles},
}

func (o directoryObject) id() string {
	switch {
	case o.user != nil:
		return o.user.UserID
	case o.group != nil:
		return o.group.GroupID
	case o.role != nil:
		return o.role.RoleID
	}
	return o.bare
}

// is tells whether the object is of the kind that a cast names, or none does.
func (o directoryObject) is(kind string) bool {
	switch kind {
	case users.name:
		return o.user != nil
	case groups.name:
		return o.group != nil
	case directoryRoles.name:
		return o.role != nil
	}
	return kind == "" || kind == "directoryObject"
}

func renderObject(c *call, o directoryObject) object {
	switch {
	case o.user != nil && o.user.PrincipalName == "": // one that the caller may not read
		return object{"@odata.type": users.odataType(), "id": o.user.UserID}
	case o.user != nil:
		return users.typedObject(c, o.user)
	case o.group != nil:
		return groups.typedObject(c, o.group)
	case o.role != nil:
		return directoryRoles.typedObject(c, *o.role)
	}
	return object{"@odata.type": "#microsoft.graph.directoryObject", "id": o.bare}
}

func userObjects(us []*idp.User) []directoryObject {
	out := make([]directoryObject, len(us))
	for i, u := range us {
		out[i].user = u
	}
	return out
}

// gather is where the objects of a path come from.
type gather func(*call) (source[directoryObject], error)

// casts are the collection at a path, and those of its items that are of one kind.
func (from gather) casts(path, summary string, me bool, action idp.Action) []route {
	row := func(path, kind, context string) route {
		return route{
			method: http.MethodGet, path: path, me: me, counts: true, options: collectionOptions, context: context,
			summary: summary, action: action, out: objects, many: true,
			handle: func(c *call) (reply, error) {
				all, err := from(c)
				if err != nil {
					return reply{}, err
				}
				return objects.list(c, only(kind, all))
			},
		}
	}
	return []route{
		row(path, "", "directoryObjects"),
		row(path+"/graph.user", users.name, "users"),
		row(path+"/graph.group", groups.name, "groups"),
		row(path+"/graph.directoryRole", directoryRoles.name, "directoryRoles"),
	}
}

// only leaves out what is of another kind.
func only(kind string, all source[directoryObject]) source[directoryObject] {
	return func(after string, limit int) (out []directoryObject, next string, err error) {
		items, next, err := all(after, limit)
		for _, o := range items {
			if o.is(kind) {
				out = append(out, o)
			}
		}
		return out, next, err
	}
}
