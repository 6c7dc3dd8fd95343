package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"latchkey/storage"
)

func testRecords(s *suite) {
	s.sub("PutGetDelete", testPutGetDelete)
	s.sub("Insert", testInsert)
	s.sub("RollbackLeavesNothing", testRollback)
	s.sub("OwnWritesAreSeen", testOwnWrites)
	s.sub("TenantsApart", testTenantsApart)
	s.sub("Each", testEach)
	s.sub("EachIsToldOfDamage", testEachDamaged)
}

func testPutGetDelete(s *suite) {
	st := s.store()
	want := &thing{Name: "a", Mail: "a@x", Group: "g", Tags: []string{"t"}, Count: 7, Until: time.Unix(5, 6).UTC()}
	s.put(st, want)
	s.view(st, func(tx *storage.Tx) error {
		got, err := storage.Get[thing](tx, "a")
		if !reflect.DeepEqual(got, want) {
			s.Errorf("got %+v, want %+v", got, want)
		}
		return err
	})
	s.update(st, func(tx *storage.Tx) error { return tx.Delete(want) })
	s.update(st, func(tx *storage.Tx) error { return tx.Delete(want) }) // no error either
	s.view(st, func(tx *storage.Tx) error {
		absent(s, tx, want)
		return nil
	})
	if got := st.Commits(); got != 3 {
		s.Errorf("%d commits, want 3", got)
	}
}

// absent looks for a record in every way there is.
func absent(s *suite, tx *storage.Tx, th *thing) {
	s.Helper()
	if _, err := storage.Get[thing](tx, th.Name); !errors.Is(err, storage.ErrNotFound) {
		s.Errorf("get: %v", err)
	}
	if _, err := storage.Lookup[thing](tx, "mail", th.Mail); !errors.Is(err, storage.ErrNotFound) {
		s.Errorf("lookup: %v", err)
	}
	expect(s, "all", func() ([]*thing, string, error) { return storage.All[thing](tx, storage.Page{}) })
	expect(s, "group", func() ([]*thing, string, error) {
		return storage.List[thing](tx, "group", th.Group, storage.Page{})
	})
	for _, tag := range th.Tags {
		expect(s, tag, func() ([]*thing, string, error) { return storage.List[thing](tx, "tag", tag, storage.Page{}) })
	}
}

// expect compares the ids of a listing.
func expect(s *suite, what string, list func() ([]*thing, string, error), want ...string) {
	s.Helper()
	got, _, err := list()
	if err != nil || !slices.Equal(names(got), want) {
		s.Errorf("%s: got %q, %v; want %q", what, names(got), err, want)
	}
}

func testInsert(s *suite) {
	st := s.store()
	s.update(st, func(tx *storage.Tx) error { return tx.Insert(&thing{Name: "a", Count: 1}) })
	err := st.Update(context.Background(), tenant, func(tx *storage.Tx) error {
		return tx.Insert(&thing{Name: "a", Count: 2})
	})
	if !errors.Is(err, storage.ErrExists) {
		s.Errorf("got %v", err)
	}
	s.update(st, func(tx *storage.Tx) error {
		return errors.Join(tx.Delete(&thing{Name: "a"}), tx.Insert(&thing{Name: "a", Count: 3}))
	})
	s.view(st, func(tx *storage.Tx) error {
		got, err := storage.Get[thing](tx, "a")
		if err == nil && got.Count != 3 {
			s.Errorf("holds %d", got.Count)
		}
		return err
	})
}

