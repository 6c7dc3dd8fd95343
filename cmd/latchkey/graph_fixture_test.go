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
		"types": "all", "roles": "all",
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
		if f.values[name] != "" {
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

// What must be there for a request to succeed.

// withPass gives the person a pass that nobody signs in with: proving one takes a
// processor a while.
func withPass(f *fixture) {
	if f.user == nil {
		return
	}
	f.update(f.home.ID, func(tx *storage.Tx) error {
		p, err := idp.Optional(storage.Lookup[idp.Pass](tx, "user", f.user.UserID))
		if err != nil || p != nil {
			f.values["id"] = p.PassID
			return err
		}
		if f.verifier == nil {
			policy := must(idp.LoadMethodsPolicy(tx))
			f.verifier, _, err = idp.NewPass(f.demo.server.Keys, f.home.ID, policy.TemporaryAccessPass, f.user, idp.PassRequest{}, f.demo.server.Clock.Now())
			if err != nil {
				return err
			}
		}
		made := *f.verifier
		made.PassID, made.UserID = idp.NewID(), f.user.UserID
		f.values["id"] = made.PassID
		return tx.Insert(&made)
	})
}

// withRequest lets a pass for the person wait for a second administrator.
func withRequest(f *fixture) {
	f.values["request"] = idp.NewID()
	if f.user == nil {
		return
	}
	f.update(f.home.ID, func(tx *storage.Tx) error {
		a, err := idp.Optional(storage.Lookup[idp.PassApproval](tx, "user", f.user.UserID))
		if err == nil && a == nil {
			a = idp.NewPassApproval(f.user, idp.PassRequest{}, demoActor.Party, f.demo.server.Clock.Now())
			err = tx.Insert(a)
		}
		if err == nil {
			f.values["request"] = a.ApprovalID
		}
		return err
	})
}

func withGroup(f *fixture)        { f.values["group"] = f.newGroup(false).GroupID }
func withGuardedGroup(f *fixture) { f.values["group"] = f.newGroup(true).GroupID }

// withMembership puts the person into a group.
func withMembership(f *fixture) {
	g := f.newGroup(false)
	f.values["group"] = g.GroupID
	if f.user != nil {
		f.join(g, f.user)
	}
}

// withUnusedRole names a role that the person does not have.
func withUnusedRole(f *fixture) {
	f.useRole(idp.GuestInviter)
	f.activate(idp.GuestInviter)
}

func (f *fixture) useRole(name string) {
	r, _ := idp.FindRole(name)
	f.values["role"], f.values["template"] = f.roleID(name), r.TemplateID
	if id := f.values["user"]; id != "" {
		f.values["assignment"] = assignmentOf(r.TemplateID, id)
	}
}

// activate takes a role into use, if it is not.
func (f *fixture) activate(name string) {
	f.Helper()
	_, err := f.demo.server.Admin.ActivateRole(f.Context(), demoActor, f.home.ID, name)
	if err != nil && idp.ErrorCode(err) != idp.Conflict {
		f.Fatal(err)
	}
}

// withRole names a role that the person has; somebody who is nobody's actor is given one.
func withRole(f *fixture) {
	f.Helper()
	switch {
	case f.user == nil:
		f.useRole(idp.DirectoryReaders)
	case len(f.user.Roles) > 0:
		f.useRole(f.user.Roles[0])
	case strings.HasPrefix(f.user.PrincipalName, "person"):
		if _, err := f.demo.server.Admin.AssignRole(f.Context(), demoActor, f.home.ID, idp.DirectoryReaders, f.user.UserID); err != nil {
			f.Fatal(err)
		}
		f.useRole(idp.DirectoryReaders)
	default:
		f.useRole(idp.DirectoryReaders)
	}
}

// withIdleRole puts a role out of use, so that it can be taken into use, until the request
// is over.
func withIdleRole(f *fixture) {
	r, _ := idp.FindRole(idp.HybridIdentityAdministrator)
	f.useRole(r.Name)
	var had []*idp.User
	f.update(f.home.ID, func(tx *storage.Tx) error {
		had = must2(storage.List[idp.User](tx, "role", r.Name, storage.Page{}))
		for _, u := range had {
			without := *u
			without.Roles = idp.Without(u.Roles, []string{r.Name})
			if err := tx.Put(&without); err != nil {
				return err
			}
		}
		d, err := idp.Optional(storage.Get[idp.DirectoryRole](tx, r.TemplateID))
		if d == nil || err != nil {
			return err
		}
		return tx.Delete(d)
	})
	f.undo = append(f.undo, func() {
		f.update(f.home.ID, func(tx *storage.Tx) error {
			for _, u := range had {
				if err := tx.Put(u); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// withPolicy puts the pass policy back afterwards: without it nobody would stay signed in.
func withPolicy(f *fixture) {
	var was *idp.MethodsPolicy
	f.update(f.home.ID, func(tx *storage.Tx) (err error) {
		was, err = idp.LoadMethodsPolicy(tx)
		return err
	})
	f.undo = append(f.undo, func() { f.update(f.home.ID, func(tx *storage.Tx) error { return tx.Put(was) }) })
}

// release undoes what was made for one request.
func (f *fixture) release() {
	for _, undo := range f.undo {
		undo()
	}
	f.undo = nil
}

func must2[T, U any](v T, _ U, err error) T { return must(v, err) }

// withDomain gives the organization a domain that nobody's name ends in.
func withDomain(f *fixture) {
	f.Helper()
	d := fmt.Sprintf("d%d.example", f.next())
	if _, err := f.demo.server.Admin.AddDomain(f.Context(), demoActor, f.home.ID, d); err != nil {
		f.Fatal(err)
	}
	f.values["domain"] = d
}

// withGuest makes the person one from outside who was invited, whatever they are beside
// that.
func withGuest(f *fixture) {
	f.values["address"] = fmt.Sprintf("guest%d@outside.example", f.next())
	if f.user == nil {
		return
	}
	f.user.Type, f.user.Profile.Email, f.user.External.State = idp.ExternalGuest, f.values["address"], idp.Accepted
	f.user.PrincipalName = idp.GuestName(f.values["address"], &idp.Tenant{Domains: []string{f.home.Domain}})
	f.update(f.home.ID, func(tx *storage.Tx) error {
		u, err := storage.Get[idp.User](tx, f.user.UserID)
		if err != nil {
			return err
		}
		f.user.Groups = u.Groups
		return tx.Put(f.user)
	})
}

// withEvent names an event of a log.
func withEvent(log string) func(*fixture) {
	return func(f *fixture) {
		f.Helper()
		es, _, err := f.demo.server.Admin.Events(f.Context(), demoActor, f.home.ID, log, storage.Page{Limit: 1})
		if err != nil || len(es) == 0 {
			f.Fatalf("no event in %s: %v", log, err)
		}
		f.values["event"] = es[0].EventID
	}
}
