package admin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// Mailboxes are the addresses at which those of the users are reached who come from outside,
// by the users' ids. The actor must be able to read each of them.
func (s *Service) Mailboxes(ctx context.Context, actor idp.Actor, tenant string, us []*idp.User) (addresses map[string]string, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		w.asked, addresses = true, map[string]string{} // of nobody, there is nothing to tell
		for _, u := range us {
			if err := w.mayTo(idp.ReadUser, u); err != nil {
				return err
			}
			if !u.Type.External() {
				continue
			}
			m, err := idp.Optional(storage.Lookup[idp.Mailbox](w.Tx, "user", u.UserID))
			if err != nil {
				return err
			}
			if m != nil {
				addresses[u.UserID] = m.Address
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return addresses, nil
}
