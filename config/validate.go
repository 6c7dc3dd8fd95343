package config

import (
	"crypto/tls"
	"slices"
	"time"
)

// rule is one line of the table: if bad, the message is told about the key.
type rule struct {
	bad     bool
	key     string
	message string
}

// Validate checks every value and how values go together. The error is a
// Problems.
func (c Config) Validate() error { return c.problems(false).err() }

// ValidateServe checks, beside all that Validate does, what only a server
// needs: that base_url is set and that the files of certificates can be used.
func (c Config) ValidateServe() error { return c.problems(true).err() }

func (c Config) problems(serve bool) Problems {
	rules := append(c.rules(), c.SMTP.rules()...)
	if serve {
		rules = append(rules, c.serveRules()...)
	}
	keys := byName(func(k Key) string { return k.Name })
	var problems Problems
	for _, r := range rules {
		if r.bad {
			k := keys[r.key]
			problems = append(problems, k.problem(c.Source(r.key), k.get(&c), r.message))
		}
	}
	return problems
}

func (c Config) rules() []rule {
	base := baseURLFault(c.BaseURL)
	_, pepperErr := DecodePepper(c.Pepper.Reveal())
	return []rule{
		{c.BaseURL != "" && base != "", "base_url", base},
		{base == "" && plainToOthers(c.BaseURL), "base_url", "sends sign-ins over plain HTTP: begin it with https://, also where a proxy terminates TLS"},
		{base == "" && c.TLS.Enabled() && isHTTP(c.BaseURL), "base_url", "begins with http:// although tls.certificate is set: begin it with https://"},
		{!isHostPort(c.Listen), "listen", "is not host:port: write an address such as localhost:9400, or :9400 for every network"},
		{isHostPort(c.Listen) && !isLoopback(hostOf(c.Listen)) && !c.TLS.Enabled() && len(c.TrustedProxy) == 0, "listen", "is plain HTTP that others can reach: set tls.certificate and tls.key, name the proxy that terminates TLS in trusted_proxy, or listen on localhost"},
		{c.DNSServer != "" && !isHostPort(c.DNSServer), "dns_server", "is not host:port: write an address such as 192.0.2.53:53, or leave it empty for the system's"},
		{c.MetricsListen != "" && !isHostPort(c.MetricsListen), "metrics_listen", "is not host:port: write an address such as localhost:9490, or leave it empty to turn metrics off"},
		{sameAddress(c.Listen, c.MetricsListen), "metrics_listen", "is the address of listen: choose another port"},
		{!isPath(c.Data), "data", "is not a directory's path: write one such as ./latchkey-data"},
		{c.Pepper.Reveal() != "" && pepperErr != nil, "pepper", messageOf(pepperErr)},
		{c.TLS.Certificate == "" && c.TLS.Key != "", "tls.certificate", "is missing beside tls.key: set both or none"},
		{c.TLS.Certificate != "" && c.TLS.Key == "", "tls.key", "is missing beside tls.certificate: set both or none"},
		{slices.ContainsFunc(c.TrustedProxy, not(isProxy)), "trusted_proxy", "has an entry that names no proxy: write addresses (192.0.2.7), networks (10.0.0.0/8) or host names, without ports"},
		{slices.ContainsFunc(c.TrustedProxy, isEverybody), "trusted_proxy", "names every address there is: name the proxy or its network"},
		{slices.ContainsFunc(c.Outbound.Allow, isEverywhere), "outbound.allow", "names every address there is: name the networks of your apps"},
		{!slices.Contains(levels[:], c.Log.Level), "log.level", "is not a log level: use " + oneOf(levelNames())},
		{!slices.Contains(formats[:], c.Log.Format), "log.format", "is not a log format: use " + oneOf(formats[:])},
		{c.ShutdownTimeout < time.Second || c.ShutdownTimeout > time.Minute, "shutdown_timeout", "is out of range: use 1s to 60s"},
	}
}

func (c Config) serveRules() []rule {
	var pairErr error
	_, rootsErr := c.Outbound.Roots()
	if c.TLS.Enabled() {
		_, pairErr = tls.LoadX509KeyPair(c.TLS.Certificate, c.TLS.Key)
	}
	return []rule{
		{c.BaseURL == "", "base_url", "is needed to serve: set the address people and apps use, such as https://login.example"},
		{pairErr != nil, "tls.certificate", "cannot be used together with tls.key: " + messageOf(pairErr)},
		{rootsErr != nil, "outbound.ca", messageOf(rootsErr)},
	}
}

func messageOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func not(f func(string) bool) func(string) bool {
	return func(s string) bool { return !f(s) }
}
