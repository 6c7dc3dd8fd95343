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
