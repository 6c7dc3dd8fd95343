package oidc

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// introspection is the answer of RFC 7662 2.2; without more than active it says
// nothing about a token that is not valid or not the asker's to see.
type introspection struct {
	Active    bool          `json:"active"`
	Scope     string        `json:"scope,omitempty"`
	ClientID  string        `json:"client_id,omitempty"`
	Username  string        `json:"username,omitempty"`
	TokenType string        `json:"token_type,omitempty"`
	ExpiresAt int64         `json:"exp,omitempty"`
	IssuedAt  int64         `json:"iat,omitempty"`
	Subject   string        `json:"sub,omitempty"`
	Audience  string        `json:"aud,omitempty"`
	Issuer    string        `json:"iss,omitempty"`
	ID        string        `json:"jti,omitempty"`
	ACR       string        `json:"acr,omitempty"`
	AuthTime  int64         `json:"auth_time,omitempty"`
	Bound     *confirmation `json:"cnf,omitempty"` // RFC 9449 6.2
	Actor     *actor        `json:"act,omitempty"` // RFC 8693 4.1
}

// introspect is the introspection endpoint (RFC 7662). A confidential client may
// ask about its own tokens and those for the API that it is; one registered for it,
// about all.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) {
	given, shown, err := p.readTokenForm(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	q := web.From(r)
	access, err := p.readAccess(r.Context(), q.Tenant, given["token"], q.Now)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	var answer introspection
	var asker *idp.Client
	err = p.decide(r.Context(), q.Tenant, true, func(tx *storage.Tx) error {
		if asker, err = authenticate(tx, shown); err != nil {
			return err
		}
		if asker.Public() { // RFC 7662 2.1
			return invalidClient("Only a client that authenticates may introspect.")
		}
		answer, err = p.inspect(tx, q, asker, given["token"], access)
		return err
	})
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	p.tell(w, r, asker, answer)
}

// tell answers in JSON, or as a signed JWT to who asks for one (RFC 9701 4, 5).
func (p *Provider) tell(w http.ResponseWriter, r *http.Request, asker *idp.Client, answer introspection) {
	const kind = "application/" + typeIntrospection
	if !strings.Contains(r.Header.Get("Accept"), kind) {
		writeJSON(w, http.StatusOK, answer)
		return
	}
	q := web.From(r)
	keys, err := p.keys.get(r.Context(), q.Tenant.TenantID, q.Now)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	token, err := keys.sign(asker.Signing(), typeIntrospection, map[string]any{
		"iss": p.issuer(q.Tenant), "aud": asker.ClientID, "iat": q.Now.Unix(), "token_introspection": answer,
	})
	if err != nil {
		p.fail(w, r, err)
		return
	}
	writeText(w, kind, token)
}

func (p *Provider) inspect(tx *storage.Tx, q *web.Request, asker *idp.Client, token string, access *accessToken) (introspection, error) {
	if strings.HasPrefix(token, string(idp.RefreshToken)) {
		return p.inspectRefresh(tx, q, asker, token)
	}
	b, err := checkAccess(tx, access, q.Now)
	if b == nil || err != nil {
		return introspection{}, err
	}
	if held, err := holds(tx, asker, b); err != nil || !held && !asker.Introspect {
		return introspection{}, err
	}
	answer := introspection{
		Active: true, Scope: spaced(b.Scopes), ClientID: b.Client, TokenType: "Bearer", Audience: b.Audience,
		ExpiresAt: b.Ends.Unix(), IssuedAt: b.IssuedAt.Unix(), Subject: b.Client, Issuer: p.issuer(q.Tenant), ID: b.ID,
		Bound: confirmed(b.KeyThumb), Actor: acting(b.Actor),
	}
	if b.KeyThumb != "" {
		answer.TokenType = dpopHeader
	}
	if b.user != nil {
		answer.Subject, answer.Username = p.subject(q.Tenant, b.client, b.user.UserID), usernameFor(b.grant, b.user)
		answer.ACR, answer.AuthTime = b.grant.ACR, b.grant.AuthTime.Unix()
	}
	return answer, nil
}

// usernameFor is told only where the person has allowed her user name to be told.
func usernameFor(g *idp.Grant, u *idp.User) string {
	if !slices.Contains(g.Scopes, idp.ScopeProfile) {
		return ""
	}
	return u.PrincipalName
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
		Active: true, Scope: spaced(g.Scopes), ClientID: g.ClientID, Username: usernameFor(g, u),
		ExpiresAt: g.NotAfter.Unix(), IssuedAt: g.Refresh.IssuedAt.Unix(), Subject: p.subject(q.Tenant, asker, u.UserID), Issuer: p.issuer(q.Tenant),
		ACR: g.ACR, AuthTime: g.AuthTime.Unix(), Bound: confirmed(g.KeyThumb),
	}, nil
}
