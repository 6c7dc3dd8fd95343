package ui

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// showSignin shows where a sign-in stands. What a person answers leads back here
// by a redirect, so that going back or reloading sends nothing twice. Drawn at once
// are the answers that changed nothing (a name that cannot be one, an empty field) and
// the page that sends its form on to an app.
func (s *Site) showSignin(w http.ResponseWriter, r *http.Request) {
	v := web.Visit(w, r)
	f := signin.Start(nil, securityInfo, v.Now).Hinted(r.URL.Query().Get("login_hint")).At(r.URL.Query().Get("domain_hint"))
	if state := r.URL.Query().Get("state"); state != "" {
		var ok bool
		if f, ok = s.open(w, r, v, state); !ok {
			return
		}
		r = withLocales(r, f)
	}
	out, err := s.Signin.Look(r.Context(), v, f)
	switch {
	case err != nil:
		s.stopped(w, r, err)
	case r.URL.Query().Has("other") && out.Decision.Step == idp.Ask:
		s.showOtherWays(w, r, v, out)
	default:
		s.show(w, r, v, out, out.Flow.Username, problemOf(out.Problem, v.Now))
	}
}

// answerSignin takes what the person pressed or typed: exactly one of the stable
// field names says what it is.
func (s *Site) answerSignin(w http.ResponseWriter, r *http.Request) {
	switch id := formProblem(r); {
	case id == "toolarge":
		s.TooLarge(w, r)
		return
	case id != "":
		s.Problem(w, r, id)
		return
	}
	v := web.Visit(w, r)
	f, ok := s.open(w, r, v, r.PostForm.Get("state"))
	if !ok {
		return
	}
	s.press(w, withLocales(r, f), v, f)
}

// press does what the field stands for that was sent.
func (s *Site) press(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow) {
	form := r.PostForm
	switch {
	case form.Has("decision"):
		s.decide(w, r, v, f, form.Get("decision") == "allow")
	case form.Has("other"):
		s.lead(w, r, v, "/signin?other=yes&state=", f)
	case form.Has("method"):
		s.turn(w, r, v, f, f.WithMethod(idp.Kind(form.Get("method"))))
	case form.Has("change"), form.Get("account") == "other":
		s.turn(w, r, v, f, f.WithUser(""))
	case form.Get("account") == "continue":
		s.follow(w, r, v, f.WithAccount())
	case form.Get("enrol") == string(idp.AuthenticatorMethod):
		s.enrolDevice(w, r, v, f)
	case form.Has("attestation"):
		s.register(w, r, v, f)
	case form.Has("send"):
		s.send(w, r, v, f)
	case form.Has("invitation"):
		s.redeem(w, r, v, f, form.Get("invitation") == "accept")
	case form.Has("later"):
		s.later(w, r, v, f)
	case form.Has("use-new"):
		s.follow(w, r, v, f.Proving(idp.PasskeyMethod))
	case form.Has("onward"):
		s.onward(w, r, v, f)
	case f.Unnamed && form.Get("assertion") == "":
		s.identify(w, r, v, f, strings.TrimSpace(form.Get("username")))
	case s.Signin.Elsewhere(f): // which a form does not answer
		s.follow(w, r, v, f)
	case f.Challenge != "" && form.Has("code") && noCode(f, form.Get("code")) != "":
		s.lookAgain(w, r, v, f, f.Username, Problem{ID: noCode(f, form.Get("code"))})
	case f.Challenge != "" && form.Has("password") && form.Get("password") == "":
		s.lookAgain(w, r, v, f, f.Username, Problem{ID: "password.empty"}) // no answer, so no try
	case f.Challenge != "":
		s.judge(w, r, v, f, answer(r.PostForm))
	default:
		s.identify(w, r, v, f, strings.TrimSpace(form.Get("username")))
	}
}

// turn goes another way than the flow did so far.
func (s *Site) turn(w http.ResponseWriter, r *http.Request, v signin.Visit, from, to signin.Flow) {
	if err := s.Signin.Withdraw(r.Context(), v, from); err != nil {
		s.fail(w, r, err)
		return
	}
	s.follow(w, r, v, to)
}

// identify takes the user name. Whether anybody has it makes no difference here.
func (s *Site) identify(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow, name string) {
	normal, problem := readName(name)
	if problem.ID == "" {
		s.follow(w, r, v, f.WithUser(normal))
		return
	}
	s.lookAgain(w, r, v, f.WithUser(""), clip(name, 320), problem)
}

// lookAgain draws where the flow stands with what is wrong with what was typed.
func (s *Site) lookAgain(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow, name string, problem Problem) {
	out, err := s.Signin.Look(r.Context(), v, f)
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	s.show(w, r, v, out, name, problem)
}

// readName is a user name in its normal form, or what is wrong with it.
func readName(typed string) (string, Problem) {
	if typed == "" {
		return "", Problem{ID: "username.empty"}
	}
	name, err := idp.NormalName(typed)
	if err != nil {
		return "", Problem{ID: "username.invalid"}
	}
	return name, Problem{}
}

