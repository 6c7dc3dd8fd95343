package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"latchkey/storage"
)

func testConcurrency(s *suite) {
	s.sub("NoLostUpdate", testNoLostUpdate)
	s.sub("OneConsumerWins", testOneConsumer)
	s.sub("OneInsertWins", testOneInsert)
	s.sub("Snapshot", testSnapshot)
	s.sub("FailingNeighbours", testFailingNeighbours)
	s.sub("HalfWrittenNeighbours", testHalfWrittenNeighbours)
}

// together starts n goroutines at the same moment and waits for them.
func together(n int, fn func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-start
			fn(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
}

func increment(tx *storage.Tx) error {
	th, err := storage.Get[thing](tx, "counter")
	if err != nil {
		return err
	}
	th.Count++
	return tx.Put(th)
}

func (s *suite) count(st *storage.Store) (n int) {
	s.Helper()
	s.view(st, func(tx *storage.Tx) error {
		th, err := storage.Get[thing](tx, "counter")
		if err == nil {
			n = th.Count
		}
		return err
	})
	return n
}

func testNoLostUpdate(s *suite) {
	st := s.store()
	s.put(st, &thing{Name: "counter"})
	together(50, func(int) {
		if err := st.Update(context.Background(), tenant, increment); err != nil {
			s.Errorf("update: %v", err)
		}
	})
	if got := s.count(st); got != 50 {
		s.Errorf("counted %d, want 50", got)
	}
	if got := st.Commits(); got != 51 {
		s.Errorf("%d commits, want 51", got)
	}
}

// testOneConsumer redeems what may be redeemed once from many sides.
func testOneConsumer(s *suite) {
	consume := map[string]func(*storage.Tx) error{
		"deleting": func(tx *storage.Tx) error {
			th, err := storage.Get[thing](tx, "code")
			if err != nil {
				return err
			}
			return tx.Delete(th)
		},
		"marking": func(tx *storage.Tx) error {
			th, err := storage.Lookup[thing](tx, "mail", "code@x")
			if err != nil {
				return err
			}
			if th.Count > 0 {
				return errRefused
			}
			th.Count = 1
			return tx.Put(th)
		},
	}
	for name, fn := range consume {
		s.sub(name, func(s *suite) {
			st := s.store()
			for round := range 5 {
				s.put(st, &thing{Name: "code", Mail: "code@x"})
				var won atomic.Int32
				together(50, func(int) {
					err := st.Update(context.Background(), tenant, fn)
					if err == nil {
						won.Add(1)
					} else if !errors.Is(err, storage.ErrNotFound) && !errors.Is(err, errRefused) {
						s.Errorf("update: %v", err)
					}
				})
				if n := won.Load(); n != 1 {
					s.Errorf("round %d: %d consumers won", round, n)
				}
			}
		})
	}
}

func testOneInsert(s *suite) {
	st := s.store()
	var byName, byMail atomic.Int32
	together(40, func(i int) {
		th, won := &thing{Name: "same", Count: i}, &byName
		if i%2 == 0 {
			th, won = &thing{Name: fmt.Sprint(i), Mail: "same@x"}, &byMail
		}
		err := st.Update(context.Background(), tenant, func(tx *storage.Tx) error { return tx.Insert(th) })
		if err == nil {
			won.Add(1)
		} else if !errors.Is(err, storage.ErrExists) && !errors.Is(err, storage.ErrConflict) {
			s.Errorf("insert: %v", err)
		}
	})
	if byName.Load() != 1 || byMail.Load() != 1 {
		s.Errorf("%d won one name, %d one unique value", byName.Load(), byMail.Load())
	}
}

// testSnapshot moves an amount between two records while readers add them up.
func testSnapshot(s *suite) {
	st := s.store()
	s.put(st, &thing{Name: "a", Group: "g", Count: 100}, &thing{Name: "b", Group: "g"})
	together(8, func(i int) {
		for range 20 {
			var err error
			if i%2 == 0 {
				err = st.Update(context.Background(), tenant, move)
			} else {
				err = st.View(context.Background(), tenant, func(tx *storage.Tx) error { return balanced(s, tx) })
			}
			if err != nil {
				s.Errorf("%v", err)
			}
		}
	})
}

func move(tx *storage.Tx) error {
	a, errA := storage.Get[thing](tx, "a")
	b, errB := storage.Get[thing](tx, "b")
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	a.Count--
	b.Count++
	return putAll(tx, a, b)
}

func balanced(s *suite, tx *storage.Tx) error {
	a, err := storage.Get[thing](tx, "a")
	if err != nil {
		return err
	}
	group, _, err := storage.List[thing](tx, "group", "g", storage.Page{})
	if err != nil {
		return err
	}
	if len(group) != 2 || group[0].Count != a.Count || a.Count+group[1].Count != 100 {
		s.Errorf("half a state: %+v", group)
	}
	return nil
}

// testFailingNeighbours mixes updates that succeed, fail, panic and are cancelled.
func testFailingNeighbours(s *suite) {
	st := s.store()
	s.put(st, &thing{Name: "counter"})
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	together(40, func(i int) {
		switch i % 4 {
		case 0:
			if err := st.Update(context.Background(), tenant, increment); err != nil {
				s.Errorf("neighbour of failures: %v", err)
			}
		case 1:
			err := st.Update(context.Background(), tenant, func(tx *storage.Tx) error {
				return errors.Join(tx.Put(&thing{Name: fmt.Sprint("failed", i)}), errRefused)
			})
			if !errors.Is(err, errRefused) {
				s.Errorf("got %v", err)
			}
		case 2:
			if got := panicIn(st, fmt.Sprint(i)); got != fmt.Sprint(i) {
				s.Errorf("panic %d came back as %v", i, got)
			}
		case 3:
			if err := st.Update(cancelled, tenant, increment); !errors.Is(err, context.Canceled) {
				s.Errorf("cancelled: %v", err)
			}
		}
	})
	if got := s.count(st); got != 10 {
		s.Errorf("counted %d, want 10", got)
	}
	s.view(st, func(tx *storage.Tx) error {
		expect(s, "all", func() ([]*thing, string, error) { return storage.All[thing](tx, storage.Page{}) }, "counter")
		return nil
	})
	if st.Failure() != nil {
		s.Errorf("failure: %v", st.Failure())
	}
}

// panicIn writes, panics in its closure and returns what it recovers.
func panicIn(st *storage.Store, what string) (recovered any) {
	defer func() { recovered = recover() }()
	return st.Update(context.Background(), tenant, func(tx *storage.Tx) error {
		_ = tx.Put(&thing{Name: "panicked"})
		panic(what)
	})
}

// testHalfWrittenNeighbours mixes updates that fail, or panic, after they have
// written with others that count.
func testHalfWrittenNeighbours(s *suite) {
	d := s.driver()
	count := func(kv storage.KV) error {
		v, err := kv.Get([]byte("count"))
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		return kv.Put([]byte("count"), append(v[:len(v):len(v)], '+'))
	}
	together(30, func(i int) {
		defer func() { _ = recover() }()
		err := d.Update(context.Background(), tenant, func(kv storage.KV) error {
			if err := count(kv); err != nil || i%3 == 0 {
				return err
			}
			if i%3 == 1 {
				panic("half written")
			}
			return errRefused
		})
		if i%3 == 0 && err != nil || i%3 == 2 && !errors.Is(err, errRefused) {
			s.Errorf("update %d: %v", i, err)
		}
	})
	s.kv(d, tenant, func(kv storage.KV) error {
		if got := value(kv, []byte("count")); got != "++++++++++" {
			s.Errorf("counted %q, want 10", got)
		}
		return nil
	})
}
