package main

import (
	"slices"

	"latchkey/idp"
)

// What the demo holds. Names and shapes are fixed, since load tests and scripts
// find things by them; ids, secrets and passes are drawn at the first start.

// demoTenant is one organization of the demo.
type demoTenant struct {
	name, domain, accent string
	domains              []string // others
	longestPass          int      // minutes
	app                  demoURIs
	users                []demoUser
}

// shortestPass is the shortest that anybody gets, or that a fresh tenant allows, in
// minutes.
func (d demoTenant) shortestPass() int {
	shortest := idp.DefaultPassPolicy().MinimumLifetime
	for _, u := range d.users {
		if u.pass > 0 {
			shortest = min(shortest, u.pass)
		}
	}
	return shortest
}

// demoUser is a person who gets a pass at each start, if the last one is over.
type demoUser struct {
	user  idp.User
	pass  int // minutes; 0: none
	once  bool
	intro string // what the newcomer reads about this person; "" to say nothing
}

// demoURIs are where an app can be reached; all may be empty.
type demoURIs struct{ callback, signedOut, backLogout string }

// demoClient is a relying party; name is what scripts call it, and
// client.Name what people read.
type demoClient struct {
	name   string
	client idp.Client
}

const (
	dayOfPass   = 8 * 60       // minutes; a working day
	monthOfPass = 30 * 24 * 60 // minutes; the longest a pass may be
)

func demoWorld(app demoURIs) []demoTenant {
	contoso := demoTenant{
		name: "Contoso", domain: "contoso.example", accent: "#0b5cad", longestPass: monthOfPass, app: app,
		users: []demoUser{
			{demoPerson("noor", "Noor", "Haddad", "contoso.example", idp.Member), dayOfPass, false, "a new colleague"},
			{demoPerson("admin", "Amara", "Okafor", "contoso.example", idp.Member, "Global Administrator"), dayOfPass, false, "an administrator"},
			{demoPerson("guest", "Gil", "Tavares", "contoso.example", idp.InternalGuest), 60, true, "a guest"},
			{demoPerson("load", "Load", "Test", "contoso.example", idp.Member), monthOfPass, false, ""},
		},
	}
	fabrikam := demoTenant{
		name: "Fabrikam", domain: "fabrikam.example", accent: "#7a3b9d", longestPass: dayOfPass,
		users: []demoUser{
			{demoPerson("admin", "Irena", "Kovač", "fabrikam.example", idp.Member, "Global Administrator"), dayOfPass, false, ""},
			{demoPerson("kim", "Kim", "Sørensen", "fabrikam.example", idp.Member), dayOfPass, false, ""},
		},
	}
	contoso.domains = []string{demoBranch}
	contoso.users = slices.Concat(contoso.users, demoBranchPeople(), demoAdministrators(contoso.domain, 0))
	fabrikam.users = slices.Concat(fabrikam.users, demoBranchAtHome(fabrikam.domain), demoAdministrators(fabrikam.domain, 7))
	return []demoTenant{contoso, fabrikam}
}

func demoPerson(name, given, family, domain string, kind idp.UserType, roles ...string) idp.User {
	address := name + "@" + domain
	return idp.User{
		PrincipalName: address, DisplayName: given + " " + family, Type: kind, Roles: roles,
		Profile: idp.Profile{GivenName: given, FamilyName: family, Email: address, EmailVerified: true},
	}
}

// demoClients are the relying parties of each tenant.
func demoClients(app demoURIs) []demoClient {
	loadTool := demoURIs{"http://127.0.0.1:5555/callback", "http://127.0.0.1:5555/", ""}
	web := idp.Client{
		Name: "Demo App", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantCode, idp.GrantRefresh},
		Logout: idp.ClientLogout{Back: app.backLogout}, About: idp.ClientAbout{HomeURI: app.signedOut},
	}
	for _, at := range []demoURIs{app, loadTool} {
		if at != (demoURIs{}) {
			web.RedirectURIs = append(web.RedirectURIs, at.callback)
			web.PostLogoutRedirectURIs = append(web.PostLogoutRedirectURIs, at.signedOut)
		}
	}
	return []demoClient{
		{"web", web},
		{"native", idp.Client{
			Name: "Demo Command Line", AuthMethod: idp.AuthNone, Native: true,
			GrantTypes:   []string{idp.GrantCode, idp.GrantRefresh, idp.GrantDevice},
			RedirectURIs: []string{"http://localhost", "http://127.0.0.1/callback"},
		}},
		{"spa", idp.Client{
			Name: "Demo Browser App", AuthMethod: idp.AuthNone,
			GrantTypes:   []string{idp.GrantCode, idp.GrantRefresh},
			RedirectURIs: []string{"http://localhost:5555/callback"}, PostLogoutRedirectURIs: []string{"http://localhost:5555/"},
			Origins: []string{"http://localhost:5555"},
		}},
		{"worker", idp.Client{
			Name: "Demo Worker", AuthMethod: idp.AuthBasic, Introspect: true, GrantTypes: []string{idp.GrantClient},
		}},
		// Microsoft's libraries post the secret, which the claims profile allows for.
		{"graph", idp.Client{
			Name: "Demo Administration Tools", AuthMethod: idp.AuthBasic, Native: true, ClaimsProfile: idp.ClaimsEntra,
			GrantTypes:   []string{idp.GrantClient, idp.GrantCode, idp.GrantRefresh, idp.GrantDevice},
			RedirectURIs: []string{"http://localhost", loadTool.callback},
			Permissions:  demoPermissions(),
		}},
	}
}
