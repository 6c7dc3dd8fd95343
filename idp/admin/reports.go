package admin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// MethodsReport is what a user has to sign in with.
type MethodsReport struct {
	User *idp.User
	// Usable are the kinds of methods they can sign in with as things are now.
	Usable []idp.Kind
	// MFA: one of these stands for more than one factor.
	MFA bool
}

// MethodsReports tells of each user, by id, what they have to sign in with.
func (s *Service) MethodsReports(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (rs []MethodsReport, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadReports, func(w *work) error {
		policy, err := idp.LoadMethodsPolicy(w.Tx)
		if err != nil {
			return err
		}
		us, after, err := storage.All[idp.User](w.Tx, page)
		if err != nil {
			return err
		}
		rs, next = make([]MethodsReport, len(us)), after
		for i, u := range us {
			if rs[i], err = w.methodsReport(policy, u); err != nil {
				return err
			}
		}
		return nil
	})
	return rs, next, err
}

// MethodsReport is MethodsReports for one user.
func (s *Service) MethodsReport(ctx context.Context, actor idp.Actor, tenant, name string) (r MethodsReport, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadReports, func(w *work) error {
		policy, err := idp.LoadMethodsPolicy(w.Tx)
		if err != nil {
			return err
		}
		u, err := findUser(w.Tx, name)
		if err != nil {
			return err
		}
		r, err = w.methodsReport(policy, u)
		return err
	})
	return r, err
}

// methodsReport reads what a user holds. A pass stands for all factors.
func (w *work) methodsReport(policy *idp.MethodsPolicy, u *idp.User) (MethodsReport, error) {
	r := MethodsReport{User: u}
	p, err := w.pass(u)
	if p == nil || err != nil {
		return r, err
	}
	if p.Usability(policy.TemporaryAccessPass, u, w.now) == idp.EnabledByPolicy {
		r.Usable, r.MFA = []idp.Kind{idp.TemporaryAccessPass}, true
	}
	return r, nil
}
