package admin_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// exported are the ids of what an export hands out, each part of at most 500.
func (w *world) exported(f admin.ExportFilter) (ids []string) {
	w.Helper()
	w.must(w.admin.ExportEvents(w.ctx, op, tenantID, f, func(es []*idp.AuditEvent) error {
		if len(es) > 500 {
			w.Errorf("%d events at a time", len(es))
		}
		for _, e := range es {
			ids = append(ids, e.EventID)
		}
		return nil
	}))
	return ids
}

// TestExportEvents: every event is handed out once and in order, over the bounds of the
// parts too, and a filter leaves out what it says.
func TestExportEvents(t *testing.T) {
	w := newWorld(t)
	for range 1200 {
		w.pass(time.Second)
		_, err := w.admin.RevokeSessions(w.ctx, op, tenantID, name)
		w.must(err)
	}
	whole := w.exported(admin.ExportFilter{})
	if n := len(all[idp.AuditEvent](w)); len(whole) != n || !slices.IsSorted(whole) || len(slices.Compact(slices.Clone(whole))) != n {
		t.Fatalf("%d events of %d, sorted %t", len(whole), n, slices.IsSorted(whole))
	}
	if got := w.exported(admin.ExportFilter{Since: w.now().Add(-9 * time.Second)}); !slices.Equal(got, whole[len(whole)-10:]) {
		t.Errorf("%d of the last 10", len(got))
	}
	if got := w.exported(admin.ExportFilter{Log: idp.Directory, Since: time.Time{}.Add(time.Hour)}); len(got) != len(whole) {
		t.Errorf("since long ago: %d", len(got))
	}
	if got := w.exported(admin.ExportFilter{Log: idp.SignIns}); len(got) != 0 {
		t.Errorf("%d sign-ins", len(got))
	}
}

// TestExportStops: the fault of whoever writes ends it, and who may not read gets nothing.
func TestExportStops(t *testing.T) {
	w := newWorld(t)
	full, calls := errors.New("the disk is full"), 0
	write := func([]*idp.AuditEvent) error { calls++; return full }
	if err := w.admin.ExportEvents(w.ctx, op, tenantID, admin.ExportFilter{}, write); !errors.Is(err, full) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	stranger := idp.Person(tenantID, w.user)
	for name, err := range map[string]error{
		"tenant":     w.admin.ExportEvents(w.ctx, stranger, tenantID, admin.ExportFilter{}, write),
		"deployment": w.admin.ExportSystemEvents(w.ctx, stranger, admin.ExportFilter{}, write),
	} {
		if idp.ErrorCode(err) != idp.Forbidden || calls != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestExportSystemEvents has what is told of the tenants themselves.
func TestExportSystemEvents(t *testing.T) {
	w := newWorld(t)
	colour := "#0b5cad"
	_, err := w.admin.UpdateTenant(w.ctx, op, tenantID, admin.TenantChange{Accent: &colour})
	w.must(err)
	var got []*idp.AuditEvent
	w.must(w.admin.ExportSystemEvents(w.ctx, op, admin.ExportFilter{}, func(es []*idp.AuditEvent) error { got = append(got, es...); return nil }))
	if len(got) != 1 || got[0].Tenant != tenantID || got[0].Link.Seq != 1 {
		t.Errorf("%+v", got)
	}
}
