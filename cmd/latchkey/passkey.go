package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// passkeyView is a passkey as it is shown.
type passkeyView struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	AAGUID     string     `json:"aaguid"`
	Model      string     `json:"model"` // empty: not known
	Kind       string     `json:"kind"`  // deviceBound or synced
	BackedUp   bool       `json:"backed_up"`
	Attested   bool       `json:"attested"`
	CreatedAt  *time.Time `json:"created_at"`
	CreatedBy  string     `json:"created_by"` // empty: its holder
	LastUsedAt *time.Time `json:"last_used_at"`
	CopiedAt   *time.Time `json:"copied_at"` // when its counter went back; null: never
	Usable     bool       `json:"usable"`
	Reason     string     `json:"reason"` // why not, for programs; see reasons
	Why        string     `json:"why"`    // the same for people
}

const (
	kindBound  = "deviceBound"
	kindSynced = "synced"
)

func viewPasskey(i admin.PasskeyInfo) passkeyView {
	why := reasonOf(i.Reason)
	v := passkeyView{
		ID: i.PasskeyID, Name: i.Name, AAGUID: i.AAGUID, Model: i.Model, Kind: kindBound, BackedUp: i.BackedUp, Attested: i.Attested,
		CreatedAt: moment(i.CreatedAt), CreatedBy: i.GivenBy, LastUsedAt: moment(i.LastUsedAt), CopiedAt: moment(i.CopiedAt),
		Usable: i.Reason == idp.Offered, Reason: why.name,
	}
	if i.Synced {
		v.Kind = kindSynced
	}
	if !v.Usable {
		v.Why = why.words
	}
	return v
}

// passkeyArgs names a passkey of a user.
type passkeyArgs struct {
	userArgs
	ID string `json:"id"`
}

type passkeyRenameArgs struct {
	passkeyArgs
	Name string `json:"name"`
}

var passkeyList = operation[userArgs, []passkeyView]{"passkey.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) ([]passkeyView, error) {
		all, err := d.Admin.Passkeys(ctx, d.actor, t.TenantID, a.User)
		return each(all, viewPasskey), err
	})}

var passkeyRename = operation[passkeyRenameArgs, passkeyView]{"passkey.rename",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a passkeyRenameArgs) (v passkeyView, err error) {
		if _, err := d.Admin.RenamePasskey(ctx, d.actor, t.TenantID, a.User, a.ID, a.Name); err != nil {
			return v, err
		}
		all, err := d.Admin.Passkeys(ctx, d.actor, t.TenantID, a.User)
		i := slices.IndexFunc(all, func(k admin.PasskeyInfo) bool { return k.PasskeyID == a.ID })
		switch {
		case err != nil:
			return v, err
		case i < 0: // deleted since
			return v, idp.NoSuch("passkey", a.ID, "%s has no passkey %q.", a.User, a.ID)
		}
		return viewPasskey(all[i]), nil
	})}

var passkeyDelete = operation[passkeyArgs, deleted]{"passkey.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a passkeyArgs) (deleted, error) {
		return deleted{a.ID}, d.Admin.DeletePasskey(ctx, d.actor, t.TenantID, a.User, a.ID)
	})}

func (c *cli) passkeyCommand() *cobra.Command {
	const example = "anna@contoso.example 6b1f3c2e-9a52-4d0e-8c1b-2f7a90d4e5c6"
	return c.group("passkey", "Look after people's passkeys, which they register themselves",
		onUser(c, "list", "List the passkeys of a user, oldest first", passkeyList, tablePasskeys),
		c.inTenant(&cobra.Command{
			Use: "rename USER ID NAME", Short: "Give a passkey of a user another name",
			Example: "  latchkey passkey rename " + example + " 'Blue key'",
			Args:    wants("USER", "ID", "NAME"),
			RunE: func(cmd *cobra.Command, args []string) error {
				return act(c, cmd, passkeyRename, passkeyRenameArgs{passkeyArgs{userArgs{c.tenant, args[0]}, args[1]}, args[2]}, showPasskey)
			},
		}),
		c.inTenant(&cobra.Command{
			Use: "delete USER ID", Short: "Delete a passkey of a user; what came from it ends at once",
			Example: "  latchkey passkey delete " + example,
			Args:    wants("USER", "ID"),
			RunE: func(cmd *cobra.Command, args []string) error {
				return act(c, cmd, passkeyDelete, passkeyArgs{userArgs{c.tenant, args[0]}, args[1]}, gone("passkey"))
			},
		}))
}

func tablePasskeys(p *printer, all []passkeyView) {
	rows := each(all, func(v passkeyView) []string {
		return []string{v.ID, v.Name, v.model(), v.kind(), p.when(v.CreatedAt), never(p.when(v.LastUsedAt)), v.state()}
	})
	p.table("The user has no passkeys.", []string{"ID", "NAME", "MODEL", "KIND", "CREATED", "LAST USED", "STATE"}, rows)
}

func showPasskey(p *printer, v passkeyView) {
	p.fields("Passkey", v.Name, "ID", v.ID, "Model", v.model(), "Kind", v.kind(), "State", v.state(),
		"Created", p.when(v.CreatedAt), "by", v.CreatedBy, "Last used", never(p.when(v.LastUsedAt)))
}

// model is the model's name, else its AAGUID, which anything can claim.
func (v passkeyView) model() string {
	switch {
	case v.Model != "":
		return v.Model
	case v.AAGUID == "" || v.AAGUID == idp.NoModel:
		return "not told"
	}
	return v.AAGUID
}

func (v passkeyView) kind() string {
	if v.Kind == kindSynced {
		return "synced"
	}
	return "device-bound"
}

func (v passkeyView) state() string {
	if v.Usable {
		return "usable"
	}
	return "not usable: " + v.Why
}

// never is a time in words, of what may not have been.
func never(when string) string {
	if when == "" {
		return "never"
	}
	return when
}
