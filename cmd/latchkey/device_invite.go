package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func (c *cli) deviceInviteCommand() *cobra.Command {
	return c.inTenant(&cobra.Command{
		Use: "invite USER", Short: "Invite a user to add a device", Example: "  latchkey device invite anna@contoso.example",
		Args: wants("USER"),
		RunE: func(*cobra.Command, []string) error { return errors.New("devices cannot be invited yet") },
	})
}
