package ui

import (
	"errors"
	"net/http"

	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// open reads the state of a sign-in or tells the person what is wrong with it.
func (s *Site) open(w http.ResponseWriter, r *http.Request, v signin.Visit, state string) (signin.Flow, bool) {
	f, err := s.Signin.Open(v, state)
	switch {
	case err == nil:
		return f, true
	case errors.Is(err, signin.ErrStale):
		again, err := s.Signin.Seal(v, f.Restarted(v.Now))
		if err != nil {
			s.fail(w, r, err)
			return f, false
		}
		s.ended(w, withLocales(r, f), "state.expired", "/signin?state="+again)
	default:
		s.ended(w, r, "state.foreign", "/signin")
	}
	return f, false
}

// ended tells why a sign-in cannot go on, and where to begin another.
func (s *Site) ended(w http.ResponseWriter, r *http.Request, id, again string) {
	p := Problem{ID: id}
	s.Page(w, r, p.Status(), Error{Problem: p, Time: web.From(r).Now, TryAgainURL: s.here(r, again)})
}

// follow leads to the page for the flow as it now stands.
func (s *Site) follow(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow) {
	s.lead(w, r, v, "/signin?state=", f)
}

// lead redirects to an address that ends with the sealed flow.
func (s *Site) lead(w http.ResponseWriter, r *http.Request, v signin.Visit, address string, f signin.Flow) {
	state, err := s.Signin.Seal(v, f)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, s.here(r, address+state), http.StatusSeeOther)
}

// withLocales is the request in the languages that the app asked for.
func withLocales(r *http.Request, f signin.Flow) *http.Request {
	if f.Request == nil || f.Request.UILocales == "" {
		return r
	}
	q := r.Clone(r.Context())
	values := q.URL.Query()
	values.Set("ui_locales", f.Request.UILocales)
	q.URL.RawQuery = values.Encode()
	return q
}
