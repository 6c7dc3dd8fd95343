package ui

import (
	"errors"
	"math"
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
// are the answers that changed nothing (a name that cannot be one, an empty field, a
// wish for other ways) and the page that sends its form on to an app.
func (s *Site) showSignin(w http.ResponseWriter, r *http.Request) {
	v := web.Visit(w, r)
	f := signin.Start(nil, securityInfo, v.Now).Hinted(r.URL.Query().Get("login_hint"))
	if state := r.URL.Query().Get("state"); state != "" {
		var ok bool
		if f, ok = s.open(w, r, v, state); !ok {
			return
		}
		r = withLocales(r, f)
	}
	out, err := s.Signin.Look(r.Context(), v, f)
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	s.show(w, r, v, out, out.Flow.Username, problemOf(out.Problem, v.Now))
}

// answerSignin takes what the person pressed or typed: exactly one of the stable
// field names says what it is.
func (s *Site) answerSignin(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	v := web.Visit(w, r)
	f, ok := s.open(w, r, v, r.PostForm.Get("state"))
	if !ok {
		return
	}
	r = withLocales(r, f)
	form := r.PostForm
	switch {
	case form.Has("decision"):
		s.decide(w, r, v, f, form.Get("decision") == "allow")
	case form.Has("other"):
		s.showOtherWays(w, r, v, f)
	case form.Has("method"):
		s.follow(w, r, v, f.WithMethod(idp.Kind(form.Get("method"))))
	case form.Has("change"), form.Get("account") == "other":
		s.follow(w, r, v, f.WithUser(""))
	case form.Get("account") == "continue":
		s.follow(w, r, v, f.WithAccount())
	case f.Challenge != "" && form.Has("code") && strings.TrimSpace(form.Get("code")) == "":
		s.lookAgain(w, r, v, f, f.Username, Problem{ID: "pass.empty"}) // no answer, so no try
	case f.Challenge != "":
		s.judge(w, r, v, f)
	default:
		s.identify(w, r, v, f, strings.TrimSpace(form.Get("username")))
	}
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
func (s *Site) judge(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow) {
	if !s.wrong.Open(v.Address, v.Now) {
		// Who signed in here before is not shut out by others behind the same
		// address: the throttle of that user in this browser bounds the answers.
		if yes, err := s.Signin.Knows(r.Context(), v, f); err != nil || !yes {
			s.follow(w, r, v, f.WithProblem(signin.Pause(v.Now, time.Minute)))
			return
		}
	}
	out, err := s.Signin.Answer(r.Context(), v, f, answer(r.PostForm))
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	if out.Problem != nil {
		s.wrong.Allow(v.Address, v.Now)
		s.follow(w, r, v, out.Flow)
		return
	}
	web.Keep(w, r, out)
	s.next(w, r, v, out)
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
	case out.Flow.Device != "":
		s.toDeviceDone(w, r, v, out)
	case out.Flow.Request != nil:
		s.Respond(w, r, out)
	default:
		http.Redirect(w, r, s.here(r, out.Flow.Return), http.StatusSeeOther)
	}
}

// show draws the step of a sign-in, with the name that was typed and what is wrong.
func (s *Site) show(w http.ResponseWriter, r *http.Request, v signin.Visit, out signin.Outcome, name string, problem Problem) {
	if out.Decision.Step == idp.Issue || out.Decision.Step == idp.Refuse {
		s.leave(w, r, v, out)
		return
	}
	state, err := s.Signin.Seal(v, out.Flow)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if name == "" && out.Decision.Step == idp.Ask && out.User != nil { // who is signed in goes on, or steps up
		name = out.User.PrincipalName
	}
	c := common{action: s.here(r, "/signin"), state: state, app: appName(out), links: appLinks(out), username: name, problem: problem}
	problem.retryAfter(w.Header())
	s.Page(w, r, problem.Status(), view(c, out))
}

// prompts draws the question of a method by the page its prompt names.
var prompts = map[string]func(c common, out signin.Outcome) View{
	"pass": func(c common, out signin.Outcome) View {
		return Pass{
			Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: c.username, Problem: c.problem,
			OtherWays: len(out.Decision.Offers) > 1, ChangeUser: c.username != "",
		}
	},
}

// common is what the pages of a sign-in share.
type common struct {
	action, state, app, username string
	links                        AppLinks
	problem                      Problem
}

func view(c common, out signin.Outcome) View {
	switch out.Decision.Step {
	case idp.Ask:
		return prompts[out.Prompt.Page](c, out)
	case idp.ConsentStep:
		return consentView(c, out)
	}
	view := Signin{Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: c.username, Problem: c.problem}
	if out.Decision.Account {
		view.Account = out.User.PrincipalName
	}
	return view
}

func consentView(c common, out signin.Outcome) View {
	req := out.Flow.Request
	if out.Flow.Device != "" {
		return DeviceConfirm{
			Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, UserCode: out.Flow.UserCode,
			Username: out.User.PrincipalName, Scopes: req.Wants(), APIs: namesOf(out.APIs),
		}
	}
	return Consent{
		Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, AppHost: hostOf(req.RedirectURI),
		Username: out.User.PrincipalName, Scopes: out.Decision.Missing, APIs: namesOf(out.APIs),
	}
}

// namesOf are the names of APIs by their identifiers.
func namesOf(apis []*idp.API) map[string]string {
	names := map[string]string{}
	for _, a := range apis {
		names[a.Identifier] = a.Name
	}
	return names
}

// showOtherWays lists every method there is. Which of them the user can use is told
// to nobody who has not proved to be that user: the list would tell who exists.
func (s *Site) showOtherWays(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow) {
	out, err := s.Signin.Look(r.Context(), v, f)
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	state, err := s.Signin.Seal(v, f)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	view := OtherWays{Action: s.here(r, "/signin"), State: state, Username: f.Username}
	for _, o := range out.Decision.Offers {
		view.Kinds = append(view.Kinds, string(o.Info.Kind))
	}
	s.Page(w, r, http.StatusOK, view)
}

// stopped tells what ended a sign-in early.
func (s *Site) stopped(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, signin.ErrBusy):
		w.Header().Set("Retry-After", "5")
		s.Problem(w, r, "busy")
	case errors.Is(err, idp.ErrSealed):
		s.ended(w, r, "state.foreign", "/signin")
	case errors.Is(err, signin.ErrClient):
		s.Problem(w, r, "client.unknown")
	case errors.Is(err, signin.ErrDevice):
		s.ended(w, r, "device.code", "/device")
	default:
		s.fail(w, r, err)
	}
}

