package ui

import (
	"context"
	"net/http"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// The pages of a person's own things.
const (
	securityInfo = "/security-info"
	ownPasskey   = securityInfo + "/passkeys/{id:" + guid + "}"
	ownDevice    = securityInfo + "/authenticators/{id:" + guid + "}"
	ownPassword  = securityInfo + "/password"
	ownSignIns   = securityInfo + "/sign-ins"
	ownCleanUp   = securityInfo + "/clean-up"
	everywhere   = securityInfo + "/sign-out-everywhere"

	guid = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)

func (s *Site) toSecurityInfo(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, s.here(r, securityInfo), http.StatusSeeOther)
}

// visitorAt is who is signed in; otherwise the browser is sent to sign in and comes back
// to the page with that path.
func (s *Site) visitorAt(w http.ResponseWriter, r *http.Request, path string) (v signin.Visit, session *idp.Session, u *idp.User) {
	v = web.Visit(w, r)
	session, u, err := s.Signin.Current(r.Context(), v)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case session == nil:
		s.follow(w, r, v, signin.Start(nil, path, v.Now))
	}
	return v, session, u
}

// person is who acts on the own things.
func person(r *http.Request, v signin.Visit, session *idp.Session, u *idp.User) idp.Actor {
	a := idp.Person(v.Tenant.TenantID, u).By(session, v.Now)
	a.Address, a.RequestID = web.From(r).Address, web.From(r).ID
	return a
}

// holder is a person at a page of their own things.
type holder struct {
	signin.Visit
	path    string // of the page
	session *idp.Session
	user    *idp.User
	actor   idp.Actor
}

// holderAt is the visitor of a page.
func (s *Site) holderAt(w http.ResponseWriter, r *http.Request, path string) (h holder, ok bool) {
	v, session, u := s.visitorAt(w, r, path)
	if session == nil {
		return h, false
	}
	return holder{v, path, session, u, person(r, v, session, u)}, true
}

// sent is holderAt for a form.
func (s *Site) sent(w http.ResponseWriter, r *http.Request, path string) (h holder, ok bool) {
	if !s.readForm(w, r) {
		return h, false
	}
	return s.holderAt(w, r, path)
}

// held is what somebody holds.
func (s *Site) held(ctx context.Context, h holder) (admin.Methods, error) {
	return s.Admin.Methods(ctx, h.actor, h.Tenant.TenantID, h.user.UserID)
}

// strong tells whether the person may change their methods now. If not, they are sent to
// prove more first, and come back to the page.
func (s *Site) strong(w http.ResponseWriter, r *http.Request, h holder) bool {
	if h.session.Strong(h.Now) {
		return true
	}
	s.stepUp(w, r, h)
	return false
}

// stepUp leads to a strong proof and back to the page. Who holds nothing to give one with
// is told so, instead of being led in a circle.
func (s *Site) stepUp(w http.ResponseWriter, r *http.Request, h holder) {
	held, err := s.held(r.Context(), h)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case !held.MFA():
		p := Problem{ID: "stepup.none"}
		s.Page(w, r, p.Status(), Error{Problem: p, Time: h.Now, TryAgainURL: s.here(r, securityInfo), Back: true})
	default:
		f := signin.Start(nil, h.path, h.Now).Stronger()
		f.Later = true // they have come for something else
		s.follow(w, r, h.Visit, f)
	}
}

// did goes back to security info with a notice of what was done. If the session was over
// with it, that is told.
func (s *Site) did(w http.ResponseWriter, r *http.Request, h holder, notice string) {
	left, _, err := s.Signin.Current(r.Context(), h.Visit)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case left == nil:
		web.DropSession(w, r)
		s.SignedOut(w, r, notice)
	default:
		http.Redirect(w, r, s.here(r, securityInfo+"?done="+notice), http.StatusSeeOther)
	}
}
