//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package device

import (
	"os"
	"syscall"
)

// lock waits until no other process has the file, which is made if need be and stays: who
// removed it would let two processes hold locks of one name. The lock ends with the process.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, ownerMode)
	if err != nil {
		return nil, err
	}
	for {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}
