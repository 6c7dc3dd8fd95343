package signin

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// endedElsewhere marks sessions elsewhere that have ended, for as long as what they said may
// still be on its way.
const endedElsewhere = "ended elsewhere"

// Ended tells of a session elsewhere that has ended.
type Ended struct {
	Tenant   string // where its person is signed in
	Provider string // id of the Federation, or of the home tenant
	Session  string // theirs; "": all of the person
	Issuer   string // with Subject, for all of a person
	Subject  string
	TokenID  string    // jti of what told of it, which counts once; "" where nothing could be sent twice
	Until    time.Time // when that would be too old
	Revoked  bool      // what lasts longer than a session is over, too
	// Hearsay: anybody may have said so, so that nothing is kept of what is not there.
	Hearsay bool
}

// EndElsewhere ends what rests on a session elsewhere, and lets the apps know. fresh is false
// for what was told before.
func (s *Service) EndElsewhere(ctx context.Context, e Ended, now time.Time) (fresh bool, err error) {
	err = s.store.Update(ctx, e.Tenant, func(tx *storage.Tx) error {
		if e.TokenID != "" {
			if fresh, err = idp.Spend(tx, e.Until, "logout token", e.Provider, e.TokenID); err != nil || !fresh {
				return err
			}
		}
		fresh = true
		key := idp.ElsewhereKey(e.Provider, e.Session)
		if e.Session == "" {
			id, err := idp.FindIdentity(tx, e.Issuer, e.Subject)
			if id == nil || err != nil || id.Provider != e.Provider {
				return err
			}
			key = id.IdentityID
		} else if e.Hearsay {
			return endSessionsOf(tx, key, now)
		} else if _, err := idp.Spend(tx, now.Add(idp.ChallengeLifetime), endedElsewhere, key); err != nil {
			return err
		}
		if e.Revoked {
			return idp.EndCredential(tx, key, idp.GrantRevoked, now)
		}
		return endSessionsOf(tx, key, now)
	})
	return fresh, err
}

// endSessionsOf ends the sessions that rest on something. What was to last longer than they
// does, unless it was bound by the same.
func endSessionsOf(tx *storage.Tx, key string, now time.Time) error {
	sessions, _, err := storage.List[idp.Session](tx, "credential", key, storage.Page{})
	if err != nil {
		return err
	}
	for _, session := range sessions {
		if session.Bounded() {
			return idp.EndCredential(tx, key, idp.GrantRevoked, now)
		}
	}
	for _, session := range sessions {
		if !session.End(now, idp.NoSession) {
			continue
		}
		if _, err := endOnline(tx, session, now); err != nil {
			return err
		}
		if err := tx.Put(session); err != nil {
			return err
		}
	}
	return nil
}
