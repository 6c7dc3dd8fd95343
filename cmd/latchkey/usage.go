package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// adopt gives the commands that cobra adds, help and completion, the manners of
// the others. The output must be set: completion keeps it.
func adopt(root *cobra.Command) {
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if !cmd.Runnable() {
			onlyHolds(cmd)
		}
	}
}

// helpCommand is "help": cobra's own takes a typing error for a question.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Show the help of a command",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return misuse{err}
			}
			if len(rest) > 0 {
				return noCommand(about, rest[0])
			}
			about.InitDefaultHelpFlag() // Execute does it only for the command that runs
			return about.Help()
		},
	}
}

// onlyHolds makes a command one that only holds others.
func onlyHolds(g *cobra.Command) {
	g.Args, g.SuggestionsMinimumDistance = cobra.ArbitraryArgs, 2
	g.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return noCommand(cmd, args[0])
	}
}

func noCommand(parent *cobra.Command, name string) error {
	return misused("%q is no command of '%s'%s", name, parent.CommandPath(), didYouMean(parent.SuggestionsFor(name)))
}

func didYouMean(near []string) string {
	if len(near) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(near, " or ") + "?"
}

// flagError says what the flag may have been meant to be, or what it takes.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return fmt.Errorf("%w%s", err, didYouMean(nearFlags(cmd, unknown.GetSpecifiedName())))
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok && errors.As(err, new(*strconv.NumError)) {
		f := invalid.GetFlag()
		return fmt.Errorf("invalid argument %q for \"--%s\" flag: write %s", invalid.GetValue(), f.Name, taken(f))
	}
	return err
}

// taken is what a flag of pflag's own types takes.
func taken(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "true or false"
	case "uint16":
		return "a number from 0 to 65535"
	}
	return "a whole number"
}

func nearFlags(cmd *cobra.Command, name string) []string {
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return near(names, "--"+name)
}

// near measures likeness as cobra does for commands; words have no spaces.
func near(words []string, word string) []string {
	all := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, w := range words {
		all.AddCommand(&cobra.Command{Use: w, Run: func(*cobra.Command, []string) {}})
	}
	return all.SuggestionsFor(word)
}

// The errors of cobra about flags that exclude or need each other.
var (
	allSet = regexp.MustCompile(`; \[(.+)\] were all set$`)
	unset  = regexp.MustCompile(`they must all be set; missing \[(.+)\]$`)
)

// checkFlagGroups is cobra's check, which comes later, in plain words.
func checkFlagGroups(cmd *cobra.Command, _ []string) error {
	err := cmd.ValidateFlagGroups()
	if err == nil {
		return nil
	}
	if m := allSet.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("%s cannot be given together", flagNames(m[1]))
	}
	if m := unset.FindStringSubmatch(err.Error()); m != nil {
		return fmt.Errorf("%s must be given as well", flagNames(m[1]))
	}
	return err
}

// flagNames writes names apart by spaces as flags.
func flagNames(names string) string {
	return "--" + strings.Join(strings.Fields(names), " and --")
}
