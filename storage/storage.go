// Package storage keeps records: whole aggregates in transactional closures
// over a narrow waist that a backend can fill in some two hundred lines.
//
// The package owns encoding, indexes, uniqueness, expiry and the buffering of
// writes, once, above the drivers. It knows no noun of the product and no rule;
// a driver knows only ordered bytes. Every transaction belongs to one tenant,
// and inside it no call names a tenant, so none can reach over to another.
package storage

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// System is the partition of what belongs to the deployment and to no tenant.
const System = "system"

// What Get, Lookup, Put, Insert and Update may answer beside a closure's own
// error and a driver's.
var (
	ErrNotFound = errors.New("storage: not found")
	ErrExists   = errors.New("storage: record exists")
	ErrConflict = errors.New("storage: unique index value is taken by another record")
	ErrReadOnly = errors.New("storage: write in a read-only transaction")
	ErrText     = errors.New("storage: text holds U+0000 or is not valid UTF-8")
	ErrFormat   = errors.New("storage: record was written by a newer version")
	ErrKey      = errors.New("storage: empty tenant, kind or id, or a zero byte or line feed in a key, or a key over 1024 bytes")
	// ErrCommit: the transaction may or may not have become durable. Nothing
	// it decided may be handed out.
	ErrCommit = errors.New("storage: commit failed")
	// ErrStopped: the driver takes no more writes until it is opened again.
	ErrStopped = errors.New("storage: no more writes")
	// ErrLocked: another process has the database open.
	ErrLocked = errors.New("storage: database is in use by another process")
	// ErrDamaged: the file is no database of ours, or is truncated or altered.
	ErrDamaged = errors.New("storage: database is damaged")
)

// Record is an aggregate that is kept whole under its kind and id.
// Kind must answer on a nil receiver.
type Record interface {
	Kind() string
	ID() string
	Indexes() []Index
}

// Index is one way to find a record. A record may carry several values under
// one name; an empty Value is not indexed.
type Index struct {
	Name   string
	Value  string
	Unique bool
}

// Expirer is a record that Sweep may remove after the time it names; the zero
// time means never. Expiry is always decided by whoever reads a record: sweeping
// only saves space.
type Expirer interface {
	ExpiresAt() time.Time
}

// Driver is all that a backend provides. Update must be atomic, isolated from
// other updates of the same tenant, and durable when it returns nil; if fn
// fails, nothing of it remains, and if that is not certain of a commit that failed,
// the error wraps ErrCommit. fn may be run more than once, so it
// has no side effects besides its KV calls. A panic in it reaches the caller. ctx
// counts until fn has begun. Neither side changes slices the other handed in or
// out, and what a KV handed out is not used after its transaction.
type Driver interface {
	View(ctx context.Context, tenant string, fn func(KV) error) error
	Update(ctx context.Context, tenant string, fn func(KV) error) error
	// Tenants lists the partitions that hold anything.
	Tenants(ctx context.Context) ([]string, error)
	Close() error
}

// KV is one tenant's ordered keys within a transaction. Get answers
// ErrNotFound; Scan calls fn in key order until it answers false. In a View, Put and
// Delete answer ErrReadOnly.
type KV interface {
	Get(key []byte) ([]byte, error)
	Put(key, value []byte) error
	Delete(key []byte) error
	Scan(r Range, fn func(key, value []byte) bool) error
}

// Store is a driver with the shared layer above it. It is safe for concurrent use.
type Store struct {
	driver  Driver
	commits atomic.Uint64
	failure atomic.Pointer[error]
}

// New puts the shared layer over a driver.
func New(d Driver) *Store { return &Store{driver: d} }

// View runs fn on a consistent snapshot of one tenant. fn must not call Update:
// a writer may have to wait for readers to end.
func (s *Store) View(ctx context.Context, tenant string, fn func(*Tx) error) error {
	if tenant == "" {
		return ErrKey
	}
	return s.driver.View(ctx, tenant, func(kv KV) error { return fn(newTx(kv, true)) })
}

// Update runs fn and makes its writes durable, all or none. fn may run more
// than once: it sets its results afresh each time and does nothing else. It must
// not call Update itself, which would wait for it.
//
// An error of fn comes back as it is. An error that wraps ErrCommit means the
// outcome is unknown: treat it as not done, hand out nothing.
func (s *Store) Update(ctx context.Context, tenant string, fn func(*Tx) error) error {
	if tenant == "" {
		return ErrKey
	}
	var wrote bool
	err := s.driver.Update(ctx, tenant, func(kv KV) error {
		tx := newTx(kv, false)
		if err := fn(tx); err != nil {
			return err
		}
		wrote = len(tx.writes) > 0
		return tx.apply()
	})
	switch {
	case err == nil && wrote:
		s.commits.Add(1)
	case errors.Is(err, ErrStopped):
		s.failure.CompareAndSwap(nil, &err)
	}
	return err
}

// Commits counts the updates that wrote something and became durable.
func (s *Store) Commits() uint64 { return s.commits.Load() }

// Failure is why the driver takes no more writes, nil as long as it does.
func (s *Store) Failure() error {
	if p := s.failure.Load(); p != nil {
		return *p
	}
	return nil
}

// Tenants lists the partitions that hold anything, System among them.
func (s *Store) Tenants(ctx context.Context) ([]string, error) { return s.driver.Tenants(ctx) }

// Close waits for running transactions and closes the driver.
func (s *Store) Close() error { return s.driver.Close() }

// Sweep removes up to limit records of a tenant that expired before now and
// tells how many it removed.
func (s *Store) Sweep(ctx context.Context, tenant string, now time.Time, limit int) (int, error) {
	removed := 0
	err := s.Update(ctx, tenant, func(tx *Tx) error {
		due, err := tx.expired(now, limit)
		if err != nil {
			return err
		}
		removed = len(due)
		for _, k := range due {
			if err := tx.drop(k); err != nil {
				return err
			}
		}
		return nil
	})
	return removed, err
}
