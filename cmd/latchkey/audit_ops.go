package main

import (
	"context"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// verifiedView is what was found about the logs.
type verifiedView struct {
	OK   bool          `json:"ok"`
	Logs []verifiedLog `json:"logs"`
}

// verifiedLog is what was found about one log.
type verifiedLog struct {
	TenantID   string      `json:"tenant_id"` // empty: the deployment's own
	TenantName string      `json:"tenant_name"`
	Events     int         `json:"events"`
	Unchained  int         `json:"unchained"` // of these, from before there were chains
	Heads      []string    `json:"heads"`     // ends of its chains, as --head takes them
	FaultCount int         `json:"fault_count"`
	Faults     []faultView `json:"faults"` // the first maxFaults
}

// maxFaults bounds the answer: whoever swaps the whole log makes every event one.
const maxFaults = 1000

// faultView is one place where a log is not as it was written.
type faultView struct {
	Chain   string `json:"chain"`
	Seq     uint64 `json:"seq"`      // 0: not known
	EventID string `json:"event_id"` // empty: of one that is missing
	Reason  string `json:"reason"`
}

// auditVerifyArgs names a log by the id of its tenant; empty is the deployment's own.
type auditVerifyArgs struct {
	Tenant string          `json:"tenant"`
	Heads  []idp.AuditHead `json:"heads"`
}

var auditVerify = operation[auditVerifyArgs, verifiedLog]{"audit.verify",
	func(ctx context.Context, d desk, a auditVerifyArgs) (verifiedLog, error) {
		if a.Tenant == "" {
			return verifiedAnswer(d.Admin.VerifySystemAudit(ctx, d.actor, a.Heads...))
		}
		return verifiedAnswer(d.Admin.VerifyAudit(ctx, d.actor, a.Tenant, a.Heads...))
	}}

func verifiedAnswer(r admin.AuditReport, err error) (verifiedLog, error) {
	if err != nil {
		return verifiedLog{}, err
	}
	v := verifiedLog{Events: r.Events, Unchained: r.Unchained, FaultCount: len(r.Faults)}
	of := deployment
	if r.Tenant != nil {
		v.TenantID, v.TenantName, of = r.Tenant.TenantID, r.Tenant.Name, r.Tenant.TenantID
	}
	v.Heads = each(r.Heads, func(h idp.AuditHead) string { return of + "/" + h.String() })
	v.Faults = each(r.Faults[:min(len(r.Faults), maxFaults)], func(f idp.ChainFault) faultView { return faultView(f) })
	return v, nil
}
