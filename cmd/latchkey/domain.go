package main

import (
	"context"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

var domainAdd = operation[namedArgs, tenantView]{"domain.add", changeDomains((*admin.Service).AddDomain)}

var domainRemove = operation[namedArgs, tenantView]{"domain.remove", changeDomains((*admin.Service).RemoveDomain)}

func changeDomains(change func(*admin.Service, context.Context, idp.Party, string, string) (*idp.Tenant, error)) func(context.Context, desk, namedArgs) (tenantView, error) {
	return func(ctx context.Context, d desk, a namedArgs) (tenantView, error) {
		t, err := d.tenantFor(ctx, a.Tenant, "")
		if err != nil {
			return tenantView{}, err
		}
		return d.tenantAnswer(change(d.Admin, ctx, d.actor, t.TenantID, a.Name))
	}
}

func (c *cli) domainCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List a tenant's domains",
		Example: "  latchkey domain list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := ask(c, cmd, tenantShow, namedArgs{Tenant: c.tenant})
			if err != nil {
				return err
			}
			return c.show(t.Domains, func(p *printer) {
				for i, domain := range t.Domains {
					if i == 0 {
						domain += "  (initial)"
					}
					p.line("%s", domain)
				}
			})
		},
	}
	return c.group("domain", "Manage the domains that a tenant's user names end in",
		c.domainChange("add", "Add a domain", domainAdd), c.domainChange("remove", "Remove a domain that no user name ends in", domainRemove),
		c.inTenant(list))
}

func (c *cli) domainChange(verb, short string, o operation[namedArgs, tenantView]) *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: verb + " DOMAIN", Short: short,
		Example: "  latchkey domain " + verb + " contoso.test",
		Args:    wants("DOMAIN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, o, namedArgs{c.tenant, args[0]}, showTenant)
		},
	})
}
