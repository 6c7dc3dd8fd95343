package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"latchkey/storage"
)

func testIndexes(s *suite) {
	s.sub("Conflict", testConflict)
	s.sub("UniqueValueMoves", testUniqueMoves)
	s.sub("ListedValueMoves", testListedMoves)
	s.sub("SeveralValues", testSeveralValues)
	s.sub("KindsApart", testKindsApart)
}

func testConflict(s *suite) {
	st := s.store()
	s.put(st, &thing{Name: "a", Mail: "m@x"}, &thing{Name: "none"}, &thing{Name: "none too"})
	tests := []struct {
		name string
		do   func(*storage.Tx) error
		want error
	}{
		{"taken", func(tx *storage.Tx) error { return tx.Put(&thing{Name: "b", Mail: "m@x"}) }, storage.ErrConflict},
		{"taken, insert", func(tx *storage.Tx) error { return tx.Insert(&thing{Name: "b", Mail: "m@x"}) }, storage.ErrConflict},
		{"taken by this transaction", func(tx *storage.Tx) error {
			return putAll(tx, &thing{Name: "b", Mail: "n@x"}, &thing{Name: "c", Mail: "n@x"})
		}, storage.ErrConflict},
		{"its own", func(tx *storage.Tx) error { return tx.Put(&thing{Name: "a", Mail: "m@x", Count: 1}) }, nil},
		{"another case", func(tx *storage.Tx) error { return tx.Put(&thing{Name: "c", Mail: "M@x"}) }, nil},
	}
	for _, tc := range tests {
		if err := st.Update(context.Background(), tenant, tc.do); !errors.Is(err, tc.want) {
			s.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
	s.view(st, func(tx *storage.Tx) error {
		th, err := storage.Lookup[thing](tx, "mail", "m@x")
		if err != nil || th.Name != "a" {
			s.Errorf("got %+v, %v", th, err)
		}
		return nil
	})
}

// testUniqueMoves hands a unique value from one record to another, at once.
func testUniqueMoves(s *suite) {
	moves := []struct {
		name string
		do   func(*storage.Tx) error
	}{
		{"changed", func(tx *storage.Tx) error {
			return putAll(tx, &thing{Name: "a", Mail: "new@x"}, &thing{Name: "b", Mail: "m@x"})
		}},
		{"emptied", func(tx *storage.Tx) error {
			return putAll(tx, &thing{Name: "a"}, &thing{Name: "b", Mail: "m@x"})
		}},
		{"deleted", func(tx *storage.Tx) error {
			return errors.Join(tx.Delete(&thing{Name: "a"}), tx.Put(&thing{Name: "b", Mail: "m@x"}))
		}},
		{"the old holder written again", func(tx *storage.Tx) error {
			return putAll(tx, &thing{Name: "a"}, &thing{Name: "b", Mail: "m@x"}, &thing{Name: "a", Count: 1})
		}},
		{"the old holder deleted afterwards", func(tx *storage.Tx) error {
			return errors.Join(putAll(tx, &thing{Name: "a"}, &thing{Name: "b", Mail: "m@x"}), tx.Delete(&thing{Name: "a"}))
		}},
		{"and back and again", func(tx *storage.Tx) error {
			return putAll(tx, &thing{Name: "a"}, &thing{Name: "b", Mail: "m@x"}, &thing{Name: "b"},
				&thing{Name: "a", Mail: "m@x"}, &thing{Name: "a"}, &thing{Name: "b", Mail: "m@x"})
		}},
	}
	for _, m := range moves {
		st := s.store()
		s.put(st, &thing{Name: "a", Mail: "m@x"})
		s.update(st, m.do)
		s.view(st, func(tx *storage.Tx) error {
			th, err := storage.Lookup[thing](tx, "mail", "m@x")
			if err != nil || th.Name != "b" {
				s.Errorf("%s: got %+v, %v", m.name, th, err)
			}
			return nil
		})
		s.update(st, func(tx *storage.Tx) error { return tx.Delete(&thing{Name: "b"}) })
		s.update(st, func(tx *storage.Tx) error { return tx.Insert(&thing{Name: "c", Mail: "m@x"}) })
	}
}

func (s *suite) listed(st *storage.Store, index, value string, want ...string) {
	s.Helper()
	s.view(st, func(tx *storage.Tx) error {
		expect(s, index+" "+value, func() ([]*thing, string, error) {
			return storage.List[thing](tx, index, value, storage.Page{})
		}, want...)
		return nil
	})
}

func testListedMoves(s *suite) {
	st := s.store()
	s.put(st, &thing{Name: "a", Group: "g"}, &thing{Name: "b", Group: "g"}, &thing{Name: "c", Group: "gg"})
	s.listed(st, "group", "g", "a", "b")
	s.put(st, &thing{Name: "a", Group: "gg"})
	s.listed(st, "group", "g", "b")
	s.listed(st, "group", "gg", "a", "c")
	s.put(st, &thing{Name: "b"})
	s.listed(st, "group", "g")
	s.listed(st, "group", "")
	s.listed(st, "mail", "")
}

func testSeveralValues(s *suite) {
	st := s.store()
	s.put(st, &thing{Name: "a", Tags: []string{"x", "y", "y", "z"}}, &thing{Name: "b", Tags: []string{"y"}})
	s.listed(st, "tag", "x", "a")
	s.listed(st, "tag", "y", "a", "b")
	s.put(st, &thing{Name: "a", Tags: []string{"w", "z"}})
	for tag, want := range map[string][]string{"w": {"a"}, "x": nil, "y": {"b"}, "z": {"a"}} {
		s.listed(st, "tag", tag, want...)
	}
	s.update(st, func(tx *storage.Tx) error { return tx.Delete(&thing{Name: "a"}) })
	s.listed(st, "tag", "w")
	s.listed(st, "tag", "z")
}

func testKindsApart(s *suite) {
	st := s.store()
	s.update(st, func(tx *storage.Tx) error {
		return errors.Join(tx.Put(&thing{Name: "same", Group: "g", Count: 1}), tx.Put(&other{Name: "same", Group: "g"}),
			tx.Put(&other{Name: "second", Group: "g"}))
	})
	s.listed(st, "group", "g", "same")
	s.view(st, func(tx *storage.Tx) error {
		others, _, err := storage.All[other](tx, storage.Page{})
		if err != nil || len(others) != 2 {
			s.Errorf("got %d, %v", len(others), err)
		}
		return nil
	})
	s.update(st, func(tx *storage.Tx) error { return tx.Delete(&other{Name: "same"}) })
	s.listed(st, "group", "g", "same")
}

func testListing(s *suite) {
	st := s.store()
	const n = 250
	var want []string
	s.update(st, func(tx *storage.Tx) error {
		want = nil
		for i := range n {
			want = append(want, fmt.Sprintf("n%03d", i))
			if err := tx.Put(&thing{Name: want[i], Group: "g", Count: i}); err != nil {
				return err
			}
		}
		return tx.Put(&thing{Name: "zz", Group: "h"})
	})
	slices.Sort(want)
	for _, reverse := range []bool{false, true} {
		for _, size := range []int{1, 7, 50, 249, 250, 251, 0} {
			s.pages(st, storage.Page{Limit: size, Reverse: reverse}, want)
		}
		slices.Reverse(want)
	}
	s.sub("AfterWhatIsGone", func(inner *suite) {
		s.update(st, func(tx *storage.Tx) error { return tx.Delete(&thing{Name: "n100"}) })
		inner.view(st, func(tx *storage.Tx) error {
			got, next, err := storage.List[thing](tx, "group", "g", storage.Page{After: "n100", Limit: 2})
			if err != nil || next != "n102" || !slices.Equal(names(got), []string{"n101", "n102"}) {
				inner.Errorf("got %q, next %q, %v", names(got), next, err)
			}
			return nil
		})
	})
}

// pages follows next to the end and compares all pages together.
func (s *suite) pages(st *storage.Store, page storage.Page, want []string) {
	s.Helper()
	var got []string
	for {
		var next string
		s.view(st, func(tx *storage.Tx) error {
			items, n, err := storage.List[thing](tx, "group", "g", page)
			if page.Limit > 0 && len(items) > page.Limit {
				s.Errorf("%d items on a page of %d", len(items), page.Limit)
			}
			got, next = append(got, names(items)...), n
			return err
		})
		if next == "" {
			break
		}
		page.After = next
	}
	if !slices.Equal(got, want) {
		s.Errorf("pages of %d, reverse %t: got %d items, want %d in order", page.Limit, page.Reverse, len(got), len(want))
	}
}
