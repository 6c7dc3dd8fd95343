package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// approvalView is a pass that waits for a second administrator, or, once that one has
// approved, for whoever asked to fetch it.
type approvalView struct {
	ID                string     `json:"id"`
	UserID            string     `json:"user_id"`
	UserPrincipalName string     `json:"user_principal_name"`
	StartsAt          *time.Time `json:"starts_at"`        // null: when it is fetched
	LifetimeMinutes   int        `json:"lifetime_minutes"` // 0: the policy's
	OneTime           *bool      `json:"one_time"`         // null: as the policy says
	Reason            string     `json:"reason"`
	RequestedBy       string     `json:"requested_by"`
	RequestedByType   string     `json:"requested_by_type"` // operator, user or client
	RequestedAt       *time.Time `json:"requested_at"`
	ApprovedBy        string     `json:"approved_by"`
	ApprovedAt        *time.Time `json:"approved_at"`
	EndsAt            *time.Time `json:"ends_at"` // of the request
}

func viewApproval(i admin.ApprovalInfo) approvalView {
	a := i.Approval
	return approvalView{
		ID: a.ApprovalID, UserID: i.User.UserID, UserPrincipalName: i.User.PrincipalName,
		StartsAt: moment(a.StartsAt), LifetimeMinutes: a.Lifetime, OneTime: a.Once, Reason: a.Reason,
		RequestedBy: a.RequestedBy.Name, RequestedByType: a.RequestedBy.Type, RequestedAt: moment(a.RequestedAt),
		ApprovedBy: a.ApprovedBy.Name, ApprovedAt: moment(a.ApprovedAt), EndsAt: moment(a.Ends),
	}
}

// waitingView is the answer to who asked for a pass that has to be approved first.
type waitingView struct {
	Code     *string      `json:"temporary_access_pass"` // null: there is none yet
	Approval approvalView `json:"approval"`
}

var passRequests = operation[listArgs, page[approvalView]]{"pass.requests",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (page[approvalView], error) {
		all, next, err := d.Admin.Approvals(ctx, d.actor, t.TenantID, a.page())
		return page[approvalView]{each(all, viewApproval), next}, err
	})}

var passApprove = operation[userArgs, approvalView]{"pass.approve", judgePass((*admin.Service).ApprovePass)}

var passDeny = operation[userArgs, approvalView]{"pass.deny", judgePass((*admin.Service).DenyPass)}

func judgePass(judge func(*admin.Service, context.Context, idp.Actor, string, string) (admin.ApprovalInfo, error)) func(context.Context, desk, userArgs) (approvalView, error) {
	return within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) (approvalView, error) {
		info, err := judge(d.Admin, ctx, d.actor, t.TenantID, a.User)
		if err != nil {
			return approvalView{}, err
		}
		return viewApproval(info), nil
	})
}

func (c *cli) passRequestsCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "requests", Short: "List passes for privileged users that wait for a second administrator, or to be fetched",
		Example: "  latchkey pass requests",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return actList(c, cmd, passRequests, listArgs{Tenant: c.tenant}, func(p *printer, as []approvalView) {
				rows := each(as, func(v approvalView) []string {
					return []string{v.UserPrincipalName, v.state(), v.RequestedBy, v.asked(p), v.Reason, p.when(v.EndsAt)}
				})
				p.table("No pass waits for approval.", []string{"USER", "STATE", "ASKED FOR BY", "WANTED", "REASON", "UNTIL"}, rows)
			})
		},
	})
}

func (v approvalView) state() string {
	if v.ApprovedAt != nil {
		return "approved by " + v.ApprovedBy
	}
	return "waits"
}

// asked says what the pass would be like, as far as that is not left to the policy.
func (v approvalView) asked(p *printer) string {
	var words []string
	if v.LifetimeMinutes != 0 {
		words = append(words, minutesSpan(v.LifetimeMinutes))
	}
	if v.OneTime != nil {
		words = append(words, useOf(passView{OneTime: *v.OneTime}))
	}
	if v.StartsAt != nil {
		words = append(words, "from "+p.when(v.StartsAt))
	}
	if len(words) == 0 {
		return "as the policy says"
	}
	return joined(words)
}

func showWaiting(p *printer, v approvalView) {
	p.line("No pass yet: %s is a privileged user, and the policy wants a second administrator to approve.", v.UserPrincipalName)
	p.line("")
	p.fields("Asked for by", v.RequestedBy, "Wanted", v.asked(p), "Reason", v.Reason, "Waits until", p.when(v.EndsAt))
	p.line("")
	p.line("Next, an administrator other than %s approves it, under an account of their own:", v.RequestedBy)
	p.line("    latchkey pass approve %s", v.UserPrincipalName)
	p.line("Then %s asks for the same again, and gets the pass:", v.RequestedBy)
	p.line("    %s", v.again())
}

func showApproved(p *printer, v approvalView) {
	p.line("Approved: %s can fetch the pass for %s until %s, by asking for the same again%s", v.RequestedBy, v.UserPrincipalName, p.when(v.EndsAt), map[bool]string{true: ":", false: " where they asked first."}[v.byOperator()])
	if v.byOperator() {
		p.line("    %s", v.again())
	}
}

// byOperator tells whether it was asked for by this command line.
func (v approvalView) byOperator() bool { return v.RequestedByType == idp.ActorOperator }

func showDenied(p *printer, v approvalView) {
	p.line("The request of %s for a pass for %s is gone. No pass was given.", v.RequestedBy, v.UserPrincipalName)
}

// again is the command that asks for the very same pass: another one would be another
// request.
func (v approvalView) again() string {
	words := []string{"latchkey pass create", v.UserPrincipalName}
	if v.StartsAt != nil {
		words = append(words, "--start", v.StartsAt.Format(time.RFC3339Nano))
	}
	if v.LifetimeMinutes != 0 {
		words = append(words, "--lifetime", fmt.Sprint(v.LifetimeMinutes))
	}
	if v.OneTime != nil {
		words = append(words, map[bool]string{true: "--one-time", false: "--multi-use"}[*v.OneTime])
	}
	if v.Reason != "" {
		words = append(words, "--reason", quoted(v.Reason))
	}
	return strings.Join(words, " ")
}

// quoted is a text as one word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
