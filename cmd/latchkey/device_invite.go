package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"latchkey/idp"
)

// deviceInvitedView is an invitation for one device of a user.
type deviceInvitedView struct {
	Link string     `json:"link"` // holds the token; shown this once
	Code string     `json:"code"` // to be typed in its place
	Ends *time.Time `json:"ends"`
	User string     `json:"user"`
}

var deviceInvite = operation[userArgs, deviceInvitedView]{"device.invite",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) (deviceInvitedView, error) {
		in, err := d.Admin.InviteAuthenticator(ctx, d.actor, t.TenantID, a.User)
		if err != nil {
			return deviceInvitedView{}, err
		}
		return deviceInvitedView{
			// What is behind the # reaches no server by itself, and no log.
			Link: address(d.Config.BaseURL, "/authenticator#e="+t.TenantID+"."+in.Token), Code: in.Code,
			Ends: moment(in.Enrolment.Ends), User: in.User.PrincipalName,
		}, nil
	})}

// deviceInviteCommand lets an operator add a device to somebody's account.
func (c *cli) deviceInviteCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "invite USER", Short: "Invite one device of a user, without their signing in",
		Long: "Invite one device of a user, without their signing in. Whoever opens the link, or types the code, adds a device that\n" +
			"signs in as the user; nobody is asked to confirm it. Both are shown this once, and end after a few minutes.",
		Example: "  latchkey device invite anna@contoso.example",
		Args:    wants("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return act(c, cmd, deviceInvite, userArgs{c.tenant, args[0]}, showDeviceInvited)
		},
	})
}

func showDeviceInvited(p *printer, v deviceInvitedView) {
	p.secret("Link to add a device of "+v.User+", shown this once:", v.Link)
	p.fields("Code", v.Code[:len(v.Code)/2]+"-"+v.Code[len(v.Code)/2:], "for", v.User, "until", p.when(v.Ends))
}
