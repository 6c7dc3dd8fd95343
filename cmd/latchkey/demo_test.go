package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/idp/admin"
)

// startDemo runs a demo on free ports until the test ends. dir is its data
// directory, "" for a new one.
func startDemo(t *testing.T, dir string, change ...func(*demoOptions)) *demo {
	t.Helper()
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "d")
	}
	o := demoOptions{Listen: "localhost:0", AppListen: "127.0.0.1:0", InboxListen: "127.0.0.1:0", MetricsListen: "localhost:0", Data: dir}
	for _, c := range change {
		c(&o)
	}
	return runDemo(t, o, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})))
}

// runDemo serves a demo until the test has ended. What it sends or sweeps by itself begins
// after changes are made.
func runDemo(t testing.TB, o demoOptions, log *slog.Logger, change ...func(*demo)) *demo {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	d, err := openDemo(ctx, o, log)
	if err != nil {
		stop()
		t.Fatal(err)
	}
	for _, c := range change {
		c(d)
	}
	ended := make(chan error)
	go func() { ended <- d.wait(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return d
}

// find picks what a test needs out of a report.
func (r demoReport) tenant(t testing.TB, domain string) reportTenant {
	t.Helper()
	i := slices.IndexFunc(r.Tenants, func(x reportTenant) bool { return x.Domain == domain })
	if i < 0 {
		t.Fatalf("no tenant %s in the report", domain)
	}
	return r.Tenants[i]
}

func (r reportTenant) client(t testing.TB, name string) reportClient {
	t.Helper()
	i := slices.IndexFunc(r.Clients, func(x reportClient) bool { return x.Name == name })
	if i < 0 {
		t.Fatalf("no client %s in the report", name)
	}
	return r.Clients[i]
}

func (r reportTenant) user(t testing.TB, name string) reportUser {
	t.Helper()
	i := slices.IndexFunc(r.Users, func(x reportUser) bool { return x.UserPrincipalName == name })
	if i < 0 {
		t.Fatalf("no user %s in the report", name)
	}
	return r.Users[i]
}

func TestDemoReport(t *testing.T) {
	file := filepath.Join(t.TempDir(), "demo-report.json")
	startDemo(t, "", func(o *demoOptions) { o.JSON = file })
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r demoReport
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(r.BaseURL, "http://localhost:") || strings.HasSuffix(r.BaseURL, ":0") || r.PID != os.Getpid() || !filepath.IsAbs(r.Data) {
		t.Errorf("report: %+v", r)
	}
	contoso := r.tenant(t, "contoso.example")
	if want := r.BaseURL + "/" + contoso.ID + "/v2.0"; contoso.Issuer != want {
		t.Errorf("issuer %s, want %s", contoso.Issuer, want)
	}
	web := contoso.client(t, "web")
	if len(web.RedirectURIs) != 2 || web.RedirectURIs[1] != "http://127.0.0.1:5555/callback" || web.ClientSecret == "" || web.AuthMethod != idp.AuthBasic {
		t.Errorf("web: %+v", web)
	}
	if load := contoso.user(t, "load@contoso.example"); !load.PassMultiUse || load.TemporaryAccessPass == "" || load.UserType != "member" {
		t.Errorf("load: %+v", load)
	}
	r.tenant(t, "fabrikam.example").client(t, "worker")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the report holds secrets: %v, %v", info.Mode(), err)
	}
	if !strings.HasPrefix(r.InboxURL, "http://127.0.0.1:") || strings.HasSuffix(r.InboxURL, "/") {
		t.Errorf("the inbox is at %q", r.InboxURL)
	}
	if strings.Contains(string(data), "null") {
		t.Errorf("a list is null:\n%s", data)
	}
}

// TestDemoReopened: the same data is the same world, at other ports too.
func TestDemoReopened(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	var first, second demoReport
	t.Run("first", func(t *testing.T) { first = startDemo(t, dir).report() })
	t.Run("second", func(t *testing.T) { second = startDemo(t, dir).report() })
	for i, one := range first.Tenants {
		two := second.Tenants[i]
		if one.ID != two.ID {
			t.Errorf("%s was %s, is %s", one.Domain, one.ID, two.ID)
		}
		for i, c := range one.Clients {
			if d := two.Clients[i]; c.ClientID != d.ClientID || c.ClientSecret != d.ClientSecret {
				t.Errorf("client %s changed", c.Name)
			}
		}
		for i, u := range one.Users {
			if v := two.Users[i]; u.ID != v.ID || u.TemporaryAccessPass != v.TemporaryAccessPass {
				t.Errorf("%s changed", u.UserPrincipalName)
			}
		}
	}
	a, b := first.tenant(t, "contoso.example").client(t, "web"), second.tenant(t, "contoso.example").client(t, "web")
	if a.RedirectURIs[0] == b.RedirectURIs[0] || a.RedirectURIs[1] != b.RedirectURIs[1] {
		t.Errorf("redirect URIs %v, then %v", a.RedirectURIs, b.RedirectURIs)
	}
}

// TestDemoRenews: what was used up, deleted or forgotten is there again.
func TestDemoRenews(t *testing.T) {
	d := startDemo(t, "")
	ctx, domain := t.Context(), "contoso.example"
	service, home := d.server.Admin, d.world[0]
	if err := service.DeletePass(ctx, demoActor, domain, "noor@contoso.example", ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := service.NewClientSecret(ctx, demoActor, domain, home.clients[0].client.ClientID); err != nil {
		t.Fatal(err)
	}
	off := false
	if _, err := service.UpdatePassPolicy(ctx, demoActor, domain, admin.PassPolicyChange{Enabled: &off}); err != nil {
		t.Fatal(err)
	}
	memory, err := loadDemoMemory(d.server.Config.Data)
	if err != nil {
		t.Fatal(err)
	}
	again, err := demoSeed{service, memory, d.server.Clock.Now()}.grow(ctx, demoWorld(demoURIs{}))
	if err != nil {
		t.Fatal(err)
	}
	now := again[0]
	if now.users[0].code == home.users[0].code || now.users[1].code != home.users[1].code {
		t.Error("the deleted pass, and only it, should be new")
	}
	if c := now.clients[0]; c.secret == home.clients[0].secret || !c.client.SecretMatches(c.secret) {
		t.Error("the client's secret is not known")
	}
	late := demoSeed{service, memory, d.server.Clock.Now().Add(55 * time.Minute)}
	if later, err := late.grow(ctx, demoWorld(demoURIs{})); err != nil || later[0].users[2].code == now.users[2].code {
		t.Errorf("a pass that is almost over should be new: %v", err)
	}
}

func TestDemoRefuses(t *testing.T) {
	busy, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	real := filepath.Join(t.TempDir(), "real")
	cfg, err := demoOptions{Listen: "localhost:0", AppListen: "localhost:0", InboxListen: "localhost:0", Data: real}.config()
	if err != nil {
		t.Fatal(err)
	}
	if err := createData(cfg); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*demoOptions)
		want   string
	}{
		"port taken":         {func(o *demoOptions) { o.Listen = busy.Addr().String() }, "another program is listening"},
		"app's port taken":   {func(o *demoOptions) { o.AppListen = busy.Addr().String() }, "another program is listening"},
		"inbox's port taken": {func(o *demoOptions) { o.InboxListen = busy.Addr().String() }, "another program is listening"},
		"no host":            {func(o *demoOptions) { o.Listen = ":9400" }, "names no host"},
		"everybody":          {func(o *demoOptions) { o.AppListen = "0.0.0.0:9401"; o.TLS = true }, "names no host"},
		"others":             {func(o *demoOptions) { o.AppListen = "192.0.2.1:9401" }, "--tls"},
		"others' inbox":      {func(o *demoOptions) { o.InboxListen = "192.0.2.1:9402" }, "--inbox-listen \"192.0.2.1:9402\" is plain HTTP"},
		"not a demo's":       {func(o *demoOptions) { o.Data = real }, "was not made by the demo"},
	} {
		t.Run(name, func(t *testing.T) {
			o := demoOptions{Listen: "localhost:0", AppListen: "127.0.0.1:0", InboxListen: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "d")}
			c.change(&o)
			d, err := openDemo(t.Context(), o, slog.New(slog.DiscardHandler))
			if err == nil {
				t.Fatal("it starts", d.close())
			}
			if got := err.Error(); !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
				t.Errorf("%q, want one line with %q", got, c.want)
			}
			if _, err := os.Stat(o.Data); o.Data != real && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s was left behind: %v", o.Data, err)
			}
		})
	}
}

