package idp

import (
	"errors"
	"time"

	"latchkey/storage"
)

// removeCredential deletes a credential and ends what came from it. Who asks why is told
// of the pass; for the others it is enough that what was granted is over.
func removeCredential(tx *storage.Tx, c Credential, now time.Time) error {
	as := GrantRevoked
	if _, pass := c.(*Pass); pass {
		as = PassNotFound
	}
	return errors.Join(EndCredential(tx, c.ID(), as, now), tx.Delete(c))
}

// EndCredential revokes the sessions and grants that came from a credential, and no
// others, in the transaction that removes or replaces it. The caller has read
// the credential in tx, which keeps a sign-in with it from slipping in between.
func EndCredential(tx *storage.Tx, credentialID string, as STS, now time.Time) error {
	sessions, _, err := storage.List[Session](tx, "credential", credentialID, storage.Page{})
	if err != nil {
		return err
	}
	for _, s := range sessions {
		if s.End(now, as) {
			if err := errors.Join(tx.Put(s), hasten(tx, "session", s.SessionID, true, now)); err != nil { // what it was owed for may have been another credential
				return err
			}
		}
	}
	grants, _, err := storage.List[Grant](tx, "credential", credentialID, storage.Page{})
	if err != nil {
		return err
	}
	for _, g := range grants {
		if g.Revoke(now, as) {
			if err := tx.Put(g); err != nil {
				return err
			}
		}
	}
	return HastenNotices(tx, "credential", credentialID, now)
}
