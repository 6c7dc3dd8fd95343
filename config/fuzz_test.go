package config

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzLoad reads any bytes as a file: no panic, and either problems, a line
// each, or a configuration that is valid and that can be shown.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "---\n", "listen: localhost:1\n", "log: {level: debug, format: text}", "log:\n  level: warn\n",
		"trusted_proxy: [a, 10.0.0.0/8]\nlisten: :9400", "base_url: https://a.example:1", "base_url: 'http://[::1]'",
		"shutdown_timeout: 10s", "pepper: " + pepper('a'), "a: &a [*a]", "? [1]\n: 2", "listen: !!binary aGk=",
		"tls: {certificate: a, key: b}", "outbound: {allow: ['10.0.0.0/8', '::1/128'], ca: a.pem}", "tls: {1: a, null: b}", "a: 1\na: 2", "- a", "log.level: x", "\x00", "\xff\xfe",
		"<<: {listen: 'localhost:2'}", "x: &x {level: info}\nlog: *x", "data: 2020-01-01", "data: .nan",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, problems := parse(b, "file fuzz")
		c, more := Defaults().with(l)
		problems = append(append(problems, more...), c.problems(false)...)
		if len(problems) > 0 {
			if lines := strings.Count(problems.Error(), "\n") + 1; lines != len(problems) {
				t.Errorf("%d problems in %d lines:\n%s", len(problems), lines, problems)
			}
			return
		}
		var out bytes.Buffer
		if err := c.Show(&out); err != nil {
			t.Fatal(err)
		}
		if c.Pepper.Reveal() != "" {
			return // its mask is no value to read again
		}
		if l, problems = parse(out.Bytes(), "file shown"); len(problems) > 0 {
			t.Errorf("what is shown cannot be read: %v\n%s", problems, out.String())
		}
		if again, problems := Defaults().with(l); len(problems) > 0 || again.Validate() != nil {
			t.Errorf("what is shown is not valid: %v %v\n%s", problems, again.Validate(), out.String())
		}
	})
}
