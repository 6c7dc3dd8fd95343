package ui

import (
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"latchkey/idp/web"
)

func (s *Site) showHome(w http.ResponseWriter, r *http.Request) {
	s.Page(w, r, http.StatusOK, Home{OrganizationsURL: s.Base + "/organizations"})
}

// showOrganizations asks whose sign-in page is wanted when the address names none
// (AADSTS50059). What an app asked for is kept in the address.
func (s *Site) showOrganizations(w http.ResponseWriter, r *http.Request) {
	s.Page(w, r, http.StatusOK, Organizations{Action: r.URL.RequestURI()})
}

func (s *Site) chooseOrganization(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	q := web.From(r)
	name := strings.ToLower(strings.TrimSpace(r.PostForm.Get("tenant")))
	if _, domain, ok := strings.Cut(name, "@"); ok { // people type their address
		name = domain
	}
	tenant, err := s.Tenants.Find(r.Context(), name, q.Now)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case tenant == nil:
		p := Problem{ID: "tenant.unknown"}
		s.Page(w, r, p.Status(), Organizations{Action: r.URL.RequestURI(), Value: clip(name, 253), Problem: p})
	default:
		rest := strings.TrimSuffix(mux.Vars(r)["rest"], "/")
		if rest == "" {
			rest = securityInfo
		}
		if r.URL.RawQuery != "" {
			rest += "?" + r.URL.RawQuery
		}
		http.Redirect(w, r, s.Base+"/"+tenant.Domains[0]+rest, http.StatusSeeOther)
	}
}
