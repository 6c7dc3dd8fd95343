package ui

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

const newPass = "/admin/passes/new"

// AdminPass is the form by which an administrator gives a pass: fields username,
// starts (in UTC), lifetime (in minutes), once, reason and slip_user_name. The answer
// is drawn at once and never redirected to, as the code is shown that one time; State
// makes it count once (admin.Service.CreatePass), however often a browser sends it.
type AdminPass struct {
	Action, State    string
	BackURL          string // of security info
	Username         string // all as typed
	Starts, Lifetime string
	Once             bool
	Reason           string
	SlipUsername     bool
	Problem          Problem
	Refusal          string // in place of a Problem: what the use case said
	Wrong            string // name of the field to change, where it is one
}

// PageName implements View.
func (AdminPass) PageName() string { return "admin-pass" }

// AdminPassGiven shows a new pass, once.
type AdminPassGiven struct {
	Slip        Slip
	DisplayName string
	Username    string
	Blocked     bool // by the policy, at present
	AgainURL    string
}

// PageName implements View.
func (AdminPassGiven) PageName() string { return "admin-pass-given" }

// AdminPassWaits says that a second administrator is asked; its form asks for the same
// pass again.
type AdminPassWaits struct {
	Form        AdminPass
	DisplayName string
	Until       time.Time
}

// PageName implements View.
func (AdminPassWaits) PageName() string { return "admin-pass-waits" }

// administrator is who is signed in, if they may give passes.
func (s *Site) administrator(w http.ResponseWriter, r *http.Request) (v signin.Visit, a idp.Actor, ok bool) {
	v, session, u := s.visitorAt(w, r, newPass)
	if session == nil {
		return v, a, false
	}
	a = person(r, v, session, u)
	switch err := s.Admin.MayCreatePass(r.Context(), a, v.Tenant.TenantID); {
	case err == nil:
		return v, a, true
	case idp.ErrorCode(err) == idp.Forbidden:
		s.Problem(w, r, "newpass.role")
	default:
		s.fail(w, r, err)
	}
	return v, a, false
}

func (s *Site) showNewPass(w http.ResponseWriter, r *http.Request) {
	if v, _, ok := s.administrator(w, r); ok {
		s.formPage(w, r, v, http.StatusOK, AdminPass{SlipUsername: true})
	}
}

// formPage draws the form, as good for one more pass.
func (s *Site) formPage(w http.ResponseWriter, r *http.Request, v signin.Visit, status int, form AdminPass) {
	if s.readied(w, r, v, &form) {
		s.Page(w, r, status, form)
	}
}

// readied gives a form its address and a new state, which is that of a sign-in that
// leads here: bound to the browser, and over after a while.
func (s *Site) readied(w http.ResponseWriter, r *http.Request, v signin.Visit, form *AdminPass) bool {
	state, err := s.Signin.Seal(v, signin.Start(nil, newPass, v.Now))
	if err != nil {
		s.fail(w, r, err)
		return false
	}
	form.Action, form.State, form.BackURL = s.here(r, newPass), state, s.here(r, securityInfo)
	return true
}

// answerNewPass gives the pass. A state that was open longer than the marks of spent
// ones are kept is refused, so that none counts twice.
func (s *Site) answerNewPass(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	v, a, ok := s.administrator(w, r)
	if !ok {
		return
	}
	form := formOf(r.PostForm)
	f, err := s.Signin.Open(v, form.State)
	if err != nil || f.Return != newPass {
		s.refuse(w, r, v, form, Problem{ID: "newpass.stale"})
		return
	}
	name, request, problem := form.read()
	if problem.ID != "" {
		s.refuse(w, r, v, form, problem)
		return
	}
	info, code, err := s.Admin.CreatePass(r.Context(), a, v.Tenant.TenantID, name, request)
	switch {
	case err != nil:
		s.notGiven(w, r, v, form, err)
	case info.Approval != nil:
		s.showWaits(w, r, v, form, info)
	default:
		s.Page(w, r, http.StatusOK, AdminPassGiven{
			Slip:        NewSlip(s.Base, v.Tenant, info.User, info.Pass, code, form.SlipUsername),
			DisplayName: info.User.DisplayName, Username: info.User.PrincipalName,
			Blocked: info.Reason == idp.DisabledByPolicy, AgainURL: s.here(r, newPass),
		})
	}
}

