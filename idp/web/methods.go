package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Methods is what answers at one path, by HTTP method. The router's own way to
// tell methods apart would answer all others with 404, since protocol and pages
// lie below the same prefix.
type Methods map[string]http.HandlerFunc

// Or serves the methods there are and leaves any other to refuse, with Allow
// set (RFC 9110 15.5.6).
func (m Methods) Or(refuse http.HandlerFunc) http.HandlerFunc {
	allowed := strings.Join(slices.Sorted(maps.Keys(m)), ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		if handler := m[r.Method]; handler != nil {
			handler(w, r)
			return
		}
		w.Header().Set("Allow", allowed)
		refuse(w, r)
	}
}

// Readable are the methods of what is only looked at.
func Readable(handler http.HandlerFunc) Methods {
	return Methods{http.MethodGet: handler, http.MethodHead: handler}
}
