package graph

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
)

// domain is one of all that the organization has.
type domain struct {
	name string
	all  []string
}

var domains = &entity[domain, none]{
	name: "domain",
	id:   func(d domain) string { return d.name },
	properties: []property[domain, none]{
		{name: "id", kind: edmString, get: func(_ *call, d domain) any { return d.name }},
		domainFixed("authenticationType", edmString, "Managed"),
		domainFixed("availabilityStatus", edmString, nil),
		domainFixed("isAdminManaged", edmBoolean, true),
		{name: "isDefault", kind: edmBoolean, get: isInitial},
		{name: "isInitial", kind: edmBoolean, get: isInitial},
		{name: "isRoot", kind: edmBoolean, get: isRoot},
		domainFixed("isVerified", edmBoolean, true),
		domainFixed("manufacturer", edmString, nil),
		domainFixed("model", edmString, nil),
		domainFixed("passwordNotificationWindowInDays", edmInt32, nil),
		domainFixed("passwordValidityPeriodInDays", edmInt32, nil),
		domainFixed("state", edmAny, nil),
		domainFixed("supportedServices", listOf(edmString), []string{}),
	},
}

var domainFixed = fixed[domain, none]

func isInitial(_ *call, d domain) any { return d.name == d.all[0] }

// isRoot tells whether the organization has no domain that this one is below.
func isRoot(_ *call, d domain) any {
	return !slices.ContainsFunc(d.all, func(other string) bool { return strings.HasSuffix(d.name, "."+other) })
}

func domainRoutes() []route {
	const all, one = "/domains", "/domains/{domain}"
	return []route{
		{
			method: http.MethodGet, path: all, handle: listDomains, counts: true, options: collectionOptions,
			summary: "List the domains", action: idp.ReadDomains, out: domains, many: true,
		},
		{method: http.MethodGet, path: one, handle: domains.reads((*call).domain), options: itemOptions, summary: "Read a domain", action: idp.ReadDomains, out: domains},
		{method: http.MethodDelete, path: one, handle: deleteDomain, summary: "Remove a domain that no user name ends in", action: idp.WriteDomains},
	}
}

// domains are those of the organization.
func (c *call) domains() ([]domain, error) {
	names, err := c.Admin.Domains(c.ctx(), c.Actor, c.Tenant.TenantID)
	all := make([]domain, len(names))
	for i, name := range names {
		all[i] = domain{name, names}
	}
	return all, err
}

func listDomains(c *call) (reply, error) {
	all, err := c.domains()
	if err != nil {
		return reply{}, err
	}
	return domains.list(c, domains.unordered(all))
}

// domain is the one that the path names.
func (c *call) domain() (domain, error) {
	all, err := c.domains()
	if err != nil {
		return domain{}, err
	}
	return domains.pick(all, strings.ToLower(c.param("domain")))
}

func deleteDomain(c *call) (reply, error) {
	_, err := c.Admin.RemoveDomain(c.ctx(), c.Actor, c.Tenant.TenantID, c.param("domain"))
	return noContent(), err
}
