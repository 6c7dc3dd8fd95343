package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// party is a relying party made of coreos/go-oidc and x/oauth2.
type party struct {
	t        *testing.T
	ctx      context.Context
	report   demoReport
	tenant   reportTenant
	client   reportClient
	provider *oidc.Provider
	oauth    oauth2.Config
}

func newParty(t *testing.T, r demoReport, client string) *party {
	t.Helper()
	p := &party{t: t, ctx: t.Context(), report: r, tenant: r.tenant(t, "contoso.example")}
	p.client = p.tenant.client(t, client)
	var err error
	if p.provider, err = oidc.NewProvider(p.ctx, p.tenant.Issuer); err != nil {
		t.Fatal(err)
	}
	p.oauth = oauth2.Config{
		ClientID: p.client.ClientID, ClientSecret: p.client.ClientSecret, Endpoint: p.provider.Endpoint(),
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
	}
	if len(p.client.RedirectURIs) > 0 {
		p.oauth.RedirectURL = p.client.RedirectURIs[0]
	}
	return p
}

// signIn gets tokens by the code flow with PKCE, as the person with this name.
func (p *party) signIn(name string) (*oauth2.Token, *person) {
	p.t.Helper()
	verifier := oauth2.GenerateVerifier()
	browser := newPerson(p.t, p.oauth.RedirectURL)
	browser.Open(p.oauth.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier), oidc.Nonce("n")))
	browser.signIn(p.tenant.user(p.t, name))
	token, err := p.oauth.Exchange(p.ctx, browser.Landed().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		p.t.Fatal(err)
	}
	return token, browser
}

func (p *party) verify(token *oauth2.Token) *oidc.IDToken {
	p.t.Helper()
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		p.t.Fatal("no ID token")
	}
	verified, err := p.provider.Verifier(&oidc.Config{ClientID: p.client.ClientID}).Verify(p.ctx, raw)
	if err != nil {
		p.t.Fatal(err)
	}
	return verified
}

