package admin

import (
	"context"
	"slices"
	"strconv"

	"latchkey/idp"
	"latchkey/storage"
)

// CreateGroup makes a group of these members. One that roles can be given to is made by
// who may give roles.
func (s *Service) CreateGroup(ctx context.Context, actor idp.Actor, tenant string, g idp.Group, members ...string) (*idp.Group, error) {
	g.GroupID = idp.NewID()
	err := s.change(ctx, actor, tenant, writes(&g), func(w *work) error {
		g.CreatedAt = w.now
		if err := g.Validate(); err != nil {
			return err
		}
		if err := w.Insert(&g); err != nil {
			return err
		}
		if err := w.auditChange(idp.GroupAdded, groupParty(&g), nil, &g); err != nil || len(members) == 0 {
			return err
		}
		return w.join(g.GroupID, members)
	})
	return &g, taken(err, "There is a group %q already.", g.Name)
}

// Group finds a group by GUID or name.
func (s *Service) Group(ctx context.Context, actor idp.Actor, tenant, name string) (g *idp.Group, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadGroup, func(w *work) error {
		g, err = findGroup(w.Tx, name)
		return err
	})
	return g, err
}

// Groups lists a tenant's groups by id.
func (s *Service) Groups(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (gs []*idp.Group, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadGroup, func(w *work) (err error) {
		gs, next, err = storage.All[idp.Group](w.Tx, page)
		return err
	})
	return gs, next, err
}

// GroupsOf are the groups a user is in, by their order there.
func (s *Service) GroupsOf(ctx context.Context, actor idp.Actor, tenant, name string) (gs []*idp.Group, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.ReadUser, name)
		if err != nil {
			return err
		}
		gs = nil
		for _, id := range u.Groups {
			g, err := idp.Optional(storage.Get[idp.Group](w.Tx, id))
			if err != nil {
				return err
			}
			if g != nil {
				gs = append(gs, g)
			}
		}
		return nil
	})
	return gs, err
}

// Members lists the users in a group by id. Of those whom the actor may not read there
// is the id alone.
func (s *Service) Members(ctx context.Context, actor idp.Actor, tenant, name string, page storage.Page) (us []*idp.User, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadGroup, func(w *work) error {
		g, err := findGroup(w.Tx, name)
		if err != nil {
			return err
		}
		if us, next, err = storage.List[idp.User](w.Tx, "group", g.GroupID, page); err != nil {
			return err
		}
		return w.bare(us)
	})
	return us, next, err
}

// bare leaves of users whom the actor may not read nothing but their ids.
func (w *work) bare(us []*idp.User) error {
	for i, u := range us {
		err := w.mayTo(idp.ReadUser, u)
		if err != nil && idp.ErrorCode(err) != idp.Forbidden {
			return err
		}
		if err != nil {
			us[i] = &idp.User{UserID: u.UserID}
		}
	}
	return nil
}

// GroupChange is what may be changed; nil leaves a field as it is.
type GroupChange struct {
	Name        *string
	Description *string
	Nickname    *string
}

// UpdateGroup changes a group.
func (s *Service) UpdateGroup(ctx context.Context, actor idp.Actor, tenant, name string, c GroupChange) (g *idp.Group, err error) {
	err = s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		if g, err = w.groupToWrite(name); err != nil {
			return err
		}
		before := *g
		set(&g.Name, c.Name)
		set(&g.Description, c.Description)
		set(&g.Nickname, c.Nickname)
		if err := g.Validate(); err != nil {
			return err
		}
		if err := w.Put(g); err != nil {
			return err
		}
		return w.auditChange(idp.GroupUpdated, groupParty(g), &before, g)
	})
	return g, taken(err, "Another group has that name.")
}

// writes is the action of changing a group: one that roles can be given to is looked
// after by who may give roles.
func writes(g *idp.Group) idp.Action {
	if g != nil && g.Guarded {
		return idp.AssignRoles
	}
	return idp.WriteGroup
}

// groupToWrite finds a group that the actor may change.
func (w *work) groupToWrite(name string) (*idp.Group, error) {
	g, err := idp.Optional(idp.FindGroup(w.Tx, name))
	if err != nil {
		return nil, err
	}
	if err := w.may(writes(g)); err != nil {
		return nil, err
	}
	if g == nil {
		return nil, noGroup(name)
	}
	return g, nil
}

// maxEmptied is how many members leave with their group in one transaction.
const maxEmptied = 1000

