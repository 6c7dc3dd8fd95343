package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/ui"
)

// passView is a pass as it is shown. The code and the link that holds it are
// there only in the answer that made them.
type passView struct {
	ID                string     `json:"id"`
	UserID            string     `json:"user_id"`
	UserPrincipalName string     `json:"user_principal_name"`
	Code              string     `json:"temporary_access_pass,omitempty"`
	Link              string     `json:"link,omitempty"`
	StartsAt          *time.Time `json:"starts_at"`
	EndsAt            *time.Time `json:"ends_at"`
	LifetimeMinutes   int        `json:"lifetime_minutes"`
	OneTime           bool       `json:"one_time"`
	Usable            bool       `json:"usable"`
	UsabilityReason   string     `json:"usability_reason"`
	CreatedAt         *time.Time `json:"created_at"`
	CreatedBy         string     `json:"created_by"`
	Reason            string     `json:"reason"`
	LastUsedAt        *time.Time `json:"last_used_at"`
	// Slip, if one was asked for, becomes SlipFile before anything is shown.
	Slip     *ui.Slip `json:"slip,omitempty"`
	SlipFile string   `json:"slip_file,omitempty"`
	// Approval, in place of all else, is the pass that waits for a second administrator.
	Approval *approvalView `json:"approval,omitempty"`
}

func viewPass(i admin.PassInfo) passView {
	p := i.Pass
	return passView{
		ID: p.PassID, UserID: i.User.UserID, UserPrincipalName: i.User.PrincipalName,
		StartsAt: moment(p.StartsAt), EndsAt: moment(p.EndsAt()), LifetimeMinutes: int(p.Lifetime / time.Minute), OneTime: p.Once,
		Usable: i.Usable(), UsabilityReason: string(i.Reason),
		CreatedAt: moment(p.CreatedAt), CreatedBy: p.CreatedBy, Reason: p.Reason, LastUsedAt: moment(p.LastUsedAt),
	}
}

type passCreateArgs struct {
	userArgs
	StartsAt *time.Time `json:"starts_at"`
	Lifetime int        `json:"lifetime_minutes"` // 0: the policy's
	OneTime  *bool      `json:"one_time"`
	Reason   string     `json:"reason"`
	// WithSlip asks for what a slip says, by WithName also the user name.
	WithSlip bool `json:"with_slip"`
	WithName bool `json:"with_name"`
}

var passCreate = operation[passCreateArgs, passView]{"pass.create",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a passCreateArgs) (passView, error) {
		request := idp.PassRequest{Lifetime: a.Lifetime, Once: a.OneTime, Reason: a.Reason}
		assign(&request.StartsAt, a.StartsAt)
		info, code, err := d.Admin.CreatePass(ctx, d.actor, t.TenantID, a.User, request)
		if bounds, ok := errors.AsType[*idp.LifetimeError](err); ok {
			err = idp.Errorf(idp.Invalid, "The policy lets a pass last between %d and %d minutes: give a --lifetime in between.", bounds.Least, bounds.Greatest)
		}
		if err != nil {
			return passView{}, err
		}
		if info.Approval != nil {
			return passView{Approval: new(viewApproval(admin.ApprovalInfo{Approval: info.Approval, User: info.User}))}, nil
		}
		v := viewPass(info)
		// A fragment stays in the browser: no server and no proxy reads the code.
		v.Code, v.Link = code, address(d.Config.BaseURL, "/tap#"+code)
		if a.WithSlip {
			v.Slip = new(ui.NewSlip(d.Config.BaseURL, t, info.User, info.Pass, code, a.WithName))
		}
		return v, nil
	})}

var passList = operation[listArgs, page[passView]]{"pass.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (page[passView], error) {
		ps, next, err := d.Admin.Passes(ctx, d.actor, t.TenantID, a.page())
		return page[passView]{each(ps, viewPass), next}, err
	})}

var passShow = operation[userArgs, passView]{"pass.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) (passView, error) {
		info, err := d.Admin.Pass(ctx, d.actor, t.TenantID, a.User)
		if err != nil {
			return passView{}, err
		}
		return viewPass(info), nil
	})}

var passDelete = operation[userArgs, deleted]{"pass.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) (deleted, error) {
		return deleted{a.User}, d.Admin.DeletePass(ctx, d.actor, t.TenantID, a.User, "")
	})}

func (c *cli) passCommand() *cobra.Command {
	return c.group("pass", "Give people Temporary Access Passes",
		c.passCreateCommand(), c.passListCommand(),
		onUser(c, "show", "Show the pass of a user, without its code", passShow, showPass),
		onUser(c, "delete", "Delete the pass of a user; what came from it ends at once", passDelete, gone("pass of")),
		c.passRequestsCommand(),
		onUser(c, "approve", "Approve a pass for a privileged user that another administrator asked for", passApprove, showApproved),
		onUser(c, "deny", "Refuse a pass that waits for approval, or take back the own request", passDeny, showDenied))
}

