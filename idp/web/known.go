package web

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
)

// Known is what a browser shows of having signed in at a tenant before. Anybody can make
// one up: signin.Service.Remembers tells.
type Known struct{ TenantID, Value string }

// maxShown bounds the tenants that one request can have looked up.
const maxShown = 32

// KnownIn is all that a browser shows of that kind, once a tenant.
func KnownIn(r *http.Request) (list []Known) {
	for _, c := range r.Cookies() {
		id, ok := strings.CutPrefix(c.Name, knownCookie)
		if !ok || !idp.IsID(id) || slices.ContainsFunc(list, func(k Known) bool { return k.TenantID == id }) {
			continue
		}
		if list = append(list, Known{id, c.Value}); len(list) == maxShown {
			break
		}
	}
	return list
}
