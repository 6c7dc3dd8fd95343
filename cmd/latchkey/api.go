package main

import "github.com/spf13/cobra"

// exampleAPI is the API of the examples.
const exampleAPI = "https://api.contoso.example"

func (c *cli) apiCommand() *cobra.Command {
	return c.group("api", "Manage APIs: what access tokens may be for",
		c.apiCreateCommand(), c.apiListCommand(),
		onNamed(c, "show", "API", exampleAPI, "Show an API, by its identifier or id", apiShow, showAPI),
		c.apiUpdateCommand(),
		onNamed(c, "delete", "API", exampleAPI, "Delete an API; opaque tokens for it end at once, JWTs within ten minutes", apiDelete, gone("API")))
}

// flags are those of create and update.
func (f *apiFields) flags(s fieldFlags) {
	s.list(&f.Scopes, "scope", "a `scope` that apps may ask for, or none; may be repeated")
	s.yes(&f.JWT, "jwt", "its tokens are JWTs, which it can check by itself and which live for at most ten minutes; else they are opaque")
	s.text(&f.ClientID, "client", "the `client` by which the API calls others with tokens that it was sent (token exchange), or none")
}

func (c *cli) apiCreateCommand() *cobra.Command {
	var f apiFields
	var identifier string
	cmd := &cobra.Command{
		Use: "create NAME --identifier URI", Short: "Register an API",
		Example: "  latchkey api create Calendar --identifier " + exampleAPI + " --scope calendar.read --scope calendar.write --jwt",
		Args:    wants("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Name = &args[0]
			return act(c, cmd, apiCreate, apiCreateArgs{c.tenant, identifier, f}, showAPI)
		},
	}
	cmd.Flags().StringVar(&identifier, "identifier", "", "the `URI` that apps name it by, and the audience of its tokens; it stays")
	_ = cmd.MarkFlagRequired("identifier") // it is there
	f.flags(fieldFlags{cmd.Flags()})
	return c.inTenant(cmd)
}

func (c *cli) apiListCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "list", Short: "List APIs",
		Example: "  latchkey api list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return actList(c, cmd, apiList, listArgs{Tenant: c.tenant}, func(p *printer, as []apiView) {
				rows := each(as, func(v apiView) []string {
					return []string{v.Identifier, valueOf(v.Name), v.tokens(), joined(valueOf(v.Scopes))}
				})
				p.table("There are no APIs.", []string{"IDENTIFIER", "NAME", "TOKENS", "SCOPES"}, rows)
			})
		},
	})
}

func (c *cli) apiUpdateCommand() *cobra.Command {
	var f apiFields
	cmd := &cobra.Command{
		Use: "update API", Short: "Change an API; what is not given stays, scopes that are given replace the old ones",
		Example: "  latchkey api update " + exampleAPI + " --scope calendar.read --jwt=false",
		Args:    wants("API"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			return act(c, cmd, apiUpdate, apiUpdateArgs{namedArgs{c.tenant, args[0]}, f}, showAPI)
		},
	}
	s := fieldFlags{cmd.Flags()}
	s.name(&f.Name, "what people read when they are asked for consent")
	f.flags(s)
	return c.inTenant(cmd)
}

func showAPI(p *printer, v apiView) {
	p.fields("API", valueOf(v.Name), "ID", v.ID, "Identifier", v.Identifier, "Tokens", v.tokens(), "Scopes", joined(valueOf(v.Scopes)),
		"Calls others as", valueOf(v.ClientID), "Created", p.when(v.CreatedAt))
}

// tokens says what its tokens are.
func (v apiView) tokens() string {
	if valueOf(v.JWT) {
		return "JWT"
	}
	return "opaque"
}
