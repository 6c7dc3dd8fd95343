package ui

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

const (
	securityInfo = "/security-info"
	passDeleted  = "pass-deleted" // the one notice there is so far
)

func (s *Site) toSecurityInfo(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, s.here(r, securityInfo), http.StatusSeeOther)
}

// visitor is who is signed in; otherwise the browser is sent to sign in and comes
// back here.
func (s *Site) visitor(w http.ResponseWriter, r *http.Request) (v signin.Visit, session *idp.Session, u *idp.User) {
	v = web.Visit(w, r)
	session, u, err := s.Signin.Current(r.Context(), v)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case session == nil:
		s.follow(w, r, v, signin.Start(nil, securityInfo, v.Now))
	}
	return v, session, u
}

func (s *Site) showSecurityInfo(w http.ResponseWriter, r *http.Request) {
	v, session, u := s.visitor(w, r)
	if session == nil {
		return
	}
	view := SecurityInfo{
		Action: s.here(r, securityInfo), SignOutAction: s.here(r, securityInfo),
		Username: u.PrincipalName, DisplayName: u.DisplayName, SessionEnds: session.NotAfter,
	}
	info, err := s.Admin.Pass(r.Context(), person(r, v, u), v.Tenant.TenantID, u.UserID)
	switch {
	case err == nil:
		view.Pass = passRow(info.Pass, info.Reason)
	case idp.ErrorCode(err) != idp.NotFound:
		s.fail(w, r, err)
		return
	case r.URL.Query().Get("done") == passDeleted: // and it is true: there is none
		view.NoticeID = passDeleted
	}
	s.Page(w, r, http.StatusOK, view)
}

func passRow(p *idp.Pass, reason idp.Usability) *PassRow {
	return &PassRow{ID: p.PassID, ValidFrom: p.StartsAt, ValidUntil: p.EndsAt(), Once: p.Once, Usability: string(reason)}
}

// changeSecurityInfo signs out, or deletes the visitor's own pass after asking.
func (s *Site) changeSecurityInfo(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	v, session, u := s.visitor(w, r)
	if session == nil {
		return
	}
	switch r.PostForm.Get("decision") {
	case "sign-out":
		s.signOut(w, r, v)
	case "delete":
		s.deletePass(w, r, v, u)
	case "":
		s.askDeletePass(w, r, v, session, u)
	default: // keep it
		s.toSecurityInfo(w, r)
	}
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request, v signin.Visit) {
	out, err := s.Signin.SignOut(r.Context(), v)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	web.DropSession(w, r)
	if frames := out.Frames(s.Base + "/" + v.Tenant.TenantID + "/v2.0"); len(frames) > 0 {
		s.SignedOutOf(w, r, frames, "")
		return
	}
	s.SignedOut(w, r, "")
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

func (s *Site) askDeletePass(w http.ResponseWriter, r *http.Request, v signin.Visit, session *idp.Session, u *idp.User) {
	info, err := s.Admin.Pass(r.Context(), person(r, v, u), v.Tenant.TenantID, u.UserID)
	if err != nil || info.Pass.PassID != r.PostForm.Get("delete") {
		s.toSecurityInfo(w, r) // gone or replaced meanwhile: show what there is
		return
	}
	s.Page(w, r, http.StatusOK, DeletePass{
		Action: s.here(r, securityInfo), Pass: passRow(info.Pass, info.Reason),
		EndsSession: slices.Contains(session.Credentials(), info.Pass.PassID),
	})
}

// deletePass deletes the pass the person was asked about, and no newer one.
func (s *Site) deletePass(w http.ResponseWriter, r *http.Request, v signin.Visit, u *idp.User) {
	err := s.Admin.DeletePass(r.Context(), person(r, v, u), v.Tenant.TenantID, u.UserID, r.PostForm.Get("delete"))
	if err != nil && idp.ErrorCode(err) != idp.NotFound {
		s.fail(w, r, err)
		return
	}
	session, _, err := s.Signin.Current(r.Context(), v)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case session == nil: // it came from the pass
		web.DropSession(w, r)
		s.SignedOut(w, r, passDeleted)
	default:
		http.Redirect(w, r, s.here(r, securityInfo+"?done="+passDeleted), http.StatusSeeOther)
	}
}

// person is who acts on the own things.
func person(r *http.Request, v signin.Visit, u *idp.User) idp.Actor {
	a := idp.Person(v.Tenant.TenantID, u)
	a.Address, a.RequestID = web.From(r).Address, web.From(r).ID
	return a
}
