package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
	"latchkey/storage/mem"
)

// opened is a server on free ports and fresh data, which does not serve yet.
func opened(t *testing.T) *server {
	t.Helper()
	cfg := config.Defaults()
	cfg.Data = filepath.Join(t.TempDir(), "d")
	cfg.Listen, cfg.MetricsListen = "localhost:0", "localhost:0"
	if err := createData(cfg); err != nil {
		t.Fatal(err)
	}
	s, err := openServer(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestStop expects that a request which runs when the server is stopped ends
// well, and that no new one begins.
func TestStop(t *testing.T) {
	s := opened(t)
	entered, stopping := make(chan struct{}), make(chan struct{})
	s.public.http.RegisterOnShutdown(func() { close(stopping) })
	s.public.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-stopping
		answer(w, http.StatusOK, "whole")
	})
	s.serve(s.public)
	answered := make(chan string)
	go func() {
		response, err := http.Get(s.address())
		if err != nil {
			answered <- err.Error()
			return
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			answered <- err.Error()
			return
		}
		answered <- string(body) + response.Status
	}()
	<-entered
	ctx, stop := context.WithCancel(t.Context())
	stop()
	ended := make(chan error)
	go func() { ended <- s.Wait(ctx) }()
	if got := <-answered; got != "whole\n200 OK" {
		t.Errorf("the running request: %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := http.Get(s.address()); err == nil {
		t.Error("a stopped server answers")
	}
	if s.ready() == nil {
		t.Error("a stopped server is ready")
	}
}

// TestFault expects that a fault ends the server, and is what is told.
func TestFault(t *testing.T) {
	s := opened(t)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	want := errors.New("disk on fire")
	s.fail(want)
	s.fail(errors.New("and another"))
	if err := s.Wait(t.Context()); !errors.Is(err, want) || strings.Contains(err.Error(), "another") {
		t.Error(err)
	}
}

// broken fails every commit, as a disk does.
type broken struct{ storage.Driver }

func (broken) Update(context.Context, string, func(storage.KV) error) error {
	return fmt.Errorf("%w: input/output error", storage.ErrStopped)
}

func TestReady(t *testing.T) {
	s := &server{deps: &deps{Store: storage.New(broken{mem.New()})}}
	m := newMetrics(s.Store, idp.NewClock(time.Now))
	status := func() int {
		w := httptest.NewRecorder()
		m.operations(s.ready).ServeHTTP(w, httptest.NewRequest("GET", "/healthz/ready", nil))
		return w.Code
	}
	if got := status(); got != http.StatusOK {
		t.Errorf("sound: %d", got)
	}
	if err := s.Store.Update(t.Context(), storage.System, func(*storage.Tx) error { return nil }); err == nil {
		t.Fatal("a commit succeeded")
	}
	if got := status(); got != http.StatusServiceUnavailable {
		t.Errorf("after a failed commit: %d", got)
	}
}

// TestMaintenance runs by hand what the server does from time to time.
func TestMaintenance(t *testing.T) {
	s := opened(t)
	ended := &idp.RevokedToken{TokenID: "x", Ends: time.Now().Add(-time.Hour)}
	if err := s.Store.Update(t.Context(), "t", func(tx *storage.Tx) error { return tx.Put(ended) }); err != nil {
		t.Fatal(err)
	}
	s.sweep(t.Context())
	err := s.Store.View(t.Context(), "t", func(tx *storage.Tx) error {
		_, err := storage.Get[idp.RevokedToken](tx, "x")
		return err
	})
	if !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("an expired record is still there: %v", err)
	}

	s.keepClock(t.Context())
	clock := idp.NewClock(func() time.Time { return time.Now().Add(-time.Hour) })
	if err := s.Store.View(t.Context(), storage.System, clock.LoadClock); err != nil || clock.Behind() < 59*time.Minute {
		t.Errorf("the mark was not kept: %s, %v", clock.Behind(), err)
	}
	var log bytes.Buffer
	s.Clock, s.Log = clock, slog.New(slog.NewTextHandler(&log, nil))
	s.warnClock()
	if !strings.Contains(log.String(), "level=WARN") {
		t.Error("nobody was told that the clock was set back")
	}
}

// TestControl asks the socket for what a command of another version might.
func TestControl(t *testing.T) {
	s := opened(t)
	s.prepareControl()
	s.serve(s.control)
	for _, c := range []struct{ operation, args, want string }{
		{"tenant.create", `{"name":"X","domains":["x.example"]}`, ""},
		{"tenant.create", `{"name":"X","domains":["x.example"]}`, "conflict: One of the domains"},
		{"tenant.erase", `{}`, `notFound: This server does not know "tenant.erase"`},
		{"tenant.create", `{"name":"Y","color":"red"}`, `invalid: The arguments of tenant.create cannot be read: json: unknown field "color".`},
		{"tenant.create", `{"name":"Y"}{}`, "invalid: There is something behind"},
		{"tenant.create", `[`, "invalid: The arguments"},
		{"tenant.create", `{"name":"` + strings.Repeat("x", maxControl) + `"}`, "invalid: The arguments of tenant.create cannot be read: http: request body too large."},
		{"user.show", `{"user":"a@x.example"}`, `notFound: There is no user "a@x.example".`},
	} {
		response, err := overSocket(filepath.Join(s.Config.Data, socketFile)).Post("http://latchkey/"+c.operation, "application/json", strings.NewReader(c.args))
		if err != nil {
			t.Fatal(err)
		}
		var told controlError
		err = json.NewDecoder(response.Body).Decode(&told)
		got := strings.TrimPrefix(string(told.Code)+": "+told.Message, ": ")
		if err != nil || !strings.HasPrefix(got, c.want) || (response.StatusCode == http.StatusOK) != (c.want == "") {
			t.Errorf("%s %.40s: %s %s %v", c.operation, c.args, response.Status, got, err)
		}
	}
	names := map[string]bool{}
	for _, o := range operations() {
		if names[o.named()] {
			t.Errorf("two operations are called %s", o.named())
		}
		names[o.named()] = true
	}
	es := actors(t, s)
	if len(es) == 0 || es[0] != admin.Operator(userName(os.Getuid())).Party {
		t.Errorf("the audit log says that this was done by %v", es)
	}
}

