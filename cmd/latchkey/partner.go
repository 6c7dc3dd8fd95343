package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// partnerView is what holds for another organization of the deployment, or by default. What a
// partner leaves open is "default".
type partnerView struct {
	ID        string   `json:"id"`      // "" for the default
	Name      string   `json:"name"`    // likewise; or of one that is gone
	Domains   []string `json:"domains"` // likewise none
	Inbound   string   `json:"inbound"`
	Outbound  string   `json:"outbound"`
	AcceptMFA string   `json:"accept_mfa"`
}

const inherited = "default"

// viewPartner shows a partner, or the default where there is no id.
func viewPartner(i admin.PartnerInfo) partnerView {
	v := partnerView{ID: i.ID, Domains: []string{}, Inbound: string(i.Rules.Inbound), Outbound: string(i.Rules.Outbound), AcceptMFA: string(i.Rules.AcceptMFA)}
	for _, s := range []*string{&v.Inbound, &v.Outbound, &v.AcceptMFA} {
		if *s == "" {
			*s = inherited
		}
	}
	if i.Tenant != nil {
		v.Name, v.Domains = i.Tenant.Name, i.Tenant.Domains
	}
	return v
}

func viewDefault(p *idp.CrossTenantPolicy) partnerView {
	return viewPartner(admin.PartnerInfo{Rules: p.Default})
}

type partnerArgs struct {
	Partner   namedArgs `json:"partner"`
	Inbound   *string   `json:"inbound"`
	Outbound  *string   `json:"outbound"`
	AcceptMFA *string   `json:"accept_mfa"`
}

func (a partnerArgs) scope() (tenant, user string) { return a.Partner.scope() }

func (a partnerArgs) change() admin.PartnerChange {
	return admin.PartnerChange{Inbound: (*idp.Access)(a.Inbound), Outbound: (*idp.Access)(a.Outbound), AcceptMFA: (*idp.Switch)(a.AcceptMFA)}
}

var partnerList = operation[namedArgs, []partnerView]{"partner.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, _ namedArgs) ([]partnerView, error) {
		p, err := d.Admin.CrossTenantPolicy(ctx, d.actor, t.TenantID)
		if err != nil {
			return nil, err
		}
		all, err := d.Admin.Partners(ctx, d.actor, t.TenantID)
		return append([]partnerView{viewDefault(p)}, each(all, viewPartner)...), err
	})}

var partnerShow = operation[namedArgs, partnerView]{"partner.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (v partnerView, err error) {
		i, err := d.Admin.Partner(ctx, d.actor, t.TenantID, a.Name)
		return viewPartner(i), err
	})}

var partnerSet = operation[partnerArgs, partnerView]{"partner.set",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a partnerArgs) (v partnerView, err error) {
		other, err := d.Admin.Tenant(ctx, a.Partner.Name)
		if err != nil {
			return v, err
		}
		p, err := d.Admin.UpdatePartner(ctx, d.actor, t.TenantID, other.TenantID, a.change())
		if idp.ErrorCode(err) == idp.NotFound {
			p, err = d.Admin.AddPartner(ctx, d.actor, t.TenantID, other.TenantID, a.change())
		}
		if err != nil {
			return v, err
		}
		return viewPartner(admin.PartnerInfo{ID: other.TenantID, Tenant: other, Rules: p.Partners[other.TenantID]}), nil
	})}

var partnerRemove = operation[namedArgs, deleted]{"partner.remove",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a namedArgs) (deleted, error) {
		_, err := d.Admin.RemovePartner(ctx, d.actor, t.TenantID, a.Name)
		return deleted{a.Name}, err
	})}

var partnerDefault = operation[partnerArgs, partnerView]{"partner.default",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a partnerArgs) (v partnerView, err error) {
		p, err := d.Admin.UpdateCrossTenantDefault(ctx, d.actor, t.TenantID, a.change())
		if err != nil {
			return v, err
		}
		return viewDefault(p), nil
	})}

