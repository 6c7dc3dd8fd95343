package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// userView is a user as shown. Groups are shown by name.
type userView struct {
	ID                string   `json:"id"`
	UserPrincipalName string   `json:"user_principal_name"`
	DisplayName       string   `json:"display_name"`
	UserType          string   `json:"user_type"`
	Disabled          bool     `json:"disabled"`
	Roles             []string `json:"roles"`
	Groups            []string `json:"groups"`
	GivenName         string   `json:"given_name"`
	FamilyName        string   `json:"family_name"`
	Email             string   `json:"email"`
	EmailVerified     bool     `json:"email_verified"`
	Phone             string   `json:"phone"`
	Locale            string   `json:"locale"`
	workFields
	CreatedAt         *time.Time `json:"created_at"`
	SessionsValidFrom *time.Time `json:"sessions_valid_from"`
}

// userFields is what may be given of a user; nil leaves it as it is.
type userFields struct {
	DisplayName   *string   `json:"display_name"`
	UserType      *string   `json:"user_type"`
	Disabled      *bool     `json:"disabled"`
	Roles         *[]string `json:"roles"`
	GivenName     *string   `json:"given_name"`
	FamilyName    *string   `json:"family_name"`
	Email         *string   `json:"email"`
	EmailVerified *bool     `json:"email_verified"`
	Phone         *string   `json:"phone"`
	Locale        *string   `json:"locale"`
	workFields
}

type userCreateArgs struct {
	userArgs
	userFields
	Groups []string `json:"groups"`
}

type userUpdateArgs struct {
	userArgs
	userFields
	Rename *string `json:"rename"`
}

var userCreate = operation[userCreateArgs, userView]{"user.create",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userCreateArgs) (v userView, err error) {
		local, _, _ := strings.Cut(a.User, "@")
		u := idp.User{PrincipalName: a.User, DisplayName: local, Roles: a.roles()}
		assign(&u.DisplayName, a.DisplayName)
		assign(&u.Disabled, a.Disabled)
		assign(&u.Type, (*idp.UserType)(a.UserType))
		a.profile(&u.Profile)
		a.work(&u)
		for _, name := range a.Groups {
			g, err := d.Admin.Group(ctx, d.actor, t.TenantID, name)
			if err != nil {
				return v, err
			}
			u.Groups = append(u.Groups, g.GroupID)
		}
		created, err := d.Admin.CreateUser(ctx, d.actor, t.TenantID, u)
		return d.userAnswer(ctx, t, created, err)
	})}

var userList = operation[listArgs, page[userView]]{"user.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (p page[userView], err error) {
		var us []*idp.User
		if a.Of == "" {
			us, p.Next, err = d.Admin.Users(ctx, d.actor, t.TenantID, a.page())
		} else {
			us, p.Next, err = d.Admin.Members(ctx, d.actor, t.TenantID, a.Of, a.page())
		}
		if err == nil {
			p.Items, err = d.userViews(ctx, t, us)
		}
		return p, err
	})}

var userShow = operation[userArgs, userView]{"user.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) (v userView, err error) {
		u, err := d.Admin.User(ctx, d.actor, t.TenantID, a.User)
		return d.userAnswer(ctx, t, u, err)
	})}

var userUpdate = operation[userUpdateArgs, userView]{"user.update",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userUpdateArgs) (v userView, err error) {
		change := admin.UserChange{
			PrincipalName: a.Rename, DisplayName: a.DisplayName, Type: (*idp.UserType)(a.UserType), Disabled: a.Disabled,
		}
		if a.Roles != nil {
			roles := a.roles()
			change.Roles = &roles
		}
		u, err := d.Admin.User(ctx, d.actor, t.TenantID, a.User)
		if err != nil {
			return v, err
		}
		if a.profile(&u.Profile) {
			change.Profile = &u.Profile
		}
		if a.work(u) {
			change.Work, change.OtherMails = &u.Work, &u.OtherMails
		}
		u, err = d.Admin.UpdateUser(ctx, d.actor, t.TenantID, u.UserID, change)
		return d.userAnswer(ctx, t, u, err)
	})}

var userDelete = operation[userArgs, deleted]{"user.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) (deleted, error) {
		return deleted{a.User}, d.Admin.DeleteUser(ctx, d.actor, t.TenantID, a.User)
	})}

var userRevokeSessions = operation[userArgs, userView]{"user.revoke-sessions",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) (v userView, err error) {
		u, err := d.Admin.RevokeSessions(ctx, d.actor, t.TenantID, a.User)
		return d.userAnswer(ctx, t, u, err)
	})}

// roles are the names as they are kept, for any case they were typed in.
func (f userFields) roles() []string {
	if f.Roles == nil {
		return nil
	}
	return each(*f.Roles, func(typed string) string {
		if r, known := idp.FindRole(typed); known {
			return r.Name
		}
		return typed
	})
}

// profile puts what was given into p and tells whether that was anything.
func (f userFields) profile(p *idp.Profile) bool {
	given := assign(&p.GivenName, f.GivenName)
	given = assign(&p.FamilyName, f.FamilyName) || given
	given = assign(&p.Email, f.Email) || given
	given = assign(&p.EmailVerified, f.EmailVerified) || given
	given = assign(&p.Phone, f.Phone) || given
	return assign(&p.Locale, f.Locale) || given
}

// assign sets a field if a value is given, and tells whether one is.
func assign[T any](field *T, value *T) bool {
	if value != nil {
		*field = *value
	}
	return value != nil
}

func (d desk) userAnswer(ctx context.Context, t *idp.Tenant, u *idp.User, err error) (userView, error) {
	if err != nil {
		return userView{}, err
	}
	views, err := d.userViews(ctx, t, []*idp.User{u})
	if err != nil {
		return userView{}, err
	}
	return views[0], nil
}

func (d desk) userViews(ctx context.Context, t *idp.Tenant, us []*idp.User) ([]userView, error) {
	names := map[string]string{}
	if slices.ContainsFunc(us, func(u *idp.User) bool { return len(u.Groups) > 0 }) {
		gs, _, err := d.Admin.Groups(ctx, d.actor, t.TenantID, storage.Page{})
		if err != nil {
			return nil, err
		}
		for _, g := range gs {
			names[g.GroupID] = g.Name
		}
	}
	return each(us, func(u *idp.User) userView {
		return userView{
			ID: u.UserID, UserPrincipalName: u.PrincipalName, DisplayName: u.DisplayName, UserType: string(u.Type),
			Disabled: u.Disabled, Roles: array(u.Roles), Groups: each(u.Groups, func(id string) string { return names[id] }),
			GivenName: u.Profile.GivenName, FamilyName: u.Profile.FamilyName, Email: u.Profile.Email,
			EmailVerified: u.Profile.EmailVerified, Phone: u.Profile.Phone, Locale: u.Profile.Locale, workFields: workOf(u),
			CreatedAt: moment(u.CreatedAt), SessionsValidFrom: moment(u.SessionsValidFrom),
		}
	}), nil
}
