package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

func (d *day) lookAround(t *testing.T) {
	self := only(t, "organizations", must(d.Organization().Get(t.Context(), nil))(t).GetValue())
	wantEqual(t, "id", of(self.GetId()), contoso.ID)
	own := must(d.Organization().ByOrganizationId(contoso.ID).Get(t.Context(), nil))(t)
	wantEqual(t, "name", of(own.GetDisplayName()), "Contoso")
	verified := own.GetVerifiedDomains() // the branch's, too
	wantEqual(t, "verified domains", len(verified), 2)
	wantEqual(t, "initial domain", of(verified[0].GetName()), contoso.Domain)
	_, err := d.Organization().ByOrganizationId(contoso.others[0].ID).Get(t.Context(), nil)
	wantRefused(t, err, 404, "Request_ResourceNotFound", "")

	domains := must(d.Domains().Get(t.Context(), nil))(t).GetValue()
	wantContains(t, "domains", idsOf(domains), contoso.Domain)
	domain := must(d.Domains().ByDomainId(contoso.Domain).Get(t.Context(), nil))(t)
	wantEqual(t, "authentication type", of(domain.GetAuthenticationType()), "Managed")
	wantEqual(t, "is default", of(domain.GetIsDefault()), true)
	wantEqual(t, "is verified", of(domain.GetIsVerified()), true)
	_, err = d.Domains().ByDomainId("nowhere.example").Get(t.Context(), nil)
	wantRefused(t, err, 404, "Request_ResourceNotFound", "")
}

// newUser is what scripts fill in; a password too, since Graph demands one.
func newUser(name, display string) models.Userable {
	u := models.NewUser()
	u.SetAccountEnabled(new(true))
	u.SetDisplayName(&display)
	u.SetMailNickname(&name)
	u.SetUserPrincipalName(new(name + "@" + contoso.Domain))
	p := models.NewPasswordProfile()
	p.SetPassword(new("correct horse battery staple"))
	p.SetForceChangePasswordNextSignIn(new(true))
	u.SetPasswordProfile(p)
	return u
}

func (d *day) users(t *testing.T) {
	u := newUser("mira", "Mira Lind")
	u.SetGivenName(new("Mira"))
	u.SetSurname(new("Lind"))
	made := must(d.Users().Post(t.Context(), u, nil))(t)
	d.mira = of(made.GetId())
	wantEqual(t, "status", wire.last().status, 201)
	_, err := d.Users().Post(t.Context(), newUser("mira", "Another Mira"), nil)
	wantRefused(t, err, 400, "Request_BadRequest", "Another object with the same value for property userPrincipalName already exists.")
	for i := range 3 {
		must(d.Users().Post(t.Context(), newUser(fmt.Sprintf("pool%d", i), fmt.Sprintf("Pool %d", i)), nil))(t)
	}

	for _, key := range []string{d.mira, "mira@" + contoso.Domain, "MIRA@" + contoso.Domain} {
		got := must(d.Users().ByUserId(key).Get(t.Context(), nil))(t)
		wantEqual(t, "id", of(got.GetId()), d.mira)
		wantEqual(t, "user name", of(got.GetUserPrincipalName()), "mira@"+contoso.Domain)
	}
	change := models.NewUser()
	change.SetDisplayName(new("Mira Lindahl"))
	change.SetSurname(new("Lindahl"))
	_, err = d.Users().ByUserId(d.mira).Patch(t.Context(), change, nil)
	wantNone(t, err)
	wantEqual(t, "status", wire.last().status, 204)
	chosen := must(d.Users().ByUserId(d.mira).Get(t.Context(), &users.UserItemRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UserItemRequestBuilderGetQueryParameters{Select: []string{"id", "displayName", "surname", "accountEnabled", "userType", "createdDateTime"}},
	}))(t)
	wantEqual(t, "name", of(chosen.GetDisplayName()), "Mira Lindahl")
	wantEqual(t, "surname", of(chosen.GetSurname()), "Lindahl")
	wantEqual(t, "type", of(chosen.GetUserType()), "Member")
	wantEqual(t, "enabled", of(chosen.GetAccountEnabled()), true)
	wantEqual(t, "given name, not asked for", of(chosen.GetGivenName()), "")

	const nobody = "11111111-2222-4333-8444-555555555555"
	for _, key := range []string{nobody, contoso.others[0].Users[0].ID} { // whose tenant it is must not be told
		_, err := d.Users().ByUserId(key).Get(t.Context(), nil)
		wantRefused(t, err, 404, "Request_ResourceNotFound", absent(key))
	}
}

