package storage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Tx is one tenant's records within a transaction. Writes are buffered and
// reach the driver only when the closure has returned nil; reads see them.
type Tx struct {
	kv     KV
	ro     bool
	writes map[string][]byte // nil value: deleted
}

func newTx(kv KV, ro bool) *Tx {
	tx := &Tx{kv: kv, ro: ro}
	if !ro {
		tx.writes = make(map[string][]byte, 8)
	}
	return tx
}

// recordOf lets Get[idp.User] name the plain type and infer the pointer.
type recordOf[T any] interface {
	*T
	Record
}

// Get reads a record by id, or answers ErrNotFound. In an Update it also keeps
// other transactions from changing the record until this one ends.
func Get[T any, P recordOf[T]](tx *Tx, id string) (P, error) {
	p := P(new(T))
	if err := tx.Load(id, p); err != nil {
		return nil, err
	}
	return p, nil
}

// Load is Get into a record whose type is only known at run time. Whatever it
// held before stays where the stored record says nothing: hand in a fresh one.
func (tx *Tx) Load(id string, into Record) error {
	raw, err := tx.get(recordKey(into.Kind(), id))
	if err != nil {
		return err
	}
	if err := decode(raw, into); err != nil {
		return err
	}
	if into.ID() != id {
		return fmt.Errorf("%w: %s %q holds %q", ErrDamaged, into.Kind(), id, into.ID())
	}
	return nil
}

// Lookup reads the record that a unique index names, or answers ErrNotFound.
func Lookup[T any, P recordOf[T]](tx *Tx, index, value string) (P, error) {
	id, err := tx.get(join("u", P(nil).Kind(), index, value))
	if err != nil {
		return nil, err
	}
	return Get[T, P](tx, string(id))
}

// Page bounds a listing. After is the Next of the page before.
type Page struct {
	After   string
	Limit   int // at most so many; 0 = no limit
	Reverse bool
}

// List reads the records under one value of a non-unique index, in order of
// their ids. next is empty on the last page.
func List[T any, P recordOf[T]](tx *Tx, index, value string, page Page) (items []P, next string, err error) {
	return list[T, P](tx, join("i", P(nil).Kind(), index, value)+sep, page)
}

// IDs are the ids that List finds, whether there are such records or not.
func IDs[T any, P recordOf[T]](tx *Tx, index, value string) ([]string, error) {
	return tx.ids(join("i", P(nil).Kind(), index, value)+sep, Page{})
}

// All reads the records of a kind, in order of their ids.
func All[T any, P recordOf[T]](tx *Tx, page Page) (items []P, next string, err error) {
	return list[T, P](tx, join("r", P(nil).Kind())+sep, page)
}

// Each reads the records of a kind one by one, in order of their ids, until fn answers
// false. One that cannot be read is handed to fn as its error.
func Each[T any, P recordOf[T]](tx *Tx, fn func(id string, item P, err error) bool) error {
	prefix := join("r", P(nil).Kind()) + sep
	return tx.scan(Range{Prefix: []byte(prefix)}, func(key string) bool {
		id := key[len(prefix):]
		item, err := Get[T, P](tx, id)
		return fn(id, item, err)
	})
}

func list[T any, P recordOf[T]](tx *Tx, prefix string, page Page) ([]P, string, error) {
	ids, err := tx.ids(prefix, page)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if page.Limit > 0 && len(ids) > page.Limit {
		ids = ids[:page.Limit]
		next = ids[page.Limit-1]
	}
	items := make([]P, 0, len(ids))
	for _, id := range ids {
		item, err := Get[T, P](tx, id)
		if errors.Is(err, ErrNotFound) { // removed between scan and read
			continue
		}
		if err != nil {
			return nil, "", err
		}
		items = append(items, item)
	}
	return items, next, nil
}

// ids reads one id more than the page holds, so that list can tell whether
// there is a next page.
func (tx *Tx) ids(prefix string, page Page) ([]string, error) {
	r := Range{Prefix: []byte(prefix), Reverse: page.Reverse}
	if page.After != "" {
		r.After = []byte(prefix + page.After)
	}
	var ids []string
	err := tx.scan(r, func(key string) bool {
		ids = append(ids, key[len(prefix):])
		return page.Limit <= 0 || len(ids) <= page.Limit
	})
	return ids, err
}

// Put writes a record whole, new or not, and moves its indexes. ErrConflict
// means that another record holds a unique value.
func (tx *Tx) Put(r Record) error {
	if tx.ro {
		return ErrReadOnly
	}
	if err := checkKey(r); err != nil {
		return err
	}
	owned := ownedKeys(r)
	raw, err := encode(r, owned)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.Kind(), r.ID(), err)
	}
	if err := tx.claimUnique(r); err != nil {
		return err
	}
	before, err := tx.owned(r.Kind(), r.ID())
	if err != nil {
		return err
	}
	for _, k := range before {
		if !slices.Contains(owned, k) {
			tx.writes[k] = nil
		}
	}
	for _, k := range owned {
		if slices.Contains(before, k) {
			continue
		}
		value := []byte{}
		if strings.HasPrefix(k, "u"+sep) {
			value = []byte(r.ID())
		}
		tx.writes[k] = value
	}
	tx.writes[recordKey(r.Kind(), r.ID())] = raw
	return nil
}

