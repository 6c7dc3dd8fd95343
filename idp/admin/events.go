package admin

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

// EventQuery says which events of a tenant's log are read.
type EventQuery struct {
	Log          string    // idp.SignIns or idp.Directory
	User         string    // id: only those about this user; "" for all
	Since, Until time.Time // both included; zero: no bound
}

// Events lists a tenant's log, idp.SignIns or idp.Directory, newest first.
func (s *Service) Events(ctx context.Context, actor idp.Actor, tenant, log string, page storage.Page) (es []*idp.AuditEvent, next string, err error) {
	page.Reverse = true
	return s.events(ctx, actor, tenant, EventQuery{Log: log}, page)
}

// events reads in the direction of the page, and no further than the bounds. What was
// changed of the tenant itself is in another partition and is merged in: events of both
// sort by their ids.
func (s *Service) events(ctx context.Context, actor idp.Actor, tenant string, q EventQuery, page storage.Page) (es []*idp.AuditEvent, next string, err error) {
	page.After = q.start(page)
	id := ""
	err = s.read(ctx, actor, tenant, idp.ReadLogs, func(w *work) error {
		id = w.tenant.TenantID
		es, next, err = q.list(w.Tx, page)
		return err
	})
	if err == nil && q.Log == idp.Directory && q.User == "" { // what is told of tenants is about no user
		var more []*idp.AuditEvent
		var beyond string
		err = s.store.View(ctx, storage.System, func(tx *storage.Tx) error {
			more, beyond, err = storage.List[idp.AuditEvent](tx, "tenant", id, page)
			return err
		})
		es, next = merged(es, more, next != "" || beyond != "", page)
	}
	if err != nil {
		return nil, "", err
	}
	es, next = q.cut(es, next, page.Reverse)
	return es, next, nil
}

func (q EventQuery) list(tx *storage.Tx, page storage.Page) ([]*idp.AuditEvent, string, error) {
	if q.User == "" {
		return storage.List[idp.AuditEvent](tx, "log", q.Log, page)
	}
	es, next, err := storage.List[idp.AuditEvent](tx, "user", q.User, page)
	return slices.DeleteFunc(es, func(e *idp.AuditEvent) bool { return e.Log != q.Log }), next, err
}

// start is what to read after: the page before, or the bound that reading begins at.
func (q EventQuery) start(page storage.Page) string {
	switch {
	case !page.Reverse && !q.Since.IsZero():
		return max(page.After, eventsFrom(q.Since))
	case page.Reverse && !q.Until.IsZero():
		if at := eventsFrom(q.Until.Add(1)); page.After == "" || at < page.After {
			return at
		}
	}
	return page.After
}

// cut ends a listing at the bound that reading runs towards.
func (q EventQuery) cut(es []*idp.AuditEvent, next string, newestFirst bool) ([]*idp.AuditEvent, string) {
	i := slices.IndexFunc(es, func(e *idp.AuditEvent) bool {
		if newestFirst {
			return e.At.Before(q.Since)
		}
		return !q.Until.IsZero() && e.At.After(q.Until)
	})
	if i < 0 {
		return es, next
	}
	return es[:i], ""
}

// eventsFrom sorts before the ids of all events from a time on, and behind all others.
func eventsFrom(t time.Time) string {
	nanos := t.UnixNano()
	switch {
	case t.Year() < 1970:
		nanos = 0
	case t.Year() > 2261: // nanoseconds overflow
		nanos = math.MaxInt64
	}
	return fmt.Sprintf("%016x", nanos)
}

// merged is one page of two lists that both go on after the same id.
func merged(a, b []*idp.AuditEvent, goesOn bool, page storage.Page) ([]*idp.AuditEvent, string) {
	all := append(a, b...)
	slices.SortFunc(all, func(x, y *idp.AuditEvent) int {
		if page.Reverse {
			x, y = y, x
		}
		return cmp.Compare(x.EventID, y.EventID)
	})
	if page.Limit > 0 && len(all) > page.Limit {
		all, goesOn = all[:page.Limit], true
	}
	if !goesOn || len(all) == 0 {
		return all, ""
	}
	return all, all[len(all)-1].EventID
}

// MayReadLogs tells why the actor may not read the logs of a tenant, nil if they may: some
// of what is shown elsewhere comes from there.
func (s *Service) MayReadLogs(ctx context.Context, actor idp.Actor, tenant string) error {
	return s.read(ctx, actor, tenant, idp.ReadLogs, func(*work) error { return nil })
}

// Event finds one event of a tenant's log by its id.
func (s *Service) Event(ctx context.Context, actor idp.Actor, tenant, log, id string) (e *idp.AuditEvent, err error) {
	tenantID := ""
	err = s.read(ctx, actor, tenant, idp.ReadLogs, func(w *work) error {
		tenantID = w.tenant.TenantID
		e, err = idp.Optional(storage.Get[idp.AuditEvent](w.Tx, id))
		return err
	})
	if err == nil && e == nil {
		err = s.store.View(ctx, storage.System, func(tx *storage.Tx) error {
			e, err = idp.Optional(storage.Get[idp.AuditEvent](tx, id))
			return err
		})
		if e != nil && e.Tenant != tenantID {
			e = nil
		}
	}
	if err == nil && (e == nil || e.Log != log) {
		err = idp.NoSuch("event", id, "There is no event %q.", id)
	}
	return e, err
}

// AuditReport is what VerifyAudit found in one partition.
type AuditReport struct {
	Tenant *idp.Tenant // nil: what is told of the tenants themselves
	*idp.ChainReport
}

// VerifyAudit proves that no event in a tenant's partition was altered or removed; what
// is told of the tenants themselves is VerifySystemAudit's. known are ends of chains that
// were written down.
func (s *Service) VerifyAudit(ctx context.Context, actor idp.Actor, tenant string, known ...idp.AuditHead) (r AuditReport, err error) {
	err = s.read(ctx, actor, tenant, idp.ReadLogs, func(w *work) error {
		r.Tenant = w.tenant
		r.ChainReport, err = w.log.Verify(w.Tx, w.now, known...)
		return err
	})
	return r, err
}

// VerifySystemAudit is VerifyAudit for what is told of the tenants themselves.
func (s *Service) VerifySystemAudit(ctx context.Context, actor idp.Actor, known ...idp.AuditHead) (r AuditReport, err error) {
	if err := idp.May(actor, idp.Operate, idp.Object{}); err != nil {
		return r, err
	}
	now := s.now()
	err = s.store.View(ctx, storage.System, func(tx *storage.Tx) error {
		r.ChainReport, err = idp.AuditLog{Keys: s.keys, Tenant: storage.System}.Verify(tx, now, known...)
		return err
	})
	return r, err
}
