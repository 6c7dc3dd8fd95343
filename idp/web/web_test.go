package web_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
)

var epoch = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// entered runs a handler behind Enter and returns the answer.
func entered(e web.Entry, r *http.Request, h http.HandlerFunc) *httptest.ResponseRecorder {
	if e.Now == nil {
		e.Now = func() time.Time { return epoch }
	}
	if e.Log == nil {
		e.Log = slog.New(slog.DiscardHandler)
	}
	rec := httptest.NewRecorder()
	e.Enter(h).ServeHTTP(rec, r)
	return rec
}

// TestEnter: every request has an id of its own, which the answer names, and one
// time from beginning to end.
func TestEnter(t *testing.T) {
	asked := 0
	e := web.Entry{Now: func() time.Time { asked++; return epoch.Add(time.Duration(asked) * time.Hour) }}
	ids := map[string]bool{}
	for i := range 3 {
		rec := entered(e, httptest.NewRequest("GET", "/", nil), func(w http.ResponseWriter, r *http.Request) {
			q := web.From(r)
			if q != web.From(r) || !q.Now.Equal(epoch.Add(time.Duration(i+1)*time.Hour)) || q.Tenant != nil || w.Header().Get("X-Request-Id") != q.ID {
				t.Errorf("request %+v", q)
			}
		})
		ids[rec.Header().Get("X-Request-Id")] = true
	}
	if len(ids) != 3 || ids[""] || asked != 3 {
		t.Errorf("ids %v, the clock was read %d times", ids, asked)
	}
	if q := web.From(httptest.NewRequest("GET", "/", nil)); q == nil || q.ID != "" {
		t.Errorf("outside of Enter: %+v", q)
	}
}

// TestEnterForged: a client does not choose the id of its request.
func TestEnterForged(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Request-Id", "forged")
	if rec := entered(web.Entry{}, r, func(http.ResponseWriter, *http.Request) {}); !idp.IsID(rec.Header().Get("X-Request-Id")) {
		t.Errorf("%v", rec.Header())
	}
}

// TestBody: 64 KiB are read and not a byte more.
func TestBody(t *testing.T) {
	for size, fits := range map[int]bool{0: true, web.MaxBody: true, web.MaxBody + 1: false, 100 << 20: false} {
		r := httptest.NewRequest("POST", "/", io.LimitReader(zeros{}, int64(size)))
		entered(web.Entry{}, r, func(_ http.ResponseWriter, r *http.Request) {
			n, err := io.Copy(io.Discard, r.Body)
			if _, large := errors.AsType[*http.MaxBytesError](err); large == fits || n > web.MaxBody {
				t.Errorf("%d bytes: %d were read, %v", size, n, err)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestTooLarge: a body over the limit is refused when it is announced, before
// anything of it has come.
func TestTooLarge(t *testing.T) {
	e := web.Entry{TooLarge: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) }}
	for length, want := range map[int64]int{web.MaxBody: 200, web.MaxBody + 1: 413, 1 << 40: 413} {
		r := httptest.NewRequest("POST", "/", unread{t})
		r.ContentLength = length
		if rec := entered(e, r, func(http.ResponseWriter, *http.Request) {}); rec.Code != want {
			t.Errorf("%d bytes: %d, want %d", length, rec.Code, want)
		}
	}
}

// unread is a body that nobody may wait for.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// TestPanic: a panic is logged once with the request's id, answered, and ends
// nothing but its request (docs/security.md, M5).
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	e := web.Entry{
		Log:      slog.New(slog.NewTextHandler(&log, nil)),
		Panicked: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	}
	rec := entered(e, httptest.NewRequest("GET", "/somewhere?code=secret", nil), func(http.ResponseWriter, *http.Request) { panic("boom") })
	if rec.Code != 500 || strings.Count(log.String(), "level=ERROR") != 1 {
		t.Errorf("%d, log: %s", rec.Code, log.String())
	}
	for _, want := range []string{"request_id=" + rec.Header().Get("X-Request-Id"), "panic=boom", "path=/somewhere", "TestPanic"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "secret") {
		t.Errorf("the log tells the query: %s", log.String())
	}
}

// TestPanicAbort: a handler that gives up its connection is no fault.
func TestPanicAbort(t *testing.T) {
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("recovered %v", p)
		}
	}()
	entered(web.Entry{}, httptest.NewRequest("GET", "/", nil), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	t.Error("the panic was swallowed")
}

// TestAddress: X-Forwarded-For counts only when a trusted proxy sent it, and only
// from its end back to the first hop that is none.
func TestAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, test := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "198.51.100.7:1", nil, "198.51.100.7"},
		{"no proxy, forged header", "198.51.100.7:1", []string{"203.0.113.1"}, "198.51.100.7"},
		{"proxy", "10.0.0.1:1", []string{"203.0.113.1"}, "203.0.113.1"},
		{"proxy without a header", "10.0.0.1:1", nil, "10.0.0.1"},
		{"proxy, forged beginning", "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.1"}, "203.0.113.1"},
		{"two proxies", "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.1, 10.0.0.2"}, "203.0.113.1"},
		{"two header lines", "10.0.0.1:1", []string{"203.0.113.1", "10.0.0.2"}, "203.0.113.1"},
		{"only proxies", "10.0.0.1:1", []string{"10.0.0.3,10.0.0.2"}, "10.0.0.3"},
		{"nonsense at the end", "10.0.0.1:1", []string{"203.0.113.1, unknown"}, "10.0.0.1"},
		{"nonsense before", "10.0.0.1:1", []string{"evil, 203.0.113.1"}, "203.0.113.1"},
		{"empty", "10.0.0.1:1", []string{""}, "10.0.0.1"},
		{"IPv6", "[2001:db8::1]:1", nil, "2001:db8::1"},
		{"IPv6 proxy", "[fd00::1]:1", []string{"2001:db8::9"}, "2001:db8::9"},
		{"IPv4 within IPv6", "[::ffff:10.0.0.1]:1", []string{"203.0.113.1"}, "203.0.113.1"},
		{"no address at all", "@", []string{"203.0.113.1"}, ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = test.peer, test.forwarded
		r.Header.Set("X-Real-Ip", "192.0.2.66")
		r.Header.Set("Forwarded", "for=192.0.2.66")
		entered(web.Entry{Proxies: proxies}, r, func(_ http.ResponseWriter, r *http.Request) {
			if got := web.From(r).Address; got != test.want {
				t.Errorf("%s: %q, want %q", test.name, got, test.want)
			}
		})
	}
}

// TestStatus: each kind of error has its status; what is none is a fault of ours.
func TestStatus(t *testing.T) {
	for code, want := range map[idp.Code]int{
		idp.Invalid: 400, idp.NotFound: 404, idp.Conflict: 409, idp.Forbidden: 403, idp.TooMany: 429, idp.Internal: 500, "": 500, "other": 500,
	} {
		if got := web.Status(code); got != want {
			t.Errorf("%s: %d, want %d", code, got, want)
		}
	}
}