func testRollback(s *suite) {
	st := s.store()
	keep := &thing{Name: "keep", Mail: "keep@x", Group: "g"}
	s.put(st, keep)
	gone := &thing{Name: "gone", Mail: "gone@x", Tags: []string{"t"}, Until: time.Unix(1, 0)}
	err := st.Update(context.Background(), tenant, func(tx *storage.Tx) error {
		moved := *keep
		moved.Mail, moved.Group = "elsewhere@x", "h"
		return errors.Join(putAll(tx, gone, &moved), errRefused)
	})
	if !errors.Is(err, errRefused) || st.Failure() != nil {
		s.Errorf("got %v, failure %v", err, st.Failure())
	}
	s.view(st, func(tx *storage.Tx) error {
		got, err := storage.Lookup[thing](tx, "mail", "keep@x")
		if err != nil || !reflect.DeepEqual(got, keep) {
			s.Errorf("got %+v, %v", got, err)
		}
		return tx.Load("keep", &thing{})
	})
	s.update(st, func(tx *storage.Tx) error { return tx.Delete(keep) })
	s.view(st, func(tx *storage.Tx) error {
		absent(s, tx, keep)
		absent(s, tx, gone)
		return nil
	})
	if n, err := st.Sweep(context.Background(), tenant, time.Unix(9, 0), 9); n != 0 || err != nil {
		s.Errorf("swept %d, %v", n, err)
	}
}

// testOwnWrites reads what was written and deleted before in the same closure,
// between what was there already.
func testOwnWrites(s *suite) {
	st := s.store()
	for i := range 10 {
		s.put(st, &thing{Name: fmt.Sprintf("n%d", i), Mail: fmt.Sprintf("n%d@x", i), Group: "g"})
	}
	s.update(st, func(tx *storage.Tx) error {
		if err := putAll(tx, &thing{Name: "n5", Mail: "new@x", Group: "h"}, &thing{Name: "n44", Group: "g"},
			&thing{Name: "a", Group: "g"}, &thing{Name: "z", Group: "g"}, &thing{Name: "n7", Group: "g", Count: 1}); err != nil {
			return err
		}
		for _, name := range []string{"n0", "n9", "n3"} {
			if err := tx.Delete(&thing{Name: name}); err != nil {
				return err
			}
		}
		seen(s, tx)
		return nil
	})
	s.view(st, func(tx *storage.Tx) error {
		seen(s, tx)
		return nil
	})
}

func seen(s *suite, tx *storage.Tx) {
	s.Helper()
	if _, err := storage.Get[thing](tx, "n0"); !errors.Is(err, storage.ErrNotFound) {
		s.Errorf("deleted record: %v", err)
	}
	if th, err := storage.Lookup[thing](tx, "mail", "new@x"); err != nil || th.Name != "n5" {
		s.Errorf("lookup of the new value: %v, %v", th, err)
	}
	if _, err := storage.Lookup[thing](tx, "mail", "n5@x"); !errors.Is(err, storage.ErrNotFound) {
		s.Errorf("lookup of the old value: %v", err)
	}
	want := []string{"a", "n1", "n2", "n4", "n44", "n6", "n7", "n8", "z"}
	group := func(p storage.Page) func() ([]*thing, string, error) {
		return func() ([]*thing, string, error) { return storage.List[thing](tx, "group", "g", p) }
	}
	expect(s, "forward", group(storage.Page{}), want...)
	expect(s, "after n4", group(storage.Page{After: "n4"}), want[4:]...)
	expect(s, "after n44, two", group(storage.Page{After: "n44", Limit: 2}), "n6", "n7")
	expect(s, "before n6", group(storage.Page{After: "n6", Reverse: true}), "n44", "n4", "n2", "n1", "a")
	slices.Reverse(want)
	expect(s, "backward", group(storage.Page{Reverse: true}), want...)
	expect(s, "moved away", func() ([]*thing, string, error) {
		return storage.List[thing](tx, "group", "h", storage.Page{})
	}, "n5")
	all, _, err := storage.All[thing](tx, storage.Page{})
	if err != nil || len(all) != 10 {
		s.Errorf("all: %q, %v", names(all), err)
	}
}

