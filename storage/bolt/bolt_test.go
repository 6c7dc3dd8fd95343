package bolt_test

import (
	"path/filepath"
	"testing"

	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/storetest"
)

func open(t testing.TB, path string) *bolt.Driver {
	t.Helper()
	d, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDriver(t *testing.T) {
	paths := map[storage.Driver]string{}
	fresh := func(t *testing.T) storage.Driver {
		path := filepath.Join(t.TempDir(), "data.db")
		d := open(t, path)
		paths[d] = path
		return d
	}
	storetest.Run(t, fresh, func(t *testing.T, d storage.Driver) storage.Driver {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		return open(t, paths[d])
	})
}
