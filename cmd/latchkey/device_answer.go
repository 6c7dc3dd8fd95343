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

// decided is a request and what became of it.
type decided struct {
	Request string `json:"request"`
	Account string `json:"account"`
	App     string `json:"app"`
	State   string `json:"state"`
}

func (c *cli) deviceApproveCommand() *cobra.Command {
	an, request := device.Answer{Decision: device.Approve}, ""
	cmd := c.inPocket(&cobra.Command{
		Use: "approve --number NUMBER", Short: "Approve a request, with the number that the page shows",
		Example: "  latchkey device approve --number 47",
	}, func(p *pocket, cmd *cobra.Command) error {
		if an.Number+an.Choice+an.Scan == "" {
			return misused("give what the page shows: --number, --choice or --scan")
		}
		return p.answer(cmd.Context(), request, an)
	})
	cmd.Flags().StringVar(&an.Number, "number", "", "the number that the page shows")
	cmd.Flags().StringVar(&an.Choice, "choice", "", "the same, where the device offers some to choose from")
	cmd.Flags().StringVar(&an.Scan, "scan", "", "what the QR code of the page says")
	cmd.MarkFlagsMutuallyExclusive("number", "choice", "scan")
	return forRequest(cmd, &request)
}

func (c *cli) deviceDenyCommand() *cobra.Command {
	notMe, request := false, ""
	cmd := c.inPocket(&cobra.Command{
		Use: "deny", Short: "Deny a request", Example: "  latchkey device deny --not-me",
	}, func(p *pocket, cmd *cobra.Command) error {
		an := device.Answer{Decision: device.Deny, Reason: device.Cancelled}
		if notMe {
			an.Reason = device.NotMe
		}
		return p.answer(cmd.Context(), request, an)
	})
	cmd.Flags().BoolVar(&notMe, "not-me", false, "it was somebody else who asked: administrators are told")
	return forRequest(cmd, &request)
}

func forRequest(cmd *cobra.Command, request *string) *cobra.Command {
	cmd.Flags().StringVar(request, "request", "", "which request, by its id (default: the only one there is)")
	return cmd
}

// answer answers one request. The file is held meanwhile: two answers by one device must not
// count the same, nor arrive in another order than they count.
func (p *pocket) answer(ctx context.Context, request string, an device.Answer) error {
	s, err := p.choose(ctx, request)
	if err != nil {
		return err
	}
	if an.Scan != "" {
		if an.Scan, err = device.ParseScan(an.Scan, s.account.Server); err != nil {
			return err
		}
	}
	d := decided{Request: s.ID, Account: s.account.User.Name, App: s.App.Name}
	err = p.store().Change(func(state *device.State, save func() error) error {
		a := state.Find(s.account.DeviceID)
		if a == nil {
			return errors.New("the device was removed meanwhile")
		}
		d.State, err = p.client.Respond(ctx, a, s.Challenge, an, save)
		return err
	})
	if err != nil {
		return reached(s.account.Server, err)
	}
	return p.show(d, func(out *printer) {
		out.line("The sign-in of %s to %s is %s.", d.Account, viewRequest(s).app(), d.State)
	})
}

// choose is the request of an id, or the only one there is.
func (p *pocket) choose(ctx context.Context, request string) (sighting, error) {
	all, err := p.pending(ctx)
	if request != "" {
		all = slices.DeleteFunc(all, func(s sighting) bool { return s.ID != request })
	}
	switch {
	case len(all) == 1:
		return all[0], nil
	case len(all) > 1:
		ids := each(all, func(s sighting) string { return s.ID })
		return sighting{}, fmt.Errorf("%d requests wait for an answer: name one with --request (%s)", len(all), strings.Join(ids, ", "))
	case err != nil:
		return sighting{}, err
	case request != "":
		return sighting{}, fmt.Errorf("no request %q waits for an answer", request)
	}
	return sighting{}, errors.New("no request waits for an answer")
}
