package ui

import (
	"cmp"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
)

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
	c := common{base: s.Base, action: s.here(r, "/signin"), state: state, app: appName(out), links: appLinks(out), username: name, problem: problem}
	problem.retryAfter(w.Header())
	if out.Decision.Step == idp.Ask && out.Prompt.Page == "federated" {
		s.showFederated(w, r, c, out)
		return
	}
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
	"email-send":  emailSend,
	"email-code":  emailCode,
	"email-off":   emailOff,
	"number-send": numberSend,
	"number":      numberWaits,
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
	base, action, state, app, username string
	links                              AppLinks
	problem                            Problem
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
func (s *Site) showOtherWays(w http.ResponseWriter, r *http.Request, v signin.Visit, out signin.Outcome) {
	state, err := s.Signin.Seal(v, out.Flow)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.Page(w, r, http.StatusOK, OtherWays{
		Action: s.here(r, "/signin"), State: state, Username: out.Flow.Username, Kinds: kinds(out.Decision.Offers, outside(out)),
	})
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
	idp.PhoneBlocked: "number.policy",
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
