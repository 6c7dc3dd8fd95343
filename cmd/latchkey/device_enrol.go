package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/device"
)

// confirmPause is how often a device looks whether it was confirmed.
const confirmPause = 2 * time.Second

// deviceView is an account as it is shown.
type deviceView struct {
	DeviceID   string    `json:"device_id"`
	Name       string    `json:"name"`
	User       string    `json:"user"`
	Tenant     string    `json:"tenant"`
	TenantID   string    `json:"tenant_id"`
	Server     string    `json:"server"`
	EnrolledAt time.Time `json:"enrolled_at"`
	State      string    `json:"state"`                 // shown, active, unknown or unreachable
	Why        string    `json:"why"`                   // of the last two, for people
	CheckValue string    `json:"check_value,omitempty"` // of one that was enrolled just now
}

func viewDevice(a *device.Account, state string) deviceView {
	return deviceView{
		DeviceID: a.DeviceID, Name: a.Name, User: a.User.Name, Tenant: a.Tenant.Name, TenantID: a.Tenant.ID, Server: a.Server,
		EnrolledAt: a.EnrolledAt, State: state,
	}
}

// enrolFlags are what enrol is given.
type enrolFlags struct {
	code, user, server, name string
	noWait                   bool
}

func (c *cli) deviceEnrolCommand() *cobra.Command {
	var f enrolFlags
	cmd := c.inPocket(&cobra.Command{
		Use: "enrol --code CODE", Short: "Become a device of a person, by a link or a code of theirs",
		Long:    "Become a device of a person. CODE is the link of an invitation, or the code that is typed where a link\ncannot be opened; a code needs --server and --user.",
		Example: "  latchkey device enrol --code 'https://login.example/authenticator#e=contoso.example.en_J5XkV0f1Yv3sKp7Q'\n  latchkey device enrol --code ABCDE-FGHJK --user anna@contoso.example --server https://login.example",
	}, func(p *pocket, cmd *cobra.Command) error { return p.enrol(cmd.Context(), f) })
	cmd.Flags().StringVar(&f.code, "code", "", "the link, or the code")
	cmd.Flags().StringVar(&f.user, "user", "", "whose code it is")
	cmd.Flags().StringVar(&f.server, "server", "", "where that is, such as https://login.example")
	cmd.Flags().StringVar(&f.name, "name", "", "what its holder calls the device (default: the name of this machine)")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "do not wait until it is confirmed")
	return cmd
}

// invitation reads what was given.
func (f enrolFlags) invitation() (by device.Invitation, err error) {
	isLink := strings.Contains(f.code, "://")
	switch {
	case f.code == "":
		return by, misused("--code is missing: give the link or the code of the invitation")
	case isLink && (f.user != "" || f.server != ""):
		return by, misused("a link says by itself whose it is and where: leave out --user and --server")
	case !isLink && (f.user == "" || f.server == ""):
		return by, misused("a code needs --user and --server as well")
	case isLink:
		by, err = device.ParseLink(f.code)
	default:
		by, err = device.ParseCode(f.code, f.server, f.user)
	}
	if err != nil {
		return by, misuse{err}
	}
	return by, nil
}

func (p *pocket) enrol(ctx context.Context, f enrolFlags) error {
	by, err := f.invitation()
	if err != nil {
		return err
	}
	if f.name == "" {
		f.name = machineName()
	}
	// A file that cannot be kept is found out before the invitation is used up.
	if err := p.store().Change(func(_ *device.State, save func() error) error { return save() }); err != nil {
		return err
	}
	e, err := p.client.Enrol(ctx, by, device.Description{Name: f.name, App: "cli/1", Platform: runtime.GOOS})
	if device.IsRefused(err) {
		return errors.New("the invitation was not accepted: it is mistyped, used or over, or devices of this kind are not allowed")
	}
	if err != nil {
		return reached(by.Server, err)
	}
	if err := p.keep(e.Account); err != nil {
		return err
	}
	return p.confirmed(ctx, e, f.noWait)
}

func machineName() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "Command line"
	}
	return name
}

func (p *pocket) keep(a *device.Account) error {
	return p.store().Change(func(s *device.State, save func() error) error {
		s.Add(a)
		return save()
	})
}

func (p *pocket) forget(a *device.Account) error {
	return p.store().Change(func(s *device.State, save func() error) error {
		s.Drop(a.DeviceID)
		return save()
	})
}

// confirmed shows the check value, and waits until somebody has confirmed it.
func (p *pocket) confirmed(ctx context.Context, e *device.Enrolled, noWait bool) error {
	v := viewDevice(e.Account, device.StateActive)
	v.CheckValue = e.CheckValue
	if !e.Added {
		v.State = device.StateShown
	}
	if !e.Added && !noWait {
		if err := p.awaitConfirmation(ctx, e); err != nil {
			return err
		}
		v.State = device.StateActive
	}
	return p.show(v, func(out *printer) {
		if v.State == device.StateActive {
			out.line("Added %s to the devices of %s (%s).", v.Name, v.User, v.Tenant)
			return
		}
		sayCheck(out, e.CheckValue)
	})
}

func sayCheck(out *printer, value string) {
	out.fields("Check value", value)
	out.line("Compare it with the screen where you began, and confirm there if it is the same.")
}

// awaitConfirmation asks until the device may answer. One that nobody confirms is forgotten.
func (p *pocket) awaitConfirmation(ctx context.Context, e *device.Enrolled) error {
	var told printer
	sayCheck(&told, e.CheckValue)
	out := p.stdout
	if p.json { // where programs read, people look elsewhere
		out = p.stderr
	}
	if _, err := told.WriteTo(out); err != nil {
		return err
	}
	for p.now().Before(e.Ends) {
		self, err := p.client.Self(ctx, e.Account)
		switch after, mayRetry := device.MayRetry(err); {
		case err == nil && self.State == device.StateActive:
			return nil
		case device.IsRefused(err):
			return errors.Join(errors.New("the device was not confirmed"), p.forget(e.Account))
		case err != nil && !mayRetry:
			return reached(e.Account.Server, err)
		default:
			pause(ctx, max(after, confirmPause))
		}
		if ctx.Err() != nil {
			return context.Canceled
		}
	}
	return errors.Join(errors.New("the device was not confirmed in time"), p.forget(e.Account))
}