func (c *cli) passCreateCommand() *cobra.Command {
	var lifetime minutes
	var begins start
	var oneTime, multiUse, withQR bool
	var reason string
	var paper slipFlags
	cmd := &cobra.Command{
		Use: "create USER", Short: "Give a user a new pass and show its code, once",
		Long: "Give a user a new pass and show its code, once. A pass that the user has is replaced, and what came from it ends.\n" +
			"Where the policy wants a second administrator for privileged users, the first call only asks for the pass; once\n" +
			"another administrator has approved, the same call again gives it.",
		Example: "  latchkey pass create anna@contoso.example\n" +
			"  latchkey pass create anna@contoso.example --start +2h --lifetime 8h --one-time --qr\n" +
			"  latchkey pass create anna@contoso.example --slip anna.html",
		Args: wants("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			question := passCreateArgs{
				userArgs: userArgs{c.tenant, args[0]}, StartsAt: begins.from(c.now()), Lifetime: int(lifetime), Reason: reason,
			}
			question.OneTime = given(cmd, "one-time", oneTime)
			if many := given(cmd, "multi-use", !multiUse); many != nil {
				question.OneTime = many
			}
			slip, err := paper.open(cmd)
			if err != nil {
				return err
			}
			question.WithSlip, question.WithName = slip != nil, paper.userName
			v, err := ask(c, cmd, passCreate, question)
			if err != nil {
				return errors.Join(err, slip.remove())
			}
			return c.showCreated(v, slip, withQR)
		},
	}
	cmd.Flags().Var(&lifetime, "lifetime", "how long it can be used: minutes, or with a unit such as 8h (default: as the policy says)")
	cmd.Flags().Var(&begins, "start", "when it begins, such as 2026-09-01T08:00:00+02:00 or +2h (default: now)")
	cmd.Flags().BoolVar(&oneTime, "one-time", false, "it can be used once")
	cmd.Flags().BoolVar(&multiUse, "multi-use", false, "it can be used until it ends (default: as the policy says)")
	cmd.Flags().StringVar(&reason, "reason", "", "why it is given")
	paper.add(cmd)
	cmd.Flags().BoolVar(&withQR, "qr", false, "also show a QR code that a phone can scan")
	cmd = c.inTenant(cmd)
	cmd.MarkFlagsMutuallyExclusive("one-time", "multi-use")
	cmd.MarkFlagsMutuallyExclusive("qr", "json")
	return cmd
}

// showCreated shows a new pass, or that it waits for approval.
func (c *cli) showCreated(v passView, s *slip, withQR bool) error {
	if v.Approval == nil {
		err := s.finish(&v)
		return errors.Join(c.show(v, func(p *printer) { showNewPass(p, v, withQR) }), err)
	}
	err := s.remove()
	return errors.Join(err, c.show(waitingView{Approval: *v.Approval}, func(p *printer) {
		showWaiting(p, *v.Approval)
		if s != nil {
			p.line("No slip was written, as there is no code yet: give --slip again then.")
		}
	}))
}

func (c *cli) passListCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "list", Short: "List passes, without their codes",
		Example: "  latchkey pass list",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return actList(c, cmd, passList, listArgs{Tenant: c.tenant}, func(p *printer, ps []passView) {
				rows := each(ps, func(v passView) []string {
					return []string{v.UserPrincipalName, usability(v), useOf(v), p.when(v.StartsAt), p.when(v.EndsAt)}
				})
				p.table("There are no passes.", []string{"USER", "STATE", "USE", "FROM", "UNTIL"}, rows)
			})
		},
	})
}

func showNewPass(p *printer, v passView, withQR bool) {
	p.secret(fmt.Sprintf("Temporary Access Pass for %s, shown this once:", v.UserPrincipalName), v.Code)
	p.fields("Valid from", p.when(v.StartsAt), "until", p.when(v.EndsAt), "Can be used", useOf(v), "Link", v.Link)
	if !v.Usable && v.UsabilityReason == string(idp.DisabledByPolicy) {
		p.line("")
		p.line("Note: the policy does not let %s sign in with a pass. See 'latchkey policy show'.", v.UserPrincipalName)
	}
	if v.SlipFile != "" {
		p.line("")
		p.line("The slip is in %s. Print it, then delete the file: the code is in it.", v.SlipFile)
	}
	if withQR {
		p.line("")
		p.qr(v.Link)
	}
}

func showPass(p *printer, v passView) {
	p.fields("Pass of", v.UserPrincipalName, "ID", v.ID, "State", usability(v), "Valid from", p.when(v.StartsAt), "until", p.when(v.EndsAt),
		"Can be used", useOf(v), "Last used", p.when(v.LastUsedAt), "Created", p.when(v.CreatedAt), "by", v.CreatedBy, "Reason", v.Reason)
}

func useOf(v passView) string {
	if v.OneTime {
		return "once"
	}
	return "several times"
}

// usability says in plain words what the reason says in the API's.
func usability(v passView) string {
	switch idp.Usability(v.UsabilityReason) {
	case idp.EnabledByPolicy:
		return "usable"
	case idp.Expired:
		return "expired"
	case idp.OneTimeUsed:
		return "used"
	case idp.NotYetValid:
		return "not yet valid"
	}
	return "blocked by policy"
}
