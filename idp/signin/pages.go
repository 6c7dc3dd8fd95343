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

// Elsewhere tells whether the question in the flow is answered by a provider elsewhere.
func (s *Service) Elsewhere(f Flow) bool {
	m := s.method(f.Chosen)
	return m != nil && m.Info().Elsewhere
}

// Federation is a federation of a tenant, nil if there is none of the id.
func (s *Service) Federation(ctx context.Context, t *idp.Tenant, id string) (f *idp.Federation, err error) {
	err = s.store.View(ctx, t.TenantID, func(tx *storage.Tx) error {
		f, err = idp.Optional(storage.Get[idp.Federation](tx, id))
		return err
	})
	return f, err
}

// CameFrom is the provider at which the session's person is to be signed out as well, with what
// it signed about them; nil if there is none.
func (s *Service) CameFrom(ctx context.Context, v Visit, session *idp.Session) (f *idp.Federation, idToken string, err error) {
	if session == nil {
		return nil, "", nil
	}
	for _, p := range session.Proofs {
		if m := s.method(p.Method); m == nil || !m.Info().Elsewhere || len(p.Rests) == 0 {
			continue
		}
		if f, err = s.Federation(ctx, v.Tenant, p.Rests[0]); f != nil && f.SignOut && !f.Disabled {
			return f, p.OpenIDToken(s.keys, v.Tenant.TenantID), err
		}
	}
	return nil, "", err
}

const nextPurpose = "signed-out-next"

// SealNext is where a browser goes on to once it has signed out at a provider, as a state.
func (s *Service) SealNext(v Visit, next string) string {
	return s.keys.Seal(nextPurpose, v.Tenant.TenantID, v.Browser, []byte(next))
}

// OpenNext reverses SealNext; "" for what is none.
func (s *Service) OpenNext(v Visit, state string) string {
	next, err := s.keys.Open(nextPurpose, v.Tenant.TenantID, v.Browser, state)
	if err != nil {
		return ""
	}
	return string(next)
}

// Where decides what the flow leads to, and does nothing about it: no question is put, and
// no app gets anything.
func (s *Service) Where(ctx context.Context, v Visit, f Flow) (d idp.Decision, err error) {
	if v, err = s.located(ctx, v, f); err != nil {
		return d, err
	}
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