func (p *party) refresh(token *oauth2.Token) (*oauth2.Token, error) {
	return p.oauth.TokenSource(p.ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
}

// endpoint is one that the libraries do not know.
func (p *party) endpoint(name string) string {
	p.t.Helper()
	var metadata map[string]any
	if err := p.provider.Claims(&metadata); err != nil {
		p.t.Fatal(err)
	}
	address, ok := metadata[name].(string)
	if !ok {
		p.t.Fatalf("discovery has no %s", name)
	}
	return address
}

func TestCodeFlow(t *testing.T) {
	r := startDemo(t, "").report()
	for _, client := range []string{"web", "native", "spa"} {
		t.Run(client, func(t *testing.T) {
			p := newParty(t, r, client)
			if client == "native" { // any port of loopback, RFC 8252 7.3
				p.oauth.RedirectURL = "http://127.0.0.1:49321/callback"
			}
			token, _ := p.signIn("noor@contoso.example")
			id := p.verify(token)
			if id.Nonce != "n" || id.Subject != p.tenant.user(t, "noor@contoso.example").ID {
				t.Errorf("ID token about %s, nonce %q", id.Subject, id.Nonce)
			}
			if err := id.VerifyAccessToken(token.AccessToken); err != nil {
				t.Error(err)
			}
			info, err := p.provider.UserInfo(p.ctx, oauth2.StaticTokenSource(token))
			if err != nil || info.Email != "noor@contoso.example" || !info.EmailVerified {
				t.Errorf("userinfo: %+v, %v", info, err)
			}
			fresh, err := p.refresh(token)
			if err != nil {
				t.Fatal(err)
			}
			if p.verify(fresh).Subject != id.Subject || fresh.AccessToken == token.AccessToken {
				t.Error("the refreshed tokens are not new ones about the same person")
			}
		})
	}
}

// TestPKCE: a public client cannot go without, and nobody can go with a wrong verifier.
func TestPKCE(t *testing.T) {
	p := newParty(t, startDemo(t, "").report(), "native")
	p.oauth.RedirectURL = "http://127.0.0.1:49321/callback"
	browser := newPerson(t, p.oauth.RedirectURL)
	browser.Open(p.oauth.AuthCodeURL("s"))
	if got := browser.Landed().Get("error"); got != "invalid_request" {
		t.Errorf("without PKCE: %v", browser.landed)
	}
	browser.Open(p.oauth.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
	browser.signIn(p.tenant.user(t, "noor@contoso.example"))
	_, err := p.oauth.Exchange(p.ctx, browser.Landed().Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	wantRefused(t, err, "invalid_grant")
}

func wantRefused(t *testing.T, err error, code string) {
	t.Helper()
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != code {
		t.Errorf("%v, want %s", err, code)
	}
}

// TestPassBoundsTokens: what came from a pass ends with it.
func TestPassBoundsTokens(t *testing.T) {
	d := startDemo(t, "")
	p := newParty(t, d.report(), "web")
	token, browser := p.signIn("noor@contoso.example")
	other, _ := p.signIn("admin@contoso.example")
	if err := d.server.Admin.DeletePass(t.Context(), demoActor, "contoso.example", "noor@contoso.example", ""); err != nil {
		t.Fatal(err)
	}
	_, err := p.refresh(token)
	wantRefused(t, err, "invalid_grant")
	if _, err := p.provider.UserInfo(p.ctx, oauth2.StaticTokenSource(token)); err == nil {
		t.Error("userinfo still answers")
	}
	browser.Open(p.oauth.AuthCodeURL("s"))
	browser.WantPage("signin")
	if _, err := p.refresh(other); err != nil {
		t.Errorf("somebody else's sign-in ended too: %v", err)
	}
}

func TestCodeOnce(t *testing.T) {
	p := newParty(t, startDemo(t, "").report(), "web")
	browser := newPerson(t, p.oauth.RedirectURL)
	browser.Open(p.oauth.AuthCodeURL("s"))
	browser.signIn(p.tenant.user(t, "noor@contoso.example"))
	code := browser.Landed().Get("code")
	token, err := p.oauth.Exchange(p.ctx, code)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.oauth.Exchange(p.ctx, code)
	wantRefused(t, err, "invalid_grant")
	_, err = p.refresh(token) // a second use revokes what the first one gave (RFC 6749 4.1.2)
	wantRefused(t, err, "invalid_grant")
}

func TestClientCredentials(t *testing.T) {
	p := newParty(t, startDemo(t, "").report(), "worker")
	c := clientcredentials.Config{ClientID: p.client.ClientID, ClientSecret: p.client.ClientSecret, TokenURL: p.provider.Endpoint().TokenURL}
	token, err := c.Token(p.ctx)
	if err != nil || token.AccessToken == "" || token.RefreshToken != "" {
		t.Fatalf("%+v, %v", token, err)
	}
	c.ClientSecret = "wrong"
	_, err = c.Token(p.ctx)
	wantRefused(t, err, "invalid_client")
}

func TestDeviceFlow(t *testing.T) {
	p := newParty(t, startDemo(t, "").report(), "native")
	for _, decision := range []string{"allow", "deny"} {
		t.Run(decision, func(t *testing.T) {
			begun, err := p.oauth.DeviceAuth(p.ctx)
			if err != nil {
				t.Fatal(err)
			}
			browser := newPerson(t, "")
			browser.Open(begun.VerificationURIComplete)
			browser.WantPage("device")
			browser.Submit()
			browser.signIn(p.tenant.user(t, "noor@contoso.example"))
			browser.WantPage("device-confirm")
			browser.WantText("Demo Command Line", begun.UserCode)
			browser.Press("decision", decision)
			browser.WantPage("device-done")
			begun.Interval = 1 // the decision is made: nobody is asked to wait
			token, err := p.oauth.DeviceAccessToken(p.ctx, begun)
			if decision == "deny" {
				wantRefused(t, err, "access_denied")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			p.verify(token)
			if _, err := p.refresh(token); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLogout(t *testing.T) {
	p := newParty(t, startDemo(t, "").report(), "web")
	token, browser := p.signIn("noor@contoso.example")
	back := p.client.PostLogoutRedirectURIs[1]
	browser.away = back
	q := url.Values{"id_token_hint": {token.Extra("id_token").(string)}, "post_logout_redirect_uri": {back}, "state": {"s2"}}
	browser.Open(p.endpoint("end_session_endpoint") + "?" + q.Encode())
	if browser.Landed().Get("state") != "s2" {
		t.Errorf("the app was sent %v", browser.landed)
	}
	browser.Open(p.oauth.AuthCodeURL("s"))
	browser.WantPage("signin")
	q.Set("post_logout_redirect_uri", "https://evil.example/")
	browser.Open(p.endpoint("end_session_endpoint") + "?" + q.Encode())
	browser.WantPage("error")
}

// TestIntrospection: a worker sees what is alive, and that it no longer is.
func TestIntrospection(t *testing.T) {
	r := startDemo(t, "").report()
	p, worker := newParty(t, r, "web"), newParty(t, r, "worker")
	token, _ := p.signIn("noor@contoso.example")
	if got := worker.introspect(token.AccessToken); got["active"] != true || got["client_id"] != p.client.ClientID {
		t.Errorf("introspection of a living token: %v", got)
	}
	p.post("revocation_endpoint", url.Values{"token": {token.RefreshToken}}, nil)
	if got := worker.introspect(token.AccessToken); got["active"] != false || len(got) != 1 {
		t.Errorf("introspection of a revoked token: %v", got)
	}
}

func (p *party) introspect(token string) (answer map[string]any) {
	p.t.Helper()
	p.post("introspection_endpoint", url.Values{"token": {token}}, &answer)
	return answer
}

// post calls an endpoint as the client; into is nil if nothing is answered.
func (p *party) post(endpoint string, form url.Values, into any) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.ctx, http.MethodPost, p.endpoint(endpoint), strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(p.client.ClientID, p.client.ClientSecret)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %s", endpoint, resp.Status)
	}
	if into != nil {
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			p.t.Fatal(err)
		}
	}
}
