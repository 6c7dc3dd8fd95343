package graph

import (
	"context"
	"net/http"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// requestsPath has the passes that wait for a second administrator. Microsoft has no such
// thing.
const requestsPath = "/temporaryAccessPassRequests"

var partyKind = complexOf(field{name: "type", kind: edmString}, field{name: "id", kind: edmString}, field{name: "displayName", kind: edmString})

var passRequests = &entity[admin.ApprovalInfo, none]{
	name: "temporaryAccessPassRequest",
	id:   func(i admin.ApprovalInfo) string { return i.Approval.ApprovalID },
	properties: []property[admin.ApprovalInfo, none]{
		{name: "id", kind: edmString, get: func(_ *call, i admin.ApprovalInfo) any { return i.Approval.ApprovalID }},
		{name: "userId", kind: edmString, get: func(_ *call, i admin.ApprovalInfo) any { return i.User.UserID }},
		{name: "userPrincipalName", kind: edmString, get: func(_ *call, i admin.ApprovalInfo) any { return i.User.PrincipalName }},
		{name: "userDisplayName", kind: edmString, get: func(_ *call, i admin.ApprovalInfo) any { return i.User.DisplayName }},
		{name: "status", kind: enumOf("pendingApproval", "approved"), get: func(_ *call, i admin.ApprovalInfo) any { return approvalStatus(i.Approval) }},
		{name: "requestedBy", kind: partyKind, get: func(_ *call, i admin.ApprovalInfo) any { return partyObject(i.Approval.RequestedBy) }},
		{name: "requestedDateTime", kind: edmDateTime, get: func(_ *call, i admin.ApprovalInfo) any { return i.Approval.RequestedAt }},
		{name: "approvedBy", kind: partyKind, get: func(_ *call, i admin.ApprovalInfo) any { return partyObject(i.Approval.ApprovedBy) }},
		{name: "approvedDateTime", kind: edmDateTime, get: func(_ *call, i admin.ApprovalInfo) any { return i.Approval.ApprovedAt }},
		{name: "expirationDateTime", kind: edmDateTime, get: func(_ *call, i admin.ApprovalInfo) any { return i.Approval.Ends }},
		{name: "startDateTime", kind: edmDateTime, get: func(_ *call, i admin.ApprovalInfo) any { return i.Approval.StartsAt }},
		{name: "lifetimeInMinutes", kind: edmInt32, get: func(_ *call, i admin.ApprovalInfo) any { return nonZero(i.Approval.Lifetime) }},
		{name: "isUsableOnce", kind: edmBoolean, get: func(_ *call, i admin.ApprovalInfo) any { return i.Approval.Once }},
	},
}

func approvalStatus(a *idp.PassApproval) string {
	if a.Approved() {
		return "approved"
	}
	return "pendingApproval"
}

// partyObject is null for nobody.
func partyObject(p idp.Party) any {
	if p == (idp.Party{}) {
		return nil
	}
	return object{"type": p.Type, "id": nonEmpty(p.ID), "displayName": nonEmpty(p.Name)}
}

func approvalRoutes() []route {
	one := requestsPath + "/{request}"
	return []route{
		{
			method: http.MethodGet, path: requestsPath, handle: listRequests, counts: true, family: authMethods, options: collectionOptions,
			summary: "List the Temporary Access Passes that wait for a second administrator", action: idp.ReadPass, out: passRequests, many: true,
		},
		{
			method: http.MethodGet, path: one, handle: passRequests.reads(requestAfter((*admin.Service).Approval)), family: authMethods, options: itemOptions,
			summary: "Read a Temporary Access Pass that waits for a second administrator", action: idp.ReadPass, out: passRequests,
		},
		{
			method: http.MethodPost, path: one + "/approve", handle: passRequests.reads(requestAfter((*admin.Service).ApprovePass)), family: authMethods, emptyBody: true,
			context: requestsPath[1:], summary: "Let the administrator who asked for the pass create it", action: idp.ApprovePass, out: passRequests,
		},
		{
			method: http.MethodPost, path: one + "/deny", handle: denyRequest, family: authMethods, emptyBody: true,
			summary: "End a request for a Temporary Access Pass, or take it back", action: idp.ApprovePass,
		},
	}
}

func listRequests(c *call) (reply, error) {
	return passRequests.list(c, func(after string, limit int) ([]admin.ApprovalInfo, string, error) {
		return c.Admin.Approvals(c.ctx(), c.Actor, c.Tenant.TenantID, pageAt(after, limit))
	})
}

// onRequest is a use case about one request.
type onRequest = func(*admin.Service, context.Context, idp.Actor, string, string) (admin.ApprovalInfo, error)

// requestAfter is the request as it is after a use case.
func requestAfter(do onRequest) func(*call) (admin.ApprovalInfo, error) {
	return func(c *call) (admin.ApprovalInfo, error) {
		return do(c.Admin, c.ctx(), c.Actor, c.Tenant.TenantID, strings.ToLower(c.param("request")))
	}
}

func denyRequest(c *call) (reply, error) {
	_, err := requestAfter((*admin.Service).DenyPass)(c)
	return noContent(), err
}
