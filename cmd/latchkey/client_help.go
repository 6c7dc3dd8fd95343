package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagGroup is a part of the flags of a command that has many.
type flagGroup struct {
	title string
	add   func(fieldFlags)
}

// addGroups adds flags that --help shows apart and in their order, before the
// flags that the command has besides.
func addGroups(cmd *cobra.Command, groups []flagGroup) {
	sets := make([]*pflag.FlagSet, len(groups))
	for i, g := range groups {
		sets[i] = pflag.NewFlagSet(g.title, pflag.ContinueOnError)
		sets[i].SortFlags = false
		g.add(fieldFlags{sets[i]})
		cmd.Flags().AddFlagSet(sets[i])
	}
	cmd.SetUsageFunc(func(cmd *cobra.Command) error { return groupedUsage(cmd, groups, sets) })
}

func groupedUsage(cmd *cobra.Command, groups []flagGroup, sets []*pflag.FlagSet) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n\nExamples:\n%s\n", cmd.UseLine(), cmd.Example)
	rest := pflag.NewFlagSet("", pflag.ContinueOnError)
	rest.AddFlagSet(cmd.LocalFlags())
	for i, g := range groups {
		fmt.Fprintf(&b, "\n%s:\n%s", g.title, sets[i].FlagUsages())
		rest = without(rest, sets[i])
	}
	fmt.Fprintf(&b, "\nOther flags:\n%s", rest.FlagUsages())
	_, err := io.WriteString(cmd.OutOrStderr(), b.String())
	return err
}

// without is a set less the flags of another.
func without(all, some *pflag.FlagSet) *pflag.FlagSet {
	rest := pflag.NewFlagSet("", pflag.ContinueOnError)
	all.VisitAll(func(f *pflag.Flag) {
		if some.Lookup(f.Name) == nil {
			rest.AddFlag(f)
		}
	})
	return rest
}
