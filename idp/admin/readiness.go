package admin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// The levels of recovery readiness: what becomes of somebody who loses what they sign in
// with.
const (
	Stuck           = "stuck"         // nothing works, and the policy allows no pass to them
	HelpNeeded      = "helpNeeded"    // nothing works, but an administrator can give a pass now
	PasswordOnly    = "passwordOnly"  // once a pass has ended, a password alone
	PassOnly        = "passOnly"      // once the pass has ended, nothing
	OneCredential   = "oneCredential" // one passkey or device stands; if it is lost, they cannot help themselves
	Ready           = "ready"         // what one loses, another or an administrator makes good
	AccountDisabled = "disabled"      // nobody is to sign in
	ProvedElsewhere = "external"      // they sign in elsewhere
)

// ReadinessLevels are all of them, worst first; the last two are apart.
var ReadinessLevels = []string{Stuck, HelpNeeded, PasswordOnly, PassOnly, OneCredential, Ready, AccountDisabled, ProvedElsewhere}

// ReadinessReport is how ready a person is to lose what they sign in with.
type ReadinessReport struct {
	User        *idp.User
	Level       string
	Ways        []string // by which they can sign in now, in words
	Missing     string   // in a sentence; "" for nothing
	Credentials int      // that they can sign in with now
}

// Readiness tells of each user, by id, how ready they are.
func (s *Service) Readiness(ctx context.Context, actor idp.Actor, tenant string, page storage.Page) (rs []ReadinessReport, next string, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadReports, func(w *work) error {
		policy, err := idp.LoadMethodsPolicy(w.Tx)
		if err != nil {
			return err
		}
		us, after, err := storage.All[idp.User](w.Tx, page)
		if err != nil {
			return err
		}
		rs, next = make([]ReadinessReport, len(us)), after
		for i, u := range us {
			if rs[i], err = w.readiness(policy, u); err != nil {
				return err
			}
		}
		return nil
	})
	return rs, next, err
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
		r, err = w.readiness(policy, u)
		return err
	})
	return r, err
}

func (w *work) readiness(policy *idp.MethodsPolicy, u *idp.User) (r ReadinessReport, err error) {
	held, err := w.methods(u)
	if err != nil {
		return r, err
	}
	return readinessFactsOf(policy, held, w.now).report(u), nil
}
