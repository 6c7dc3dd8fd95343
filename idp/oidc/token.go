package oidc

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// tokenRequest is a request at the token endpoint, read but not yet judged.
type tokenRequest struct {
	*web.Request
	given  params
	shown  credentials
	client *idp.Client // set by the grant, within its transaction
	user   *idp.User   // likewise
}

// grantType decides in one transaction and answers what to mint.
type grantType struct {
	needs  string // the parameter without which there is nothing to decide
	redeem func(*Provider, context.Context, *tokenRequest) (minting, error)
}

// grants are the grant types of the token endpoint.
var grants = map[string]grantType{
	idp.GrantCode:        {"code", (*Provider).redeemCode},
	idp.GrantRefresh:     {"refresh_token", (*Provider).redeemRefresh},
	idp.GrantClient:      {"grant_type", (*Provider).grantClient},
	idp.GrantDevice:      {"device_code", (*Provider).redeemDevice},
	idp.GrantDeviceShort: {"device_code", (*Provider).redeemDevice},
}

// token is the token endpoint (RFC 6749 3.2).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	answer, err := p.answerToken(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) answerToken(r *http.Request) (*tokenAnswer, error) {
	given, shown, fault := readClientForm(r)
	if fault != nil {
		return nil, fault
	}
	if given["grant_type"] == "" {
		return nil, bad("invalid_request", "The request names no grant_type.")
	}
	grant, known := grants[given["grant_type"]]
	switch {
	case !known:
		return nil, bad("unsupported_grant_type", "The grant_type is none of: "+strings.Join(idp.GrantTypes, ", ")+".")
	case given[grant.needs] == "":
		return nil, bad("invalid_request", "The request names no "+grant.needs+".")
	}
	m, err := grant.redeem(p, r.Context(), &tokenRequest{Request: web.From(r), given: given, shown: shown})
	if err != nil {
		return nil, err
	}
	return p.mint(r.Context(), m)
}

// within runs a grant's decision in one transaction: the client authenticated,
// then whatever fn does. fn may refuse and still have its writes kept, by
// returning the refusal as its first value.
func (p *Provider) within(ctx context.Context, q *tokenRequest, grantType string, fn func(tx *storage.Tx) (*protocolError, error)) error {
	var refusal *protocolError
	decide := func(tx *storage.Tx) (err error) {
		refusal = nil
		if q.client, err = authenticate(tx, q.shown); err != nil {
			return err
		}
		if !q.client.Allows(grantType) {
			return bad("unauthorized_client", "The client is not registered for "+grantType+".")
		}
		refusal, err = fn(tx)
		return err
	}
	err := storage.ErrReadOnly
	if grantType == idp.GrantRefresh && q.shown.method != idp.AuthNone {
		// What does not rotate needs no write but for a replay; a look does not
		// wait for the writer.
		err = p.Store.View(ctx, q.Tenant.TenantID, decide)
	}
	if errors.Is(err, storage.ErrReadOnly) {
		err = p.Store.Update(ctx, q.Tenant.TenantID, decide)
	}
	if err == nil && refusal != nil {
		return refusal
	}
	return err
}

// invalidGrant is why nothing may come of a code or refresh token.
func invalidGrant(sts idp.STS) *protocolError { return badSTS("invalid_grant", sts) }

// usable loads the grant's user and tells why nothing may come of the grant.
func (q *tokenRequest) usable(tx *storage.Tx, g *idp.Grant) (*protocolError, error) {
	var sts idp.STS
	var err error
	if q.user, sts, err = standing(tx, q.client, g, q.Now); err != nil {
		return nil, err
	}
	if sts != 0 {
		return invalidGrant(sts), nil
	}
	if g.Lifetime(q.Now, idp.AccessTokenLifetime) == 0 {
		return invalidGrant(g.EndsAs), nil
	}
	return nil, nil
}

// standing loads the grant's user and tells why nothing of the grant is good any
// more for the client, 0 if it is. A client that was removed and registered again
// under the same id is another one, and what its predecessor got is not its own.
func standing(tx *storage.Tx, c *idp.Client, g *idp.Grant, now time.Time) (*idp.User, idp.STS, error) {
	u, err := idp.Optional(storage.Get[idp.User](tx, g.UserID))
	if err != nil || g.CreatedAt.Before(c.CreatedAt) {
		return u, idp.GrantRevoked, err
	}
	return u, g.Check(u, now), nil
}

// redeemCode is the authorization code grant (RFC 6749 4.1.3). One transaction
// decides it: of parallel redemptions one wins, and every other revokes the grant.
func (p *Provider) redeemCode(ctx context.Context, q *tokenRequest) (minting, error) {
	m := minting{request: q}
	err := p.within(ctx, q, idp.GrantCode, func(tx *storage.Tx) (*protocolError, error) {
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
		m.grant = g
		if refusal == nil && g.Offline() && q.client.Allows(idp.GrantRefresh) {
			m.refresh = g.IssueRefresh(q.Now)
		}
		return refusal, tx.Put(g)
	})
	m.scopes, m.user, m.client = scopesOf(m.grant), q.user, q.client
	return m, err
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

// redeemRefresh is the refresh token grant (RFC 6749 6). A public client's token
// is replaced each time, and an older one revokes the grant (RFC 9700 4.14.2). A
// confidential client's stays, as its secret binds it.
func (p *Provider) redeemRefresh(ctx context.Context, q *tokenRequest) (minting, error) {
	m := minting{request: q}
	shown := q.given["refresh_token"]
	err := p.within(ctx, q, idp.GrantRefresh, func(tx *storage.Tx) (*protocolError, error) {
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
		if m.scopes, err = narrowed(g.Scopes, q.given["scope"]); err != nil {
			return nil, err
		}
		if m.grant = g; !q.client.Public() {
			return nil, nil
		}
		m.refresh = g.RotateRefresh(shown, q.Now)
		return nil, tx.Put(g)
	})
	m.user, m.client = q.user, q.client
	return m, err
}

// narrowed is the scope a refresh asks for, which the grant must cover (RFC 6749 6).
func narrowed(granted []string, asked string) ([]string, error) {
	if asked == "" {
		return granted, nil
	}
	scopes := idp.KnownScopes(asked)
	if len(scopes) == 0 || len(idp.Without(scopes, granted)) > 0 {
		return nil, bad("invalid_scope", "The scope asks for more than was granted.")
	}
	return scopes, nil
}

// grantClient is the client credentials grant (RFC 6749 4.4): a token for the
// client itself. It rests on no user, so nothing is stored.
func (p *Provider) grantClient(ctx context.Context, q *tokenRequest) (minting, error) {
	err := p.Store.View(ctx, q.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		q.client, err = authenticate(tx, q.shown)
		return err
	})
	if err != nil {
		return minting{}, err
	}
	if q.client.Public() || !q.client.Allows(idp.GrantClient) {
		return minting{}, bad("unauthorized_client", "The client is not registered for client_credentials.")
	}
	return minting{request: q, client: q.client}, nil
}

func scopesOf(g *idp.Grant) []string {
	if g == nil {
		return nil
	}
	return g.Scopes
}
