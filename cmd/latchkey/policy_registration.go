package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// registrationPolicyView is who is asked, on the way to an app, to register a sign-in method.
type registrationPolicyView struct {
	SelfServiceReset   requirementView `json:"self_service_reset"`
	IdentityProtection requirementView `json:"identity_protection"`
	Campaign           campaignView    `json:"campaign"`
}

// requirementView asks until it is done.
type requirementView struct {
	Enabled bool `json:"enabled"`
	targetsView
}

// campaignView takes "not now" for an answer.
type campaignView struct {
	requirementView
	SnoozeDays int `json:"snooze_days"`
}

type registrationPolicyArgs struct {
	Tenant             string          `json:"tenant"`
	SelfServiceReset   requirementArgs `json:"self_service_reset"`
	IdentityProtection requirementArgs `json:"identity_protection"`
	Campaign           requirementArgs `json:"campaign"`
	SnoozeDays         *int            `json:"snooze_days"`
}

func (a registrationPolicyArgs) scope() (tenant, user string) { return a.Tenant, "" }

type requirementArgs struct {
	Enabled *bool `json:"enabled"`
	targetArgs
}

func (a requirementArgs) change(ctx context.Context, d desk, t *idp.Tenant) (c admin.RequirementChange, err error) {
	c.Enabled = a.Enabled
	c.Include, c.Exclude, err = a.found(ctx, d, t)
	return c, err
}

var policyRegistrationShow = policyReading("policy.registration.show",
	func(all *idp.MethodsPolicy) idp.RegistrationPolicy { return all.Registration }, desk.registrationPolicyView)

var policyRegistrationSet = operation[registrationPolicyArgs, registrationPolicyView]{"policy.registration.set",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a registrationPolicyArgs) (v registrationPolicyView, err error) {
		change := admin.RegistrationPolicyChange{SnoozeDays: a.SnoozeDays}
		if change.SelfServiceReset, err = a.SelfServiceReset.change(ctx, d, t); err != nil {
			return v, err
		}
		if change.IdentityProtection, err = a.IdentityProtection.change(ctx, d, t); err != nil {
			return v, err
		}
		if change.Campaign, err = a.Campaign.change(ctx, d, t); err != nil {
			return v, err
		}
		p, err := d.Admin.UpdateRegistrationPolicy(ctx, d.actor, t.TenantID, change)
		if err != nil {
			return v, err
		}
		return d.registrationPolicyView(ctx, t, p)
	})}

func (d desk) registrationPolicyView(ctx context.Context, t *idp.Tenant, p idp.RegistrationPolicy) (v registrationPolicyView, err error) {
	v.Campaign.SnoozeDays = p.Campaign.SnoozeDays
	for _, x := range []struct {
		view    *requirementView
		enabled bool
		targets idp.Targets
	}{
		{&v.SelfServiceReset, p.SelfServiceReset.Enabled, p.SelfServiceReset.Targets},
		{&v.IdentityProtection, p.IdentityProtection.Enabled, p.IdentityProtection.Targets},
		{&v.Campaign.requirementView, p.Campaign.Enabled, p.Campaign.Targets},
	} {
		x.view.Enabled = x.enabled
		if x.view.targetsView, err = d.targetsView(ctx, t, x.targets); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (c *cli) policyRegistrationCommand() *cobra.Command {
	return c.group("registration", "Show or change who is asked, after signing in, to register a sign-in method",
		showing(c, "policy registration", "Show who is asked to register a sign-in method", policyRegistrationShow, showRegistrationPolicy),
		c.policyRegistrationSetCommand())
}

// requirementFlags are the flags of requirementArgs: the name, and with it those of the
// targets.
type requirementFlags struct {
	name    string
	enabled bool
	targetFlags
}

func (f *requirementFlags) add(cmd *cobra.Command, usage string) {
	f.prefix = f.name + "-"
	cmd.Flags().BoolVar(&f.enabled, f.name, false, usage+"; --"+f.name+"=false ends that")
	f.targetFlags.add(cmd, "whom --"+f.name+" is for", "whom it is not for, even if included")
}

func (f *requirementFlags) args(cmd *cobra.Command) requirementArgs {
	return requirementArgs{given(cmd, f.name, f.enabled), f.targetFlags.args(cmd)}
}

func (c *cli) policyRegistrationSetCommand() *cobra.Command {
	reset, protection, campaign := requirementFlags{name: "self-service-reset"}, requirementFlags{name: "identity-protection"}, requirementFlags{name: "campaign"}
	var days int
	cmd := &cobra.Command{
		Use: "set", Short: "Change who is asked to register a sign-in method",
		Long: "Change who is asked, after signing in to an app, to register a sign-in method. Only those are asked who can register a\n" +
			"passkey and have none. The first two ask until it is done; a campaign takes \"not now\" for an answer.",
		Example: "  latchkey policy registration set --campaign --snooze-days 3\n" +
			"  latchkey policy registration set --self-service-reset --self-service-reset-include 'group:New starters'\n" +
			"  latchkey policy registration set --campaign=false --identity-protection --identity-protection-exclude user:anna@contoso.example",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			return act(c, cmd, policyRegistrationSet, registrationPolicyArgs{
				Tenant: c.tenant, SelfServiceReset: reset.args(cmd), IdentityProtection: protection.args(cmd),
				Campaign: campaign.args(cmd), SnoozeDays: given(cmd, "snooze-days", days),
			}, showRegistrationPolicy)
		},
	}
	reset.add(cmd, "people register before they go on, to be able to help themselves")
	protection.add(cmd, "people register before they go on, as their sign-ins need to be strong")
	campaign.add(cmd, "people are asked to register, and may say not now")
	cmd.Flags().IntVar(&days, "snooze-days", 0, "for how many days the campaign then leaves them alone: 0 to 14")
	return c.inTenant(cmd)
}

func showRegistrationPolicy(p *printer, v registrationPolicyView) {
	row := func(what string, r requirementView, later string) []string {
		return []string{what, stateOf(!r.Enabled), targetNames(r.Include), targetNames(r.Exclude), later}
	}
	p.table("", []string{"ASKED FOR", "STATE", "FOR", "BUT NOT FOR", "\"NOT NOW\""}, [][]string{
		row("self-service reset", v.SelfServiceReset, "will not do"),
		row("identity protection", v.IdentityProtection, "will not do"),
		row("campaign", v.Campaign.requirementView, snoozed(v.Campaign.SnoozeDays)),
	})
}

// snoozed is for how long a campaign takes "not now" for an answer.
func snoozed(days int) string {
	switch days {
	case 0:
		return "until the next sign-in"
	case 1:
		return "for 1 day"
	}
	return fmt.Sprintf("for %d days", days)
}
