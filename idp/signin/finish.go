package signin

import (
	"context"
	"errors"

	"latchkey/idp"
	"latchkey/storage"
)

// finish stores what an approved sign-in gives: a grant with its code, or the
// approval of the device that waits. On Latchkey's own pages there is nothing
// but the session.
func (s *Service) finish(tx *storage.Tx, v Visit, out *Outcome) error {
	f := out.Flow
	if f.Request == nil {
		return nil
	}
	if f.Device != "" {
		return s.finishDevice(tx, v, out)
	}
	g := idp.NewGrant(out.Session, f.Request, v.Now)
	if g.Lifetime(v.Now, idp.CodeLifetime) == 0 {
		out.Decision.Step, out.Decision.Error, out.Decision.STS = idp.Refuse, "login_required", g.EndsAs
		return nil
	}
	if out.Grant = g; f.Request.Returns("code") {
		out.Code = g.IssueCode(v.Now)
	}
	if ok, err := spendPushed(tx, f.Request); err != nil || !ok {
		out.Decision.Step, out.Decision.Error, out.Decision.STS = idp.Refuse, "invalid_request_uri", idp.CodeRedeemed
		return err
	}
	if err := idp.OweNotice(tx, out.Client, g, out.Session); err != nil {
		return err
	}
	return tx.Put(g)
}

// spendPushed takes the pushed request that led here, once (RFC 9126 4).
func spendPushed(tx *storage.Tx, req *idp.AuthRequest) (bool, error) {
	if req.Pushed == "" {
		return true, nil
	}
	pushed, err := idp.Optional(storage.Get[idp.PushedRequest](tx, req.Pushed))
	if pushed == nil || err != nil {
		return false, err
	}
	return true, tx.Delete(pushed)
}

func (s *Service) finishDevice(tx *storage.Tx, v Visit, out *Outcome) error {
	g, err := idp.Optional(storage.Get[idp.Grant](tx, out.Flow.Device))
	if err != nil {
		return err
	}
	if g == nil || g.UserID != "" || g.Device.Denied || !v.Now.Before(g.Device.Ends) {
		return ErrDevice
	}
	g.Bind(out.Session, out.Flow.Request, v.Now)
	out.Grant = g
	if err := idp.OweNotice(tx, out.Client, g, out.Session); err != nil {
		return err
	}
	return tx.Put(g)
}

// Decide carries out the person's answer on the consent page: allow leads on to
// the app; otherwise the app is told of the refusal, and nothing is kept. If
// somebody else has signed in in this browser since the page was shown, they are
// asked themselves.
func (s *Service) Decide(ctx context.Context, v Visit, f Flow, allow bool) (Outcome, error) {
	v, err := s.located(ctx, v, f)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	err = s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		var err error
		out, err = s.decide(tx, v, f, nil, false)
		// Issue: the same was allowed meanwhile, as by pressing the button twice.
		if err != nil || out.Client == nil || out.Decision.Step != idp.ConsentStep && out.Decision.Step != idp.Issue {
			return err
		}
		if out.Decision.Step == idp.ConsentStep && f.Asked != out.User.UserID { // signed in as somebody else meanwhile
			return nil
		}
		if !allow {
			out.Decision.Step, out.Decision.Error, out.Decision.STS = idp.Refuse, "access_denied", idp.ConsentDeclined
			return errors.Join(s.deny(tx, f), s.logDeclined(tx, v, out))
		}
		if out, err = s.decide(tx, v, f, nil, true); err != nil || out.Decision.Step != idp.Issue {
			return err
		}
		if err := s.logEntered(tx, v, out); err != nil {
			return err
		}
		if f.Device == "" { // a device is asked about each time: it may be a stranger's
			if err := s.remember(tx, v, out); err != nil {
				return err
			}
		}
		return s.finish(tx, v, &out)
	})
	return out, err
}

func (s *Service) remember(tx *storage.Tx, v Visit, out Outcome) error {
	c, err := idp.LoadConsent(tx, out.User.UserID, out.Client)
	if err != nil {
		return err
	}
	fresh := idp.Without(out.Flow.Request.Wants(), c.Scopes)
	c.Add(fresh, v.Now)
	if err := tx.Put(c); err != nil || len(fresh) == 0 {
		return err
	}
	return s.logConsent(tx, v, out, fresh)
}

// deny tells a waiting device that its request was refused.
func (s *Service) deny(tx *storage.Tx, f Flow) error {
	if f.Device == "" {
		return nil
	}
	g, err := idp.Optional(storage.Get[idp.Grant](tx, f.Device))
	if g == nil || err != nil || g.UserID != "" {
		return err
	}
	g.Device.Denied = true
	return tx.Put(g)
}
