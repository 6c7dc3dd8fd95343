package admin

import (
	"context"

	"latchkey/idp"
)

// Methods are the ways to sign in that a user holds, a field a method.
type Methods struct {
	User *idp.User
	Pass *PassInfo // nil: none
}

// Methods reads what a user holds.
func (s *Service) Methods(ctx context.Context, actor idp.Actor, tenant, name string) (held Methods, err error) {
	err = s.read(ctx, actor, tenant, asksItself, func(w *work) error {
		held = Methods{}
		if held.User, err = w.user(idp.ReadMethods, name); err != nil {
			return err
		}
		p, err := w.pass(held.User)
		if p == nil || err != nil {
			return err
		}
		info, err := w.inform(p, held.User)
		held.Pass = &info
		return err
	})
	return held, err
}
