package main

import (
	"context"

	"github.com/spf13/cobra"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// guestPolicyView is who invites people from outside, and for how long.
type guestPolicyView struct {
	Inviters       string `json:"inviters"`
	InvitationDays int    `json:"invitation_days"`
}

func viewGuestPolicy(p *idp.GuestPolicy) guestPolicyView { return guestPolicyView(*p) }

type guestPolicyArgs struct {
	Tenant         string  `json:"tenant"`
	Inviters       *string `json:"inviters"`
	InvitationDays *int    `json:"invitation_days"`
}

func (a guestPolicyArgs) scope() (tenant, user string) { return a.Tenant, "" }

var policyGuestsShow = operation[namedArgs, guestPolicyView]{"policy.guests.show",
	within(func(ctx context.Context, d desk, t *idp.Tenant, _ namedArgs) (v guestPolicyView, err error) {
		p, err := d.Admin.GuestPolicy(ctx, d.actor, t.TenantID)
		if err != nil {
			return v, err
		}
		return viewGuestPolicy(p), nil
	})}

var policyGuestsSet = operation[guestPolicyArgs, guestPolicyView]{"policy.guests.set",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a guestPolicyArgs) (v guestPolicyView, err error) {
		p, err := d.Admin.UpdateGuestPolicy(ctx, d.actor, t.TenantID, admin.GuestPolicyChange{Inviters: a.Inviters, InvitationDays: a.InvitationDays})
		if err != nil {
			return v, err
		}
		return viewGuestPolicy(p), nil
	})}

func (c *cli) policyGuestsCommand() *cobra.Command {
	return c.group("guests", "Show or change who invites people from other organizations, and for how long",
		showing(c, "policy guests", "Show who invites people from other organizations, and for how long", policyGuestsShow, showGuestPolicy),
		c.policyGuestsSetCommand())
}

func (c *cli) policyGuestsSetCommand() *cobra.Command {
	inviters := oneOf{words: idp.Inviters}
	var days int
	cmd := &cobra.Command{
		Use: "set", Short: "Change who invites people from other organizations, and for how long",
		Example: "  latchkey policy guests set --inviters adminsAndGuestInviters --invitation-days 14\n" +
			"  latchkey policy guests set --inviters none",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := someChange(cmd); err != nil {
				return err
			}
			return act(c, cmd, policyGuestsSet, guestPolicyArgs{
				c.tenant, given(cmd, "inviters", inviters.value), given(cmd, "invitation-days", days),
			}, showGuestPolicy)
		},
	}
	cmd.Flags().Var(&inviters, "inviters", "who may invite: nobody, or administrators and who has the role Guest Inviter")
	cmd.Flags().IntVar(&days, "invitation-days", 0, "for how many days an invitation can be accepted: 1 to 365; those that were made before keep their end")
	return c.inTenant(cmd)
}

func showGuestPolicy(p *printer, v guestPolicyView) {
	who := "administrators, and who has the role Guest Inviter"
	if v.Inviters == idp.InvitedByNobody {
		who = "nobody; who was invited before can still accept"
	}
	p.fields("Who invites", who, "An invitation is valid", numberOf(v.InvitationDays, "day"))
}
