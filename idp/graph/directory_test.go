package graph

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// What the tests of users, groups, roles and domains have in common.

const foreignTenant = "0d1f2b3c-4a5e-4f60-8172-93a4b5c6d7e8"

var operator = admin.Operator("test")

// newDirectory is a desk with an app that may do everything, one that may do what the
// name says, an administrator, somebody ordinary, and another tenant.
func newDirectory(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	tenant := d.callers["app"].Tenant
	for name, permissions := range map[string][]string{
		"all": idp.AppPermissions(), "users": {"User.Read.All"}, "groups": {"Group.Read.All"},
	} {
		d.callers[name] = Caller{tenant, idp.Actor{Party: idp.Party{Type: idp.ActorClient, ID: name, Name: name}, Tenant: tenantID, Permissions: permissions}}
	}
	for name, who := range map[string]string{"chief": "global", "plain": "anna"} {
		actor := idp.Person(tenantID, d.users[who])
		actor.App, actor.Permissions = idp.Party{Type: idp.ActorClient, ID: "portal", Name: "Portal"}, idp.Permissions()
		d.callers[name] = Caller{tenant, actor}
	}
	other := &idp.Tenant{TenantID: foreignTenant, Name: "Fabrikam", Domains: []string{"fabrikam.test"}, CreatedAt: epoch}
	d.must(d.store.Update(t.Context(), storage.System, func(tx *storage.Tx) error { return tx.Put(other) }))
	return d
}

func (d *desk) foreignUser() *idp.User {
	d.t.Helper()
	u, err := d.admin.CreateUser(context.Background(), operator, foreignTenant, idp.User{PrincipalName: "eva@fabrikam.test", DisplayName: "Eva"})
	d.must(err)
	return u
}

func (d *desk) foreignGroup() *idp.Group {
	d.t.Helper()
	g, err := d.admin.CreateGroup(context.Background(), operator, foreignTenant, idp.Group{Name: "Theirs"})
	d.must(err)
	return g
}

func (d *desk) newGroup(name string, members ...string) *idp.Group {
	d.t.Helper()
	g, err := d.admin.CreateGroup(context.Background(), operator, tenantID, idp.Group{Name: name, Nickname: "nick"}, members...)
	d.must(err)
	return g
}

// invited is a guest by mail, who has accepted or not.
func (d *desk) invited(mail string, accepted bool) *idp.User {
	d.t.Helper()
	info, err := d.admin.Invite(context.Background(), operator, tenantID, admin.InvitationRequest{Email: mail, RedirectURL: "https://app.example/"})
	d.must(err)
	u := info.User
	if accepted {
		u.External.Accept(idp.SourceMail, d.now)
		d.must(d.store.Update(context.Background(), tenantID, func(tx *storage.Tx) error { return tx.Put(u) }))
	}
	return u
}

// wants checks a refusal, and that nothing was written.
func (d *desk) wants(who, method, url, body string, status int, code, message string) {
	d.t.Helper()
	before := d.store.Commits()
	a := d.as(who, method, url, body)
	if got := a.refused(status, code); got != message {
		d.t.Errorf("%s %s %s as %s: %q, want %q", method, url, body, who, got, message)
	}
	if d.store.Commits() != before {
		d.t.Errorf("%s %s %s as %s wrote something", method, url, body, who)
	}
}

func noResource(id string) string {
	return "Resource '" + id + "' does not exist or one of its queried reference-property objects are not present."
}

// done makes a request that has no answer but that it succeeded.
func (d *desk) done(method, url, body string) {
	d.t.Helper()
	if a := d.as("all", method, url, body); a.Code != 204 || a.Body.Len() != 0 {
		d.t.Errorf("%s %s %s: %d %s", method, url, body, a.Code, a.Body)
	}
}

// filtered are the ids of a collection that pass a filter.
func (d *desk) filtered(path, filter string) []string {
	d.t.Helper()
	ids := d.as("all", "GET", path+"?$filter="+url.PathEscape(filter), "").ids()
	a := d.as("all", "GET", path+"/$count?$filter="+url.PathEscape(filter), "", "ConsistencyLevel: eventual")
	if a.Code != 200 || a.Body.String() != number(len(ids)).body {
		d.t.Errorf("%s: %d are listed, and the count is %d %s", filter, len(ids), a.Code, a.Body)
	}
	return ids
}

func sameIDs(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// types are the ids of a page with their types.
func (a answered) types() map[string]string {
	a.t.Helper()
	out := map[string]string{}
	a.ids()
	for _, v := range a.json()["value"].([]any) {
		kind, _ := v.(object)["@odata.type"].(string)
		out[v.(object)["id"].(string)] = strings.TrimPrefix(kind, "#microsoft.graph.")
	}
	return out
}

// readOnly are the properties that no PATCH sets; shown are those that are shown at all.
func readOnly[T, C any](e *entity[T, C]) (names, shown []string) {
	for _, p := range e.properties {
		if p.set == nil || p.flags.has(onCreate) {
			names = append(names, p.name)
		}
		if p.get != nil {
			shown = append(shown, p.name)
		}
	}
	return names, shown
}

// testReadOnly changes every property that is read-only, together with one that is not:
// each is refused and nothing is changed.
func testReadOnly[T, C any](d *desk, e *entity[T, C], path string) {
	d.t.Helper()
	names, shown := readOnly(e)
	whole := path + "?$select=" + strings.Join(shown, ",")
	before := d.as("all", "GET", whole, "").json()
	for _, name := range names {
		for _, spelling := range []string{name, strings.ToUpper(name)} {
			d.wants("all", "PATCH", path, `{"displayName":"Changed","`+spelling+`":null}`, 400, "Request_BadRequest", "Property '"+name+"' is read-only and cannot be set.")
		}
	}
	if len(names) == 0 || before["id"] == nil {
		d.t.Errorf("%s: %v, %v", path, names, before)
	}
	d.as("all", "GET", whole, "").same(200, before)
}

// adminProfile is a profile with a verified mail address.
func adminProfile(mail string) admin.UserChange {
	return admin.UserChange{Profile: &idp.Profile{Email: mail, EmailVerified: true}}
}
