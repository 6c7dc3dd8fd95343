package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// minutes is a flag that takes a number of minutes or a duration such as 8h.
type minutes int

// String is the number as it is typed.
func (m *minutes) String() string {
	if *m == 0 {
		return ""
	}
	return strconv.Itoa(int(*m))
}

// Set parses the flag.
func (m *minutes) Set(text string) error {
	n, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) {
		n, err = math.MaxInt32, nil
	}
	if d, durationErr := time.ParseDuration(text); err != nil && durationErr == nil && d%time.Minute == 0 {
		n, err = int(d/time.Minute), nil
	}
	if err != nil {
		return errors.New("write whole minutes, such as 90, or with a unit, such as 8h or 1h30m")
	}
	// What is out of every range is left to the server, which names the range; 0
	// would mean that nothing was given.
	if n = min(n, math.MaxInt32); n <= 0 {
		n = -1
	}
	*m = minutes(n)
	return nil
}

// Type names the value in --help.
func (m *minutes) Type() string { return "minutes" }

// wholeSeconds is a flag that takes a number of seconds or a duration such as 2m.
type wholeSeconds int

// String is the number as it is typed.
func (s *wholeSeconds) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.Itoa(int(*s))
}

// Set parses the flag.
func (s *wholeSeconds) Set(text string) error {
	n, err := strconv.Atoi(text)
	if errors.Is(err, strconv.ErrRange) {
		n, err = math.MaxInt32, nil
	}
	if d, durationErr := time.ParseDuration(text); err != nil && durationErr == nil && d%time.Second == 0 {
		n, err = int(d/time.Second), nil
	}
	if err != nil {
		return errors.New("write whole seconds, such as 90, or with a unit, such as 90s or 2m")
	}
	*s = wholeSeconds(min(n, math.MaxInt32)) // the server names the range
	return nil
}

// Type names the value in --help.
func (s *wholeSeconds) Type() string { return "seconds" }

// start is a flag that takes a moment, or a distance from now.
type start struct {
	text string
	at   time.Time
	in   time.Duration
}

// String is the flag as it was typed.
func (s *start) String() string { return s.text }

// Set parses the flag.
func (s *start) Set(text string) (err error) {
	if after, ok := strings.CutPrefix(text, "+"); ok {
		s.in, err = time.ParseDuration(after)
		if s.in < 0 {
			err = errors.New("it lies in the past")
		}
	} else {
		s.at, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		return errors.New("write a moment such as 2026-09-01T08:00:00+02:00, or a distance from now such as +2h")
	}
	s.text = text
	return nil
}

// Type names the value in --help.
func (s *start) Type() string { return "time" }

// from is the moment; nil when the flag was not given.
func (s *start) from(now time.Time) *time.Time {
	switch {
	case s.text == "":
		return nil
	case s.in > 0:
		at := now.Add(s.in)
		return &at
	case s.at.IsZero():
		return nil // +0s
	}
	return &s.at
}

// since is a flag that takes a moment in the past, a day, or how long ago that is.
type since struct {
	text string
	at   time.Time
	ago  time.Duration
}

// String is the flag as it was typed.
func (s *since) String() string { return s.text }

// Set parses the flag.
func (s *since) Set(text string) error {
	var err error
	if s.at, err = time.Parse(time.RFC3339, text); err != nil {
		s.at, err = time.ParseInLocation(time.DateOnly, text, time.Local)
	}
	if err != nil {
		s.ago, err = time.ParseDuration(text)
	}
	if err != nil || s.ago < 0 {
		return errors.New("write a moment such as 2026-09-01T08:00:00+02:00, a day such as 2026-09-01, or how long ago, such as 24h")
	}
	s.text = text
	return nil
}

// Type names the value in --help.
func (s *since) Type() string { return "time" }

// from is the moment; zero when the flag was not given.
func (s *since) from(now time.Time) time.Time {
	if s.text != "" && s.at.IsZero() {
		return now.Add(-s.ago)
	}
	return s.at
}

// oneOf is a flag that takes one of a few words.
type oneOf struct {
	value string
	words []string
}

// String is the word.
func (o *oneOf) String() string { return o.value }

// Set parses the flag.
func (o *oneOf) Set(text string) error {
	for _, w := range o.words {
		if strings.EqualFold(w, text) {
			o.value = w
			return nil
		}
	}
	return fmt.Errorf("use one of: %s", strings.Join(o.words, ", "))
}

// Type names the value in --help.
func (o *oneOf) Type() string { return strings.Join(o.words, "|") }

// given is the value of a flag, or nil if it was not given.
func given[T any](cmd *cobra.Command, flag string, value T) *T {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return &value
}

// noEntries is the word that empties a list.
const noEntries = "none"

// entries are the values of a flag that gives a list, which may be empty.
func entries(values []string) []string {
	return slices.DeleteFunc(array(values), func(v string) bool { return v == noEntries })
}

// notChanges are the flags that say where and how, not what to change.
func notChanges() []string { return []string{"tenant", "json", "config", "data"} }

// someChange refuses an update without any change.
func someChange(cmd *cobra.Command) error {
	changes := cmd.Flags().NFlag()
	for _, name := range notChanges() {
		if cmd.Flags().Changed(name) {
			changes--
		}
	}
	if changes == 0 {
		return misused("nothing to change was given")
	}
	return nil
}
