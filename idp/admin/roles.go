package admin

import (
	"context"
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// RoleAssignment is one role of one person.
type RoleAssignment struct {
	Role idp.Role
	User *idp.User
}

// AssignRole gives a person a role, and takes the role into use if nobody had it.
func (s *Service) AssignRole(ctx context.Context, actor idp.Actor, tenant, role, name string) (a RoleAssignment, err error) {
	return s.updateRole(ctx, actor, tenant, role, name, idp.RoleGiven, func(w *work, u *idp.User, r idp.Role) error {
		if slices.Contains(u.Roles, r.Name) {
			return idp.Errorf(idp.Conflict, "%s has the role %s already.", u.PrincipalName, r.Name)
		}
		u.Roles = append(u.Roles, r.Name)
		_, _, err := w.activate(r)
		return err
	})
}

// RemoveRole takes a role from a person.
func (s *Service) RemoveRole(ctx context.Context, actor idp.Actor, tenant, role, name string) error {
	_, err := s.updateRole(ctx, actor, tenant, role, name, idp.RoleTaken, func(w *work, u *idp.User, r idp.Role) error {
		if !slices.Contains(u.Roles, r.Name) {
			return idp.NoSuch("member", name, "%s does not have the role %s.", u.PrincipalName, r.Name)
		}
		if r.Name == idp.GlobalAdministrator {
			if err := w.oneRemains(u); err != nil {
				return err
			}
		}
		u.Roles = slices.DeleteFunc(u.Roles, func(n string) bool { return n == r.Name })
		return nil
	})
	return err
}

func (s *Service) updateRole(ctx context.Context, actor idp.Actor, tenant, role, name string, what idp.Activity, fn func(*work, *idp.User, idp.Role) error) (a RoleAssignment, err error) {
	err = s.change(ctx, actor, tenant, idp.AssignRoles, func(w *work) error {
		r, err := findRole(role)
		if err != nil {
			return err
		}
		u, err := findUser(w.Tx, name)
		if err != nil {
			return err
		}
		before := *u
		before.Roles = slices.Clone(u.Roles)
		if err := fn(w, u, r); err != nil {
			return err
		}
		if err := w.checkUser(u); err != nil {
			return err
		}
		if err := w.put(&before, u); err != nil {
			return err
		}
		a = RoleAssignment{r, u}
		e := w.event(what, idp.PartyOf(u), "")
		e.Details = map[string]string{"role": r.Name, "roleTemplateId": r.TemplateID}
		return w.tell(e)
	})
	return a, err
}

// RoleAssignments lists who has which role, in the order of the roles.
func (s *Service) RoleAssignments(ctx context.Context, actor idp.Actor, tenant string) (all []RoleAssignment, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadRoles, func(w *work) error {
		all = nil
		for _, r := range idp.Roles {
			us, _, err := storage.List[idp.User](w.Tx, "role", r.Name, storage.Page{})
			if err != nil {
				return err
			}
			for _, u := range us {
				all = append(all, RoleAssignment{r, u})
			}
		}
		return nil
	})
	return all, err
}

// Holders lists the people who have a role, by id, as Members does.
func (s *Service) Holders(ctx context.Context, actor idp.Actor, tenant, role string, page storage.Page) (us []*idp.User, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadRoles, func(w *work) error {
		r, err := findRole(role)
		if err != nil {
			return err
		}
		if us, next, err = storage.List[idp.User](w.Tx, "role", r.Name, page); err != nil {
			return err
		}
		return w.bare(us)
	})
	return us, next, err
}

// Roles lists the roles there are.
func (s *Service) Roles(ctx context.Context, actor idp.Actor, tenant string) ([]idp.Role, error) {
	err := s.read(ctx, actor, tenant, idp.ReadRoles, func(*work) error { return nil })
	if err != nil {
		return nil, err
	}
	return slices.Clone(idp.Roles), nil
}

// RolesOf are the roles that a user has.
func (s *Service) RolesOf(ctx context.Context, actor idp.Actor, tenant, name string) (all []ActiveRole, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.ReadUser, name)
		if err != nil {
			return err
		}
		all = nil
		for _, r := range idp.Roles {
			if !slices.Contains(u.Roles, r.Name) {
				continue
			}
			a, err := w.active(r)
			if err != nil {
				return err
			}
			all = append(all, *a)
		}
		return nil
	})
	return all, err
}

// ActiveRole is a role that is in use in a tenant.
type ActiveRole struct {
	idp.Role
	RoleID string // its id in the tenant, which is not that of its template
}

// ActiveRoles lists the roles in use.
func (s *Service) ActiveRoles(ctx context.Context, actor idp.Actor, tenant string) (all []ActiveRole, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadRoles, func(w *work) error {
		all = nil
		for _, r := range idp.Roles {
			a, err := w.active(r)
			if err != nil {
				return err
			}
			if a != nil {
				all = append(all, *a)
			}
		}
		return nil
	})
	return all, err
}

// ActivateRole takes a role into use from its template. Conflict: it is already.
func (s *Service) ActivateRole(ctx context.Context, actor idp.Actor, tenant, template string) (a ActiveRole, err error) {
	err = s.change(ctx, actor, tenant, idp.AssignRoles, func(w *work) error {
		r, err := findRole(template)
		if err != nil {
			return err
		}
		active, fresh, err := w.activate(r)
		if err != nil {
			return err
		}
		if !fresh {
			return idp.Errorf(idp.Conflict, "The role %s is in use already.", r.Name)
		}
		a = *active
		return w.audit(idp.RoleActivated, idp.Party{Type: idp.PartyRole, ID: a.RoleID, Name: r.Name}, "")
	})
	return a, err
}

// active is a role if it is in use: from the beginning, taken into use, or given to
// somebody when they were made.
func (w *work) active(r idp.Role) (*ActiveRole, error) {
	d, err := idp.Optional(storage.Get[idp.DirectoryRole](w.Tx, r.TemplateID))
	if err != nil {
		return nil, err
	}
	if d != nil {
		return &ActiveRole{r, d.RoleID}, nil
	}
	held, _, err := storage.List[idp.User](w.Tx, "role", r.Name, storage.Page{Limit: 1})
	if err != nil || len(held) == 0 && r.Name != idp.GlobalAdministrator {
		return nil, err
	}
	return &ActiveRole{r, idp.DerivedID(w.tenant.TenantID, r.TemplateID)}, nil
}

// activate takes a role into use; fresh tells whether it was not.
func (w *work) activate(r idp.Role) (a *ActiveRole, fresh bool, err error) {
	if a, err = w.active(r); a != nil || err != nil {
		return a, false, err
	}
	d := &idp.DirectoryRole{TemplateID: r.TemplateID, RoleID: idp.DerivedID(w.tenant.TenantID, r.TemplateID), ActivatedAt: w.now}
	return &ActiveRole{r, d.RoleID}, true, w.Put(d)
}

func findRole(name string) (idp.Role, error) {
	r, known := idp.FindRole(name)
	if !known {
		return r, idp.NoSuch(idp.PartyRole, name, "There is no role %q.", name)
	}
	return r, nil
}
