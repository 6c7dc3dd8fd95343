package config

import (
	"errors"
	"strings"
	"testing"
)

// TestBadFiles expects of each file one problem, in one line, in these words.
func TestBadFiles(t *testing.T) {
	long := strings.Repeat("x", 100)
	for name, c := range map[string]struct{ yaml, want string }{
		"misspelt":          {"listne: x", `listne: (FILE) is not a known setting: did you mean listen?`},
		"misspelt below":    {"log: {levl: x}", `log.levl: (FILE) is not a known setting: did you mean log.level?`},
		"without section":   {"certificate: x", `certificate: (FILE) is not a known setting: did you mean tls.certificate?`},
		"unheard of":        {"colour_of_the_sky: blue", `colour_of_the_sky: (FILE) is not a known setting: remove it, or see latchkey config show for all there are`},
		"odd name":          {"\"a\\nb\": 1", `"a\nb": (FILE) is not a known setting: remove it, or see latchkey config show for all there are`},
		"dotted":            {"log.level: debug", `log.level: (FILE) is written in one word: write log: with level: below it, indented`},
		"dotted stranger":   {"a.b.c: debug", `a.b.c: (FILE) is not a known setting: remove it, or see latchkey config show for all there are`},
		"section as value":  {"log: debug", `log: (FILE) is a section: write its settings below it, indented`},
		"value as section":  {"listen: {host: x}", `listen: (FILE) has settings below it: write one value`},
		"list":              {"listen: [a, b]", `listen: (FILE) is a list: write one value`},
		"nested list":       {"trusted_proxy: [[a]]", `trusted_proxy: (FILE) has an entry that is not a single value: write one value for each`},
		"no value":          {"listen:", `listen: (FILE) has no value: write one, write "" for an empty one, or remove the line`},
		"twice":             {"listen: a\nlisten: b", `(FILE) is not valid YAML of the form key: value: unmarshal errors: line 2: mapping key "listen" already defined at line 1`},
		"only a word":       {pepper('s'), `(FILE) must hold settings, each written as name: value, without a dash before it`},
		"list of settings":  {"- listen: x", `(FILE) must hold settings, each written as name: value, without a dash before it`},
		"two documents":     {"data: x\n---\nlisten: x", `(FILE) holds more than one YAML document, of which only the first would count: keep one`},
		"value at document": {"--- {}\n---\nlisten: x", `(FILE) holds more than one YAML document, of which only the first would count: keep one`},

		"base_url":             {"base_url: login.example", `base_url: "login.example" (FILE) is not an address of the web: write scheme and host alone, such as https://login.example`},
		"base_url scheme":      {"base_url: ftp://login.example", `base_url: "ftp://login.example" (FILE) is not an address of the web: write scheme and host alone, such as https://login.example`},
		"base_url slash":       {"base_url: https://login.example/", `base_url: "https://login.example/" (FILE) has more or other parts than scheme, host and port in their usual form: write https://login.example`},
		"base_url path":        {"base_url: https://login.example:8443/a?b#c", `base_url: "https://login.example:8443/a?b#c" (FILE) has more or other parts than scheme, host and port in their usual form: write https://login.example:8443`},
		"base_url upper":       {"base_url: https://Login.example:443", `base_url: "https://Login.example:443" (FILE) has more or other parts than scheme, host and port in their usual form: write https://login.example`},
		"base_url user":        {"base_url: https://me@login.example", `base_url: "https://me@login.example" (FILE) has more or other parts than scheme, host and port in their usual form: write https://login.example`},
		"base_url IPv6":        {"base_url: http://[0:0::1]", `base_url: "http://[0:0::1]" (FILE) has more or other parts than scheme, host and port in their usual form: write http://[::1]`},
		"base_url IPv4":        {"base_url: https://10.0.0.256", `base_url: "https://10.0.0.256" (FILE) is not an address of the web: write scheme and host alone, such as https://login.example`},
		"base_url port":        {"base_url: https://login.example:99999", `base_url: "https://login.example:99999" (FILE) has a port that does not exist: write scheme and host alone, such as https://login.example`},
		"base_url plain":       {"base_url: http://login.example", `base_url: "http://login.example" (FILE) sends sign-ins over plain HTTP: begin it with https://, also where a proxy terminates TLS`},
		"base_url proxied":     {"{base_url: 'http://login.example', trusted_proxy: 10.0.0.1}", `base_url: "http://login.example" (FILE) sends sign-ins over plain HTTP: begin it with https://, also where a proxy terminates TLS`},
		"base_url against TLS": {"{base_url: 'http://localhost', tls: {certificate: a, key: b}}", `base_url: "http://localhost" (FILE) begins with http:// although tls.certificate is set: begin it with https://`},
		"listen number":        {"listen: 9400", `listen: "9400" (FILE) is not host:port: write an address such as localhost:9400, or :9400 for every network`},
		"listen port":          {"listen: localhost:http", `listen: "localhost:http" (FILE) is not host:port: write an address such as localhost:9400, or :9400 for every network`},
		"listen plain":         {"listen: :9400", `listen: ":9400" (FILE) is plain HTTP that others can reach: set tls.certificate and tls.key, name the proxy that terminates TLS in trusted_proxy, or listen on localhost`},
		"metrics":              {"metrics_listen: localhost", `metrics_listen: "localhost" (FILE) is not host:port: write an address such as localhost:9490, or leave it empty to turn metrics off`},
		"metrics at any":       {"{listen: '[::]:9400', trusted_proxy: proxy, metrics_listen: 'localhost:9400'}", `metrics_listen: "localhost:9400" (FILE) is the address of listen: choose another port`},
		"metrics by number":    {"metrics_listen: 127.0.0.1:9400", `metrics_listen: "127.0.0.1:9400" (FILE) is the address of listen: choose another port`},
		"metrics everywhere":   {"metrics_listen: :9400", `metrics_listen: ":9400" (FILE) is the address of listen: choose another port`},
		"metrics at listen":    {"metrics_listen: localhost:9400", `metrics_listen: "localhost:9400" (FILE) is the address of listen: choose another port`},
		"mail nowhere":         {"{smtp_address: mail.example, smtp_from: a@login.example}", `smtp_address: "mail.example" (FILE) is not host:port: write an address such as smtp.example:587, or leave it empty to send no mail`},
		"mail without host":    {"{smtp_address: ':25', smtp_from: a@login.example}", `smtp_address: ":25" (FILE) is not host:port: write an address such as smtp.example:587, or leave it empty to send no mail`},
		"mail from nobody":     {"smtp_address: mail.example:587", `smtp_from: "" (default) is missing beside smtp_address: set the address that mail comes from, such as no-reply@login.example`},
		"mail from a name":     {"smtp_from: Contoso <a@login.example>", `smtp_from: "Contoso <a@login.example>" (FILE) is not a mail address: write one alone, such as no-reply@login.example`},
		"mail from no domain":  {"smtp_from: a@log_in", `smtp_from: "a@log_in" (FILE) is not a mail address: write one alone, such as no-reply@login.example`},
		"mail in the clear":    {"{smtp_address: 'mail.example:25', smtp_from: a@login.example, smtp_tls: none}", `smtp_tls: "none" (FILE) sends mail in the clear to another machine: use starttls or tls`},
		"mail in some way":     {"smtp_tls: ssl", `smtp_tls: "ssl" (FILE) is not a way to protect mail: use starttls, tls or none`},
		"mail user alone":      {"smtp_username: x", `smtp_password: (default) is missing beside smtp_username: set both or none`},
		"mail password alone":  {"smtp_password: hunter2", `smtp_username: "" (default) is missing beside smtp_password: set both or none`},
		"data":                 {`data: ""`, `data: "" (FILE) is not a directory's path: write one such as ./latchkey-data`},
		"pepper letters":       {"pepper: hunter2!", `pepper: (FILE) is not base64url: write 32 random bytes or more in base64url, or leave it out and run latchkey init`},
		"pepper short":         {"pepper: " + pepper('s')[:40], `pepper: (FILE) holds 30 bytes: it needs at least 32 random ones, in base64url`},
		"certificate alone":    {"tls: {certificate: a.pem}", `tls.key: "" (default) is missing beside tls.certificate: set both or none`},
		"key alone":            {"tls: {key: a.pem}", `tls.certificate: "" (default) is missing beside tls.key: set both or none`},
		"proxy port":           {"trusted_proxy: caddy:80", `trusted_proxy: "caddy:80" (FILE) has an entry that names no proxy: write addresses (192.0.2.7), networks (10.0.0.0/8) or host names, without ports`},
		"proxy network":        {"trusted_proxy: [10.0.0.1, 10.0.0.0/33]", `trusted_proxy: "10.0.0.1,10.0.0.0/33" (FILE) has an entry that names no proxy: write addresses (192.0.2.7), networks (10.0.0.0/8) or host names, without ports`},
		"proxy everybody":      {"trusted_proxy: ::/0", `trusted_proxy: "::/0" (FILE) names every address there is: name the proxy or its network`},
		"outbound address":     {"outbound: {allow: 10.0.0.5}", `outbound.allow: "10.0.0.5" (FILE) has an entry that is no network: write each in CIDR notation, such as 10.0.0.0/8, or 10.0.0.5/32 for one address`},
		"outbound name":        {"outbound: {allow: [10.0.0.0/8, wiki.internal]}", `outbound.allow: "10.0.0.0/8,wiki.internal" (FILE) has an entry that is no network: write each in CIDR notation, such as 10.0.0.0/8, or 10.0.0.5/32 for one address`},
		"outbound bits":        {"outbound: {allow: 10.0.0.0/33}", `outbound.allow: "10.0.0.0/33" (FILE) has an entry that is no network: write each in CIDR notation, such as 10.0.0.0/8, or 10.0.0.5/32 for one address`},
		"outbound IPv4 inside": {"outbound: {allow: '::ffff:10.0.0.0/104'}", `outbound.allow: "::ffff:10.0.0.0/104" (FILE) has an entry that is no network: write each in CIDR notation, such as 10.0.0.0/8, or 10.0.0.5/32 for one address`},
		"outbound host":        {"outbound: {allow: 10.0.0.5/8}", `outbound.allow: "10.0.0.5/8" (FILE) has an entry with more than a network: write 10.0.0.0/8 in place of 10.0.0.5/8`},
		"outbound everywhere":  {"outbound: {allow: [10.0.0.0/8, 0.0.0.0/0]}", `outbound.allow: "10.0.0.0/8,0.0.0.0/0" (FILE) names every address there is: name the networks of your apps`},
		"level":                {"log: {level: loud}", `log.level: "loud" (FILE) is not a log level: use debug, info, warn or error`},
		"format":               {"log: {format: xml}", `log.format: "xml" (FILE) is not a log format: use json or text`},
		"format long":          {"log: {format: " + long + "}", `log.format: "` + long[:80] + `"… (FILE) is not a log format: use json or text`},
		"timeout unit":         {"shutdown_timeout: 10", `shutdown_timeout: "10" (FILE) is not a duration: write a number with its unit, such as 10s`},
		"timeout short":        {"shutdown_timeout: 999ms", `shutdown_timeout: "999ms" (FILE) is out of range: use 1s to 60s`},
		"timeout long":         {"shutdown_timeout: 61s", `shutdown_timeout: "1m1s" (FILE) is out of range: use 1s to 60s`},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "c.yaml", c.yaml)
			_, err := Load(Sources{File: path})
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.ReplaceAll(err.Error(), "file "+path, "FILE"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestGoodAddresses are the neighbours of the bad ones.
func TestGoodAddresses(t *testing.T) {
	for _, yaml := range []string{
		"base_url: https://login.example",
		"base_url: https://login.example:8443",
		"base_url: http://localhost:9400",
		"base_url: http://127.0.0.2",
		"base_url: http://[::1]:8000",
		"{base_url: 'http://localhost:9400', trusted_proxy: proxy}",
		"{base_url: 'https://login.example', trusted_proxy: proxy}",
		"{listen: ':9400', trusted_proxy: 10.0.0.0/8}",
		"{listen: '0.0.0.0:443', tls: {certificate: a, key: b}}",
		"listen: '[::1]:9400'",
		"listen: 127.0.0.1:0",
		"{listen: 'localhost:0', metrics_listen: 'localhost:0'}",
		"metrics_listen: ':9490'",
		"{listen: '127.0.0.2:9400', metrics_listen: '127.0.0.1:9400'}",
		"pepper: " + pepper('a') + "=",
		"{smtp_address: 'mail.example:587', smtp_from: a@login.example}",
		"{smtp_address: 'localhost:25', smtp_from: a@login.example, smtp_tls: none}",
		"{smtp_address: '[::1]:25', smtp_from: a@login.example, smtp_tls: none, smtp_username: x, smtp_password: x}",
	} {
		if _, err := Load(Sources{File: write(t, "c.yaml", yaml)}); err != nil {
			t.Errorf("%s: %v", yaml, err)
		}
	}
}

func TestBadEnvironment(t *testing.T) {
	missing := t.TempDir() + "/missing"
	for name, c := range map[string]struct{ env, want string }{
		"misspelt":      {"LATCHKEY_PEPER=hunter2", `LATCHKEY_PEPER: (environment) is not a known setting: did you mean LATCHKEY_PEPPER?`},
		"misspelt file": {"LATCHKEY_PEPER_FILE=hunter2", `LATCHKEY_PEPER_FILE: (environment) is not a known setting: did you mean LATCHKEY_PEPPER_FILE?`},
		"unheard of":    {"LATCHKEY_COLOUR_OF_SKY=blue", `LATCHKEY_COLOUR_OF_SKY: (environment) is not a known setting: remove it, or see latchkey config show for all there are`},
		"bad value":     {"LATCHKEY_LOG_LEVEL=loud", `log.level: "loud" (environment LATCHKEY_LOG_LEVEL) is not a log level: use debug, info, warn or error`},
		"empty":         {"LATCHKEY_DATA=", `data: "" (environment LATCHKEY_DATA) is not a directory's path: write one such as ./latchkey-data`},
		"no such file":  {"LATCHKEY_PEPPER_FILE=" + missing, `pepper: "` + missing + `" (environment LATCHKEY_PEPPER_FILE) cannot be read: no such file or directory`},
		"large file":    {"LATCHKEY_PEPPER_FILE=" + write(t, "big", strings.Repeat("x", largestValue+1)), `(environment LATCHKEY_PEPPER_FILE) cannot be read: it holds more than 64 KiB`},
		"bad secret":    {"LATCHKEY_PEPPER_FILE=" + write(t, "p", "hunter2 "), `pepper: (environment LATCHKEY_PEPPER_FILE) is not base64url: write 32 random bytes or more in base64url, or leave it out and run latchkey init`},
	} {
		_, err := Load(Sources{Env: []string{c.env}})
		if err == nil || !strings.HasSuffix(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2 ") {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, c.want)
		}
	}
}

func TestBadFileItself(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir + "/missing.yaml": "cannot be read: no such file or directory",
		dir:                   "cannot be read: is a directory",
		write(t, "big", strings.Repeat("#", largestFile+1)):              "cannot be read: it holds more than 1024 KiB",
		write(t, "twice", "base_url: https://a\nbase_url: https://b"):    `is not valid YAML of the form key: value: unmarshal errors: line 2: mapping key "base_url" already defined at line 1`,
		write(t, "list", "- base_url: https://a\n- base_url: https://b"): "must hold settings, each written as name: value, without a dash before it",
	} {
		// What such a file would have set is not known, so nothing is said to be missing.
		_, err := Load(Sources{File: path, Serve: true})
		if err == nil || err.Error() != "(file "+path+") "+want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}

func TestBadFlags(t *testing.T) {
	_, err := Load(Sources{Flags: map[string]string{"lisen": "x", "": "y", "log-format": "xml"}})
	for _, line := range []string{
		`--: (command line) is not a known setting: remove it, or see latchkey config show for all there are`,
		`--lisen: (command line) is not a known setting: did you mean listen?`,
		`log.format: "xml" (flag --log-format) is not a log format: use json or text`,
	} {
		if err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("%v\nlacks %s", err, line)
		}
	}
}

// TestAllAtOnce mixes bad values of every layer: each gets its line.
func TestAllAtOnce(t *testing.T) {
	_, err := Load(Sources{
		File:  write(t, "c.yaml", "shutdown_timeout: soon\nstorge: bolt\ntls: {key: a}"),
		Env:   []string{"LATCHKEY_LOG_LEVEL=loud", "LATCHKEY_LISTN=x"},
		Flags: map[string]string{"data": "", "shutdown-timeout": "5s"},
		Serve: true,
	})
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%T: %v", err, err)
	}
	var keys []string
	for _, p := range problems {
		keys = append(keys, p.Key)
	}
	const want = "storge LATCHKEY_LISTN log.level shutdown_timeout data tls.certificate base_url"
	if got := strings.Join(keys, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != len(problems) {
		t.Errorf("%d problems in %d lines:\n%v", len(problems), lines, err)
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"listen", "log.level", "metrics_listen", "storage"}
	for in, want := range map[string]string{
		"listen": "listen", "lsten": "listen", "level": "log.level", "metric_listen": "metrics_listen",
		"storag": "storage", "stroage": "storage", "x": "", "": "", "database": "",
	} {
		if got := suggest(in, known); got != want {
			t.Errorf("suggest(%q) = %q, want %q", in, got, want)
		}
	}
}
