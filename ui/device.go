package ui

import (
	"errors"
	"net/http"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// How the sign-in of a device ended, as the Return of its flow: its last page is ours.
const (
	deviceAllowed = "device allowed"
	deviceDenied  = "device denied"
)

// showDevice asks for the code a device shows. A code in the link is only
// prefilled: opening a link never approves anything (RFC 8628 5.4). After the
// answer it is the last page.
func (s *Site) showDevice(w http.ResponseWriter, r *http.Request) {
	v, q := web.Visit(w, r), r.URL.Query()
	// A flow that is too old to go on still tells its end; one that cannot be
	// opened is zero, and so tells none.
	f, _ := s.Signin.Open(v, q.Get("done"))
	switch f.Return {
	case deviceAllowed, deviceDenied:
		s.Page(w, withLocales(r, f), http.StatusOK, DeviceDone{Allowed: f.Return == deviceAllowed})
	default:
		s.askDevice(w, r, q.Get("user_code"), Problem{})
	}
}

func (s *Site) askDevice(w http.ResponseWriter, r *http.Request, code string, p Problem) {
	p.retryAfter(w.Header())
	s.Page(w, r, p.Status(), Device{Action: s.here(r, "/device"), UserCode: clip(code, 40), Problem: p})
}

// answerDevice starts the sign-in that ends with the question whether the device
// may go on.
func (s *Site) answerDevice(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	v := web.Visit(w, r)
	typed := r.PostForm.Get("code")
	if !s.codes.Open(v.Address, v.Now) {
		s.askDevice(w, r, typed, Problem{ID: "pass.toomany", Minutes: 1})
		return
	}
	f, err := s.Signin.DeviceFlow(r.Context(), v, typed)
	switch {
	case errors.Is(err, signin.ErrDevice):
		s.codes.Allow(v.Address, v.Now)
		s.askDevice(w, r, typed, Problem{ID: "device.code"})
	case err != nil:
		s.fail(w, r, err)
	default:
		s.follow(w, r, v, f)
	}
}

// toDeviceDone leads to the last page. The flow travels sealed, since what a
// device was allowed must not be told by whoever makes up a link.
func (s *Site) toDeviceDone(w http.ResponseWriter, r *http.Request, v signin.Visit, out signin.Outcome) {
	f := out.Flow
	if f.Return = deviceDenied; out.Decision.Step == idp.Issue {
		f.Return = deviceAllowed
	}
	s.lead(w, r, v, "/device?done=", f)
}
