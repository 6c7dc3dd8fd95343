package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/upstream/upstreamtest"
	"latchkey/storage"
)

// abroad is a demo whose organization Contoso has a domain that is federated with a provider
// which tests can make do anything.
type abroad struct {
	testing.TB
	*demo
	provider   *upstreamtest.Provider
	tenant     string
	app        reportClient
	federation *idp.Federation
	log        *buffer
}

const (
	fedDomain = "fed.example"
	appBack   = "http://127.0.0.1:5555/callback"
)

// buffer is a log that several write to.
type buffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

func newAbroad(t testing.TB, change ...func(*idp.Federation)) *abroad {
	t.Helper()
	log := &buffer{}
	o := demoOptions{Listen: "localhost:0", AppListen: "127.0.0.1:0", InboxListen: "127.0.0.1:0", MetricsListen: "localhost:0", Data: filepath.Join(t.TempDir(), "d")}
	d := runDemo(t, o, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})))
	a := &abroad{TB: t, demo: d, provider: providerOf(t, fedDomain), log: log}
	report := d.report().tenant(t, "contoso.example")
	a.tenant, a.app = report.ID, report.client(t, "web")
	if _, err := d.server.Admin.AddDomain(t.Context(), demoActor, a.tenant, fedDomain); err != nil {
		t.Fatal(err)
	}
	a.federation = a.federate(fedDomain, change...)
	return a
}

// providerOf starts a provider at which sam of a domain signs in.
func providerOf(t testing.TB, domain string) *upstreamtest.Provider {
	p := upstreamtest.Start()
	t.Cleanup(p.Close)
	p.Person = map[string]any{"sub": "sam-1", "email": "sam@" + domain, "email_verified": true, "name": "Sam"}
	return p
}

// federate makes the provider the one of a domain.
func (a *abroad) federate(domain string, change ...func(*idp.Federation)) *idp.Federation {
	a.Helper()
	f := idp.Federation{Name: "Upstream", Issuer: a.provider.URL, ClientID: upstreamtest.ClientID, Domains: []string{domain}}
	for _, c := range change {
		c(&f)
	}
	made, err := a.server.Admin.CreateFederation(a.Context(), demoActor, a.tenant, f, upstreamtest.ClientSecret)
	if err != nil {
		a.Fatal(err)
	}
	return made
}

// anew is the same with another provider in place of the one before.
func (a *abroad) anew(t testing.TB) *abroad {
	t.Helper()
	b := *a
	b.TB, b.provider = t, providerOf(t, fedDomain)
	if err := b.server.Admin.DeleteFederation(t.Context(), demoActor, b.tenant, fedDomain); err != nil {
		t.Fatal(err)
	}
	b.federation = b.federate(fedDomain)
	return &b
}

// beside is the same with another provider beside the one before, and sam of a domain of its own.
func (a *abroad) beside(domain string) *abroad {
	a.Helper()
	b := *a
	b.provider = providerOf(a, domain)
	if _, err := a.server.Admin.AddDomain(a.Context(), demoActor, a.tenant, domain); err != nil {
		a.Fatal(err)
	}
	b.user("sam@" + domain)
	b.federation = b.federate(domain)
	return &b
}

// update changes the federation.
func (a *abroad) update(change func(*idp.Federation)) {
	a.Helper()
	_, err := a.server.Admin.UpdateFederation(a.Context(), demoActor, a.tenant, a.federation.FederationID, nil, func(f *idp.Federation) error { change(f); return nil })
	if err != nil {
		a.Fatal(err)
	}
}

// user makes somebody of the organization.
func (a *abroad) user(name string, roles ...string) *idp.User {
	a.Helper()
	u, err := a.server.Admin.CreateUser(a.Context(), demoActor, a.tenant, idp.User{PrincipalName: name, DisplayName: name, Type: idp.Member, Roles: roles})
	if err != nil {
		a.Fatal(err)
	}
	return u
}

