package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

const (
	logoutEvent = "http://schemas.openid.net/event/backchannel-logout"
	// logoutTokenLife is how long a logout token counts (OIDC Back-Channel Logout 2.4).
	logoutTokenLife = 2 * time.Minute
	// noticeBatch is how many apps of a tenant are called at once.
	noticeBatch = 50
)

// noticeWaits is how long after each call that failed the next one comes; after the last
// the client is given up. The first also bounds how long a call may take before another
// node makes it again.
var noticeWaits = []time.Duration{
	10 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 4 * time.Hour, 12 * time.Hour,
}

// DeliverNotices calls clients that are owed a notice of logout now (OIDC Back-Channel
// Logout 2.5), all at the same time, so that none waits for another's, and answers when
// the calls have ended. What fails is tried again later; what is too much for once is
// left for the next time.
func (p *Provider) DeliverNotices(ctx context.Context, now time.Time) error {
	tenants, err := p.Store.Tenants(ctx)
	if err != nil {
		return err
	}
	var calls sync.WaitGroup
	defer calls.Wait()
	var failed error
	for _, id := range tenants {
		claimed, err := p.claimNotices(ctx, id, now)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		for _, c := range claimed {
			calls.Go(func() { p.deliver(ctx, id, c, now) })
		}
	}
	return failed
}

// claim is a notice to deliver, with all the call needs.
type claim struct {
	notice *idp.LogoutNotice
	client *idp.Client // nil: a tenant is told, or the client is given up
}

// claimNotices takes the notices that are due. Each is put off first, so that no other
// node calls at the same time, and a crash loses nothing.
func (p *Provider) claimNotices(ctx context.Context, tenant string, now time.Time) (claimed []claim, err error) {
	due := func(tx *storage.Tx) ([]*idp.LogoutNotice, error) {
		notices, _, err := storage.All[idp.LogoutNotice](tx, storage.Page{Limit: noticeBatch})
		for i, n := range notices {
			if n.Due.After(now) {
				return notices[:i], err
			}
		}
		return notices, err
	}
	any := false
	err = p.Store.View(ctx, tenant, func(tx *storage.Tx) error {
		notices, err := due(tx)
		any = len(notices) > 0
		return err
	})
	if err != nil || !any {
		return nil, err
	}
	err = p.Store.Update(ctx, tenant, func(tx *storage.Tx) error {
		claimed = nil
		notices, err := due(tx)
		if err != nil {
			return err
		}
		for _, n := range notices {
			c, err := p.claimNotice(tx, n, now)
			if err != nil {
				return err
			}
			if c != nil {
				claimed = append(claimed, *c)
			}
		}
		return nil
	})
	return p.withoutGivenUp(claimed), err
}

// withoutGivenUp tells the operator of clients that are not called any more, once the
// transaction has decided so.
func (p *Provider) withoutGivenUp(claimed []claim) []claim {
	return slices.DeleteFunc(claimed, func(c claim) bool {
		givenUp := c.client == nil && c.notice.Tenant == ""
		if givenUp {
			p.Log.Warn("an app was not told of a logout", "client", c.notice.ClientID, "tries", len(noticeWaits))
		}
		return givenUp
	})
}

// claimNotice puts a notice off, or does away with one that nobody is owed any more.
func (p *Provider) claimNotice(tx *storage.Tx, n *idp.LogoutNotice, now time.Time) (*claim, error) {
	if n.Tenant != "" {
		return claimTenantNotice(tx, n, now)
	}
	c, err := liveClient(tx, n.ClientID)
	if err != nil {
		return nil, err
	}
	if c == nil || c.Logout.Back == "" || n.OwedSince.Before(c.CreatedAt) { // another app by the name of one that is gone
		return nil, tx.Delete(n)
	}
	if n.Tries >= len(noticeWaits) {
		return &claim{notice: n}, p.delivered(tx, n, now)
	}
	wait := noticeWaits[n.Tries]
	n.Tries++
	return &claim{n, c}, n.Move(tx, now.Add(wait))
}

// deliver makes one call. A client that answers is owed nothing more, unless it still
// has offline access that will end, too.
func (p *Provider) deliver(ctx context.Context, tenant string, c claim, now time.Time) {
	if c.notice.Tenant != "" {
		p.tellTenant(ctx, tenant, c.notice, now)
		return
	}
	token, err := p.logoutToken(ctx, tenant, c, now)
	if err == nil {
		var status int
		if status, err = p.Tells.PostForm(ctx, c.client.Logout.Back, url.Values{"logout_token": {token}}); err == nil && status != http.StatusOK && status != http.StatusNoContent {
			p.Log.Warn("an app refused to hear of a logout", "client", c.client.ClientID, "status", status)
			return
		}
	}
	if err == nil {
		err = p.Store.Update(ctx, tenant, func(tx *storage.Tx) error { return p.delivered(tx, c.notice, now) })
	}
	if err != nil && ctx.Err() == nil {
		p.Log.Warn("an app could not be told of a logout", "client", c.client.ClientID, "error", err)
	}
}

func (p *Provider) delivered(tx *storage.Tx, n *idp.LogoutNotice, now time.Time) error {
	current, err := idp.Optional(storage.Get[idp.LogoutNotice](tx, n.NoticeID))
	if current == nil || err != nil { // hastened meanwhile: there is something new to tell
		return err
	}
	grants, _, err := storage.List[idp.Grant](tx, "session", n.SessionID, storage.Page{})
	if err != nil {
		return err
	}
	u, err := idp.Optional(storage.Get[idp.User](tx, n.UserID))
	if err != nil {
		return err
	}
	var last time.Time
	for _, g := range grants {
		if g.ClientID == n.ClientID && g.Offline() && g.Check(u, now) == 0 && g.NotAfter.After(last) {
			last = g.NotAfter
		}
	}
	if last.IsZero() {
		return tx.Delete(current)
	}
	current.Tries = 0
	return current.Move(tx, last)
}

// logoutToken is the token of OIDC Back-Channel Logout 2.4.
func (p *Provider) logoutToken(ctx context.Context, tenant string, c claim, now time.Time) (string, error) {
	t := &idp.Tenant{TenantID: tenant} // all that a subject and an issuer need of it
	keys, err := p.keys.get(ctx, tenant, now)
	if err != nil {
		return "", err
	}
	return keys.sign(c.client.Signing(), typeLogoutToken, map[string]any{
		"iss": p.issuer(t), "aud": c.client.ClientID, "iat": now.Unix(), "exp": now.Add(logoutTokenLife).Unix(), "jti": idp.NewID(),
		"sub": p.subject(t, c.client, c.notice.UserID), "sid": c.notice.SessionID,
		"events": map[string]any{logoutEvent: map[string]any{}},
	})
}
