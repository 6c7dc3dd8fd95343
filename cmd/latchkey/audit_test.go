package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// TestExportBreaksOff: what the server did not end is not taken for whole.
func TestExportBreaksOff(t *testing.T) {
	dir, err := os.MkdirTemp("", "lk") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, socketFile))
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, `{"id":"1"}`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	file := filepath.Join(dir, "events.jsonl")
	for want, more := range map[string][]string{
		"the export broke off after 11 bytes and is not whole":        nil,
		"the export broke off after 11 bytes and was thrown away: un": {"--output", file},
	} {
		var out, told bytes.Buffer
		code := run(t.Context(), append([]string{"audit", "export", "--data", dir}, more...), &out, &told, nil)
		if code != exitFailure || !strings.Contains(told.String(), want) {
			t.Errorf("%d %q, want %q", code, told.String(), want)
		}
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a file was left: %v", err)
	}
}

func TestKnownEnds(t *testing.T) {
	mac := strings.Repeat("0a", 32)
	for text, want := range map[string]knownEnd{
		"deployment/kept:1:" + mac:           {"deployment", idp.AuditHead{Chain: "kept", Seq: 1, MAC: mac}},
		" contoso.example/passing:12:" + mac: {"contoso.example", idp.AuditHead{Chain: "passing", Seq: 12, MAC: mac}},
		"kept:9:" + mac:                      {"", idp.AuditHead{Chain: "kept", Seq: 9, MAC: mac}},
		"other:9:" + mac:                     {},
		"kept:0:" + mac:                      {},
		"kept:-1:" + mac:                     {},
		"kept:99999999999999999999:" + mac:   {},
		"kept:9:" + mac + "0":                {},
		"kept:9:" + strings.ToUpper(mac):     {},
		"a/b/kept:9:" + mac:                  {},
		"/kept:9:" + mac:                     {},
	} {
		var k knownEnds
		err := k.Set(text)
		if (err == nil) != (want.head.Seq > 0) || err == nil && k[0] != want {
			t.Errorf("%q: %v, %v", text, k, err)
		}
	}
}

func TestSince(t *testing.T) {
	now := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"24h":                       now.Add(-24 * time.Hour),
		"2026-09-01T10:00:00+02:00": now,
		"2026-09-01":                time.Date(2026, 9, 1, 0, 0, 0, 0, time.Local),
		"yesterday":                 {}, "-24h": {}, "": {}, "2026-13-01": {},
	} {
		var s since
		err := s.Set(text)
		if want.IsZero() != (err != nil) || err == nil && !s.from(now).Equal(want) {
			t.Errorf("%q: %s, %v, want %s", text, s.from(now), err, want)
		}
	}
	if none := new(since); !none.from(now).IsZero() {
		t.Error("without the flag there is a bound")
	}
}

// TestEventThroughApp: who acted through an app is told with it.
func TestEventThroughApp(t *testing.T) {
	e := idp.NewEvent(idp.Directory, time.Now())
	e.Actor, e.App = idp.Party{Type: "user", ID: "1", Name: "ada"}, idp.Party{Type: "client", ID: "tool", Name: "Scripts"}
	p := &printer{now: time.Now()}
	tableAudit(p, []eventView{viewEvent(e)})
	if !strings.Contains(p.String(), "ada through Scripts") {
		t.Error(p.String())
	}
	if e.App = (idp.Party{}); viewEvent(e).who() != "ada" {
		t.Error(viewEvent(e).who())
	}
}
