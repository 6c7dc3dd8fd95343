package graph

import (
	"net/http"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// userInput is what a body says of a user, for a new one and an old one alike.
type userInput struct{ edits []func(*idp.User) }

func (in *userInput) edit(fn func(*idp.User)) error {
	in.edits = append(in.edits, fn)
	return nil
}

func userRoutes() []route {
	const all, one = "/users", "/users/{user}"
	rows := []route{
		{
			method: http.MethodGet, path: all, handle: listUsers, counts: true, options: collectionOptions,
			summary: "List users", action: idp.ReadUser, out: users, many: true,
		},
		{
			method: http.MethodPost, path: all, handle: createUser, summary: "Create a user; a password is taken and not kept",
			action: idp.CreateUser, in: users, out: users, status: http.StatusCreated,
		},
		{
			method: http.MethodGet, path: one, handle: users.reads((*call).user), me: true, options: itemOptions, context: "users",
			summary: "Read a user", action: idp.ReadUser, out: users,
		},
		{method: http.MethodPatch, path: one, handle: updateUser, me: true, summary: "Change a user", action: idp.UpdateUser, in: users},
		{method: http.MethodDelete, path: one, handle: deleteUser, summary: "Delete a user", action: idp.DeleteUser},
		{
			method: http.MethodPost, path: one + "/revokeSignInSessions", handle: revokeSessions, me: true, emptyBody: true,
			summary: "End every session and grant of a user", action: idp.RevokeSessions, status: http.StatusOK,
		},
	}
	rows = append(rows, gather(sponsorsOf).casts(one+"/sponsors", "List who answers for a guest", true, idp.ReadUser)[0]) // clients need no casts of them
	return append(rows, memberOfRoutes()...)
}

func listUsers(c *call) (reply, error) { return users.list(c, c.usersAsked()) }

// usersAsked are all users, or those that an index finds of what the filter asks for.
func (c *call) usersAsked() source[*idp.User] {
	ctx, actor, tenant := c.ctx(), c.Actor, c.Tenant.TenantID
	for _, property := range []string{"id", "userPrincipalName"} {
		if name, asked := c.query.filter.equals(property); asked {
			return func(string, int) ([]*idp.User, string, error) {
				u, err := c.Admin.User(ctx, actor, tenant, objectKey(name))
				if idp.ErrorCode(err) == idp.NotFound {
					return nil, "", nil
				}
				return []*idp.User{u}, "", err
			}
		}
	}
	mail, byMail := c.query.filter.equals("mail")
	return func(after string, limit int) ([]*idp.User, string, error) {
		if byMail {
			return c.Admin.UsersByMail(ctx, actor, tenant, mail, pageAt(after, limit))
		}
		return c.Admin.Users(ctx, actor, tenant, pageAt(after, limit))
	}
}

func createUser(c *call) (reply, error) {
	in, u := &userInput{}, idp.User{}
	if err := users.readNew(c, in); err != nil {
		return reply{}, err
	}
	for _, edit := range in.edits {
		edit(&u)
	}
	made, err := c.Admin.CreateUser(c.ctx(), c.Actor, c.Tenant.TenantID, u)
	if err != nil {
		return reply{}, sameValue(err, "userPrincipalName")
	}
	return users.created(c, made), nil
}

func (c *call) user() (*idp.User, error) {
	return c.Admin.User(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
}

func updateUser(c *call) (reply, error) {
	in := &userInput{}
	if err := users.readChange(c, in); err != nil {
		return reply{}, err
	}
	_, err := c.Admin.UpdateUser(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"), admin.UserChange{}, in.edits...)
	return noContent(), sameValue(err, "userPrincipalName")
}

func deleteUser(c *call) (reply, error) {
	return noContent(), c.Admin.DeleteUser(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
}

func revokeSessions(c *call) (reply, error) {
	_, err := c.Admin.RevokeSessions(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
	return c.done("Edm.Boolean", true), err
}

// shownName is a user name in the spelling of Graph: what came by invitation has #EXT#.
func shownName(u *idp.User) string {
	return strings.Replace(u.PrincipalName, "#ext#@", "#EXT#@", 1)
}
