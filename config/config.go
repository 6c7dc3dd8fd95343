// Package config is everything an operator can set, as one struct.
//
// Values come from five layers, the later winning: the default, the YAML file,
// the environment (LATCHKEY_LOG_LEVEL for log.level), a file that the
// environment names (LATCHKEY_PEPPER_FILE for pepper), a flag (--log-level).
// Every key stands once, in the table of keys.go; the names of its variable and
// its flag follow from its own.
//
// Decoding is strict: an unknown key, an unknown LATCHKEY_ variable and a bad
// value are errors, and all of them are reported at once, each with its key,
// where it came from and what to write instead. A secret's value appears in no
// error, no output and no log. The package imports nothing else of Latchkey.
package config

import (
	"log/slog"
	"time"
)

// DefaultFile is read from the working directory when no file is named. Unlike
// a named file it may be missing.
const DefaultFile = "latchkey.yaml"

// Config is the effective configuration. Its zero value is not usable: start
// from Defaults or Load. Paths are relative to the working directory.
type Config struct {
	BaseURL       string // scheme://host[:port] of every issuer and link, without a slash at its end
	Listen        string // host:port of the public listener
	MetricsListen string // host:port of /metrics and /healthz; empty = off
	Data          string // directory of the store, the socket and the pepper
	Pepper        Secret // base64url; empty = read it from PepperFile in Data
	TLS           TLS
	// TrustedProxy names the reverse proxies that terminate TLS before
	// Latchkey: addresses, networks in CIDR notation, or host names.
	TrustedProxy []string
	Outbound     Outbound
	Passkeys     Passkeys
	// DNSServer is host:port of the server that is asked whether a domain is a tenant's; empty:
	// the system's.
	DNSServer string
	// BreachedPasswords is the path of a list of hashes of passwords that are known to
	// others, ascending; empty = new passwords are not looked up.
	BreachedPasswords string
	SMTP              SMTP
	Log               Log
	ShutdownTimeout   time.Duration // how long running requests may take to finish

	sources map[string]string // key name → where its value came from; absent = default
}

// TLS holds the paths of the certificate chain and its private key, in PEM.
// Both or none are set; none = plain HTTP.
type TLS struct {
	Certificate string
	Key         string
}

// Log says what is logged and how.
type Log struct {
	Level  slog.Level
	Format string // "json" or "text"
}

// Enabled reports whether the public listener speaks TLS itself.
func (t TLS) Enabled() bool { return t.Certificate != "" && t.Key != "" }

// Defaults returns the configuration of somebody who set nothing.
func Defaults() Config {
	var c Config
	for _, k := range Keys() {
		if err := k.set(&c, k.Default); err != nil {
			panic("config: the default of " + k.Name + " is refused: " + err.Error())
		}
	}
	return c
}

// Source says where the value of the named key came from: "default",
// "file latchkey.yaml", "environment LATCHKEY_LISTEN", "flag --listen".
func (c Config) Source(key string) string {
	if s, ok := c.sources[key]; ok {
		return s
	}
	return "default"
}
