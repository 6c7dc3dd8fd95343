package ui

import (
	"cmp"
	"net/http"
	"strings"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// register hands on what the person's browser made. What comes of it is shown after a
// redirect, which also issues what an app waits for.
func (s *Site) register(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow) {
	v.Quiet = !s.wrong.Open(v.Address, v.Now) // others behind the address do not close the window of a one-time pass
	a := answer(r.PostForm)
	a["name"] = cmp.Or(clip(strings.TrimSpace(a["name"]), idp.MaxName), s.deviceName(r))
	out, err := s.Signin.Register(r.Context(), v, f, a)
	switch {
	case err != nil:
		s.stopped(w, r, err)
	case out.Problem == nil:
		s.follow(w, r, v, out.Flow)
	default:
		s.wrong.Allow(v.Address, v.Now)
		s.registerAgain(w, r, v, out)
	}
}

// registerAgain asks once more if there still is time. Nothing but the decision is made
// here: looking where the flow leads could give an app what its person does not see.
func (s *Site) registerAgain(w http.ResponseWriter, r *http.Request, v signin.Visit, out signin.Outcome) {
	d, err := s.Signin.Where(r.Context(), v, out.Flow)
	switch {
	case err != nil:
		s.stopped(w, r, err)
	case d.Step == idp.EnrolStep:
		s.follow(w, r, v, out.Flow)
	default:
		s.goOn(w, r, v, out.Flow, problemOf(out.Problem, v.Now))
	}
}

// notRegistered tells why nothing can be registered, and leads back to where the person
// wanted to register it, or on to where they were going.
func (s *Site) notRegistered(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow, p Problem) {
	if f.Enrol == "" {
		s.goOn(w, r, v, f, p)
		return
	}
	s.Page(w, r, p.Status(), Error{Problem: p, Time: v.Now, TryAgainURL: s.here(r, f.Return), Onward: true})
}

// goOn is an error page that leads on with the flow.
func (s *Site) goOn(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow, p Problem) {
	f.Problem = nil
	state, err := s.Signin.Seal(v, f)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.Page(w, r, p.Status(), Error{
		Problem: p, Time: v.Now, TryAgainURL: s.here(r, "/signin?state="+state), Onward: p.ID != "enrol.late",
	})
}

// later goes on without a registration. Who came for one goes back.
func (s *Site) later(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow) {
	if f.Enrol != "" {
		http.Redirect(w, r, s.here(r, f.Return), http.StatusSeeOther)
		return
	}
	f, err := s.Signin.Later(r.Context(), v, f)
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	s.follow(w, r, v, f)
}

// onward goes on with the session as it is, after a registration or without the proof that
// was offered after one.
func (s *Site) onward(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow) {
	f = f.Onward()
	f.Prove = ""
	s.follow(w, r, v, f)
}

// addMethod asks for a passkey to be made.
func (s *Site) addMethod(r *http.Request, c common, out signin.Outcome) View {
	view := AddMethod{
		Action: c.action, State: c.state, SignOutAction: s.here(r, securityInfo), AppName: c.app, AppLinks: c.links,
		Username: out.User.SignInName(), Options: out.Prompt.Fields["options"], Name: s.deviceName(r),
		Must: out.Decision.Must, Device: out.Device, Window: out.Session.Window(), By: out.By, Problem: c.problem,
	}
	if out.Session.Bounded() {
		view.Ends = out.Session.NotAfter
	}
	return view
}

func methodAdded(c common, out signin.Outcome) View {
	view := MethodAdded{
		Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links,
		Username: out.User.SignInName(), Ends: out.Session.NotAfter,
	}
	if out.New != nil { // else removed meanwhile
		view.Name = out.New.Name
	}
	return view
}

// TooLarge answers what is larger than a page takes. It may have been somebody's
// registration, of which the log then tells.
func (s *Site) TooLarge(w http.ResponseWriter, r *http.Request) {
	if err := s.logTooLarge(w, r); err != nil {
		s.fail(w, r, err)
		return
	}
	s.Refuse("toolarge")(w, r)
}

// logTooLarge also finds the tenant, which is not known yet of a body that is refused
// before anybody looks whose it is.
func (s *Site) logTooLarge(w http.ResponseWriter, r *http.Request) (err error) {
	q := web.From(r)
	name, ok := strings.CutSuffix(strings.Trim(r.URL.Path, "/"), "/signin")
	if r.Method != http.MethodPost || !ok {
		return nil
	}
	if q.Tenant == nil {
		q.Tenant, err = s.Tenants.Find(r.Context(), name, q.Now)
	}
	if q.Tenant == nil || err != nil {
		return err
	}
	v := web.Visit(w, r)
	if v.Session == "" || !s.wrong.Allow(v.Address, v.Now) {
		return nil
	}
	return s.Signin.TooLarge(r.Context(), v)
}
