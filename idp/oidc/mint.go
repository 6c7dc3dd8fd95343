package oidc

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"latchkey/idp"
)

// minting is what a grant type decided to give out.
type minting struct {
	request *tokenRequest
	client  *idp.Client
	user    *idp.User  // nil: for the client itself
	grant   *idp.Grant // nil likewise
	scopes  []string   // of the access token
	refresh string     // the refresh token to hand out, "" for none
}

// tokenAnswer is a token response (RFC 6749 5.1, OIDC Core 3.1.3.3).
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	Scope        string `json:"scope,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// mint makes the tokens of a response. It is the only place that does, and every
// lifetime in it comes from Grant.Lifetime.
func (p *Provider) mint(ctx context.Context, m minting) (*tokenAnswer, error) {
	q := m.request
	life := idp.AccessTokenLifetime
	if m.grant != nil {
		life = m.grant.Lifetime(q.Now, life)
	}
	if life < time.Second {
		return nil, invalidGrant(m.grant.EndsAs)
	}
	token := accessToken{
		ID: idp.NewID(), Client: m.client.ClientID, Scopes: m.scopes,
		IssuedAt: q.Now, Ends: q.Now.Add(life),
	}
	if m.grant != nil {
		token.Grant = m.grant.GrantID
	}
	access, err := p.sealAccess(q.Tenant.TenantID, token)
	if err != nil {
		return nil, err
	}
	answer := &tokenAnswer{
		AccessToken: access, TokenType: "Bearer", ExpiresIn: int64(life / time.Second),
		Scope: strings.Join(m.scopes, " "), RefreshToken: m.refresh,
	}
	if m.grant != nil && slices.Contains(m.scopes, idp.ScopeOpenID) {
		answer.IDToken, err = p.idToken(ctx, m, access)
	}
	return answer, err
}

// idToken is the claims of OIDC Core 2, and nothing beyond them unless the claims
// parameter asked for it.
func (p *Provider) idToken(ctx context.Context, m minting, access string) (string, error) {
	q, g := m.request, m.grant
	keys, err := p.keys.get(ctx, q.Tenant.TenantID, q.Now)
	if err != nil {
		return "", err
	}
	signer := keys.signers[m.client.Signing()]
	if signer == nil {
		return "", idp.Errorf(idp.Internal, "no key signs with %s", m.client.Signing())
	}
	claims := claimsAsked(m.user, g.Claims.IDToken)
	claims["iss"] = p.issuer(q.Tenant)
	claims["sub"] = m.user.UserID
	claims["aud"] = m.client.ClientID // a string when there is one: some clients accept no array
	claims["iat"] = q.Now.Unix()
	claims["exp"] = q.Now.Add(g.Lifetime(q.Now, idp.IDTokenLifetime)).Unix()
	claims["auth_time"] = g.AuthTime.Unix()
	claims["acr"], claims["amr"], claims["sid"] = g.ACR, g.AMR, g.SessionID
	if g.Nonce != "" && m.request.given["grant_type"] != idp.GrantRefresh { // OIDC Core 12.2
		claims["nonce"] = g.Nonce
	}
	if claims["at_hash"], err = oidc.ClaimHash(access, signatureAlg(m.client)); err != nil {
		return "", err
	}
	return sign(signer, claims)
}
