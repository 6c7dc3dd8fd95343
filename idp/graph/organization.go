package graph

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/admin"
)

type organizationProperty = property[*idp.Tenant, *admin.TenantChange]

var organizations = &entity[*idp.Tenant, *admin.TenantChange]{
	name: "organization",
	id:   func(t *idp.Tenant) string { return t.TenantID },
	properties: []organizationProperty{
		{name: "id", kind: edmString, get: func(_ *call, t *idp.Tenant) any { return t.TenantID }},
		{
			name: "displayName", kind: edmString, flags: required, get: func(_ *call, t *idp.Tenant) any { return t.Name },
			set: func(in *admin.TenantChange, v value) error { in.Name = new(v.text()); return nil },
		},
		{name: "createdDateTime", kind: edmDateTime, get: func(_ *call, t *idp.Tenant) any { return t.CreatedAt }},
		{name: "verifiedDomains", kind: listOf(verifiedDomain), get: verifiedDomains},
		organizationFixed("tenantType", edmString, "AAD"),
		organizationFixed("assignedPlans", listOf(edmAny), []any{}),
		organizationFixed("businessPhones", listOf(edmString), []string{}),
		organizationFixed("city", edmString, nil),
		organizationFixed("country", edmString, nil),
		organizationFixed("countryLetterCode", edmString, nil),
		organizationFixed("deletedDateTime", edmDateTime, nil),
		organizationFixed("marketingNotificationEmails", listOf(edmString), []string{}),
		organizationFixed("onPremisesLastSyncDateTime", edmDateTime, nil),
		organizationFixed("onPremisesSyncEnabled", edmBoolean, nil),
		organizationFixed("postalCode", edmString, nil),
		organizationFixed("preferredLanguage", edmString, nil),
		organizationFixed("privacyProfile", edmAny, nil),
		organizationFixed("provisionedPlans", listOf(edmAny), []any{}),
		organizationFixed("securityComplianceNotificationMails", listOf(edmString), []string{}),
		organizationFixed("securityComplianceNotificationPhones", listOf(edmString), []string{}),
		organizationFixed("state", edmString, nil),
		organizationFixed("street", edmString, nil),
		organizationFixed("technicalNotificationMails", listOf(edmString), []string{}),
	},
}

var organizationFixed = fixed[*idp.Tenant, *admin.TenantChange]

var verifiedDomain = complexOf(
	field{name: "capabilities", kind: edmString},
	field{name: "isDefault", kind: edmBoolean},
	field{name: "isInitial", kind: edmBoolean},
	field{name: "name", kind: edmString},
	field{name: "type", kind: edmString},
)

func verifiedDomains(_ *call, t *idp.Tenant) any {
	out := make([]object, len(t.Domains))
	for i, d := range t.Domains {
		out[i] = object{"capabilities": "None", "isDefault": d == t.DefaultDomain(), "isInitial": i == 0, "name": d, "type": "Managed"}
	}
	return out
}

func organizationRoutes() []route {
	const all, one = "/organization", "/organization/{organization}"
	return []route{
		{
			method: http.MethodGet, path: all, handle: listOrganization, counts: true, options: collectionOptions,
			summary: "List the organization, of which there is one", action: idp.ReadOrganization, out: organizations, many: true,
		},
		{
			method: http.MethodGet, path: one, handle: organizations.reads((*call).organization), options: itemOptions,
			summary: "Read the organization", action: idp.ReadOrganization, out: organizations,
		},
		{method: http.MethodPatch, path: one, handle: updateOrganization, summary: "Rename the organization", action: idp.WriteOrganization, in: organizations},
	}
}

func listOrganization(c *call) (reply, error) {
	t, err := c.Admin.Organization(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return reply{}, err
	}
	return organizations.list(c, organizations.slice([]*idp.Tenant{t}))
}

// organization is the one that the path names, which is the caller's or none.
func (c *call) organization() (*idp.Tenant, error) {
	t, err := c.Admin.Organization(c.ctx(), c.Actor, c.Tenant.TenantID)
	if err != nil {
		return nil, err
	}
	return organizations.pick([]*idp.Tenant{t}, c.key("organization"))
}

func updateOrganization(c *call) (reply, error) {
	in := &admin.TenantChange{}
	if _, err := organizations.pick([]*idp.Tenant{c.Tenant}, c.key("organization")); err != nil {
		return reply{}, err
	}
	if err := organizations.readChange(c, in); err != nil {
		return reply{}, err
	}
	_, err := c.Admin.UpdateTenant(c.ctx(), c.Actor, c.Tenant.TenantID, *in)
	return noContent(), err
}
