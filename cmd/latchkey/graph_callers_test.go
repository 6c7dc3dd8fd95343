package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/idp"
)

// graphCaller is who calls the admin API: what May knows of them, and their token.
type graphCaller struct {
	name    string
	actor   idp.Actor
	token   string
	user    *idp.User // of a person
	through app       // a person's
	browser *agent    // in which the person has signed in
	narrow  bool      // one permission alone: not asked about every kind of object
	double  *graphCaller
	since   time.Time // when the person proved who they are
}

// mustStepUp tells whether the person may do something to themselves only soon after they
// have proved who they are.
func (c *graphCaller) mustStepUp(e errand) bool {
	return c.user != nil && errors.Is(c.may(e, idp.Object{Tenant: c.actor.Tenant, User: c.user}), idp.ErrStepUp)
}

// may is what the rules say of an errand to an object.
func (c *graphCaller) may(e errand, o idp.Object) error {
	for _, action := range append([]idp.Action{e.action}, e.also...) {
		if err := idp.May(c.actor, action, o); err != nil {
			return err
		}
	}
	return nil
}

// app is a caller for itself with permissions of the admin API.
func (w *graphWorld) app(name string, permissions ...string) *graphCaller {
	w.Helper()
	ctx, service := w.Context(), w.demo.server.Admin
	scoped := make([]string, len(permissions))
	for i, p := range permissions {
		scoped[i] = idp.ScopeOf(idp.GraphID, p)
	}
	c, secret, err := service.CreateClient(ctx, demoActor, w.home.ID, idp.Client{
		Name: name, AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantClient}, Permissions: scoped,
	})
	if err != nil {
		w.Fatal(err)
	}
	return w.appCaller(name, c.ClientID, c.Name, w.appToken(w.home, app{id: c.ClientID, secret: secret}))
}

func (w *graphWorld) appCaller(name, id, title string, g graphToken) *graphCaller {
	return &graphCaller{name: name, token: g.Access, actor: idp.Actor{
		Party: idp.Party{Type: idp.ActorClient, ID: id, Name: title}, Tenant: w.home.ID, Permissions: g.permissions(),
	}}
}

// everyPermission is the demo's client for itself.
func (w *graphWorld) everyPermission() *graphCaller {
	w.Helper()
	c := w.home.client(w, "graph")
	return w.appCaller("app with every permission", c.ClientID, "Demo Administration Tools", w.appToken(w.home, c.app("", "")))
}

// noPermission is an app that has a token from when it had one.
func (w *graphWorld) noPermission() *graphCaller {
	w.Helper()
	a := w.app("app without permissions", idp.AppPermissions()...)
	_, err := w.demo.server.Admin.UpdateClient(w.Context(), demoActor, w.home.ID, a.actor.ID, func(c *idp.Client) { c.Permissions = nil })
	if err != nil {
		w.Fatal(err)
	}
	a.actor.Permissions = nil
	return a
}

// everyScope is what a person's app asks for when it wants all it may have.
var everyScope = idp.ScopeOf("https://graph.microsoft.com", idp.EveryScope)

// person signs somebody of the demo in through the client graph.
func (w *graphWorld) person(name, scope string) *graphCaller {
	w.Helper()
	r := w.home.user(w, name)
	u, err := w.demo.server.Admin.User(w.Context(), demoActor, w.home.ID, r.ID)
	if err != nil {
		w.Fatal(err)
	}
	return w.signedIn(u, r.TemporaryAccessPass, scope)
}

func (w *graphWorld) signedIn(u *idp.User, pass, scope string) *graphCaller {
	w.Helper()
	client := w.home.client(w, "graph")
	c := &graphCaller{name: strings.Join(append(slices.Clone(u.Roles), u.PrincipalName)[:1], ""), user: u, browser: w.agent(w.home), through: w.graphClient(w.home, scope)}
	c.since = w.demo.server.Clock.Now()
	g := w.personToken(c.browser, c.through, u.PrincipalName, pass)
	c.token = g.Access
	c.actor = idp.Actor{
		Party: idp.PartyOf(u), Tenant: w.home.ID, Roles: u.Roles, Permissions: g.permissions(),
		App: idp.Party{Type: idp.ActorClient, ID: client.ClientID, Name: "Demo Administration Tools"},
	}
	return c
}

