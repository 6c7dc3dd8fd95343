package demoapp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// provider is the app's view of its OpenID Provider, discovered at first use.
type provider struct {
	Config
	mu    sync.Mutex
	found *discovered
}

// discovered is what the provider publishes about itself.
type discovered struct {
	*oidc.Provider
	verifier   *oidc.IDTokenVerifier
	oauth      oauth2.Config
	EndSession string `json:"end_session_endpoint"`
	SendsIss   bool   `json:"authorization_response_iss_parameter_supported"` // RFC 9207 3
}

// context carries the client that both libraries use.
func (p *provider) context(r *http.Request) context.Context {
	return oidc.ClientContext(r.Context(), p.HTTPClient)
}

// discover keeps what it found; a failure is tried again at the next use.
func (p *provider) discover(ctx context.Context) (*discovered, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	op, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		return nil, unreachable{err}
	}
	d := &discovered{Provider: op}
	if err := op.Claims(d); err != nil {
		return nil, unreachable{err}
	}
	d.verifier = op.Verifier(&oidc.Config{ClientID: p.ClientID, Now: p.Now})
	d.oauth = oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret,
		RedirectURL: p.RedirectURI(), Endpoint: op.Endpoint(),
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
	}
	d.oauth.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	p.found = d
	return d, nil
}

// exchange redeems a code for a session.
func (d *discovered) exchange(ctx context.Context, code string, a attempt) (session, error) {
	token, err := d.oauth.Exchange(ctx, code, oauth2.VerifierOption(a.verifier))
	if err != nil {
		return session{}, err
	}
	s := session{nonce: a.nonce, refresh: token.RefreshToken}
	verified, err := d.accept(ctx, token, &s)
	switch {
	case err != nil:
		return s, err
	case verified == nil:
		return s, distrusted{errors.New("the reply has no ID token")}
	case verified.Nonce != a.nonce: // OIDC Core 3.1.3.7, 11
		return s, distrusted{errors.New("the nonce is not the one this app sent")}
	}
	s.subject = verified.Subject
	return s, nil
}

// renew uses the refresh token. The session comes back changed, or not at all.
func (d *discovered) renew(ctx context.Context, s session) (session, error) {
	token, err := d.oauth.TokenSource(ctx, &oauth2.Token{RefreshToken: s.refresh}).Token()
	if err != nil {
		return s, err
	}
	if token.RefreshToken != "" {
		s.refresh = token.RefreshToken
	}
	verified, err := d.accept(ctx, token, &s)
	switch {
	case err != nil:
		return s, err
	case verified != nil && verified.Subject != s.subject: // OIDC Core 12.2
		return s, distrusted{errors.New("the new ID token is about somebody else")}
	case verified != nil && verified.Nonce != "" && verified.Nonce != s.nonce:
		return s, distrusted{errors.New("the new ID token belongs to another sign-in")}
	}
	s.renewed++
	return s, nil
}

// accept puts verified tokens into the session; nil if there is no ID token,
// which only a refresh may leave out.
func (d *discovered) accept(ctx context.Context, token *oauth2.Token, s *session) (*oidc.IDToken, error) {
	s.access = token.AccessToken
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, nil
	}
	verified, err := d.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, distrusted{err}
	}
	if verified.AccessTokenHash != "" {
		if err := verified.VerifyAccessToken(token.AccessToken); err != nil {
			return nil, distrusted{err}
		}
	}
	s.claims = nil
	if err := verified.Claims(&s.claims); err != nil {
		return nil, distrusted{err}
	}
	if sid, ok := s.claims["sid"].(string); ok { // a refreshed one may leave it out
		s.sid = sid
	}
	s.idToken, s.ends = raw, verified.Expiry
	return verified, nil
}

// ask calls userinfo for what scopes promise beside the sign-in itself (OIDC Core
// 5.4). Its answer also tells whether the provider still honours the session.
func (d *discovered) ask(ctx context.Context, s *session) error {
	info, err := d.UserInfo(ctx, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: s.access}))
	if err != nil {
		return err
	}
	if info.Subject != s.subject { // OIDC Core 5.3.2
		return distrusted{errors.New("userinfo is about somebody else")}
	}
	s.person = nil
	if err := info.Claims(&s.person); err != nil {
		return distrusted{err}
	}
	return nil
}

// endSession is where to send the browser to sign out (RP-Initiated Logout 2),
// "" if the provider has no such place.
func (d *discovered) endSession(c Config, s session, state string) string {
	u, err := url.Parse(d.EndSession)
	if err != nil || d.EndSession == "" {
		return ""
	}
	q := u.Query()
	q.Set("id_token_hint", s.idToken)
	q.Set("client_id", c.ClientID)
	q.Set("post_logout_redirect_uri", c.SignedOutURI())
	q.Set("state", state)
	u.RawQuery = q.Encode()
	return u.String()
}
