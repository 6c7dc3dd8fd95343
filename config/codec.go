package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// codec puts a value, as text, into its field and takes it out again as what a
// reader of YAML or JSON expects: a string or a list of strings. An error of
// set is the remedy that the person reads.
type codec struct {
	set    func(*Config, string) error
	get    func(*Config) any
	isList bool
}

func text(field func(*Config) *string) codec {
	return codec{
		set: func(c *Config, v string) error { *field(c) = v; return nil },
		get: func(c *Config) any { return *field(c) },
	}
}

func secret(field func(*Config) *Secret) codec {
	return codec{
		set: func(c *Config, v string) error { *field(c) = NewSecret(v); return nil },
		get: func(c *Config) any { return field(c).String() },
	}
}

func list(field func(*Config) *[]string) codec {
	return codec{
		isList: true,
		set:    func(c *Config, v string) error { *field(c) = entries(v); return nil },
		get:    func(c *Config) any { return append([]string{}, *field(c)...) },
	}
}

// networks is a list of networks in CIDR notation.
func networks(field func(*Config) *[]netip.Prefix) codec {
	return codec{
		isList: true,
		set: func(c *Config, v string) error {
			*field(c) = nil
			for _, entry := range entries(v) {
				p, err := netip.ParsePrefix(entry)
				switch {
				case err != nil || p.Addr().Is4In6():
					return errors.New("has an entry that is no network: write each in CIDR notation, such as 10.0.0.0/8, or 10.0.0.5/32 for one address")
				case p != p.Masked():
					return errors.New("has an entry with more than a network: write " + p.Masked().String() + " in place of " + entry)
				}
				*field(c) = append(*field(c), p)
			}
			return nil
		},
		get: func(c *Config) any {
			texts := []string{}
			for _, p := range *field(c) {
				texts = append(texts, p.String())
			}
			return texts
		},
	}
}

// entries are the parts of a list, which commas separate.
func entries(v string) []string {
	if v == "" {
		return nil
	}
	var all []string
	for entry := range strings.SplitSeq(v, ",") {
		all = append(all, strings.TrimSpace(entry))
	}
	return all
}

func duration(field func(*Config) *time.Duration) codec {
	return codec{
		set: func(c *Config, v string) error {
			d, err := time.ParseDuration(v)
			if err != nil {
				return errors.New("is not a duration: write a number with its unit, such as 10s")
			}
			*field(c) = d
			return nil
		},
		get: func(c *Config) any { return field(c).String() },
	}
}

func level(field func(*Config) *slog.Level) codec {
	return codec{
		set: func(c *Config, v string) error {
			i := slices.Index(levelNames(), v)
			if i < 0 {
				return errors.New("is not a log level: use " + oneOf(levelNames()))
			}
			*field(c) = levels[i]
			return nil
		},
		get: func(c *Config) any { return levelName(*field(c)) },
	}
}

// levels and formats are all that may be chosen.
var (
	levels  = [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	formats = [...]string{"json", "text"}
)

func levelName(l slog.Level) string { return strings.ToLower(l.String()) }

func levelNames() []string {
	var names []string
	for _, l := range levels {
		names = append(names, levelName(l))
	}
	return names
}

// oneOf joins the values a key may have: "debug, info, warn or error".
func oneOf(values []string) string {
	last := len(values) - 1
	return strings.Join(values[:last], ", ") + " or " + values[last]
}
