package main

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/spf13/pflag"
)

// fieldFlags declares flags that fill the fields of a change: a field stays nil
// unless its flag is given. The word none empties a text or a list.
type fieldFlags struct{ *pflag.FlagSet }

// optional is a flag for one value.
type optional[T any] struct {
	to    **T
	kind  string // in --help
	parse func(string) (T, error)
}

// String is empty: there is no default.
func (o *optional[T]) String() string { return "" }

// Type names the value in --help.
func (o *optional[T]) Type() string { return o.kind }

// Set parses the flag.
func (o *optional[T]) Set(text string) error {
	v, err := o.parse(text)
	if err == nil {
		*o.to = &v
	}
	return err
}

func (s fieldFlags) text(to **string, name, usage string) {
	s.Var(&optional[string]{to, "text", orNone}, name, usage)
}

// name is --name, which none does not empty.
func (s fieldFlags) name(to **string, usage string) {
	s.Var(&optional[string]{to, "text", func(text string) (string, error) { return text, nil }}, "name", usage)
}

func (s fieldFlags) yes(to **bool, name, usage string) {
	s.VarPF(&optional[bool]{to, "bool", strconv.ParseBool}, name, "", usage).NoOptDefVal = "true"
}

func (s fieldFlags) seconds(to **int, name, usage string) {
	s.Var(&optional[int]{to, "seconds", seconds}, name, usage)
}

// word is a flag for one of a few words; empty is the one that is kept as "".
func (s fieldFlags) word(to **string, name, usage, empty string, words ...string) {
	s.Var(&optional[string]{to, (&oneOf{words: words}).Type(), func(text string) (string, error) {
		o := oneOf{words: words}
		if err := o.Set(text); err != nil || o.value == empty {
			return "", err
		}
		return o.value, nil
	}}, name, usage)
}

func (s fieldFlags) list(to **[]string, name, usage string) {
	s.listOf(to, func(v string) string { return v }, name, usage)
}

// listOf is list for values that are kept in another form than they are typed in.
func (s fieldFlags) listOf(to **[]string, kept func(string) string, name, usage string) {
	s.checked(to, func(v string) (string, error) { return kept(v), nil }, name, usage)
}

// checked is listOf for values of which some cannot be kept.
func (s fieldFlags) checked(to **[]string, kept func(string) (string, error), name, usage string) {
	s.Var(&repeated{to, kept}, name, usage)
}

// repeated is a flag that adds to a list each time.
type repeated struct {
	to   **[]string
	kept func(string) (string, error)
}

// String is empty: there is no default.
func (r *repeated) String() string { return "" }

// Type names the value in --help.
func (r *repeated) Type() string { return "text" }

// Set adds one value.
func (r *repeated) Set(text string) error {
	kept, err := r.kept(text)
	if err != nil {
		return err
	}
	if *r.to == nil {
		*r.to = &[]string{}
	}
	if kept != noEntries {
		**r.to = append(**r.to, kept)
	}
	return nil
}

// orNone is a text, which none empties.
func orNone(text string) (string, error) {
	switch text {
	case "": // as by an unset variable of a script
		return "", errors.New("it is empty: write none to clear it")
	case noEntries:
		return "", nil
	}
	return text, nil
}

// seconds parses a number of seconds or a duration such as 8h; none is 0.
func seconds(text string) (int, error) {
	if text == noEntries {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if d, durationErr := time.ParseDuration(text); err != nil && durationErr == nil && d%time.Second == 0 {
		n, err = int64(d/time.Second), nil
	}
	if err != nil || n < 1 || n > math.MaxInt32 {
		return 0, errors.New("write whole seconds, such as 3600, or with a unit, such as 1h, or none")
	}
	return int(n), nil
}
