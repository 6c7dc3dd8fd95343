package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"latchkey/idp"
)

func (c *cli) userCommand() *cobra.Command {
	return c.group("user", "Manage the people of a tenant",
		c.userCreateCommand(), c.userListCommand(),
		onUser(c, "show", "Show a user", userShow, showUser),
		c.userUpdateCommand(),
		onUser(c, "delete", "Delete a user; sessions and tokens of the user end at once", userDelete, gone("user")),
		onUser(c, "revoke-sessions", "Sign a user out everywhere", userRevokeSessions, func(p *printer, u userView) {
			p.line("%s is signed out everywhere.", u.UserPrincipalName)
		}))
}

// userFlags are the flags of userFields.
type userFlags struct {
	displayName, givenName, familyName, email, phone, locale string
	kind                                                     oneOf
	disabled, emailVerified                                  bool
	roles                                                    []string
	userWork
}

func (f *userFlags) add(flags *pflag.FlagSet) {
	f.kind.words = each(idp.UserTypes, func(t idp.UserType) string { return string(t) })
	flags.StringVar(&f.displayName, "display-name", "", "how people see the user's name")
	flags.Var(&f.kind, "type", "whose user this is")
	flags.StringArrayVar(&f.roles, "role", nil, "an administrative role, such as 'Authentication Administrator'; may be repeated")
	flags.BoolVar(&f.disabled, "disabled", false, "the user cannot sign in while disabled")
	flags.StringVar(&f.givenName, "given-name", "", "given name")
	flags.StringVar(&f.familyName, "family-name", "", "family name")
	flags.StringVar(&f.email, "email", "", "e-mail address")
	flags.BoolVar(&f.emailVerified, "email-verified", false, "the e-mail address is known to be the user's")
	flags.StringVar(&f.phone, "phone", "", "mobile phone number, such as +4915112345678")
	flags.StringVar(&f.locale, "locale", "", "language, such as de-CH")
	f.userWork.add(flags)
}

func (f *userFlags) fields(cmd *cobra.Command) userFields {
	return userFields{
		DisplayName: given(cmd, "display-name", f.displayName), UserType: given(cmd, "type", f.kind.value),
		Disabled: given(cmd, "disabled", f.disabled), Roles: given(cmd, "role", f.roles),
		GivenName: given(cmd, "given-name", f.givenName), FamilyName: given(cmd, "family-name", f.familyName),
		Email: given(cmd, "email", f.email), EmailVerified: given(cmd, "email-verified", f.emailVerified),
		Phone: given(cmd, "phone", f.phone), Locale: given(cmd, "locale", f.locale), workFields: f.userWork.fields(cmd),
	}
}

func (c *cli) userCreateCommand() *cobra.Command {
	var f userFlags
	var groups []string
	cmd := &cobra.Command{
		Use: "create USER", Short: "Create a user, named like an e-mail address in one of the tenant's domains",
		Example: "  latchkey user create anna@contoso.example --display-name 'Anna Maier'\n" +
			"  latchkey user create ben@contoso.example --job-title Nurse --department 'Ward 3' --usage-location CH",
		Args: wants("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, userCreate, userCreateArgs{userArgs{c.tenant, args[0]}, f.fields(cmd), groups}, showUser)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringArrayVar(&groups, "group", nil, "a group to put the user into; may be repeated")
	return c.inTenant(cmd)
}

func (c *cli) userListCommand() *cobra.Command {
	var group string
	cmd := &cobra.Command{
		Use: "list", Short: "List users",
		Example: "  latchkey user list --tenant contoso.example",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return actList(c, cmd, userList, listArgs{Tenant: c.tenant, Of: group}, tableUsers)
		},
	}
	cmd.Flags().StringVar(&group, "group", "", "only the members of this group")
	return c.inTenant(cmd)
}

func (c *cli) userUpdateCommand() *cobra.Command {
	var f userFlags
	var rename string
	var noRoles bool
	cmd := &cobra.Command{
		Use: "update USER", Short: "Change a user; what is not given stays",
		Example: "  latchkey user update anna@contoso.example --role 'Authentication Administrator'",
		Args:    wants("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			fields := f.fields(cmd)
			if noRoles {
				fields.Roles = &[]string{}
			}
			return act(c, cmd, userUpdate, userUpdateArgs{userArgs{c.tenant, args[0]}, fields, given(cmd, "rename", rename)}, showUser)
		},
	}
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&rename, "rename", "", "a new user name")
	cmd.Flags().BoolVar(&noRoles, "no-roles", false, "take all roles away")
	cmd.MarkFlagsMutuallyExclusive("role", "no-roles")
	return c.inTenant(cmd)
}

func tableUsers(p *printer, us []userView) {
	rows := each(us, func(u userView) []string {
		return []string{u.UserPrincipalName, u.DisplayName, u.UserType, stateOf(u.Disabled), joined(u.Roles), joined(u.Groups)}
	})
	p.table("There are no users.", []string{"USER", "NAME", "TYPE", "STATE", "ROLES", "GROUPS"}, rows)
}

func showUser(p *printer, u userView) {
	email := u.Email
	if u.EmailVerified {
		email += " (verified)"
	}
	pairs := []string{"User", u.UserPrincipalName, "ID", u.ID, "Name", u.DisplayName, "Type", u.UserType, "State", stateOf(u.Disabled),
		"Roles", joined(u.Roles), "Groups", joined(u.Groups), "Given name", u.GivenName, "Family name", u.FamilyName,
		"E-mail", email, "Phone", u.Phone, "Locale", u.Locale}
	pairs = append(pairs, u.workFields.shown()...)
	p.fields(append(pairs, "Created", p.when(u.CreatedAt), "Signed out everywhere", p.when(u.SessionsValidFrom))...)
}
