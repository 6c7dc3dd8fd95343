package device

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// State is what a file holds.
type State struct {
	Version  int        `json:"version"`
	Accounts []*Account `json:"accounts"`
}

// Add puts an account in, in the place of an earlier one with its device.
func (s *State) Add(a *Account) {
	s.Drop(a.DeviceID)
	s.Accounts = append(s.Accounts, a)
}

// Drop takes the account of a device out.
func (s *State) Drop(deviceID string) {
	s.Accounts = slices.DeleteFunc(s.Accounts, func(a *Account) bool { return a.DeviceID == deviceID })
}

// Find is the account of a device, nil if there is none.
func (s *State) Find(deviceID string) *Account {
	if i := slices.IndexFunc(s.Accounts, func(a *Account) bool { return a.DeviceID == deviceID }); i >= 0 {
		return s.Accounts[i]
	}
	return nil
}

// Store is the file of a state. Several processes may use one: who changes it has it alone, and
// who reads it sees all of a change or nothing.
type Store struct{ Path string }

const (
	ownerMode = 0o600
	maxState  = 4 << 20 // bytes
)

// Load reads the state; where there is no file it is empty. A file that others may read is
// refused, since its keys are not secret any more.
func (s Store) Load() (*State, error) {
	f, err := os.Open(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return &State{Version: version}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return nil, fmt.Errorf("%s is not a file", s.Path)
	case mode.Perm()&0o077 != 0:
		return nil, fmt.Errorf("%s has mode %04o, which lets other users of this machine see the keys in it; remove the device, or run: chmod 600 %s", s.Path, mode.Perm(), s.Path)
	case info.Size() > maxState:
		return nil, fmt.Errorf("%s is larger than any file of devices", s.Path)
	}
	return s.read(f)
}

func (s Store) read(f *os.File) (*State, error) {
	state := new(State)
	if err := json.NewDecoder(f).Decode(state); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", s.Path, err)
	}
	if state.Version != version {
		return nil, fmt.Errorf("%s is of version %d, and this program knows %d", s.Path, state.Version, version)
	}
	for _, a := range state.Accounts {
		if err := a.check(); err != nil {
			return nil, fmt.Errorf("%s cannot be used: %w", s.Path, err)
		}
	}
	return state, nil
}

// Change lets a function change the state, alone among all processes, and keep it by save, as
// often as it needs to: what is not saved is not changed. The error is its, or that of the file.
func (s Store) Change(change func(state *State, save func() error) error) error {
	if err := os.MkdirAll(filepath.Dir(s.Path), 0o700); err != nil {
		return err
	}
	unlock, err := lock(s.Path + ".lock")
	if err != nil {
		return fmt.Errorf("lock %s: %w", s.Path, err)
	}
	defer unlock()
	state, err := s.Load()
	if err != nil {
		return err
	}
	return change(state, func() error { return s.save(state) })
}

// save replaces the file, so that a crash leaves the old one or the new one.
func (s Store) save(state *State) (err error) {
	raw, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.Path), filepath.Base(s.Path)+".*") // of mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(append(raw, '\n'))
	if err := errors.Join(err, f.Chmod(ownerMode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), s.Path)
}
