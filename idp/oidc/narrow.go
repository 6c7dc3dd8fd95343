package oidc

import (
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// redeemed is what the first access token is for: all that was granted, or what of it
// Microsoft's libraries name, who say here which API they want to call first.
func (p *Provider) redeemed(tx *storage.Tx, q *tokenRequest, g *idp.Grant) (t target, err error) {
	asked := wanted{g.Scopes, g.Resources}
	if q.client.Entra() {
		if asked, err = p.narrowed(tx, q, g); err != nil {
			return t, err
		}
	}
	return p.audienceOf(tx, q.given, asked.resources, asked.scopes, g.CreatedAt)
}

// narrowed is the scope a refresh asks for, which the grant must cover (RFC 6749 6). The
// first API named by its scopes is what the token is for.
func (p *Provider) narrowed(tx *storage.Tx, q *tokenRequest, g *idp.Grant) (wanted, error) {
	if q.given["scope"] == "" {
		return wanted{g.Scopes, g.Resources}, nil
	}
	asked, err := p.scopesWanted(tx, q.client, q.given, g.Resources...)
	if err != nil {
		return asked, err
	}
	if q.client.Entra() && strings.Contains(q.given["scope"], idp.EveryScope) { // what of it was granted: the API may have more by now
		asked.scopes = idp.Both(asked.scopes, g.Scopes)
	}
	if len(asked.scopes) == 0 || len(idp.Without(asked.scopes, g.Scopes)) > 0 {
		return asked, bad("invalid_scope", "The scope asks for more than was granted.")
	}
	if len(idp.Without(asked.resources, g.Resources)) > 0 {
		return asked, bad("invalid_target", "The resource was not granted.")
	}
	return asked, nil
}