// with is the same person, in the same browser, through an app that asks for less.
func (w *graphWorld) with(c *graphCaller, permissions ...string) *graphCaller {
	w.Helper()
	less := *c
	less.name = fmt.Sprintf("%s with %s alone", c.name, strings.Join(permissions, ", "))
	less.through, less.double = w.graphClient(w.home, strings.Join(permissions, " ")), nil
	g := w.personToken(c.browser, less.through, "", "")
	less.token, less.actor.Permissions = g.Access, g.permissions()
	if !slices.Equal(less.actor.Permissions, slices.Sorted(slices.Values(permissions))) && len(permissions) > 0 {
		w.Fatalf("%s asked for %q and got %q", c.name, permissions, less.actor.Permissions)
	}
	return &less
}

// another is somebody with the same roles through the same app, to do to themselves what
// the caller must not lose by.
func (w *graphWorld) another(c *graphCaller) *graphCaller {
	w.Helper()
	if c.double == nil {
		c.double = w.newcomer(strings.TrimPrefix(c.through.scope, "openid profile "), c.user.Roles...)
	}
	return c.double
}

// newcomer makes somebody, gives them a pass and signs them in.
func (w *graphWorld) newcomer(scope string, roles ...string) *graphCaller {
	w.Helper()
	u := w.newUser(roles...)
	_, pass, err := w.demo.server.Admin.CreatePass(w.Context(), demoActor, w.home.ID, u.UserID, idp.PassRequest{})
	if err != nil {
		w.Fatal(err)
	}
	return w.signedIn(u, pass, scope)
}

// holder is the demo's person for a role.
func (w *graphWorld) holder(o reportTenant, role string) reportUser {
	w.Helper()
	i := slices.IndexFunc(o.Users, func(u reportUser) bool { return slices.Equal(u.Roles, []string{role}) })
	if i < 0 {
		w.Fatalf("nobody is %s", role)
	}
	return o.Users[i]
}

// roleHolders are one person for each role, and one without.
func (w *graphWorld) roleHolders() []*graphCaller {
	w.Helper()
	all := []*graphCaller{w.person("noor@contoso.example", everyScope)}
	all[0].name = "person without a role"
	for _, r := range idp.Roles {
		all = append(all, w.person(w.holder(w.home, r.Name).UserPrincipalName, everyScope))
	}
	return all
}

// callers are all that the matrix asks about.
func (w *graphWorld) callers() []*graphCaller {
	w.Helper()
	people := w.roleHolders()
	// Each their own, who is not asked too often.
	nobody, reader := w.person("load@contoso.example", everyScope), w.newcomer("User.Read", idp.GlobalAdministrator)
	nobody.name, reader.name = people[0].name, idp.GlobalAdministrator+" who lets an app do little"
	all := append(people, reader,
		w.with(nobody, "User.ReadWrite", "UserAuthMethod-MicrosoftAuthApp.ReadWrite", "UserAuthMethod-Passkey.ReadWrite", "UserAuthMethod-Password.ReadWrite", "UserAuthMethod-TAP.ReadWrite", "UserAuthenticationMethod.ReadWrite"),
		w.everyPermission(), w.noPermission(),
	)
	for _, p := range idp.AppPermissions() {
		one := w.app("app with "+p+" alone", p)
		one.narrow = true
		all = append(all, one)
	}
	for _, p := range idp.Permissions() {
		one := w.newcomer(p, idp.GlobalAdministrator)
		one.name, one.narrow = idp.GlobalAdministrator+" with "+p+" alone", true
		all = append(all, one)
	}
	return all
}

// relay is a caller who is relieved by another of the same sort before they are asked to
// slow down.
type relay struct {
	relieve func() *graphCaller
	now     *graphCaller
	asked   int
}

// caller is who sends the next few requests.
func (r *relay) caller() *graphCaller {
	const few, most = 2, 480
	if r.asked += few; r.now == nil || r.asked > most {
		r.now, r.asked = r.relieve(), few
	}
	return r.now
}

// apps are a relay of apps with every permission.
func (w *graphWorld) apps() *relay {
	return &relay{relieve: func() *graphCaller { return w.app("app with every permission", idp.AppPermissions()...) }}
}

// administrators are a relay of people who may do everything.
func (w *graphWorld) administrators() *relay {
	return &relay{relieve: func() *graphCaller { return w.newcomer(everyScope, idp.GlobalAdministrator) }}
}
