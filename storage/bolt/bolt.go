// Package bolt is the embedded storage driver: one file, one process.
//
// Writers that wait at the same time share one transaction and one fsync
// (writer.go). Every value carries a checksum and every partition the sum of
// them; Open verifies the whole file before anything of it is trusted
// (verify.go), because a B-tree that follows a damaged page may fault, loop or
// answer with what was never written.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"latchkey/storage"
)

// lockWait is how long Open waits for another process to let go of the file.
const lockWait = 500 * time.Millisecond

// mapAhead is address space, not memory: as long as the file fits into it, a
// growing file need not be mapped anew, for which a writer would wait until all
// readers have ended.
const mapAhead = 256 << 20

var errClosed = errors.New("storage/bolt: database is closed")

// Driver implements storage.Driver on a bbolt file.
type Driver struct {
	db      *bbolt.DB
	file    *os.File // the one db uses; for Check
	calls   chan *call
	closing chan struct{}
	stopped chan struct{}
	once    sync.Once
	syncs   atomic.Uint64

	// These belong to the writer.
	failed error // after the first failed commit: what it left on disk is known only after a restart
	crowd  bool  // the last group had several members
}

// Open opens the database at path and makes it if there is none, in a directory
// that exists. It answers storage.ErrLocked when another process has it open,
// storage.ErrDamaged when the file is no sound database of ours, and
// storage.ErrFormat when a newer version made it; then nothing was changed.
//
// It reads the whole file once.
func Open(path string) (*Driver, error) {
	if err := inspect(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(path); err != nil {
			return nil, fmt.Errorf("create database %s: %w", path, err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	d := &Driver{
		calls:   make(chan *call),
		closing: make(chan struct{}),
		stopped: make(chan struct{}),
	}
	var err error
	d.db, d.file, err = open(path, &bbolt.Options{FreelistType: bbolt.FreelistMapType, InitialMmapSize: mapAhead})
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	go d.write()
	return d, nil
}

// inspect verifies an existing file under a shared lock, without writing.
func inspect(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("not a regular file")
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("its mode %04o lets other users of this machine in; run: chmod 600 %s", info.Mode().Perm(), path)
	case info.Size() == 0: // bbolt would make a new database of it
		return fmt.Errorf("%w: the file is empty", storage.ErrDamaged)
	}
	db, file, err := open(path, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return verify(file)
}

// create makes a database under another name first: a crash in between leaves
// nothing at path, and the next start begins anew.
func create(path string) error {
	draft := path + ".new"
	db, _, err := open(draft, &bbolt.Options{})
	if errors.Is(err, storage.ErrDamaged) { // of a start that did not come to its end
		if err := os.Remove(draft); err != nil {
			return err
		}
		db, _, err = open(draft, &bbolt.Options{})
	}
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Update(markFormat); err != nil {
		return err
	}
	// Whoever makes a database holds the draft's lock, so nobody else can
	// have put one at path after this look.
	if _, err := os.Stat(path); err == nil {
		return os.Remove(draft)
	}
	if err := os.Rename(draft, path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// open opens a bbolt file and tells apart why it cannot.
func open(path string, o *bbolt.Options) (db *bbolt.DB, file *os.File, err error) {
	o.Timeout = lockWait
	o.OpenFile = func(name string, flag int, mode os.FileMode) (_ *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	err = safely(func() (err error) {
		db, err = bbolt.Open(path, 0o600, o)
		return err
	})
	if err == nil {
		return db, file, nil
	}
	if file != nil {
		_ = file.Close() // bbolt leaves it open, and locked, when it panics
	}
	var system syscall.Errno
	switch {
	case errors.Is(err, bbolterrors.ErrTimeout):
		return nil, nil, storage.ErrLocked
	case errors.Is(err, fs.ErrPermission):
		return nil, nil, fmt.Errorf("%w; run as the owner of the file", err)
	case errors.As(err, &system), errors.Is(err, storage.ErrDamaged):
		return nil, nil, err
	}
	return nil, nil, fmt.Errorf("%w: %w", storage.ErrDamaged, err)
}

// View runs fn on a snapshot.
func (d *Driver) View(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.db.View(func(tx *bbolt.Tx) error {
		k, err := partition(tx, tenantBucket+tenant)
		if err != nil {
			return err
		}
		return fn(k)
	})
}

// Tenants lists the partitions that hold anything, in order.
func (d *Driver) Tenants(ctx context.Context) (tenants []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = d.db.View(func(tx *bbolt.Tx) error {
		registry, err := partition(tx, formatBucket)
		if err != nil {
			return err
		}
		return registry.Scan(storage.Range{Prefix: []byte(tenantBucket)}, func(name, _ []byte) bool {
			if b := tx.Bucket(name); b != nil && b.Sequence() != 0 {
				tenants = append(tenants, strings.TrimPrefix(string(name), tenantBucket))
			}
			return true
		})
	})
	return tenants, err
}

// Close waits for the group that is being written and for running Views.
func (d *Driver) Close() error {
	d.once.Do(func() { close(d.closing) })
	<-d.stopped
	return d.db.Close()
}

// Backup writes a consistent copy, itself a database, while others read and
// write, and tells its size in bytes. Until it ends, space that is freed is not
// used again.
func (d *Driver) Backup(w io.Writer) (n int64, err error) {
	err = d.db.View(func(tx *bbolt.Tx) error {
		n, err = tx.WriteTo(w)
		return err
	})
	return n, err
}

// Check verifies the whole file. Writers wait meanwhile.
func (d *Driver) Check() error {
	tx, err := d.db.Begin(true) // keeps the file as it is
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := verify(d.file); err != nil {
		return err
	}
	for problem := range tx.Check() {
		err = errors.Join(err, problem)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", storage.ErrDamaged, err)
	}
	return nil
}

// Syncs counts the groups that were made durable.
func (d *Driver) Syncs() uint64 { return d.syncs.Load() }
