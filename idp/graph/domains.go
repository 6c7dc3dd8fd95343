package graph

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// domainInput is what a request gives of one.
type domainInput struct {
	name      string
	isDefault *bool
}

var domains = &entity[admin.DomainInfo, *domainInput]{
	name: "domain",
	id:   func(d admin.DomainInfo) string { return d.Name },
	properties: []property[admin.DomainInfo, *domainInput]{
		{name: "id", kind: edmString, flags: required | onCreate, get: func(_ *call, d admin.DomainInfo) any { return d.Name }, set: func(in *domainInput, v value) error { in.name = v.text(); return nil }},
		{name: "authenticationType", kind: edmString, get: authenticationType},
		domainFixed("availabilityStatus", edmString, nil),
		domainFixed("isAdminManaged", edmBoolean, true),
		{name: "isDefault", kind: edmBoolean, get: func(_ *call, d admin.DomainInfo) any { return d.Default }, set: func(in *domainInput, v value) error { in.isDefault = new(v.boolean()); return nil }},
		{name: "isInitial", kind: edmBoolean, get: func(_ *call, d admin.DomainInfo) any { return d.Initial }},
		{name: "isRoot", kind: edmBoolean, get: isRoot},
		{name: "isVerified", kind: edmBoolean, get: func(_ *call, d admin.DomainInfo) any { return d.Verified }},
		domainFixed("manufacturer", edmString, nil),
		domainFixed("model", edmString, nil),
		domainFixed("passwordNotificationWindowInDays", edmInt32, nil),
		domainFixed("passwordValidityPeriodInDays", edmInt32, nil),
		domainFixed("state", edmAny, nil),
		domainFixed("supportedServices", listOf(edmString), []string{}),
	},
}

var domainFixed = fixed[admin.DomainInfo, *domainInput]

// authenticationType is where the domain's people sign in.
func authenticationType(_ *call, d admin.DomainInfo) any {
	if d.Federated() {
		return "Federated"
	}
	return "Managed"
}

// isRoot tells whether the domain is verified and below none that is.
func isRoot(c *call, d admin.DomainInfo) any {
	return d.Verified && !slices.ContainsFunc(c.Tenant.Domains, func(other string) bool { return strings.HasSuffix(d.Name, "."+other) })
}

// dnsRecords are what stands in DNS to prove a domain.
var dnsRecords = &entity[admin.DomainInfo, none]{
	name:  "domainDnsTxtRecord",
	typed: true,
	id:    func(d admin.DomainInfo) string { return idp.DerivedID("dns", d.Name) },
	properties: []property[admin.DomainInfo, none]{
		{name: "id", kind: edmString, get: func(_ *call, d admin.DomainInfo) any { return idp.DerivedID("dns", d.Name) }},
		fixed[admin.DomainInfo, none]("isOptional", edmBoolean, false),
		{name: "label", kind: edmString, get: func(_ *call, d admin.DomainInfo) any { return d.Name }},
		fixed[admin.DomainInfo, none]("recordType", edmString, "Txt"),
		fixed[admin.DomainInfo, none]("supportedService", edmString, "OrgIdAuthentication"),
		fixed[admin.DomainInfo, none]("ttl", edmInt32, 3600),
		{name: "text", kind: edmString, get: func(_ *call, d admin.DomainInfo) any { return d.Record }},
	},
}

func domainRoutes() []route {
	const all, one = "/domains", "/domains/{domain}"
	return []route{
		{
			method: http.MethodGet, path: all, handle: listDomains, counts: true, options: collectionOptions,
			summary: "List the domains", action: idp.ReadDomains, out: domains, many: true,
		},
		{
			method: http.MethodPost, path: all, handle: claimDomain, summary: "Say that the organization wants a domain", action: idp.WriteDomains,
			in: domains, out: domains, status: http.StatusCreated,
		},
		{method: http.MethodGet, path: one, handle: domains.reads((*call).domain), options: itemOptions, summary: "Read a domain", action: idp.ReadDomains, out: domains},
		{method: http.MethodPatch, path: one, handle: changeDomain, summary: "Make a domain the default one", action: idp.WriteDomains, in: domains},
		{method: http.MethodDelete, path: one, handle: deleteDomain, summary: "Remove a domain that no user name ends in", action: idp.WriteDomains},
		{
			method: http.MethodGet, path: one + "/verificationDnsRecords", handle: listDNSRecords,
			summary: "List the DNS records that prove a domain", action: idp.ReadDomains, out: dnsRecords, many: true,
		},
		{method: http.MethodPost, path: one + "/verify", handle: verifyDomain, emptyBody: true, context: "domains", summary: "Look for the DNS record that proves a domain", action: idp.WriteDomains, out: domains},
		{method: http.MethodPost, path: one + "/promote", handle: promoteDomain, emptyBody: true, summary: "Make a domain the default one", action: idp.WriteDomains},
	}
}

func listDomains(c *call) (reply, error) {
	all, err := c.Admin.Domains(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return reply{}, err
	}
	return domains.list(c, domains.unordered(all))
}

// domain is the one that the path names, in any spelling.
func (c *call) domain() (admin.DomainInfo, error) {
	all, err := c.Admin.Domains(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return admin.DomainInfo{}, err
	}
	name := c.param("domain")
	if normal, err := idp.NormalDomain(name); err == nil {
		name = normal
	}
	return domains.pick(all, name)
}

func claimDomain(c *call) (reply, error) {
	var in domainInput
	if err := domains.readNew(c, &in); err != nil {
		return reply{}, err
	}
	if in.isDefault != nil && *in.isDefault {
		return reply{}, idp.Errorf(idp.Invalid, "Property 'isDefault' can only be true once the domain is verified.")
	}
	info, err := c.Admin.ClaimDomain(c.ctx(), c.Actor, c.Tenant.TenantID, in.name)
	if err != nil {
		return reply{}, err
	}
	return domains.created(c, info), nil
}

func changeDomain(c *call) (reply, error) {
	var in domainInput
	if err := domains.readChange(c, &in); err != nil {
		return reply{}, err
	}
	if in.isDefault != nil && !*in.isDefault {
		return reply{}, idp.Errorf(idp.Invalid, "Property 'isDefault' can only be true: make another domain the default one.")
	}
	if in.isDefault == nil {
		_, err := c.domain()
		return noContent(), err
	}
	_, err := c.Admin.SetDefaultDomain(c.ctx(), c.Actor, c.Tenant.TenantID, c.param("domain"))
	return noContent(), err
}

func deleteDomain(c *call) (reply, error) {
	_, err := c.Admin.RemoveDomain(c.ctx(), c.Actor, c.Tenant.TenantID, c.param("domain"))
	return noContent(), err
}

func listDNSRecords(c *call) (reply, error) {
	d, err := c.domain()
	if err != nil {
		return reply{}, err
	}
	records := []admin.DomainInfo{}
	if !d.Verified {
		records = append(records, d)
	}
	return dnsRecords.list(c, dnsRecords.unordered(records))
}

func verifyDomain(c *call) (reply, error) {
	if _, err := c.Admin.VerifyDomain(c.ctx(), c.Actor, c.Tenant.TenantID, c.param("domain")); err != nil {
		return reply{}, err
	}
	d, err := c.domain()
	if err != nil {
		return reply{}, err
	}
	return domains.one(c, d), nil
}

func promoteDomain(c *call) (reply, error) {
	_, err := c.Admin.SetDefaultDomain(c.ctx(), c.Actor, c.Tenant.TenantID, c.param("domain"))
	return c.done("Edm.Boolean", true), err
}
