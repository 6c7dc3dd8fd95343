package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/upstream/upstreamtest"
	"latchkey/storage"
)

// doorOnly makes the provider a page that a person sees and goes no further.
func (a *abroad) doorOnly() {
	a.provider.Set(func(p *upstreamtest.Provider) {
		p.Handle["/authorize"] = func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `<!doctype html><title>Upstream</title><main data-page="provider"></main>`)
		}
	})
}

// passes are what people hold, by name.
var passes = []string{"usable", "expired", "not yet valid", "out of scope", "none"}

// hold makes somebody of a domain who holds a pass of a kind, and nothing else that leads in.
func (a *abroad) hold(pass, domain string) *idp.User {
	a.Helper()
	u := a.user(strings.ReplaceAll(pass, " ", "-") + "@" + domain)
	switch pass {
	case "none":
	case "not yet valid":
		a.pass(u, idp.PassRequest{StartsAt: time.Now().Add(time.Hour)})
	default:
		made, _ := a.pass(u, idp.PassRequest{})
		if pass == "expired" {
			made.StartsAt = longAgo
			a.store(func(tx *storage.Tx) error { return tx.Put(made) })
		}
	}
	return u
}

// TestPassBeforeFederation: who holds a pass that can be used is asked for it, however they
// come; everybody else of a federated domain is sent to its provider. A hint without a name does
// not tell who comes, so that a browser in which nobody has signed in yet is shown the way to
// use a pass first.
func TestPassBeforeFederation(t *testing.T) {
	a := newAbroad(t)
	a.doorOnly()
	const enforced = "enforced.example"
	if _, err := a.server.Admin.AddDomain(t.Context(), demoActor, a.tenant, enforced); err != nil {
		t.Fatal(err)
	}
	a.federate(enforced, func(f *idp.Federation) { f.MFA, f.Name = idp.MFAEnforced, "Strict" })
	var out []idp.Target
	for _, domain := range []string{"contoso.example", fedDomain, enforced} {
		for _, pass := range passes {
			u := a.hold(pass, domain)
			if domain == "contoso.example" {
				a.passkey(u)
			}
			if pass == "out of scope" {
				out = append(out, idp.Target{Type: "user", ID: u.UserID})
			}
		}
	}
	if _, err := a.server.Admin.UpdatePassPolicy(t.Context(), demoActor, a.tenant, admin.PassPolicyChange{Exclude: &out}); err != nil {
		t.Fatal(err)
	}

	rows := 0
	for _, domain := range []string{"contoso.example", fedDomain, enforced} {
		for _, pass := range passes {
			for _, hint := range []string{"none", "login_hint", "domain_hint", "both"} {
				name := strings.ReplaceAll(pass, " ", "-") + "@" + domain
				rows++
				t.Run(fmt.Sprintf("%s, pass %s, %s", domain, pass, hint), func(t *testing.T) {
					if got, want := a.destination(t, name, hint), destinationOf(pass, domain, hint); got != want {
						t.Errorf("%s comes to %q, want %q", name, got, want)
					}
				})
			}
		}
	}
	if rows < 60 {
		t.Errorf("only %d rows", rows)
	}
}

// destinationOf is the table.
func destinationOf(pass, domain, hint string) string {
	switch {
	case domain != "contoso.example" && hint == "domain_hint":
		return "federated" // where a pass can be used instead
	case pass == "usable":
		return "pass"
	case domain == "contoso.example":
		return "passkey"
	}
	return "provider"
}

// destination is where somebody comes to from an app.
func (a *abroad) destination(t *testing.T, name, hint string) string {
	t.Helper()
	_, domain, _ := strings.Cut(name, "@")
	q := url.Values{}
	if hint == "login_hint" || hint == "both" {
		q.Set("login_hint", name)
	}
	if hint == "domain_hint" || hint == "both" {
		q.Set("domain_hint", domain)
	}
	p := newPerson(t, appBack)
	p.Open(a.authorize(q))
	if p.Page() == "signin" {
		p.Fill("username", name)
		p.Submit()
	}
	return p.Page()
}

// TestHintOfFamiliarBrowser: a browser in which somebody has signed in before is sent on by a
// hint at once, unless one of them holds a pass.
func TestHintOfFamiliarBrowser(t *testing.T) {
	a := newAbroad(t)
	sam := a.user("sam@" + fedDomain)
	p := a.as("sam@" + fedDomain)
	p.allow()
	a.doorOnly()
	hint := a.authorize(url.Values{"domain_hint": {fedDomain}, "prompt": {"login"}})
	p.Open(a.server.Config.BaseURL + "/" + a.tenant + "/oauth2/v2.0/logout")
	p.Press("decision", "sign-out")
	p.Open(hint)
	p.WantPage("provider")
	_, code := a.pass(sam, idp.PassRequest{})
	p.Open(hint)
	p.WantPage("federated")
	p.Press("id", "use-pass")
	p.WantPage("signin")
	p.Fill("username", sam.PrincipalName)
	p.Submit()
	p.WantPage("pass")
	p.Fill("code", code)
	p.Submit()
	p.allow()
}

// TestHoldersStay: who holds a passkey is not sent away, and a link leads there.
func TestHoldersStay(t *testing.T) {
	a := newAbroad(t)
	a.passkey(a.user("kira@" + fedDomain))
	a.doorOnly()
	p := a.as("kira@" + fedDomain)
	p.WantPage("passkey")
	p.Press("other", "1")
	p.Press("method", string(idp.FederatedDomain))
	p.WantPage("provider")
}

// TestSecondFactor: whose provider has proved one factor is asked for another as the domain's
// setting says; where the provider has to ask for it, a pass is not offered.
func TestSecondFactor(t *testing.T) {
	for _, row := range []struct {
		mfa  idp.FederatedMFA
		pass string
		want string
	}{
		{idp.MFAAccepted, "usable", "pass"}, {idp.MFAEnforced, "usable", "provider"}, {idp.MFARejected, "usable", "pass"},
		{idp.MFAAccepted, "none", "provider"}, {idp.MFAEnforced, "none", "provider"}, {idp.MFARejected, "none", "app"},
	} {
		t.Run(string(row.mfa)+", pass "+row.pass, func(t *testing.T) {
			a := newAbroad(t, func(f *idp.Federation) { f.MFA = row.mfa })
			sam := a.user("sam@" + fedDomain)
			p := a.as(sam.PrincipalName)
			p.allow()
			if row.pass == "usable" {
				a.pass(sam, idp.PassRequest{})
			}
			a.doorOnly()
			p.Open(a.authorize(url.Values{"acr_values": {idp.ACRMFA + " " + idp.ACRBootstrap}}))
			got := p.Page()
			if p.landed != nil {
				got = "app"
			}
			if got != row.want {
				t.Errorf("comes to %q, want %q:\n%s", got, row.want, p.Text())
			}
		})
	}
}
