package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// throughDraft writes a file under another name first and then places it, by
// os.Link or os.Rename, so that what bears the name is always whole. It is
// readable by its owner only, and no draft stays behind.
func throughDraft(path string, place func(draft, path string) error, write func(*os.File) error) (err error) {
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return undrafted(err, path)
	}
	defer func() {
		if gone := os.Remove(draft.Name()); !errors.Is(gone, fs.ErrNotExist) { // else it was renamed
			err = errors.Join(err, gone)
		}
	}()
	err = write(draft)
	if err := errors.Join(err, undrafted(draft.Sync(), path), undrafted(draft.Close(), path)); err != nil {
		return err
	}
	return undrafted(place(draft.Name(), path), path)
}

// undrafted tells of a fault with a draft by the name that was asked for.
func undrafted(err error, path string) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: e.Op, Path: path, Err: e.Err}
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return &fs.PathError{Op: e.Op, Path: path, Err: e.Err}
	}
	return err
}
