package admin

import (
	"context"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// exportChunk is how many events are read in one transaction.
const exportChunk = 500

// ExportFilter says which events of a partition are exported.
type ExportFilter struct {
	Log   string    // idp.SignIns or idp.Directory; "" for both
	Since time.Time // zero: all
}

// ExportEvents hands out the events of a tenant's own partition, oldest first, so many
// at a time that it holds no more than those. What is told of the tenant in the
// deployment's own log is in ExportSystemEvents, with the chain it belongs to.
func (s *Service) ExportEvents(ctx context.Context, actor idp.Actor, tenant string, f ExportFilter, write func([]*idp.AuditEvent) error) error {
	return f.walk(write, func(page storage.Page) (es []*idp.AuditEvent, next string, err error) {
		err = s.read(ctx, actor, tenant, idp.ReadLogs, func(w *work) error {
			es, next, err = f.chunk(w.Tx, page)
			return err
		})
		return es, next, err
	})
}

// ExportSystemEvents is ExportEvents for what is told of the tenants themselves.
func (s *Service) ExportSystemEvents(ctx context.Context, actor idp.Actor, f ExportFilter, write func([]*idp.AuditEvent) error) error {
	if err := idp.May(actor, idp.Operate, idp.Object{}); err != nil {
		return err
	}
	return f.walk(write, func(page storage.Page) (es []*idp.AuditEvent, next string, err error) {
		err = s.store.View(ctx, storage.System, func(tx *storage.Tx) error {
			es, next, err = f.chunk(tx, page)
			return err
		})
		return es, next, err
	})
}

// walk writes outside of the transactions: whoever reads slowly holds none open.
func (f ExportFilter) walk(write func([]*idp.AuditEvent) error, read func(storage.Page) ([]*idp.AuditEvent, string, error)) error {
	page := storage.Page{After: eventsFrom(f.Since), Limit: exportChunk}
	for {
		es, next, err := read(page)
		if err != nil {
			return err
		}
		if err := write(es); err != nil || next == "" {
			return err
		}
		page.After = next
	}
}

func (f ExportFilter) chunk(tx *storage.Tx, page storage.Page) ([]*idp.AuditEvent, string, error) {
	if f.Log == "" {
		return storage.All[idp.AuditEvent](tx, page)
	}
	return storage.List[idp.AuditEvent](tx, "log", f.Log, page)
}
