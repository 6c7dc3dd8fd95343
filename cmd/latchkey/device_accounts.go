package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/device"
)

// What is shown of an account beside the states of the protocol.
const (
	deviceUnknown     = "unknown"     // the server does not know it (any more)
	deviceUnreachable = "unreachable" // the server did not say
)

func (c *cli) deviceAccountsCommand() *cobra.Command {
	return c.inPocket(&cobra.Command{
		Use: "accounts", Short: "List the accounts of this device, and ask whether they are active", Example: "  latchkey device accounts",
	}, func(p *pocket, cmd *cobra.Command) error {
		state, err := p.store().Load()
		if err != nil {
			return err
		}
		views := each(state.Accounts, func(a *device.Account) deviceView { return p.asked(cmd.Context(), a) })
		return p.show(views, func(out *printer) { tableDevices(out, views) })
	})
}

// asked is an account with what its server says of it.
func (p *pocket) asked(ctx context.Context, a *device.Account) deviceView {
	self, err := p.client.Self(ctx, a)
	switch {
	case device.IsRefused(err):
		v := viewDevice(a, deviceUnknown)
		v.Why = "the server does not accept it"
		return v
	case err != nil:
		v := viewDevice(a, deviceUnreachable)
		v.Why = reached(a.Server, err).Error()
		return v
	}
	return viewDevice(a, self.State)
}

func tableDevices(p *printer, all []deviceView) {
	rows := each(all, func(v deviceView) []string {
		return []string{v.DeviceID, v.Name, v.User, v.Tenant, v.Server, p.when(&v.EnrolledAt), v.words()}
	})
	p.table("This device has no accounts.", []string{"ID", "NAME", "USER", "ORGANIZATION", "SERVER", "ENROLLED", "STATE"}, rows)
}

func (v deviceView) words() string {
	switch {
	case v.State == device.StateShown:
		return "waits to be confirmed"
	case v.Why != "":
		return v.Why
	}
	return v.State
}

func (c *cli) deviceRemoveCommand() *cobra.Command {
	var account string
	var only bool
	cmd := c.inPocket(&cobra.Command{
		Use: "remove", Short: "Remove an account from this device, and the device at its server; sessions that came from it end",
		Example: "  latchkey device remove --account anna@contoso.example",
	}, func(p *pocket, cmd *cobra.Command) error { return p.remove(cmd.Context(), account, only) })
	cmd.Flags().StringVar(&account, "account", "", "which, by the user's name or the device's id (default: the only one there is)")
	cmd.Flags().BoolVar(&only, "forget", false, "only forget it here, without telling the server")
	return cmd
}

func (p *pocket) remove(ctx context.Context, account string, only bool) error {
	a, err := p.account(account)
	if err != nil {
		return err
	}
	if !only {
		err = p.client.Remove(ctx, a)
		if device.IsRefused(err) {
			return errors.New("the server does not accept this device: it was removed there already, or may not sign in. To forget it here as well, add --forget")
		}
		if err != nil {
			return reached(a.Server, err)
		}
	}
	if err := p.forget(a); err != nil {
		return err
	}
	return p.show(deleted{a.DeviceID}, func(out *printer) { out.line("Removed the device %s of %s.", a.Name, a.User.Name) })
}

// account is the one that was named, or the only one.
func (p *pocket) account(name string) (*device.Account, error) {
	all, err := p.accounts()
	if err != nil {
		return nil, err
	}
	if name != "" {
		all = slices.DeleteFunc(all, func(a *device.Account) bool { return a.DeviceID != name && !strings.EqualFold(a.User.Name, name) })
	}
	switch {
	case len(all) == 0:
		return nil, fmt.Errorf("this device has no account %q", name)
	case len(all) > 1:
		ids := each(all, func(a *device.Account) string { return a.DeviceID + " of " + a.User.Name })
		return nil, fmt.Errorf("this device has %d accounts: name one with --account (%s)", len(all), strings.Join(ids, ", "))
	}
	return all[0], nil
}
