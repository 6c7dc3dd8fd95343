package config

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// envPrefix begins the name of every variable that Load reads.
const envPrefix = "LATCHKEY_"

// fileSuffix ends a variable that names a file which holds the value. No key
// may end so, or its variable would be taken for another key's file.
const fileSuffix = "_FILE"

// Key describes one setting. The table that Keys returns drives decoding,
// documentation, --help and suggestions alike.
type Key struct {
	Name        string // as in the YAML file, sections joined by dots
	Default     string
	Description string
	Secret      bool // its value is never shown, and it has no flag
	codec
}

// Env is the name of the environment variable; with _FILE appended it is that
// of the variable which names a file.
func (k Key) Env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// Flag is the name of the command-line flag, without dashes. It is empty for a
// secret: every user of a machine can read the arguments of its processes.
func (k Key) Flag() string {
	if k.Secret {
		return ""
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(k.Name)
}

// Keys returns every setting, in the order in which they are shown.
func Keys() []Key {
	return []Key{
		{Name: "base_url", Description: "the address people and apps use, such as https://login.example; every issuer and link begins with it. Needed to serve; https, except on this machine",
			codec: text(func(c *Config) *string { return &c.BaseURL })},
		{Name: "listen", Default: "localhost:9400", Description: "host:port to serve on",
			codec: text(func(c *Config) *string { return &c.Listen })},
		{Name: "metrics_listen", Default: "localhost:9490", Description: "host:port of /metrics and /healthz; empty turns them off",
			codec: text(func(c *Config) *string { return &c.MetricsListen })},
		{Name: "data", Default: "./latchkey-data", Description: "directory of the database, the pepper and the command socket",
			codec: text(func(c *Config) *string { return &c.Data })},
		{Name: "pepper", Secret: true, Description: "base64url of 32 random bytes or more that protects stored codes; empty reads the file pepper in the data directory, which latchkey init makes",
			codec: secret(func(c *Config) *Secret { return &c.Pepper })},
		{Name: "tls.certificate", Description: "PEM file of the certificate chain; with tls.key it turns on TLS",
			codec: text(func(c *Config) *string { return &c.TLS.Certificate })},
		{Name: "tls.key", Description: "PEM file of the certificate's private key",
			codec: text(func(c *Config) *string { return &c.TLS.Key })},
		{Name: "trusted_proxy", Description: "the reverse proxies that terminate TLS: addresses, networks or host names, separated by commas. Needed for plain HTTP on an address that others can reach",
			codec: list(func(c *Config) *[]string { return &c.TrustedProxy })},
		{Name: "outbound.allow", Description: "networks that Latchkey may call although they are not public, for apps on a private network, in CIDR notation, separated by commas",
			codec: networks(func(c *Config) *[]netip.Prefix { return &c.Outbound.Allow })},
		{Name: "outbound.ca", Description: "PEM file of certificates that are trusted for calls that Latchkey makes, besides the system's",
			codec: text(func(c *Config) *string { return &c.Outbound.CA })},
		{Name: "dns_server", Description: "host:port of the DNS server that is asked whether a domain is a tenant's; empty: the system's",
			codec: text(func(c *Config) *string { return &c.DNSServer })},
		{Name: "passkeys.metadata", Description: "file with a signed BLOB of the FIDO Metadata Service, by which models of authenticators are attested; empty: none is",
			codec: text(func(c *Config) *string { return &c.Passkeys.Metadata })},
		{Name: "passkeys.metadata_root", Description: "PEM file of the root certificate of that metadata; empty: the FIDO Alliance's",
			codec: text(func(c *Config) *string { return &c.Passkeys.MetadataRoot })},
		{Name: "breached_passwords", Description: "file of the SHA-1 hashes of passwords that are known to others, ascending, one HASH or HASH:COUNT a line; empty: new passwords are not looked up",
			codec: text(func(c *Config) *string { return &c.BreachedPasswords })},
		{Name: "smtp_address", Description: "host:port of the server that takes the mail that people are sent; empty: no mail is sent",
			codec: text(func(c *Config) *string { return &c.SMTP.Address })},
		{Name: "smtp_username", Description: "user name at that server; empty: without signing in",
			codec: text(func(c *Config) *string { return &c.SMTP.Username })},
		{Name: "smtp_password", Secret: true, Description: "password at that server",
			codec: secret(func(c *Config) *Secret { return &c.SMTP.Password })},
		{Name: "smtp_tls", Default: smtpTLS[0], Description: "how the connection to it is protected: " + oneOf(smtpTLS[:]) + "; none on this machine only",
			codec: text(func(c *Config) *string { return &c.SMTP.TLS })},
		{Name: "smtp_from", Description: "address that mail comes from, such as no-reply@login.example; needed with smtp_address",
			codec: text(func(c *Config) *string { return &c.SMTP.From })},
		{Name: "log.level", Default: "info", Description: "the least important lines to log: " + oneOf(levelNames()),
			codec: level(func(c *Config) *slog.Level { return &c.Log.Level })},
		{Name: "log.format", Default: formats[0], Description: "how a line is written: " + oneOf(formats[:]),
			codec: text(func(c *Config) *string { return &c.Log.Format })},
		{Name: "shutdown_timeout", Default: "10s", Description: "how long running requests may take when the server stops: 1s to 60s",
			codec: duration(func(c *Config) *time.Duration { return &c.ShutdownTimeout })},
	}
}
