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
	given   params
	shown   credentials
	proof   *dpopProof   // nil: none was shown
	subject *accessToken // of a token exchange
	client  *idp.Client  // set within the transaction
	user    *idp.User    // likewise
}

// grantType is a way to get tokens. redeem decides in one transaction what to mint; it
// may refuse and still have its writes kept, by returning the refusal as its first
// value.
type grantType struct {
	name   string // as clients are registered for it
	needs  string // the parameter without which there is nothing to decide
	redeem func(*Provider, *storage.Tx, *tokenRequest, *minting) (*protocolError, error)
	// looks: it seldom writes, so that it is tried on a snapshot first, which does not
	// wait for the writer.
	looks func(*tokenRequest) bool
	// refused sees a refusal, and may make another of it.
	refused func(*Provider, *tokenRequest, error) error
}

// grants are the grant types of the token endpoint.
var grants = map[string]grantType{
	idp.GrantCode:        {name: idp.GrantCode, needs: "code", redeem: (*Provider).redeemCode},
	idp.GrantRefresh:     {name: idp.GrantRefresh, needs: "refresh_token", redeem: (*Provider).redeemRefresh, looks: (*tokenRequest).confidential},
	idp.GrantClient:      {name: idp.GrantClient, needs: "grant_type", redeem: (*Provider).grantClient, looks: always},
	idp.GrantDevice:      deviceGrant,
	idp.GrantDeviceShort: deviceGrant,
	idp.GrantExchange:    {name: idp.GrantExchange, needs: "subject_token", redeem: (*Provider).exchange, looks: always},
}

var deviceGrant = grantType{name: idp.GrantDevice, needs: "device_code", redeem: (*Provider).redeemDevice, refused: (*Provider).slowDown}

func always(*tokenRequest) bool { return true }

// confidential clients' refresh tokens do not rotate.
func (q *tokenRequest) confidential() bool { return q.shown.method != idp.AuthNone }

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
	given, shown, err := p.readClientForm(r)
	if err != nil {
		return nil, err
	}
	if given["grant_type"] == "" {
		return nil, bad("invalid_request", "The request names no grant_type.")
	}
	grant, known := grants[given["grant_type"]]
	switch {
	case !known:
		return nil, bad("unsupported_grant_type", "The grant_type is none of: "+strings.Join(tokenGrants, ", ")+".")
	case given[grant.needs] == "":
		return nil, bad("invalid_request", "The request names no "+grant.needs+".")
	}
	q := &tokenRequest{Request: web.From(r), given: given, shown: shown}
	var fault *protocolError
	if q.proof, fault = p.readProof(r); fault != nil {
		return nil, fault
	}
	if q.subject, err = p.readAccess(r.Context(), q.Tenant, given["subject_token"], q.Now); err != nil {
		return nil, err
	}
	m, err := p.redeem(r.Context(), q, grant)
	if err != nil && grant.refused != nil {
		err = grant.refused(p, q, err)
	}
	if err != nil {
		return nil, err
	}
	return p.mint(r.Context(), *m)
}

// tokenGrants are the grant types of the token endpoint, as they are listed.
var tokenGrants = idp.Without(idp.GrantTypes, []string{idp.GrantImplicit})

// redeem lets a grant type decide.
func (p *Provider) redeem(ctx context.Context, q *tokenRequest, grant grantType) (*minting, error) {
	var m *minting
	err := p.within(ctx, q, grant, func(tx *storage.Tx) (refusal *protocolError, err error) {
		if (q.client.DPoPBound || q.client.FAPI()) && q.proof == nil {
			return nil, badProof("This client's access tokens are bound to a key: send a DPoP proof.")
		}
		m = &minting{Request: q.Request, client: q.client, keyThumb: q.proof.keyThumb()}
		if refusal, err = grant.redeem(p, tx, q, m); refusal != nil || err != nil {
			return refusal, err
		}
		m.user = q.user
		return nil, spendProof(tx, q.proof) // not for what is refused: strangers could fill the store
	})
	return m, err
}

// within runs fn in one transaction with the client authenticated.
func (p *Provider) within(ctx context.Context, q *tokenRequest, grant grantType, fn func(tx *storage.Tx) (*protocolError, error)) error {
	var refusal *protocolError
	decide := func(tx *storage.Tx) (err error) {
		refusal = nil
		if q.client, err = authenticate(tx, q.shown); err != nil {
			return err
		}
		if !q.client.Allows(grant.name) {
			return bad("unauthorized_client", "The client is not registered for "+grant.name+".")
		}
		refusal, err = fn(tx)
		return err
	}
	if err := p.decide(ctx, q.Tenant, grant.looks != nil && grant.looks(q), decide); err != nil || refusal == nil {
		return err
	}
	return refusal
}

// decide runs fn in a transaction; with look it is first tried on a snapshot.
func (p *Provider) decide(ctx context.Context, t *idp.Tenant, look bool, fn func(*storage.Tx) error) error {
	err := storage.ErrReadOnly
	if look {
		err = p.Store.View(ctx, t.TenantID, fn)
	}
	if errors.Is(err, storage.ErrReadOnly) {
		err = p.Store.Update(ctx, t.TenantID, fn)
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
	switch {
	case sts != 0:
		return invalidGrant(sts), nil
	case g.Lifetime(q.Now, idp.AccessTokenLifetime) == 0:
		return invalidGrant(g.EndsAs), nil
	case g.KeyThumb != "" && g.KeyThumb != q.proof.keyThumb(): // RFC 9449 5, 10
		return bad("invalid_grant", "The code or refresh token is bound to another key than that of the DPoP proof."), nil
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
		if m.target, err = audienceOf(tx, q.given, g.Resources, g.Scopes); err != nil {
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
	if len(asked.scopes) == 0 || len(idp.Without(asked.scopes, g.Scopes)) > 0 {
		return asked, bad("invalid_scope", "The scope asks for more than was granted.")
	}
	if len(idp.Without(asked.resources, g.Resources)) > 0 {
		return asked, bad("invalid_target", "The resource was not granted.")
	}
	return asked, nil
}

// grantClient is the client credentials grant (RFC 6749 4.4): a token for the client
// itself. It rests on no user, so nothing is stored. For an API it holds what an
// administrator has permitted the client.
func (p *Provider) grantClient(tx *storage.Tx, q *tokenRequest, m *minting) (*protocolError, error) {
	if q.client.Public() {
		return nil, bad("unauthorized_client", "A public client gets no token for itself.")
	}
	asked, err := scopesWanted(tx, q.client, q.given)
	if err != nil {
		return nil, err
	}
	scopes := idp.Without(asked.scopes, idp.Scopes) // those are about people
	if strings.Contains(q.given["scope"], everything) {
		scopes = idp.Without(scopes, idp.Without(scopes, q.client.Permissions))
	}
	if len(idp.Without(scopes, q.client.Permissions)) > 0 {
		return nil, bad("invalid_scope", "The client is not permitted that scope.")
	}
	if m.target, err = audienceOf(tx, q.given, asked.resources, scopes); err != nil {
		return nil, err
	}
	if m.target.api != nil && len(m.target.own()) == 0 {
		return nil, bad("invalid_target", "The client is permitted nothing at this API.")
	}
	return nil, nil
}
