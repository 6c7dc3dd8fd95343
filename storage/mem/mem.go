// Package mem is a storage driver that keeps everything in memory, for tests.
//
// A partition is a sorted slice that is never changed once readers can see it:
// an update works on its own copy and swaps it in when its closure returned nil.
package mem

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"sync/atomic"

	"latchkey/storage"
)

// Driver implements storage.Driver.
type Driver struct {
	writing chan struct{}                      // holds one: a mutex that a context can give up
	state   atomic.Pointer[map[string][]entry] // by tenant
}

type entry struct{ key, value []byte }

func compare(e entry, key []byte) int { return bytes.Compare(e.key, key) }

// New makes an empty driver.
func New() *Driver {
	d := &Driver{writing: make(chan struct{}, 1)}
	d.state.Store(&map[string][]entry{})
	return d
}

// View runs fn on the state as of now.
func (d *Driver) View(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return fn(&kv{entries: (*d.state.Load())[tenant], ro: true})
}

// Update runs one closure at a time.
func (d *Driver) Update(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case d.writing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-d.writing }()
	before := *d.state.Load()
	k := &kv{entries: before[tenant]}
	if err := fn(k); err != nil {
		return err
	}
	if k.own {
		after := maps.Clone(before)
		after[tenant] = k.entries
		d.state.Store(&after)
	}
	return nil
}

// Tenants lists the partitions that hold anything, in order.
func (d *Driver) Tenants(ctx context.Context) ([]string, error) {
	var tenants []string
	for tenant, entries := range *d.state.Load() {
		if len(entries) > 0 {
			tenants = append(tenants, tenant)
		}
	}
	slices.Sort(tenants)
	return tenants, ctx.Err()
}

// Close keeps the content: what is in memory has nothing to release.
func (d *Driver) Close() error { return nil }

// kv is one partition within a transaction; own means that entries is a copy.
type kv struct {
	entries []entry
	own     bool
	ro      bool
}

func (k *kv) Get(key []byte) ([]byte, error) {
	i, found := slices.BinarySearchFunc(k.entries, key, compare)
	if !found {
		return nil, storage.ErrNotFound
	}
	return bytes.Clone(k.entries[i].value), nil
}

func (k *kv) Put(key, value []byte) error {
	if err := k.prepare(); err != nil {
		return err
	}
	e := entry{bytes.Clone(key), append([]byte{}, value...)}
	i, found := slices.BinarySearchFunc(k.entries, key, compare)
	if found {
		k.entries[i] = e
		return nil
	}
	k.entries = slices.Insert(k.entries, i, e)
	return nil
}

func (k *kv) Delete(key []byte) error {
	if err := k.prepare(); err != nil {
		return err
	}
	if i, found := slices.BinarySearchFunc(k.entries, key, compare); found {
		k.entries = slices.Delete(k.entries, i, i+1)
	}
	return nil
}

// prepare copies the partition before the first write, since readers may hold it.
func (k *kv) prepare() error {
	if k.ro {
		return storage.ErrReadOnly
	}
	if !k.own {
		k.entries, k.own = slices.Clone(k.entries), true
	}
	return nil
}

func (k *kv) Scan(r storage.Range, fn func(key, value []byte) bool) error {
	from, end := r.Bounds()
	i, _ := slices.BinarySearchFunc(k.entries, from, compare)
	j := len(k.entries)
	if end != nil {
		j, _ = slices.BinarySearchFunc(k.entries, end, compare)
	}
	inside := slices.Clone(k.entries[i:max(i, j)]) // fn may write
	if r.Reverse {
		slices.Reverse(inside)
	}
	for _, e := range inside {
		if !fn(bytes.Clone(e.key), bytes.Clone(e.value)) {
			break
		}
	}
	return nil
}
