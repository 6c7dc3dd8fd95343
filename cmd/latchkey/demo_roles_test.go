package main

import (
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// TestDemoAdministrators: both organizations have a person for each role, who can sign
// in, and a client with every permission at the admin API.
func TestDemoAdministrators(t *testing.T) {
	r := startDemo(t, "").report()
	for _, o := range r.Tenants {
		for _, role := range idp.Roles {
			u := o.holder(t, role.Name)
			if u.TemporaryAccessPass == "" || !u.PassMultiUse || u.UserType != "member" {
				t.Errorf("%s of %s: %+v", role.Name, o.Domain, u)
			}
		}
		c := o.client(t, "graph")
		if c.ClientSecret == "" || !slices.Equal(c.Permissions, demoPermissions()) || len(c.Permissions) == 0 {
			t.Errorf("graph of %s: %+v", o.Domain, c)
		}
		if got := c.token(t, r, o); got != http.StatusOK {
			t.Errorf("a token for graph of %s: %d", o.Domain, got)
		}
		for _, name := range []string{idp.AuthenticationAdministrator, idp.GlobalReader} {
			p := newPerson(t, "")
			p.Open(r.BaseURL + "/" + o.Domain + "/security-info")
			p.signIn(o.holder(t, name))
			p.WantPage("security-info")
			p.WantText(name)
		}
	}
	tool := newParty(t, r, "graph")
	tool.oauth.RedirectURL = "http://localhost:8123" // any port
	tool.signIn("user-administrator@contoso.example")
}

// holder is the one person with this role and no other.
func (r reportTenant) holder(t *testing.T, role string) reportUser {
	t.Helper()
	name := "admin@" + r.Domain
	if role != idp.GlobalAdministrator {
		name = strings.ReplaceAll(strings.ToLower(role), " ", "-") + "@" + r.Domain
	}
	u := r.user(t, name)
	if !slices.Equal(u.Roles, []string{role}) {
		t.Errorf("%s has the roles %q", name, u.Roles)
	}
	return u
}

// token asks for a token of the admin API as azidentity does, and answers the status.
func (c reportClient) token(t *testing.T, r demoReport, o reportTenant) int {
	t.Helper()
	resp, err := http.PostForm(r.BaseURL+"/"+o.ID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {idp.GrantClient}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}, "scope": {idp.ScopeOf(idp.GraphID, idp.EveryScope)},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// TestDemoNames: whoever reads a name knows which role it is, and no two are the same.
func TestDemoNames(t *testing.T) {
	for _, o := range demoWorld(demoURIs{}) {
		names, people := map[string]bool{}, map[string]bool{}
		for _, u := range o.users {
			names[u.user.DisplayName], people[u.user.Profile.GivenName+" "+u.user.Profile.FamilyName] = true, true
			if len(u.user.Roles) == 1 && u.user.Roles[0] != idp.GlobalAdministrator && !strings.HasSuffix(u.user.DisplayName, ", "+u.user.Roles[0]) {
				t.Errorf("%s is called %q", u.user.PrincipalName, u.user.DisplayName)
			}
		}
		if len(names) != len(o.users) || len(people) != len(o.users) {
			t.Errorf("%s: %d people, %d display names, %d names", o.domain, len(o.users), len(names), len(people))
		}
	}
}

// TestDemoGains: data of an earlier version, without the administrators and their client,
// has them after the next start, and what was there is as it was.
func TestDemoGains(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	var first, second demoReport
	t.Run("earlier", func(t *testing.T) {
		d := startDemo(t, dir)
		first = d.report()
		d.age(t)
	})
	t.Run("now", func(t *testing.T) {
		d := startDemo(t, dir)
		second = d.report()
		p := newPerson(t, "")
		p.Open(second.BaseURL + "/fabrikam.example/security-info")
		p.signIn(second.tenant(t, "fabrikam.example").holder(t, idp.HelpdeskAdministrator))
		p.WantPage("security-info")
	})
	for _, was := range first.Tenants {
		is := second.tenant(t, was.Domain)
		for _, c := range was.Clients {
			same := c.ClientID == is.client(t, c.Name).ClientID && c.ClientSecret == is.client(t, c.Name).ClientSecret
			if same == (c.Name == "graph") {
				t.Errorf("client %s of %s: the same: %v", c.Name, was.Domain, same)
			}
		}
		for _, u := range was.Users {
			now := is.user(t, u.UserPrincipalName)
			same := u.ID == now.ID && u.TemporaryAccessPass == now.TemporaryAccessPass
			if same == oneOfRoles(u.UserPrincipalName) || (now.TemporaryAccessPass == "") != (u.TemporaryAccessPass == "") {
				t.Errorf("%s: the same: %v", u.UserPrincipalName, same)
			}
		}
	}
}

// age takes away what the first version did not have.
func (d *demo) age(t *testing.T) {
	t.Helper()
	memory, err := loadDemoMemory(d.server.Config.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range d.world {
		domain := o.tenant.Domains[0]
		if err := d.server.Admin.DeleteClient(t.Context(), demoActor, domain, memory.client(domain, "graph").ID); err != nil {
			t.Fatal(err)
		}
		delete(memory.Clients[domain], "graph")
		for _, u := range o.users {
			if name := u.user.PrincipalName; oneOfRoles(name) {
				if err := d.server.Admin.DeleteUser(t.Context(), demoActor, domain, name); err != nil {
					t.Fatal(err)
				}
				delete(memory.Passes[domain], name)
			}
		}
	}
	if err := memory.save(d.server.Config.Data); err != nil {
		t.Fatal(err)
	}
}

// oneOfRoles tells whether a person is there for a role.
func oneOfRoles(name string) bool {
	local, _, _ := strings.Cut(name, "@")
	return slices.ContainsFunc(idp.Roles, func(r idp.Role) bool { return strings.EqualFold(strings.ReplaceAll(r.Name, " ", "-"), local) })
}

// TestDemoPermissions: what the client lacks of the permissions of today it has after the
// next start, beside what it was given.
func TestDemoPermissions(t *testing.T) {
	d := startDemo(t, "")
	ctx, domain, own := t.Context(), "fabrikam.example", "https://api.fabrikam.example/read"
	client := func(all []seeded) *idp.Client { return all[1].clients[len(all[1].clients)-1].client }
	before := client(d.world)
	if _, err := d.server.Admin.CreateAPI(ctx, demoActor, domain, idp.API{Identifier: "https://api.fabrikam.example", Name: "Shop", Scopes: []string{"read"}}); err != nil {
		t.Fatal(err)
	}
	_, err := d.server.Admin.UpdateClient(ctx, demoActor, domain, before.ClientID, func(c *idp.Client) {
		c.Permissions = append([]string{own}, c.Permissions[2:]...)
	})
	if err != nil {
		t.Fatal(err)
	}
	now := client(d.grow(t))
	if want := append([]string{own}, demoPermissions()...); now.ClientID != before.ClientID || !sameSet(now.Permissions, want) {
		t.Errorf("%s has %q, want %q", now.Name, now.Permissions, want)
	}
}

// grow does again what a start does.
func (d *demo) grow(t *testing.T) []seeded {
	t.Helper()
	memory, err := loadDemoMemory(d.server.Config.Data)
	if err != nil {
		t.Fatal(err)
	}
	all, err := demoSeed{d.server.Admin, memory, d.server.Clock.Now()}.grow(t.Context(), demoWorld(demoURIs{}))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// TestDemoApproval: where a pass for administrators takes two of them, the demo is both.
func TestDemoApproval(t *testing.T) {
	d := startDemo(t, "")
	ctx, domain, name, on := t.Context(), "contoso.example", "global-reader@contoso.example", true
	if _, err := d.server.Admin.UpdatePassPolicy(ctx, demoActor, domain, admin.PassPolicyChange{Approval: &on}); err != nil {
		t.Fatal(err)
	}
	if err := d.server.Admin.DeletePass(ctx, demoActor, domain, name, ""); err != nil {
		t.Fatal(err)
	}
	d.grow(t)
	if info, err := d.server.Admin.Pass(ctx, demoActor, domain, name); err != nil || info.Reason != idp.EnabledByPolicy {
		t.Errorf("%+v, %v", info, err)
	}
}
