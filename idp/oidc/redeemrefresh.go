package oidc

import (
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// redeemRefresh is the refresh token grant (RFC 6749 6). A public client's token
// is replaced each time, and an older one revokes the grant (RFC 9700 4.14.2). A
// confidential client's stays, as its secret binds it.
func (p *Provider) redeemRefresh(tx *storage.Tx, q *tokenRequest, m *minting) (*protocolError, error) {
	shown := q.given["refresh_token"]
	g, err := idp.Optional(storage.Lookup[idp.Grant](tx, "refresh", idp.RefreshFamily(shown)))
	if err != nil {
		return nil, err
	}
	if g == nil || g.ClientID != q.client.ClientID {
		return invalidGrant(idp.GrantExpired), nil
	}
	if refusal, err := q.usable(tx, g); refusal != nil || err != nil {
		return refusal, err
	}
	if !g.Refreshes(shown) {
		g.Revoke(q.Now, idp.GrantRevoked)
		return invalidGrant(idp.GrantRevoked), tx.Put(g)
	}
	asked, err := q.narrowed(tx, g)
	if err != nil {
		return nil, err
	}
	if m.target, err = audienceOf(tx, q.given, asked.resources, asked.scopes); err != nil {
		return nil, err
	}
	if m.grant = g; !q.client.Public() {
		return nil, nil
	}
	m.refresh = g.RotateRefresh(shown, q.Now)
	return nil, tx.Put(g)
}

// redeemed is what the first access token is for: all that was granted, or what of it
// Microsoft's libraries name, who say here which API they want to call first.
func (q *tokenRequest) redeemed(tx *storage.Tx, g *idp.Grant) (t target, err error) {
	asked := wanted{g.Scopes, g.Resources}
	if q.client.Entra() {
		if asked, err = q.narrowed(tx, g); err != nil {
			return t, err
		}
	}
	return audienceOf(tx, q.given, asked.resources, asked.scopes)
}

// narrowed is the scope a refresh asks for, which the grant must cover (RFC 6749 6). The
// first API named by its scopes is what the token is for.
func (q *tokenRequest) narrowed(tx *storage.Tx, g *idp.Grant) (wanted, error) {
	if q.given["scope"] == "" {
		return wanted{g.Scopes, g.Resources}, nil
	}
	asked, err := scopesWanted(tx, q.client, q.given)
	if err != nil {
		return asked, err
	}
	if q.client.Entra() && strings.Contains(q.given["scope"], idp.EveryScope) { // what of it was granted: the API may have more by now
		asked.scopes = idp.Without(asked.scopes, idp.Without(asked.scopes, g.Scopes))
	}
	if len(asked.scopes) == 0 || len(idp.Without(asked.scopes, g.Scopes)) > 0 {
		return asked, bad("invalid_scope", "The scope asks for more than was granted.")
	}
	if len(idp.Without(asked.resources, g.Resources)) > 0 {
		return asked, bad("invalid_target", "The resource was not granted.")
	}
	return asked, nil
}