// actors are those of the audit log of the tenant x.example.
func actors(t *testing.T, s *server) []idp.Party {
	t.Helper()
	es, _, err := s.Admin.Events(t.Context(), admin.Operator("test"), "x.example", idp.Directory, storage.Page{})
	if err != nil {
		t.Fatal(err)
	}
	return each(es, func(e *idp.AuditEvent) idp.Party { return e.Actor })
}

func TestObserved(t *testing.T) {
	var log bytes.Buffer
	m := newMetrics(storage.New(mem.New()), idp.NewClock(time.Now))
	r := mux.NewRouter()
	r.Use(nameRoute)
	r.HandleFunc("/{tenant}/x", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusBadGateway)
	})
	h := observed(r, m, slog.New(slog.NewTextHandler(&log, nil)))
	for _, path := range []string{"/a/x?code=hidden", "/b/x", "/c"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	for _, want := range []string{
		`latchkey_http_requests_total{code="502",route="/{tenant}/x"} 2`, `latchkey_http_requests_total{code="404",route="other"} 1`,
		`latchkey_http_request_duration_seconds_count{route="other"} 1`,
	} {
		if !strings.Contains(scrape(m), want) {
			t.Errorf("not among the metrics: %s", want)
		}
	}
	if text := log.String(); strings.Count(text, "level=ERROR") != 2 || strings.Contains(text, "hidden") {
		t.Errorf("the log: %s", text)
	}
}

// scrape is what Prometheus reads.
func scrape(m *metrics) string {
	w := httptest.NewRecorder()
	m.operations(func() error { return nil }).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestCounted(t *testing.T) {
	m := newMetrics(storage.New(mem.New()), idp.NewClock(time.Now))
	for result, err := range map[string]error{
		"right": nil, "wrong": &idp.Refusal{Wrong: true}, "refused": &idp.Refusal{}, "fault": errors.New("x"),
	} {
		m.countAnswer("k", err)
		if !strings.Contains(scrape(m), `latchkey_sign_ins_total{method="k",result="`+result+`"} 1`) {
			t.Errorf("%s is not counted", result)
		}
	}
}

// TestCertificate renews the files of a certificate while it is in use.
func TestCertificate(t *testing.T) {
	dir := t.TempDir()
	files := config.TLS{Certificate: filepath.Join(dir, "c.pem"), Key: filepath.Join(dir, "k.pem")}
	renew := func(at time.Time) {
		t.Helper()
		_ = os.Remove(files.Key)
		if err := demoCertificate(files, []string{"localhost"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(files.Key, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	renew(now)
	c, err := loadCertificate(files, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	inUse := func() *tls.Certificate {
		pair, err := c.config().GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair
	}
	first := inUse()
	if c.refresh(); inUse() != first {
		t.Error("read anew although nothing changed")
	}
	renew(now.Add(time.Second))
	if c.refresh(); inUse() == first {
		t.Error("a renewed certificate is not in use")
	}
	second := inUse()
	if err := os.Truncate(files.Certificate, 10); err != nil {
		t.Fatal(err)
	}
	if c.refresh(); inUse() != second {
		t.Error("a pair that cannot be used replaced the one in use")
	}
	(*certificate)(nil).refresh()
	if _, err := loadCertificate(files, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a server would start without a certificate")
	}
}

// TestFapi2EnsureHolderOfKeyRequired: of TLS 1.2 only the cipher suites that RFC 9325
// recommends are spoken, and nothing older, as that module of the conformance suite
// also looks at.
func TestFapi2EnsureHolderOfKeyRequired(t *testing.T) {
	dir := t.TempDir()
	files := config.TLS{Certificate: filepath.Join(dir, "c.pem"), Key: filepath.Join(dir, "k.pem")}
	if err := demoCertificate(files, []string{"localhost"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	c, err := loadCertificate(files, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	greet := func(version uint16, suites ...uint16) error {
		here, there := net.Pipe()
		go tls.Server(there, c.config()).HandshakeContext(t.Context())
		client := tls.Client(here, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, CipherSuites: suites})
		defer here.Close()
		return client.HandshakeContext(t.Context())
	}
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if !slices.Contains(s.SupportedVersions, tls.VersionTLS12) {
			continue
		}
		want := s.ID == tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 || s.ID == tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
		if err := greet(tls.VersionTLS12, s.ID); (err == nil) != want {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS13: true} {
		if err := greet(version); (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

// TestUncleanPaths: a path that is not clean is no page's, and leads nowhere.
func TestUncleanPaths(t *testing.T) {
	base := startDemo(t, "").report().BaseURL
	for _, path := range []string{"//evil.example/", "/%2f%2fevil.example", "/contoso.example/..%2f..%2fetc", "/assets/../../x", "/contoso.example//signin"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		if got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.Header.Get("Location"))
		}
	}
}
