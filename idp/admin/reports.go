package admin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// MethodsReports tells of each user, by id, what they have to sign in with.
func (s *Service) MethodsReports(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (all []Methods, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadReports, func(w *work) error {
		us, after, err := storage.All[idp.User](w.Tx, page)
		if err != nil {
			return err
		}
		all, next = make([]Methods, len(us)), after
		for i, u := range us {
			if all[i], err = w.methods(u); err != nil {
				return err
			}
		}
		return nil
	})
	return all, next, err
}

// MethodsReport is MethodsReports for one user.
func (s *Service) MethodsReport(ctx context.Context, actor idp.Actor, tenant, name string) (held Methods, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadReports, func(w *work) error {
		u, err := findUser(w.Tx, name)
		if err != nil {
			return err
		}
		held, err = w.methods(u)
		return err
	})
	return held, err
}
