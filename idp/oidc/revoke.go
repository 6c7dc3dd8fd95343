package oidc

import (
	"net/http"
	"strings"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// revoke is the revocation endpoint (RFC 7009). A refresh token takes its whole
// grant with it; an access token ends alone. A token of another client, or none
// at all, gets the same 200 and changes nothing (section 2.2).
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	given, shown, err := p.readTokenForm(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	q := web.From(r)
	access, err := p.readAccess(r.Context(), q.Tenant, given["token"], q.Now)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	err = p.Store.Update(r.Context(), q.Tenant.TenantID, func(tx *storage.Tx) error {
		client, err := authenticate(tx, shown)
		if err != nil {
			return err
		}
		if strings.HasPrefix(given["token"], string(idp.RefreshToken)) {
			return revokeRefresh(tx, q, client, given["token"])
		}
		return revokeAccess(tx, client, access)
	})
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	// No Content-Type: some clients refuse an empty answer that has one.
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func revokeRefresh(tx *storage.Tx, q *web.Request, client *idp.Client, token string) error {
	g, err := idp.Optional(storage.Lookup[idp.Grant](tx, "refresh", idp.RefreshFamily(token)))
	if g == nil || err != nil || g.ClientID != client.ClientID || !g.Revoke(q.Now, idp.GrantRevoked) {
		return err
	}
	return tx.Put(g)
}

func revokeAccess(tx *storage.Tx, client *idp.Client, t *accessToken) error {
	if t == nil || t.Client != client.ClientID {
		return nil
	}
	return tx.Put(&idp.RevokedToken{TokenID: t.ID, Ends: t.Ends})
}
