package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"latchkey/storage"
)

// ErrInjected is how Failing fails.
var ErrInjected = errors.New("storetest: failure on order")

// Op is a call that Failing can make fail.
type Op int

// The calls of a KV within a View or an Update, and the end of an Update.
const (
	OpGet Op = iota
	OpPut
	OpDelete
	OpScan
	OpCommit // nothing becomes durable
	OpAnswer // it becomes durable, but the answer is an error
)

// Failing is a driver that fails a call on order, once.
type Failing struct {
	storage.Driver

	mu    sync.Mutex
	op    Op
	left  int
	fired int
}

// NewFailing wraps a driver; it fails nothing yet.
func NewFailing(d storage.Driver) *Failing { return &Failing{Driver: d} }

// Fail orders the nth call of op from now on to fail, 1 being the next.
func (f *Failing) Fail(op Op, nth int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.op, f.left = op, nth
}

// Fired counts the calls that failed on order: a test that waits for a failure
// asks whether there was one.
func (f *Failing) Fired() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fired
}

// check counts a call and fails it if it is its turn.
func (f *Failing) check(op Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if op != f.op || f.left == 0 {
		return nil
	}
	if f.left--; f.left > 0 {
		return nil
	}
	f.fired++
	if op == OpCommit || op == OpAnswer {
		return fmt.Errorf("%w: %w", storage.ErrCommit, ErrInjected)
	}
	return ErrInjected
}

// View runs fn with the calls that are to fail.
func (f *Failing) View(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	return f.Driver.View(ctx, tenant, func(kv storage.KV) error { return fn(failingKV{kv, f}) })
}

// Update runs fn with the calls that are to fail.
func (f *Failing) Update(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	err := f.Driver.Update(ctx, tenant, func(kv storage.KV) error {
		if err := fn(failingKV{kv, f}); err != nil {
			return err
		}
		return f.check(OpCommit)
	})
	if err != nil {
		return err
	}
	return f.check(OpAnswer)
}

type failingKV struct {
	storage.KV
	f *Failing
}

func (k failingKV) Get(key []byte) ([]byte, error) {
	if err := k.f.check(OpGet); err != nil {
		return nil, err
	}
	return k.KV.Get(key)
}

func (k failingKV) Put(key, value []byte) error {
	if err := k.f.check(OpPut); err != nil {
		return err
	}
	return k.KV.Put(key, value)
}

func (k failingKV) Delete(key []byte) error {
	if err := k.f.check(OpDelete); err != nil {
		return err
	}
	return k.KV.Delete(key)
}

func (k failingKV) Scan(r storage.Range, fn func(key, value []byte) bool) error {
	if err := k.f.check(OpScan); err != nil {
		return err
	}
	return k.KV.Scan(r, fn)
}

// testFailures fails each call of an update that reads, lists, writes several
// keys and deletes some.
func testFailures(s *suite) {
	tests := []struct {
		name   string
		op     Op
		calls  int  // how many of them the update makes
		commit bool // whether its outcome is unknown
	}{
		{"get", OpGet, 3, false},
		{"scan", OpScan, 1, false},
		{"put", OpPut, 3, false},
		{"delete", OpDelete, 2, false},
		{"commit", OpCommit, 1, true},
	}
	for _, tc := range tests {
		for nth := 1; nth <= tc.calls; nth++ {
			s.sub(tc.name, func(s *suite) { failOnce(s, tc.op, nth, tc.commit) })
		}
	}
	s.sub("answer", testLostAnswer)
	s.sub("view", testFailedView)
}

// busy makes every call of a KV.
func busy(tx *storage.Tx) error {
	if _, err := storage.Get[thing](tx, "a"); err != nil {
		return err
	}
	if _, _, err := storage.List[thing](tx, "none", "none", storage.Page{}); err != nil {
		return err
	}
	return tx.Put(&thing{Name: "a", Mail: "new@x", Group: "new"})
}

func failOnce(s *suite, op Op, nth int, commit bool) {
	f := NewFailing(s.driver())
	st := storage.New(f)
	s.put(st, &thing{Name: "a", Mail: "old@x", Group: "old"})
	f.Fail(op, nth)
	err := st.Update(context.Background(), tenant, busy)
	if f.Fired() != 1 || !errors.Is(err, ErrInjected) || errors.Is(err, storage.ErrCommit) != commit {
		s.Errorf("fired %d, got %v", f.Fired(), err)
	}
	if st.Failure() != nil {
		s.Errorf("failure: %v", st.Failure())
	}
	s.put(st, &thing{Name: "after"})
	s.listed(st, "group", "old", "a")
	s.listed(st, "group", "new")
	s.view(st, func(tx *storage.Tx) error {
		_, err := storage.Lookup[thing](tx, "mail", "old@x")
		return err
	})
}

// testFailedView: a reader's failure is the reader's alone.
func testFailedView(s *suite) {
	for _, op := range []Op{OpGet, OpScan} {
		f := NewFailing(s.driver())
		st := storage.New(f)
		s.put(st, &thing{Name: "counter"})
		f.Fail(op, 1)
		err := st.View(context.Background(), tenant, func(tx *storage.Tx) error {
			_, failed := storage.Get[thing](tx, "counter")
			_, _, scan := storage.All[thing](tx, storage.Page{})
			return errors.Join(failed, scan)
		})
		if f.Fired() != 1 || !errors.Is(err, ErrInjected) || errors.Is(err, storage.ErrCommit) || st.Failure() != nil {
			s.Errorf("fired %d, got %v, failure %v", f.Fired(), err, st.Failure())
		}
		if s.update(st, increment); s.count(st) != 1 {
			s.Errorf("counted %d, want 1", s.count(st))
		}
	}
}

func testLostAnswer(s *suite) {
	f := NewFailing(s.driver())
	st := storage.New(f)
	s.put(st, &thing{Name: "a", Group: "old"})
	commits := st.Commits()
	f.Fail(OpAnswer, 1)
	if err := st.Update(context.Background(), tenant, busy); !errors.Is(err, storage.ErrCommit) {
		s.Errorf("got %v", err)
	}
	if st.Commits() != commits {
		s.Errorf("%d commits", st.Commits()-commits)
	}
	s.listed(st, "group", "new", "a")
}
