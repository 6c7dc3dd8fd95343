package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// tenantFor picks the tenant an operation acts in: the one that is named, else
// the one that owns the domain of a user name, else the only one there is.
func (d desk) tenantFor(ctx context.Context, named, user string) (*idp.Tenant, error) {
	if named != "" {
		return d.Admin.Tenant(ctx, named)
	}
	if _, domain, ok := strings.Cut(user, "@"); ok {
		t, err := d.Admin.Tenant(ctx, domain)
		if err == nil || idp.ErrorCode(err) != idp.NotFound {
			return t, err
		}
	}
	some, next, err := d.Admin.Tenants(ctx, d.actor, storage.Page{Limit: 5})
	switch {
	case err != nil:
		return nil, err
	case len(some) == 0:
		return nil, idp.Errorf(idp.NotFound, "There is no tenant yet. Create one: latchkey tenant create NAME --domain DOMAIN")
	case len(some) == 1:
		return some[0], nil
	}
	return nil, idp.Errorf(idp.Invalid, "There are several tenants (%s). Name one with --tenant.", initialDomains(some, next != ""))
}

// scoped are arguments that pick a tenant, by its name or by that of a user.
type scoped interface{ scope() (tenant, user string) }

// within finds the tenant for an operation.
func within[A scoped, R any](do func(context.Context, desk, *idp.Tenant, A) (R, error)) func(context.Context, desk, A) (R, error) {
	return func(ctx context.Context, d desk, a A) (none R, err error) {
		named, user := a.scope()
		t, err := d.tenantFor(ctx, named, user)
		if err != nil {
			return none, err
		}
		return do(ctx, d, t, a)
	}
}

func initialDomains(ts []*idp.Tenant, more bool) string {
	var names []string
	for _, t := range ts {
		names = append(names, t.Domains[0])
	}
	slices.Sort(names)
	if more {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// issuer is what a relying party configures for the tenant: by its GUID, so that
// an app's configuration outlives a domain.
func issuer(base string, t *idp.Tenant) string { return address(base, "/"+t.TenantID+"/v2.0") }

// address is "" as long as init knows no base URL.
func address(base, path string) string {
	if base == "" {
		return ""
	}
	return base + path
}

// userArgs names a user; without a tenant the user's domain picks it.
type userArgs struct {
	Tenant string `json:"tenant"`
	User   string `json:"user"`
}

// namedArgs names something else in a tenant.
type namedArgs struct {
	Tenant string `json:"tenant"`
	Name   string `json:"name"`
}

func (a userArgs) scope() (tenant, user string) { return a.Tenant, a.User }

func (a namedArgs) scope() (tenant, user string) { return a.Tenant, "" }

// deleted is the answer to every deletion.
type deleted struct {
	Deleted string `json:"deleted"` // name or id
}

// gone says what was deleted.
func gone(kind string) func(*printer, deleted) {
	return func(p *printer, d deleted) { p.line("Deleted the %s %s.", kind, d.Deleted) }
}

// moment is a time in an answer; nil is null, for one that never comes or came.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// array is never null in JSON.
func array(s []string) []string { return append([]string{}, s...) }

// each turns records into what is shown of them.
func each[T, V any](items []T, view func(T) V) []V {
	views := make([]V, len(items))
	for i, item := range items {
		views[i] = view(item)
	}
	return views
}
