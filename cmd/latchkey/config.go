package main

import (
	"errors"

	"github.com/spf13/cobra"

	"latchkey/config"
)

func (c *cli) configCommand() *cobra.Command {
	return c.group("config", "Check or show the configuration", c.configCheckCommand(), c.configShowCommand())
}

// checked is the outcome of config check.
type checked struct {
	Valid    bool            `json:"valid"`
	Problems config.Problems `json:"problems"`
}

func (c *cli) configCheckCommand() *cobra.Command {
	return c.withJSON(c.settings(&cobra.Command{
		Use: "check", Short: "Say whether the configuration is right, and what is wrong if not",
		Long: `Say whether the configuration is right, and what is wrong if not.

It looks at the settings, how they go together, and the TLS files. Whether the
data directory can be opened, the addresses are free and the names of proxies
can be resolved, shows when the server starts.`,
		Example: "  latchkey config check --config latchkey.yaml",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := c.load(cmd, true)
			var problems config.Problems
			if err != nil && (!c.json || !errors.As(err, &problems)) {
				return err
			}
			out := checked{err == nil, append(config.Problems{}, problems...)}
			return errors.Join(c.show(out, func(p *printer) { p.line("The configuration is right.") }), err)
		},
	}))
}

func (c *cli) configShowCommand() *cobra.Command {
	return c.withJSON(c.settings(&cobra.Command{
		Use: "show", Short: "Show every setting, its value and where that came from",
		Example: "  latchkey config show",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.load(cmd, false)
			if err != nil {
				return err
			}
			if c.json {
				return cfg.ShowJSON(c.stdout)
			}
			return cfg.Show(c.stdout)
		},
	}))
}
