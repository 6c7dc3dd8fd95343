package ui

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/web"
)

// showDevice asks for the code a device shows. A code in the link is only
// prefilled: opening a link never approves anything (RFC 8628 5.4).
func (s *Site) showDevice(w http.ResponseWriter, r *http.Request) {
	web.Visit(w, r)
	s.Page(w, r, http.StatusOK, Device{Action: s.here(r, "/device"), UserCode: clip(r.URL.Query().Get("user_code"), 40)})
}

// answerDevice starts the sign-in that ends with the question whether the device
// may go on.
func (s *Site) answerDevice(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	v := web.Visit(w, r)
	typed := r.PostForm.Get("code")
	if !s.wrong.Open(v.Address, v.Now) {
		s.Problem(w, r, "busy")
		return
	}
	f, err := s.Signin.DeviceFlow(r.Context(), v, typed)
	switch {
	case idp.ErrorCode(err) == idp.NotFound:
		s.wrong.Allow(v.Address, v.Now)
		p := Problem{ID: "device.code"}
		s.Page(w, r, p.Status(), Device{Action: s.here(r, "/device"), UserCode: clip(typed, 40), Problem: p})
	case err != nil:
		s.fail(w, r, err)
	default:
		s.follow(w, r, v, f)
	}
}
