package admin_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// happened is what mixed does, one letter a deed.
const happened = "utuudtttuuRtuFtddutFuutttFuu"

// mixed is a tenant of whose log a part is kept with the deployment: what was changed of
// the tenant itself. times are those of the events.
func mixed(t *testing.T, d storage.Driver) (w *world, times []time.Time) {
	t.Helper()
	w = worldOn(t, d)
	w.fabrikam()
	for i, what := range happened {
		if i%5 != 4 { // some at the same time
			w.pass(time.Minute)
		}
		n := string(rune('a' + i))
		switch what {
		case 'u':
			w.must(err2(w.admin.CreateUser(w.ctx, op, tenantID, idp.User{PrincipalName: "u" + n + "@contoso.example", DisplayName: "U"})))
		case 't':
			w.must(err2(w.admin.UpdateTenant(w.ctx, op, tenantID, admin.TenantChange{Name: new("Contoso " + n)})))
		case 'd':
			w.must(err2(w.admin.AddDomain(w.ctx, op, tenantID, "new"+n+".example")))
		case 'R':
			w.must(err2(w.admin.RotateKeys(w.ctx, op, tenantID)))
		case 'F': // another's
			w.must(err2(w.admin.UpdateTenant(w.ctx, op, otherID, admin.TenantChange{Name: new("Fabrikam " + n)})))
		}
		times = append(times, w.now())
	}
	return w, times
}

// paged is what a query answers by pages of one size.
func (w *world) paged(q admin.EventQuery, page storage.Page) (ids []string) {
	w.Helper()
	for range 200 {
		infos, next, err := w.admin.SearchEvents(w.ctx, op, tenantID, q, page)
		w.must(err)
		if page.Limit > 0 && len(infos) > page.Limit {
			w.Errorf("%d events on a page of %d", len(infos), page.Limit)
		}
		for _, i := range infos {
			ids = append(ids, i.Event.EventID)
		}
		if page.After = next; next == "" {
			return ids
		}
	}
	w.Fatal("the pages do not end")
	return nil
}

// TestEventsOfBothPartitions: what was changed of the tenant stands among the rest, in the
// order of time, and by pages of every size none is lost or there twice.
func TestEventsOfBothPartitions(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]func() (*world, []time.Time){
		"mem":  func() (*world, []time.Time) { return mixed(t, memory()) },
		"bolt": func() (*world, []time.Time) { return mixed(t, onBolt(t)) },
	} {
		w, times := w()
		var all []string
		whose := map[string]int{}
		for _, e := range w.log() {
			all = append(all, e.EventID)
			whose[e.Activity]++
			if e.Activity == "Update tenant" && (e.Target.ID != tenantID || e.Tenant != tenantID || len(e.Modified) != 1 || e.Modified[0].Name != "Name") {
				t.Errorf("%s: %+v", name, e)
			}
			for _, found := range []func() (*idp.AuditEvent, error){
				func() (*idp.AuditEvent, error) {
					return w.admin.Event(w.ctx, op, tenantID, idp.Directory, e.EventID)
				},
				func() (*idp.AuditEvent, error) {
					i, err := w.admin.EventInfo(w.ctx, op, tenantID, idp.Directory, e.EventID)
					return i.Event, err
				},
			} {
				if got, err := found(); err != nil || got.EventID != e.EventID || got.Activity != e.Activity {
					t.Errorf("%s: %+v, %v", name, got, err)
				}
			}
		}
		for activity, deed := range map[string]string{"Update tenant": "t", "Add verified domain": "d", "Rotate signing keys": "R", "Add user": "u"} {
			n := strings.Count(happened, deed)
			if deed == "u" {
				n++ // anna
			}
			if whose[activity] != n {
				t.Errorf("%s: %q is told %d times, want %d", name, activity, whose[activity], n)
			}
		}
		newest := slices.Clone(all)
		slices.SortFunc(newest, func(a, b string) int { return strings.Compare(b, a) })
		if !slices.Equal(all, newest) || len(slices.Compact(newest)) != len(all) {
			t.Errorf("%s: out of order, or twice: %v", name, all)
		}
		oldest := slices.Clone(all)
		slices.Reverse(oldest)
		q := admin.EventQuery{Log: idp.Directory}
		for limit := range len(all) + 2 {
			if got := w.paged(q, storage.Page{Limit: limit, Reverse: true}); !slices.Equal(got, all) {
				t.Errorf("%s: by pages of %d: %v", name, limit, got)
			}
			if got := w.paged(q, storage.Page{Limit: limit}); !slices.Equal(got, oldest) {
				t.Errorf("%s: oldest first, by pages of %d: %v", name, limit, got)
			}
		}
		w.checkBounds(oldest, times)
		w.wantWhole()
	}
}

