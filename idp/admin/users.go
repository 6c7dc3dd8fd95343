package admin

import (
	"context"
	"errors"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// CreateUser makes a user; id and creation time are given here, and the name is
// brought into its normal form. To give roles takes the right to.
func (s *Service) CreateUser(ctx context.Context, actor idp.Actor, tenant string, u idp.User) (*idp.User, error) {
	u.UserID = idp.NewID()
	if u.Type == "" {
		u.Type = idp.Member
	}
	err := s.change(ctx, actor, tenant, idp.CreateUser, func(w *work) error {
		n, err := idp.NormalName(u.PrincipalName)
		if err != nil {
			return err
		}
		u.PrincipalName, u.CreatedAt = n, w.now
		if err := w.checkUser(&u); err != nil {
			return err
		}
		if err := w.mayBecome(&u, nil, nil); err != nil {
			return err
		}
		if err := w.Insert(&u); err != nil {
			return err
		}
		return w.auditChange(idp.UserAdded, idp.PartyOf(&u), nil, &u)
	})
	return &u, taken(err, "There is a user %s already.", u.PrincipalName)
}

// checkUser is Validate and that the groups exist.
func (w *work) checkUser(u *idp.User) error {
	if err := u.Validate(w.tenant); err != nil {
		return err
	}
	for _, g := range u.Groups {
		if _, err := storage.Get[idp.Group](w.Tx, g); err != nil {
			return missing(err, idp.PartyGroup, g, "There is no group %q.", g)
		}
	}
	return nil
}

// mayBecome asks for the right to give the roles and groups that the user did not have
// before.
func (w *work) mayBecome(u *idp.User, roles, groups []string) error {
	if len(idp.Without(u.Roles, roles))+len(idp.Without(roles, u.Roles)) > 0 {
		if err := w.may(idp.AssignRoles); err != nil {
			return err
		}
	}
	if slices.Contains(roles, idp.GlobalAdministrator) && !slices.Contains(u.Roles, idp.GlobalAdministrator) {
		if err := w.oneRemains(u); err != nil {
			return err
		}
	}
	for _, id := range append(idp.Without(u.Groups, groups), idp.Without(groups, u.Groups)...) {
		g, err := idp.Optional(storage.Get[idp.Group](w.Tx, id))
		if err != nil {
			return err
		}
		if err := w.mayFill(g); err != nil {
			return err
		}
	}
	return nil
}

// oneRemains keeps an organization from being left without a Global Administrator who can
// sign in: only an operator could then give the role again, and so only an operator may take it.
func (w *work) oneRemains(u *idp.User) error {
	if w.actor.Type == idp.ActorOperator {
		return nil
	}
	holders, _, err := storage.List[idp.User](w.Tx, "role", idp.GlobalAdministrator, storage.Page{})
	if err != nil {
		return err
	}
	able := slices.DeleteFunc(holders, func(h *idp.User) bool { return h.Disabled })
	if len(able) != 1 || able[0].UserID != u.UserID {
		return nil
	}
	return idp.Errorf(idp.Conflict, "%s is the last Global Administrator: give somebody else the role first.", u.PrincipalName)
}

// User finds a user by GUID or name.
func (s *Service) User(ctx context.Context, actor idp.Actor, tenant, name string) (u *idp.User, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err = w.user(idp.ReadUser, name)
		return err
	})
	return u, err
}

// Users lists a tenant's users by id.
func (s *Service) Users(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (us []*idp.User, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadUser, func(w *work) (err error) {
		us, next, err = storage.All[idp.User](w.Tx, page)
		return err
	})
	return us, next, err
}