// judge hands the answer on and shows what follows from it.
func (s *Site) judge(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow, a idp.Answer) {
	release, open := s.hold(v.Address, v.Now, f)
	defer release()
	switch {
	case open:
	case s.Signin.Unguessable(f) && !s.Signin.Elsewhere(f): // holding it back would protect nobody
		v.Quiet = true
	default:
		// Who signed in here before is not shut out by others behind the same
		// address: the throttle of that user in this browser bounds the answers, and
		// where there is none, what the browser itself gets wrong.
		yes, err := s.Signin.Knows(r.Context(), v, f)
		release, open := s.hold(v.Known, v.Now, f)
		defer release()
		if err != nil || !yes || !open {
			s.follow(w, r, v, f.WithProblem(signin.Pause(v.Now, time.Minute)))
			return
		}
	}
	out, err := s.Signin.Answer(r.Context(), v, f, a)
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	if out.Problem != nil && out.Problem.Text == "number.waiting" { // nothing was wrong with it
		s.follow(w, r, v, out.Flow)
		return
	}
	if out.Problem != nil {
		s.wrong.Allow(v.Address, v.Now)
		if s.Signin.Elsewhere(f) && v.Known != "" {
			s.wrong.Allow(v.Known, v.Now)
		}
		s.follow(w, r, v, out.Flow)
		return
	}
	web.Keep(w, r, out)
	s.next(w, r, v, out)
}

// hold tells whether an address, or a browser, may send another answer. Where a provider is asked
// about it, that takes a while.
func (s *Site) hold(key string, now time.Time, f signin.Flow) (release func(), open bool) {
	if !s.Signin.Elsewhere(f) {
		return func() {}, s.wrong.Open(key, now)
	}
	return s.wrong.Hold(key, now)
}

func (s *Site) decide(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow, allow bool) {
	out, err := s.Signin.Decide(r.Context(), v, f, allow)
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	s.next(w, r, v, out)
}

// next goes on after an answer: away, if nothing is left to ask, else to the next
// page by a redirect.
func (s *Site) next(w http.ResponseWriter, r *http.Request, v signin.Visit, out signin.Outcome) {
	switch out.Decision.Step {
	case idp.Issue, idp.Refuse:
		s.leave(w, r, v, out)
	default:
		s.follow(w, r, v, out.Flow)
	}
}

// leave ends a sign-in: back to the client, to the device's last page, or to the
// page of ours where it began.
func (s *Site) leave(w http.ResponseWriter, r *http.Request, v signin.Visit, out signin.Outcome) {
	switch {
	case out.Flow.Visiting != nil && out.Decision.Step == idp.Issue:
		s.goBack(w, r, v, out)
	case out.Flow.Device != "":
		s.toDeviceDone(w, r, v, out)
	case out.Flow.Request != nil:
		s.Respond(w, r, out)
	case out.Decision.Step == idp.Refuse && out.Decision.STS == idp.ConsentDeclined:
		p := Problem{ID: "invitation.declined"}
		s.Page(w, r, p.Status(), Error{Problem: p, Time: v.Now})
	case out.Flow.Onto != "" && out.Decision.Step == idp.Issue:
		http.Redirect(w, r, out.Flow.Onto, http.StatusSeeOther)
	case out.Decision.Step == idp.Refuse && out.Decision.STS == idp.StrongerNeeded:
		p := Problem{ID: "method.stronger"}
		s.Page(w, r, p.Status(), Error{Problem: p, Time: v.Now})
	default:
		http.Redirect(w, r, s.here(r, landing(out)), http.StatusSeeOther)
	}
}

// landing is where a sign-in that began at a page of ours ends: of somebody from outside, who
// came for the apps and not to look after their sign-in methods, at those.
func landing(out signin.Outcome) string {
	if out.Flow.Return == securityInfo && out.User != nil && out.User.Type.External() {
		return ownApps
	}
	return returnOf(out.Flow)
}

// returnOf is the page of ours that a flow goes back to, which is told what was registered
// on the way.
func returnOf(f signin.Flow) string {
	path, query, _ := strings.Cut(f.Return, "?")
	values, err := url.ParseQuery(query)
	if f.New == "" || err != nil {
		return f.Return
	}
	values.Set("done", passkeyAdded)
	return path + "?" + values.Encode()
}

// stopped tells what ended a sign-in early.
func (s *Site) stopped(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, signin.ErrBusy):
		w.Header().Set("Retry-After", "5")
		s.Problem(w, r, "busy")
	case errors.Is(err, idp.ErrSealed):
		s.ended(w, r, "state.foreign", "/signin")
	case errors.Is(err, signin.ErrOutbound):
		s.Problem(w, r, "guest.outbound")
	case errors.Is(err, signin.ErrClient):
		s.Problem(w, r, "client.unknown")
	case errors.Is(err, signin.ErrDevice):
		s.ended(w, r, "device.code", "/device")
	default:
		s.fail(w, r, err)
	}
}
