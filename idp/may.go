package idp

import (
	"slices"
	"time"

	"latchkey/storage"
)

// Actor is who wants something done.
type Actor struct {
	Party
	Tenant      string   // whose the actor is; "" for an operator
	Roles       []string // of a person, as they are now
	App         Party    // through which a person acts; zero on our own pages
	Exchanged   bool     // the app got its token for another that it was sent: the person was not asked
	Permissions []string // what the app may do: by itself, or for the person
	Strong      bool     // the person has proved more than one factor a moment ago (StrongFor)
	Address     string   // from where, for the log
	RequestID   string   // likewise
}

// The types of actors.
const (
	ActorOperator = "operator" // holds the server's socket
	ActorUser     = "user"
	ActorClient   = "client" // an app, for itself
	ActorSystem   = "system" // nobody: what was seen made it happen
)

// Person is somebody with the roles they have.
func Person(tenant string, u *User) Actor {
	return Actor{Party: PartyOf(u), Tenant: tenant, Roles: u.Roles}
}

// By is a person acting by a session, on our own pages. A role counts for who has proved
// more than one factor.
func (a Actor) By(s *Session, now time.Time) Actor {
	if a.Strong = s.Strong(now); !s.MFA() {
		a.Roles = nil
	}
	return a
}

// Through is a person acting through the app that a is, by a grant, and by a token that it
// got for another one or not. A role counts for who has proved more than one factor.
func (a Actor) Through(u *User, g *Grant, exchanged bool, now time.Time) Actor {
	a.App, a.Party, a.Exchanged = a.Party, PartyOf(u), exchanged
	if slices.Contains(g.AMR, "mfa") {
		direct := !exchanged && g.Device.Hash == "" // of a device nobody knows whose it is
		a.Roles, a.Strong = u.Roles, direct && !g.Undated && now.Sub(g.AuthTime) < StrongFor
	}
	return a
}

// Current takes from a person the roles that they have lost since the request began, which
// may have been a while ago for who sends slowly.
func (a Actor) Current(tx *storage.Tx) (Actor, error) {
	if a.Type != ActorUser {
		return a, nil
	}
	u, err := Optional(storage.Get[User](tx, a.ID))
	if u == nil || u.Disabled {
		a.Roles = nil
	} else {
		a.Roles = Both(a.Roles, u.Roles)
	}
	return a, err
}

// Is tells whether the actor is this person.
func (a Actor) Is(u *User) bool { return a.Type == ActorUser && u != nil && a.ID == u.UserID }

// permitted tells whether the app between, if there is one, may do one of these.
func (a Actor) permitted(names []string) bool {
	direct := a.Type == ActorUser && a.App == Party{}
	return direct || slices.ContainsFunc(names, func(n string) bool { return slices.Contains(a.Permissions, n) })
}

// Object is what something is done to.
type Object struct {
	Tenant string
	User   *User // nil: no person, or nobody in particular
	// Guarded: the person is in a group that roles can be given to.
	Guarded bool
}

// ObjectOf is a person, or nobody when nil, as May sees them.
func ObjectOf(tx *storage.Tx, t *Tenant, u *User) (Object, error) {
	o := Object{Tenant: t.TenantID, User: u}
	if u == nil {
		return o, nil
	}
	for _, id := range u.Groups {
		g, err := Optional(storage.Get[Group](tx, id))
		if err != nil {
			return o, err
		}
		o.Guarded = o.Guarded || g != nil && g.Guarded
	}
	return o, nil
}

// Privileged tells whether the person must be kept from administrators of ordinary
// users.
func (o Object) Privileged() bool {
	return o.User != nil && (o.Guarded || slices.ContainsFunc(o.User.Roles, func(name string) bool {
		r, known := FindRole(name)
		return !known || !r.Limited
	}))
}

// reach is whom a role may do something to.
type reach int

const (
	nobody   reach = iota
	ordinary       // people without a privileged role
	anyone
)

// rule is what an action takes. Of each list of permissions one is enough.
type rule struct {
	permissions []string // for an app by itself, or for a person who has one of the roles
	own         []string // likewise, on what is the person's own: no role is needed
	roles       map[string]reach
	notSelf     bool // nobody does it to themselves
	personal    bool // no app does it by itself, nor for a person who has not let it
	sparing     bool // an app by itself does it to nobody who is privileged
	strong      bool // on what is the person's own it takes a strong proof of the last minutes
}

// ErrForbidden: the actor may not.
var ErrForbidden = Errorf(Forbidden, "Insufficient privileges to complete the operation.")

// May decides whether the actor may do the action to the object; nil if so. It is
// pure: every surface asks it, by way of the use cases, and none decides by itself.
func May(a Actor, action Action, o Object) error {
	r, known := rules[action]
	switch {
	case a.Type == ActorOperator && a.Tenant == "":
		return nil
	case !known || a.Tenant == "" || a.Tenant != o.Tenant:
		return ErrForbidden
	case r.notSelf && a.Is(o.User):
		return selfService(a)
	case r.personal && a.Exchanged:
		return ErrForbidden
	case r.strong && a.Is(o.User) && a.mayAsPerson(r, o) && !a.Strong:
		return ErrStepUp
	case a.Type == ActorClient && !r.personal && !(r.sparing && o.Privileged()) && a.permitted(r.permissions):
		return nil
	case a.Type == ActorUser && a.mayAsPerson(r, o):
		return nil
	}
	return ErrForbidden
}

func (a Actor) mayAsPerson(r rule, o Object) bool {
	if a.Is(o.User) && r.own != nil && a.permitted(slices.Concat(r.own, r.permissions)) {
		return true
	}
	if !a.permitted(r.permissions) {
		return false
	}
	return slices.ContainsFunc(a.Roles, func(role string) bool {
		reach := r.roles[role]
		return reach == anyone || reach == ordinary && !o.Privileged()
	})
}

// selfService has the text that other software matches on.
func selfService(a Actor) error {
	return Errorf(Forbidden, "Self-service operations are currently not supported for user %s.", a.ID)
}

// FindFor finds whom an action is about, if the actor may do it to them. Who may do it
// to nobody is not told whether there is such a user.
func FindFor(tx *storage.Tx, a Actor, action Action, t *Tenant, name string) (*User, error) {
	u, err := Optional(FindUser(tx, name))
	if err != nil {
		return nil, err
	}
	o, err := ObjectOf(tx, t, u)
	if err != nil {
		return nil, err
	}
	if err := May(a, action, o); err != nil {
		return nil, err
	}
	if u == nil {
		return nil, NoSuch(ActorUser, name, "There is no user %q.", name)
	}
	return u, nil
}

// PermissionsFor are the permissions of which one is needed for the action: of an app
// by itself, and of one on behalf of a person.
func PermissionsFor(action Action) (app, delegated []string) {
	r := rules[action]
	if app = r.permissions; r.personal {
		app = nil
	}
	return app, slices.Concat(r.own, r.permissions)
}
