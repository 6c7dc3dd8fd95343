package oidc

import (
	"context"
	"errors"
	"slices"
	"time"

	"latchkey/idp"
	"latchkey/idp/jwt"
	"latchkey/idp/web"
	"latchkey/storage"
)

// assertionType is the one kind of client assertion there is (RFC 7523 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// The limits on JWTs that clients make for the moment, such as assertions and DPoP
// proofs: the longest life ahead, how far clocks may differ, the longest jti.
const (
	maxAssertionLife = time.Hour
	clockSkew        = 10 * time.Second // FAPI 2.0 Security Profile 5.3.2.1
	maxJTI           = 300
)

// assertionClaims are what a client says to authenticate (RFC 7523 3).
type assertionClaims struct {
	Issuer    string       `json:"iss"`
	Subject   string       `json:"sub"`
	Audience  jwt.Audience `json:"aud"`
	ID        string       `json:"jti"`
	Expires   float64      `json:"exp"`
	NotBefore float64      `json:"nbf"`
	IssuedAt  float64      `json:"iat"`
}

// assertion is a client assertion whose signature holds for the keys the client had.
type assertion struct {
	claims assertionClaims
	keys   idp.ClientKeys
	secret string // SecretSealed then
}

// prove checks the signature of a client assertion. It may have to fetch keys, so it
// happens before the transaction, which then checks that the registration still is
// what the proof rests on, and tells what is wrong: of claims only where the signature
// holds, or else the same for all clients.
func (p *Provider) prove(ctx context.Context, q *web.Request, c *credentials) error {
	if c.assertion == "" {
		return nil
	}
	client, err := p.client(ctx, q.Tenant, c.id)
	if err != nil || client == nil {
		return err
	}
	a := &assertion{keys: client.Keys, secret: client.SecretSealed}
	var h jwt.Header
	switch client.AuthMethod {
	case idp.AuthKeyJWT:
		h, err = p.verifyByClient(ctx, q, client, c.assertion, assertionAlgs(client), &a.claims)
	case idp.AuthSecretJWT:
		h, err = p.verifyBySecret(q, client, c.assertion, &a.claims)
	default:
		return nil
	}
	if err != nil && !errors.Is(err, jwt.Err) {
		return err
	}
	if err != nil || !h.MayBe(typeAssertion) {
		return nil
	}
	if c.flaw = p.assertionFlaw(q, client, a.claims); c.flaw == "" {
		c.proved = a
	}
	return nil
}

func (p *Provider) verifyBySecret(q *web.Request, c *idp.Client, token string, into *assertionClaims) (jwt.Header, error) {
	secret, err := c.OpenSecret(p.Keys, q.Tenant.TenantID)
	if err != nil {
		return jwt.Header{}, err
	}
	return jwt.Verify(token, assertionAlgs(c), func(jwt.Header) ([]any, error) { return []any{secret}, nil }, into)
}

// assertionAlgs are the algorithms of a client's assertions.
func assertionAlgs(c *idp.Client) []string {
	switch {
	case c.Keys.Alg != "":
		return []string{c.Keys.Alg}
	case c.AuthMethod == idp.AuthSecretJWT:
		return idp.SecretAlgs
	case c.FAPI():
		return idp.FAPIAlgs
	}
	return idp.ClientAlgs
}

// assertionFlaw is what is wrong with the claims by RFC 7523 3, "" for nothing. Whoever
// is told holds the key. A FAPI client names the issuer alone as its audience (FAPI 2.0
// Security Profile 5.3.2.1); others also one of our URLs, as older specifications had it.
func (p *Provider) assertionFlaw(q *web.Request, c *idp.Client, a assertionClaims) string {
	ours := []string{p.issuer(q.Tenant)}
	if !c.FAPI() {
		for _, path := range []string{"/token", "/par", "/introspect", "/revoke", "/devicecode"} {
			ours = append(ours, p.url(q.Tenant, "/oauth2/v2.0"+path))
		}
	}
	meant := slices.ContainsFunc(a.Audience.Names, func(s string) bool { return slices.Contains(ours, s) })
	switch {
	case a.Issuer != c.ClientID || a.Subject != c.ClientID:
		return "The iss and sub of the client_assertion must be the client_id."
	case c.FAPI() && (a.Audience.List || !meant):
		return "The aud of the client_assertion must be the issuer, as one text: " + p.issuer(q.Tenant)
	case !meant:
		return "The aud of the client_assertion must be the issuer: " + p.issuer(q.Tenant)
	case a.ID == "" || len(a.ID) > maxJTI:
		return "The client_assertion has no jti, or one of more than 300 bytes."
	case !current(q.Now, a.IssuedAt, a.NotBefore, a.Expires):
		return "The client_assertion has expired, lasts for more than an hour, or is from the future."
	}
	return ""
}

// current tells whether a JWT with an end counts now.
func current(now time.Time, issuedAt, notBefore, expires float64) bool {
	at := float64(now.UnixNano()) / 1e9
	skew := clockSkew.Seconds()
	return expires > at-skew && expires <= at+maxAssertionLife.Seconds() && notBefore <= at+skew && issuedAt <= at+skew
}

// spend is false for an assertion that was shown before.
func (a *assertion) spend(tx *storage.Tx) (bool, error) {
	ends := time.Unix(int64(a.claims.Expires), 0).Add(2 * clockSkew)
	return idp.Spend(tx, ends, "assertion", a.claims.Issuer, a.claims.ID)
}
