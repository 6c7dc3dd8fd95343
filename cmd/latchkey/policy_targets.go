package main

import (
	"context"

	"github.com/spf13/cobra"

	"latchkey/idp"
)

// targetsView is whom a policy is for.
type targetsView struct {
	Include []targetView `json:"include"`
	Exclude []targetView `json:"exclude"`
}

// targetArgs are the targets to set; nil leaves a list as it is. An entry is all,
// user:NAME or group:NAME.
type targetArgs struct {
	Include *[]string `json:"include"`
	Exclude *[]string `json:"exclude"`
}

// found are the targets that the arguments name.
func (a targetArgs) found(ctx context.Context, d desk, t *idp.Tenant) (include, exclude *[]idp.Target, err error) {
	if include, err = d.targets(ctx, t, a.Include); err != nil {
		return nil, nil, err
	}
	exclude, err = d.targets(ctx, t, a.Exclude)
	return include, exclude, err
}

func (d desk) targetsView(ctx context.Context, t *idp.Tenant, x idp.Targets) (v targetsView, err error) {
	if v.Include, err = d.targetViews(ctx, t, x.Include); err != nil {
		return v, err
	}
	v.Exclude, err = d.targetViews(ctx, t, x.Exclude)
	return v, err
}

// targetFlags are the flags of targetArgs. A prefix such as "campaign-" tells several of
// one command apart.
type targetFlags struct {
	prefix           string
	include, exclude []string
}

func (f *targetFlags) add(cmd *cobra.Command, who, whoNot string) {
	cmd.Flags().StringArrayVar(&f.include, f.prefix+"include", nil, who+": all, user:NAME, group:NAME or none; may be repeated")
	cmd.Flags().StringArrayVar(&f.exclude, f.prefix+"exclude", nil, whoNot+": user:NAME, group:NAME or none; may be repeated")
}

func (f *targetFlags) args(cmd *cobra.Command) targetArgs {
	return targetArgs{
		given(cmd, f.prefix+"include", entries(f.include)), given(cmd, f.prefix+"exclude", entries(f.exclude)),
	}
}

// targetNames are the targets in words.
func targetNames(ts []targetView) string {
	if len(ts) == 0 {
		return "nobody"
	}
	return joined(each(ts, targetView.String))
}

// showing is the command that shows a policy.
func showing[V any](c *cli, name, short string, o operation[namedArgs, V], human func(*printer, V)) *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "show", Short: short,
		Example: "  latchkey policy " + name + " show",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return act(c, cmd, o, namedArgs{Tenant: c.tenant}, human)
		},
	})
}

// policyReading is the operation that shows a policy.
func policyReading[P, V any](name string, of func(*idp.MethodsPolicy) P, view func(desk, context.Context, *idp.Tenant, P) (V, error)) operation[namedArgs, V] {
	return operation[namedArgs, V]{name, within(func(ctx context.Context, d desk, t *idp.Tenant, _ namedArgs) (none V, err error) {
		all, err := d.Admin.MethodsPolicy(ctx, d.actor, t.TenantID)
		if err != nil {
			return none, err
		}
		return view(d, ctx, t, of(all))
	})}
}
