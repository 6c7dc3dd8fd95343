package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"latchkey/idp"
)

// graphWorld is a running demo and those who call its admin API.
type graphWorld struct {
	testing.TB
	demo        *demo
	log         *told
	base        string
	home, other reportTenant // contoso calls, fabrikam is left alone
	transport   http.RoundTripper
	requests    int
	fixtures    int
	verifier    *idp.Pass  // of the passes that nobody signs in with
	standing    *idp.Group // which is not changed
}

func newGraphWorld(t testing.TB) *graphWorld {
	t.Helper()
	w := &graphWorld{TB: t, log: &told{}, transport: newTransport("", "")}
	o := demoOptions{Listen: "localhost:0", AppListen: "127.0.0.1:0", InboxListen: "127.0.0.1:0", MetricsListen: "localhost:0", Data: filepath.Join(t.TempDir(), "d")}
	// Commits are counted, so that no mail goes out, which makes some when it likes; DNS says that
	// every domain is contoso's.
	alone := func(d *demo) {
		d.server.mail = nil
		d.server.Admin.WithResolver(func(_ context.Context, domain string) ([]string, error) {
			return []string{d.server.Keys.DomainRecord(w.home.ID, domain)}, nil
		})
	}
	d := runDemo(t, o, slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelInfo})), alone)
	r := d.report()
	w.demo, w.base = d, r.BaseURL
	w.home, w.other = r.tenant(t, "contoso.example"), r.tenant(t, "fabrikam.example")
	w.standing = w.newGroup(false)
	return w
}

// told is a log in memory.
type told struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *told) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// faults are the lines that tell of a fault of ours.
func (l *told) faults() (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(strings.ToLower(line), "panic") {
			lines = append(lines, line)
		}
	}
	return lines
}

// wantNoFaults expects a log without any.
func (w *graphWorld) wantNoFaults() {
	w.Helper()
	for _, line := range w.log.faults() {
		w.Errorf("the log tells of a fault: %s", line)
	}
}

// must is for what only prepares a test.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// graphToken is a token response as far as the matrix needs it.
type graphToken struct {
	Access string `json:"access_token"`
	Scope  string `json:"scope"`
}

// permissions are those of the admin API that the token was given.
func (g graphToken) permissions() []string {
	return idp.Both(strings.Fields(g.Scope), idp.Permissions())
}

func (w *graphWorld) agent(o reportTenant) *agent {
	return &agent{w.transport, o.Issuer, map[string]string{}}
}

// appToken is a token of a client for itself.
func (w *graphWorld) appToken(o reportTenant, by app) (g graphToken) {
	w.Helper()
	form := url.Values{"grant_type": {idp.GrantClient}, "scope": {idp.ScopeOf(idp.GraphID, idp.EveryScope)}}
	if err := w.agent(o).post("/oauth2/v2.0/token", by, form, &g); err != nil {
		w.Fatal(err)
	}
	return g
}

// graphClient is the demo's client for administration, which acts for people with a scope.
func (w *graphWorld) graphClient(o reportTenant, scope string) app {
	c := o.client(w, "graph")
	i := slices.IndexFunc(c.RedirectURIs, func(u string) bool { return strings.HasPrefix(u, "http://127.0.0.1") })
	return c.app(c.RedirectURIs[i], "openid profile "+scope)
}

// personToken signs somebody in through the client by the code flow; where the browser
// knows them already, they are asked for no more than consent.
func (w *graphWorld) personToken(browser *agent, through app, name, pass string) (g graphToken) {
	w.Helper()
	request, verifier := browser.request(through)
	p, err := browser.browse(http.MethodGet, request, nil, through)
	for err == nil && p.page != "" {
		switch p.page {
		case "signin":
			p, err = browser.submit(p, "username", name, through)
		case "pass":
			if problem := firstOf(problemPattern, p.body); problem != "" {
				w.Fatalf("%s is not let in: %s", name, problem)
			}
			p, err = browser.submit(p, "code", pass, through)
		case "consent":
			p, err = browser.submit(p, "decision", "allow", through)
		default:
			w.Fatalf("%s came to the page %q: %.500s", name, p.page, p.body)
		}
	}
	if err == nil && p.landed.Get("code") == "" {
		w.Fatalf("the app was sent %v", p.landed)
	}
	if err == nil {
		err = browser.post("/oauth2/v2.0/token", through, url.Values{
			"grant_type": {idp.GrantCode}, "code": {p.landed.Get("code")}, "redirect_uri": {through.redirect}, "code_verifier": {verifier},
		}, &g)
	}
	if err != nil {
		w.Fatal(err)
	}
	return g
}
