package main

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"latchkey/storage"
)

func TestDataExplained(t *testing.T) {
	other := errors.New("the pepper d/pepper is missing")
	for _, c := range []struct {
		err  error
		want string
	}{
		{&fs.PathError{Op: "stat", Path: "d/pepper", Err: syscall.EACCES}, "open database in d: permission denied: run as the user who owns it"},
		{fmt.Errorf("open: %w", fs.ErrPermission), "open database in d: permission denied: run as the user who owns it"},
		{storage.ErrLocked, "another latchkey is using d: stop it first, or choose another data directory (--data)"},
		{other, other.Error()},
	} {
		if got := explainStore(c.err, "d").Error(); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
