package config

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
)

// Secret is a value that must not be read by accident: printed, marshalled or
// logged it only says whether it is set. The zero value is not set.
type Secret struct {
	// A pointer, since fmt prints the content of unexported fields, without
	// asking their methods, when a Secret lies inside one.
	value *string
}

// NewSecret wraps a value; the empty value counts as not set.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal returns the value, "" if it is not set.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// String is "(set)", or "" for a secret that is not set.
func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return "(set)"
}

// Format hides the value from every verb of fmt.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalText hides the value from JSON and every other text encoding.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML hides the value from YAML.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// PepperFile is the name, inside the data directory, of the file that holds
// the pepper when the configuration does not.
const PepperFile = "pepper"

// pepperBytes is the least a pepper may hold: the key length of HMAC-SHA-256,
// below which guessing the key would be easier than breaking the hash.
const pepperBytes = 32

// DecodePepper returns the bytes of a pepper written in base64url, with or
// without padding. The error never holds the text.
func DecodePepper(text string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, fmt.Errorf("is not base64url: write %d random bytes or more in base64url, or leave it out and run latchkey init", pepperBytes)
	}
	if len(b) < pepperBytes {
		return nil, fmt.Errorf("holds %d bytes: it needs at least %d random ones, in base64url", len(b), pepperBytes)
	}
	return b, nil
}
