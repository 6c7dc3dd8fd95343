package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"latchkey/storage"
)

var errRefused = errors.New("storetest: refused by the closure")

// testDriver looks at the waist itself: what the shared layer never does, too.
func testDriver(s *suite) {
	s.sub("GetPutDelete", testGetPutDelete)
	s.sub("Ranges", testRanges)
	s.sub("ReverseAfterDeletes", testReverseAfterDeletes)
	s.sub("HalfWrittenThenRefused", testHalfWritten)
	s.sub("ReadOnly", testReadOnlyKV)
	s.sub("Tenants", testTenants)
}

func (s *suite) kv(d storage.Driver, name string, fn func(storage.KV) error) {
	s.Helper()
	if err := d.Update(context.Background(), name, fn); err != nil {
		s.Fatalf("update: %v", err)
	}
}

func testGetPutDelete(s *suite) {
	d := s.driver()
	key := []byte("k")
	steps := []struct {
		name string
		do   func(storage.KV) error
		want string // "-": not there
	}{
		{"nothing yet", func(storage.KV) error { return nil }, "-"},
		{"put", func(kv storage.KV) error { return kv.Put(key, []byte("one")) }, "one"},
		{"put again", func(kv storage.KV) error { return kv.Put(key, []byte("two")) }, "two"},
		{"put an empty value", func(kv storage.KV) error { return kv.Put(key, nil) }, ""},
		{"put and delete", func(kv storage.KV) error {
			return errors.Join(kv.Put(key, []byte("three")), kv.Delete(key))
		}, "-"},
		{"delete what is not there", func(kv storage.KV) error { return kv.Delete(key) }, "-"},
		{"delete and put", func(kv storage.KV) error {
			return errors.Join(kv.Delete(key), kv.Put(key, []byte{0, 255}))
		}, "\x00\xff"},
	}
	for _, step := range steps {
		var inside, after string
		s.kv(d, tenant, func(kv storage.KV) error {
			if err := step.do(kv); err != nil {
				return err
			}
			inside = value(kv, key)
			return nil
		})
		if err := d.View(context.Background(), tenant, func(kv storage.KV) error {
			after = value(kv, key)
			return nil
		}); err != nil {
			s.Fatal(err)
		}
		if inside != step.want || after != step.want {
			s.Errorf("%s: inside %q, after %q, want %q", step.name, inside, after, step.want)
		}
	}
}

// value is "-" where there is none.
func value(kv storage.KV, key []byte) string {
	v, err := kv.Get(key)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return "-"
	case err != nil:
		return err.Error()
	}
	return string(v)
}

func testRanges(s *suite) {
	tests := []struct {
		prefix, after string
		reverse       bool
		limit         int
		want          string
	}{
		{"", "", false, 9, "a b b0 b1 b1x b\xff c \xff \xff\xff"},
		{"", "", true, 9, "\xff\xff \xff c b\xff b1x b1 b0 b a"},
		{"b", "", false, 9, "b b0 b1 b1x b\xff"},
		{"b", "", true, 9, "b\xff b1x b1 b0 b"},
		{"b", "b1", false, 9, "b1x b\xff"},
		{"b", "b1", true, 9, "b0 b"},
		{"b", "b05", false, 1, "b1"},
		{"b", "b05", true, 1, "b0"},
		{"b", "a", false, 2, "b b0"},
		{"b", "c", true, 2, "b\xff b1x"},
		{"b", "b\xff", false, 9, ""},
		{"b", "b", true, 9, ""},
		{"b", "z", false, 9, ""},
		{"\xff", "", true, 9, "\xff\xff \xff"},
		{"\xff", "\xff\xff", true, 9, "\xff"},
		{"bb", "", false, 9, ""},
		{"d", "", true, 9, ""},
	}
	d := s.driver()
	s.kv(d, tenant, func(kv storage.KV) error {
		var err error
		for _, k := range []string{"c", "b1", "\xff", "a", "b1x", "b", "b\xff", "\xff\xff", "b0"} {
			err = errors.Join(err, kv.Put([]byte(k), []byte("of "+k)))
		}
		return err
	})
	for _, tc := range tests {
		r := storage.Range{Prefix: []byte(tc.prefix), After: []byte(tc.after), Reverse: tc.reverse}
		for mode, run := range map[string]func(context.Context, string, func(storage.KV) error) error{"view": d.View, "update": d.Update} {
			var got []string
			if err := run(context.Background(), tenant, func(kv storage.KV) error {
				got = scan(kv, r, tc.limit)
				return nil
			}); err != nil {
				s.Fatal(err)
			}
			if g := strings.Join(got, " "); g != tc.want {
				s.Errorf("%s %q after %q, reverse %t: got %q, want %q", mode, tc.prefix, tc.after, tc.reverse, g, tc.want)
			}
		}
	}
}

