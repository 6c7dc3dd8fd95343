package signin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

// What pages ask before they do anything.

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

// Registrable tells why the visiting session's person cannot register a method of a kind
// themselves; idp.Offered if they can. Whether they have proved enough is not asked.
func (s *Service) Registrable(ctx context.Context, v Visit, k idp.Kind) (why idp.Reason, err error) {
	e := &enrolment{v: v, m: s.enroller(k)}
	if e.m == nil {
		return idp.Unavailable, nil
	}
	err = s.store.View(ctx, v.Tenant.TenantID, func(tx *storage.Tx) error {
		if err := s.loadEnrolment(tx, e); err != nil {
			return err
		}
		why = e.m.Registrable(e.subject, true)
		return nil
	})
	return why, err
}
