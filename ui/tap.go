package ui

import (
	"net/http"
	"net/url"
	"strings"

	"latchkey/idp/web"
)

// showTap is where the QR code of a pass leads. It asks who is signing in; the
// code itself is in the fragment and never reaches the server, let alone redeems
// anything.
func (s *Site) showTap(w http.ResponseWriter, r *http.Request) {
	s.Page(w, r, http.StatusOK, Signin{Tap: true, Action: s.Base + "/tap"})
}

// answerTap leads to the sign-in page of the organization that the name's domain
// belongs to.
func (s *Site) answerTap(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	typed := strings.TrimSpace(r.PostForm.Get("username"))
	name, problem := readName(typed)
	_, domain, _ := strings.Cut(name, "@")
	if problem.ID == "" {
		tenant, err := s.Tenants.Find(r.Context(), domain, web.From(r).Now)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if tenant == nil {
			problem.ID = "tenant.unknown"
		}
	}
	if problem.ID != "" {
		s.Page(w, r, problem.Status(), Signin{Tap: true, Action: s.Base + "/tap", Username: clip(typed, 320), Problem: problem})
		return
	}
	http.Redirect(w, r, s.Base+"/"+domain+"/signin?login_hint="+url.QueryEscape(name), http.StatusSeeOther)
}
