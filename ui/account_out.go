package ui

import (
	"net/http"
	"strings"

	"latchkey/idp/signin"
	"latchkey/idp/web"
)

func (s *Site) signOut(w http.ResponseWriter, r *http.Request, v signin.Visit) { s.out(w, r, v, "") }

// out ends the visitor's session and tells the apps that want the browser to.
func (s *Site) out(w http.ResponseWriter, r *http.Request, v signin.Visit, notice string) {
	out, err := s.Signin.SignOut(r.Context(), v)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	web.DropSession(w, r)
	next := s.SignOutElsewhere(r, v, out.Session, "")
	switch frames := out.Frames(s.issuer(v.Tenant)); {
	case len(frames) > 0 && next != "":
		s.SignedOutOf(w, r, frames, next)
	case len(frames) > 0:
		s.Page(w, r, http.StatusOK, SignedOutOf{NoticeID: notice, Frames: frames, AgainURL: s.here(r, securityInfo)})
	case next != "":
		http.Redirect(w, r, next, http.StatusSeeOther)
	default:
		s.SignedOut(w, r, notice)
	}
}

// SignedOut says that the session is over, and with a notice what ended it.
func (s *Site) SignedOut(w http.ResponseWriter, r *http.Request, notice string) {
	s.Page(w, r, http.StatusOK, SignedOut{NoticeID: notice, AgainURL: s.here(r, securityInfo)})
}

// SignedOutOf says so too, and tells the apps, each at its address; then it goes on
// to next, if that is not empty.
func (s *Site) SignedOutOf(w http.ResponseWriter, r *http.Request, frames []string, next string) {
	where, _, _ := strings.Cut(next, "?")
	s.Page(w, r, http.StatusOK, SignedOutOf{
		Frames: frames, Next: next, NextHost: hostOf(where), AgainURL: s.here(r, securityInfo),
	})
}

func (s *Site) showEverywhere(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.holderAt(w, r, everywhere); ok {
		s.Page(w, r, http.StatusOK, SignOutEverywhere{Action: s.here(r, everywhere)})
	}
}

// answerEverywhere ends all sessions of the person, this one too.
func (s *Site) answerEverywhere(w http.ResponseWriter, r *http.Request) {
	h, ok := s.sent(w, r, everywhere)
	if !ok {
		return
	}
	if r.PostForm.Get("decision") != "sign-out" {
		s.toSecurityInfo(w, r)
		return
	}
	if _, err := s.Admin.RevokeSessions(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID); err != nil {
		s.fail(w, r, err)
		return
	}
	s.out(w, r, h.Visit, signedOutAll)
}
