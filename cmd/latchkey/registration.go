package main

import (
	"strconv"

	"github.com/spf13/cobra"
)

func (c *cli) registrationTokenCommand() *cobra.Command {
	return c.group("registration-token", "Manage tokens that let apps register themselves as clients",
		c.registrationTokenCreateCommand(), c.registrationTokenListCommand(),
		onNamed(c, "delete", "ID", "$ID", "Delete a registration token; clients that it registered stay", registrationTokenDelete, gone("registration token")))
}

func (c *cli) registrationTokenCreateCommand() *cobra.Command {
	var uses int
	lifetime := minutes(24 * 60)
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a token and show it, once; NAME says who it is for",
		Example: "  latchkey registration-token create 'Build server' --uses 20 --lifetime 168h",
		Args:    wants("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			question := registrationTokenArgs{namedArgs{c.tenant, args[0]}, uses, int(lifetime)}
			return act(c, cmd, registrationTokenCreate, question, showNewRegistrationToken)
		},
	}
	cmd.Flags().IntVar(&uses, "uses", 1, "how many `clients` it may register")
	cmd.Flags().Var(&lifetime, "lifetime", "how long it can be used: minutes, or with a unit such as 8h")
	cmd.Flags().Lookup("lifetime").DefValue = "24h"
	return c.inTenant(cmd)
}

func (c *cli) registrationTokenListCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "list", Short: "List registration tokens, without what is shown to register",
		Example: "  latchkey registration-token list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return actList(c, cmd, registrationTokenList, listArgs{Tenant: c.tenant}, func(p *printer, ts []registrationTokenView) {
				rows := each(ts, func(v registrationTokenView) []string {
					return []string{v.ID, v.Name, strconv.Itoa(v.UsesLeft), p.when(v.EndsAt)}
				})
				p.table("There are no registration tokens.", []string{"ID", "NAME", "USES LEFT", "UNTIL"}, rows)
			})
		},
	})
}

func showNewRegistrationToken(p *printer, v newRegistrationToken) {
	p.secret("Registration token, shown this once:", v.Token)
	p.fields("For", v.Name, "ID", v.ID, "Registers", clients(v.UsesLeft), "Until", p.when(v.EndsAt))
	if v.Registration == "off" {
		p.line("")
		p.line("Note: clients cannot register themselves with this tenant yet. Let them with 'latchkey tenant update TENANT --registration token'.")
	}
}

func clients(n int) string {
	if n == 1 {
		return "1 client"
	}
	return strconv.Itoa(n) + " clients"
}
