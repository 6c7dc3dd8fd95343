package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// authenticatorView is a device as it is shown.
type authenticatorView struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	App        string     `json:"app"`
	Platform   string     `json:"platform"` // empty: it does not tell
	Soft       bool       `json:"soft"`     // a program answers, and no person's presence is shown
	Woken      bool       `json:"woken"`    // by pushes; otherwise it asks by itself
	CreatedAt  *time.Time `json:"created_at"`
	SeenAt     *time.Time `json:"seen_at"` // within an hour
	LastUsedAt *time.Time `json:"last_used_at"`
	CopiedAt   *time.Time `json:"copied_at"` // when its counter went back; null: never
	Usable     bool       `json:"usable"`
	Reason     string     `json:"reason"` // why not, for programs; see reasons
	Why        string     `json:"why"`    // the same for people
}

func viewAuthenticator(i admin.AuthenticatorInfo) authenticatorView {
	why := reasonOf(i.Reason)
	v := authenticatorView{
		ID: i.AuthenticatorID, Name: i.Name, App: i.App, Platform: i.Platform, Soft: i.Soft, Woken: i.Push != nil,
		CreatedAt: moment(i.CreatedAt), SeenAt: moment(i.SeenAt), LastUsedAt: moment(i.LastUsedAt), CopiedAt: moment(i.CopiedAt),
		Usable: i.Reason == idp.Offered, Reason: why.name,
	}
	if !v.Usable {
		v.Why = why.words
	}
	return v
}

// authenticatorArgs names a device of a user.
type authenticatorArgs struct {
	userArgs
	ID string `json:"id"`
}

type authenticatorRenameArgs struct {
	authenticatorArgs
	Name string `json:"name"`
}

var authenticatorList = operation[userArgs, []authenticatorView]{"authenticator.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) ([]authenticatorView, error) {
		all, err := d.Admin.Authenticators(ctx, d.actor, t.TenantID, a.User)
		return each(all, viewAuthenticator), err
	})}

var authenticatorRename = operation[authenticatorRenameArgs, authenticatorView]{"authenticator.rename",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a authenticatorRenameArgs) (v authenticatorView, err error) {
		if _, err := d.Admin.RenameAuthenticator(ctx, d.actor, t.TenantID, a.User, a.ID, a.Name); err != nil {
			return v, err
		}
		all, err := d.Admin.Authenticators(ctx, d.actor, t.TenantID, a.User)
		i := slices.IndexFunc(all, func(x admin.AuthenticatorInfo) bool { return x.AuthenticatorID == a.ID })
		switch {
		case err != nil:
			return v, err
		case i < 0: // deleted since
			return v, idp.NoSuch("authenticator", a.ID, "%s has no device %q.", a.User, a.ID)
		}
		return viewAuthenticator(all[i]), nil
	})}

var authenticatorDelete = operation[authenticatorArgs, deleted]{"authenticator.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a authenticatorArgs) (deleted, error) {
		return deleted{a.ID}, d.Admin.DeleteAuthenticator(ctx, d.actor, t.TenantID, a.User, a.ID)
	})}

func (c *cli) authenticatorCommand() *cobra.Command {
	const example = "anna@contoso.example 6b1f3c2e-9a52-4d0e-8c1b-2f7a90d4e5c6"
	return c.group("authenticator", "Look after the phones and other devices by which people sign in",
		onUser(c, "list", "List the devices of a user, oldest first", authenticatorList, tableAuthenticators),
		c.inTenant(&cobra.Command{
			Use: "rename USER ID NAME", Short: "Give a device of a user another name",
			Example: "  latchkey authenticator rename " + example + " 'Work phone'",
			Args:    wants("USER", "ID", "NAME"),
			RunE: func(cmd *cobra.Command, args []string) error {
				return act(c, cmd, authenticatorRename, authenticatorRenameArgs{authenticatorArgs{userArgs{c.tenant, args[0]}, args[1]}, args[2]}, showAuthenticator)
			},
		}),
		c.inTenant(&cobra.Command{
			Use: "delete USER ID", Short: "Delete a device of a user; what came from it ends at once",
			Example: "  latchkey authenticator delete " + example,
			Args:    wants("USER", "ID"),
			RunE: func(cmd *cobra.Command, args []string) error {
				return act(c, cmd, authenticatorDelete, authenticatorArgs{userArgs{c.tenant, args[0]}, args[1]}, gone("device"))
			},
		}))
}

func tableAuthenticators(p *printer, all []authenticatorView) {
	rows := each(all, func(v authenticatorView) []string {
		return []string{v.ID, v.Name, v.app(), p.when(v.CreatedAt), never(p.when(v.LastUsedAt)), v.state()}
	})
	p.table("The user has no devices.", []string{"ID", "NAME", "APP", "ADDED", "LAST USED", "STATE"}, rows)
}

func showAuthenticator(p *printer, v authenticatorView) {
	woken := "no: it asks by itself"
	if v.Woken {
		woken = "yes"
	}
	p.fields("Device", v.Name, "ID", v.ID, "App", v.app(), "Platform", v.Platform, "State", v.state(), "Woken by pushes", woken,
		"Added", p.when(v.CreatedAt), "Last seen", p.when(v.SeenAt), "Last used", never(p.when(v.LastUsedAt)))
}

// app is what the device says to be, and whether that is a program.
func (v authenticatorView) app() string {
	if v.Soft {
		return v.App + " (program)"
	}
	return v.App
}

func (v authenticatorView) state() string {
	if v.Usable {
		return "usable"
	}
	return "not usable: " + v.Why
}
