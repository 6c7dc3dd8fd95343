package idp

import (
	"time"

	"latchkey/storage"
)

// LogoutNotice is a call that one client is owed when a session ends (OIDC
// Back-Channel Logout 2.5), or another tenant of the deployment at which its person is a
// guest. It is written with the client's first grant, due at the
// end that the session has anyway; whatever ends the session sooner hastens it.
// Its key begins with the time it is due, so that the next one is the first.
type LogoutNotice struct {
	NoticeID    string
	ClientID    string `json:",omitzero"`
	Tenant      string `json:",omitzero"` // in place of a client
	Revoked     bool   `json:",omitzero"` // for a tenant: more is over than the session
	UserID      string
	SessionID   string
	Credentials []string `json:",omitzero"` // behind the session
	OwedSince   time.Time
	Due         time.Time
	Tries       int `json:",omitzero"` // calls that failed
}

// noticeTime sorts as text as it does in time.
const noticeTime = "20060102T150405.000000000"

// Kind names the record.
func (*LogoutNotice) Kind() string { return "logoutnotice" }

// ID begins with when it is due.
func (n *LogoutNotice) ID() string { return n.NoticeID }

// Indexes finds notices by whatever may end their session.
func (n *LogoutNotice) Indexes() []storage.Index {
	x := []storage.Index{
		{Name: "party", Value: n.SessionID + " " + n.ClientID + n.Tenant, Unique: true},
		{Name: "session", Value: n.SessionID}, {Name: "user", Value: n.UserID}, {Name: "tenant", Value: n.Tenant},
	}
	for _, c := range n.Credentials {
		x = append(x, storage.Index{Name: "credential", Value: c})
	}
	return x
}

// Move makes the notice due at another time.
func (n *LogoutNotice) Move(tx *storage.Tx, due time.Time) error {
	if err := tx.Delete(n); err != nil {
		return err
	}
	n.Due = due
	n.NoticeID = due.UTC().Format(noticeTime) + " " + NewID()
	return tx.Insert(n)
}

// OweNotice writes the notice of a client that has a grant in the session, if it
// wants one and is not owed one yet.
func OweNotice(tx *storage.Tx, c *Client, g *Grant, s *Session) error {
	if c.Logout.Back == "" {
		return nil
	}
	n, err := Optional(storage.Lookup[LogoutNotice](tx, "party", s.SessionID+" "+c.ClientID))
	if n != nil || err != nil {
		return err
	}
	n = &LogoutNotice{ClientID: c.ClientID, UserID: s.UserID, SessionID: s.SessionID, Credentials: g.Credentials, OwedSince: g.CreatedAt}
	return n.Move(tx, s.NotAfter)
}

// maxNoticed is how many credentials a notice is found by: a session can be proved anew without
// end.
const maxNoticed = 100

// OweTenantNotice writes the notice of a tenant at which the session's person is a guest, if
// it is not owed one yet. It stands for as long as anything there can rest on the session.
func OweTenantNotice(tx *storage.Tx, tenant string, s *Session, now time.Time) error {
	n, err := Optional(storage.Lookup[LogoutNotice](tx, "party", s.SessionID+" "+tenant))
	if err != nil {
		return err
	}
	if n != nil { // what was proved since may end when the session is long gone
		more := Without(s.Credentials(), n.Credentials)
		if len(more) == 0 {
			return nil
		}
		n.Credentials = append(n.Credentials, more...)
		n.Credentials = n.Credentials[max(0, len(n.Credentials)-maxNoticed):]
		return tx.Put(n)
	}
	n = &LogoutNotice{Tenant: tenant, UserID: s.UserID, SessionID: s.SessionID, Credentials: s.Credentials(), OwedSince: now}
	return n.Move(tx, s.NotAfter)
}

// Outlived is until when something at a tenant can still rest on a session that was over
// before.
func (n *LogoutNotice) Outlived() time.Time {
	return n.OwedSince.Add(OfflineLifetime + MaxSessionLifetime)
}

// HastenTenantNotices makes all notices of other tenants due, for a tenant that is closed.
func HastenTenantNotices(tx *storage.Tx, by time.Time) error {
	var owed []*LogoutNotice
	err := storage.Each(tx, func(_ string, n *LogoutNotice, err error) bool {
		if err == nil && n.Tenant != "" {
			owed = append(owed, n)
		}
		return true
	})
	if err != nil {
		return err
	}
	for _, n := range owed {
		n.Revoked, n.Tries = true, 0
		if err := n.Move(tx, by); err != nil {
			return err
		}
	}
	return nil
}

// HastenNotices makes the notices found by an index (session, user or credential)
// due no later than by. What ends more than one session is told to tenants as such.
func HastenNotices(tx *storage.Tx, index, value string, by time.Time) error {
	return hasten(tx, index, value, index != "session", by)
}

func hasten(tx *storage.Tx, index, value string, revoked bool, by time.Time) error {
	notices, _, err := storage.List[LogoutNotice](tx, index, value, storage.Page{})
	if err != nil {
		return err
	}
	for _, n := range notices {
		more := revoked && n.Tenant != "" && !n.Revoked
		if n.Due.After(by) || more {
			n.Revoked = n.Revoked || more
			n.Tries = 0 // there is something new to tell
			if err := n.Move(tx, by); err != nil {
				return err
			}
		}
	}
	return nil
}
