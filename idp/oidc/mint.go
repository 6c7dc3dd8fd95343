package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"

	"latchkey/idp"
	"latchkey/idp/web"
)

// minting is what was decided to be given out.
type minting struct {
	*web.Request
	client   *idp.Client
	user     *idp.User  // nil: for the client itself
	grant    *idp.Grant // nil likewise
	target   target     // of the access token
	keyThumb string     // of the DPoP key it is bound to
	actor    string     // client that exchanged another token for it
	refresh  string     // the refresh token to hand out, "" for none
	nonce    string     // for the ID token
	code     string     // that goes out in the same response
	within   time.Time  // end of the token it was exchanged from, zero for none
}

// tokenAnswer is a token response (RFC 6749 5.1, OIDC Core 3.1.3.3).
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	Scope        string `json:"scope,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IssuedType   string `json:"issued_token_type,omitempty"` // RFC 8693 2.2.1
	ClientInfo   string `json:"client_info,omitempty"`       // who it is about, to MSAL
	ExtExpiresIn int64  `json:"ext_expires_in,omitempty"`    // likewise
}

// mint makes the tokens of a response of the token endpoint.
func (p *Provider) mint(ctx context.Context, m minting) (*tokenAnswer, error) {
	answer, err := p.mintAccess(ctx, m)
	if err != nil {
		return nil, err
	}
	answer.RefreshToken = m.refresh
	switch {
	case m.actor != "":
		answer.IssuedType = typeOfAccess
	case m.grant != nil && slices.Contains(m.target.scopes, idp.ScopeOpenID):
		answer.IDToken, err = p.idToken(ctx, m, answer.AccessToken)
	}
	if m.client.Entra() {
		answer.ExtExpiresIn = answer.ExpiresIn
		answer.ClientInfo = clientInfo(m)
	}
	return answer, err
}

// clientInfo tells MSAL whose account the tokens are about.
func clientInfo(m minting) string {
	if m.user == nil {
		return ""
	}
	raw, _ := json.Marshal(map[string]string{"uid": m.user.UserID, "utid": m.Tenant.TenantID}) // of text alone: cannot fail
	return base64.RawURLEncoding.EncodeToString(raw)
}

// mintAccess makes an access token. It and idToken are the only places that make
// tokens, and every lifetime in them comes from Grant.Lifetime; what was exchanged is cut
// further, to the end of what it was exchanged for.
func (p *Provider) mintAccess(ctx context.Context, m minting) (*tokenAnswer, error) {
	life := idp.AccessTokenLifetime
	selfContained := m.target.api != nil && m.target.api.JWT
	if selfContained {
		life = idp.JWTLifetime
	}
	token := accessToken{
		ID: idp.NewID(), Client: m.client.ClientID, Audience: m.target.identifier(), Scopes: m.target.own(),
		KeyThumb: m.keyThumb, Actor: m.actor, IssuedAt: m.Now,
	}
	if m.grant != nil {
		token.Grant = m.grant.GrantID
		life = m.grant.Lifetime(m.Now, life)
	}
	if life < time.Second {
		return nil, invalidGrant(m.grant.EndsAs)
	}
	if left := m.within.Sub(m.Now); !m.within.IsZero() && left < life {
		if life = left.Truncate(time.Second); life == 0 {
			return nil, bad("invalid_grant", "The subject_token has ended.")
		}
	}
	token.Ends = m.Now.Add(life)
	var text string
	var err error
	if selfContained {
		text, err = p.signAccess(ctx, m, token)
	} else {
		text, err = p.sealAccess(m.Tenant.TenantID, token)
	}
	if err != nil {
		return nil, err
	}
	kind := "Bearer"
	if m.keyThumb != "" {
		kind = dpopHeader
	}
	return &tokenAnswer{AccessToken: text, TokenType: kind, ExpiresIn: int64(life / time.Second), Scope: m.target.told(m.client)}, nil
}

// signAccess makes a JWT access token (RFC 9068), for an API that checks it by itself.
func (p *Provider) signAccess(ctx context.Context, m minting, t accessToken) (string, error) {
	keys, err := p.keys.get(ctx, m.Tenant.TenantID, m.Now)
	if err != nil {
		return "", err
	}
	claims := map[string]any{
		"iss": p.issuer(m.Tenant), "aud": t.Audience, "exp": t.Ends.Unix(), "iat": t.IssuedAt.Unix(), "jti": t.ID,
		"client_id": t.Client, "sub": t.Client,
	}
	optional(claims, "scope", spaced(t.Scopes))
	optional(claims, "grant_id", t.Grant)
	if nanos := t.IssuedAt.Nanosecond(); nanos > 0 {
		claims["iat_nanos"] = nanos
	}
	if t.KeyThumb != "" {
		claims["cnf"] = confirmed(t.KeyThumb)
	}
	if t.Actor != "" {
		claims["act"] = acting(t.Actor)
	}
	if m.user != nil {
		claims["sub"] = p.subject(m.Tenant, m.client, m.user.UserID)
		claims["auth_time"], claims["acr"], claims["amr"] = m.grant.AuthTime.Unix(), m.grant.ACR, m.grant.AMR
		if m.client.Entra() {
			claims["sid"] = m.grant.SessionID
		}
	}
	if m.client.Entra() {
		p.addEntra(claims, m)
		claims["uti"] = t.ID
		claims["azp"], claims["azpacr"] = t.Client, entraStrength(m.client)
		optional(claims, "scp", spaced(t.Scopes))
	}
	return keys.sign(m.client.Signing(), typeAccessToken, claims)
}

// idToken is the claims of OIDC Core 2, and nothing beyond them unless the claims
// parameter, or the client's claims profile, asks for it. access is the access token
// that goes out with it, "" for none: then what the scopes ask for is here (5.4).
func (p *Provider) idToken(ctx context.Context, m minting, access string) (string, error) {
	g := m.grant
	keys, err := p.keys.get(ctx, m.Tenant.TenantID, m.Now)
	if err != nil {
		return "", err
	}
	claims := claimsAsked(m.user, g.Claims.IDToken)
	if access == "" && m.code == "" {
		claims = claimsFor(m.user, g.Scopes, g.Claims.IDToken)
	}
	claims["iss"] = p.issuer(m.Tenant)
	claims["sub"] = p.subject(m.Tenant, m.client, m.user.UserID)
	claims["aud"] = m.client.ClientID // a string when there is one: some clients accept no array
	claims["iat"] = m.Now.Unix()
	claims["exp"] = m.Now.Add(g.Lifetime(m.Now, idp.IDTokenLifetime)).Unix()
	claims["auth_time"] = g.AuthTime.Unix()
	claims["acr"], claims["amr"] = g.ACR, g.AMR
	if l := m.client.Logout; !m.client.FAPI() || l.Back != "" || l.Front != "" { // FAPI knows no such claim
		claims["sid"] = g.SessionID
	}
	if slices.Contains(g.Claims.IDToken, sessionExpiry) {
		claims[sessionExpiry] = g.NotAfter.Unix()
	}
	optional(claims, "nonce", m.nonce)
	if m.client.Entra() {
		p.addEntra(claims, m)
		claims["uti"] = idp.NewID()
	}
	alg := jose.SignatureAlgorithm(m.client.Signing())
	for name, value := range map[string]string{"at_hash": access, "c_hash": m.code} { // OIDC Core 3.1.3.6, 3.3.2.11
		if value == "" {
			continue
		}
		if claims[name], err = oidc.ClaimHash(value, alg); err != nil {
			return "", err
		}
	}
	return keys.sign(m.client.Signing(), typeIDToken, claims)
}

func optional(claims map[string]any, name, value string) {
	if value != "" {
		claims[name] = value
	}
}
