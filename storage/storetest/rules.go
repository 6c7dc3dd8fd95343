package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

func testSweep(s *suite) {
	st := s.store()
	at := func(sec int64) time.Time { return time.Unix(sec, 0) }
	far := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	s.put(st, &thing{Name: "c", Until: at(10), Mail: "c@x"}, &thing{Name: "a", Until: at(30), Tags: []string{"t"}},
		&thing{Name: "b", Until: at(20), Group: "g"}, &thing{Name: "d", Until: at(40), Group: "g"},
		&thing{Name: "never"}, &thing{Name: "far", Until: far}, &thing{Name: "before 1970", Until: at(-5)})
	steps := []struct {
		name  string
		now   int64
		limit int
		want  int
		left  string
	}{
		{"nothing has expired", -9, 9, 0, "a b before 1970 c d far never"},
		{"limit none", 100, 0, 0, "a b before 1970 c d far never"},
		{"oldest first", 100, 2, 2, "a b d far never"},
		{"not at its very time", 20, 9, 0, "a b d far never"},
		{"after it", 21, 9, 1, "a d far never"},
		{"more than there are", 100, 9, 2, "far never"},
		{"again", 100, 9, 0, "far never"},
	}
	for _, step := range steps {
		n, err := st.Sweep(context.Background(), tenant, at(step.now), step.limit)
		if err != nil || n != step.want {
			s.Errorf("%s: removed %d, %v; want %d", step.name, n, err, step.want)
		}
		s.view(st, func(tx *storage.Tx) error {
			left, _, err := storage.All[thing](tx, storage.Page{})
			if got := strings.Join(names(left), " "); got != step.left {
				s.Errorf("%s: left %s, want %s", step.name, got, step.left)
			}
			return err
		})
	}
	s.listed(st, "group", "g")
	s.listed(st, "tag", "t")
	s.sub("MovedExpiry", testMovedExpiry)
}

func testMovedExpiry(s *suite) {
	st := s.store()
	s.put(st, &thing{Name: "a", Until: time.Unix(10, 0)}, &thing{Name: "b", Until: time.Unix(10, 0)})
	s.put(st, &thing{Name: "a", Until: time.Unix(50, 0)}, &thing{Name: "b"})
	for now, want := range map[int64]int{20: 0, 49: 0} {
		if n, err := st.Sweep(context.Background(), tenant, time.Unix(now, 0), 9); n != want || err != nil {
			s.Errorf("at %d: removed %d, %v", now, n, err)
		}
	}
	if n, err := st.Sweep(context.Background(), tenant, time.Unix(51, 0), 9); n != 1 || err != nil {
		s.Errorf("removed %d, %v", n, err)
	}
}

func testRefusals(s *suite) {
	s.sub("ReadOnly", testReadOnly)
	s.sub("Keys", testKeys)
	s.sub("Text", testText)
}

func testReadOnly(s *suite) {
	st := s.store()
	s.put(st, &thing{Name: "a"})
	writes := map[string]func(*storage.Tx) error{
		"put":             func(tx *storage.Tx) error { return tx.Put(&thing{Name: "b"}) },
		"insert":          func(tx *storage.Tx) error { return tx.Insert(&thing{Name: "b"}) },
		"insert existing": func(tx *storage.Tx) error { return tx.Insert(&thing{Name: "a"}) },
		"delete":          func(tx *storage.Tx) error { return tx.Delete(&thing{Name: "a"}) },
	}
	for name, fn := range writes {
		if err := st.View(context.Background(), tenant, fn); !errors.Is(err, storage.ErrReadOnly) {
			s.Errorf("%s: got %v", name, err)
		}
	}
}

