// Package web is what every HTTP adapter shares: the request as the deployment
// sees it (tenant, time, id, address), the cookies of a browser, limits on input,
// and recovery. It knows no page and no protocol.
package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"latchkey/idp"
)

// MaxBody is the most an adapter reads of a request, in bytes; MaxLargeBody where Entry
// says so.
const (
	MaxBody      = 64 << 10
	MaxLargeBody = 1 << 20
)

// Request is what does not depend on the route. It is made once per request, so
// that all of it happens at one time.
type Request struct {
	ID      string
	Now     time.Time
	Address string      // of the client, as seen through the trusted proxy
	Tenant  *idp.Tenant // nil outside of tenant routes
}

type contextKey struct{}

// From is the Request that Enter made; outside of Enter it is the zero Request.
func From(r *http.Request) *Request {
	if q, ok := r.Context().Value(contextKey{}).(*Request); ok {
		return q
	}
	return &Request{}
}

// Unauthenticated is why a request to the admin API is not let in.
type Unauthenticated struct {
	Message   string
	Challenge string // what WWW-Authenticate says beside Bearer, "" for nothing
}

func (e *Unauthenticated) Error() string { return e.Message }

// Entry is the outermost handler's configuration.
type Entry struct {
	Now     func() time.Time
	Proxies []netip.Prefix // whose X-Forwarded-For is believed; nothing else of theirs is
	Log     *slog.Logger
	Large   func(*http.Request) bool // whose bodies may have MaxLargeBody
	// Panicked answers a request whose handler panicked, TooLarge one that announces
	// a body over its bound.
	Panicked, TooLarge http.HandlerFunc
}

func (e Entry) bound(r *http.Request) int64 {
	if e.Large != nil && e.Large(r) {
		return MaxLargeBody
	}
	return MaxBody
}

// Enter gives each request its id, time and address, bounds its body, and keeps a
// panic from doing more than ending the request.
func (e Entry) Enter(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &Request{ID: idp.NewID(), Now: e.Now(), Address: clientAddress(r, e.Proxies)}
		w.Header().Set("X-Request-Id", q.ID)
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, e.bound(r))
		}
		r = r.WithContext(context.WithValue(r.Context(), contextKey{}, q))
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				e.Log.Error("panic", "request_id", q.ID, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				e.Panicked(w, r)
			}
		}()
		if r.ContentLength > e.bound(r) { // else the connection would wait for all of it
			w.Header().Set("Connection", "close")
			e.TooLarge(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// clientAddress is the peer, or, if the peer is a trusted proxy, the nearest
// address in X-Forwarded-For that is not one.
func clientAddress(r *http.Request, proxies []netip.Prefix) string {
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && trusted(peer, proxies); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = hop.String()
	}
	return peer
}

func trusted(address string, proxies []netip.Prefix) bool {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, p := range proxies {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// Status is the HTTP status of an error's kind.
func Status(code idp.Code) int {
	switch code {
	case idp.Invalid:
		return http.StatusBadRequest
	case idp.NotFound:
		return http.StatusNotFound
	case idp.Conflict:
		return http.StatusConflict
	case idp.Forbidden:
		return http.StatusForbidden
	case idp.TooMany:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}
