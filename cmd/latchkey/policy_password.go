package main

import (
	"context"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// passwordPolicyView is the policy of passwords as it is shown.
type passwordPolicyView struct {
	Enabled bool `json:"enabled"`
	targetsView
	MinimumLength int `json:"minimum_length"`
	// Not of the policy: whether new ones are looked up in a list of those known to others.
	BreachedList bool `json:"breached_list"`
}

type passwordPolicyArgs struct {
	Tenant  string `json:"tenant"`
	Enabled *bool  `json:"enabled"`
	targetArgs
	MinimumLength *int `json:"minimum_length"`
}

func (a passwordPolicyArgs) scope() (tenant, user string) { return a.Tenant, "" }

var policyPasswordShow = policyReading("policy.password.show",
	func(all *idp.MethodsPolicy) idp.PasswordPolicy { return all.Password }, desk.passwordPolicyView)

var policyPasswordSet = operation[passwordPolicyArgs, passwordPolicyView]{"policy.password.set",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a passwordPolicyArgs) (v passwordPolicyView, err error) {
		change := admin.PasswordPolicyChange{Enabled: a.Enabled, MinimumLength: a.MinimumLength}
		if change.Include, change.Exclude, err = a.found(ctx, d, t); err != nil {
			return v, err
		}
		p, err := d.Admin.UpdatePasswordPolicy(ctx, d.actor, t.TenantID, change)
		if err != nil {
			return v, err
		}
		return d.passwordPolicyView(ctx, t, p)
	})}

func (d desk) passwordPolicyView(ctx context.Context, t *idp.Tenant, p idp.PasswordPolicy) (v passwordPolicyView, err error) {
	v = passwordPolicyView{Enabled: p.Enabled, MinimumLength: p.MinimumLength, BreachedList: d.Config.BreachedPasswords != ""}
	v.targetsView, err = d.targetsView(ctx, t, p.Targets)
	return v, err
}

func (c *cli) policyPasswordCommand() *cobra.Command {
	return c.group("password", "Show or change the policy of passwords",
		showing(c, "policy password", "Show the policy of passwords", policyPasswordShow, showPasswordPolicy), c.policyPasswordSetCommand())
}

func (c *cli) policyPasswordSetCommand() *cobra.Command {
	var enabled bool
	var length int
	var targets targetFlags
	cmd := &cobra.Command{
		Use: "set", Short: "Change the policy of passwords; the length is asked of new ones only",
		Example: "  latchkey policy password set --enabled --include 'group:New starters' --minimum-length 14\n" +
			"  latchkey policy password set --enabled=false",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			return act(c, cmd, policyPasswordSet, passwordPolicyArgs{
				Tenant: c.tenant, Enabled: given(cmd, "enabled", enabled), targetArgs: targets.args(cmd),
				MinimumLength: given(cmd, "minimum-length", length),
			}, showPasswordPolicy)
		},
	}
	cmd.Flags().BoolVar(&enabled, "enabled", false, "people can choose a password and sign in with it; --enabled=false turns passwords off")
	targets.add(cmd, "who may have a password and sign in with it", "who may not, even if included")
	cmd.Flags().IntVar(&length, "minimum-length", 0, "the number of characters a new password needs: 8 to 64")
	return c.inTenant(cmd)
}

func showPasswordPolicy(p *printer, v passwordPolicyView) {
	looked := "not looked up (setting breached_passwords)"
	if v.BreachedList {
		looked = "refused"
	}
	p.fields("Passwords", stateOf(!v.Enabled), "For", targetNames(v.Include), "But not for", targetNames(v.Exclude),
		"Minimum length", characters(v.MinimumLength), "Known to others", looked)
}
