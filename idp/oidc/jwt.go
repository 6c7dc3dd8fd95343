package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	strict "github.com/go-json-experiment/json"

	"latchkey/idp"
	"latchkey/idp/jwt"
	"latchkey/idp/web"
)

// sign makes a JWT of ours of the given type (RFC 8725 3.11).
func (s *keySet) sign(alg, typ string, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signer, err := s.signer(alg, typ)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// The typ of what clients' keys sign.
const (
	typeRequest   = "oauth-authz-req+jwt"       // RFC 9101 4
	typeAssertion = "client-authentication+jwt" // draft-ietf-oauth-rfc7523bis
)

// The typ of what our keys sign.
const (
	typeIDToken       = "JWT"
	typeAccessToken   = "at+jwt"                  // RFC 9068 2.1
	typeLogoutToken   = "logout+jwt"              // OIDC Back-Channel Logout 2.4
	typeIntrospection = "token-introspection+jwt" // RFC 9701 5
	typeUserInfo      = "userinfo+jwt"            // none is defined; it keeps it from passing as an ID token
)

// hint is what an id_token_hint tells: which user and session of ours it was
// issued for, and to whom.
type hint struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"` // as the client knows it
	Audience  string `json:"aud"`
	SessionID string `json:"sid"`

	user string // whom Subject means
}

var errHint = errors.New("oidc: not an ID token of this issuer")

// verifyHint reads an ID token of ours, by a key of ours chosen by kid; its expiry
// does not matter for a hint (OIDC Core 3.1.2.1). An error other than errHint is a
// fault of ours.
func (p *Provider) verifyHint(ctx context.Context, q *web.Request, token string) (hint, error) {
	keys, err := p.keys.get(ctx, q.Tenant.TenantID, q.Now)
	if err != nil {
		return hint{}, err
	}
	var h hint
	_, err = jwt.Verify(token, idp.IDTokenAlgs, keys.ofOurs(typeIDToken), &h)
	if err != nil || h.Issuer != p.issuer(q.Tenant) || h.Subject == "" {
		return hint{}, errHint
	}
	return h, nil
}

// ofOurs picks a key of ours for a JWT of the given type.
func (s *keySet) ofOurs(typ string) func(jwt.Header) ([]any, error) {
	return func(h jwt.Header) ([]any, error) {
		key := s.public[h.KeyID]
		if key == nil || !h.HasType(typ) || s.gone[h.KeyID] && typ != typeIDToken {
			return nil, jwt.Err
		}
		return []any{key}, nil
	}
}

// issuerOf is who a JWT says to come from, unverified: it only helps to find the
// client whose keys decide.
func issuerOf(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > jwt.MaxSize {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || strict.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.Issuer
}
