package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/device"
)

const (
	watchWait  = 25 * time.Second // how long a server may hold an answer
	watchPause = time.Second      // between two questions
	watchAgain = 5 * time.Second  // after a server could not be reached
)

// requestView is a request as it is shown. It has no number: that is on the page that asks.
type requestView struct {
	ID           string    `json:"id"`
	Account      string    `json:"account"`
	Tenant       string    `json:"tenant"`
	DeviceID     string    `json:"device_id"`
	Purpose      string    `json:"purpose"`
	App          string    `json:"app"`    // empty: not told
	Origin       string    `json:"origin"` // likewise, as all that follows
	IP           string    `json:"ip"`
	Browser      string    `json:"browser"`
	OS           string    `json:"os"`
	KnownBrowser bool      `json:"known_browser"`
	SameNetwork  bool      `json:"same_network"`
	Mode         string    `json:"mode"` // type, scan or pick
	Digits       int       `json:"digits"`
	TriesLeft    int       `json:"tries_left"`
	ExpiresAt    time.Time `json:"expires_at"`
}

func viewRequest(s sighting) requestView {
	return requestView{
		ID: s.ID, Account: s.account.User.Name, Tenant: s.account.Tenant.Name, DeviceID: s.DeviceID, Purpose: s.Purpose,
		App: s.App.Name, Origin: s.App.Origin, IP: s.From.IP, Browser: s.From.Browser, OS: s.From.OS,
		KnownBrowser: s.From.KnownBrowser, SameNetwork: s.From.SameNetwork,
		Mode: s.Ask.Mode, Digits: s.Ask.Digits, TriesLeft: s.TriesLeft, ExpiresAt: s.ExpiresAt().UTC(),
	}
}

func (c *cli) deviceListCommand() *cobra.Command {
	return c.inPocket(&cobra.Command{
		Use: "list", Short: "List the requests that wait for an answer", Example: "  latchkey device list",
	}, func(p *pocket, cmd *cobra.Command) error {
		all, failed := p.pending(cmd.Context())
		if failed != nil && len(all) == 0 {
			return failed
		}
		views := each(all, viewRequest)
		return errors.Join(p.show(views, func(out *printer) { tableRequests(out, views) }), failed)
	})
}

func tableRequests(p *printer, all []requestView) {
	rows := each(all, func(v requestView) []string {
		return []string{v.ID, v.app(), v.from(), v.Account, v.asks(), p.when(&v.ExpiresAt)}
	})
	p.table("No request waits for an answer.", []string{"ID", "APP", "FROM", "ACCOUNT", "ASKS FOR", "ENDS"}, rows)
}

func (v requestView) app() string {
	if v.App == "" {
		return "not told"
	}
	return v.App
}

func (v requestView) from() string {
	from := v.Browser
	if from == "" {
		from = "a browser"
	}
	if v.OS != "" {
		from += " on " + v.OS
	}
	if v.IP != "" {
		from += ", " + v.IP
	}
	if !v.KnownBrowser {
		from += ", not used before"
	}
	return from
}

func (v requestView) asks() string {
	switch v.Mode {
	case device.ModeType:
		return fmt.Sprintf("--number of %d digits", v.Digits)
	case device.ModePick:
		return "--choice"
	}
	return "--" + v.Mode
}

func showRequest(p *printer, v requestView) {
	p.line("%s signs in to %s. Is it you?", v.Account, v.app())
	p.fields("Request", v.ID, "Goes on to", v.Origin, "From", v.from(), "Same network", yesNo(v.SameNetwork), "Asks for", v.asks(),
		"Tries left", fmt.Sprint(v.TriesLeft), "Ends", p.when(&v.ExpiresAt))
}

func (c *cli) deviceWatchCommand() *cobra.Command {
	once := false
	cmd := c.inPocket(&cobra.Command{
		Use: "watch", Short: "Print requests as they come, until interrupted", Example: "  latchkey device watch --once",
	}, func(p *pocket, cmd *cobra.Command) error { return p.watch(cmd.Context(), once) })
	cmd.Flags().BoolVar(&once, "once", false, "end after the first request")
	return cmd
}

// seen is what one account's server said.
type seen struct {
	requests []sighting // that were not there before
	err      error      // the account is not watched any more
}

// watch shows what comes for all accounts, of which each is asked for by itself.
func (p *pocket) watch(ctx context.Context, once bool) error {
	accounts, err := p.accounts()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	news := make(chan seen)
	for _, a := range accounts {
		go p.watchAccount(ctx, a, news)
	}
	var failed []error
	for len(failed) < len(accounts) {
		select {
		case <-ctx.Done(): // which is how it usually ends
			return nil
		case n := <-news:
			if n.err != nil {
				failed = append(failed, n.err)
			}
			if err := p.showSightings(n.requests); err != nil || once && len(n.requests) > 0 {
				return err
			}
		}
	}
	return errors.Join(failed...)
}

func (p *pocket) showSightings(all []sighting) error {
	for _, s := range all {
		v := viewRequest(s)
		if err := p.show(v, func(out *printer) { showRequest(out, v) }); err != nil {
			return err
		}
	}
	return nil
}

// watchAccount tells of requests that it has not told of before. While one waits for an answer,
// a server answers at once; so it is asked no more than once in a while.
func (p *pocket) watchAccount(ctx context.Context, a *device.Account, news chan<- seen) {
	told := map[string]bool{}
	for ctx.Err() == nil {
		got, err := p.client.Challenges(ctx, a, watchWait)
		after, again := mayAsk(err)
		n := seen{}
		if !again {
			n.err = aboutAccount(a, err)
		}
		for _, ch := range got {
			if !told[ch.ID] {
				told[ch.ID] = true
				n.requests = append(n.requests, sighting{a, ch})
			}
		}
		select {
		case news <- n:
		case <-ctx.Done():
		}
		if n.err != nil {
			return
		}
		pause(ctx, after)
	}
}

// mayAsk tells whether it makes sense to ask a server again, and after what time.
func mayAsk(err error) (after time.Duration, again bool) {
	if err == nil {
		return watchPause, true
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return watchAgain, true
	}
	return device.MayRetry(err)
}
