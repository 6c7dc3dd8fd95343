package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

// TestDraftFaults: faults are told by the name that was asked for, and no draft
// stays behind.
func TestDraftFaults(t *testing.T) {
	dir := t.TempDir()
	missing, folder := filepath.Join(dir, "missing", "x"), filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	save := func(path string) error {
		_, err := saveNew(path, strings.NewReader("all of it"))
		return err
	}
	replace := func(path string) error { return replaceJSON(path, 1) }
	cut := func(path string) error {
		_, err := saveNew(path, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("half"))))
		return err
	}
	for _, c := range []struct {
		name string
		do   func(string) error
		path string
		want string
	}{
		{"backup, no directory", save, missing, "open " + missing + ": no such file or directory"},
		{"report, no directory", replace, missing, "open " + missing + ": no such file or directory"},
		{"backup, taken", save, folder, folder + " exists already and was left as it is: choose a new name"},
		{"report, taken", replace, folder, "rename " + folder + ": file exists"},
		{"backup, cut short", cut, filepath.Join(dir, "x"), "the backup broke off after 1 bytes and was thrown away: timeout"},
	} {
		if err := c.do(c.path); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDraftPlaced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	for _, want := range []string{"1\n", "2\n"} {
		if err := replaceJSON(path, want[0]-'0'); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		info, statErr := os.Stat(path)
		if err != nil || statErr != nil || string(got) != want || info.Mode() != 0o600 {
			t.Errorf("%q, %v, %v, %v", got, info.Mode(), err, statErr)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
