package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Key     string `json:"key"`             // the key as it was written; empty if a whole file is at fault
	Source  string `json:"source"`          // where it came from, as Config.Source says it
	Value   string `json:"value,omitempty"` // the bad value, quoted; empty for a secret
	Message string `json:"message"`         // what is wrong and what to write instead
}

// ofWholeFile reports whether a file could not be read at all.
func (p Problem) ofWholeFile() bool { return p.Key == "" }

// String is the problem in one line.
func (p Problem) String() string {
	var words []string
	if p.Key != "" {
		words = append(words, p.Key+":")
	}
	if p.Value != "" {
		words = append(words, p.Value)
	}
	return strings.Join(append(words, "("+p.Source+")", p.Message), " ")
}

// Problems is the error of Load and Validate: everything that is wrong.
type Problems []Problem

// Error has one line a problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// err is nil if there are no problems: a nil Problems inside an error is not.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// problem describes a bad value of k.
func (k Key) problem(source string, value any, message string) Problem {
	p := Problem{Key: k.Name, Source: source, Message: message}
	if !k.Secret {
		p.Value = quote(value)
	}
	return p
}

// quote keeps a value on one line and short enough to read.
func quote(value any) string {
	const longest = 80
	text := fmt.Sprint(value)
	if list, ok := value.([]string); ok {
		text = strings.Join(list, ",")
	}
	if r := []rune(text); len(r) > longest {
		return strconv.Quote(string(r[:longest])) + "…"
	}
	return strconv.Quote(text)
}
