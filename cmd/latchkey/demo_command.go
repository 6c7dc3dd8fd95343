package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"
)

func (c *cli) demoCommand() *cobra.Command {
	var o demoOptions
	cmd := &cobra.Command{
		Use: "demo", Short: "Try Latchkey: two organizations, people with passes, and an app to sign in to",
		Long: `Try Latchkey with nothing else set up: two organizations, people with passes, and
a small app to sign in to. It prints the address to open and what to try, and
serves until it is interrupted. Started again on the same data it is the same
demo; passes that are over are replaced.

Mail goes out by SMTP to a server of the demo's own, which passes nothing on. Its
inbox shows the newest 200 mails in the browser, and at /messages as JSON, until
the demo is stopped.

The demo keeps passes and secrets in its data directory, readable by its owner.
It is for looking around; a deployment begins with 'latchkey init'.`,
		Example: `  latchkey demo
  latchkey demo --tls --listen localhost:9443
  latchkey demo --listen localhost:0 --app-listen 127.0.0.1:0 \
    --inbox-listen 127.0.0.1:0 --metrics-listen localhost:0 --json demo.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.demo(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "localhost:9400", "host:port to serve on; port 0 takes any free one")
	f.StringVar(&o.AppListen, "app-listen", "127.0.0.1:9401", "host:port of the demo's app")
	f.StringVar(&o.InboxListen, "inbox-listen", "127.0.0.1:9402", "host:port of the inbox, which shows the mail that was sent")
	f.StringVar(&o.MetricsListen, "metrics-listen", "localhost:9490", "host:port of /metrics and /healthz; empty turns them off")
	f.StringVar(&o.Data, "data", "./latchkey-demo", "directory of the demo's data, made if it is missing")
	f.StringVar(&o.JSON, "json", "", "file to write addresses, clients, users and passes to, once all is ready")
	f.BoolVar(&o.TLS, "tls", false, "make a self-signed certificate and serve https")
	return cmd
}

func (c *cli) demo(ctx context.Context, o demoOptions) error {
	// What the person should read is the greeting; only faults join it.
	log := slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	d, err := openDemo(ctx, o, log)
	if err != nil {
		return err
	}
	greet(c.stdout, demoPlaces{app: d.appURL, inbox: d.inboxURL, base: d.server.Config.BaseURL}, d.world)
	return d.wait(ctx)
}
