package oidc

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/jwt"
	"latchkey/storage"
)

// accessToken is what an opaque access token holds, sealed by the tenant's key, and
// what is read back from one that is a JWT. It grants nothing by itself: each use looks
// up the grant, so that what ends the grant ends the token.
type accessToken struct {
	ID       string    `json:"j"`
	Grant    string    `json:"g,omitempty"` // "" for a client's own
	Client   string    `json:"c"`           // whom it was issued to
	Audience string    `json:"a,omitempty"` // identifier of an API, "" for our userinfo
	Scopes   []string  `json:"s,omitempty"` // as the audience calls them
	KeyThumb string    `json:"k,omitempty"` // of the DPoP key it is bound to
	Actor    string    `json:"x,omitempty"` // client that exchanged another token for it
	IssuedAt time.Time `json:"i"`
	Ends     time.Time `json:"e"`
}

const (
	accessPrefix  = "at_"
	accessPurpose = "access-token"
)

func (p *Provider) sealAccess(tenant string, t accessToken) (string, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	sealed := p.Keys.Seal(accessPurpose, tenant, "", raw)
	if t.Audience == idp.GraphID {
		sealed = markTenant(tenant, sealed)
	}
	return accessPrefix + sealed, nil
}

// jwtAccess is an access token as a JWT has it (RFC 9068 2.2), with the grant that it
// rests on.
type jwtAccess struct {
	Issuer   string        `json:"iss"`
	Audience string        `json:"aud"`
	Expires  int64         `json:"exp"`
	IssuedAt int64         `json:"iat"`
	ID       string        `json:"jti"`
	Client   string        `json:"client_id"`
	Scope    string        `json:"scope,omitempty"`
	Nanos    int64         `json:"iat_nanos,omitempty"` // of iat, which tells whole seconds
	Grant    string        `json:"grant_id,omitempty"`
	Bound    *confirmation `json:"cnf,omitempty"`
	Actor    *actor        `json:"act,omitempty"`
}

// confirmation is the key a token is bound to (RFC 9449 6.1).
type confirmation struct {
	KeyThumb string `json:"jkt"`
}

// actor is who acts for the subject (RFC 8693 4.1).
type actor struct {
	Subject string `json:"sub"`
}

func confirmed(thumb string) *confirmation {
	if thumb == "" {
		return nil
	}
	return &confirmation{thumb}
}

func acting(client string) *actor {
	if client == "" {
		return nil
	}
	return &actor{client}
}

// readAccess reads a token of this tenant that has not expired; nil for anything else.
func (p *Provider) readAccess(ctx context.Context, t *idp.Tenant, token string, now time.Time) (*accessToken, error) {
	var read accessToken
	if sealed, ok := strings.CutPrefix(token, accessPrefix); ok {
		sealed = strings.TrimPrefix(sealed, markTenant(t.TenantID, ""))
		raw, err := p.Keys.Open(accessPurpose, t.TenantID, "", sealed)
		if len(sealed) > jwt.MaxSize || err != nil || json.Unmarshal(raw, &read) != nil {
			return nil, nil
		}
	} else {
		var err error
		if read, err = p.readJWTAccess(ctx, t, token, now); err == jwt.Err {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	if !now.Before(read.Ends) {
		return nil, nil
	}
	return &read, nil
}

func (p *Provider) readJWTAccess(ctx context.Context, t *idp.Tenant, token string, now time.Time) (accessToken, error) {
	if strings.Count(token, ".") != 2 {
		return accessToken{}, jwt.Err
	}
	keys, err := p.keys.get(ctx, t.TenantID, now)
	if err != nil {
		return accessToken{}, err
	}
	var j jwtAccess
	if _, err := jwt.Verify(token, idp.IDTokenAlgs, keys.ofOurs(typeAccessToken), &j); err != nil || j.Issuer != p.issuer(t) {
		return accessToken{}, jwt.Err
	}
	read := accessToken{
		ID: j.ID, Grant: j.Grant, Client: j.Client, Audience: j.Audience, Scopes: strings.Fields(j.Scope),
		IssuedAt: time.Unix(j.IssuedAt, j.Nanos), Ends: time.Unix(j.Expires, 0),
	}
	if j.Bound != nil {
		read.KeyThumb = j.Bound.KeyThumb
	}
	if j.Actor != nil {
		read.Actor = j.Actor.Subject
	}
	return read, nil
}

// bearer is a valid access token with what it rests on.
type bearer struct {
	accessToken
	client *idp.Client // whom it was issued to
	grant  *idp.Grant  // nil for a client's own
	user   *idp.User   // likewise
}

// checkAccess is the one check of an access token that was read: its revocation, its
// client, its audience, its grant and whose that is, its user. nil, nil: not valid.
func checkAccess(tx *storage.Tx, t *accessToken, now time.Time) (*bearer, error) {
	if t == nil {
		return nil, nil
	}
	revoked, err := idp.Optional(storage.Get[idp.RevokedToken](tx, t.ID))
	if revoked != nil || err != nil {
		return nil, err
	}
	b := &bearer{accessToken: *t}
	if b.client, err = liveClient(tx, t.Client); b.client == nil || err != nil {
		return nil, err
	}
	if t.Audience != "" {
		api, err := idp.FindAPI(tx, t.Audience)
		if api == nil || err != nil || t.IssuedAt.Before(api.CreatedAt) { // that was another of the name
			return nil, err
		}
	}
	if own := t.Grant == ""; t.IssuedAt.Before(b.client.CreatedAt) || own && t.IssuedAt.Before(b.client.TokensValidFrom) {
		return nil, nil
	} else if own {
		return b, nil
	}
	if b.grant, err = idp.Optional(storage.Get[idp.Grant](tx, t.Grant)); b.grant == nil || err != nil {
		return nil, err
	}
	owner := b.client
	if owner.ClientID != b.grant.ClientID { // the token was exchanged
		if owner, err = liveClient(tx, b.grant.ClientID); owner == nil || err != nil {
			return nil, err
		}
	}
	var sts idp.STS
	if b.user, sts, err = standing(tx, owner, b.grant, now); sts != 0 || err != nil {
		return nil, err
	}
	return b, nil
}
