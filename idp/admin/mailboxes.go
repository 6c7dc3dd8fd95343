package admin

import (
	"context"

	"latchkey/idp"
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
			m, err := idp.MailboxOf(w.Tx, u.UserID)
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

// reachable sees to it that somebody from outside has a mailbox, at the address that they
// have now.
func (w *work) reachable(u *idp.User) error {
	m, err := idp.MailboxOf(w.Tx, u.UserID)
	if err != nil || m != nil && m.Address == u.Profile.Email {
		return err
	}
	return w.newMailbox(u)
}

// newMailbox puts a mailbox in the place of the one that the user has, if they have one.
func (w *work) newMailbox(u *idp.User) error {
	if err := w.removeMailbox(u); err != nil {
		return err
	}
	return w.Insert(idp.NewMailbox(u, w.now))
}

// removeMailbox takes the mailbox of a user, if there is one, and ends what came from it.
func (w *work) removeMailbox(u *idp.User) error {
	m, err := idp.MailboxOf(w.Tx, u.UserID)
	if m == nil || err != nil {
		return err
	}
	return m.Remove(w.Tx, w.now)
}
