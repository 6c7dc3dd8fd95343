package admin

import (
	"context"
	"errors"

	"latchkey/idp"
	"latchkey/storage"
)

// Passkeys lists a user's passkeys, oldest first.
func (s *Service) Passkeys(ctx context.Context, actor idp.Actor, tenant, name string) (infos []PasskeyInfo, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.ReadPasskey, name)
		if err != nil {
			return err
		}
		held, err := w.methods(u)
		infos = held.Passkeys
		return err
	})
	return infos, err
}

// RenamePasskey gives a user's passkey another name.
func (s *Service) RenamePasskey(ctx context.Context, actor idp.Actor, tenant, name, id, to string) (*idp.Passkey, error) {
	var p *idp.Passkey
	err := s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.WritePasskey, name)
		if err != nil {
			return err
		}
		if p, err = w.passkey(u, id); err != nil {
			return err
		}
		before := *p
		if p.Name = to; p.Name == before.Name {
			return nil
		}
		if err := p.Validate(); err != nil {
			return err
		}
		e := w.didTo(p, "renamed", u, idp.MethodUpdated, idp.MethodUpdatedByAdmin)
		e.Modified = modified(struct{ Name string }{before.Name}, struct{ Name string }{p.Name})
		e.Passing = w.actor.Is(u) // which they may do as often as they like
		return errors.Join(w.Put(p), w.tell(e), w.notify(u, idp.MailMethodRenamed, idp.PasskeyMethod, p.Name))
	})
	return p, err
}

// DeletePasskey removes a passkey of a user and ends what came from it, and nothing else.
func (s *Service) DeletePasskey(ctx context.Context, actor idp.Actor, tenant, name, id string) error {
	return s.change(ctx, actor, tenant, asksItself, func(w *work) error {
		u, err := w.user(idp.WritePasskey, name)
		if err != nil {
			return err
		}
		p, err := w.passkey(u, id)
		if err != nil {
			return err
		}
		return w.takePasskey(u, p)
	})
}

// takePasskey removes a passkey and tells of it.
func (w *work) takePasskey(u *idp.User, p *idp.Passkey) error {
	e := w.didTo(p, "deleted", u, idp.MethodGivenUp, idp.MethodTaken)
	return errors.Join(p.Remove(w.Tx, w.now), w.tell(e), w.notify(u, idp.MailMethodRemoved, idp.PasskeyMethod, p.Name))
}

// passkey is the one of a user with an id.
func (w *work) passkey(u *idp.User, id string) (*idp.Passkey, error) {
	p, err := idp.Optional(storage.Get[idp.Passkey](w.Tx, id))
	if err == nil && (p == nil || p.UserID != u.UserID) {
		return nil, idp.NoSuch("passkey", id, "%s has no passkey %q.", u.PrincipalName, id)
	}
	return p, err
}

// eachPasskey does something with each passkey of a user.
func (w *work) eachPasskey(u *idp.User, do func(*idp.Passkey) error) error {
	keys, err := idp.Passkeys(w.Tx, u.UserID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := do(k); err != nil {
			return err
		}
	}
	return nil
}
