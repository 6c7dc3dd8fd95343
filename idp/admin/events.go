package admin

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// Events lists a tenant's log, idp.SignIns or idp.Directory, newest first.
func (s *Service) Events(ctx context.Context, tenant, log string, page storage.Page) (es []*idp.AuditEvent, next string, err error) {
	page.Reverse = true
	err = s.read(ctx, tenant, func(tx *storage.Tx, _ *idp.Tenant, _ time.Time) error {
		es, next, err = storage.List[idp.AuditEvent](tx, "log", log, page)
		return err
	})
	return es, next, err
}
