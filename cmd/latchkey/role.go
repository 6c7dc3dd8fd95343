package main

import (
	"cmp"
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"latchkey/idp"
)

// roleView is an administrative role as it is shown.
type roleView struct {
	Name        string `json:"name"`
	TemplateID  string `json:"template_id"`
	Description string `json:"description"`
	Holders     int    `json:"holders"`
}

// roleUserArgs names a role and a user.
type roleUserArgs struct {
	userArgs
	Role string `json:"role"`
}

var roleList = operation[namedArgs, []roleView]{"role.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, _ namedArgs) ([]roleView, error) {
		given, err := d.Admin.RoleAssignments(ctx, d.actor, t.TenantID)
		if err != nil {
			return nil, err
		}
		holders := map[string]int{}
		for _, a := range given {
			holders[a.Role.Name]++
		}
		return each(idp.Roles, func(r idp.Role) roleView {
			return roleView{r.Name, r.TemplateID, r.Description, holders[r.Name]}
		}), nil
	})}

var roleAssign = operation[roleUserArgs, userView]{"role.assign",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a roleUserArgs) (userView, error) {
		given, err := d.Admin.AssignRole(ctx, d.actor, t.TenantID, a.Role, a.User)
		return d.userAnswer(ctx, t, given.User, explainRole(err))
	})}

var roleRemove = operation[roleUserArgs, userView]{"role.remove",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a roleUserArgs) (userView, error) {
		if err := d.Admin.RemoveRole(ctx, d.actor, t.TenantID, a.Role, a.User); err != nil {
			return userView{}, explainRole(err)
		}
		u, err := d.Admin.User(ctx, d.actor, t.TenantID, a.User)
		return d.userAnswer(ctx, t, u, err)
	})}

var roleHolders = operation[listArgs, page[userView]]{"role.holders",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (p page[userView], err error) {
		var us []*idp.User
		us, p.Next, err = d.Admin.Holders(ctx, d.actor, t.TenantID, a.Of, a.page())
		if err == nil {
			p.Items, err = d.userViews(ctx, t, us)
		}
		return p, explainRole(err)
	})}

// explainRole says where the roles are to be found.
func explainRole(err error) error {
	if e, ok := errors.AsType[*idp.Error](err); ok && e.Code == idp.NotFound && e.Kind == idp.PartyRole {
		return idp.Errorf(idp.NotFound, "%s 'latchkey role list' shows those there are.", e.Message)
	}
	return err
}

func (c *cli) roleCommand() *cobra.Command {
	return c.group("role", "Give people administrative roles",
		c.roleListCommand(),
		c.roleChange("assign", "Give a user a role, named in any case or by its template id", roleAssign),
		c.roleChange("remove", "Take a role from a user", roleRemove),
		c.roleHoldersCommand())
}

func (c *cli) roleListCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "list", Short: "List the roles, what each may, and how many have it",
		Example: "  latchkey role list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return act(c, cmd, roleList, namedArgs{Tenant: c.tenant}, func(p *printer, rs []roleView) {
				rows := each(rs, func(r roleView) []string {
					return []string{r.Name, strconv.Itoa(r.Holders), r.TemplateID, r.Description}
				})
				p.table("There are no roles.", []string{"ROLE", "HOLDERS", "TEMPLATE ID", "WHAT IT MAY"}, rows)
			})
		},
	})
}

func (c *cli) roleChange(verb, short string, o operation[roleUserArgs, userView]) *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: verb + " ROLE USER", Short: short,
		Example: "  latchkey role " + verb + " 'Authentication Administrator' anna@contoso.example",
		Args:    wants("ROLE", "USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, o, roleUserArgs{userArgs{c.tenant, args[1]}, args[0]}, func(p *printer, u userView) {
				p.fields("User", u.UserPrincipalName, "Roles", cmp.Or(joined(u.Roles), "none"))
			})
		},
	})
}

func (c *cli) roleHoldersCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "holders ROLE", Short: "List the users who have a role",
		Example: "  latchkey role holders 'Authentication Administrator'",
		Args:    wants("ROLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return actList(c, cmd, roleHolders, listArgs{Tenant: c.tenant, Of: args[0]}, func(p *printer, us []userView) {
				if len(us) == 0 {
					p.line("Nobody has that role.")
					return
				}
				tableUsers(p, us)
			})
		},
	})
}
