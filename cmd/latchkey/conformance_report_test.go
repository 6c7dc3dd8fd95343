//go:build conformance

package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// conformanceRun is all that was run.
type conformanceRun struct {
	Version string // of the suite
	Day     time.Time
	Plans   []planResult
}

type planResult struct {
	Plan    conformancePlan
	Modules []moduleResult
}

// moduleResult is what became of one module.
type moduleResult struct {
	Module   suiteModule
	Result   string // PASSED, REVIEW, SKIPPED, WARNING or FAILED
	Reason   string // of a skip
	Page     string // where the suite shows its log
	Took     time.Duration
	Findings []finding
}

// finding is a condition that was not met.
type finding struct {
	Result   string // FAILURE or WARNING
	Src, Msg string
	Why      string // why it is all right, "" if it is not
}

// with adds a failure that the driver saw.
func (r moduleResult) with(src, msg string) moduleResult {
	r.Findings = append(r.Findings, finding{Result: "FAILURE", Src: src, Msg: msg})
	return r
}

// settled tells whether nothing is left to explain.
func (r moduleResult) settled() bool {
	for _, f := range r.Findings {
		if f.Why == "" {
			return false
		}
	}
	return true
}

// lines are what the terminal shows of a module.
func (r moduleResult) lines() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-8s %5.1fs %s", r.Result, r.Took.Seconds(), r.Module.label())
	if r.Reason != "" {
		fmt.Fprintf(&b, ": %s", r.Reason)
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n           %s %s: %s", f.Result, f.Src, f.Msg)
		if f.Why != "" {
			fmt.Fprintf(&b, " (explained: %s)", f.Why)
		}
	}
	if !r.settled() && r.Page != "" {
		fmt.Fprintf(&b, "\n           %s", r.Page)
	}
	return b.String()
}

// count is how many modules had a result.
func (p planResult) count(result string) int { return len(p.with(result)) }

func (p planResult) with(result string) []moduleResult {
	var out []moduleResult
	for _, m := range p.Modules {
		if m.Result == result {
			out = append(out, m)
		}
	}
	return out
}

// line sums a plan up.
func (p planResult) line() string {
	skipped := ""
	if names := p.alike("SKIPPED", moduleResult.name); len(names) > 0 {
		skipped = " (" + strings.Join(names, ", ") + ")"
	}
	return fmt.Sprintf("%s: %d run, %d passed, %d review, %d skipped%s, %d warnings, %d failed",
		p.Plan.Name, len(p.Modules), p.count("PASSED"), p.count("REVIEW"), p.count("SKIPPED"), skipped, p.count("WARNING"), p.count("FAILED"))
}

func (r moduleResult) name() string { return r.Module.Name }

// alike lists the modules with a result; those of which the same is to be told are
// one, with their number.
func (p planResult) alike(result string, told func(moduleResult) string) []string {
	var out []string
	times := map[string]int{}
	for _, m := range p.with(result) {
		s := told(m)
		if times[s]++; times[s] == 1 {
			out = append(out, s)
		}
	}
	for i, s := range out {
		if n := times[s]; n > 1 {
			out[i] = fmt.Sprintf("%d × %s", n, s)
		}
	}
	return out
}

// write makes the report, unless no file is named for it. What the suite says in its
// own words is for the terminal only.
func (c conformanceRun) write(file string) error {
	if file == "" {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Conformance\n\nWhat the OpenID Foundation's conformance suite %s said on %s. `make conformance SUITE=https://…` runs it again and writes this file.\n\n", c.Version, c.Day.Format(time.DateOnly))
	b.WriteString("| plan | variant | run | passed | review | skipped | warnings | failed |\n|---|---|--:|--:|--:|--:|--:|--:|\n")
	for _, p := range c.Plans {
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | %d | %d |\n", p.Plan.Plan, p.Plan.variant(), len(p.Modules),
			p.count("PASSED"), p.count("REVIEW"), p.count("SKIPPED"), p.count("WARNING"), p.count("FAILED"))
	}
	b.WriteString("\nA module that ends in *review* did what it should as far as a program can tell, and showed a page that a person has to look at.\n")
	c.section(&b, "Skipped", "SKIPPED", moduleResult.name)
	c.section(&b, "For review", "REVIEW", moduleResult.name)
	c.section(&b, "Warnings", "WARNING", moduleResult.told)
	c.section(&b, "Failed", "FAILED", moduleResult.told)
	return os.WriteFile(file, []byte(b.String()), 0o644)
}

// section lists the modules with a result.
func (c conformanceRun) section(b *strings.Builder, title, result string, told func(moduleResult) string) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	none := true
	for _, p := range c.Plans {
		if all := p.alike(result, told); len(all) > 0 {
			none = false
			fmt.Fprintf(b, "- %s: %s\n", p.Plan.Name, strings.Join(all, ", "))
		}
	}
	if none {
		b.WriteString("None.\n")
	}
}

// told is a module and the conditions it found not met, in one line.
func (r moduleResult) told() string {
	var out []string
	for _, f := range r.Findings {
		s := f.Src
		if s == driver {
			s += ": " + f.Msg
		}
		if f.Why != "" {
			s += " (" + f.Why + ")"
		}
		out = append(out, s)
	}
	return r.Module.label() + ": " + strings.Join(out, "; ")
}
