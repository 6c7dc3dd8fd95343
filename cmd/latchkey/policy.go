package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// policyView is the policy of Temporary Access Passes as it is shown.
type policyView struct {
	Enabled                bool         `json:"enabled"`
	Include                []targetView `json:"include"`
	Exclude                []targetView `json:"exclude"`
	MinimumLifetimeMinutes int          `json:"minimum_lifetime_minutes"`
	MaximumLifetimeMinutes int          `json:"maximum_lifetime_minutes"`
	DefaultLifetimeMinutes int          `json:"default_lifetime_minutes"`
	OneTime                bool         `json:"one_time"`
	Length                 int          `json:"length"`
	ApprovalForPrivileged  bool         `json:"approval_for_privileged"`
}

// targetView is whom a policy names.
type targetView struct {
	Type string `json:"type"` // all, user or group
	ID   string `json:"id"`
	Name string `json:"name"` // empty: deleted since
}

type policySetArgs struct {
	Tenant          string    `json:"tenant"`
	Enabled         *bool     `json:"enabled"`
	Include         *[]string `json:"include"` // all, user:NAME or group:NAME
	Exclude         *[]string `json:"exclude"`
	MinimumLifetime *int      `json:"minimum_lifetime_minutes"`
	MaximumLifetime *int      `json:"maximum_lifetime_minutes"`
	DefaultLifetime *int      `json:"default_lifetime_minutes"`
	OneTime         *bool     `json:"one_time"`
	Length          *int      `json:"length"`
	Approval        *bool     `json:"approval_for_privileged"`
}

func (a policySetArgs) scope() (tenant, user string) { return a.Tenant, "" }

var policyShow = operation[namedArgs, policyView]{"policy.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, _ namedArgs) (policyView, error) {
		p, err := d.Admin.PassPolicy(ctx, d.actor, t.TenantID)
		if err != nil {
			return policyView{}, err
		}
		return d.policyView(ctx, t, p)
	})}

var policySet = operation[policySetArgs, policyView]{"policy.set",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a policySetArgs) (policyView, error) {
		change := admin.PassPolicyChange{
			Enabled: a.Enabled, MinimumLifetime: a.MinimumLifetime, MaximumLifetime: a.MaximumLifetime,
			DefaultLifetime: a.DefaultLifetime, Once: a.OneTime, Length: a.Length, Approval: a.Approval,
		}
		var err error
		if change.Include, err = d.targets(ctx, t, a.Include); err != nil {
			return policyView{}, err
		}
		if change.Exclude, err = d.targets(ctx, t, a.Exclude); err != nil {
			return policyView{}, err
		}
		p, err := d.Admin.UpdatePassPolicy(ctx, d.actor, t.TenantID, change)
		if err != nil {
			return policyView{}, err
		}
		return d.policyView(ctx, t, p)
	})}

// targets finds whom the command line names.
func (d desk) targets(ctx context.Context, t *idp.Tenant, names *[]string) (*[]idp.Target, error) {
	if names == nil {
		return nil, nil
	}
	all := []idp.Target{}
	for _, n := range *names {
		kind, name, _ := strings.Cut(n, ":")
		switch kind {
		case "all":
			all = append(all, idp.Target{Type: "group", ID: idp.AllUsers})
		case "user":
			u, err := d.Admin.User(ctx, d.actor, t.TenantID, name)
			if err != nil {
				return nil, err
			}
			all = append(all, idp.Target{Type: "user", ID: u.UserID})
		case "group":
			g, err := d.Admin.Group(ctx, d.actor, t.TenantID, name)
			if err != nil {
				return nil, err
			}
			all = append(all, idp.Target{Type: "group", ID: g.GroupID})
		default:
			return nil, idp.Errorf(idp.Invalid, "The target %q is none of: all, none, user:NAME, group:NAME.", n)
		}
	}
	return &all, nil
}

func (d desk) policyView(ctx context.Context, t *idp.Tenant, p idp.PassPolicy) (v policyView, err error) {
	v = policyView{
		Enabled: p.Enabled, OneTime: p.Once, Length: p.Length, MinimumLifetimeMinutes: p.MinimumLifetime,
		MaximumLifetimeMinutes: p.MaximumLifetime, DefaultLifetimeMinutes: p.DefaultLifetime, ApprovalForPrivileged: p.Approval,
	}
	if v.Include, err = d.targetViews(ctx, t, p.Targets.Include); err != nil {
		return v, err
	}
	v.Exclude, err = d.targetViews(ctx, t, p.Targets.Exclude)
	return v, err
}

func (d desk) targetViews(ctx context.Context, t *idp.Tenant, targets []idp.Target) ([]targetView, error) {
	views := []targetView{}
	for _, x := range targets {
		v := targetView{Type: x.Type, ID: x.ID}
		var err error
		switch {
		case x.ID == idp.AllUsers:
			v.Type = "all"
		case x.Type == "user":
			var u *idp.User
			if u, err = d.Admin.User(ctx, d.actor, t.TenantID, x.ID); err == nil {
				v.Name = u.PrincipalName
			}
		default:
			var g *idp.Group
			if g, err = d.Admin.Group(ctx, d.actor, t.TenantID, x.ID); err == nil {
				v.Name = g.Name
			}
		}
		if err != nil && idp.ErrorCode(err) != idp.NotFound {
			return nil, err
		}
		views = append(views, v)
	}
	return views, nil
}

func (v targetView) String() string {
	switch {
	case v.Type == "all":
		return "everybody"
	case v.Name == "":
		return v.Type + " " + v.ID + " (deleted)"
	}
	return v.Type + " " + v.Name
}

func (c *cli) policyCommand() *cobra.Command {
	return c.group("policy", "Show or change a tenant's policies: of passes, passkeys, passwords, and who has to register",
		c.inTenant(&cobra.Command{
			Use: "show", Short: "Show the policy of Temporary Access Passes",
			Example: "  latchkey policy show",
			Args:    noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return act(c, cmd, policyShow, namedArgs{Tenant: c.tenant}, showPolicy)
			},
		}),
		c.policySetCommand(), c.policyPasskeyCommand(), c.policyPasswordCommand(), c.policyRegistrationCommand())
}

func (c *cli) policySetCommand() *cobra.Command {
	var enabled, oneTime, approval bool
	var include, exclude []string
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
				Tenant: c.tenant, Enabled: given(cmd, "enabled", enabled), OneTime: given(cmd, "one-time", oneTime),
				Include: given(cmd, "include", entries(include)), Exclude: given(cmd, "exclude", entries(exclude)),
				MinimumLifetime: given(cmd, "min-lifetime", int(least)), MaximumLifetime: given(cmd, "max-lifetime", int(most)),
				DefaultLifetime: given(cmd, "default-lifetime", int(usual)), Length: given(cmd, "length", length),
				Approval: given(cmd, "approval-for-privileged", approval),
			}, showPolicy)
		},
	}
	cmd.Flags().BoolVar(&enabled, "enabled", false, "passes can be created and used; --enabled=false turns them off")
	cmd.Flags().StringArrayVar(&include, "include", nil, "who may sign in with a pass: all, user:NAME, group:NAME or none; may be repeated")
	cmd.Flags().StringArrayVar(&exclude, "exclude", nil, "who may not, even if included: user:NAME, group:NAME or none; may be repeated")
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
