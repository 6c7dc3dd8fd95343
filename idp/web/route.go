package web

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"
)

// Route adds a route for a path below /{tenant}. The router runs a regular
// expression for every route that it tries, which for the last ones cost more than
// many an answer; comparing the end of the path first leaves it only the right one's.
func Route(r *mux.Router, path string, handler http.HandlerFunc) *mux.Route {
	ends := func(r *http.Request, _ *mux.RouteMatch) bool { return strings.HasSuffix(r.URL.Path, path) }
	return r.MatcherFunc(ends).Path("/{tenant}" + path).HandlerFunc(handler)
}
