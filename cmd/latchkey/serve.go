package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"latchkey/config"
)

func (c *cli) serveCommand() *cobra.Command {
	return c.settings(&cobra.Command{
		Use: "serve", Short: "Serve until interrupted",
		Long: "Serve until interrupted (SIGINT or SIGTERM). Requests that run then may end within shutdown_timeout.\n" +
			"Renewed certificate files are taken over within seconds, or at once on SIGHUP.",
		Example: "  latchkey init --data ./latchkey-data\n  latchkey serve --data ./latchkey-data --base-url http://localhost:9400",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(cmd, true)
			if err != nil {
				return err
			}
			s, err := openServer(cfg, newLogger(cfg.Log, c.stderr))
			if err != nil {
				return err
			}
			return s.run(cmd.Context())
		},
	})
}

// run starts a server that was opened and waits for its end.
func (s *server) run(ctx context.Context) error {
	signal.Notify(s.hangUp, syscall.SIGHUP)
	defer signal.Stop(s.hangUp)
	if err := s.Start(); err != nil {
		_ = s.Close() // the first error is the one to tell
		return err
	}
	s.Log.Info("serving", "base_url", s.Config.BaseURL, "listen", s.address(), "metrics", s.metricsURL(),
		"data", s.Config.Data, "pid", os.Getpid(), "version", versionInfo().String())
	return s.Wait(ctx)
}

// newLogger writes lines as configured.
func newLogger(cfg config.Log, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.Level}
	if cfg.Format == "text" {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}
