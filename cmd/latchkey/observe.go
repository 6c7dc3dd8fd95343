package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gorilla/mux"
)

// routeKey finds the *string in which nameRoute notes the route.
type routeKey struct{}

// otherRoute counts what no route matched, so that strangers cannot make labels.
const otherRoute = "other"

// nameRoute is middleware of the router inside of observed: it notes the
// template of the route, the only part of a path with few values.
func nameRoute(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name, ok := r.Context().Value(routeKey{}).(*string); ok {
			if route := mux.CurrentRoute(r); route != nil {
				template, err := route.GetPathTemplate()
				if given := route.GetName(); given != "" { // the admin API has one for all
					template, err = given, nil
				}
				if err == nil {
					*name = template
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// observed counts and logs every request that next answers. Query and body hold
// secrets and stay out of the log. Requests are many and the sign-in log tells
// what matters, so that only faults of ours stand above debug.
func observed(next http.Handler, m *metrics, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, route := time.Now(), otherRoute
		rec := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), routeKey{}, &route)))
		took := time.Since(start)
		m.observe(route, rec.status, took)
		level := slog.LevelDebug
		if rec.status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		if log.Enabled(r.Context(), level) {
			log.Log(r.Context(), level, "request", "request_id", w.Header().Get("X-Request-Id"),
				"method", r.Method, "path", r.URL.Path, "route", route, "status", rec.status, "duration_ms", float64(took.Microseconds())/1000)
		}
	})
}

// statusRecorder remembers the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

// WriteHeader remembers the final status, not an informational one before it.
func (s *statusRecorder) WriteHeader(status int) {
	if !s.wrote && status >= http.StatusOK {
		s.status, s.wrote = status, true
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write sends the status that was not written before it.
func (s *statusRecorder) Write(b []byte) (int, error) {
	s.wrote = true
	return s.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
