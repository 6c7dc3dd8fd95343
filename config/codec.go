package config

import (
	"errors"
	"log/slog"
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
		set: func(c *Config, v string) error {
			*field(c) = nil
			if v == "" {
				return nil
			}
			for entry := range strings.SplitSeq(v, ",") {
				*field(c) = append(*field(c), strings.TrimSpace(entry))
			}
			return nil
		},
		get: func(c *Config) any { return append([]string{}, *field(c)...) },
	}
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
