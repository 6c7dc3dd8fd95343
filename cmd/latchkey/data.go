package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/storage/bolt"
)

// createData makes a data directory: the directory, a pepper unless the
// configuration holds one, and an empty database. It refuses a directory that
// holds anything, and leaves nothing behind when it fails.
func createData(cfg config.Config) error {
	_, err := makeData(cfg)
	return err
}

// makeData is createData, and answers how to undo it.
func makeData(cfg config.Config) (undo func(), err error) {
	if err := checkSocketPath(cfg.Data); err != nil {
		return nil, err
	}
	made, err := emptyDirectory(cfg.Data)
	if err != nil {
		return nil, err
	}
	undo = func() { removeData(cfg, made) }
	if err := fillData(cfg); err != nil {
		undo()
		return nil, err
	}
	return undo, nil
}

func fillData(cfg config.Config) error {
	if cfg.Pepper.Reveal() == "" {
		if err := writePepper(filepath.Join(cfg.Data, config.PepperFile)); err != nil {
			return err
		}
	}
	driver, err := bolt.Open(filepath.Join(cfg.Data, databaseFile))
	if err != nil {
		return err
	}
	return driver.Close()
}

// removeData undoes makeData; directory tells whether it was made too.
func removeData(cfg config.Config, directory bool) {
	names := []string{databaseFile, databaseFile + ".new"}
	if cfg.Pepper.Reveal() == "" {
		names = append(names, config.PepperFile)
	}
	for _, name := range names {
		_ = os.Remove(filepath.Join(cfg.Data, name)) // what is not there need not go
	}
	if directory {
		_ = os.Remove(cfg.Data)
	}
}

// emptyDirectory makes the directory, or accepts an empty one that is the
// owner's alone.
func emptyDirectory(path string) (made bool, err error) {
	switch err := os.Mkdir(path, 0o700); {
	case err == nil:
		return true, nil
	case !errors.Is(err, fs.ErrExist):
		return false, fmt.Errorf("make the data directory: %w", err)
	}
	if err := checkDirectory(path); err != nil {
		return false, err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return false, err
	}
	if len(entries) > 0 {
		return false, fmt.Errorf("%s exists and is not empty: nothing was changed. Choose another directory with --data, or start the server on this one with 'latchkey serve'", path)
	}
	return false, nil
}

// checkDirectory expects a directory that nobody else can look into.
func checkDirectory(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no data directory %s: make it with 'latchkey init', or name another with --data", path)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("the data directory %s is not a directory", path)
	}
	return ownerOnly(path, info, "700")
}

// ownerOnly refuses what other users of the machine may read or change.
func ownerOnly(path string, info fs.FileInfo, want string) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s has mode %04o, which lets other users of this machine in; run: chmod %s %s", path, mode, want, path)
	}
	return nil
}

func writePepper(path string) error {
	raw := make([]byte, idp.MinPepper)
	rand.Read(raw) // never fails: crypto/rand ends the process instead
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(base64.RawURLEncoding.EncodeToString(raw) + "\n")
	return errors.Join(err, f.Sync(), f.Close())
}

// openPepper checks the data directory and reads the pepper from the
// configuration or the directory.
func openPepper(cfg config.Config) (*idp.Keyring, error) {
	if err := checkDirectory(cfg.Data); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, databaseFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no database: make one with 'latchkey init --data DIR' in a new directory, or bring back a backup as %s", cfg.Data, databaseFile)
	}
	text, err := pepperText(cfg)
	if err != nil {
		return nil, err
	}
	raw, err := config.DecodePepper(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("the pepper %w; if this data directory was in use, bring its pepper back: no other opens it", err)
	}
	return idp.NewKeyring(raw)
}

func pepperText(cfg config.Config) (string, error) {
	if text := cfg.Pepper.Reveal(); text != "" {
		return text, nil
	}
	path := filepath.Join(cfg.Data, config.PepperFile)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("the pepper %s is missing, and without it no stored code can be checked: bring it back, or begin a new data directory with 'latchkey init'", path)
	case err != nil:
		return "", err
	}
	if err := ownerOnly(path, info, "600"); err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	return string(text), err
}
