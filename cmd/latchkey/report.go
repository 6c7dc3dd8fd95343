package main

import (
	"context"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// readyView is how ready a person is to lose what they sign in with.
type readyView struct {
	UserID            string   `json:"user_id"`
	UserPrincipalName string   `json:"user_principal_name"`
	DisplayName       string   `json:"display_name"`
	Level             string   `json:"level"`
	Ways              []string `json:"ways"`
	Missing           string   `json:"missing"`
	Credentials       int      `json:"credentials"`
}

func viewReady(r admin.ReadinessReport) readyView {
	return readyView{r.User.UserID, r.User.PrincipalName, r.User.DisplayName, r.Level, array(r.Ways), r.Missing, r.Credentials}
}

// readinessView counts everybody, and lists whom it was asked for, worst first.
type readinessView struct {
	Summary []levelCount `json:"summary"`
	Users   []readyView  `json:"users"`
}

type levelCount struct {
	Level   string `json:"level"`
	Users   int    `json:"users"`
	Meaning string `json:"meaning"`
}

var reportReadiness = operation[listArgs, page[readyView]]{"report.readiness",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a listArgs) (page[readyView], error) {
		rs, next, err := d.Admin.Readiness(ctx, d.actor, t.TenantID, a.page())
		return page[readyView]{each(rs, viewReady), next}, err
	})}

func (c *cli) reportCommand() *cobra.Command {
	return c.group("report", "Reports about a tenant", c.reportReadinessCommand())
}

func (c *cli) reportReadinessCommand() *cobra.Command {
	level := oneOf{words: admin.ReadinessLevels}
	cmd := &cobra.Command{
		Use: "readiness", Short: "Tell who could sign in again after losing what they sign in with",
		Long: "Tell who could sign in again after losing what they sign in with: how many people there are of each level, and who\n" +
			"they are, worst first, with what works for them now and what is missing.",
		Example: "  latchkey report readiness\n" +
			"  latchkey report readiness --level stuck --json",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := c.readiness(cmd, level.value)
			if err != nil {
				return err
			}
			return c.show(v, func(p *printer) { showReadiness(p, v) })
		},
	}
	cmd.Flags().Var(&level, "level", "list only the people of this level; all are counted")
	return c.inTenant(cmd)
}

// readiness asks for all pages, and keeps no more of them than is shown.
func (c *cli) readiness(cmd *cobra.Command, level string) (v readinessView, err error) {
	v.Users = []readyView{}
	counts := map[string]int{}
	args := listArgs{Tenant: c.tenant, Limit: pageSize}
	for {
		got, err := ask(c, cmd, reportReadiness, args)
		if err != nil {
			return v, err
		}
		for _, u := range got.Items {
			counts[u.Level]++
			if level == "" || u.Level == level {
				v.Users = append(v.Users, u)
			}
		}
		if args.After = got.Next; got.Next == "" {
			break
		}
	}
	slices.SortFunc(v.Users, worseFirst)
	for _, l := range admin.ReadinessLevels {
		v.Summary = append(v.Summary, levelCount{l, counts[l], levelMeaning(l)})
	}
	return v, nil
}

func showReadiness(p *printer, v readinessView) {
	p.table("", []string{"LEVEL", "PEOPLE", "MEANING"}, each(v.Summary, func(c levelCount) []string {
		return []string{c.Level, strconv.Itoa(c.Users), c.Meaning}
	}))
	p.line("")
	p.table("There is nobody to list.", []string{"LEVEL", "USER", "CAN SIGN IN BY", "MISSING"}, each(v.Users, func(u readyView) []string {
		ways := joined(u.Ways)
		if ways == "" {
			ways = "nothing"
		}
		return []string{u.Level, u.UserPrincipalName, ways, u.Missing}
	}))
}
