package config

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Setting is one key with its effective value, as it may be shown: the value of
// a secret is "(set)" or "".
type Setting struct {
	Key    string `json:"key"`
	Value  any    `json:"value"` // a string or a list of strings
	Source string `json:"source"`
}

// Settings returns the effective configuration in the order of Keys.
func (c Config) Settings() []Setting {
	var all []Setting
	for _, k := range Keys() {
		all = append(all, Setting{k.Name, k.get(&c), c.Source(k.Name)})
	}
	return all
}

// Show writes the effective configuration as YAML, with the source of each
// value behind it. Without a pepper in it the output is a file that Load reads.
func (c Config) Show(w io.Writer) error {
	var b strings.Builder
	section := ""
	for _, s := range c.Settings() {
		name, indent := s.Key, ""
		if i := strings.LastIndex(name, "."); i >= 0 {
			if section != name[:i] {
				section = name[:i]
				fmt.Fprintf(&b, "%s:\n", section)
			}
			name, indent = name[i+1:], "  "
		}
		v, err := inYAML(s.Value)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s%s: %s # %s\n", indent, name, v, s.Source)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ShowJSON writes the effective configuration as a JSON array of Setting.
func (c Config) ShowJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(c.Settings())
}

// inYAML writes a value on one line. JSON's strings and lists are YAML's too.
func inYAML(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSpace(b.String()), err
}
