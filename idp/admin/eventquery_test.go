package admin_test

import (
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// TestSearchEvents: whatever the bounds, direction and size of pages, an event is there
// once if it is within, also where some are told in the partition of tenants.
func TestSearchEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made []*idp.AuditEvent // as newWorld's own, oldest first
	own, _, err := w.admin.Events(w.ctx, op, tenantID, idp.Directory, storage.Page{})
	w.must(err)
	slices.Reverse(own)
	made = append(made, own...)
	for i := range 40 {
		e := idp.NewEvent(idp.Directory, epoch.Add(time.Duration(i/2+1)*time.Hour)) // two at a time
		if i%3 == 0 {
			e.Tenant = tenantID
			w.must(w.store.Update(w.ctx, storage.System, func(tx *storage.Tx) error { return tx.Put(e) }))
		} else {
			w.put(e)
		}
		made = append(made, e)
	}
	slices.SortFunc(made, func(a, b *idp.AuditEvent) int {
		return a.At.Compare(b.At)*2 + map[bool]int{true: 1, false: -1}[a.EventID > b.EventID]
	})
	bounds := []time.Time{{}, time.Unix(-5, 0), epoch.Add(3 * time.Hour), epoch.Add(3*time.Hour + 1), epoch.Add(9 * time.Hour), epoch.Add(30 * time.Hour), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, since := range bounds {
		for _, until := range bounds {
			var want []string
			for _, e := range made {
				if !e.At.Before(since) && (until.IsZero() || !e.At.After(until)) {
					want = append(want, e.EventID)
				}
			}
			q := admin.EventQuery{Log: idp.Directory, Since: since, Until: until}
			for _, limit := range []int{0, 1, 7} {
				if got := w.search(q, storage.Page{Limit: limit}); !slices.Equal(got, want) {
					t.Errorf("%s to %s by %d: %d, want %d", since, until, limit, len(got), len(want))
				}
				got := w.search(q, storage.Page{Limit: limit, Reverse: true})
				if slices.Reverse(got); !slices.Equal(got, want) {
					t.Errorf("%s to %s by %d, newest first: %d, want %d", since, until, limit, len(got), len(want))
				}
			}
		}
	}
}

func (w *world) search(q admin.EventQuery, page storage.Page) (ids []string) {
	w.Helper()
	for {
		infos, next, err := w.admin.SearchEvents(w.ctx, op, tenantID, q, page)
		w.must(err)
		for _, i := range infos {
			ids = append(ids, i.Event.EventID)
		}
		if page.After = next; next == "" {
			return ids
		}
	}
}

// TestEventInfo: who is named in an event is there with it, as long as they are there.
func TestEventInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, _, err := w.admin.CreateClient(w.ctx, op, tenantID, webClient())
	w.must(err)
	e := idp.NewEvent(idp.SignIns, w.now())
	e.Actor, e.ClientID = idp.PartyOf(w.user), c.ClientID
	e.Target = e.Actor
	w.put(e)
	i, err := w.admin.EventInfo(w.ctx, op, tenantID, idp.SignIns, e.EventID)
	w.must(err)
	if i.Actor.UserID != w.user.UserID || i.Target != i.Actor || i.Client.Name != c.Name {
		t.Errorf("%+v", i)
	}
	if got := w.search(admin.EventQuery{Log: idp.SignIns, User: w.user.UserID}, storage.Page{Limit: 1}); !slices.Equal(got, []string{e.EventID}) {
		t.Errorf("of the user: %v", got)
	}
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, w.user.UserID))
	w.must(w.admin.DeleteClient(w.ctx, op, tenantID, c.ClientID))
	if i, err = w.admin.EventInfo(w.ctx, op, tenantID, idp.SignIns, e.EventID); err != nil || i.Actor != nil || i.Target != nil || i.Client != nil || i.Event.EventID != e.EventID {
		t.Errorf("%+v, %v", i, err)
	}
	w.wantError("the other log", idp.NotFound, `There is no event "`+e.EventID+`".`, func() error {
		_, err := w.admin.EventInfo(w.ctx, op, tenantID, idp.Directory, e.EventID)
		return err
	})
}
