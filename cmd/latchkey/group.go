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
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	Description    string     `json:"description"`
	RoleAssignable bool       `json:"role_assignable"`
	CreatedAt      *time.Time `json:"created_at"`
}

func viewGroup(g *idp.Group) groupView {
	return groupView{g.GroupID, g.Name, g.Description, g.Guarded, moment(g.CreatedAt)}
}

func groupAnswer(g *idp.Group, err error) (groupView, error) {
	if err != nil {
		return groupView{}, err
	}
	return viewGroup(g), nil
}

type groupCreateArgs struct {
	namedArgs
	Description    string `json:"description"`
	RoleAssignable bool   `json:"role_assignable"`
}

type groupUpdateArgs struct {
	Group       namedArgs `json:"group"`
	Name        *string   `json:"name"`
	Description *string   `json:"description"`
}

func (a groupUpdateArgs) scope() (tenant, user string) { return a.Group.scope() }

// memberArgs names a user and a group.
type memberArgs struct {
	userArgs
	Group string `json:"group"`
}

var groupCreate = operation[groupCreateArgs, groupView]{"group.create",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a groupCreateArgs) (groupView, error) {
		return groupAnswer(d.Admin.CreateGroup(ctx, d.actor, t.TenantID, idp.Group{
			Name: a.Name, Description: a.Description, Guarded: a.RoleAssignable,
		}))
	})}

var groupList = operation[listArgs, page[groupView]]{"group.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (p page[groupView], err error) {
		gs, next, err := d.Admin.Groups(ctx, d.actor, t.TenantID, a.page())
		return page[groupView]{each(gs, viewGroup), next}, err
	})}

var groupShow = operation[namedArgs, groupView]{"group.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (groupView, error) {
		return groupAnswer(d.Admin.Group(ctx, d.actor, t.TenantID, a.Name))
	})}

var groupUpdate = operation[groupUpdateArgs, groupView]{"group.update",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a groupUpdateArgs) (groupView, error) {
		change := admin.GroupChange{Name: a.Name, Description: a.Description}
		return groupAnswer(d.Admin.UpdateGroup(ctx, d.actor, t.TenantID, a.Group.Name, change))
	})}

var groupDelete = operation[namedArgs, deleted]{"group.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (deleted, error) {
		return deleted{a.Name}, d.Admin.DeleteGroup(ctx, d.actor, t.TenantID, a.Name)
	})}

var groupAddMember = operation[memberArgs, userView]{"group.add-member", changeMembers((*admin.Service).AddMember)}

var groupRemoveMember = operation[memberArgs, userView]{"group.remove-member", changeMembers((*admin.Service).RemoveMember)}

func changeMembers(change func(s *admin.Service, ctx context.Context, actor idp.Actor, tenant, group, name string) (*idp.User, error)) func(context.Context, desk, memberArgs) (userView, error) {
	return within(func(ctx context.Context, d desk, t *idp.Tenant, a memberArgs) (userView, error) {
		u, err := change(d.Admin, ctx, d.actor, t.TenantID, a.Group, a.User)
		return d.userAnswer(ctx, t, u, err)
	})
}

func (c *cli) groupCommand() *cobra.Command {
	return c.group("group", "Manage groups of users, for the targets of policies",
		c.groupCreateCommand(), c.groupListCommand(),
		onNamed(c, "show", "GROUP", "'New starters'", "Show a group; 'latchkey user list --group GROUP' lists its members", groupShow, showGroup),
		c.groupUpdateCommand(),
		onNamed(c, "delete", "GROUP", "'New starters'", "Delete a group that no policy names; its members, at most 1,000, leave it and stay users", groupDelete, gone("group")),
		c.memberChange("add-member", "Put a user into a group", groupAddMember),
		c.memberChange("remove-member", "Take a user out of a group", groupRemoveMember))
}

func (c *cli) groupCreateCommand() *cobra.Command {
	var description string
	var assignable bool
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Create an empty group",
		Example: "  latchkey group create 'New starters'\n" +
			"  latchkey group create 'Help desk' --role-assignable",
		Args: wants("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, groupCreate, groupCreateArgs{namedArgs{c.tenant, args[0]}, description, assignable}, showGroup)
		},
	}
	cmd.Flags().StringVar(&description, "description", "", "what the group is for")
	cmd.Flags().BoolVar(&assignable, "role-assignable", false, "roles can be given to the group: its members count as privileged, and only who may give roles may change it; it stays so")
	return c.inTenant(cmd)
}

func (c *cli) groupUpdateCommand() *cobra.Command {
	var name, description string
	cmd := &cobra.Command{
		Use: "update GROUP", Short: "Change a group; what is not given stays",
		Example: "  latchkey group update 'New starters' --name Starters --description 'in their first month'",
		Args:    wants("GROUP"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			return act(c, cmd, groupUpdate, groupUpdateArgs{
				namedArgs{c.tenant, args[0]}, given(cmd, "name", name), given(cmd, "description", description),
			}, showGroup)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "a new name")
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
	p.fields("Group", g.Name, "ID", g.ID, "Description", g.Description, "Roles can be given to it", onlyYes(&g.RoleAssignable), "Created", p.when(g.CreatedAt))
}
