package ui

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// The addresses of who waits for an answer from a device.
const (
	numberEvents = "/signin/events"
	numberPoll   = "/signin/poll"
)

// scanLink is the text of a QR code that a device answers with, before the answer.
const scanLink = authenticator + "#s="

func numberSend(c common, out signin.Outcome) View {
	v := NumberSend{
		Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: c.username, Problem: c.problem,
		Ways: ways(c, out), StepUp: stepsUp(out), Scan: out.Prompt.Fields["scan"] != "",
	}
	if c.problem.ID == "number.open" && v.OtherWays {
		v.Others = slices.DeleteFunc(kinds(out.Decision.Offers, outside(out)), func(k string) bool { return k == string(idp.AuthenticatorMethod) })
		v.OtherWays, v.UsePass = false, false
	}
	return v
}

func numberWaits(c common, out signin.Outcome) View {
	asked := out.Prompt.Fields
	v := Number{
		Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: c.username, Problem: c.problem,
		Ways: ways(c, out), StepUp: stepsUp(out), Mode: asked["mode"], Phase: asked["state"],
		EventsURL: strings.TrimSuffix(c.action, "/signin") + numberEvents + "?state=" + c.state,
		PollURL:   strings.TrimSuffix(c.action, "/signin") + numberPoll + "?state=" + c.state,
	}
	if v.Mode == string(idp.AskScan) {
		v.Scan = c.base + scanLink + asked["secret"]
	} else {
		v.Number = asked["secret"]
	}
	v.CanScan = asked["scan"] != "" && v.Scan == ""
	v.Missed, _ = strconv.Atoi(asked["tries"]) // which we have just written
	v.Left, _ = strconv.Atoi(asked["left"])
	if ends, err := strconv.ParseInt(asked["ends"], 10, 64); err == nil {
		v.Ends = time.Unix(0, ends)
	}
	return v
}

// waitingFlow is the flow of who waits for an answer.
func (s *Site) waitingFlow(w http.ResponseWriter, r *http.Request) (v signin.Visit, f signin.Flow, ok bool) {
	v = web.Visit(w, r)
	f, ok = s.open(w, r, v, r.URL.Query().Get("state"))
	return v, f, ok
}

// showNumberEvents tells the page that waits what becomes of its request, with all there is to
// know each time.
func (s *Site) showNumberEvents(w http.ResponseWriter, r *http.Request) {
	v, f, ok := s.waitingFlow(w, r)
	if ok {
		s.stream(w, r, s.numberNews(v, f))
	}
}

// numberNews is what there is to know of a flow's request.
func (s *Site) numberNews(v signin.Visit, f signin.Flow) news {
	return news{
		wait: func() (<-chan struct{}, func()) { return s.Signin.RequestWaker(f) },
		look: func(ctx context.Context, now time.Time) (glance, error) {
			at := v
			at.Now = now
			state, changes, ends, err := s.Signin.Await(ctx, at, f)
			return glance{State: string(state), Changes: changes, until: ends, over: state != idp.RequestPending}, err
		},
	}
}

// holdNumber is the page that waits for browsers without scripts: it answers once there is news,
// or after a while, so that the page before it stays where it is meanwhile. What was approved goes
// on from here.
func (s *Site) holdNumber(w http.ResponseWriter, r *http.Request) {
	v, f, ok := s.waitingFlow(w, r)
	if !ok {
		return
	}
	last, err := s.await(w, r, s.numberNews(v, f))
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	v.Now = s.Now()
	if last.State == string(idp.RequestApproved) {
		s.judge(w, r, v, f, idp.Answer{})
		return
	}
	s.follow(w, r, v, f)
}
