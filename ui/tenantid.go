package ui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/web"
)

// tenantless are the first path segments of pages that people reach with no tenant named.
var tenantless = []string{"", "apps", "common", "organizations"}

// TenantInLink leads from an address that names no tenant, but whose query does by
// tenantid, to the same address of that tenant. It answers only what a page would, and
// reads nothing that came with it: a link from anywhere will do, and so will a form.
func (s *Site) TenantInLink(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		names, query := cutTenantID(r.URL.RawQuery)
		status := http.StatusSeeOther
		switch r.Method {
		case http.MethodGet, http.MethodHead:
		case http.MethodPost:
			status = http.StatusTemporaryRedirect // which keeps what was posted
		default:
			names = nil
		}
		if first, _ := segments(r); len(names) == 0 || !slices.Contains(tenantless, first) {
			next.ServeHTTP(w, r)
			return
		}
		s.leadOn(w, r, names, query, status)
	})
}

func (s *Site) leadOn(w http.ResponseWriter, r *http.Request, names []string, query string, status int) {
	name, ok := tenantName(names)
	if !ok {
		s.pick(w, r, "", Problem{ID: "tenant.unreadable"})
		return
	}
	tenant, err := s.Tenants.Find(r.Context(), name, web.From(r).Now)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case tenant == nil:
		s.pick(w, r, name, Problem{ID: "tenant.unknown"})
	default:
		http.Redirect(w, r, s.under(tenant, below(r), query), status)
	}
}

// cutTenantID takes tenantid out of a query, however its name is spelled; the rest stays
// as it stands.
func cutTenantID(query string) (values []string, rest string) {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if name, err := url.QueryUnescape(name); err != nil || !strings.EqualFold(name, "tenantid") {
			kept = append(kept, part)
			continue
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		values = append(values, value)
	}
	return values, strings.Join(kept, "&")
}

// tenantName is the one name that a link gives a tenant, a GUID or a domain, if it does.
func tenantName(names []string) (string, bool) {
	if len(names) != 1 {
		return "", false
	}
	name := strings.ToLower(strings.TrimSpace(names[0]))
	if idp.IsID(name) {
		return name, true
	}
	domain, err := idp.NormalDomain(name)
	return domain, err == nil
}

// segments are the first of a path and what comes after it.
func segments(r *http.Request) (first, rest string) {
	first, rest, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return first, strings.TrimSuffix(rest, "/")
}

// below is the path of a tenant that an address without one stands for.
func below(r *http.Request) string {
	switch first, rest := segments(r); {
	case first == "" || first == "apps" && rest == "":
		return ownApps
	case first == "apps":
		return ownApps + "/" + rest
	case rest == "":
		return securityInfo
	default:
		return "/" + rest
	}
}

// under is the address of a tenant's page.
func (s *Site) under(t *idp.Tenant, path, query string) string {
	if query != "" {
		query = "?" + query
	}
	return s.Base + "/" + t.Domains[0] + path + query
}
