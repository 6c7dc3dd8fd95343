package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

// TestGroupCommit: while one group is synced the other writers queue, however
// fast the disk is.
func TestGroupCommit(t *testing.T) {
	const writers, rounds = 32, 50
	d := open(t, filepath.Join(t.TempDir(), "data.db"))
	defer d.Close()
	start := d.Syncs()
	var done sync.WaitGroup
	for i := range writers {
		done.Go(func() {
			for range rounds {
				if err := put(d, fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	syncs := d.Syncs() - start
	t.Logf("%d updates, %d syncs", writers*rounds, syncs)
	if syncs > writers*rounds/4 {
		t.Errorf("%d syncs for %d updates", syncs, writers*rounds)
	}
}

func TestReadersDoNotSync(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "data.db"))
	defer d.Close()
	start := d.Syncs()
	for _, fn := range []func(storage.KV) error{
		func(storage.KV) error { return nil },
		func(kv storage.KV) error { return kv.Delete([]byte("not there")) },
		func(storage.KV) error { return errors.New("refused") },
		func(kv storage.KV) error { return errors.Join(kv.Put([]byte("k"), nil), errors.New("refused")) },
	} {
		_ = d.Update(context.Background(), "tenant", fn)
	}
	if n := d.Syncs() - start; n != 0 {
		t.Errorf("%d syncs for nothing", n)
	}
}

// TestFailedCommit lets bbolt itself fail, in a group: nobody may be told that
// the write is durable, and the driver writes no more.
func TestFailedCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.db")
	d := open(t, path)
	if err := put(d, "before"); err != nil {
		t.Fatal(err)
	}
	d.Limit(1)
	st := storage.New(d)
	var done sync.WaitGroup
	for i := range 8 {
		done.Go(func() {
			err := st.Update(context.Background(), "tenant", func(tx *storage.Tx) error { return tx.Put(&note{fmt.Sprint(i), make([]byte, 1<<20)}) })
			if !errors.Is(err, storage.ErrStopped) {
				t.Errorf("got %v", err)
			}
		})
	}
	done.Wait()
	if err := put(d, "after"); err == nil || st.Failure() == nil {
		t.Errorf("written after a failed commit; failure %v", st.Failure())
	}
	unchanged(t, d)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	d = open(t, path)
	defer d.Close()
	unchanged(t, d)
}

func unchanged(t *testing.T, d *bolt.Driver) {
	t.Helper()
	got, err := read(d)
	if err != nil || len(got) != 1 || got["tenant/before"] != "value" {
		t.Errorf("%d keys, %v", len(got), err)
	}
}

type note struct {
	Name string
	Text []byte
}

func (*note) Kind() string             { return "note" }
func (n *note) ID() string             { return n.Name }
func (*note) Indexes() []storage.Index { return nil }

// TestCallerEndsInClosure: a test that calls Fatal in a closure ends its
// goroutine there, and must not take the writer with it.
func TestCallerEndsInClosure(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "data.db"))
	defer d.Close()
	var done sync.WaitGroup
	done.Go(func() {
		_ = d.Update(context.Background(), "tenant", func(kv storage.KV) error {
			_ = kv.Put([]byte("k"), nil)
			runtime.Goexit()
			return nil
		})
	})
	done.Wait()
	if err := put(d, "after"); err != nil {
		t.Error(err)
	}
	if got, err := read(d); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestClosed(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "data.db"))
	if err := errors.Join(d.Close(), d.Close()); err != nil {
		t.Error(err)
	}
	view := func(storage.KV) error { return nil }
	_, backup := d.Backup(nil)
	for name, err := range map[string]error{
		"update": put(d, "k"),
		"view":   d.View(context.Background(), "tenant", view),
		"check":  d.Check(),
		"backup": backup,
	} {
		if err == nil {
			t.Errorf("%s succeeds on a closed database", name)
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 8, 32, 128} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) { benchmarkUpdate(b, writers) })
	}
}

func benchmarkUpdate(b *testing.B, writers int) {
	d := open(b, filepath.Join(b.TempDir(), "data.db"))
	defer d.Close()
	st := storage.New(d)
	var next atomic.Int64
	write := func() {
		for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
			if err := st.Update(context.Background(), "tenant", func(tx *storage.Tx) error {
				return tx.Put(&note{fmt.Sprintf("%032x", i%10_000), make([]byte, 300)})
			}); err != nil {
				b.Error(err)
			}
		}
	}
	start := d.Syncs()
	b.ResetTimer()
	var done sync.WaitGroup
	for range writers {
		done.Go(write)
	}
	done.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	b.ReportMetric(float64(b.N)/float64(d.Syncs()-start), "commits/sync")
}
