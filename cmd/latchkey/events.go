package main

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
)

// eventView is a line of a log as it is shown.
type eventView struct {
	ID        string            `json:"id"`
	At        *time.Time        `json:"at"`
	Log       string            `json:"log"`
	Activity  string            `json:"activity"`
	Category  string            `json:"category"`
	Service   string            `json:"service"`
	Result    string            `json:"result"`
	Reason    string            `json:"reason"`
	Error     int               `json:"error"` // number of AADSTS; 0: none
	Actor     partyView         `json:"actor"`
	App       partyView         `json:"app"` // through which the actor acted
	Target    partyView         `json:"target"`
	Tenant    string            `json:"tenant"` // whose it is, in the deployment's own log
	ClientID  string            `json:"client_id"`
	Method    string            `json:"method"`
	SessionID string            `json:"session_id"`
	Address   string            `json:"address"`
	UserAgent string            `json:"user_agent"`
	RequestID string            `json:"request_id"`
	Details   map[string]string `json:"details"`
	Modified  []modifiedView    `json:"modified"`
	Link      *linkView         `json:"link"` // null: from before there were chains
}

// modifiedView is a property that was changed; its values are JSON, and "" where there is
// none.
type modifiedView struct {
	Name string `json:"name"`
	Old  string `json:"old"`
	New  string `json:"new"`
}

// linkView ties an event to the one before it in its chain.
type linkView struct {
	Chain    string     `json:"chain"`
	Seq      uint64     `json:"seq"`
	At       *time.Time `json:"at"`
	After    *time.Time `json:"after"`    // at of the link before
	Previous string     `json:"previous"` // mac of the link before
	MAC      string     `json:"mac"`
}

// partyView is who acted or was acted on.
type partyView struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (p partyView) String() string { return cmp.Or(p.Name, p.ID, p.Type, "–") }

// known is the name of who signed in, "–" if nobody was found out.
func (p partyView) known() string { return cmp.Or(p.Name, p.ID, "–") }

func viewEvent(e *idp.AuditEvent) eventView {
	details := e.Details
	if details == nil {
		details = map[string]string{}
	}
	return eventView{
		ID: e.EventID, At: moment(e.At), Log: e.Log, Activity: e.Activity, Category: e.Category, Service: e.Service,
		Result: e.Result, Reason: e.Reason, Error: int(e.Error),
		Actor: partyView(e.Actor), App: partyView(e.App), Target: partyView(e.Target), Tenant: e.Tenant,
		ClientID: e.ClientID, Method: e.Method, SessionID: e.SessionID, Address: e.Address, UserAgent: e.UserAgent,
		RequestID: e.RequestID, Details: details,
		Modified: each(e.Modified, func(m idp.Modified) modifiedView { return modifiedView(m) }), Link: viewLink(e),
	}
}

func viewLink(e *idp.AuditEvent) *linkView {
	l := e.Link
	if l.Seq == 0 {
		return nil
	}
	return &linkView{e.Chain(), l.Seq, moment(l.At), moment(l.After), l.Prev, l.MAC}
}

// who is the actor, and the app between, if there was one.
func (e eventView) who() string {
	if e.App == (partyView{}) {
		return e.Actor.String()
	}
	return e.Actor.String() + " through " + e.App.String()
}

var eventsList = operation[listArgs, page[eventView]]{"events.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (page[eventView], error) {
		es, next, err := d.Admin.Events(ctx, d.actor, t.TenantID, a.Of, a.page())
		return page[eventView]{each(es, viewEvent), next}, err
	})}

const (
	signInsLog = "sign-ins"
	auditLog   = "audit"
)

func (c *cli) eventsCommand() *cobra.Command {
	kind := oneOf{value: signInsLog, words: []string{signInsLog, auditLog}}
	var limit uint16
	cmd := &cobra.Command{
		Use: "events", Short: "Read the sign-in log or the audit log, newest first",
		Example: "  latchkey events --log audit --limit 20",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			args, human := listArgs{Tenant: c.tenant, Of: idp.SignIns, Limit: int(limit)}, tableSignIns
			if kind.value == auditLog {
				args.Of, human = idp.Directory, tableAudit
			}
			return actList(c, cmd, eventsList, args, human)
		},
	}
	cmd.Flags().Var(&kind, "log", "which log to read")
	cmd.Flags().Uint16Var(&limit, "limit", 50, "how many lines to show; 0 for all")
	return c.inTenant(cmd)
}

func tableSignIns(p *printer, es []eventView) {
	rows := each(es, func(e eventView) []string {
		why := cmp.Or(e.Details["reason"], e.Reason)
		if e.Error != 0 {
			why = "AADSTS" + strconv.Itoa(e.Error) + " " + why
		}
		return []string{p.when(e.At), e.Actor.known(), e.Result, e.Method, e.ClientID, e.Address, why}
	})
	p.table("Nobody has signed in yet.", []string{"TIME", "USER", "RESULT", "METHOD", "CLIENT", "ADDRESS", "REASON"}, rows)
}

func tableAudit(p *printer, es []eventView) {
	rows := each(es, func(e eventView) []string {
		return []string{p.when(e.At), e.who(), e.Activity, e.Target.String(), e.Result, e.Reason}
	})
	p.table("Nothing was changed yet.", []string{"TIME", "WHO", "ACTIVITY", "ON", "RESULT", "REASON"}, rows)
}
