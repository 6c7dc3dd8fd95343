package main

import (
	"context"

	"github.com/spf13/cobra"

	"latchkey/idp"
)

var passwordDelete = operation[userArgs, deleted]{"password.delete",
	within(func(ctx context.Context, d desk, t *idp.Tenant, a userArgs) (deleted, error) {
		return deleted{a.User}, d.Admin.DeletePassword(ctx, d.actor, t.TenantID, a.User)
	})}

func (c *cli) passwordCommand() *cobra.Command {
	return c.group("password", "Take people's passwords away, which they choose themselves",
		onUser(c, "delete", "Delete the password of a user; what came from it ends at once", passwordDelete, gone("password of")))
}
