package oidc

import (
	"latchkey/idp"
	"latchkey/storage"
)

// redeemCode is the authorization code grant (RFC 6749 4.1.3). One transaction
// decides it: of parallel redemptions one wins, and every other revokes the grant.
func (p *Provider) redeemCode(tx *storage.Tx, q *tokenRequest, m *minting) (*protocolError, error) {
	g, err := idp.Optional(storage.Lookup[idp.Grant](tx, "code", idp.HashToken(idp.AuthorizationCode, q.given["code"])))
	if err != nil {
		return nil, err
	}
	if g == nil || g.ClientID != q.client.ClientID { // RFC 6749 5.2: issued to another client
		return invalidGrant(idp.GrantExpired), nil
	}
	refusal, err := q.judgeCode(tx, g)
	if err != nil {
		return nil, err
	}
	if refusal == nil {
		if m.target, err = p.redeemed(tx, q, g); err != nil {
			return nil, err
		}
		m.grant, m.nonce = g, g.Nonce
		q.firstRefresh(g, m)
	}
	return refusal, tx.Put(g)
}

// firstRefresh gives the grant's first refresh token, if there is to be one. A public
// client's is bound to the key it shows (RFC 9449 5); a confidential client's secret
// binds it already.
func (q *tokenRequest) firstRefresh(g *idp.Grant, m *minting) {
	g.KeyThumb = ""
	if q.client.Public() {
		g.KeyThumb = q.proof.keyThumb()
	}
	if g.Offline() && q.client.Allows(idp.GrantRefresh) {
		m.refresh = g.IssueRefresh(q.Now)
	}
}

// judgeCode spends the code. A code shown with the wrong verifier or redirect URI
// has leaked, so it is spent all the same.
func (q *tokenRequest) judgeCode(tx *storage.Tx, g *idp.Grant) (*protocolError, error) {
	if sts := g.RedeemCode(q.Now); sts != 0 {
		return invalidGrant(sts), nil
	}
	switch {
	case q.given["redirect_uri"] != g.RedirectURI: // RFC 6749 4.1.3
		return bad("invalid_grant", "The redirect_uri is not the one of the authorization request."), nil
	case !verifierFits(g.CodeChallenge, q.given["code_verifier"]):
		return bad("invalid_grant", "The code_verifier does not fit the code_challenge."), nil
	case g.CodeChallenge == "" && q.client.Public(): // made public since the request
		return bad("invalid_grant", "The code was issued without a code_challenge (PKCE)."), nil
	}
	return q.usable(tx, g)
}
