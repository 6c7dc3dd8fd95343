package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// fixture is what a request of the matrix is about: whom, and the values that stand for
// the names in its path and body.
type fixture struct {
	*graphWorld
	user   *idp.User // nil: nobody in particular
	object idp.Object
	values map[string]string
	undo   []func() // what must not stay as it was made for one request
}

// The kinds of objects: what May tells apart.
const (
	nobodyInParticular = "nobody"
	theActor           = "self"
	aMember            = "member"
	aLimitedHolder     = "limited role"
	anAdministrator    = "administrator"
	aGuardedMember     = "guarded group"
	aStranger          = "other tenant"
)

func objectKinds() []string {
	return []string{nobodyInParticular, theActor, aMember, aLimitedHolder, anAdministrator, aGuardedMember, aStranger}
}

// next is a number that no fixture had before.
func (w *graphWorld) next() int {
	w.fixtures++
	return w.fixtures
}

// fixtureOf makes somebody of a kind.
func (w *graphWorld) fixtureOf(kind string) *fixture {
	w.Helper()
	switch kind {
	case nobodyInParticular:
		return w.fixtureFor(nil, false)
	case aLimitedHolder:
		return w.fixtureFor(w.newUser(idp.ReportsReader), false)
	case anAdministrator:
		return w.fixtureFor(w.newUser(idp.SecurityReader), false)
	case aGuardedMember:
		u := w.newUser()
		w.join(w.newGroup(true), u)
		return w.fixtureFor(u, true)
	case aStranger:
		return w.stranger()
	}
	return w.fixtureFor(w.newUser(), false)
}

func (w *graphWorld) fixtureFor(u *idp.User, guarded bool) *fixture {
	f := &fixture{graphWorld: w, user: u, object: idp.Object{Tenant: w.home.ID, User: u, Guarded: guarded}}
	f.values = map[string]string{
		"base": w.base, "n": fmt.Sprint(w.next()), "organization": w.home.ID, "configuration": "temporaryAccessPass",
		"domain": w.home.Domain, "group": w.standing.GroupID, "id": idp.NewID(), "role": w.roleID(idp.GlobalAdministrator), "template": idp.Roles[0].TemplateID,
		"types": "all", "roles": "all", "minutes": "5", "credential": "AAAA", "clientData": "AAAA", "attestation": "AAAA",
	}
	if u != nil {
		f.name(u.UserID)
	}
	return f
}

// name puts a person's id wherever one is named.
func (f *fixture) name(id string) {
	for _, name := range []string{"user", "member", "object"} {
		f.values[name] = id
	}
}

// stranger is of the other tenant: there is nobody of that id here.
func (w *graphWorld) stranger() *fixture {
	f := w.fixtureFor(nil, false)
	o := w.other.user(w, "kim@fabrikam.example")
	f.name(o.ID)
	return f
}

// random is the same fixture with ids that nobody has.
func (f *fixture) random() *fixture {
	r := *f
	r.values = map[string]string{}
	for name, v := range f.values {
		r.values[name] = v
	}
	r.name(idp.NewID())
	for _, name := range []string{"id", "request"} {
		if f.values[name] != "" && f.values[name] != passwordMethodID {
			r.values[name] = idp.NewID()
		}
	}
	if f.values["assignment"] != "" {
		r.values["assignment"] = assignmentOf(f.values["template"], r.values["user"])
	}
	return &r
}

// masked is an answer without what differs from one id to another.
func (f *fixture) masked(a graphAnswer) string {
	text := string(a.body)
	for _, name := range []string{"user", "id", "request", "assignment", "group", "role", "event", "domain", "invitation", "organization", "detail"} {
		if v := f.values[name]; v != "" {
			text = strings.ReplaceAll(text, v, "<"+name+">")
		}
	}
	return fmt.Sprint(a.status, " ", maskPattern.ReplaceAllString(text, ""))
}

func (w *graphWorld) newUser(roles ...string) *idp.User {
	w.Helper()
	n := w.next()
	name := fmt.Sprintf("person%d@%s", n, w.home.Domain)
	u, err := w.demo.server.Admin.CreateUser(w.Context(), demoActor, w.home.ID, idp.User{
		PrincipalName: name, DisplayName: fmt.Sprintf("Person %d", n), Roles: roles,
		Profile: idp.Profile{Email: name}, Work: idp.Work{MailNickname: fmt.Sprintf("person%d", n)},
	})
	if err != nil {
		w.Fatal(err)
	}
	return u
}

func (w *graphWorld) newGroup(guarded bool) *idp.Group {
	w.Helper()
	g, err := w.demo.server.Admin.CreateGroup(w.Context(), demoActor, w.home.ID, idp.Group{Name: fmt.Sprintf("Group %d", w.next()), Guarded: guarded})
	if err != nil {
		w.Fatal(err)
	}
	return g
}

func (w *graphWorld) join(g *idp.Group, u *idp.User) {
	w.Helper()
	if _, err := w.demo.server.Admin.AddMember(w.Context(), demoActor, w.home.ID, g.GroupID, u.UserID); err != nil {
		w.Fatal(err)
	}
}

// update changes a partition without asking anybody, which is quicker than a use case.
func (w *graphWorld) update(tenant string, fn func(*storage.Tx) error) {
	w.Helper()
	if err := w.demo.server.Store.Update(w.Context(), tenant, fn); err != nil {
		w.Fatal(err)
	}
}

func (w *graphWorld) roleID(name string) string {
	r, _ := idp.FindRole(name)
	return idp.DerivedID(w.home.ID, r.TemplateID)
}

// assignmentOf is how the API names who has which role.
func assignmentOf(template, user string) string {
	return base64.RawURLEncoding.EncodeToString(must(hex.DecodeString(strings.ReplaceAll(template+user, "-", ""))))
}
