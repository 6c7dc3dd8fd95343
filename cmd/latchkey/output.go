package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// printer gathers what a person reads. Everything passes printable, since names
// and browsers' descriptions come from strangers and may hold the control
// characters of terminals.
type printer struct {
	bytes.Buffer
	now time.Time
}

// show writes value as JSON if that was asked for, else what human prints.
func (c *cli) show(value any, human func(*printer)) error {
	p := &printer{now: c.now()}
	if c.json {
		e := json.NewEncoder(p)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(value); err != nil {
			return err
		}
	} else {
		human(p)
	}
	_, err := p.WriteTo(c.stdout)
	return err
}

func (p *printer) line(format string, args ...any) {
	p.WriteString(printable(fmt.Sprintf(format, args...)) + "\n")
}

// secret prints what must be copied now, apart from all else.
func (p *printer) secret(label, value string) {
	p.line("%s", label)
	p.line("")
	p.line("    %s", value)
	p.line("")
}

// table prints rows in columns, or none when there are no rows.
func (p *printer) table(none string, head []string, rows [][]string) {
	if len(rows) == 0 {
		p.line("%s", none)
		return
	}
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	_ = w.Flush() // a buffer takes all
	for l := range strings.Lines(b.String()) {
		p.WriteString(strings.TrimRight(l, " \n") + "\n")
	}
}

// fields prints names and values in two columns and leaves out empty values.
func (p *printer) fields(pairs ...string) {
	width := 0
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			width = max(width, len(pairs[i]))
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			p.line("%-*s  %s", width, pairs[i], pairs[i+1])
		}
	}
}

// when is a time in the zone of whoever reads it, and how far away it is; ""
// for none.
func (p *printer) when(t *time.Time) string {
	if t == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", t.Local().Format("2006-01-02 15:04 MST"), distance(t.Sub(p.now)))
}

// distance says how far away something is: "in 59 min", "3 days ago".
func distance(d time.Duration) string {
	// A moment passes between the making of a time and its showing.
	text := span(d.Abs() + time.Second/2)
	switch {
	case text == "0 s":
		return "now"
	case d < 0:
		return text + " ago"
	}
	return "in " + text
}

// span is a duration in the largest unit or two that people use for it.
func span(d time.Duration) string {
	minutes := int(d / time.Minute)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d/time.Second))
	case d < time.Hour:
		return fmt.Sprintf("%d min", minutes)
	case d < 48*time.Hour && minutes%60 == 0:
		return fmt.Sprintf("%d h", minutes/60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	}
	return fmt.Sprintf("%d days", minutes/60/24)
}

// minutesSpan is a number of minutes as span writes it.
func minutesSpan(n int) string { return span(time.Duration(n) * time.Minute) }

// numberOf is a number of things, whose word takes an s.
func numberOf(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func joined(values []string) string { return strings.Join(values, ", ") }

// printable replaces what would not show as itself.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsGraphic(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

func characters(n int) string { return fmt.Sprintf("%d characters", n) }