func absent(key string) string {
	return "Resource '" + key + "' does not exist or one of its queried reference-property objects are not present."
}

type usersQuery = users.UsersRequestBuilderGetQueryParameters

func (d *day) list(t *testing.T, q usersQuery) models.UserCollectionResponseable {
	t.Helper()
	return must(d.Users().Get(t.Context(), &users.UsersRequestBuilderGetRequestConfiguration{QueryParameters: &q, Headers: eventual()}))(t)
}

func (d *day) lists(t *testing.T) {
	var pool = usersQuery{Filter: new("startswith(displayName,'Pool')"), Select: []string{"id", "displayName"}, Count: new(true)}
	for _, c := range []struct {
		name string
		q    usersQuery
		want string
	}{
		{"filter", usersQuery{Filter: pool.Filter, Orderby: []string{"displayName"}}, "Pool 0,Pool 1,Pool 2"},
		{"order", usersQuery{Filter: pool.Filter, Orderby: []string{"displayName desc"}}, "Pool 2,Pool 1,Pool 0"},
		{"equal", usersQuery{Filter: new("userPrincipalName eq 'mira@contoso.example'")}, "Mira Lindahl"},
		{"and", usersQuery{Filter: new("startsWith(displayName,'Pool') and userType eq 'Member' and not (displayName eq 'Pool 1')"), Orderby: []string{"displayName"}}, "Pool 0,Pool 2"},
		{"in", usersQuery{Filter: new("displayName in ('Pool 1','Nobody')")}, "Pool 1"},
		{"search", usersQuery{Search: new(`"displayName:Lindahl"`)}, "Mira Lindahl"},
		{"select", usersQuery{Filter: pool.Filter, Select: pool.Select, Orderby: []string{"displayName"}, Top: new(int32(1))}, "Pool 0"},
	} {
		var names []string
		for _, u := range d.list(t, c.q).GetValue() {
			names = append(names, of(u.GetDisplayName()))
		}
		wantEqual(t, c.name, strings.Join(names, ","), c.want)
	}

	counted := d.list(t, pool)
	wantEqual(t, "@odata.count", of(counted.GetOdataCount()), 3)
	number := must(d.Users().Count().Get(t.Context(), &users.CountRequestBuilderGetRequestConfiguration{
		Headers: eventual(), QueryParameters: &users.CountRequestBuilderGetQueryParameters{Filter: pool.Filter},
	}))(t)
	wantEqual(t, "$count", of(number), 3)

	_, err := d.Users().Get(t.Context(), &users.UsersRequestBuilderGetRequestConfiguration{QueryParameters: &usersQuery{Filter: new("displayName eq")}})
	wantRefused(t, err, 400, "BadRequest", "")
	d.pages(t, usersQuery{Select: []string{"id", "userPrincipalName"}, Top: new(int32(2))})
}

// pages: all in pages of two are all, each once.
func (d *day) pages(t *testing.T, q usersQuery) {
	t.Helper()
	var paged []string
	before := len(wire.all)
	pages := must(core.NewPageIterator[models.Userable](d.list(t, q), d.GetAdapter(), models.CreateUserCollectionResponseFromDiscriminatorValue))(t)
	wantNone(t, pages.Iterate(t.Context(), func(u models.Userable) bool {
		paged = append(paged, of(u.GetId()))
		return true
	}))
	fetched := len(wire.all) - before
	all := idsOf(d.list(t, usersQuery{Select: q.Select, Top: new(int32(999))}).GetValue())
	if want := (len(all) + 1) / 2; fetched < want || fetched > want+1 {
		t.Errorf("%d users came in %d pages", len(all), fetched)
	}
	slices.Sort(paged)
	slices.Sort(all)
	wantEqual(t, "all the pages", strings.Join(paged, " "), strings.Join(all, " "))
}
