package graph

import (
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// passMethod is a Temporary Access Pass as Graph shows it, or a request for one that
// waits for a second administrator, in the same shape.
type passMethod struct {
	id       string
	secret   string // in the reply that creates it, else ""
	created  time.Time
	lastUsed time.Time
	starts   time.Time
	minutes  *int
	once     *bool
	reason   string
}

// pending is the methodUsabilityReason of what is no pass yet.
const pending = "PendingApproval"

var passMethods = &entity[passMethod, *idp.PassRequest]{
	name: "temporaryAccessPassAuthenticationMethod",
	id:   func(p passMethod) string { return p.id },
	properties: []property[passMethod, *idp.PassRequest]{
		{name: "id", kind: edmString, get: func(_ *call, p passMethod) any { return p.id }},
		{name: "temporaryAccessPass", kind: edmString, flags: noFilter, get: func(_ *call, p passMethod) any { return nonEmpty(p.secret) }},
		{name: "createdDateTime", kind: edmDateTime, get: func(_ *call, p passMethod) any { return p.created }},
		{name: "lastUsedDateTime", kind: edmDateTime, flags: betaOnly, get: func(_ *call, p passMethod) any { return p.lastUsed }},
		{name: "startDateTime", kind: edmDateTime, get: func(_ *call, p passMethod) any { return p.starts }, set: setStart},
		{name: "lifetimeInMinutes", kind: edmInt32, get: func(_ *call, p passMethod) any { return p.minutes }, set: setLifetime},
		{name: "isUsableOnce", kind: edmBoolean, get: func(_ *call, p passMethod) any { return p.once }, set: setOnce},
		{name: "isUsable", kind: edmBoolean, get: func(_ *call, p passMethod) any { return p.reason == string(idp.EnabledByPolicy) }},
		{name: "methodUsabilityReason", kind: edmString, get: func(_ *call, p passMethod) any { return p.reason }},
	},
}

func setStart(in *idp.PassRequest, v value) error {
	in.StartsAt = v.time()
	return nil
}

func setLifetime(in *idp.PassRequest, v value) error {
	in.Lifetime = v.number()
	if !v.null() && in.Lifetime == 0 { // which would stand for the policy's default
		in.Lifetime = -1
	}
	return nil
}

func setOnce(in *idp.PassRequest, v value) error {
	if !v.null() {
		in.Once = new(v.boolean())
	}
	return nil
}

func passMethodOf(info admin.PassInfo, secret string) passMethod {
	if a := info.Approval; a != nil {
		return passMethod{id: a.ApprovalID, created: a.RequestedAt, starts: a.StartsAt, minutes: nonZero(a.Lifetime), once: a.Once, reason: pending}
	}
	p := info.Pass
	return passMethod{
		id: p.PassID, secret: secret, created: p.CreatedAt, lastUsed: p.LastUsedAt, starts: p.StartsAt,
		minutes: new(int(p.Lifetime / time.Minute)), once: &p.Once, reason: string(info.Reason),
	}
}

// nonEmpty is null for what is not there.
func nonEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// nonZero is null for a number that is not said.
func nonZero(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
