package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/config"
)

// The exit codes.
const (
	exitOK      = 0
	exitFailure = 1 // the command was right and did not succeed
	exitUsage   = 2 // the command line is wrong; nothing was tried
)

// cli is one run of the program.
type cli struct {
	stdout, stderr io.Writer
	env            []string
	now            func() time.Time

	// Flags that many commands have.
	configFile string
	json       bool
	tenant     string
}

// run is the whole program; it answers with the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, env []string) int {
	c := &cli{stdout: stdout, stderr: stderr, env: env, now: time.Now}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	adopt(root)
	markFailures(root)
	cmd, err := root.ExecuteContextC(ctx)
	return c.exit(cmd, err)
}

// exit tells of an error, a line each, and picks the exit code.
func (c *cli) exit(cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	code, hint := exitUsage, fmt.Sprintf(" Run '%s --help'.", cmd.CommandPath())
	if errors.As(err, new(failure)) {
		code, hint = exitFailure, ""
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	text := strings.TrimSpace(err.Error())
	if hint != "" && !strings.HasSuffix(text, "?") {
		text = strings.TrimSuffix(text, ".") + "."
	}
	for line := range strings.Lines(text + hint) {
		fmt.Fprintln(c.stderr, "latchkey: "+printable(strings.TrimRight(line, "\n")))
	}
	return code
}

// failure is an error of a command that was understood. All others are about
// the command line.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// misuse is a mistake in the command line that a command finds itself.
type misuse struct{ error }

func misused(format string, args ...any) error { return misuse{fmt.Errorf(format, args...)} }

// root is the tree of all commands.
func (c *cli) root() *cobra.Command {
	root := c.group("latchkey", "Sign people in, with a Temporary Access Pass when they have nothing else yet",
		c.demoCommand(), c.initCommand(), c.serveCommand(), c.configCommand(),
		c.tenantCommand(), c.domainCommand(), c.federationCommand(), c.partnerCommand(), c.userCommand(), c.guestCommand(), c.groupCommand(), c.roleCommand(), c.clientCommand(),
		c.apiCommand(), c.registrationTokenCommand(), c.policyCommand(), c.passCommand(), c.passkeyCommand(), c.authenticatorCommand(), c.passwordCommand(), c.deviceCommand(),
		c.explainCommand(), c.reportCommand(), c.doctorCommand(),
		c.keysCommand(), c.eventsCommand(), c.mailCommand(), c.auditCommand(), c.backupCommand(), c.versionCommand())
	root.Long = root.Short + ".\n\nTo look around, run 'latchkey demo'. To begin for good: 'latchkey init', then 'latchkey serve';\nall other commands act on the server that runs on the same data directory."
	root.SilenceUsage, root.SilenceErrors = true, true
	root.SetFlagErrorFunc(flagError)
	root.PersistentPreRunE = checkFlagGroups
	return root
}

// group is a command that only holds others.
func (c *cli) group(use, short string, subs ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Example: subs[0].Example}
	onlyHolds(g)
	g.AddCommand(subs...)
	return g
}

// markFailures tells errors of a command apart from those of cobra, which are
// about the command line.
func markFailures(cmd *cobra.Command) {
	if inner := cmd.RunE; inner != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			err := inner(cmd, args)
			if err == nil || errors.As(err, new(misuse)) {
				return err
			}
			return failure{err}
		}
	}
	for _, sub := range cmd.Commands() {
		markFailures(sub)
	}
}

// wants expects exactly the named arguments.
func wants(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return misused("%q is one argument too many", args[len(names)])
		}
		if len(args) < len(names) {
			return misused("%s is missing", strings.Join(names[len(args):], " "))
		}
		if i := slices.Index(args, ""); i >= 0 {
			return misused("%s is empty", names[i])
		}
		return nil
	}
}

func noArgs(cmd *cobra.Command, args []string) error { return wants()(cmd, args) }

// settings adds flags for the named settings, or for all of them, and --config.
func (c *cli) settings(cmd *cobra.Command, names ...string) *cobra.Command {
	cmd.Flags().StringVar(&c.configFile, "config", "", "YAML file of settings (default: "+config.DefaultFile+", if there is one)")
	for _, k := range config.Keys() {
		if k.Flag() != "" && (len(names) == 0 || slices.Contains(names, k.Name)) {
			cmd.Flags().String(k.Flag(), k.Default, k.Description)
		}
	}
	return cmd
}

// load reads the configuration, with the flags that were given on top.
func (c *cli) load(cmd *cobra.Command, serve bool) (config.Config, error) {
	given := map[string]string{}
	for _, k := range config.Keys() {
		if f := cmd.Flags().Lookup(k.Flag()); f != nil && f.Changed && k.Flag() != "" {
			given[k.Flag()] = f.Value.String()
		}
	}
	return config.Load(config.Sources{File: c.configFile, Env: c.env, Flags: given, Serve: serve})
}

// withJSON adds --json.
func (c *cli) withJSON(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&c.json, "json", false, "write JSON, for programs")
	return cmd
}
