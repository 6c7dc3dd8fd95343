package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/idp/admin"
)

// firstPerson is what init makes beside an empty data directory; all may be empty.
type firstPerson struct{ tenantName, domain, admin string }

// initView is the answer of init.
type initView struct {
	Data   string      `json:"data"`
	Pepper string      `json:"pepper_file"` // empty: the configuration holds the pepper
	Tenant *tenantView `json:"tenant"`
	Admin  *userView   `json:"admin"`
	Pass   *passView   `json:"pass"`
}

func (c *cli) initCommand() *cobra.Command {
	var first firstPerson
	cmd := &cobra.Command{
		Use: "init", Short: "Make a data directory, and with it the first tenant and person",
		Long: "Make a data directory with a new pepper and an empty database. With --admin, the first person gets the role\n" +
			"Global Administrator and a first pass; the policy then lets only that person sign in with one.",
		Example: "  latchkey init --tenant-name Contoso --domain contoso.example --admin anna@contoso.example",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if first.admin != "" && first.domain == "" {
				return misused("--admin needs a tenant: give --tenant-name and --domain as well")
			}
			cfg, err := c.load(cmd, false)
			if err != nil {
				return err
			}
			v, err := initData(cmd.Context(), cfg, first)
			if err != nil {
				return err
			}
			return c.show(v, func(p *printer) { showInit(p, v, cfg) })
		},
	}
	cmd.Flags().StringVar(&first.tenantName, "tenant-name", "", "the name of the first tenant")
	cmd.Flags().StringVar(&first.domain, "domain", "", "the domain its user names end in")
	cmd.Flags().StringVar(&first.admin, "admin", "", "the user name of the first administrator, who gets a pass")
	cmd.MarkFlagsRequiredTogether("tenant-name", "domain")
	return c.withJSON(c.settings(cmd, "data", "base_url"))
}

// initData makes the data directory and all that is asked for, or nothing.
func initData(ctx context.Context, cfg config.Config, first firstPerson) (v initView, err error) {
	undo, err := makeData(cfg)
	if err != nil {
		return v, err
	}
	defer func() {
		if err != nil {
			undo()
		}
	}()
	deps, err := openDeps(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return v, err
	}
	d := desk{deps, admin.Operator(userName(os.Getuid()))}
	v, err = d.begin(ctx, first)
	if closeErr := d.Store.Close(); err == nil {
		err = closeErr
	}
	return v, err
}

// begin makes the first tenant and person.
func (d desk) begin(ctx context.Context, first firstPerson) (v initView, err error) {
	v.Data = d.Config.Data
	if d.Config.Pepper.Reveal() == "" {
		v.Pepper = filepath.Join(v.Data, config.PepperFile)
	}
	if first.domain == "" {
		return v, nil
	}
	t, err := tenantCreate.do(ctx, d, tenantCreateArgs{first.tenantName, []string{first.domain}})
	if err != nil {
		return v, err
	}
	v.Tenant = &t
	if first.admin == "" {
		return v, nil
	}
	who := userArgs{t.ID, first.admin}
	u, err := userCreate.do(ctx, d, userCreateArgs{who, userFields{Roles: &[]string{idp.GlobalAdministrator}}, nil})
	if err != nil {
		return v, err
	}
	yes, only := true, []string{"user:" + u.ID}
	if _, err := policySet.do(ctx, d, policySetArgs{Tenant: t.ID, Enabled: &yes, targetArgs: targetArgs{Include: &only}}); err != nil {
		return v, err
	}
	p, err := passCreate.do(ctx, d, passCreateArgs{userArgs: who, Reason: "first administrator"})
	if err != nil {
		return v, err
	}
	v.Admin, v.Pass = &u, &p
	return v, nil
}

func showInit(p *printer, v initView, cfg config.Config) {
	p.line("Made the data directory %s.", v.Data)
	if v.Pepper != "" {
		p.line("Keep a copy of %s apart from backups of the database: neither is worth anything without the other.", v.Pepper)
	}
	if v.Tenant != nil {
		p.line("")
		p.fields("Tenant", v.Tenant.Name, "ID", v.Tenant.ID, "Domain", joined(v.Tenant.Domains))
	}
	if v.Pass != nil {
		p.line("")
		p.secret(fmt.Sprintf("First pass of %s, shown this once:", v.Pass.UserPrincipalName), v.Pass.Code)
		p.fields("Valid until", p.when(v.Pass.EndsAt), "Can be used", useOf(*v.Pass))
		p.line("")
		p.line("Nobody else can sign in with a pass yet. To allow it: latchkey policy set --include all")
	}
	p.line("")
	base := cmp.Or(cfg.BaseURL, "https://login.example")
	p.line("Next: latchkey serve --data %s --base-url %s", v.Data, base)
	if v.Pass != nil {
		p.line("Then sign in with the pass at %s, and add a passkey.", address(base, "/"+v.Tenant.Domains[0]+"/security-info"))
	}
}