// scan lists up to limit keys; a wrong value or an error stands in the list.
func scan(kv storage.KV, r storage.Range, limit int) (keys []string) {
	err := kv.Scan(r, func(k, v []byte) bool {
		if string(v) != "of "+string(k) {
			keys = append(keys, fmt.Sprintf("wrong value %q", v))
		}
		keys = append(keys, string(k))
		return len(keys) < limit
	})
	if err != nil {
		keys = append(keys, err.Error())
	}
	return keys
}

// testReverseAfterDeletes empties whole pages of a tree in the transaction that
// then scans backwards.
func testReverseAfterDeletes(s *suite) {
	d := s.driver()
	key := func(i int) []byte { return fmt.Appendf(nil, "k%04d", i) }
	const n = 1000
	s.kv(d, tenant, func(kv storage.KV) (err error) {
		for i := range n {
			err = errors.Join(err, kv.Put(key(i), append([]byte("of "), key(i)...)))
		}
		return err
	})
	tests := []struct {
		name     string
		from, to int // deleted
		want     []string
	}{
		{"the middle", 10, n - 10, []string{"k0999", "k0990", "k0009", "k0000"}},
		{"the end", 10, n, []string{"k0009", "k0000"}},
		{"everything", 0, n, nil},
	}
	for _, tc := range tests {
		err := d.Update(context.Background(), tenant, func(kv storage.KV) error {
			for i := tc.from; i < tc.to; i++ {
				if err := kv.Delete(key(i)); err != nil {
					return err
				}
			}
			got := scan(kv, storage.Range{Prefix: []byte("k"), Reverse: true}, n)
			if len(got) != n-(tc.to-tc.from) {
				s.Errorf("%s deleted: %d keys left", tc.name, len(got))
			}
			for _, k := range tc.want {
				if !slices.Contains(got, k) {
					s.Errorf("%s deleted: %s is gone", tc.name, k)
				}
			}
			return errRefused
		})
		if !errors.Is(err, errRefused) {
			s.Errorf("%s: %v", tc.name, err)
		}
	}
}

func testHalfWritten(s *suite) {
	d := s.driver()
	err := d.Update(context.Background(), tenant, func(kv storage.KV) error {
		if err := kv.Put([]byte("half"), []byte("of half")); err != nil {
			return err
		}
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		s.Errorf("got %v", err)
	}
	_ = d.View(context.Background(), tenant, func(kv storage.KV) error {
		if got := scan(kv, storage.Range{}, 9); got != nil {
			s.Errorf("left behind: %q", got)
		}
		return nil
	})
}

func testReadOnlyKV(s *suite) {
	d := s.driver()
	s.kv(d, tenant, func(kv storage.KV) error { return kv.Put([]byte("k"), nil) })
	_ = d.View(context.Background(), tenant, func(kv storage.KV) error {
		if err := kv.Put([]byte("k"), nil); !errors.Is(err, storage.ErrReadOnly) {
			s.Errorf("put: %v", err)
		}
		if err := kv.Delete([]byte("k")); !errors.Is(err, storage.ErrReadOnly) {
			s.Errorf("delete: %v", err)
		}
		return nil
	})
}

func testTenants(s *suite) {
	d := s.driver()
	key := []byte("k")
	for _, name := range []string{"b", "a", storage.System, "t/a", "emptied", "ä"} {
		s.kv(d, name, func(kv storage.KV) error { return kv.Put(key, []byte("of "+name)) })
	}
	s.kv(d, "emptied", func(kv storage.KV) error { return kv.Delete(key) })
	s.kv(d, "never filled", func(kv storage.KV) error { return kv.Delete(key) })
	got, err := d.Tenants(context.Background())
	if want := []string{"a", "b", storage.System, "t/a", "ä"}; err != nil || !slices.Equal(got, want) {
		s.Errorf("got %q, %v; want %q", got, err, want)
	}
	for _, name := range got {
		_ = d.View(context.Background(), name, func(kv storage.KV) error {
			if v := value(kv, key); v != "of "+name {
				s.Errorf("%s holds %q", name, v)
			}
			return nil
		})
	}
}
