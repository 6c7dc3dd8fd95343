package admin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// CreateUser makes a user; id and creation time are given here, and the name is
// brought into its normal form.
func (s *Service) CreateUser(ctx context.Context, actor idp.Party, tenant string, u idp.User) (*idp.User, error) {
	n, err := idp.NormalName(u.PrincipalName)
	if err != nil {
		return nil, err
	}
	u.UserID, u.PrincipalName = idp.NewID(), n
	if u.Type == "" {
		u.Type = idp.Member
	}
	err = s.change(ctx, tenant, func(tx *storage.Tx, t *idp.Tenant, now time.Time) error {
		u.CreatedAt = now
		if err := checkUser(tx, t, &u); err != nil {
			return err
		}
		if err := tx.Insert(&u); err != nil {
			return err
		}
		return audit(tx, now, actor, user(&u), "Add user", idp.UserManagement, idp.CoreService, "")
	})
	return &u, taken(err, "There is a user %s already.", u.PrincipalName)
}

// checkUser is Validate and that the groups exist.
func checkUser(tx *storage.Tx, t *idp.Tenant, u *idp.User) error {
	if err := u.Validate(t); err != nil {
		return err
	}
	for _, g := range u.Groups {
		if _, err := storage.Get[idp.Group](tx, g); err != nil {
			return missing(err, "There is no group %q.", g)
		}
	}
	return nil
}

// User finds a user by GUID or name.
func (s *Service) User(ctx context.Context, tenant, name string) (u *idp.User, err error) {
	err = s.read(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, _ time.Time) error {
		u, err = findUser(tx, name)
		return err
	})
	return u, err
}

// Users lists a tenant's users by id.
func (s *Service) Users(ctx context.Context, tenant string, page storage.Page) (us []*idp.User, next string, err error) {
	err = s.read(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, _ time.Time) (err error) {
		us, next, err = storage.All[idp.User](tx, page)
		return err
	})
	return us, next, err
}

// UserChange is what may be changed; nil leaves a field as it is.
type UserChange struct {
	PrincipalName *string
	DisplayName   *string
	Type          *idp.UserType
	Disabled      *bool
	Roles         *[]string
	Profile       *idp.Profile
}

// UpdateUser changes a user. Disabling takes effect at once and for good: what the
// user had signed in to is over, also when the account is enabled again.
func (s *Service) UpdateUser(ctx context.Context, actor idp.Party, tenant, name string, c UserChange) (*idp.User, error) {
	if c.PrincipalName != nil {
		n, err := idp.NormalName(*c.PrincipalName)
		if err != nil {
			return nil, err
		}
		c.PrincipalName = &n
	}
	return s.updateUser(ctx, actor, tenant, name, "Update user", func(tx *storage.Tx, u *idp.User, now time.Time) error {
		set(&u.PrincipalName, c.PrincipalName)
		set(&u.DisplayName, c.DisplayName)
		set(&u.Type, c.Type)
		set(&u.Disabled, c.Disabled)
		if u.Disabled {
			if err := endSessions(tx, u, now); err != nil {
				return err
			}
		}
		set(&u.Roles, c.Roles)
		if c.Profile != nil {
			u.Profile, u.Profile.UpdatedAt = *c.Profile, now
		}
		return nil
	})
}

// RevokeSessions signs a user out everywhere: every session and grant from
// before is void.
func (s *Service) RevokeSessions(ctx context.Context, actor idp.Party, tenant, name string) (*idp.User, error) {
	return s.updateUser(ctx, actor, tenant, name, "Update StsRefreshTokenValidFrom Timestamp", endSessions)
}

// endSessions voids every session and grant from before, and lets the apps know.
func endSessions(tx *storage.Tx, u *idp.User, now time.Time) error {
	u.SessionsValidFrom = now
	return idp.HastenNotices(tx, "user", u.UserID, now)
}

func (s *Service) updateUser(ctx context.Context, actor idp.Party, tenant, name, activity string, fn func(*storage.Tx, *idp.User, time.Time) error) (u *idp.User, err error) {
	err = s.change(ctx, tenant, func(tx *storage.Tx, t *idp.Tenant, now time.Time) error {
		if u, err = findUser(tx, name); err != nil {
			return err
		}
		if err := fn(tx, u, now); err != nil {
			return err
		}
		if err := checkUser(tx, t, u); err != nil {
			return err
		}
		if err := tx.Put(u); err != nil {
			return err
		}
		return audit(tx, now, actor, user(u), activity, idp.UserManagement, idp.CoreService, "")
	})
	return u, taken(err, "Another user has that name.")
}

// DeleteUser removes a user with the pass, and ends what came from it. Sessions
// and grants of a user who is gone are refused.
func (s *Service) DeleteUser(ctx context.Context, actor idp.Party, tenant, name string) error {
	return s.change(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, now time.Time) error {
		u, err := findUser(tx, name)
		if err != nil {
			return err
		}
		p, err := idp.Optional(storage.Lookup[idp.Pass](tx, "user", u.UserID))
		if err != nil {
			return err
		}
		if p != nil {
			if err := errors.Join(idp.EndPass(tx, p.PassID, now), tx.Delete(p)); err != nil {
				return err
			}
		}
		if err := errors.Join(idp.HastenNotices(tx, "user", u.UserID, now), tx.Delete(u)); err != nil {
			return err
		}
		return audit(tx, now, actor, user(u), "Delete user", idp.UserManagement, idp.CoreService, "")
	})
}

func findUser(tx *storage.Tx, name string) (*idp.User, error) {
	u, err := idp.FindUser(tx, name)
	return u, missing(err, "There is no user %q.", name)
}

func domainOf(name string) string {
	_, d, _ := strings.Cut(name, "@")
	return d
}

// AddMember puts a user into a group.
func (s *Service) AddMember(ctx context.Context, actor idp.Party, tenant, group, name string) (*idp.User, error) {
	return s.updateUser(ctx, actor, tenant, name, "Add member to group", func(tx *storage.Tx, u *idp.User, _ time.Time) error {
		g, err := findGroup(tx, group)
		if err != nil {
			return err
		}
		if slices.Contains(u.Groups, g.GroupID) {
			return idp.Errorf(idp.Conflict, "%s is a member of %s already.", u.PrincipalName, g.Name)
		}
		u.Groups = append(u.Groups, g.GroupID)
		return nil
	})
}

// RemoveMember takes a user out of a group.
func (s *Service) RemoveMember(ctx context.Context, actor idp.Party, tenant, group, name string) (*idp.User, error) {
	return s.updateUser(ctx, actor, tenant, name, "Remove member from group", func(tx *storage.Tx, u *idp.User, _ time.Time) error {
		g, err := findGroup(tx, group)
		if err != nil {
			return err
		}
		i := slices.Index(u.Groups, g.GroupID)
		if i < 0 {
			return idp.Errorf(idp.NotFound, "%s is no member of %s.", u.PrincipalName, g.Name)
		}
		u.Groups = slices.Delete(u.Groups, i, i+1)
		return nil
	})
}
