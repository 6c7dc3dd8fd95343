package oidc

import (
	"net/http"
	"strings"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// introspection is the answer of RFC 7662 2.2; without more than active it says
// nothing about a token that is not valid or not the asker's to see.
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	Username  string `json:"username,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	ExpiresAt int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	ID        string `json:"jti,omitempty"`
	ACR       string `json:"acr,omitempty"`
	AuthTime  int64  `json:"auth_time,omitempty"`
}

// introspect is the introspection endpoint (RFC 7662). A confidential client may
// ask about its own tokens; one registered for it, about all.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) {
	given, shown, fault := readTokenForm(r)
	if fault != nil {
		p.refuse(w, r, fault)
		return
	}
	q := web.From(r)
	var answer introspection
	err := p.Store.View(r.Context(), q.Tenant.TenantID, func(tx *storage.Tx) error {
		asker, err := authenticate(tx, shown)
		if err != nil {
			return err
		}
		if asker.Public() { // RFC 7662 2.1
			return invalidClient("Only a client that authenticates may introspect.")
		}
		answer, err = p.inspect(tx, q, asker, given["token"])
		return err
	})
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) inspect(tx *storage.Tx, q *web.Request, asker *idp.Client, token string) (introspection, error) {
	if strings.HasPrefix(token, string(idp.RefreshToken)) {
		return p.inspectRefresh(tx, q, asker, token)
	}
	b, err := p.checkAccess(tx, q.Tenant.TenantID, token, q.Now)
	if b == nil || err != nil || !asker.Introspect && b.Client != asker.ClientID {
		return introspection{}, err
	}
	answer := introspection{
		Active: true, Scope: strings.Join(b.Scopes, " "), ClientID: b.Client, TokenType: "Bearer",
		ExpiresAt: b.Ends.Unix(), IssuedAt: b.IssuedAt.Unix(), Subject: b.Client, Issuer: p.issuer(q.Tenant), ID: b.ID,
	}
	if b.user != nil {
		answer.Subject, answer.Username = b.user.UserID, b.user.PrincipalName
		answer.ACR, answer.AuthTime = b.grant.ACR, b.grant.AuthTime.Unix()
	}
	return answer, nil
}

// inspectRefresh tells of a refresh token, to its own client only.
func (p *Provider) inspectRefresh(tx *storage.Tx, q *web.Request, asker *idp.Client, token string) (introspection, error) {
	g, err := idp.Optional(storage.Lookup[idp.Grant](tx, "refresh", idp.RefreshFamily(token)))
	if g == nil || err != nil || g.ClientID != asker.ClientID {
		return introspection{}, err
	}
	u, sts, err := standing(tx, asker, g, q.Now)
	if err != nil || sts != 0 || !g.Refreshes(token) {
		return introspection{}, err
	}
	return introspection{
		Active: true, Scope: strings.Join(g.Scopes, " "), ClientID: g.ClientID, Username: u.PrincipalName,
		ExpiresAt: g.NotAfter.Unix(), IssuedAt: g.Refresh.IssuedAt.Unix(), Subject: u.UserID, Issuer: p.issuer(q.Tenant),
		ACR: g.ACR, AuthTime: g.AuthTime.Unix(),
	}, nil
}
