package ui

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

func (s *Site) showHome(w http.ResponseWriter, r *http.Request) {
	s.Page(w, r, http.StatusOK, Home{OrganizationsURL: s.Base + "/organizations"})
}

// showOrganizations asks whose sign-in page is wanted when the address names none
// (AADSTS50059). What an app asked for is kept in the address.
func (s *Site) showOrganizations(w http.ResponseWriter, r *http.Request) {
	s.pick(w, r, "", Problem{})
}

func (s *Site) chooseOrganization(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	name := strings.ToLower(strings.TrimSpace(r.PostForm.Get("tenant")))
	_, domain, address := strings.Cut(name, "@") // people type their address
	if address {
		name = domain
	}
	tenant, err := s.Tenants.Find(r.Context(), name, web.From(r).Now)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case tenant == nil && address && isDomain(domain):
		// Whoever is at home elsewhere is a guest, if anything: what they typed leads no
		// further, and it is the same for all.
		s.pick(w, r, "", Problem{ID: "guest.elsewhere"})
	case tenant == nil:
		s.pick(w, r, clip(name, 253), Problem{ID: "tenant.unknown"})
	default:
		http.Redirect(w, r, s.under(tenant, below(r), r.URL.RawQuery), http.StatusSeeOther)
	}
}

func isDomain(s string) bool {
	_, err := idp.NormalDomain(s)
	return err == nil
}

// pick draws the page, with what was typed and what is wrong.
func (s *Site) pick(w http.ResponseWriter, r *http.Request, typed string, p Problem) {
	_, query := cutTenantID(r.URL.RawQuery)
	recent, err := s.recent(r, query)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	path := strings.TrimSuffix(r.URL.EscapedPath(), "/")
	if path == "" {
		path = ownApps
	}
	if query != "" {
		path += "?" + query
	}
	s.Page(w, r, p.Status(), Organizations{Action: path, Value: typed, Problem: p, Recent: recent})
}

// maxRecent is how many organizations are offered.
const maxRecent = 8

// recent are the organizations that somebody signed in at in this browser before, by name,
// as its cookies show. Nothing of theirs is read but that there was a sign-in.
func (s *Site) recent(r *http.Request, query string) (list []OrganizationLink, err error) {
	q := web.From(r)
	for _, k := range web.KnownIn(r) {
		t, err := s.Tenants.Find(r.Context(), k.TenantID, q.Now)
		switch {
		case err != nil:
			return nil, err
		case t != nil && s.Signin.Remembers(signin.Visit{Now: q.Now, Tenant: t, Known: k.Value}):
			list = append(list, OrganizationLink{ID: t.TenantID, Name: t.Name, URL: s.under(t, below(r), query)})
		}
	}
	slices.SortFunc(list, func(a, b OrganizationLink) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
	})
	return list[:min(len(list), maxRecent)], nil
}
