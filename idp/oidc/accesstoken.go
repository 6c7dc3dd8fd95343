package oidc

import (
	"encoding/json"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// accessToken is what an opaque access token holds, sealed by the tenant's key.
// It grants nothing by itself: each use looks up the grant, so that what ends the
// grant ends the token.
type accessToken struct {
	ID       string    `json:"j"`
	Grant    string    `json:"g,omitempty"` // "" for a client's own
	Client   string    `json:"c"`
	Scopes   []string  `json:"s,omitempty"`
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
	return accessPrefix + p.Keys.Seal(accessPurpose, tenant, "", raw), nil
}

// openAccess reads a token of this tenant; false for anything else.
func (p *Provider) openAccess(tenant, token string) (t accessToken, ok bool) {
	sealed, ok := strings.CutPrefix(token, accessPrefix)
	if !ok || len(sealed) > 4096 {
		return t, false
	}
	raw, err := p.Keys.Open(accessPurpose, tenant, "", sealed)
	if err != nil || json.Unmarshal(raw, &t) != nil {
		return t, false
	}
	return t, true
}

// bearer is a valid access token with what it rests on.
type bearer struct {
	accessToken
	client *idp.Client
	grant  *idp.Grant // nil for a client's own
	user   *idp.User  // likewise
}

// checkAccess is the one check of an access token: its own end, its revocation,
// its client, its grant, its user. nil, nil: not valid.
func (p *Provider) checkAccess(tx *storage.Tx, tenant, token string, now time.Time) (*bearer, error) {
	t, ok := p.openAccess(tenant, token)
	if !ok || !now.Before(t.Ends) {
		return nil, nil
	}
	revoked, err := idp.Optional(storage.Get[idp.RevokedToken](tx, t.ID))
	if revoked != nil || err != nil {
		return nil, err
	}
	b := &bearer{accessToken: t}
	if b.client, err = liveClient(tx, t.Client); b.client == nil || err != nil {
		return nil, err
	}
	if t.Grant == "" {
		if t.IssuedAt.Before(b.client.CreatedAt) || t.IssuedAt.Before(b.client.TokensValidFrom) {
			return nil, nil
		}
		return b, nil
	}
	if b.grant, err = idp.Optional(storage.Get[idp.Grant](tx, t.Grant)); b.grant == nil || err != nil {
		return nil, err
	}
	var sts idp.STS
	if b.user, sts, err = standing(tx, b.client, b.grant, now); sts != 0 || err != nil {
		return nil, err
	}
	return b, nil
}