// DeleteGroup removes a group that no policy names; its members leave it.
func (s *Service) DeleteGroup(ctx context.Context, actor idp.Actor, tenant, name string) error {
	return s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		g, err := w.groupToWrite(name)
		if err != nil {
			return err
		}
		policy, err := idp.LoadMethodsPolicy(w.Tx)
		if err != nil {
			return err
		}
		if which := policy.Naming(g.GroupID); which != "" {
			return idp.Errorf(idp.Conflict, "The %s policy names the group %s. Change the policy first.", which, g.Name)
		}
		left, err := w.empty(g)
		if err != nil {
			return err
		}
		if err := w.Delete(g); err != nil {
			return err
		}
		e := w.event(idp.GroupRemoved, groupParty(g), "")
		e.Modified, e.Details = modified(g, nil), map[string]string{"members": strconv.Itoa(left)}
		return w.tell(e)
	})
}

// empty has all members leave the group, and tells how many did.
func (w *work) empty(g *idp.Group) (int, error) {
	members, next, err := storage.List[idp.User](w.Tx, "group", g.GroupID, storage.Page{Limit: maxEmptied})
	if err != nil {
		return 0, err
	}
	if next != "" {
		return 0, idp.Errorf(idp.Conflict, "The group %s has more than %d members. Remove them first.", g.Name, maxEmptied)
	}
	for _, u := range members {
		u.Groups = slices.DeleteFunc(u.Groups, func(id string) bool { return id == g.GroupID })
		if err := w.Put(u); err != nil {
			return 0, err
		}
	}
	return len(members), nil
}

// AddMember puts a user into a group.
func (s *Service) AddMember(ctx context.Context, actor idp.Actor, tenant, group, name string) (u *idp.User, err error) {
	err = s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err = w.updateMember(group, name, idp.MemberAdded, joins)
		return err
	})
	return u, err
}

// AddMembers puts users into a group, all or none.
func (s *Service) AddMembers(ctx context.Context, actor idp.Actor, tenant, group string, names []string) error {
	return s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		if len(names) == 0 {
			return idp.Errorf(idp.Invalid, "Name at least one member.")
		}
		return w.join(group, names)
	})
}

func (w *work) join(group string, names []string) error {
	for _, name := range names {
		if _, err := w.updateMember(group, name, idp.MemberAdded, joins); err != nil {
			return err
		}
	}
	return nil
}

func joins(u *idp.User, g *idp.Group) error {
	if slices.Contains(u.Groups, g.GroupID) {
		return idp.Errorf(idp.Conflict, "%s is a member of %s already.", u.PrincipalName, g.Name)
	}
	u.Groups = append(u.Groups, g.GroupID)
	return nil
}

// RemoveMember takes a user out of a group.
func (s *Service) RemoveMember(ctx context.Context, actor idp.Actor, tenant, group, name string) (u *idp.User, err error) {
	err = s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err = w.updateMember(group, name, idp.MemberRemoved, func(u *idp.User, g *idp.Group) error {
			i := slices.Index(u.Groups, g.GroupID)
			if i < 0 {
				return idp.NoSuch("member", name, "%s is no member of %s.", u.PrincipalName, g.Name)
			}
			u.Groups = slices.Delete(u.Groups, i, i+1)
			return nil
		})
		return err
	})
	return u, err
}

func (w *work) updateMember(group, name string, what idp.Activity, fn func(*idp.User, *idp.Group) error) (*idp.User, error) {
	g, err := idp.Optional(idp.FindGroup(w.Tx, group))
	if err != nil {
		return nil, err
	}
	if err := w.mayFill(g); err != nil {
		return nil, err
	}
	if g == nil {
		return nil, noGroup(group)
	}
	u, err := findUser(w.Tx, name)
	if err != nil {
		return nil, err
	}
	before := *u
	before.Groups = slices.Clone(u.Groups)
	if err := fn(u, g); err != nil {
		return nil, err
	}
	if err := w.put(&before, u); err != nil {
		return nil, err
	}
	e := w.event(what, idp.PartyOf(u), "")
	e.Details = map[string]string{"groupId": g.GroupID, "group": g.Name}
	return u, w.tell(e)
}

// mayFill asks for the right to change who is in a group: one that roles can be given to
// is filled by who may give roles. nil is a group that is not there.
func (w *work) mayFill(g *idp.Group) error {
	if g != nil && g.Guarded {
		return w.may(idp.AssignRoles)
	}
	return w.may(idp.WriteMembers)
}

func findGroup(tx *storage.Tx, name string) (*idp.Group, error) {
	g, err := idp.Optional(idp.FindGroup(tx, name))
	if err == nil && g == nil {
		err = noGroup(name)
	}
	return g, err
}

func noGroup(name string) error {
	return idp.NoSuch(idp.PartyGroup, name, "There is no group %q.", name)
}

func groupParty(g *idp.Group) idp.Party {
	return idp.Party{Type: idp.PartyGroup, ID: g.GroupID, Name: g.Name}
}