// TestDemoTLS: both listeners speak https, and the app trusts the provider.
func TestDemoTLS(t *testing.T) {
	d := startDemo(t, "", func(o *demoOptions) { o.TLS = true })
	r := d.report()
	if !strings.HasPrefix(r.BaseURL, "https://localhost:") || !strings.HasPrefix(d.appURL, "https://127.0.0.1:") {
		t.Errorf("provider at %s, app at %s", r.BaseURL, d.appURL)
	}
	pool, err := trusting(d.server.Config.TLS.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	p := newPerson(t, "")
	p.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	p.Open(d.appURL)
	p.Follow("sign-in")
	p.signIn(r.tenant(t, "contoso.example").user(t, "noor@contoso.example"))
	p.WantPage("app-signed-in")
	p.WantText("The provider stands behind this session.")
}

// TestDemoCertificate: it is made once, and anew when it no longer fits.
func TestDemoCertificate(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	files := config.TLS{Certificate: filepath.Join(dir, demoCertificateFile), Key: filepath.Join(dir, demoKeyFile)}
	var last []byte
	for _, c := range []struct {
		name  string
		hosts []string
		after time.Duration
		fresh bool
	}{
		{"none yet", []string{"localhost", "127.0.0.1"}, 0, true},
		{"still good", []string{"localhost"}, time.Hour, false},
		{"another host", []string{"demo.example"}, time.Hour, true},
		{"almost over", []string{"demo.example"}, 95 * 24 * time.Hour, true},
	} {
		if err := demoCertificate(files, c.hosts, now.Add(c.after)); err != nil {
			t.Fatal(err)
		}
		made, err := os.ReadFile(files.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		if fresh := !bytes.Equal(made, last); fresh != c.fresh {
			t.Errorf("%s: made anew: %v", c.name, fresh)
		}
		last = made
	}
}

// TestDemoCommand runs the command as the program does, until it is interrupted.
func TestDemoCommand(t *testing.T) {
	dir := t.TempDir()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	read, write := io.Pipe()
	code := make(chan int, 1)
	go func() {
		args := []string{"demo", "--listen", "localhost:0", "--app-listen", "127.0.0.1:0", "--inbox-listen", "127.0.0.1:0", "--metrics-listen", "localhost:0", "--data", filepath.Join(dir, "d"), "--json", filepath.Join(dir, "report.json")}
		code <- run(ctx, args, write, t.Output(), nil)
		write.Close()
	}()
	said := bufio.NewScanner(read)
	for said.Scan() && !strings.Contains(said.Text(), "Control-C") {
	}
	data, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r demoReport
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(r.MetricsURL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s", r.MetricsURL, resp.Status)
	}
	interrupt()
	if _, err := io.Copy(io.Discard, read); err != nil {
		t.Error(err)
	}
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d", got)
	}
}

func TestGreet(t *testing.T) {
	d := startDemo(t, "")
	var b strings.Builder
	at := demoPlaces{app: d.appURL, inbox: d.inboxURL, base: d.server.Config.BaseURL}
	greet(&b, at, d.world)
	for _, want := range []string{d.appURL, d.inboxURL, "noor@contoso.example", d.world[0].users[0].code, "/contoso.example/security-info", "Add a passkey", "--json", "docs/graph.md"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	const none = "There are no passkeys"
	if strings.Contains(b.String(), none) {
		t.Errorf("%q in\n%s", none, b.String())
	}
	at.base = "http://127.0.0.1:9400"
	if greet(&b, at, d.world); !strings.Contains(b.String(), none) {
		t.Errorf("no %q for an address", none)
	}
}
