package storage_test

import (
	"context"
	"errors"
	"testing"

	"latchkey/storage"
	"latchkey/storage/mem"
)

type item struct{ Name string }

func (*item) Kind() string { return "item" }
func (i *item) ID() string { return i.Name }
func (i *item) Indexes() []storage.Index {
	return []storage.Index{{Name: "name", Value: i.Name, Unique: true}}
}

// TestDamagedRecords puts under a record's key what no Put would.
func TestDamagedRecords(t *testing.T) {
	tests := map[string]error{
		"\x01\x00{\"Name\":\"a\"}": nil,
		"\x01\x00{\"Name\":\"b\"}": storage.ErrDamaged, // another record
		"\x01\x00null":             storage.ErrDamaged,
		"\x01\x00{\"Na":            storage.ErrDamaged,
		"":                         storage.ErrDamaged,
		"\x02whatever comes":       storage.ErrFormat,
	}
	for raw, want := range tests {
		d := mem.New()
		if err := d.Update(context.Background(), "t", func(kv storage.KV) error {
			return errors.Join(kv.Put([]byte("r\x00item\x00a"), []byte(raw)), kv.Put([]byte("u\x00item\x00name\x00a"), []byte("a")))
		}); err != nil {
			t.Fatal(err)
		}
		reads := map[string]func(*storage.Tx) error{
			"get":    func(tx *storage.Tx) error { _, err := storage.Get[item](tx, "a"); return err },
			"lookup": func(tx *storage.Tx) error { _, err := storage.Lookup[item](tx, "name", "a"); return err },
			"all":    func(tx *storage.Tx) error { _, _, err := storage.All[item](tx, storage.Page{}); return err },
		}
		for name, fn := range reads {
			if err := storage.New(d).View(context.Background(), "t", fn); !errors.Is(err, want) {
				t.Errorf("%s of %q: got %v, want %v", name, raw, err, want)
			}
		}
	}
}
