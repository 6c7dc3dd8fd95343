//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package device

// lock does nothing where the standard library locks no files: there, one process at a time may
// change a state.
func lock(string) (unlock func(), err error) { return func() {}, nil }
