package admin_test

import (
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// TestPermissions: a client is permitted only what there is.
func TestPermissions(t *testing.T) {
	w := newWorld(t)
	for _, a := range []idp.API{
		{Name: "Files", Identifier: "https://files.example", Scopes: []string{"read"}},
		{Name: "Mail", Identifier: "https://mail.example/", Scopes: []string{"read", "send"}},
		{Name: "Wiki", Identifier: "urn:contoso:wiki"},
	} {
		_, err := w.admin.CreateAPI(w.ctx, op, tenantID, a)
		w.must(err)
	}
	create := func(permission string, grants ...string) error {
		_, _, err := w.admin.CreateClient(w.ctx, op, tenantID, idp.Client{
			Name: "Worker", AuthMethod: idp.AuthBasic, GrantTypes: grants, Permissions: []string{permission},
		})
		return err
	}
	for permission, text := range map[string]string{
		"https://files.example/read":              "",
		"https://mail.example/send":               "",
		idp.ScopeOf(idp.GraphID, "User.Read.All"): "",
		"https://files.example/write":             `The API https://files.example has no scope "write". Its scopes: read.`,
		"https://files.example/.default":          `The API https://files.example has no scope ".default". Its scopes: read.`,
		"https://mail.example//send":              `There is no API whose scope the permission "https://mail.example//send" would be.`,
		"urn:contoso:wiki/read":                   `The API urn:contoso:wiki has no scope "read": it has none.`,
		"https://elsewhere.example/read":          `There is no API whose scope the permission "https://elsewhere.example/read" would be.`,
		idp.ScopeOf(idp.GraphID, "Everything"):    `The administration API has no permission "Everything".`,
		idp.ScopeOf(idp.GraphID, "User.Read"):     `User.Read is about a person's own things: an app cannot have it for itself, only exchange a token about the person for it.`,
		"User.Read.All":                           `The permission "User.Read.All" is not a scope after its API's identifier, such as https://api.contoso.example/read.`,
	} {
		if text == "" {
			w.must(create(permission, idp.GrantClient))
			continue
		}
		w.wantError(permission, idp.Invalid, text, func() error { return create(permission, idp.GrantClient) })
	}
	w.must(create(idp.ScopeOf(idp.GraphID, "User.Read"), idp.GrantExchange))
}

// TestPermissionsThatWereLost: what a client has, and is no more, blocks no other change,
// but does not come back.
func TestPermissionsThatWereLost(t *testing.T) {
	w := newWorld(t)
	api, err := w.admin.CreateAPI(w.ctx, op, tenantID, idp.API{Name: "Files", Identifier: "https://files.example", Scopes: []string{"read"}})
	w.must(err)
	c, _, err := w.admin.CreateClient(w.ctx, op, tenantID, idp.Client{
		Name: "Worker", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantClient}, Permissions: []string{"https://files.example/read"},
	})
	w.must(err)
	_, err = w.admin.UpdateAPI(w.ctx, op, tenantID, api.APIID, admin.APIChange{Scopes: &[]string{}})
	w.must(err)
	edit := func(fn func(*idp.Client)) error {
		_, err := w.admin.UpdateClient(w.ctx, op, tenantID, c.ClientID, fn)
		return err
	}
	w.must(edit(func(c *idp.Client) { c.Name = "Clerk" }))
	w.must(edit(func(c *idp.Client) { c.Permissions = nil }))
	w.wantError("back", idp.Invalid, `The API https://files.example has no scope "read": it has none.`, func() error {
		return edit(func(c *idp.Client) { c.Permissions = []string{"https://files.example/read"} })
	})
}
