package signin

import (
	"context"

	"latchkey/idp"
	"latchkey/storage"
)

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
