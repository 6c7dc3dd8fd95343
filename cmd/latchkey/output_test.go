package main

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestDistance(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "now", 200 * time.Millisecond: "now", -200 * time.Millisecond: "now",
		42 * time.Second: "in 42 s", time.Hour - time.Millisecond: "in 1 h", 59*time.Minute + 59*time.Second: "in 59 min",
		90 * time.Minute: "in 1 h 30 min", -3 * time.Minute: "3 min ago", 47 * time.Hour: "in 47 h", -50 * 24 * time.Hour: "50 days ago",
	} {
		if got := distance(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	var p printer
	p.table("none", []string{"A", "B"}, [][]string{{"long one", "x"}, {"\x1b[2Jé", ""}, {"tab\there", "new\nline"}})
	want := "A         B\nlong one  x\n\uFFFD[2Jé\ntab\uFFFDhere  new\uFFFDline\n"
	if got := p.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.Reset()
	p.table("There is none.", []string{"A"}, nil)
	if p.String() != "There is none.\n" {
		t.Errorf("%q", p.String())
	}
}

func TestFields(t *testing.T) {
	var p printer
	p.fields("Name", "Anna", "Much longer", "", "Type", "member")
	if want := "Name  Anna\nType  member\n"; p.String() != want {
		t.Errorf("%q, want %q", p.String(), want)
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestOutputFails expects that a result that could not be written is a failure.
func TestOutputFails(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"version", "--json"}, {"config", "show", "--data", t.TempDir()}} {
		var stderr bytes.Buffer
		code := run(t.Context(), args, full{}, &stderr, nil)
		if code != exitFailure || stderr.String() != "latchkey: no space left on device\n" {
			t.Errorf("%v: code %d, %q", args, code, stderr.String())
		}
	}
}
