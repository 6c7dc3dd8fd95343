package oidc

import (
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// The token types of RFC 8693 3 that are taken here.
const (
	typeOfAccess = "urn:ietf:params:oauth:token-type:access_token"
	typeOfJWT    = "urn:ietf:params:oauth:token-type:jwt"
)

// exchange is token exchange (RFC 8693): a client that holds an access token about a
// person, because it was issued to it or sent to the API that it is, gets another that
// can do less, or that is for an API an administrator has permitted it. The new token
// rests on the same grant, so whatever ends that ends it.
func (p *Provider) exchange(tx *storage.Tx, q *tokenRequest, m *minting) (*protocolError, error) {
	if fault := checkExchange(q.given); fault != nil {
		return nil, fault
	}
	b, err := checkAccess(tx, q.subject, q.Now)
	if err != nil {
		return nil, err
	}
	if b == nil || b.user == nil {
		return bad("invalid_grant", "The subject_token is not a valid access token about a person."), nil
	}
	held, err := holds(tx, q.client, b)
	if err != nil {
		return nil, err
	}
	switch {
	case !held:
		return bad("invalid_grant", "The subject_token was neither issued to this client nor is it for the API that this client is."), nil
	case b.KeyThumb != "" && b.Client == q.client.ClientID && b.KeyThumb != q.proof.keyThumb():
		return bad("invalid_grant", "The subject_token is bound to another key than that of the DPoP proof."), nil
	}
	if m.target, err = p.exchangeTarget(tx, q, b); err != nil {
		return nil, err
	}
	q.user, m.grant, m.actor, m.within = b.user, b.grant, q.client.ClientID, b.Ends
	return nil, nil
}

func checkExchange(given params) *protocolError {
	types := []string{typeOfAccess, typeOfJWT}
	switch wanted := given["requested_token_type"]; {
	case !slices.Contains(types, given["subject_token_type"]):
		return bad("invalid_request", "The subject_token_type must be "+typeOfAccess+".")
	case given["actor_token"] != "" || given["actor_token_type"] != "":
		return bad("invalid_request", "An actor_token is not taken: the client that exchanges is the actor.")
	case wanted != "" && !slices.Contains(types, wanted):
		return bad("invalid_request", "The requested_token_type must be "+typeOfAccess+".")
	}
	return nil
}

// holds tells whether the token is the client's to exchange.
func holds(tx *storage.Tx, c *idp.Client, b *bearer) (bool, error) {
	if b.Client == c.ClientID {
		return true, nil
	}
	api, err := idp.FindAPI(tx, b.Audience)
	return api != nil && api.ClientID == c.ClientID, err
}

// exchangeTarget is what the new token is for. For the same audience it can only lose
// scopes; for another API it has what the client is permitted there.
func (p *Provider) exchangeTarget(tx *storage.Tx, q *tokenRequest, b *bearer) (target, error) {
	given := params{"scope": q.given["scope"], "resource": q.given["resource"]}
	if given["resource"] == "" {
		given["resource"] = q.given["audience"]
	}
	if given["resource"] == "" {
		given["resource"] = b.Audience
	}
	if len(splitValues(given["resource"])) > 1 {
		return target{}, bad("invalid_target", "A token is for one resource.")
	}
	asked, err := p.scopesWanted(tx, q.client, given)
	if err != nil {
		return target{}, err
	}
	resource := firstOf(asked.resources, asked.scopes)
	may, scopes := q.client.Permissions, idp.Without(asked.scopes, idp.Scopes)
	if resource == b.Audience {
		may = nil
		for _, s := range b.Scopes {
			if resource != "" {
				s = idp.ScopeOf(resource, s)
			}
			may = append(may, s)
		}
		if scopes = asked.scopes; q.client.Entra() { // which asks for standard scopes without saying so
			scopes = idp.Without(scopes, idp.Without(idp.Scopes, may))
		}
	}
	if q.given["scope"] == "" {
		scopes = withPrefix(may, resource)
	}
	if len(scopes) == 0 || len(idp.Without(scopes, may)) > 0 {
		return target{}, bad("invalid_scope", "The exchange asks for more than the subject_token and the client's permissions hold.")
	}
	return p.audienceOf(tx, params{"resource": resource, "scope": q.given["scope"]}, []string{resource}, scopes, q.Now)
}

// withPrefix keeps the scopes of a resource; without one, all.
func withPrefix(scopes []string, resource string) []string {
	if resource == "" {
		return scopes
	}
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { _, of := idp.ScopeName(resource, s); return !of })
}
