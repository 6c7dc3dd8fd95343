package ui

import (
	"cmp"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
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
	case f.Challenge != "" && form.Has("code") && strings.TrimSpace(form.Get("code")) == "":
		s.lookAgain(w, r, v, f, f.Username, Problem{ID: emptyCode(f)}) // no answer, so no try
	case f.Challenge != "" && form.Has("password") && form.Get("password") == "":
		s.lookAgain(w, r, v, f, f.Username, Problem{ID: "password.empty"}) // likewise
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
	switch open := s.wrong.Open(v.Address, v.Now); {
	case open:
	case s.Signin.Unguessable(f): // holding it back would protect nobody
		v.Quiet = true
	default:
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

// show draws the step of a sign-in, with the name that was typed and what is wrong.
func (s *Site) show(w http.ResponseWriter, r *http.Request, v signin.Visit, out signin.Outcome, name string, problem Problem) {
	switch step := out.Decision.Step; {
	case step == idp.Issue, step == idp.Refuse:
		s.leave(w, r, v, out)
		return
	case step == idp.EnrolStep && out.Prompt.Page == "": // nothing can be registered now
		s.notRegistered(w, r, v, out.Flow, problem)
		return
	}
	state, err := s.Signin.Seal(v, out.Flow)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if name == "" && out.Decision.Step == idp.Ask && out.User != nil { // who is signed in goes on, or steps up
		name = out.User.SignInName()
	}
	c := common{action: s.here(r, "/signin"), state: state, app: appName(out), links: appLinks(out), username: name, problem: problem}
	problem.retryAfter(w.Header())
	if out.Decision.Step == idp.EnrolStep {
		s.Page(w, r, problem.Status(), s.addMethod(r, c, out))
		return
	}
	s.Page(w, r, problem.Status(), view(c, out))
}

// prompts draws the question of a method by the page its prompt names.
var prompts = map[string]func(c common, out signin.Outcome) View{
	"pass": func(c common, out signin.Outcome) View {
		w := ways(c, out)
		w.UsePass = false
		return Pass{Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: c.username, Problem: c.problem, Ways: w, StepUp: stepsUp(out)}
	},
	"email-send": emailSend,
	"email-code": emailCode,
	"email-off":  emailOff,
	"passkey": func(c common, out signin.Outcome) View {
		return Passkey{
			Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: c.username, Problem: c.problem,
			Ways: ways(c, out), Options: out.Prompt.Fields["options"], Voluntary: out.Flow.Prove != "", StepUp: stepsUp(out),
		}
	},
	"password": func(c common, out signin.Outcome) View {
		return Password{Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: c.username, Problem: c.problem, Ways: ways(c, out), StepUp: stepsUp(out)}
	},
}

// stepsUp tells whether somebody who is signed in is asked once more, because a page of
// theirs needs a stronger or a newer proof.
func stepsUp(out signin.Outcome) bool { return out.Flow.Strong && out.Session != nil }

// ways are those on from a question. They rest on the policy alone: what the user holds is
// told to nobody who has not proved to be that user.
func ways(c common, out signin.Outcome) Ways {
	if out.Flow.Prove != "" && out.Flow.Username == "" { // whoever is signed in: no other method will do
		return Ways{}
	}
	open := kinds(out.Decision.Offers, outside(out))
	return Ways{OtherWays: len(open) > 1, UsePass: slices.Contains(open, string(idp.TemporaryAccessPass)), ChangeUser: c.username != ""}
}

// outside tells whether the name is one of somebody from outside, which is no secret: the
// domain tells.
func outside(out signin.Outcome) bool {
	if out.Flow.Username == "" {
		return out.User != nil && out.User.Type.External()
	}
	return out.Outside
}

// kinds are the methods that are open here to somebody of the tenant's own, or from outside.
func kinds(offers []idp.Offer, outside bool) (open []string) {
	for _, o := range offers {
		if o.Open && outside == (o.Info.Source != "") {
			open = append(open, string(o.Info.Kind))
		}
	}
	return open
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
	case idp.RedeemStep:
		return redeemView(c, out)
	case idp.Enrolled:
		return methodAdded(c, out)
	}
	view := Signin{Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: c.username, Problem: c.problem}
	switch {
	case out.Decision.Account:
		view.Account = out.User.SignInName()
	case out.Decision.Method == idp.PasskeyMethod:
		view.Options = out.Prompt.Fields["options"]
	}
	return view
}

func consentView(c common, out signin.Outcome) View {
	req := out.Flow.Request
	if out.Flow.Device != "" {
		return DeviceConfirm{
			Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, UserCode: out.Flow.UserCode,
			Username: out.User.SignInName(), Scopes: req.Wants(), APIs: namesOf(out.APIs),
		}
	}
	return Consent{
		Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, AppHost: hostOf(req.RedirectURI),
		Username: out.User.SignInName(), Scopes: out.Decision.Missing, APIs: namesOf(out.APIs),
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

// showOtherWays lists every method that the policy opens to somebody. Which of them the
// user can use is told to nobody who has not proved to be that user: the list would tell
// who exists.
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
	s.Page(w, r, http.StatusOK, OtherWays{
		Action: s.here(r, "/signin"), State: state, Username: f.Username, Kinds: kinds(out.Decision.Offers, outside(out)),
	})
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
	if id := formProblem(r); id != "" {
		s.Problem(w, r, id)
		return false
	}
	return true
}

// formProblem reads a POST's form, and names what is wrong with it.
func formProblem(r *http.Request) string {
	err := r.ParseForm()
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large, len(r.PostForm) > 100:
		return "toolarge"
	case err != nil:
		return "request.invalid"
	}
	return ""
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
	idp.PassWrong:     "pass.wrong",
	idp.PassExpired:   "pass.expired",
	idp.PassUsed:      "pass.used",
	idp.PassBlocked:   "pass.blocked",
	idp.PasswordWrong: "password.wrong",

	idp.EmailCodeWrong:   "code.wrong",
	idp.EmailCodeExpired: "code.expired",
	idp.EmailCodesOff:    "code.off",

	idp.UserLocked:   "pass.toomany",
	idp.UserDisabled: "user.disabled",
}

// problemOf is what to tell about the last answer now; nothing once a pause is over.
func problemOf(p *signin.Problem, now time.Time) Problem {
	if p == nil {
		return Problem{}
	}
	q := Problem{ID: cmp.Or(p.Text, problemIDs[p.Told]), Start: p.Start, Unknown: p.Unknown}
	if !p.Start.IsZero() {
		q.ID = "pass.notyet"
	}
	left := p.Left(now)
	if p.Until != 0 && left <= 0 {
		return Problem{}
	}
	q.Minutes, q.Seconds = int(math.Ceil(left.Minutes())), int(math.Ceil(left.Seconds()))
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
