package config

import (
	"encoding/base64"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// samples holds four values of each key, one a layer, that go together in any
// mixture. A key without an entry fails TestPrecedence.
func samples() map[string][4]string {
	return map[string][4]string{
		"base_url":               {"https://file.example", "https://env.example", "https://named.example", "https://flag.example"},
		"listen":                 {"localhost:1", "localhost:2", "localhost:3", "localhost:4"},
		"metrics_listen":         {"localhost:5", "localhost:6", "", "localhost:8"},
		"data":                   {"./file", "./env", "./named", "./flag"},
		"pepper":                 {pepper('a'), pepper('b'), pepper('c'), ""},
		"tls.certificate":        {"file.pem", "env.pem", "named.pem", "flag.pem"},
		"tls.key":                {"file.key", "env.key", "named.key", "flag.key"},
		"trusted_proxy":          {"10.0.0.1", "10.0.0.2,proxy", "10.0.0.0/8", "proxy.example"},
		"outbound.allow":         {"10.0.0.0/8", "10.0.0.5/32,fd00::/8", "192.168.0.0/16", "127.0.0.0/8,::1/128"},
		"outbound.ca":            {"file.pem", "env.pem", "named.pem", "flag.pem"},
		"passkeys.metadata":      {"file.jwt", "env.jwt", "named.jwt", "flag.jwt"},
		"passkeys.metadata_root": {"file.pem", "env.pem", "named.pem", "flag.pem"},
		"dns_server":             {"192.0.2.1:53", "192.0.2.2:53", "[::1]:53", "localhost:5353"},
		"breached_passwords":     {"file.txt", "env.txt", "named.txt", "flag.txt"},
		"smtp_address":           {"mail.example:25", "mail.example:587", "localhost:465", "[::1]:25"},
		"smtp_username":          {"file", "env", "named", "flag"},
		"smtp_password":          {"from file", "from env", "from named", ""},
		"smtp_tls":               {"tls", "starttls", "none", "tls"},
		"smtp_from":              {"file@login.example", "env@login.example", "named@login.example", "flag@login.example"},
		"log.level":              {"debug", "warn", "error", "info"},
		"log.format":             {"text", "json", "text", "json"},
		"shutdown_timeout":       {"1s", "2s", "1m0s", "4s"},
	}
}

func pepper(c byte) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat(string(c), pepperBytes)))
}

// shown is the value of a key as text, a secret's too.
func shown(c Config, k Key) string {
	switch k.Name {
	case "pepper":
		return c.Pepper.Reveal()
	case "smtp_password":
		return c.SMTP.Password.Reveal()
	}
	if list, ok := k.get(&c).([]string); ok {
		return strings.Join(list, ",")
	}
	return k.get(&c).(string)
}

// yamlOf writes one key into a file of its own sections.
func yamlOf(name, text string) string {
	section, leaf, nested := strings.Cut(name, ".")
	if nested {
		return section + ":\n  " + leaf + ": \"" + text + "\"\n"
	}
	return name + ": \"" + text + "\"\n"
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPrecedence sets each key in one layer after the other and expects the
// later to win, by value and by the source that is told. The two TLS paths need
// each other, as other keys do, so a partner stands in the file.
func TestPrecedence(t *testing.T) {
	partner := map[string]string{
		"tls.certificate": "  key: \"file.key\"\n", "tls.key": "  certificate: \"file.pem\"\n",
		"smtp_address": "smtp_from: a@login.example\n", "smtp_username": "smtp_password: x\n", "smtp_password": "smtp_username: x\n",
	}
	for _, k := range Keys() {
		t.Run(k.Name, func(t *testing.T) {
			want, ok := samples()[k.Name]
			if !ok {
				t.Fatal("no samples for this key")
			}
			path := write(t, "latchkey.yaml", yamlOf(k.Name, want[0])+partner[k.Name])
			named := write(t, "value", want[2]+"\n")
			inEnv := []string{k.Env() + "=" + want[1]}
			inFile := []string{k.Env() + fileSuffix + "=" + named}
			flags := map[string]string{k.Flag(): want[3]}

			check(t, k, Sources{}, k.Default, "default")
			check(t, k, Sources{File: path}, want[0], "file "+path)
			check(t, k, Sources{File: path, Env: inEnv}, want[1], "environment "+k.Env())
			check(t, k, Sources{File: path, Env: inFile}, want[2], "environment "+k.Env()+fileSuffix)
			check(t, k, Sources{File: path, Env: slices.Concat(inFile, inEnv)}, want[2], "environment "+k.Env()+fileSuffix)
			if k.Secret {
				return
			}
			check(t, k, Sources{File: path, Env: inEnv, Flags: flags}, want[3], "flag --"+k.Flag())
			check(t, k, Sources{File: path, Env: inFile, Flags: flags}, want[3], "flag --"+k.Flag())
		})
	}
}

func check(t *testing.T, k Key, s Sources, want, source string) {
	t.Helper()
	c, err := Load(s)
	if err != nil {
		t.Fatalf("%v", err)
	}
	if got := shown(c, k); got != want {
		t.Errorf("value is %q, want %q", got, want)
	}
	if got := c.Source(k.Name); got != source {
		t.Errorf("source is %q, want %q", got, source)
	}
}

func TestValueFromFile(t *testing.T) {
	for in, want := range map[string]string{
		"./d": "./d", "./d\n": "./d", "./d\r\n": "./d", " ./d ": " ./d ", "./d/\r": "./d/",
	} {
		c, err := Load(Sources{Env: []string{"LATCHKEY_DATA_FILE=" + write(t, "v", in)}})
		if err != nil || c.Data != want {
			t.Errorf("%q gives %q, %v; want %q", in, c.Data, err, want)
		}
	}
}

// TestYAMLForms shows what else a file may hold beside quoted text.
func TestYAMLForms(t *testing.T) {
	c, err := Load(Sources{File: write(t, "c.yaml", `
--- # a comment
log:   # a section without settings
tls: {}
shutdown_timeout: 20s
trusted_proxy:
  - 10.0.0.0/8
  - "proxy.example"
metrics_listen: ""
outbound:
  allow:
    - 10.20.0.0/16
    - fd12::/16
`)})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.TrustedProxy, " "); got != "10.0.0.0/8 proxy.example" {
		t.Errorf("trusted_proxy = %q", got)
	}
	if !slices.Equal(c.Outbound.Allow, []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("fd12::/16")}) {
		t.Errorf("outbound.allow = %v", c.Outbound.Allow)
	}
	if c.MetricsListen != "" || c.ShutdownTimeout.String() != "20s" {
		t.Errorf("got %+v", c)
	}
}

func TestDefaultFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := Load(Sources{}); err != nil {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(DefaultFile, []byte("data: ./here"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Sources{})
	if err != nil || c.Data != "./here" || c.Source("data") != "file latchkey.yaml" {
		t.Errorf("data = %q from %q, %v", c.Data, c.Source("data"), err)
	}
}

func TestDefaultsAreValid(t *testing.T) {
	if err := Defaults().Validate(); err != nil {
		t.Error(err)
	}
	c, err := Load(Sources{Env: []string{"HOME=/root", "LATCHKEY_TEST_REQUIRE=1", "LATCHKEY_DEVICE=device.json", "LATCHKEYS=x"}})
	if err != nil {
		t.Error(err)
	}
	if c.Listen != Defaults().Listen {
		t.Errorf("listen = %q", c.Listen)
	}
}

// TestKubernetes sets what a pod finds beside a Service named latchkey.
func TestKubernetes(t *testing.T) {
	_, err := Load(Sources{Env: []string{
		"LATCHKEY_SERVICE_HOST=10.96.0.7", "LATCHKEY_SERVICE_PORT=9400", "LATCHKEY_SERVICE_PORT_HTTPS_ALT=9400",
		"LATCHKEY_PORT=tcp://10.96.0.7:9400",
		"LATCHKEY_PORT_9400_TCP=tcp://10.96.0.7:9400", "LATCHKEY_PORT_9400_TCP_PROTO=tcp",
		"LATCHKEY_PORT_9400_TCP_PORT=9400", "LATCHKEY_PORT_9400_TCP_ADDR=10.96.0.7",
		"LATCHKEY_PORT_9400_UDP_ADDR=10.96.0.7",
	}})
	if err != nil {
		t.Error(err)
	}
	for _, name := range []string{"LATCHKEY_PORT", "LATCHKEY_LISTEN_PORT", "LATCHKEY_SERVICE", "LATCHKEY_PORT_HTTP", "LATCHKEY_PORT_9400_TCP_HOST"} {
		_, err := Load(Sources{Env: []string{name + "=9400"}})
		if err == nil || !strings.Contains(err.Error(), name+": (environment) is not a known setting") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSample checks the file that the installation guide prints.
func TestSample(t *testing.T) {
	guide, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(guide), "```yaml\n")
	sample, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("no sample in docs/operations.md")
	}
	c, err := Load(Sources{File: write(t, "latchkey.yaml", sample)})
	if err != nil || c.BaseURL == "" || !c.TLS.Enabled() {
		t.Errorf("%v\n%s", err, sample)
	}
}

func TestKeyNames(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Keys() {
		if strings.HasSuffix(k.Env(), fileSuffix) || strings.HasPrefix(k.Env(), testPrefix) {
			t.Errorf("%s reads as something else", k.Env())
		}
		if serviceLink.MatchString(k.Env() + "=tcp://") {
			t.Errorf("%s reads as a variable of Kubernetes", k.Env())
		}
		if seen[k.Env()] || k.Description == "" {
			t.Errorf("%s is taken or not described", k.Name)
		}
		seen[k.Env()] = true
	}
}