// pass gives somebody a pass.
func (a *abroad) pass(u *idp.User, req idp.PassRequest) (info *idp.Pass, code string) {
	a.Helper()
	made, code, err := a.server.Admin.CreatePass(a.Context(), demoActor, a.tenant, u.UserID, req)
	if err != nil {
		a.Fatal(err)
	}
	return made.Pass, code
}

// passkey gives somebody a passkey that no device has.
func (a *abroad) passkey(u *idp.User) {
	a.Helper()
	a.store(func(tx *storage.Tx) error {
		return tx.Insert(&idp.Passkey{
			PasskeyID: idp.NewID(), UserID: u.UserID, Name: "Phone", Credential: []byte(u.UserID), Synced: true,
			AAGUID: "00000000-0000-0000-0000-000000000000", CreatedAt: u.CreatedAt, Transports: []string{"internal"},
		})
	})
}

func (a *abroad) store(fn func(*storage.Tx) error) {
	a.Helper()
	if err := a.server.Store.Update(a.Context(), a.tenant, fn); err != nil {
		a.Fatal(err)
	}
}

// authorize is the address at which the app sends people to sign in.
func (a *abroad) authorize(more url.Values) string {
	q := url.Values{"client_id": {a.app.ClientID}, "redirect_uri": {appBack}, "response_type": {"code"}, "scope": {"openid offline_access"}, "state": {"s"}}
	for name, values := range more {
		q[name] = values
	}
	return a.server.Config.BaseURL + "/" + a.tenant + "/oauth2/v2.0/authorize?" + q.Encode()
}

// come is a person who comes from the app.
func (a *abroad) come(more url.Values) *person {
	a.Helper()
	p := newPerson(a.TB, appBack)
	p.Open(a.authorize(more))
	return p
}

// as is a person who comes from the app with a name.
func (a *abroad) as(name string) *person { return a.come(url.Values{"login_hint": {name}}) }

// allow goes on to the app.
func (p *person) allow() url.Values {
	p.t.Helper()
	if p.Page() == "consent" {
		p.Press("decision", "allow")
	}
	return p.Landed()
}

// redeem is what the app gets for a code.
func (a *abroad) redeem(code string) (status int, tokens map[string]any) {
	a.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {appBack}}
	return a.call("token", form)
}

// call posts a form to an endpoint as the app.
func (a *abroad) call(endpoint string, form url.Values) (status int, answer map[string]any) {
	a.Helper()
	r, err := http.NewRequestWithContext(a.Context(), http.MethodPost, a.server.Config.BaseURL+"/"+a.tenant+"/oauth2/v2.0/"+endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		a.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(a.app.ClientID, a.app.ClientSecret)
	return doJSON(a.TB, r)
}

// wantProblem expects to be told of a problem, by a page that names the provider.
func (p *person) wantProblem(id string) {
	p.t.Helper()
	n := p.first("p", "data-problem", id)
	if n == nil {
		n = p.first("main", "data-problem", id)
	}
	if n == nil {
		p.t.Fatalf("on page %q (%d, %s), which does not tell of %s:\n%s", p.Page(), p.status, p.at, id, p.Text())
	}
}

// touched is what the tests of attacks expect to stay as it is: users, identities, sessions.
func (a *abroad) touched() string {
	a.Helper()
	var users, ids, sessions int
	err := a.server.Store.View(a.Context(), a.tenant, func(tx *storage.Tx) error {
		us, _, err := storage.All[idp.User](tx, storage.Page{})
		if err != nil {
			return err
		}
		links, _, err := storage.All[idp.Identity](tx, storage.Page{})
		if err != nil {
			return err
		}
		open, _, err := storage.All[idp.Session](tx, storage.Page{})
		users, ids, sessions = len(us), len(links), len(open)
		return err
	})
	if err != nil {
		a.Fatal(err)
	}
	return fmt.Sprintf("%d users, %d identities, %d sessions", users, ids, sessions)
}

var longAgo = time.Now().Add(-48 * time.Hour)

// doJSON sends a request and reads the answer, which is JSON.
func doJSON(t testing.TB, r *http.Request) (status int, answer map[string]any) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}
