package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/device"
)

// deviceEnv names the file of devices; it is no setting of servers.
const deviceEnv = "LATCHKEY_DEVICE"

// pocket holds the devices that a command speaks for. These commands are a device of a person,
// not the operator's: they speak with servers over HTTP as any device does.
type pocket struct {
	*cli
	file   string
	client *device.Client
}

func (c *cli) deviceCommand() *cobra.Command {
	g := c.group("device", "Answer sign-in requests as a person's device does, and invite devices",
		c.deviceEnrolCommand(), c.deviceListCommand(), c.deviceAccountsCommand(), c.deviceWatchCommand(),
		c.deviceApproveCommand(), c.deviceDenyCommand(), c.deviceRemoveCommand(), c.deviceInviteCommand())
	g.Long = g.Short + ".\n\nThe keys of this device are in a file, " + deviceEnv + " or $XDG_CONFIG_HOME/latchkey/device.json.\nWhoever reads it can answer; so it suits programs and tests, and tenants have to allow it."
	return g
}

// inPocket adds --device and --json; begin is the command.
func (c *cli) inPocket(cmd *cobra.Command, begin func(*pocket, *cobra.Command) error) *cobra.Command {
	p := &pocket{cli: c}
	cmd.Flags().StringVar(&p.file, "device", "", "the file with this device's keys (default: "+deviceEnv+", or device.json in the configuration directory)")
	cmd.Args = noArgs
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if p.file == "" && cmd.Flags().Changed("device") {
			return misused("--device is empty")
		}
		if err := p.findFile(); err != nil {
			return err
		}
		p.client = device.NewClient(http.DefaultTransport, c.now)
		return begin(p, cmd)
	}
	return c.withJSON(cmd)
}

// findFile is the file of --device, else of the environment, else the usual one.
func (p *pocket) findFile() error {
	vars := map[string]string{}
	for _, pair := range p.env {
		name, value, _ := strings.Cut(pair, "=")
		vars[name] = value
	}
	switch {
	case p.file != "":
	case vars[deviceEnv] != "":
		p.file = vars[deviceEnv]
	case filepath.IsAbs(vars["XDG_CONFIG_HOME"]): // others are to be ignored, as its specification says
		p.file = filepath.Join(vars["XDG_CONFIG_HOME"], "latchkey", "device.json")
	case vars["HOME"] != "":
		p.file = filepath.Join(vars["HOME"], ".config", "latchkey", "device.json")
	default:
		return misused("there is no home directory: name the file of the device's keys with --device")
	}
	return nil
}

func (p *pocket) store() device.Store { return device.Store{Path: p.file} }

// accounts are those of the file, of which there must be one.
func (p *pocket) accounts() ([]*device.Account, error) {
	state, err := p.store().Load()
	if err != nil {
		return nil, err
	}
	if len(state.Accounts) == 0 {
		return nil, fmt.Errorf("%s has no accounts: add one with 'latchkey device enrol'", p.file)
	}
	return state.Accounts, nil
}

// sighting is a request, and the account that it is for.
type sighting struct {
	account *device.Account
	*device.Challenge
}

// pending are the requests of all accounts. Those of the others are there even if one of the
// servers fails.
func (p *pocket) pending(ctx context.Context) ([]sighting, error) {
	accounts, err := p.accounts()
	if err != nil {
		return nil, err
	}
	var all []sighting
	var failed []error
	for _, a := range accounts {
		got, err := p.client.Challenges(ctx, a, 0)
		if err != nil {
			failed = append(failed, aboutAccount(a, err))
		}
		for _, ch := range got {
			all = append(all, sighting{a, ch})
		}
	}
	return all, errors.Join(failed...)
}

// aboutAccount says whose an error is.
func aboutAccount(a *device.Account, err error) error {
	return fmt.Errorf("%s: %w", a.User.Name, reached(a.Server, err))
}

// reached puts the failure to reach a server into words.
func reached(server string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s cannot be reached: %w", server, e.Err)
	}
	return err
}

// pause waits a while, unless the command is interrupted.
func pause(ctx context.Context, d time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-ctx.Done()
}