// checkBounds asks for the events between many two moments.
func (w *world) checkBounds(oldest []string, times []time.Time) {
	w.Helper()
	at := map[string]time.Time{}
	for _, e := range w.log() {
		at[e.EventID] = e.At
	}
	for i, since := range times {
		for j, until := range times[i:] {
			if j > 3 && j%7 != 0 {
				continue
			}
			want := slices.DeleteFunc(slices.Clone(oldest), func(id string) bool { return at[id].Before(since) || at[id].After(until) })
			q := admin.EventQuery{Log: idp.Directory, Since: since, Until: until}
			for _, limit := range []int{0, 1, 3} {
				if got := w.paged(q, storage.Page{Limit: limit}); !slices.Equal(got, want) {
					w.Errorf("from %v to %v by %d: %v, want %v", since, until, limit, got, want)
				}
				got := w.paged(q, storage.Page{Limit: limit, Reverse: true})
				slices.Reverse(got)
				if !slices.Equal(got, want) {
					w.Errorf("from %v back to %v by %d: %v, want %v", until, since, limit, got, want)
				}
			}
		}
	}
}

// TestEventsOfAnother: no tenant reads what is told of another, though both are kept with
// the deployment.
func TestEventsOfAnother(t *testing.T) {
	t.Parallel()
	w, _ := mixed(t, memory())
	theirs, _, err := w.admin.Events(w.ctx, op, otherID, idp.Directory, storage.Page{})
	if err != nil || len(theirs) != 3 {
		t.Fatalf("%d events, %v", len(theirs), err)
	}
	chief := w.person("chief", idp.GlobalAdministrator)
	for _, e := range theirs {
		w.wantError("theirs", idp.NotFound, `There is no event "`+e.EventID+`".`, func() error {
			return err2(w.admin.Event(w.ctx, chief, tenantID, idp.Directory, e.EventID))
		})
		w.wantRefused("at theirs", func() error { return err2(w.admin.Event(w.ctx, chief, otherID, idp.Directory, e.EventID)) })
	}
	ours := w.newest()
	w.wantError("in the other log", idp.NotFound, `There is no event "`+ours.EventID+`".`, func() error {
		return err2(w.admin.Event(w.ctx, chief, tenantID, idp.SignIns, ours.EventID))
	})
	w.must(err2(w.admin.Event(w.ctx, w.person("reports", idp.ReportsReader), tenantID, idp.Directory, ours.EventID)))
}

// TestEventsNameTheRequest: from where, by which request and through which app.
func TestEventsNameTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := through(w.person("chief", idp.GlobalAdministrator), "User.ReadWrite.All")
	a.Address, a.RequestID = "192.0.2.7", "4711"
	w.pass(time.Minute)
	w.must(err2(w.admin.RevokeSessions(w.ctx, a, tenantID, name)))
	if e := w.newest(); e.Actor != a.Party || e.App != a.App || e.Address != "192.0.2.7" || e.RequestID != "4711" {
		t.Errorf("%+v", e)
	}
	tenants := a
	tenants.App, tenants.Permissions = idp.Party{}, nil
	w.pass(time.Minute)
	w.must(err2(w.admin.UpdateTenant(w.ctx, tenants, tenantID, admin.TenantChange{Accent: new("#000000")})))
	if e := w.newest(); e.Actor != a.Party || e.Address != "192.0.2.7" || e.RequestID != "4711" {
		t.Errorf("%+v", e)
	}
}
