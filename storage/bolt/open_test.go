package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

func put(d storage.Driver, key string) error {
	return d.Update(context.Background(), "tenant", func(kv storage.KV) error { return kv.Put([]byte(key), []byte("value")) })
}

func TestSecondOpenIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.db")
	first := open(t, path)
	if _, err := bolt.Open(path); !errors.Is(err, storage.ErrLocked) {
		t.Errorf("got %v", err)
	}
	if err := put(first, "still fine"); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := open(t, path).Close(); err != nil {
		t.Error(err)
	}
}

func TestModes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("made with mode %v, %v", info.Mode(), err)
	}
	for mode, name := range map[os.FileMode]string{0o644: "0644", 0o620: "0620", 0o601: "0601"} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := bolt.Open(path)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %s: got %v", name, err)
		}
	}
}

func TestNoFileToOpen(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "missing", "data.db")} {
		if _, err := bolt.Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v", path, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestFirstStartRepeats leaves behind what a first start that was killed may leave.
func TestFirstStartRepeats(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.db")
	if err := open(t, whole).Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 100, pageSize, 3 * pageSize, 4 * pageSize, len(file)} {
		path := filepath.Join(t.TempDir(), "data.db")
		if err := os.WriteFile(path+".new", file[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := bolt.Open(path)
		if err != nil {
			t.Errorf("%d bytes left: %v", size, err)
			continue
		}
		if err := errors.Join(put(d, "key"), d.Check(), d.Close()); err != nil {
			t.Errorf("%d bytes left: %v", size, err)
		}
		if _, err := os.Stat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%d bytes left: the draft is still there", size)
		}
	}
}

// TestFormat opens sound files that this program did not make.
func TestFormat(t *testing.T) {
	tests := []struct {
		name  string
		write func(*bbolt.Tx) error
		want  error
	}{
		{"no bucket", func(*bbolt.Tx) error { return nil }, storage.ErrDamaged},
		{"another program's", func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucket([]byte("theirs"))
			return errors.Join(err, b.Put([]byte("key"), []byte("value")))
		}, storage.ErrDamaged},
		{"a newer version's", func(tx *bbolt.Tx) error { return bolt.MarkAs(tx, "2") }, storage.ErrFormat},
		{"ours", func(tx *bbolt.Tx) error { return bolt.MarkAs(tx, "1") }, nil},
	}
	for _, tc := range tests {
		path := filepath.Join(t.TempDir(), "data.db")
		db, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Update(tc.write), db.Close()); err != nil {
			t.Fatal(err)
		}
		d, err := bolt.Open(path)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
		if err == nil {
			err = d.Close()
		}
		if tc.want == nil && err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestBackup(t *testing.T) {
	file, now, _ := sample(t)
	dir := t.TempDir()
	path, saved := filepath.Join(dir, "data.db"), filepath.Join(dir, "saved.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	d := open(t, path)
	defer d.Close()
	var backup bytes.Buffer
	w := writeThen{&backup, func() error { return put(d, "written during the backup") }}
	n, err := d.Backup(&w)
	if err != nil || n != int64(backup.Len()) {
		t.Fatalf("wrote %d of %d bytes, %v", n, backup.Len(), err)
	}
	if err := os.WriteFile(saved, backup.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	copied := open(t, saved)
	defer copied.Close()
	got, err := read(copied)
	if err != nil || !maps.Equal(got, now) {
		t.Errorf("the copy holds %d keys of %d, %v", len(got), len(now), err)
	}
	if err := errors.Join(copied.Check(), put(copied, "and can be used")); err != nil {
		t.Error(err)
	}
	if _, err := d.Backup(&writeThen{&backup, func() error { return errors.New("disk full") }}); err == nil {
		t.Error("a failed backup reports success")
	}
}

// writeThen calls then before each write.
type writeThen struct {
	to   io.Writer
	then func() error
}

func (w *writeThen) Write(p []byte) (int, error) {
	if err := w.then(); err != nil {
		return 0, err
	}
	return w.to.Write(p)
}