var partnerReset = operation[namedArgs, partnerView]{"partner.reset",
	within(func(ctx context.Context, d desk, t *idp.Tenant, _ namedArgs) (v partnerView, err error) {
		p, err := d.Admin.ResetCrossTenantDefault(ctx, d.actor, t.TenantID)
		if err != nil {
			return v, err
		}
		return viewDefault(p), nil
	})}

func (c *cli) partnerCommand() *cobra.Command {
	list := c.inTenant(&cobra.Command{
		Use: "list", Short: "List the default, and the organizations with rules of their own",
		Example: "  latchkey partner list --tenant contoso.example",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return act(c, cmd, partnerList, namedArgs{Tenant: c.tenant}, func(p *printer, all []partnerView) {
				rows := each(all, func(v partnerView) []string { return []string{v.title(), v.Inbound, v.Outbound, v.AcceptMFA} })
				p.table("", []string{"ORGANIZATION", "INBOUND", "OUTBOUND", "ACCEPTS MFA"}, rows)
			})
		},
	})
	reset := c.inTenant(&cobra.Command{
		Use: "reset", Short: "Bring back the default of a fresh tenant",
		Example: "  latchkey partner reset --tenant contoso.example",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return act(c, cmd, partnerReset, namedArgs{Tenant: c.tenant}, showPartner)
		},
	})
	return c.group("partner", "Manage which other organizations of this deployment people may be guests from and at",
		list,
		onNamed(c, "show", "TENANT", "fabrikam.example --tenant contoso.example", "Show the rules for one organization", partnerShow, showPartner),
		c.partnerChanging("set TENANT", "Set the rules for one organization", "  latchkey partner set fabrikam.example --accept-mfa enabled --tenant contoso.example", partnerSet),
		onNamed(c, "remove", "TENANT", "fabrikam.example --tenant contoso.example", "Remove the rules for one organization, so that the default applies again", partnerRemove, gone("partner")),
		c.partnerChanging("default", "Change the default, for every organization without rules of its own", "  latchkey partner default --inbound blocked --tenant contoso.example", partnerDefault), reset)
}

// partnerChanging is a command that changes what holds for one organization, or by default.
func (c *cli) partnerChanging(use, short, example string, o operation[partnerArgs, partnerView]) *cobra.Command {
	a := partnerArgs{}
	cmd := &cobra.Command{
		Use: use, Short: short, Example: example, Args: noArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			a.Partner = namedArgs{Tenant: c.tenant}
			if len(args) > 0 {
				a.Partner.Name = args[0]
			}
			return act(c, cmd, o, a, showPartner)
		},
	}
	access := []string{string(idp.AccessAllowed), string(idp.AccessBlocked)}
	mfa := []string{string(idp.SwitchEnabled), string(idp.SwitchDisabled)}
	if use != "default" {
		cmd.Args = wants("TENANT")
		access, mfa = append(access, inherited), append(mfa, inherited)
	}
	s := fieldFlags{cmd.Flags()}
	s.word(&a.Inbound, "inbound", "whether its people may sign in here as guests", inherited, access...)
	s.word(&a.Outbound, "outbound", "whether the people of this tenant may be guests there", inherited, access...)
	s.word(&a.AcceptMFA, "accept-mfa", "whether more than one factor proved at home counts here", inherited, mfa...)
	return c.inTenant(cmd)
}

// title is what a person calls it.
func (v partnerView) title() string {
	switch {
	case v.ID == "":
		return "(every other)"
	case v.Name == "":
		return v.ID
	}
	return v.Name + " (" + v.ID + ")"
}

func showPartner(p *printer, v partnerView) {
	p.fields("Organization", v.title(), "Domains", strings.Join(v.Domains, ", "), "Inbound", v.Inbound, "Outbound", v.Outbound, "Accepts MFA", v.AcceptMFA)
}