// formOf is what was sent.
func formOf(sent url.Values) AdminPass {
	typed := func(name string) string { return strings.TrimSpace(clip(sent.Get(name), 4096)) }
	return AdminPass{
		State: sent.Get("state"), Username: typed("username"), Starts: typed("starts"), Lifetime: typed("lifetime"),
		Once: sent.Get("once") != "", Reason: typed("reason"), SlipUsername: sent.Get("slip_user_name") != "",
	}
}

// read is the form as a request, or what cannot be read of it. What is left empty is as
// the policy says.
func (v AdminPass) read() (name string, req idp.PassRequest, p Problem) {
	name, p = readName(v.Username)
	if p.ID != "" {
		return "", req, p
	}
	req.Reason, req.Form = v.Reason, v.State
	var err error
	if v.Starts != "" {
		// Browsers leave out seconds that are none.
		if req.StartsAt, err = time.Parse("2006-01-02T15:04", v.Starts); err != nil {
			req.StartsAt, err = time.Parse("2006-01-02T15:04:05", v.Starts)
		}
		if err != nil {
			return "", req, Problem{ID: "newpass.starts"}
		}
	}
	if v.Lifetime != "" {
		if req.Lifetime, err = strconv.Atoi(v.Lifetime); err != nil || req.Lifetime == 0 { // 0 would be the policy's
			return "", req, Problem{ID: "newpass.lifetime"}
		}
	}
	if v.Once {
		req.Once = &v.Once
	}
	return name, req, p
}

// notGiven says on the form why there is no pass.
func (s *Site) notGiven(w http.ResponseWriter, r *http.Request, v signin.Visit, form AdminPass, err error) {
	bounds, beyond := errors.AsType[*idp.LifetimeError](err)
	switch code := idp.ErrorCode(err); {
	case beyond:
		s.refuse(w, r, v, form, Problem{ID: "newpass.bounds", Least: bounds.Least, Greatest: bounds.Greatest})
	case errors.Is(err, admin.ErrSentBefore):
		s.refuse(w, r, v, form, Problem{ID: "newpass.sent"})
	case code == idp.Forbidden:
		s.refuse(w, r, v, form, Problem{ID: "newpass.forbidden"})
	case code == idp.Internal:
		s.fail(w, r, err)
	default: // in the words that other software matches on
		form.Refusal = err.Error()
		if code == idp.NotFound {
			form.Wrong = "username"
		}
		s.formPage(w, r, v, web.Status(code), form)
	}
}

// refuse shows the form with a problem, and with what was typed.
func (s *Site) refuse(w http.ResponseWriter, r *http.Request, v signin.Visit, form AdminPass, p Problem) {
	form.Problem, form.Wrong = p, wrongField[p.ID]
	s.formPage(w, r, v, p.Status(), form)
}

// wrongField is what to change about a problem.
var wrongField = map[string]string{
	"username.empty": "username", "username.invalid": "username", "newpass.forbidden": "username",
	"newpass.starts": "starts", "newpass.lifetime": "lifetime", "newpass.bounds": "lifetime",
}

func (s *Site) showWaits(w http.ResponseWriter, r *http.Request, v signin.Visit, form AdminPass, info admin.PassInfo) {
	if s.readied(w, r, v, &form) {
		s.Page(w, r, http.StatusAccepted, AdminPassWaits{
			Form: form, DisplayName: cmp.Or(info.User.DisplayName, info.User.PrincipalName), Until: info.Approval.Ends,
		})
	}
}
