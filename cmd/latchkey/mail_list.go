package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// mailView is a mail that was sent or is to be, without what it says.
type mailView struct {
	ID        string     `json:"id"`
	UserID    string     `json:"user_id"`
	To        string     `json:"to"`
	About     string     `json:"about"`
	Result    string     `json:"result"` // waiting, deferred, sent, failed or expired
	Error     string     `json:"error"`  // what the server answered to the last try
	Tries     int        `json:"tries"`
	QueuedAt  *time.Time `json:"queued_at"`
	SettledAt *time.Time `json:"settled_at"`  // null: it is still in the outbox
	NextTryAt *time.Time `json:"next_try_at"` // null: there is none
}

func viewMail(d *idp.Delivery) mailView {
	v := mailView{
		ID: d.Mail, UserID: d.UserID, To: d.To, About: string(d.About), Result: d.Result, Error: d.Error, Tries: d.Tries, QueuedAt: moment(d.QueuedAt),
	}
	if v.waits() {
		v.NextTryAt = moment(d.At)
	} else {
		v.SettledAt = moment(d.At)
	}
	return v
}

// waits tells whether the mail is still in the outbox.
func (v mailView) waits() bool {
	return v.Result == idp.DeliveryWaiting || v.Result == idp.DeliveryDeferred
}

// mailsView is what became of mails, and whether any are sent at all.
type mailsView struct {
	MailEnabled bool       `json:"mail_enabled"`
	Mails       []mailView `json:"mails"`
}

type mailListArgs struct {
	listArgs      // Of is the user
	Failed   bool `json:"failed"`
}

// at asks for long pages where much of them may be left out.
func (a mailListArgs) at(after string, limit int) mailListArgs {
	if a.Failed || a.Of != "" {
		limit = pageSize
	}
	a.listArgs = a.listArgs.at(after, limit)
	return a
}

// mailList lists what waits, then what became of the others, each newest first.
var mailList = operation[mailListArgs, page[mailView]]{"mail.list",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a mailListArgs) (p page[mailView], err error) {
		q := admin.DeliveryQuery{User: a.Of, Failed: a.Failed}
		if q.User != "" {
			if q.User, err = d.personNamed(ctx, t, q.User); err != nil {
				return p, err
			}
		}
		p.Items = []mailView{}
		if a.After == "" {
			waiting, err := d.Admin.Outbox(ctx, d.actor, t.TenantID, q)
			if err != nil {
				return p, err
			}
			slices.SortStableFunc(waiting, func(x, y *idp.Delivery) int { return y.QueuedAt.Compare(x.QueuedAt) })
			p.Items = each(waiting, viewMail)
		}
		done, next, err := d.Admin.Deliveries(ctx, d.actor, t.TenantID, q, a.page())
		p.Items, p.Next = append(p.Items, each(done, viewMail)...), next
		return p, err
	})}

// personNamed is the id of a user, who may come from outside and be named by mail address.
func (d desk) personNamed(ctx context.Context, t *idp.Tenant, name string) (string, error) {
	u, err := d.Admin.User(ctx, d.actor, t.TenantID, name)
	if err == nil {
		return u.UserID, nil
	}
	if g, notGuest := d.Admin.Guest(ctx, d.actor, t.TenantID, name); notGuest == nil {
		return g.User.UserID, nil
	}
	return "", err
}

// mailState is whether the deployment sends mail.
type mailState struct {
	Enabled bool `json:"enabled"`
}

var mailStatus = operation[struct{}, mailState]{"mail.status",
	func(_ context.Context, d desk, _ struct{}) (mailState, error) {
		return mailState{d.Config.SMTP.Enabled()}, nil
	}}

func (c *cli) mailCommand() *cobra.Command {
	return c.group("mail", "Look after the mail that people are sent", c.mailListCommand())
}

func (c *cli) mailListCommand() *cobra.Command {
	var user string
	var failed bool
	var limit uint16
	cmd := &cobra.Command{
		Use: "list", Short: "List the mails that wait to be sent, and what became of the others, newest first",
		Long: "List the mails that wait to be sent, and then, for 14 days, what became of the others; each newest first. What they\n" +
			"said is not kept.",
		Example: "  latchkey mail list\n" +
			"  latchkey mail list --failed --user lea@fabrikam.example",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if user == "" && cmd.Flags().Changed("user") {
				return misused("--user is empty")
			}
			state, err := ask(c, cmd, mailStatus, struct{}{})
			if err != nil {
				return err
			}
			all, err := allOf(c, cmd, mailList, mailListArgs{listArgs{Tenant: c.tenant, Of: user, Limit: int(limit)}, failed})
			if err != nil {
				return err
			}
			v := mailsView{state.Enabled, all}
			return c.show(v, func(p *printer) { showMails(p, v, user, failed) })
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "only those to this user or guest")
	cmd.Flags().BoolVar(&failed, "failed", false, "only those that were not taken, be it by the last try or for good")
	cmd.Flags().Uint16Var(&limit, "limit", 50, "how many to show; 0 for all")
	return c.inTenant(cmd)
}

func showMails(p *printer, v mailsView, user string, failed bool) {
	mail := "No mail"
	if user != "" {
		mail += " to " + user
	}
	none := mail + " was sent in the last 14 days, and none waits."
	if failed {
		none = mail + " has failed in the last 14 days."
	}
	if !v.MailEnabled {
		p.line("Note: mail is off, and nothing is sent. Set smtp_address and smtp_from, and start the server again.")
		p.line("")
	}
	p.table(none, []string{"QUEUED", "TO", "ABOUT", "RESULT", "TRIES", "WHAT WENT WRONG"}, each(v.Mails, func(m mailView) []string {
		return []string{p.when(m.QueuedAt), m.To, m.About, m.result(p), strconv.Itoa(m.Tries), m.Error}
	}))
}

// result is what became of the mail, in words.
func (v mailView) result(p *printer) string {
	switch v.Result {
	case idp.DeliveryDeferred:
		return "deferred, next try " + p.when(v.NextTryAt)
	case idp.DeliveryExpired:
		return "given up, as it came to nothing in time"
	}
	return cmp.Or(v.Result, "–")
}