// UsersByMail lists the users with a mail address by id.
func (s *Service) UsersByMail(ctx context.Context, actor idp.Actor, tenant, mail string, page storage.Page) (us []*idp.User, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadUser, func(w *work) (err error) {
		us, next, err = storage.List[idp.User](w.Tx, "email", strings.ToLower(mail), page)
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
	Work          *idp.Work
	OtherMails    *[]string
}

// UpdateUser changes a user. Disabling takes effect at once and for good: what the
// user had signed in to is over, also when the account is enabled again. edits change
// single details of the user as they are then; what comes of them is checked as all is.
func (s *Service) UpdateUser(ctx context.Context, actor idp.Actor, tenant, name string, c UserChange, edits ...func(*idp.User)) (*idp.User, error) {
	action := idp.UpdateUser
	if c.Roles != nil && c == (UserChange{Roles: c.Roles}) && len(edits) == 0 {
		action = idp.AssignRoles
	}
	return s.updateUser(ctx, actor, tenant, name, action, func(w *work, u *idp.User) error {
		name := u.PrincipalName
		w.edit(u, edits)
		set(&u.PrincipalName, c.PrincipalName)
		if u.PrincipalName != name {
			n, err := idp.NormalName(u.PrincipalName)
			if err != nil {
				return err
			}
			u.PrincipalName = n
		}
		set(&u.DisplayName, c.DisplayName)
		set(&u.Type, c.Type)
		set(&u.Disabled, c.Disabled)
		if u.Disabled {
			if err := endSessions(w, u); err != nil {
				return err
			}
		}
		set(&u.Roles, c.Roles)
		set(&u.Work, c.Work)
		set(&u.OtherMails, c.OtherMails)
		if c.Profile != nil {
			u.Profile, u.Profile.UpdatedAt = *c.Profile, w.now
		}
		return nil
	}, idp.UserUpdated)
}

// edit changes details of a user. That an address or phone was verified holds for that
// one alone.
func (w *work) edit(u *idp.User, edits []func(*idp.User)) {
	was, p := u.Profile, &u.Profile
	for _, edit := range edits {
		edit(u)
	}
	p.EmailVerified = p.EmailVerified && p.Email == was.Email
	p.PhoneVerified = p.PhoneVerified && p.Phone == was.Phone
	if *p != was {
		p.UpdatedAt = w.now
	}
}

// RevokeSessions signs a user out everywhere: every session and grant from
// before is void.
func (s *Service) RevokeSessions(ctx context.Context, actor idp.Actor, tenant, name string) (*idp.User, error) {
	return s.updateUser(ctx, actor, tenant, name, idp.RevokeSessions, func(w *work, u *idp.User) error {
		return errors.Join(endSessions(w, u), idp.Notify(w.Tx, u, idp.MailSignedOut, map[string]string{"Address": w.actor.Address}, w.now))
	}, idp.SessionsRevoked)
}

// endSessions voids every session and grant from before, and lets the apps know.
func endSessions(w *work, u *idp.User) error {
	u.SessionsValidFrom = w.now
	return idp.HastenNotices(w.Tx, "user", u.UserID, w.now)
}

// updateUser changes a user that the actor may do the action to.
func (s *Service) updateUser(ctx context.Context, actor idp.Actor, tenant, name string, action idp.Action, fn func(*work, *idp.User) error, what idp.Activity) (u *idp.User, err error) {
	err = s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		if u, err = w.user(action, name); err != nil {
			return err
		}
		before := *u
		before.Roles, before.Groups = slices.Clone(u.Roles), slices.Clone(u.Groups)
		if err := fn(w, u); err != nil {
			return err
		}
		if err := w.checkUser(u); err != nil {
			return err
		}
		if err := w.mayBecome(u, before.Roles, before.Groups); err != nil {
			return err
		}
		if u.Disabled && !before.Disabled {
			if err := w.oneRemains(u); err != nil {
				return err
			}
		}
		if err := w.put(&before, u); err != nil {
			return err
		}
		e := w.event(what, idp.PartyOf(u), "")
		e.Modified = modified(&before, u)
		e.Passing = action == idp.RevokeSessions && actor.Is(u) // which they may do as often as they like
		return w.tell(e)
	})
	return u, taken(err, "Another user has that name.")
}

// DeleteUser removes a user with the pass, and ends what came from it. Sessions
// and grants of a user who is gone are refused.
func (s *Service) DeleteUser(ctx context.Context, actor idp.Actor, tenant, name string) error {
	return s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.DeleteUser, name)
		if err != nil {
			return err
		}
		if err := w.oneRemains(u); err != nil {
			return err
		}
		if err := errors.Join(w.removeHeld(u), idp.HastenNotices(w.Tx, "user", u.UserID, w.now), w.Delete(u)); err != nil {
			return err
		}
		return w.auditChange(idp.UserRemoved, idp.PartyOf(u), u, nil)
	})
}

// put stores a user who is changed. What somebody could hold of an ordinary user they do
// not go on to hold of a privileged one: a pass, a passkey or a link with a provider, and what
// came from it, that was given by who may not give one to a privileged user, or not alone.
func (w *work) put(before, u *idp.User) error {
	was, err := idp.ObjectOf(w.Tx, w.tenant, before)
	if err != nil {
		return err
	}
	is, err := idp.ObjectOf(w.Tx, w.tenant, u)
	if err != nil {
		return err
	}
	if is.Privileged() && !was.Privileged() {
		p, err := w.pass(u)
		if err != nil {
			return err
		}
		if p != nil && !p.ForPrivileged {
			if err := errors.Join(p.Remove(w.Tx, w.now), w.audit(idp.PassTaken, idp.PartyOf(u), idp.PassDeletedReason)); err != nil {
				return err
			}
		}
		if err := w.eachPasskey(u, func(k *idp.Passkey) error {
			if k.GivenBy == "" || k.ForPrivileged {
				return nil
			}
			return w.takePasskey(u, k)
		}); err != nil {
			return err
		}
		if err := w.takeIdentities(u); err != nil {
			return err
		}
	}
	return w.Put(u)
}

// removeHeld removes what is there only for a user: the credentials, what waits to become one,
// requests to sign in, the invitation.
func (w *work) removeHeld(u *idp.User) error {
	keys := w.eachPasskey(u, func(k *idp.Passkey) error { return k.Remove(w.Tx, w.now) })
	devices := w.eachAuthenticator(u, func(d *idp.Authenticator) error { return d.Remove(w.Tx, w.now) })
	return errors.Join(w.removePass(u), keys, devices, removeAllOf[idp.AuthenticatorEnrolment](w, u), removeAllOf[idp.SignInRequest](w, u), w.removePassword(u), w.removeMailbox(u), w.removeIdentities(u), removeOf[idp.PassApproval](w, u), w.removeInvitation(u))
}

// removeOf removes the one record of a kind that a user has.
func removeOf[T any, P interface {
	*T
	storage.Record
}](w *work, u *idp.User) error {
	r, err := storage.Lookup[T, P](w.Tx, "user", u.UserID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return w.Delete(r)
}

// removeAllOf removes the records of a kind that a user has, however many.
func removeAllOf[T any, P interface {
	*T
	storage.Record
}](w *work, u *idp.User) error {
	all, _, err := storage.List[T, P](w.Tx, "user", u.UserID, storage.Page{})
	for _, r := range all {
		err = errors.Join(err, w.Delete(r))
	}
	return err
}

func findUser(tx *storage.Tx, name string) (*idp.User, error) {
	u, err := idp.FindUser(tx, name)
	return u, missing(err, idp.ActorUser, name, "There is no user %q.", name)
}
