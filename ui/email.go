package ui

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// noCode is the problem of who sent what can be no code: no answer, so no try. It is empty for
// what has to be judged.
func noCode(f signin.Flow, typed string) string {
	typed = strings.TrimSpace(typed)
	switch {
	case f.Prompt.Page != "email-code" && typed == "":
		return "pass.empty"
	case f.Prompt.Page != "email-code":
		return ""
	case typed == "":
		return "code.empty"
	case idp.CanonicalEmailCode(typed) == "":
		return "code.malformed"
	}
	return ""
}

// send has a code sent. What it tells is the same for every address.
func (s *Site) send(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow) {
	out, err := s.Signin.Send(r.Context(), v, f, idp.AskMode(r.PostForm.Get("send")))
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	s.follow(w, r, v, out.Flow)
}

// recipient is where a code goes, as far as it is shown: as it was typed, without most of it.
func recipient(c common, out signin.Outcome) string {
	if to := out.Prompt.Fields["to"]; to != "" && out.Flow.Username == "" {
		return idp.MaskedAddress(to)
	}
	return idp.MaskedAddress(c.username)
}

// typed is the name that is shown beside it: as it was typed. One that the link of an
// invitation brought was typed by nobody here.
func typed(c common, out signin.Outcome) string {
	if out.Flow.Invited != "" {
		return ""
	}
	return c.username
}

// resendAt is when another code may be sent.
func resendAt(f signin.Flow) time.Time { return time.Unix(0, f.Sent).Add(idp.ResendAfter) }

func emailSend(c common, out signin.Outcome) View {
	return EmailSend{
		Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: typed(c, out), Problem: c.problem, Ways: ways(c, out),
		To: recipient(c, out), Invited: out.Flow.Invited != "",
	}
}

func emailCode(c common, out signin.Outcome) View {
	v := EmailCode{
		Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: typed(c, out), Problem: c.problem, Ways: ways(c, out),
		To: recipient(c, out), Again: resendAt(out.Flow),
	}
	if ends, err := strconv.ParseInt(out.Prompt.Fields["ends"], 10, 64); err == nil {
		v.Ends = time.Unix(ends, 0)
	}
	return v
}

func emailOff(c common, out signin.Outcome) View {
	c.problem.ID = "code.off"
	return EmailOff{Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: typed(c, out), Problem: c.problem, Ways: ways(c, out)}
}

// reportCode is where whoever got a code that they did not ask for says so.
const reportCode = "/report-code"

// showReportCode asks first: a scanner that opens the links of mails reports nothing.
func (s *Site) showReportCode(w http.ResponseWriter, r *http.Request) {
	s.Page(w, r, http.StatusOK, ReportCode{Action: s.here(r, reportCode), Token: r.URL.Query().Get("token")})
}

func (s *Site) answerReportCode(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	closed, err := s.Signin.ReportCode(r.Context(), web.Visit(w, r), r.PostForm.Get("token"))
	switch {
	case err != nil:
		s.fail(w, r, err)
	case !closed:
		s.Problem(w, r, "code.report")
	default:
		s.Page(w, r, http.StatusOK, ReportCode{Done: true})
	}
}
