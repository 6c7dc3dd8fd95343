package main

import (
	"github.com/spf13/cobra"

	"latchkey/idp"
)

func (c *cli) clientCommand() *cobra.Command {
	return c.group("client", "Manage clients: the apps that people sign in to",
		c.clientCreateCommand(), c.clientListCommand(),
		onNamed(c, "show", "CLIENT", "web", "Show a client", clientShow, showClient),
		c.clientUpdateCommand(),
		onNamed(c, "new-secret", "CLIENT", "web", "Replace a client's secret; the old one ends at once", clientNewSecret, showClient),
		onNamed(c, "delete", "CLIENT", "web", "Delete a client; its tokens end at once", clientDelete, gone("client")))
}

func (c *cli) clientCreateCommand() *cobra.Command {
	var f clientFields
	var id string
	auth := oneOf{value: "basic", words: shorts(auths())}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Register a client",
		Example: "  latchkey client create 'Time sheets' --id web --redirect-uri https://time.contoso.example/callback\n" +
			"  latchkey client create Notes --auth none --native --redirect-uri http://127.0.0.1/callback\n" +
			"  latchkey client create Payroll --auth private-key-jwt --jwks keys.json --redirect-uri https://pay.contoso.example/callback\n" +
			"  latchkey client create 'Joiner script' --id joiner --grant client --permission UserAuthMethod-TAP.ReadWrite.All --permission User.ReadWrite.All",
		Args: wants("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Name = &args[0]
			if f.GrantTypes == nil {
				f.GrantTypes = &[]string{idp.GrantCode, idp.GrantRefresh}
			}
			return act(c, cmd, clientCreate, clientCreateArgs{c.tenant, id, authMethod(auth.value), f}, showClient)
		},
	}
	addGroups(cmd, f.groups(func(s fieldFlags) {
		s.StringVar(&id, "id", "", "its `client_id` (default: one is drawn)")
		s.Var(&auth, "auth", "how it authenticates; none for apps that cannot keep a secret")
	}))
	cmd.MarkFlagsMutuallyExclusive("jwks", "jwks-uri")
	return c.inTenant(cmd)
}

func (c *cli) clientListCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "list", Short: "List clients",
		Example: "  latchkey client list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return actList(c, cmd, clientList, listArgs{Tenant: c.tenant}, func(p *printer, cs []clientView) {
				rows := each(cs, func(v clientView) []string {
					return []string{v.ClientID, valueOf(v.Name), v.AuthMethod, joined(each(valueOf(v.GrantTypes), grantName)), stateOf(valueOf(v.Disabled))}
				})
				p.table("There are no clients.", []string{"CLIENT ID", "NAME", "AUTHENTICATION", "GRANTS", "STATE"}, rows)
			})
		},
	})
}

func (c *cli) clientUpdateCommand() *cobra.Command {
	var f clientFields
	cmd := &cobra.Command{
		Use: "update CLIENT", Short: "Change a client; what is not given stays, a list that is given replaces the old one",
		Example: "  latchkey client update web --redirect-uri https://time.contoso.example/cb --trusted\n" +
			"  latchkey client update web --backchannel-logout-uri https://time.contoso.example/logout --logo-uri none",
		Args: wants("CLIENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			return act(c, cmd, clientUpdate, clientUpdateArgs{c.tenant, args[0], f}, showClient)
		},
	}
	addGroups(cmd, f.groups(func(s fieldFlags) { s.name(&f.Name, "what people read when they sign in") }))
	cmd.MarkFlagsMutuallyExclusive("jwks", "jwks-uri")
	return c.inTenant(cmd)
}

func showClient(p *printer, v clientView) {
	if v.ClientSecret != "" {
		p.secret("Client secret, shown this once:", v.ClientSecret)
	}
	pairs := append([]string{"Client", valueOf(v.Name), "Client ID", v.ClientID, "Issuer", v.Issuer, "Authentication", v.AuthMethod}, v.shown()...)
	p.fields(append(pairs, "State", stateOf(valueOf(v.Disabled)), "Created", p.when(v.CreatedAt))...)
}
