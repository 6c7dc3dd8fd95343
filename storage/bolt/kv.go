package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"runtime/debug"
	"slices"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// A partition is a bucket. The bucket "format" holds the file's format under its
// own name, and the name of every tenant's bucket, so that one cannot be missed.
const (
	formatBucket = "format"
	tenantBucket = "t/"
	fileFormat   = "1"
)

// markFormat makes an empty file a database of ours.
func markFormat(tx *bbolt.Tx) error {
	k, err := partition(tx, formatBucket)
	if err != nil {
		return err
	}
	return k.Put([]byte(formatBucket), []byte(fileFormat))
}

// kv is a bucket within a transaction. A value is stored behind its checksum;
// the bucket's sequence number is the sum over all of them (weight).
type kv struct {
	tx     *bbolt.Tx
	name   string
	bucket *bbolt.Bucket // nil until something is written
	wrote  bool
}

func partition(tx *bbolt.Tx, name string) (k *kv, err error) {
	err = safely(func() error {
		k = &kv{tx: tx, name: name, bucket: tx.Bucket([]byte(name))}
		return nil
	})
	return k, err
}

func (k *kv) Get(key []byte) (value []byte, err error) {
	err = safely(func() error {
		var raw []byte
		if k.bucket != nil {
			raw = k.bucket.Get(key)
		}
		if raw == nil {
			return storage.ErrNotFound
		}
		value, err = unseal(k.name, key, raw)
		return err
	})
	return value, err
}

func (k *kv) Put(key, value []byte) error {
	if !k.tx.Writable() {
		return storage.ErrReadOnly
	}
	k.wrote = true
	return safely(func() error {
		if err := k.create(); err != nil {
			return err
		}
		raw := seal(k.name, key, value)
		sum := k.bucket.Sequence() - weight(k.bucket.Get(key)) + weight(raw)
		if err := k.bucket.Put(key, raw); err != nil {
			return err
		}
		return k.bucket.SetSequence(sum)
	})
}

func (k *kv) Delete(key []byte) error {
	if !k.tx.Writable() {
		return storage.ErrReadOnly
	}
	return safely(func() error {
		if k.bucket == nil {
			return nil
		}
		raw := k.bucket.Get(key)
		if raw == nil {
			return nil
		}
		k.wrote = true
		sum := k.bucket.Sequence() - weight(raw)
		if err := k.bucket.Delete(key); err != nil {
			return err
		}
		return k.bucket.SetSequence(sum)
	})
}

// create makes the bucket and notes its name, at the first write.
func (k *kv) create() (err error) {
	if k.bucket != nil {
		return nil
	}
	if k.bucket, err = k.tx.CreateBucket([]byte(k.name)); err != nil || k.name == formatBucket {
		return err
	}
	registry, err := partition(k.tx, formatBucket)
	if err != nil {
		return err
	}
	return registry.Put([]byte(k.name), nil)
}

func (k *kv) Scan(r storage.Range, fn func(key, value []byte) bool) error {
	from, end := r.Bounds()
	switch {
	case k.bucket == nil:
		return nil
	case !r.Reverse:
		return k.forward(from, end, fn)
	case k.tx.Writable():
		return k.collected(from, end, fn)
	}
	return k.backward(from, end, fn)
}

func (k *kv) forward(from, end []byte, fn func(key, value []byte) bool) error {
	c := k.bucket.Cursor()
	move := func() ([]byte, []byte) { return c.Seek(from) }
	for {
		key, value, err := k.step(move)
		if err != nil || key == nil || end != nil && bytes.Compare(key, end) >= 0 || !fn(key, value) {
			return err
		}
		move = c.Next
	}
}

func (k *kv) backward(from, end []byte, fn func(key, value []byte) bool) error {
	c := k.bucket.Cursor()
	move := func() ([]byte, []byte) {
		if end != nil {
			if at, _ := c.Seek(end); at != nil {
				return c.Prev()
			}
		}
		return c.Last()
	}
	for {
		key, value, err := k.step(move)
		if err != nil || key == nil || bytes.Compare(key, from) < 0 || !fn(key, value) {
			return err
		}
		move = c.Prev
	}
}

// collected scans backwards by scanning forwards first: where this transaction
// has emptied a page, bbolt's cursor stops before it, or turns round and round.
func (k *kv) collected(from, end []byte, fn func(key, value []byte) bool) error {
	type entry struct{ key, value []byte }
	var entries []entry
	err := k.forward(from, end, func(key, value []byte) bool {
		entries = append(entries, entry{key, value})
		return true
	})
	if err != nil {
		return err
	}
	for _, e := range slices.Backward(entries) {
		if !fn(e.key, e.value) {
			break
		}
	}
	return nil
}

func (k *kv) step(move func() ([]byte, []byte)) (key, value []byte, err error) {
	err = safely(func() error {
		var raw []byte
		if key, raw = move(); key == nil {
			return nil
		}
		value, err = unseal(k.name, key, raw)
		return err
	})
	return key, value, err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumSize = 4

func checksum(bucket string, key, value []byte) uint32 {
	sum := crc32.Checksum([]byte(bucket), castagnoli)
	return crc32.Update(crc32.Update(sum, castagnoli, key), castagnoli, value)
}

func seal(bucket string, key, value []byte) []byte {
	raw := make([]byte, sumSize, sumSize+len(value))
	binary.BigEndian.PutUint32(raw, checksum(bucket, key, value))
	return append(raw, value...)
}

func unseal(bucket string, key, raw []byte) ([]byte, error) {
	if len(raw) < sumSize || binary.BigEndian.Uint32(raw) != checksum(bucket, key, raw[sumSize:]) {
		return nil, fmt.Errorf("%w: checksum of an entry in %q", storage.ErrDamaged, bucket)
	}
	return raw[sumSize:], nil
}

// weight is what an entry adds to its bucket's sum: one, and its checksum.
func weight(raw []byte) uint64 {
	if raw == nil {
		return 0
	}
	return 1<<32 + uint64(binary.BigEndian.Uint32(raw))
}

// safely turns a panic of bbolt, and a fault on its mapped file, into ErrDamaged.
func safely(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", storage.ErrDamaged, p)
		}
	}()
	return fn()
}
