package ui

import (
	"net/http"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/web"
)

// The page of a tenant's apps, and the link to each.
const (
	ownApps = "/apps"
	appLink = ownApps + "/{app}"
)

// showApps lists what the person can open.
func (s *Site) showApps(w http.ResponseWriter, r *http.Request) {
	h, ok := s.holderAt(w, r, ownApps)
	if !ok {
		return
	}
	apps, more, err := s.Signin.Apps(r.Context(), h.Visit)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := Apps{SecurityInfoURL: s.here(r, securityInfo), Username: h.user.SignInName(), DisplayName: h.user.DisplayName, More: more}
	for _, c := range apps {
		v.Rows = append(v.Rows, AppRow{ID: c.ClientID, Name: c.Name, Host: hostOf(c.LaunchURI()), URL: s.here(r, ownApps+"/"+c.ClientID)})
	}
	s.Page(w, r, http.StatusOK, v)
}

// openApp leads to an app, at an address that it registered. Nobody has to be signed in:
// the app sends people here for that, to this tenant.
func (s *Site) openApp(w http.ResponseWriter, r *http.Request) {
	v := web.Visit(w, r)
	c, err := s.Signin.App(r.Context(), v, mux.Vars(r)["app"])
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if c == nil {
		s.Problem(w, r, "app.unknown")
		return
	}
	_, u, err := s.Signin.Current(r.Context(), v)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name := ""
	if u != nil {
		name = u.SignInName()
	}
	to := c.Launch(s.issuer(v.Tenant), name)
	if to == "" {
		s.Problem(w, r, "app.nowhere")
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// issuer is what apps know a tenant by, however it was reached.
func (s *Site) issuer(t *idp.Tenant) string { return s.Base + "/" + t.TenantID + "/v2.0" }