// Insert is Put for a record that must not exist yet; else ErrExists.
func (tx *Tx) Insert(r Record) error {
	if tx.ro {
		return ErrReadOnly
	}
	switch _, err := tx.get(recordKey(r.Kind(), r.ID())); {
	case err == nil:
		return fmt.Errorf("%w: %s %s", ErrExists, r.Kind(), r.ID())
	case !errors.Is(err, ErrNotFound):
		return err
	}
	return tx.Put(r)
}

// Delete removes a record and its indexes; one that is not there is no error.
func (tx *Tx) Delete(r Record) error {
	if tx.ro {
		return ErrReadOnly
	}
	return tx.drop(ref{r.Kind(), r.ID()})
}

// ref names a record.
type ref struct{ kind, id string }

func (tx *Tx) drop(r ref) error {
	owned, err := tx.owned(r.kind, r.id)
	if err != nil {
		return err
	}
	for _, k := range owned {
		tx.writes[k] = nil
	}
	tx.writes[recordKey(r.kind, r.id)] = nil
	return nil
}

// claimUnique fails if a unique value of r belongs to another record.
func (tx *Tx) claimUnique(r Record) error {
	for _, x := range r.Indexes() {
		if !x.Unique || x.Value == "" {
			continue
		}
		holder, err := tx.get(indexKey(r.Kind(), r.ID(), x))
		if errors.Is(err, ErrNotFound) || err == nil && string(holder) == r.ID() {
			continue
		}
		if err != nil {
			return err
		}
		return fmt.Errorf("%w: %s %s %q", ErrConflict, r.Kind(), x.Name, x.Value)
	}
	return nil
}

// ownedKeys are the index and expiry keys that r wants, sorted.
func ownedKeys(r Record) []string {
	var keys []string
	for _, x := range r.Indexes() {
		if x.Value != "" {
			keys = append(keys, indexKey(r.Kind(), r.ID(), x))
		}
	}
	if e, ok := r.(Expirer); ok {
		if at := e.ExpiresAt(); !at.IsZero() {
			keys = append(keys, expiryKey(at, r.Kind(), r.ID()))
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// owned are the keys that the stored form of a record holds. They are stored
// with it, not derived, so that a record of an older version leaves none behind.
func (tx *Tx) owned(kind, id string) ([]string, error) {
	raw, err := tx.get(recordKey(kind, id))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	owned, _, err := split(raw)
	return owned, err
}

// expired finds up to limit records whose time came before now.
func (tx *Tx) expired(now time.Time, limit int) ([]ref, error) {
	var due []ref
	end := join("x", stamp(now)) + sep
	err := tx.scan(Range{Prefix: []byte("x" + sep)}, func(key string) bool {
		if key >= end || len(due) >= limit {
			return false
		}
		f := strings.SplitN(key, sep, 4)
		due = append(due, ref{f[2], f[3]})
		return true
	})
	return due, err
}

func (tx *Tx) get(key string) ([]byte, error) {
	if v, ok := tx.writes[key]; ok {
		if v == nil {
			return nil, ErrNotFound
		}
		return v, nil
	}
	return tx.kv.Get([]byte(key))
}

// scan walks the driver's keys and the buffered ones as one ordered sequence.
func (tx *Tx) scan(r Range, fn func(key string) bool) error {
	buffered := tx.bufferedIn(r)
	ahead := func(a, b string) bool { return (a < b) != r.Reverse }
	stopped := false
	err := tx.kv.Scan(r, func(k, _ []byte) bool {
		key := string(k)
		for len(buffered) > 0 && ahead(buffered[0], key) {
			if stopped = !tx.visit(buffered[0], fn); stopped {
				return false
			}
			buffered = buffered[1:]
		}
		if len(buffered) > 0 && buffered[0] == key {
			buffered = buffered[1:]
		}
		stopped = !tx.visit(key, fn)
		return !stopped
	})
	for ; err == nil && !stopped && len(buffered) > 0; buffered = buffered[1:] {
		stopped = !tx.visit(buffered[0], fn)
	}
	return err
}

// visit skips a key that this transaction has deleted.
func (tx *Tx) visit(key string, fn func(string) bool) bool {
	if v, ok := tx.writes[key]; ok && v == nil {
		return true
	}
	return fn(key)
}

// bufferedIn are the buffered keys of a range in the scan's order.
func (tx *Tx) bufferedIn(r Range) []string {
	var keys []string
	from, end := r.Bounds()
	for k := range tx.writes {
		if k >= string(from) && (end == nil || k < string(end)) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if r.Reverse {
		slices.Reverse(keys)
	}
	return keys
}

// apply hands the buffered writes to the driver in key order, which is kind to
// B-trees and keeps row locks in one order.
func (tx *Tx) apply() error {
	keys := make([]string, 0, len(tx.writes))
	for k := range tx.writes {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		var err error
		if v := tx.writes[k]; v == nil {
			err = tx.kv.Delete([]byte(k))
		} else {
			err = tx.kv.Put([]byte(k), v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
