package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what is known of this program.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionInfo() build {
	b := build{Version: version, Commit: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Commit = s.Value
		}
	}
	return b
}

func (c *cli) versionCommand() *cobra.Command {
	return c.withJSON(&cobra.Command{
		Use: "version", Short: "Tell which Latchkey this is",
		Example: "  latchkey version --json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			b := versionInfo()
			return c.show(b, func(p *printer) {
				p.line("latchkey %s (commit %s, %s, %s)", b.Version, b.Commit, b.Go, b.Platform)
			})
		},
	})
}

// String is the version in one line, for logs.
func (b build) String() string { return fmt.Sprintf("%s (%s)", b.Version, b.Commit) }
