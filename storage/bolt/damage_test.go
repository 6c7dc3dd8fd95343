package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

const pageSize = 4096

// content is everything a database holds, by tenant and key.
type content map[string]string

func read(d storage.Driver) (content, error) {
	all := content{}
	tenants, err := d.Tenants(context.Background())
	for _, tenant := range tenants {
		err = errors.Join(err, d.View(context.Background(), tenant, func(kv storage.KV) error {
			return kv.Scan(storage.Range{}, func(k, v []byte) bool {
				all[tenant+"/"+string(k)] = string(v)
				return true
			})
		}))
	}
	return all, err
}

// sample makes a database with branches, small partitions kept within a page,
// values longer than a page, and free pages. It returns the file, what it holds,
// and what it held before the last commit.
func sample(t testing.TB) (file []byte, now, before content) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sample.db")
	d := open(t, path)
	put := func(tenant string, from, to, size int) {
		if err := d.Update(context.Background(), tenant, func(kv storage.KV) (err error) {
			for i := from; i < to; i++ {
				err = errors.Join(err, kv.Put(fmt.Appendf(nil, "key-%05d", i), bytes.Repeat([]byte{byte(i)}, size)))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	put("large", 0, 800, 100)
	put("long", 0, 5, 3*pageSize)
	put("small", 0, 3, 10)
	put("large", 300, 500, 60)
	for i := range 5 {
		put(fmt.Sprint("tenant", i), 0, 40*i, 20)
	}
	before, _ = read(d)
	put("large", 10, 20, 30)
	now, err := read(d)
	if err != nil {
		t.Fatal(err)
	}
	used, err := d.Backup(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	file, err = os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file[:used], now, before
}

// mutations change a copy of a file; each is drawn equally often.
var mutations = []struct {
	name string
	do   func(r *rand.Rand, f []byte) []byte
}{
	{"cut", func(r *rand.Rand, f []byte) []byte { return f[:r.IntN(len(f))] }},
	{"cut at a page", func(r *rand.Rand, f []byte) []byte { return f[:r.IntN(len(f)/pageSize)*pageSize] }},
	{"bit", flip},
	{"bit in a head", func(r *rand.Rand, f []byte) []byte {
		f[page(r, f)+r.IntN(64)] ^= 1 << r.IntN(8)
		return f
	}},
	{"ten bits", func(r *rand.Rand, f []byte) []byte {
		for range 10 {
			f = flip(r, f)
		}
		return f
	}},
	{"zero page", func(r *rand.Rand, f []byte) []byte { return fill(f, page(r, f), nil) }},
	{"garbage page", func(r *rand.Rand, f []byte) []byte {
		garbage := make([]byte, pageSize)
		for i := range garbage {
			garbage[i] = byte(r.Uint32())
		}
		return fill(f, page(r, f), garbage)
	}},
	{"page instead of another", func(r *rand.Rand, f []byte) []byte {
		from := page(r, f)
		return fill(f, page(r, f), bytes.Clone(f[from:from+pageSize]))
	}},
	{"number in a head", func(r *rand.Rand, f []byte) []byte {
		f[page(r, f)+8*r.IntN(8)] = byte(r.IntN(8))
		return f
	}},
}

func page(r *rand.Rand, f []byte) int { return r.IntN(len(f)/pageSize) * pageSize }

func flip(r *rand.Rand, f []byte) []byte {
	f[r.IntN(len(f))] ^= 1 << r.IntN(8)
	return f
}

func fill(f []byte, at int, with []byte) []byte {
	clear(f[at : at+pageSize])
	copy(f[at:], with)
	return f
}

// TestDamage opens altered copies of a database. Each is refused, and left as it
// is, or holds exactly what was written: as of the last commit or, when its meta
// page is what was hit, as of the one before.
func TestDamage(t *testing.T) {
	file, now, before := sample(t)
	path := filepath.Join(t.TempDir(), "mutant.db")
	r := rand.New(rand.NewPCG(1, 2))
	refused, opened := 0, 0
	const rounds = 40
	for i := range rounds * len(mutations) {
		m := mutations[i%len(mutations)]
		mutant := m.do(r, bytes.Clone(file))
		if err := os.WriteFile(path, mutant, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := bolt.Open(path)
		if err != nil {
			refused++
			left, _ := os.ReadFile(path)
			if !errors.Is(err, storage.ErrDamaged) || !bytes.Equal(left, mutant) {
				t.Errorf("mutant %d (%s): %v; file unchanged: %t", i, m.name, err, bytes.Equal(left, mutant))
			}
			continue
		}
		opened++
		got, err := read(d)
		if err != nil || !maps.Equal(got, now) && !maps.Equal(got, before) {
			t.Errorf("mutant %d (%s): opened with %d keys of %d, %v", i, m.name, len(got), len(now), err)
		}
		// Two commits write both meta pages anew.
		if err := errors.Join(put(d, "one"), put(d, "two"), d.Check(), d.Close()); err != nil {
			t.Errorf("mutant %d (%s): %v", i, m.name, err)
		}
	}
	t.Logf("%d refused, %d opened unharmed", refused, opened)
	if refused < 100 || opened == 0 {
		t.Errorf("%d refused, %d opened: the mutations test nothing", refused, opened)
	}
}

func TestForeignFiles(t *testing.T) {
	tests := []struct {
		name    string
		content string
		want    error
	}{
		{"empty", "", storage.ErrDamaged},
		{"one byte", "x", storage.ErrDamaged},
		{"text", strings.Repeat("not a database\n", 5000), storage.ErrDamaged},
		{"zeros", string(make([]byte, 10*pageSize)), storage.ErrDamaged},
		{"ones", strings.Repeat("\xff", 10*pageSize), storage.ErrDamaged},
	}
	for _, tc := range tests {
		path := filepath.Join(t.TempDir(), "data.db")
		if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bolt.Open(path); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", tc.name, err)
		}
		if left, _ := os.ReadFile(path); string(left) != tc.content {
			t.Errorf("%s: the file was changed", tc.name)
		}
	}
}
