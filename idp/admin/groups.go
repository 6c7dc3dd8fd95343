package admin

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// CreateGroup makes an empty group.
func (s *Service) CreateGroup(ctx context.Context, actor idp.Party, tenant, name, description string) (*idp.Group, error) {
	g := &idp.Group{GroupID: idp.NewID(), Name: name, Description: description}
	err := s.change(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, now time.Time) error {
		g.CreatedAt = now
		if err := g.Validate(); err != nil {
			return err
		}
		if err := tx.Insert(g); err != nil {
			return err
		}
		return audit(tx, now, actor, group(g), "Add group", "GroupManagement", idp.CoreService, "")
	})
	return g, taken(err, "There is a group %q already.", name)
}

// Group finds a group by GUID or name.
func (s *Service) Group(ctx context.Context, tenant, name string) (g *idp.Group, err error) {
	err = s.read(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, _ time.Time) error {
		g, err = findGroup(tx, name)
		return err
	})
	return g, err
}

// Groups lists a tenant's groups by id.
func (s *Service) Groups(ctx context.Context, tenant string, page storage.Page) (gs []*idp.Group, next string, err error) {
	err = s.read(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, _ time.Time) (err error) {
		gs, next, err = storage.All[idp.Group](tx, page)
		return err
	})
	return gs, next, err
}

// Members lists the users in a group by id.
func (s *Service) Members(ctx context.Context, tenant, name string, page storage.Page) (us []*idp.User, next string, err error) {
	err = s.read(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, _ time.Time) error {
		g, err := findGroup(tx, name)
		if err != nil {
			return err
		}
		us, next, err = storage.List[idp.User](tx, "group", g.GroupID, page)
		return err
	})
	return us, next, err
}

// DeleteGroup removes a group that no policy names and nobody is in.
func (s *Service) DeleteGroup(ctx context.Context, actor idp.Party, tenant, name string) error {
	return s.change(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, now time.Time) error {
		g, err := findGroup(tx, name)
		if err != nil {
			return err
		}
		members, _, err := storage.List[idp.User](tx, "group", g.GroupID, storage.Page{Limit: 1})
		if err != nil {
			return err
		}
		if len(members) > 0 {
			return idp.Errorf(idp.Conflict, "The group %s still has members. Remove them first.", g.Name)
		}
		policy, err := idp.LoadMethodsPolicy(tx)
		if err != nil {
			return err
		}
		if policy.TemporaryAccessPass.Targets.Names(g.GroupID) {
			return idp.Errorf(idp.Conflict, "The pass policy names the group %s. Change the policy first.", g.Name)
		}
		if err := tx.Delete(g); err != nil {
			return err
		}
		return audit(tx, now, actor, group(g), "Delete group", "GroupManagement", idp.CoreService, "")
	})
}

func findGroup(tx *storage.Tx, name string) (*idp.Group, error) {
	g, err := idp.FindGroup(tx, name)
	return g, missing(err, "There is no group %q.", name)
}

func group(g *idp.Group) idp.Party { return idp.Party{Type: "group", ID: g.GroupID, Name: g.Name} }
