package admin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// InvitationBlocks lists the addresses that want no invitations.
func (s *Service) InvitationBlocks(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (bs []*idp.InvitationBlock, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.InviteUser, func(w *work) (err error) {
		bs, next, err = storage.All[idp.InvitationBlock](w.Tx, page)
		return err
	})
	return bs, next, err
}

// Unblock lets an address be invited again, since its owner has asked for that.
func (s *Service) Unblock(ctx context.Context, actor idp.Actor, tenant, address string) error {
	return s.change(ctx, actor, tenant, idp.InviteUser, func(w *work) error {
		n, err := idp.NormalEmail(address)
		if err != nil {
			return err
		}
		b, err := storage.Get[idp.InvitationBlock](w.Tx, n)
		if err != nil {
			return missing(err, "block", n, "%s is not blocked.", n)
		}
		if err := w.Delete(b); err != nil {
			return err
		}
		return w.audit(idp.InvitesAllowed, idp.Party{Type: idp.ActorUser, Name: n}, "")
	})
}
