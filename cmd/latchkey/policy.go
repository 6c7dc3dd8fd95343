package main

import (
	"context"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// policyView is the policy of Temporary Access Passes as it is shown.
type policyView struct {
	Enabled bool `json:"enabled"`
	targetsView
	MinimumLifetimeMinutes int  `json:"minimum_lifetime_minutes"`
	MaximumLifetimeMinutes int  `json:"maximum_lifetime_minutes"`
	DefaultLifetimeMinutes int  `json:"default_lifetime_minutes"`
	OneTime                bool `json:"one_time"`
	Length                 int  `json:"length"`
	ApprovalForPrivileged  bool `json:"approval_for_privileged"`
}

type policySetArgs struct {
	Tenant  string `json:"tenant"`
	Enabled *bool  `json:"enabled"`
	targetArgs
	MinimumLifetime *int  `json:"minimum_lifetime_minutes"`
	MaximumLifetime *int  `json:"maximum_lifetime_minutes"`
	DefaultLifetime *int  `json:"default_lifetime_minutes"`
	OneTime         *bool `json:"one_time"`
	Length          *int  `json:"length"`
	Approval        *bool `json:"approval_for_privileged"`
}

func (a policySetArgs) scope() (tenant, user string) { return a.Tenant, "" }

var policyShow = policyReading("policy.show",
	func(all *idp.MethodsPolicy) idp.PassPolicy { return all.TemporaryAccessPass }, desk.policyView)

var policySet = operation[policySetArgs, policyView]{"policy.set",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a policySetArgs) (policyView, error) {
		change := admin.PassPolicyChange{
			Enabled: a.Enabled, MinimumLifetime: a.MinimumLifetime, MaximumLifetime: a.MaximumLifetime,
			DefaultLifetime: a.DefaultLifetime, Once: a.OneTime, Length: a.Length, Approval: a.Approval,
		}
		var err error
		if change.Include, change.Exclude, err = a.found(ctx, d, t); err != nil {
			return policyView{}, err
		}
		p, err := d.Admin.UpdatePassPolicy(ctx, d.actor, t.TenantID, change)
		if err != nil {
			return policyView{}, err
		}
		return d.policyView(ctx, t, p)
	})}

func (d desk) policyView(ctx context.Context, t *idp.Tenant, p idp.PassPolicy) (v policyView, err error) {
	v = policyView{
		Enabled: p.Enabled, OneTime: p.Once, Length: p.Length, MinimumLifetimeMinutes: p.MinimumLifetime,
		MaximumLifetimeMinutes: p.MaximumLifetime, DefaultLifetimeMinutes: p.DefaultLifetime, ApprovalForPrivileged: p.Approval,
	}
	v.targetsView, err = d.targetsView(ctx, t, p.Targets)
	return v, err
}

func (c *cli) policyCommand() *cobra.Command {
	return c.group("policy", "Show or change a tenant's policies: of passes, passkeys, devices, passwords, codes by mail, guests, and who has to register",
		showing(c, "policy", "Show the policy of Temporary Access Passes", policyShow, showPolicy),
		c.policySetCommand(), c.policyPasskeyCommand(), c.policyAuthenticatorCommand(), c.policyPasswordCommand(), c.policyEmailCommand(), c.policyGuestsCommand(),
		c.policyRegistrationCommand())
}

func (c *cli) policySetCommand() *cobra.Command {
	var enabled, oneTime, approval bool
	var targets targetFlags
	var least, most, usual minutes
	var length int
	cmd := &cobra.Command{
		Use: "set", Short: "Change the policy of Temporary Access Passes; it holds at once, for passes that exist too",
		Example: "  latchkey policy set --enabled --include all --max-lifetime 8h\n" +
			"  latchkey policy set --include 'group:New starters' --exclude none\n" +
			"  latchkey policy set --approval-for-privileged",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			return act(c, cmd, policySet, policySetArgs{
				Tenant: c.tenant, Enabled: given(cmd, "enabled", enabled), targetArgs: targets.args(cmd), OneTime: given(cmd, "one-time", oneTime),
				MinimumLifetime: given(cmd, "min-lifetime", int(least)), MaximumLifetime: given(cmd, "max-lifetime", int(most)),
				DefaultLifetime: given(cmd, "default-lifetime", int(usual)), Length: given(cmd, "length", length),
				Approval: given(cmd, "approval-for-privileged", approval),
			}, showPolicy)
		},
	}
	cmd.Flags().BoolVar(&enabled, "enabled", false, "passes can be created and used; --enabled=false turns them off")
	targets.add(cmd, "who may sign in with a pass", "who may not, even if included")
	cmd.Flags().Var(&least, "min-lifetime", "the shortest lifetime: minutes, or with a unit such as 1h")
	cmd.Flags().Var(&most, "max-lifetime", "the longest lifetime")
	cmd.Flags().Var(&usual, "default-lifetime", "the lifetime of a pass for which none is asked")
	cmd.Flags().BoolVar(&oneTime, "one-time", false, "every pass can be used once only")
	cmd.Flags().IntVar(&length, "length", 0, "the number of characters of a pass: 8 to 48")
	cmd.Flags().BoolVar(&approval, "approval-for-privileged", false, "a pass for a privileged user needs a second administrator; --approval-for-privileged=false ends that")
	return c.inTenant(cmd)
}

func showPolicy(p *printer, v policyView) {
	use := "several times, or once where that is asked for"
	if v.OneTime {
		use = "once"
	}
	p.fields("Passes", stateOf(!v.Enabled), "For", targetNames(v.Include), "But not for", targetNames(v.Exclude),
		"Lifetime", minutesSpan(v.MinimumLifetimeMinutes)+" to "+minutesSpan(v.MaximumLifetimeMinutes),
		"Default lifetime", minutesSpan(v.DefaultLifetimeMinutes), "Can be used", use, "Length", characters(v.Length),
		"For the privileged", approvalOf(v))
}

func approvalOf(v policyView) string {
	if v.ApprovalForPrivileged {
		return "after a second administrator has approved"
	}
	return "at once, as for everybody"
}