func testKeys(s *suite) {
	st := s.store()
	long := strings.Repeat("x", 1025)
	refused := map[string]*thing{
		"empty id":              {},
		"zero byte in id":       {Name: "a\x00b"},
		"line feed in id":       {Name: "a\nb"},
		"zero byte in an index": {Name: "a", Mail: "m\x00@x"},
		"line feed in an index": {Name: "a", Tags: []string{"fine", "t\n"}},
		"long id":               {Name: long},
		"long index":            {Name: "a", Group: long},
	}
	for name, th := range refused {
		err := st.Update(context.Background(), tenant, func(tx *storage.Tx) error { return tx.Put(th) })
		if !errors.Is(err, storage.ErrKey) {
			s.Errorf("%s: got %v", name, err)
		}
	}
	for name, run := range map[string]func(context.Context, string, func(*storage.Tx) error) error{"view": st.View, "update": st.Update} {
		if err := run(context.Background(), "", func(*storage.Tx) error { return nil }); !errors.Is(err, storage.ErrKey) {
			s.Errorf("%s without a tenant: got %v", name, err)
		}
	}
	longest := &thing{Name: strings.Repeat("i", 400), Mail: strings.Repeat("m", 500), Group: strings.Repeat("g", 500), Until: time.Unix(1, 0)}
	s.put(st, longest, &thing{Name: "ä \t/%_'\"\\\x01\x7f", Mail: "😀"})
	s.listed(st, "group", longest.Group, longest.Name)
}

