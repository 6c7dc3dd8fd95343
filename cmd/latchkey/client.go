package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

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

// clientFlags are the flags of clientFields.
type clientFlags struct {
	name, alg                             string
	redirects, afterLogout, grants        []string
	origins                               []string
	native, trusted, introspect, disabled bool
}

func (f *clientFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.name, "name", "", "what people read when they sign in")
	flags.StringArrayVar(&f.redirects, "redirect-uri", nil, "where answers may go, or none; may be repeated")
	flags.StringArrayVar(&f.afterLogout, "post-logout-redirect-uri", nil, "where people may go after signing out, or none; may be repeated")
	flags.StringArrayVar(&f.grants, "grant", nil, "what it may ask tokens with: code, refresh, client or device; may be repeated (default code and refresh)")
	flags.StringArrayVar(&f.origins, "origin", nil, "a browser origin that may call for it, such as https://app.example, or none; may be repeated")
	flags.BoolVar(&f.native, "native", false, "an installed app: the port of a loopback redirect URI is free")
	flags.BoolVar(&f.trusted, "trusted", false, "nobody is asked for consent")
	flags.BoolVar(&f.introspect, "introspect", false, "it may introspect the tokens of other clients")
	flags.BoolVar(&f.disabled, "disabled", false, "nobody can sign in to it while it is disabled")
	flags.StringVar(&f.alg, "id-token-alg", "", "the signature of its ID tokens: "+strings.Join(idp.IDTokenAlgs, " or ")+" (default "+idp.IDTokenAlgs[0]+")")
}

func (f *clientFlags) fields(cmd *cobra.Command) clientFields {
	return clientFields{
		Name: given(cmd, "name", f.name), RedirectURIs: given(cmd, "redirect-uri", entries(f.redirects)),
		PostLogoutRedirectURIs: given(cmd, "post-logout-redirect-uri", entries(f.afterLogout)),
		GrantTypes:             given(cmd, "grant", each(f.grants, grantType)), Origins: given(cmd, "origin", entries(f.origins)),
		Native: given(cmd, "native", f.native), Trusted: given(cmd, "trusted", f.trusted),
		Introspect: given(cmd, "introspect", f.introspect), Disabled: given(cmd, "disabled", f.disabled),
		IDTokenAlg: given(cmd, "id-token-alg", f.alg),
	}
}

// grantType is the full name of a grant type.
func grantType(short string) string {
	switch short {
	case "code":
		return idp.GrantCode
	case "refresh":
		return idp.GrantRefresh
	case "client":
		return idp.GrantClient
	case "device":
		return idp.GrantDevice
	}
	return short
}

// grantName is the short name of a grant type.
func grantName(full string) string {
	shorts := []string{"code", "refresh", "client", "device"}
	if i := slices.IndexFunc(shorts, func(s string) bool { return grantType(s) == full }); i >= 0 {
		return shorts[i]
	}
	return full
}

func (c *cli) clientCreateCommand() *cobra.Command {
	var f clientFlags
	var id string
	auth := oneOf{value: "basic", words: []string{"basic", "post", "none"}}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Register a client",
		Example: "  latchkey client create 'Time sheets' --id web --redirect-uri https://time.contoso.example/callback\n" +
			"  latchkey client create Notes --auth none --native --redirect-uri http://127.0.0.1/callback",
		Args: wants("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			fields := f.fields(cmd)
			fields.Name = &args[0]
			if fields.GrantTypes == nil {
				fields.GrantTypes = &[]string{idp.GrantCode, idp.GrantRefresh}
			}
			return act(c, cmd, clientCreate, clientCreateArgs{c.tenant, id, authMethod(auth.value), fields}, showClient)
		},
	}
	f.add(cmd.Flags())
	_ = cmd.Flags().MarkHidden("name") // it is the argument
	cmd.Flags().StringVar(&id, "id", "", "its client_id (default: one is drawn)")
	cmd.Flags().Var(&auth, "auth", "how it authenticates; none for apps that cannot keep a secret")
	return c.inTenant(cmd)
}

func authMethod(short string) string {
	switch short {
	case "basic":
		return idp.AuthBasic
	case "post":
		return idp.AuthPost
	}
	return idp.AuthNone
}

func (c *cli) clientListCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "list", Short: "List clients",
		Example: "  latchkey client list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return actList(c, cmd, clientList, listArgs{Tenant: c.tenant}, func(p *printer, cs []clientView) {
				rows := each(cs, func(v clientView) []string {
					return []string{v.ClientID, v.Name, v.AuthMethod, joined(each(v.GrantTypes, grantName)), stateOf(v.Disabled)}
				})
				p.table("There are no clients.", []string{"CLIENT ID", "NAME", "AUTHENTICATION", "GRANTS", "STATE"}, rows)
			})
		},
	})
}

func (c *cli) clientUpdateCommand() *cobra.Command {
	var f clientFlags
	cmd := &cobra.Command{
		Use: "update CLIENT", Short: "Change a client; what is not given stays, a list that is given replaces the old one",
		Example: "  latchkey client update web --redirect-uri https://time.contoso.example/cb --trusted",
		Args:    wants("CLIENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			return act(c, cmd, clientUpdate, clientUpdateArgs{c.tenant, args[0], f.fields(cmd)}, showClient)
		},
	}
	f.add(cmd.Flags())
	return c.inTenant(cmd)
}

func showClient(p *printer, v clientView) {
	if v.ClientSecret != "" {
		p.secret("Client secret, shown this once:", v.ClientSecret)
	}
	p.fields("Client", v.Name, "Client ID", v.ClientID, "Issuer", v.Issuer, "Authentication", v.AuthMethod,
		"Grants", joined(each(v.GrantTypes, grantName)), "Redirect URIs", joined(v.RedirectURIs),
		"After signing out", joined(v.PostLogoutRedirectURIs), "Origins", joined(v.Origins),
		"Native", yesNo(v.Native), "Trusted", yesNo(v.Trusted), "May introspect", yesNo(v.Introspect),
		"ID tokens", v.IDTokenAlg, "State", stateOf(v.Disabled), "Created", p.when(v.CreatedAt))
}
