package main

import (
	"context"
	"strings"

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

// domainView is a domain of a tenant, or one that it wants.
type domainView struct {
	Domain     string `json:"domain"`
	Verified   bool   `json:"verified"`
	Initial    bool   `json:"initial"`
	Default    bool   `json:"default"`
	Federated  bool   `json:"federated"`  // its people sign in at the provider
	Federation string `json:"federation"` // id of the provider, also of one that is disabled; "": none
	Provider   string `json:"provider"`   // its name
	Record     string `json:"txt_record"` // that proves a domain that is not verified
}

func viewDomain(i admin.DomainInfo) domainView {
	v := domainView{Domain: i.Name, Verified: i.Verified, Initial: i.Initial, Default: i.Default, Federated: i.Federated(), Record: i.Record}
	if i.Federation != nil {
		v.Federation, v.Provider = i.Federation.FederationID, i.Federation.Name
	}
	return v
}

var domainList = operation[namedArgs, []domainView]{"domain.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, _ namedArgs) ([]domainView, error) {
		all, err := d.Admin.Domains(ctx, d.actor, t.TenantID)
		return each(all, viewDomain), err
	})}

var domainClaim = operation[namedArgs, domainView]{"domain.claim",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (domainView, error) {
		i, err := d.Admin.ClaimDomain(ctx, d.actor, t.TenantID, a.Name)
		return viewDomain(i), err
	})}

var domainVerify = operation[namedArgs, tenantView]{"domain.verify", changeDomains((*admin.Service).VerifyDomain)}

var domainDefault = operation[namedArgs, tenantView]{"domain.default", changeDomains((*admin.Service).SetDefaultDomain)}

func (c *cli) domainCommand() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List a tenant's domains",
		Example: "  latchkey domain list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return act(c, cmd, domainList, namedArgs{Tenant: c.tenant}, func(p *printer, all []domainView) {
				rows := each(all, func(v domainView) []string { return []string{v.Domain, v.state(), v.signsIn(), v.Record} })
				p.table("", []string{"DOMAIN", "", "PEOPLE SIGN IN", "TXT RECORD TO SET"}, rows)
			})
		},
	}
	return c.group("domain", "Manage the domains that a tenant's user names end in",
		onNamed(c, "add", "DOMAIN", "contoso.test", "Add a domain that you vouch for, as the operator", domainAdd, showTenant),
		onNamed(c, "claim", "DOMAIN", "contoso.test", "Claim a domain for the tenant, and print the DNS record that proves it", domainClaim, showClaim),
		onNamed(c, "verify", "DOMAIN", "contoso.test", "Look for the DNS record of a claimed domain, and add the domain", domainVerify, showTenant),
		onNamed(c, "default", "DOMAIN", "contoso.test", "Make a domain the default one, for new user names", domainDefault, showTenant),
		onNamed(c, "remove", "DOMAIN", "contoso.test", "Remove a domain that no user name ends in, or a claim to one", domainRemove, showTenant),
		c.inTenant(list))
}

// state says what is special about a domain.
func (v domainView) state() string {
	var words []string
	for _, w := range []struct {
		is   bool
		word string
	}{{v.Initial, "initial"}, {v.Default, "default"}, {!v.Verified, "not verified"}} {
		if w.is {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, ", ")
}

// signsIn says where its people sign in.
func (v domainView) signsIn() string {
	switch {
	case !v.Verified:
		return "nowhere"
	case v.Federated:
		return "at " + v.Provider
	}
	return "here"
}

func showClaim(p *printer, v domainView) {
	p.line("Set this TXT record in DNS, then run 'latchkey domain verify %s':", v.Domain)
	p.line("")
	p.line("  %s. IN TXT \"%s\"", v.Domain, v.Record)
}
