package main

import (
	"context"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

var domainAdd = operation[namedArgs, tenantView]{"domain.add", changeDomains((*admin.Service).AddDomain)}

var domainRemove = operation[namedArgs, tenantView]{"domain.remove", changeDomains((*admin.Service).RemoveDomain)}

func changeDomains(change func(*admin.Service, context.Context, idp.Actor, string, string) (*idp.Tenant, error)) func(context.Context, desk, namedArgs) (tenantView, error) {
	return within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (tenantView, error) {
		return d.tenantAnswer(change(d.Admin, ctx, d.actor, t.TenantID, a.Name))
	})
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
		onNamed(c, "add", "DOMAIN", "contoso.test", "Add a domain", domainAdd, showTenant),
		onNamed(c, "remove", "DOMAIN", "contoso.test", "Remove a domain that no user name ends in", domainRemove, showTenant),
		c.inTenant(list))
}
