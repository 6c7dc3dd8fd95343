// Package sdk has Microsoft's libraries for Go, as they are, for clients of Latchkey's demo.
package sdk

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// contoso is set before the tests run.
var contoso *demo

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "latchkey-sdk-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	contoso = &demo{dir: dir}
	defer func() { err = errors.Join(err, contoso.stop()) }()
	if err := contoso.start(); err != nil {
		return 0, err
	}
	if err := contoso.furnish(); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// demo is the demo, built from this checkout and run with TLS on free ports; its
// organization Contoso is the one that all is about.
type demo struct {
	dir    string
	server *exec.Cmd
	base   string
	inbox  string       // address of the inbox in which all mail arrives
	tenant string       // its id
	http   *http.Client // trusts the demo's certificate alone
}

func (d *demo) program() string { return filepath.Join(d.dir, "latchkey") }
func (d *demo) data() string    { return filepath.Join(d.dir, "data") }

// authority is Contoso, as Microsoft's libraries name it.
func (d *demo) authority() string { return d.base + "/" + d.tenant + "/" }

func (d *demo) start() error {
	build := exec.Command("go", "build", "-o", d.program(), "./cmd/latchkey")
	build.Dir, build.Stderr = filepath.Join("..", "..", ".."), os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	report := filepath.Join(d.dir, "report.json")
	d.server = exec.Command(d.program(), "demo", "--tls", "--listen", "localhost:0", "--app-listen", "127.0.0.1:0",
		"--inbox-listen", "127.0.0.1:0", "--metrics-listen", "localhost:0", "--data", d.data(), "--json", report)
	d.server.Stderr = os.Stderr
	greeting, err := d.server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := d.server.Start(); err != nil {
		return err
	}
	// It greets once all is ready, the report included; or it ends without.
	if _, err := greeting.Read(make([]byte, 1)); err != nil {
		return fmt.Errorf("the demo did not start: %w", err)
	}
	go io.Copy(io.Discard, greeting)
	return errors.Join(d.read(report), d.trust())
}

func (d *demo) stop() error {
	if d.server == nil || d.server.Process == nil {
		return nil
	}
	_ = d.server.Process.Signal(syscall.SIGTERM) // it may have ended by itself, which Wait tells
	return d.server.Wait()
}

// read learns from the demo's report where it is.
func (d *demo) read(report string) error {
	raw, err := os.ReadFile(report)
	if err != nil {
		return err
	}
	type organization struct{ ID, Domain string }
	var r struct {
		BaseURL  string `json:"base_url"`
		InboxURL string `json:"inbox_url"`
		Tenants  []organization
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	i := slices.IndexFunc(r.Tenants, func(o organization) bool { return o.Domain == "contoso.example" })
	if i < 0 {
		return errors.New("the demo has no contoso.example")
	}
	d.base, d.inbox, d.tenant = r.BaseURL, r.InboxURL, r.Tenants[i].ID
	return nil
}

func (d *demo) trust() error {
	raw, err := os.ReadFile(filepath.Join(d.data(), "demo-certificate.pem"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return errors.New("the demo's certificate is none")
	}
	d.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return nil
}

// command is Latchkey's command line on the running demo; answer is what it prints.
func (d *demo) command(answer any, args ...string) error {
	args = append(args, "--data", d.data(), "--tenant", "contoso.example", "--json")
	cmd := exec.Command(d.program(), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("latchkey %v: %w: %s", args, err, &stderr)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(out, answer)
}
