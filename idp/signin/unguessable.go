package signin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// Unguessable tells whether the answer to the question in the flow cannot be found by
// trying, so that nobody is held back from giving it.
func (s *Service) Unguessable(f Flow) bool {
	m := s.method(f.Chosen)
	return m != nil && m.Info().Unguessable
}

// Where decides what the flow leads to, and does nothing about it: no question is put, and
// no app gets anything.
func (s *Service) Where(ctx context.Context, v Visit, f Flow) (d idp.Decision, err error) {
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		out, err := s.decide(tx, v, f, nil, false)
		d = out.Decision
		return err
	})
	return d, err
}

// TooLarge logs that somebody who is signed in sent more than any registration takes. Of a
// browser in which nobody is, it keeps nothing.
func (s *Service) TooLarge(ctx context.Context, v Visit) error {
	return s.store.Update(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		session, err := findSession(tx, v.Session)
		if session == nil || err != nil {
			return err
		}
		u, err := idp.Optional(storage.Get[idp.User](tx, session.UserID))
		if u == nil || err != nil || !session.Live(u, v.Now) {
			return err
		}
		e := v.event(idp.Directory)
		e.Tell(idp.MethodRegistered)
		e.Actor, e.Target, e.SessionID = idp.PartyOf(u), idp.PartyOf(u), session.SessionID
		e.Result, e.Reason, e.Passing = "failure", "more was sent than a registration takes", true
		return s.log(v).Append(tx, e)
	})
}
