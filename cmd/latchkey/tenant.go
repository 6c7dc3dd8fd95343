package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// tenantView is a tenant as it is shown.
type tenantView struct {
	ID                     string     `json:"id"`
	Name                   string     `json:"name"`
	Domains                []string   `json:"domains"`
	Issuer                 string     `json:"issuer"`
	Disabled               bool       `json:"disabled"`
	Accent                 string     `json:"accent"`
	SessionLifetimeMinutes int        `json:"session_lifetime_minutes"`
	Registration           string     `json:"registration"` // of clients by themselves: off, token or open
	CreatedAt              *time.Time `json:"created_at"`
}

func (d desk) tenantView(t *idp.Tenant) tenantView {
	lifetime := t.SessionLifetime
	if lifetime == 0 {
		lifetime = idp.DefaultSessionLifetime
	}
	return tenantView{
		ID: t.TenantID, Name: t.Name, Domains: array(t.Domains), Issuer: issuer(d.Config.BaseURL, t), Disabled: t.Disabled, Accent: t.Accent,
		SessionLifetimeMinutes: int(lifetime / time.Minute), Registration: registrationOf(t), CreatedAt: moment(t.CreatedAt),
	}
}

// tenantAnswer views the outcome of a use case.
func (d desk) tenantAnswer(t *idp.Tenant, err error) (tenantView, error) {
	if err != nil {
		return tenantView{}, err
	}
	return d.tenantView(t), nil
}

type tenantCreateArgs struct {
	Name    string   `json:"name"`
	Domains []string `json:"domains"`
}

type tenantUpdateArgs struct {
	Tenant          string  `json:"tenant"`
	Name            *string `json:"name"`
	Accent          *string `json:"accent"`
	Disabled        *bool   `json:"disabled"`
	SessionLifetime *int    `json:"session_lifetime_minutes"`
	Registration    *string `json:"registration"`
}

var tenantCreate = operation[tenantCreateArgs, tenantView]{"tenant.create",
	func(ctx context.Context, d desk, a tenantCreateArgs) (tenantView, error) {
		return d.tenantAnswer(d.Admin.CreateTenant(ctx, d.actor, a.Name, a.Domains...))
	}}

var tenantList = operation[listArgs, page[tenantView]]{"tenant.list",
	func(ctx context.Context, d desk, a listArgs) (page[tenantView], error) {
		ts, next, err := d.Admin.Tenants(ctx, d.actor, a.page())
		return page[tenantView]{each(ts, d.tenantView), next}, err
	}}

var tenantShow = operation[namedArgs, tenantView]{"tenant.show",
	func(ctx context.Context, d desk, a namedArgs) (tenantView, error) {
		return d.tenantAnswer(d.tenantFor(ctx, a.Tenant, ""))
	}}

var tenantUpdate = operation[tenantUpdateArgs, tenantView]{"tenant.update",
	func(ctx context.Context, d desk, a tenantUpdateArgs) (tenantView, error) {
		change := admin.TenantChange{Name: a.Name, Accent: a.Accent, Disabled: a.Disabled, Registration: (*idp.Registration)(a.Registration)}
		if a.SessionLifetime != nil {
			change.SessionLifetime = new(ofMinutes(*a.SessionLifetime))
		}
		return d.tenantAnswer(d.Admin.UpdateTenant(ctx, d.actor, a.Tenant, change))
	}}

func (c *cli) tenantCommand() *cobra.Command {
	return c.group("tenant", "Manage tenants: organizations with their own users, clients and keys",
		c.tenantCreateCommand(), c.tenantListCommand(), c.tenantShowCommand(), c.tenantUpdateCommand())
}

func (c *cli) tenantCreateCommand() *cobra.Command {
	var domains []string
	cmd := &cobra.Command{
		Use: "create NAME --domain DOMAIN", Short: "Create a tenant with its signing keys",
		Example: "  latchkey tenant create Contoso --domain contoso.example",
		Args:    wants("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, tenantCreate, tenantCreateArgs{args[0], domains}, showTenant)
		},
	}
	cmd.Flags().StringArrayVar(&domains, "domain", nil, "a domain its user names end in; the first is the initial one")
	_ = cmd.MarkFlagRequired("domain") // it is there
	return c.remote(cmd)
}

func (c *cli) tenantListCommand() *cobra.Command {
	return c.remote(&cobra.Command{
		Use: "list", Short: "List tenants",
		Example: "  latchkey tenant list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return actList(c, cmd, tenantList, listArgs{}, func(p *printer, ts []tenantView) {
				rows := each(ts, func(t tenantView) []string { return []string{t.ID, t.Name, joined(t.Domains), stateOf(t.Disabled)} })
				p.table("There is no tenant yet.", []string{"ID", "NAME", "DOMAINS", "STATE"}, rows)
			})
		},
	})
}

func (c *cli) tenantShowCommand() *cobra.Command {
	return c.remote(&cobra.Command{
		Use: "show TENANT", Short: "Show a tenant",
		Example: "  latchkey tenant show contoso.example",
		Args:    wants("TENANT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, tenantShow, namedArgs{Tenant: args[0]}, showTenant)
		},
	})
}

func (c *cli) tenantUpdateCommand() *cobra.Command {
	var name, accent string
	var disabled bool
	var session minutes
	registration := oneOf{words: each(idp.Registrations, func(r idp.Registration) string { return string(r) })}
	cmd := &cobra.Command{
		Use: "update TENANT", Short: "Change a tenant",
		Example: "  latchkey tenant update contoso.example --accent '#0b5cad' --session-lifetime 8h\n" +
			"  latchkey tenant update contoso.example --registration token",
		Args: wants("TENANT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			change := tenantUpdateArgs{
				Tenant: args[0], Name: given(cmd, "name", name), Accent: given(cmd, "accent", accent),
				Disabled: given(cmd, "disabled", disabled), SessionLifetime: given(cmd, "session-lifetime", int(session)),
				Registration: given(cmd, "registration", registration.value),
			}
			return act(c, cmd, tenantUpdate, change, showTenant)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "its name")
	cmd.Flags().StringVar(&accent, "accent", "", "the colour of its pages, such as #0b5cad")
	cmd.Flags().BoolVar(&disabled, "disabled", false, "nobody can sign in while it is disabled")
	cmd.Flags().Var(&session, "session-lifetime", "how long a browser stays signed in: minutes, or with a unit such as 8h")
	cmd.Flags().Var(&registration, "registration", "off: no client may register itself; token: those that show a registration token; open: any")
	return c.remote(cmd)
}

func showTenant(p *printer, t tenantView) {
	p.fields("Tenant", t.Name, "ID", t.ID, "Domains", joined(t.Domains), "Issuer", t.Issuer, "State", stateOf(t.Disabled),
		"Accent", t.Accent, "Session lifetime", minutesSpan(t.SessionLifetimeMinutes),
		"Registration", t.Registration, "Created", p.when(t.CreatedAt))
}

func stateOf(disabled bool) string {
	if disabled {
		return "disabled"
	}
	return "enabled"
}
