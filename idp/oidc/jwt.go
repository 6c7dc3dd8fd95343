package oidc

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
	"latchkey/idp/web"
)

func signatureAlg(c *idp.Client) jose.SignatureAlgorithm { return jose.SignatureAlgorithm(c.Signing()) }

func sign(s jose.Signer, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := s.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// hint is what an id_token_hint tells: which user and session of ours it was
// issued for, and to whom.
type hint struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	SessionID string `json:"sid"`
}

var errHint = errors.New("oidc: not an ID token of this issuer")

// tokenType is the typ of our ID tokens; whatever else the keys may come to sign
// has another one.
const tokenType = "JWT"

// verifyHint is the one parser of untrusted JWTs. The signature is checked before
// anything of the payload is looked at, by a key of ours chosen by kid, with that
// key's algorithm; expiry does not matter for a hint (OIDC Core 3.1.2.1). Header
// parameters that name or carry keys are never followed. A token comes in a query,
// which maxRequest bounds. An error other than errHint is a fault of ours.
func (p *Provider) verifyHint(ctx context.Context, q *web.Request, token string) (hint, error) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil || len(jws.Signatures) != 1 {
		return hint{}, errHint
	}
	keys, err := p.keys.get(ctx, q.Tenant.TenantID, q.Now)
	if err != nil {
		return hint{}, err
	}
	header := jws.Signatures[0].Protected
	key := keys.public[header.KeyID]
	if key == nil || header.ExtraHeaders[jose.HeaderType] != tokenType { // RFC 8725 3.11
		return hint{}, errHint
	}
	payload, err := jws.Verify(key) // fails for an algorithm that is not the key's
	if err != nil {
		return hint{}, errHint
	}
	var h hint
	if json.Unmarshal(payload, &h) != nil || h.Issuer != p.issuer(q.Tenant) || h.Subject == "" {
		return hint{}, errHint
	}
	return h, nil
}
