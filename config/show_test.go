package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
)

func TestShow(t *testing.T) {
	path := write(t, "c.yaml", "trusted_proxy: [10.0.0.0/8, proxy]\noutbound: {allow: 192.168.0.0/16}\nlog: {level: warn}\npepper: "+pepper('s'))
	c, err := Load(Sources{File: path, Env: []string{"LATCHKEY_DATA=./x: #\"y\""}, Flags: map[string]string{"base-url": "https://a.example"}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `base_url: "https://a.example" # flag --base-url
listen: "localhost:9400" # default
metrics_listen: "localhost:9490" # default
data: "./x: #\"y\"" # environment LATCHKEY_DATA
pepper: "(set)" # FILE
tls:
  certificate: "" # default
  key: "" # default
trusted_proxy: ["10.0.0.0/8","proxy"] # FILE
outbound:
  allow: ["192.168.0.0/16"] # FILE
  ca: "" # default
dns_server: "" # default
passkeys:
  metadata: "" # default
  metadata_root: "" # default
breached_passwords: "" # default
smtp_address: "" # default
smtp_username: "" # default
smtp_password: "" # default
smtp_tls: "starttls" # default
smtp_from: "" # default
log:
  level: "warn" # FILE
  format: "json" # default
shutdown_timeout: "10s" # default
`
	var out bytes.Buffer
	if err := c.Show(&out); err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(out.String(), "file "+path, "FILE"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestShownIsReadable feeds what Show writes to Load again.
func TestShownIsReadable(t *testing.T) {
	for _, flags := range []map[string]string{
		nil,
		{"listen": ":1", "trusted-proxy": "10.0.0.1, a.example", "data": "./ü <&> \\ ☃", "log-level": "debug", "outbound-allow": "10.0.0.0/8, ::1/128"},
	} {
		c, err := Load(Sources{Flags: flags})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := c.Show(&out); err != nil {
			t.Fatal(err)
		}
		again, err := Load(Sources{File: write(t, "c.yaml", out.String())})
		if err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		c.sources, again.sources = nil, nil
		if !reflect.DeepEqual(c, again) {
			t.Errorf("got  %+v\nwant %+v", again, c)
		}
	}
}

func TestShowJSON(t *testing.T) {
	c, err := Load(Sources{Env: []string{"LATCHKEY_PEPPER=" + pepper('s')}})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := c.ShowJSON(&out); err != nil {
		t.Fatal(err)
	}
	var settings []Setting
	if err := json.Unmarshal(out.Bytes(), &settings); err != nil || len(settings) != len(Keys()) {
		t.Fatalf("%v, %d settings", err, len(settings))
	}
	want := Setting{"pepper", "(set)", "environment LATCHKEY_PEPPER"}
	if !reflect.DeepEqual(settings[4], want) {
		t.Errorf("got %v, want %v", settings[4], want)
	}
}

// TestSecretHides prints, marshals and logs a secret in every way at hand.
func TestSecretHides(t *testing.T) {
	const value = "hunter2hunter2"
	c := Defaults()
	c.Pepper, c.SMTP.Password = NewSecret(value), NewSecret(value)
	inside := struct{ hidden Config }{c}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := c.Pepper.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(h).Info("configured", "config", c, "pepper", c.Pepper, "pointer", &c.Pepper)
	}
	all := fmt.Sprintf("%v %+v %#v %s %q %x %d %v %+v %#v", c, c, c, c.Pepper, c.Pepper, c.Pepper, c.Pepper, inside, inside, &inside) +
		string(asJSON) + fmt.Sprint(asYAML) + log.String()
	for _, form := range []string{value, fmt.Sprintf("%x", value)} {
		if strings.Contains(all, form) {
			t.Errorf("the value shows in\n%s", all)
		}
	}
	if c.Pepper.Reveal() != value || (Secret{}).Reveal() != "" || (Secret{}).String() != "" {
		t.Error("Reveal and String disagree with what was set")
	}
}
