package admin

import (
	"context"
	"slices"

	"latchkey/idp"
	"latchkey/storage"
)

// MethodsReport is what a user has to sign in with.
type MethodsReport struct{ Methods }

// PassUsable tells whether they can sign in with a pass as things are now.
func (r MethodsReport) PassUsable() bool {
	return r.Pass != nil && r.Pass.Reason == idp.EnabledByPolicy
}

// Passwordless tells whether they can sign in with a passkey as things are now.
func (r MethodsReport) Passwordless() bool { return slices.Contains(r.Usable(), idp.PasskeyMethod) }

// MFA tells whether something that they can sign in with stands for more than one factor.
func (r MethodsReport) MFA() bool { return r.PassUsable() || r.Passwordless() }

// MFARegistered is MFA of what they hold, whether it is accepted now or not. A pass that is
// over is nothing they hold.
func (r MethodsReport) MFARegistered() bool { return r.PassUsable() || len(r.Passkeys) > 0 }

// MethodsReports tells of each user, by id, what they have to sign in with.
func (s *Service) MethodsReports(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (rs []MethodsReport, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadReports, func(w *work) error {
		us, after, err := storage.All[idp.User](w.Tx, page)
		if err != nil {
			return err
		}
		rs, next = make([]MethodsReport, len(us)), after
		for i, u := range us {
			if rs[i].Methods, err = w.methods(u); err != nil {
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
		u, err := findUser(w.Tx, name)
		if err != nil {
			return err
		}
		r.Methods, err = w.methods(u)
		return err
	})
	return r, err
}

// ReadinessOf is Readiness for one user.
func (s *Service) ReadinessOf(ctx context.Context, actor idp.Actor, tenant, name string) (r ReadinessReport, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadReports, func(w *work) error {
		policy, err := idp.LoadMethodsPolicy(w.Tx)
		if err != nil {
			return err
		}
		u, err := findUser(w.Tx, name)
		if err != nil {
			return err
		}
		held, err := w.methods(u)
		r = readinessFactsOf(policy, held, w.now).report(u)
		return err
	})
	return r, err
}