func testText(s *suite) {
	st := s.store()
	tests := []struct {
		text string
		want error
	}{
		{"zero\x00byte", storage.ErrText},
		{"\x00", storage.ErrText},
		{"not UTF-8 \xff", storage.ErrText},
		{"cut short \xe2\x82", storage.ErrText},
		{"surrogate \xed\xa0\x80", storage.ErrText},
		{"genuine \uFFFD", nil},
		{`literal \u0000 and \ufffd`, nil},
		{`\\u0000`, nil},
		{`\`, nil},
		{"<&>\u2028\u2029\u0001\u007f\t\r\n\"'\\/", nil},
		{"😀 𐀀 \uFEFF e\u0301", nil},
	}
	for i, tc := range tests {
		id := fmt.Sprint(i)
		err := st.Update(context.Background(), tenant, func(tx *storage.Tx) error { return tx.Put(&texts{Name: id, Texts: []string{tc.text}}) })
		if !errors.Is(err, tc.want) {
			s.Errorf("%q: got %v, want %v", tc.text, err, tc.want)
		}
		if tc.want != nil || err != nil {
			continue
		}
		s.view(st, func(tx *storage.Tx) error {
			got, err := storage.Get[texts](tx, id)
			if err == nil && (len(got.Texts) != 1 || got.Texts[0] != tc.text) {
				s.Errorf("%q came back as %q", tc.text, got.Texts)
			}
			return err
		})
	}
	if st.Failure() != nil {
		s.Errorf("a refused text counts as a failed commit: %v", st.Failure())
	}
}

// texts holds any text, in no key.
type texts struct {
	Name  string
	Texts []string
}

func (*texts) Kind() string             { return "texts" }
func (t *texts) ID() string             { return t.Name }
func (*texts) Indexes() []storage.Index { return nil }

func testClosures(s *suite) {
	s.sub("RunAgain", testRunAgain)
	s.sub("Panic", testPanic)
	s.sub("Cancelled", testCancelled)
}

// testRunAgain runs closures twice, as a driver may.
func testRunAgain(s *suite) {
	st := storage.New(twice{s.driver()})
	s.put(st, &thing{Name: "counter", Until: time.Unix(1, 0)})
	s.update(st, increment)
	if got := s.count(st); got != 1 {
		s.Errorf("counted %d, want 1", got)
	}
	if got := st.Commits(); got != 2 {
		s.Errorf("%d commits, want 2", got)
	}
	if n, err := st.Sweep(context.Background(), tenant, time.Unix(2, 0), 9); n != 1 || err != nil {
		s.Errorf("removed %d, %v", n, err)
	}
}

// twice runs every closure of an update once for nothing.
type twice struct{ storage.Driver }

func (d twice) Update(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	err := d.Driver.Update(ctx, tenant, func(kv storage.KV) error {
		if err := fn(kv); err != nil {
			return err
		}
		return errRefused
	})
	if !errors.Is(err, errRefused) {
		return err
	}
	return d.Driver.Update(ctx, tenant, fn)
}

func testPanic(s *suite) {
	st := s.store()
	if got := panicIn(st, "mine"); got != "mine" {
		s.Errorf("recovered %v", got)
	}
	func() {
		defer func() { _ = recover() }()
		_ = st.View(context.Background(), tenant, func(*storage.Tx) error { panic("in a view") })
	}()
	s.put(st, &thing{Name: "after"})
	s.view(st, func(tx *storage.Tx) error {
		expect(s, "all", func() ([]*thing, string, error) { return storage.All[thing](tx, storage.Page{}) }, "after")
		return nil
	})
}

// waiting is a context that ends once somebody waits for its end.
func waiting(s *suite) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	s.Cleanup(cancel)
	return &awaited{ctx, cancel}
}

type awaited struct {
	context.Context
	cancel context.CancelFunc
}

func (c *awaited) Done() <-chan struct{} {
	c.cancel()
	return c.Context.Done()
}

func testCancelled(s *suite) {
	st := s.store()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ran := func(*storage.Tx) error {
		s.Error("the closure ran")
		return nil
	}
	if err := st.Update(ctx, tenant, ran); !errors.Is(err, context.Canceled) || errors.Is(err, storage.ErrCommit) {
		s.Errorf("update: %v", err)
	}
	_ = st.Update(context.Background(), tenant, func(*storage.Tx) error { // the next one waits for it
		if err := st.Update(waiting(s), tenant, ran); !errors.Is(err, context.Canceled) || errors.Is(err, storage.ErrCommit) {
			s.Errorf("an update that waits: %v", err)
		}
		return nil
	})
	if err := st.View(ctx, tenant, ran); !errors.Is(err, context.Canceled) {
		s.Errorf("view: %v", err)
	}
	if _, err := st.Tenants(ctx); !errors.Is(err, context.Canceled) {
		s.Errorf("tenants: %v", err)
	}
	s.put(st, &thing{Name: "after"})
}

// testReopen looks for what was acknowledged, and only that, in a reopened store.
func testReopen(s *suite, again func(*testing.T, storage.Driver) storage.Driver) {
	d := s.open(s.T)
	st := storage.New(d)
	s.put(st, &thing{Name: "a", Mail: "a@x", Group: "g"}, &thing{Name: "b", Group: "g"}, &thing{Name: "c"})
	s.update(st, func(tx *storage.Tx) error { return tx.Delete(&thing{Name: "c"}) })
	_ = st.Update(context.Background(), tenant, func(tx *storage.Tx) error {
		return errors.Join(tx.Put(&thing{Name: "refused"}), errRefused)
	})
	if err := st.Update(context.Background(), "second", func(tx *storage.Tx) error { return tx.Put(&thing{Name: "a"}) }); err != nil {
		s.Fatal(err)
	}
	d = again(s.T, d)
	s.Cleanup(func() { _ = d.Close() })
	st = storage.New(d)
	s.listed(st, "group", "g", "a", "b")
	s.view(st, func(tx *storage.Tx) error {
		expect(s, "all", func() ([]*thing, string, error) { return storage.All[thing](tx, storage.Page{}) }, "a", "b")
		th, err := storage.Lookup[thing](tx, "mail", "a@x")
		if err == nil && th.Name != "a" {
			s.Errorf("got %+v", th)
		}
		return err
	})
	if tenants, err := st.Tenants(context.Background()); err != nil || len(tenants) != 2 {
		s.Errorf("tenants %q, %v", tenants, err)
	}
	s.put(st, &thing{Name: "after"})
}
