package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"latchkey/cmd/latchkey/device/devicetest"
)

// overheard gathers output, and calls a function after each line of it.
type overheard struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	after func(all string)
}

func (h *overheard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buf.Write(p)
	h.after(h.buf.String())
	return len(p), nil
}

// TestDeviceWatch: each request is told once, whenever it comes, and an interrupt is a good end.
func TestDeviceWatch(t *testing.T) {
	s := devicetest.Start()
	t.Cleanup(s.Close)
	file := filepath.Join(t.TempDir(), "device.json")
	const anna = "anna@contoso.example"
	link, _ := s.Invite(anna, true)
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"device", "enrol", "--device", file, "--code", link}, &errs, &errs, nil); code != exitOK {
		t.Fatal(errs.String())
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	first := s.Ask(anna, "type", "47")
	second := ""
	out := &overheard{after: func(all string) {
		switch {
		case second == "":
			second = s.Ask(anna, "type", "48")
		case strings.Contains(all, second):
			stop()
		}
	}}
	if code := run(ctx, []string{"device", "watch", "--device", file}, out, &errs, nil); code != exitOK {
		t.Errorf("code %d: %s", code, errs.String())
	}
	if all := out.buf.String(); strings.Count(all, first) != 1 || strings.Count(all, second) != 1 {
		t.Errorf("told:\n%s", all)
	}
}
