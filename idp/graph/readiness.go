package graph

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// recoveryReadiness tells of each user what becomes of them when they lose what they sign
// in with. Microsoft has no such thing.
var recoveryReadiness = &entity[admin.ReadinessReport, none]{
	name: "userRecoveryReadiness",
	id:   func(r admin.ReadinessReport) string { return r.User.UserID },
	properties: append(reportedUser(func(r admin.ReadinessReport) *idp.User { return r.User }), []property[admin.ReadinessReport, none]{
		{name: "level", kind: enumOf(admin.ReadinessLevels...), get: func(_ *call, r admin.ReadinessReport) any { return r.Level }},
		{name: "credentialCount", kind: edmInt32, get: func(_ *call, r admin.ReadinessReport) any { return r.Credentials }},
		{name: "ways", kind: listOf(edmString), get: func(_ *call, r admin.ReadinessReport) any { return r.Ways }},
		{name: "missing", kind: edmString, get: func(_ *call, r admin.ReadinessReport) any { return nonEmpty(r.Missing) }},
	}...),
}

func readinessRoutes() []route {
	const all = reportsPath + "/recoveryReadiness"
	return []route{
		{
			method: http.MethodGet, path: all, handle: listReadiness, counts: true, betaOnly: true, options: collectionOptions,
			summary: "List what becomes of each user when they lose what they sign in with", action: idp.ReadReports, out: recoveryReadiness, many: true,
		},
		{
			method: http.MethodGet, path: all + "/{user}", handle: recoveryReadiness.reads((*call).readiness), betaOnly: true, options: itemOptions,
			summary: "Read what becomes of a user when they lose what they sign in with", action: idp.ReadReports, out: recoveryReadiness,
		},
	}
}

func listReadiness(c *call) (reply, error) {
	return recoveryReadiness.list(c, func(after string, limit int) ([]admin.ReadinessReport, string, error) {
		return c.Admin.Readiness(c.ctx(), c.Actor, c.Tenant.TenantID, pageAt(after, limit))
	})
}

func (c *call) readiness() (admin.ReadinessReport, error) {
	return c.Admin.ReadinessOf(c.ctx(), c.Actor, c.Tenant.TenantID, c.key("user"))
}
