package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// errLeft stands in for the result of a closure that panicked or ended its goroutine.
var errLeft = errors.New("storage/bolt: closure did not return")

// call is one waiting Update. Its closure runs on its caller's own goroutine,
// where a panic belongs; the writer only lends it the transaction for a turn.
type call struct {
	tenant string
	turn   chan *kv
	ran    chan error // answers turn
	done   chan error // buffered: a caller that panicked does not come for it
	err    error
}

// Update runs fn in a group with others and returns when it is durable. Once it
// has been queued, ctx no longer matters: an outcome is never left unknown.
func (d *Driver) Update(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &call{tenant: tenant, turn: make(chan *kv), ran: make(chan error), done: make(chan error, 1)}
	select {
	case d.calls <- c:
	case <-d.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		select {
		case k := <-c.turn:
			c.run(k, fn)
		case err := <-c.done:
			return err
		}
	}
}

func (c *call) run(k *kv, fn func(storage.KV) error) {
	err := errLeft
	defer func() { c.ran <- err }()
	err = fn(k)
}

// take gives a call its turn and keeps what its closure returned.
func (c *call) take(tx *bbolt.Tx) (wrote bool) {
	if errors.Is(c.err, errLeft) {
		return false
	}
	k, err := partition(tx, tenantBucket+c.tenant)
	if err != nil {
		c.err = err
		return false
	}
	c.turn <- k
	c.err = <-c.ran
	return k.wrote
}

// write is the one writer: it takes all calls that wait, without delay, so that
// a group is as large as the disk is slow.
func (d *Driver) write() {
	defer close(d.stopped)
	for {
		select {
		case c := <-d.calls:
			d.commit(d.gather(c))
		case <-d.closing:
			return
		}
	}
}

// gather takes all calls that wait. After a group of several it yields once:
// those whom that group has just answered get to queue again, instead of waiting
// for a sync without them.
func (d *Driver) gather(first *call) []*call {
	group := []*call{first}
	if d.crowd {
		runtime.Gosched()
	}
	for {
		select {
		case c := <-d.calls:
			group = append(group, c)
		default:
			d.crowd = len(group) > 1
			return group
		}
	}
}

// commit runs a group and answers it. If a member failed with half its writes in
// the transaction, nothing of the group is kept and all run again alone.
func (d *Driver) commit(group []*call) {
	if !d.attempt(group) {
		for _, c := range group {
			d.attempt([]*call{c})
		}
	}
	for _, c := range group {
		c.done <- c.err
	}
}

// attempt runs a group in one transaction; false means that a member spoiled it.
func (d *Driver) attempt(group []*call) (ok bool) {
	err := d.failed
	var tx *bbolt.Tx
	if err == nil {
		tx, err = d.db.Begin(true)
	}
	if err != nil {
		fail(group, err)
		return true
	}
	wrote := false
	for _, c := range group {
		w := c.take(tx)
		if w && c.err != nil {
			_ = tx.Rollback()
			return len(group) == 1
		}
		wrote = wrote || w
	}
	if !wrote {
		_ = tx.Rollback()
		return true
	}
	if err := safely(tx.Commit); err != nil {
		_ = safely(tx.Rollback) // after a panic it still holds its locks
		d.failed = fmt.Errorf("%w since a commit failed: %w", storage.ErrStopped, err)
		fail(group, fmt.Errorf("%w: %w", storage.ErrCommit, d.failed))
		return true
	}
	d.syncs.Add(1)
	return true
}

// fail answers a whole group: even a member that wrote nothing may have decided
// by what another wrote.
func fail(group []*call, err error) {
	for _, c := range group {
		c.err = err
	}
}
