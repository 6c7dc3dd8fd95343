package oidc

import (
	"strings"

	"latchkey/idp"
	"latchkey/storage"
)

// grantClient is the client credentials grant (RFC 6749 4.4): a token for the client
// itself. It rests on no user, so nothing is stored. For an API it holds what an
// administrator has permitted the client.
func (p *Provider) grantClient(tx *storage.Tx, q *tokenRequest, m *minting) (*protocolError, error) {
	if q.client.Public() {
		return nil, bad("unauthorized_client", "A public client gets no token for itself.")
	}
	asked, err := p.scopesWanted(tx, q.client, q.given)
	if err != nil {
		return nil, err
	}
	scopes := idp.Without(asked.scopes, idp.Scopes) // those are about people
	if q.given["scope"] == "" && len(asked.resources) > 0 {
		scopes = withPrefix(q.client.Permissions, asked.resources[0])
	} else if strings.Contains(q.given["scope"], idp.EveryScope) {
		scopes = idp.Both(scopes, q.client.Permissions)
	}
	if more := idp.Without(scopes, q.client.Permissions); len(more) > 0 {
		return nil, bad("invalid_scope", "The client is not permitted the scope "+more[0][strings.LastIndexByte(more[0], '/')+1:]+".")
	}
	if unknown := idp.Without(strings.Fields(q.given["scope"]), idp.Scopes); len(unknown) > 0 && len(asked.resources) == 0 { // those alone would be a token for nothing
		return nil, bad("invalid_scope", "No API of this organization has the scope "+clip(unknown[0])+".")
	}
	if m.target, err = p.audienceOf(tx, q.given, asked.resources, scopes, q.Now); err != nil {
		return nil, err
	}
	if m.target.api != nil && len(m.target.own()) == 0 {
		return nil, bad("invalid_target", "The client is permitted nothing at this API.")
	}
	return nil, nil
}