func testTenantsApart(s *suite) {
	st := s.store()
	ctx := context.Background()
	tenants := []string{"a", "aa", "b", storage.System}
	for i, name := range tenants {
		err := st.Update(ctx, name, func(tx *storage.Tx) error {
			return putAll(tx, &thing{Name: "same", Mail: "same@x", Group: "g", Count: i}, &thing{Name: "own-" + name[:1]})
		})
		if err != nil {
			s.Fatalf("%q: %v", name, err)
		}
	}
	for i, name := range tenants {
		_ = st.View(ctx, name, func(tx *storage.Tx) error {
			th, err := storage.Lookup[thing](tx, "mail", "same@x")
			if err != nil || th.Count != i {
				s.Errorf("%q: got %+v, %v", name, th, err)
			}
			all, _, err := storage.All[thing](tx, storage.Page{})
			if err != nil || len(all) != 2 {
				s.Errorf("%q: sees %q, %v", name, names(all), err)
			}
			return nil
		})
	}
	if err := st.Update(ctx, "b", func(tx *storage.Tx) error { return tx.Delete(&thing{Name: "same"}) }); err != nil {
		s.Error(err)
	}
	if err := st.View(ctx, "a", func(tx *storage.Tx) error { return tx.Load("same", &thing{}) }); err != nil {
		s.Errorf("deleted in another tenant: %v", err)
	}
}

// testEach walks what was there and what the closure itself has written and deleted.
func testEach(s *suite) {
	st := s.store()
	for i := range 5 {
		s.put(st, &thing{Name: fmt.Sprintf("n%d", i), Count: i})
	}
	s.update(st, func(tx *storage.Tx) error { return tx.Put(&other{Name: "n0"}) })
	s.view(st, func(tx *storage.Tx) error {
		s.walked(tx, 9, "n0=0", "n1=1", "n2=2", "n3=3", "n4=4")
		s.walked(tx, 1, "n0=0")
		s.walked(tx, 3, "n0=0", "n1=1", "n2=2")
		return nil
	})
	s.update(st, func(tx *storage.Tx) error {
		if err := errors.Join(putAll(tx, &thing{Name: "n2", Count: 22}, &thing{Name: "a", Count: 1}, &thing{Name: "z", Count: 26}),
			tx.Delete(&thing{Name: "n0"}), tx.Delete(&thing{Name: "n4"})); err != nil {
			return err
		}
		s.walked(tx, 9, "a=1", "n1=1", "n2=22", "n3=3", "z=26")
		s.walked(tx, 1, "a=1")
		s.walked(tx, 4, "a=1", "n1=1", "n2=22", "n3=3")
		return nil
	})
	s.view(st, func(tx *storage.Tx) error {
		s.walked(tx, 9, "a=1", "n1=1", "n2=22", "n3=3", "z=26")
		return nil
	})
	if err := st.View(context.Background(), "empty", func(tx *storage.Tx) error {
		s.walked(tx, 9)
		return nil
	}); err != nil {
		s.Error(err)
	}
}

// walked lets Each hand over up to limit things and compares them.
func (s *suite) walked(tx *storage.Tx, limit int, want ...string) {
	s.Helper()
	var got []string
	err := storage.Each(tx, func(id string, th *thing, err error) bool {
		if err != nil || th.Name != id {
			got = append(got, fmt.Sprint(id, th, err))
		} else {
			got = append(got, fmt.Sprintf("%s=%d", id, th.Count))
		}
		return len(got) < limit
	})
	if err != nil || !slices.Equal(got, want) {
		s.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// testEachDamaged: one record that cannot be read hides no other.
func testEachDamaged(s *suite) {
	d := s.driver()
	st := storage.New(d)
	s.put(st, &thing{Name: "a"}, &thing{Name: "b"}, &thing{Name: "c"}, &thing{Name: "d"})
	s.kv(d, tenant, func(kv storage.KV) error {
		return errors.Join(kv.Put([]byte("r\x00thing\x00b"), []byte("\x01\x00{")), kv.Put([]byte("r\x00thing\x00c"), []byte("\x02")))
	})
	wrong := map[string]error{"b": storage.ErrDamaged, "c": storage.ErrFormat}
	s.view(st, func(tx *storage.Tx) error {
		var ids []string
		err := storage.Each(tx, func(id string, th *thing, err error) bool {
			ids = append(ids, id)
			if !errors.Is(err, wrong[id]) || (th == nil) != (err != nil) {
				s.Errorf("%s: %+v, %v", id, th, err)
			}
			return true
		})
		if want := []string{"a", "b", "c", "d"}; !slices.Equal(ids, want) {
			s.Errorf("walked %q, want %q", ids, want)
		}
		return err
	})
}
