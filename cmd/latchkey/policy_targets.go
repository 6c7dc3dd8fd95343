package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/idp"
)

// targetView is whom a policy names.
type targetView struct {
	Type string `json:"type"` // all, user or group
	ID   string `json:"id"`
	Name string `json:"name"`          // empty: deleted since
	Mode string `json:"mode,omitzero"` // of devices, empty: any
}

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

func (d desk) targetsView(ctx context.Context, t *idp.Tenant, x idp.Targets) (v targetsView, err error) {
	if v.Include, err = d.targetViews(ctx, t, x.Include); err != nil {
		return v, err
	}
	v.Exclude, err = d.targetViews(ctx, t, x.Exclude)
	return v, err
}

func (d desk) targetViews(ctx context.Context, t *idp.Tenant, targets []idp.Target) ([]targetView, error) {
	views := []targetView{}
	for _, x := range targets {
		v := targetView{Type: x.Type, ID: x.ID, Mode: x.Mode}
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
	if v.Mode != "" {
		mode := v.Mode
		v.Mode = ""
		return v.String() + " (" + mode + ")"
	}
	switch {
	case v.Type == "all":
		return "everybody"
	case v.Name == "":
		return v.Type + " " + v.ID + " (deleted)"
	}
	return v.Type + " " + v.Name
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

// showing is the command that shows a policy, within the one of that name.
func showing[V any](c *cli, group, short string, o operation[namedArgs, V], human func(*printer, V)) *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "show", Short: short,
		Example: "  latchkey " + group + " show",
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
