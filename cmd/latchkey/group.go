package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// groupView is a group as it is shown.
type groupView struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	CreatedAt   *time.Time `json:"created_at"`
}

func viewGroup(g *idp.Group) groupView {
	return groupView{g.GroupID, g.Name, g.Description, moment(g.CreatedAt)}
}

func groupAnswer(g *idp.Group, err error) (groupView, error) {
	if err != nil {
		return groupView{}, err
	}
	return viewGroup(g), nil
}

type groupCreateArgs struct {
	namedArgs
	Description string `json:"description"`
}

// memberArgs names a user and a group.
type memberArgs struct {
	userArgs
	Group string `json:"group"`
}

var groupCreate = operation[groupCreateArgs, groupView]{"group.create",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a groupCreateArgs) (groupView, error) {
		return groupAnswer(d.Admin.CreateGroup(ctx, d.actor, t.TenantID, a.Name, a.Description))
	})}

var groupList = operation[listArgs, page[groupView]]{"group.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (p page[groupView], err error) {
		gs, next, err := d.Admin.Groups(ctx, t.TenantID, a.page())
		return page[groupView]{each(gs, viewGroup), next}, err
	})}

var groupShow = operation[namedArgs, groupView]{"group.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (groupView, error) {
		return groupAnswer(d.Admin.Group(ctx, t.TenantID, a.Name))
	})}

var groupDelete = operation[namedArgs, deleted]{"group.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (deleted, error) {
		return deleted{a.Name}, d.Admin.DeleteGroup(ctx, d.actor, t.TenantID, a.Name)
	})}

var groupAddMember = operation[memberArgs, userView]{"group.add-member", changeMembers((*admin.Service).AddMember)}

var groupRemoveMember = operation[memberArgs, userView]{"group.remove-member", changeMembers((*admin.Service).RemoveMember)}

func changeMembers(change func(s *admin.Service, ctx context.Context, actor idp.Party, tenant, group, name string) (*idp.User, error)) func(context.Context, desk, memberArgs) (userView, error) {
	return within(func(ctx context.Context, d desk, t *idp.Tenant, a memberArgs) (userView, error) {
		u, err := change(d.Admin, ctx, d.actor, t.TenantID, a.Group, a.User)
		return d.userAnswer(ctx, t, u, err)
	})
}

func (c *cli) groupCommand() *cobra.Command {
	return c.group("group", "Manage groups of users, for the targets of policies",
		c.groupCreateCommand(), c.groupListCommand(),
		onNamed(c, "show", "GROUP", "'New starters'", "Show a group; 'latchkey user list --group GROUP' lists its members", groupShow, showGroup),
		onNamed(c, "delete", "GROUP", "'New starters'", "Delete a group that is empty and that no policy names", groupDelete, gone("group")),
		c.memberChange("add-member", "Put a user into a group", groupAddMember),
		c.memberChange("remove-member", "Take a user out of a group", groupRemoveMember))
}

func (c *cli) groupCreateCommand() *cobra.Command {
	var description string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create an empty group",
		Example: "  latchkey group create 'New starters'",
		Args:    wants("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, groupCreate, groupCreateArgs{namedArgs{c.tenant, args[0]}, description}, showGroup)
		},
	}
	cmd.Flags().StringVar(&description, "description", "", "what the group is for")
	return c.inTenant(cmd)
}

func (c *cli) groupListCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "list", Short: "List groups",
		Example: "  latchkey group list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return actList(c, cmd, groupList, listArgs{Tenant: c.tenant}, func(p *printer, gs []groupView) {
				rows := each(gs, func(g groupView) []string { return []string{g.ID, g.Name, g.Description} })
				p.table("There are no groups.", []string{"ID", "NAME", "DESCRIPTION"}, rows)
			})
		},
	})
}

func (c *cli) memberChange(verb, short string, o operation[memberArgs, userView]) *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: verb + " GROUP USER", Short: short,
		Example: "  latchkey group " + verb + " 'New starters' anna@contoso.example",
		Args:    wants("GROUP", "USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, o, memberArgs{userArgs{c.tenant, args[1]}, args[0]}, func(p *printer, u userView) {
				groups := joined(u.Groups)
				if groups == "" {
					groups = "none"
				}
				p.fields("User", u.UserPrincipalName, "Groups", groups)
			})
		},
	})
}

func showGroup(p *printer, g groupView) {
	p.fields("Group", g.Name, "ID", g.ID, "Description", g.Description, "Created", p.when(g.CreatedAt))
}
