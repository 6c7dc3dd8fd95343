package oidc

import (
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
	asked, err := p.narrowed(tx, q, g)
	if err != nil {
		return nil, err
	}
	if m.target, err = p.audienceOf(tx, q.given, asked.resources, asked.scopes, g.CreatedAt); err != nil {
		return nil, err
	}
	if m.grant = g; !q.client.Public() {
		return nil, nil
	}
	m.refresh = g.RotateRefresh(shown, q.Now)
	return nil, tx.Put(g)
}
