package oidc

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/go-jose/go-jose/v4"
	strict "github.com/go-json-experiment/json"

	"latchkey/idp"
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

// maxJWT is the most of a JWT that is looked at, in bytes.
const maxJWT = 16 << 10

// errJWT: not a JWT that the key vouches for, or not of the kind that is expected.
var errJWT = errors.New("oidc: not a JWT that holds")

// jwtHeader is what may decide about a key before anything is verified.
type jwtHeader struct {
	alg, kid, typ string
	jwk           *jose.JSONWebKey // only DPoP proofs carry their key
}

// verifyJWT is the one parser of untrusted JWTs. keys picks keys by the header, of which
// one must fit; the signature is checked before anything of the payload is looked at,
// and with an algorithm of algs only. A header that names or carries keys is not
// followed, and extensions that must be understood are refused (RFC 7515 4.1.11).
// Claims that are there twice are refused too.
func verifyJWT(token string, algs []string, keys func(jwtHeader) ([]any, error), into any) (jwtHeader, error) {
	if len(token) > maxJWT || strings.Count(token, ".") != 2 {
		return jwtHeader{}, errJWT
	}
	allowed := make([]jose.SignatureAlgorithm, len(algs))
	for i, a := range algs {
		allowed[i] = jose.SignatureAlgorithm(a)
	}
	jws, err := jose.ParseSignedCompact(token, allowed)
	if err != nil || len(jws.Signatures) != 1 {
		return jwtHeader{}, errJWT
	}
	protected := jws.Signatures[0].Protected
	h := jwtHeader{alg: protected.Algorithm, kid: protected.KeyID, jwk: protected.JSONWebKey}
	h.typ, _ = protected.ExtraHeaders[jose.HeaderType].(string)
	if _, critical := protected.ExtraHeaders["crit"]; critical {
		return h, errJWT
	}
	candidates, err := keys(h)
	if err != nil {
		return h, err
	}
	for _, key := range candidates {
		payload, err := jws.Verify(key) // fails for an algorithm that is not the key's
		if err != nil {
			continue
		}
		if strict.Unmarshal(payload, into) != nil {
			return h, errJWT
		}
		return h, nil
	}
	return h, errJWT
}

// hasType compares the typ of a JWT, whose prefix may be left out (RFC 7515 4.1.9).
func (h jwtHeader) hasType(typ string) bool {
	return strings.EqualFold(strings.TrimPrefix(strings.ToLower(h.typ), "application/"), typ)
}

// mayBe tells whether a JWT that a client made says to be of the type, or says nothing
// of its type. A client's key signs several kinds, none of which may pass for another
// (RFC 8725 3.11, RFC 9101 10.8).
func (h jwtHeader) mayBe(typ string) bool {
	return h.typ == "" || h.hasType("JWT") || h.hasType(typ)
}

// audience is the aud claim: one text, or a list of them.
type audience struct {
	names []string
	list  bool
}

// UnmarshalJSON takes both forms and nothing else.
func (a *audience) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*a = audience{names: []string{one}}
		return nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil || string(raw) == "null" {
		return errJWT
	}
	*a = audience{many, true}
	return nil
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
	_, err = verifyJWT(token, idp.IDTokenAlgs, keys.ofOurs(typeIDToken), &h)
	if err != nil || h.Issuer != p.issuer(q.Tenant) || h.Subject == "" {
		return hint{}, errHint
	}
	return h, nil
}

// ofOurs picks a key of ours for a JWT of the given type.
func (s *keySet) ofOurs(typ string) func(jwtHeader) ([]any, error) {
	return func(h jwtHeader) ([]any, error) {
		key := s.public[h.kid]
		if key == nil || !h.hasType(typ) || s.gone[h.kid] && typ != typeIDToken {
			return nil, errJWT
		}
		return []any{key}, nil
	}
}

// issuerOf is who a JWT says to come from, unverified: it only helps to find the
// client whose keys decide.
func issuerOf(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxJWT {
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
