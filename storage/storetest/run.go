// Package storetest is the suite that every storage driver passes, and what
// tests above a driver need: a round trip of whole records, and failures on order.
package storetest

import (
	"context"
	"testing"
	"time"

	"latchkey/storage"
)

const tenant = "tenant-a"

// Run tests a driver. open makes an empty one and leaves closing it to the
// suite; reopen, for drivers that keep something, closes one and opens its data
// again.
func Run(t *testing.T, open func(*testing.T) storage.Driver, reopen ...func(*testing.T, storage.Driver) storage.Driver) {
	groups := []struct {
		name string
		run  func(*suite)
	}{
		{"Driver", testDriver},
		{"Records", testRecords},
		{"Indexes", testIndexes},
		{"Listing", testListing},
		{"Concurrency", testConcurrency},
		{"Sweep", testSweep},
		{"Refusals", testRefusals},
		{"Closures", testClosures},
		{"Failures", testFailures},
	}
	s := &suite{T: t, open: open}
	for _, g := range groups {
		s.sub(g.name, g.run)
	}
	for _, again := range reopen {
		s.sub("Reopen", func(s *suite) { testReopen(s, again) })
	}
}

// suite is a test and the way to a fresh driver.
type suite struct {
	*testing.T
	open func(*testing.T) storage.Driver
}

func (s *suite) sub(name string, fn func(*suite)) {
	s.Run(name, func(t *testing.T) { fn(&suite{T: t, open: s.open}) })
}

// driver is an empty driver, closed when the test ends.
func (s *suite) driver() storage.Driver {
	s.Helper()
	d := s.open(s.T)
	s.Cleanup(func() {
		if err := d.Close(); err != nil {
			s.Errorf("close: %v", err)
		}
	})
	return d
}

func (s *suite) store() *storage.Store {
	s.Helper()
	return storage.New(s.driver())
}

// update and view run a closure that is expected to succeed.
func (s *suite) update(st *storage.Store, fn func(*storage.Tx) error) {
	s.Helper()
	if err := st.Update(context.Background(), tenant, fn); err != nil {
		s.Fatalf("update: %v", err)
	}
}

func (s *suite) view(st *storage.Store, fn func(*storage.Tx) error) {
	s.Helper()
	if err := st.View(context.Background(), tenant, fn); err != nil {
		s.Fatalf("view: %v", err)
	}
}

func (s *suite) put(st *storage.Store, things ...*thing) {
	s.Helper()
	s.update(st, func(tx *storage.Tx) error { return putAll(tx, things...) })
}

func putAll(tx *storage.Tx, things ...*thing) error {
	for _, th := range things {
		if err := tx.Put(th); err != nil {
			return err
		}
	}
	return nil
}

// thing is a record with every sort of index, and an expiry.
type thing struct {
	Name  string
	Mail  string // unique
	Group string
	Tags  []string
	Count int
	Until time.Time
}

func (*thing) Kind() string            { return "thing" }
func (th *thing) ID() string           { return th.Name }
func (th *thing) ExpiresAt() time.Time { return th.Until }

func (th *thing) Indexes() []storage.Index {
	indexes := []storage.Index{
		{Name: "mail", Value: th.Mail, Unique: true},
		{Name: "group", Value: th.Group},
	}
	for _, tag := range th.Tags {
		indexes = append(indexes, storage.Index{Name: "tag", Value: tag})
	}
	return indexes
}

// other is a second kind, to see that kinds do not mix.
type other struct{ Name, Group string }

func (*other) Kind() string { return "things" } // begins as thing does
func (o *other) ID() string { return o.Name }
func (o *other) Indexes() []storage.Index {
	return []storage.Index{{Name: "group", Value: o.Group}}
}

func names(things []*thing) []string {
	ids := make([]string, 0, len(things))
	for _, th := range things {
		ids = append(ids, th.Name)
	}
	return ids
}
