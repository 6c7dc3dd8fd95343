package signin

import (
	"context"
	"net/url"
	"slices"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Current is who is signed in in the visiting browser, or nil, nil. Who has not accepted
// their invitation is nobody yet.
func (s *Service) Current(ctx context.Context, v Visit) (*idp.Session, *idp.User, error) {
	var session *idp.Session
	var user *idp.User
	err := s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		if session, err = findSession(tx, v.Session); session == nil || err != nil {
			return err
		}
		user, err = idp.Optional(storage.Get[idp.User](tx, session.UserID))
		return err
	})
	if err != nil || session == nil || !session.Live(user, v.Now) || user.External.Pending() {
		return nil, nil, err
	}
	return session, user, nil
}

// SignedOut is what a sign-out ended: nothing if there was no session.
type SignedOut struct {
	Session *idp.Session
	Clients []*idp.Client // those that have had a part in it, each once
}

// maxFrames is how many apps a browser is made to tell.
const maxFrames = 30

// Frames are the pages of apps that want the browser to tell them of the session's end
// (OIDC Front-Channel Logout 2).
func (o SignedOut) Frames(issuer string) (frames []string) {
	for _, c := range o.Clients {
		if uri := c.Logout.Front; uri != "" && len(frames) < maxFrames {
			frames = append(frames, idp.WithQuery(uri, url.Values{"iss": {issuer}, "sid": {o.Session.SessionID}}))
		}
	}
	return frames
}

// SignOut ends the browser's session and the grants that last no longer than it.
func (s *Service) SignOut(ctx context.Context, v Visit) (out SignedOut, err error) {
	err = s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		out = SignedOut{}
		session, err := findSession(tx, v.Session)
		if session == nil || err != nil || !session.End(v.Now, idp.NoSession) {
			return err
		}
		out.Session = session
		if out.Clients, err = endOnline(tx, session, v.Now); err != nil {
			return err
		}
		return tx.Put(session)
	})
	return out, err
}

// DeviceFlow finds the device authorization a user code stands for and starts
// the sign-in that approves it. ErrDevice: no such code, or no longer.
func (s *Service) DeviceFlow(ctx context.Context, v Visit, userCode string) (Flow, error) {
	var g *idp.Grant
	code := idp.CanonicalUserCode(userCode)
	err := s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		g, err = idp.Optional(storage.Lookup[idp.Grant](tx, "usercode", s.keys.UserCodeHash(v.Tenant.TenantID, code)))
		return err
	})
	if err != nil {
		return Flow{}, err
	}
	if code == "" || g == nil || g.UserID != "" || g.Device.Denied || !v.Now.Before(g.Device.Ends) {
		return Flow{}, ErrDevice
	}
	req := &idp.AuthRequest{ClientID: g.ClientID, Scopes: g.Scopes, Resources: g.Resources, Prompt: []string{"consent"}, MaxAge: -1}
	f := Start(req, "", v.Now)
	f.Device, f.UserCode = g.GrantID, code[:4]+"-"+code[4:]
	return f, nil
}

// endOnline revokes the grants that were to last no longer than the session, and lets
// the apps know that it has ended. It answers the apps.
func endOnline(tx *storage.Tx, session *idp.Session, now time.Time) (clients []*idp.Client, err error) {
	grants, _, err := storage.List[idp.Grant](tx, "session", session.SessionID, storage.Page{})
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		if !slices.ContainsFunc(clients, func(c *idp.Client) bool { return c.ClientID == g.ClientID }) {
			c, err := idp.Optional(storage.Get[idp.Client](tx, g.ClientID))
			if err != nil {
				return nil, err
			}
			if c != nil && !c.Disabled && !g.CreatedAt.Before(c.CreatedAt) {
				clients = append(clients, c)
			}
		}
		if !g.Offline() && g.Revoke(now, idp.NoSession) {
			if err := tx.Put(g); err != nil {
				return nil, err
			}
		}
	}
	if !now.Before(session.NotAfter) { // it had ended, and they have been told
		return clients, nil
	}
	return clients, idp.HastenNotices(tx, "session", session.SessionID, now)
}
