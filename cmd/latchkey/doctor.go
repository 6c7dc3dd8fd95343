package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// The results of a check.
const (
	wellResult    = "ok"
	warningResult = "warning"
	failedResult  = "failed"
)

// symptom is what one check of the doctor saw, and what to do about it.
type symptom struct {
	Check  string `json:"check"`
	Result string `json:"result"`
	Seen   string `json:"seen"`
	Hint   string `json:"hint"`
}

func well(check, format string, args ...any) symptom {
	return symptom{Check: check, Result: wellResult, Seen: fmt.Sprintf(format, args...)}
}

func warning(check, format string, args ...any) symptom {
	return symptom{Check: check, Result: warningResult, Seen: fmt.Sprintf(format, args...)}
}

func failed(check, format string, args ...any) symptom {
	return symptom{Check: check, Result: failedResult, Seen: fmt.Sprintf(format, args...)}
}

// hint adds what to do.
func (f symptom) hint(format string, args ...any) symptom {
	f.Hint = fmt.Sprintf(format, args...)
	return f
}

// printable is the symptom as terminals may have it: servers and DNS are strangers.
func (f symptom) printable() symptom {
	f.Seen, f.Hint = printable(f.Seen), printable(f.Hint)
	return f
}

func (c *cli) doctorCommand() *cobra.Command {
	return c.group("doctor", "Look for what is wrong around this deployment", c.doctorMailCommand(), c.doctorFederationCommand())
}

// told shows findings, and is an error when one of them is a failure.
func (c *cli) told(found []symptom, about string) error {
	found = each(found, symptom.printable)
	if err := c.show(found, func(p *printer) { showFindings(p, found) }); err != nil {
		return err
	}
	bad := 0
	for _, f := range found {
		if f.Result == failedResult {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%s: %d of %d checks failed", about, bad, len(found))
	}
	return nil
}

func showFindings(p *printer, found []symptom) {
	for _, f := range found {
		p.line("%-7s  %-8s  %s", f.Result, f.Check, f.Seen)
		if f.Hint != "" {
			p.line("%19s%s", "", f.Hint)
		}
	}
}