// readForm reads a POST's form, or says what is wrong with it.
func (s *Site) readForm(w http.ResponseWriter, r *http.Request) bool {
	err := r.ParseForm()
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large, len(r.PostForm) > 100:
		s.Problem(w, r, "toolarge")
	case err != nil:
		s.Problem(w, r, "request.invalid")
	default:
		return true
	}
	return false
}

func answer(form url.Values) idp.Answer {
	a := idp.Answer{}
	for name, values := range form {
		if name != "state" && len(values) == 1 {
			a[name] = values[0]
		}
	}
	return a
}

// problemIDs are the texts for what a person is told about an answer.
var problemIDs = map[idp.STS]string{
	idp.PassWrong:    "pass.wrong",
	idp.PassExpired:  "pass.expired",
	idp.PassUsed:     "pass.used",
	idp.PassBlocked:  "pass.blocked",
	idp.UserLocked:   "pass.toomany",
	idp.UserDisabled: "user.disabled",
}

// problemOf is what to tell about the last answer now; nothing once a pause is over.
func problemOf(p *signin.Problem, now time.Time) Problem {
	if p == nil {
		return Problem{}
	}
	q := Problem{ID: problemIDs[p.Told], Start: p.Start}
	if !p.Start.IsZero() {
		q.ID = "pass.notyet"
	}
	left := p.Left(now)
	if p.Until != 0 && left <= 0 {
		return Problem{}
	}
	q.Minutes = int(math.Ceil(left.Minutes()))
	return q
}

func appName(out signin.Outcome) string {
	if out.Client == nil {
		return ""
	}
	return out.Client.Name
}

func appLinks(out signin.Outcome) AppLinks {
	if out.Client == nil {
		return AppLinks{}
	}
	a := out.Client.About
	return AppLinks{LogoURI: a.LogoURI, HomeURI: a.HomeURI, PolicyURI: a.PolicyURI, TermsURI: a.TermsURI}
}

func hostOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" {
		return uri
	}
	return u.Host
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}
