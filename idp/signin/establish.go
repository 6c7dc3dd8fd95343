package signin

import (
	"slices"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// establish makes or renews the browser's session. A session of somebody else in
// this browser ends. One of the same person is renewed if it rests on the same credential,
// with the same end, or if neither it nor the proof has a bound of its own; any other is
// left behind for a new one, whose end is its own.
func (s *Service) establish(tx *storage.Tx, a *attempt, p idp.Proof, secret string) (*idp.Session, error) {
	u, err := storage.Get[idp.User](tx, a.subject.User.UserID)
	if err != nil {
		return nil, err
	}
	if u.Disabled { // meanwhile
		return nil, &idp.Refusal{Told: idp.UserDisabled, Logged: idp.UserDisabled}
	}
	if err := seen(tx, u, a.v.Now); err != nil {
		return nil, err
	}
	old, err := findSession(tx, a.v.Session)
	if err != nil {
		return nil, err
	}
	if old != nil && old.Live(u, a.v.Now) && renews(old, p) {
		old.Renew(secret, p)
		if err := idp.HastenNotices(tx, "session", old.SessionID, old.NotAfter); err != nil {
			return nil, err
		}
		return old, tx.Put(old)
	}
	if old != nil && old.End(a.v.Now, idp.NoSession) {
		if _, err := endOnline(tx, old, a.v.Now); err != nil {
			return nil, err
		}
		if err := tx.Put(old); err != nil {
			return nil, err
		}
	}
	session := idp.NewSession(a.v.Tenant, u.UserID, secret, p)
	return session, tx.Put(session)
}

// seenAgain is how exactly it is kept when somebody signed in last.
const seenAgain = time.Minute

// seen keeps when somebody signed in last.
func seen(tx *storage.Tx, u *idp.User, now time.Time) error {
	if now.Sub(u.SignedInAt) < seenAgain {
		return nil
	}
	u.SignedInAt = now
	return tx.Put(u)
}

func renews(old *idp.Session, p idp.Proof) bool {
	same := slices.ContainsFunc(old.Proofs, func(q idp.Proof) bool {
		return q.Credential != "" && q.Credential == p.Credential && q.NotAfter.Equal(p.NotAfter)
	})
	return same || !old.Bounded() && p.NotAfter.IsZero()
}
