package oidc

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// claimTenantNotice puts off the notice of a tenant until it must have been told, or does away
// with one that nothing can rest on any longer.
func claimTenantNotice(tx *storage.Tx, n *idp.LogoutNotice, now time.Time) (*claim, error) {
	if !now.Before(n.Outlived()) {
		return nil, tx.Delete(n)
	}
	n.Tries++
	return &claim{notice: n}, n.Move(tx, now.Add(noticeWaits[0]))
}

// tellTenant ends at another tenant of the deployment what rests on a session here. A tenant
// that was told of a session alone hears of more when there is more to tell.
func (p *Provider) tellTenant(ctx context.Context, home string, n *idp.LogoutNotice, now time.Time) {
	_, err := p.Signin.EndElsewhere(ctx, signin.Ended{Tenant: n.Tenant, Provider: home, Session: n.SessionID, Revoked: n.Revoked}, now)
	if err == nil {
		err = p.Store.Update(ctx, home, func(tx *storage.Tx) error { return toldTenant(tx, n) })
	}
	if err != nil && ctx.Err() == nil {
		p.Log.Error("a tenant could not be told of a guest's end", "tenant", n.Tenant, "error", err)
	}
}

func toldTenant(tx *storage.Tx, n *idp.LogoutNotice) error {
	current, err := idp.Optional(storage.Get[idp.LogoutNotice](tx, n.NoticeID))
	if current == nil || err != nil { // hastened meanwhile: there is something new to tell
		return err
	}
	if n.Revoked {
		return tx.Delete(current)
	}
	current.Tries = 0
	return current.Move(tx, n.Outlived())
}
