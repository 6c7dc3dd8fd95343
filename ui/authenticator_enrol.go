package ui

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// The pages on which a person adds a device of theirs.
const (
	ownDevices    = securityInfo + "/authenticators"
	newDevice     = ownDevices + "/new"
	ownInvitation = ownDevices + "/invited/{id:" + guid + "}"
)

func invitationPath(id string) string { return ownDevices + "/invited/" + id }

// beginAuthenticator begins to add a device from security info.
func (s *Site) beginAuthenticator(w http.ResponseWriter, r *http.Request, h holder) {
	s.inviteDevice(w, r, h, "", false)
}

// enrolDevice begins to add a device on the way through a sign-in, which goes on afterwards.
func (s *Site) enrolDevice(w http.ResponseWriter, r *http.Request, v signin.Visit, f signin.Flow) {
	state, err := s.Signin.Seal(v, f)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h, ok := s.holderAt(w, r, securityInfo)
	if ok {
		s.inviteDevice(w, r, h, state, false)
	}
}

// inviteDevice invites a device and leads to the page that waits for it, or, if it is this very
// browser, to the app.
func (s *Site) inviteDevice(w http.ResponseWriter, r *http.Request, h holder, state string, here bool) {
	e, token, code, err := s.Signin.InviteDevice(r.Context(), h.Visit)
	refusal, refused := errors.AsType[*idp.Refusal](err)
	switch {
	case errors.Is(err, idp.ErrStepUp):
		h.path = newDevice
		s.stepUp(w, r, h)
	case errors.Is(err, idp.ErrSealed):
		s.toSecurityInfo(w, r)
	case refused:
		p := Problem{ID: refusal.Problem}
		s.Page(w, r, p.Status(), Error{Problem: p, Time: h.Now, TryAgainURL: s.here(r, securityInfo), Onward: true})
	case err != nil:
		s.fail(w, r, err)
	case here:
		http.Redirect(w, r, s.deviceLink(h.Tenant, token), http.StatusSeeOther)
	default:
		secret := s.Signin.SealNext(h.Visit, strings.Join([]string{e.EnrolmentID, token, code, state}, " "))
		http.Redirect(w, r, s.here(r, invitationPath(e.EnrolmentID)+"?invited="+secret), http.StatusSeeOther)
	}
}

// deviceLink is what a device is invited by. A fragment stays in the browser.
func (s *Site) deviceLink(t *idp.Tenant, token string) string {
	return s.Base + authenticator + "#e=" + t.TenantID + "." + token
}

// showNewDevice leads to the adding of a device: of this very browser with here=1, as the app asks
// for it.
func (s *Site) showNewDevice(w http.ResponseWriter, r *http.Request) {
	path := newDevice
	if r.URL.Query().Has("here") {
		path += "?here=1"
	}
	v := web.Visit(w, r)
	session, u, err := s.Signin.Current(r.Context(), v)
	switch {
	case err != nil:
		s.fail(w, r, err)
		return
	case session == nil:
		f := signin.Start(nil, path, v.Now).Hinted(r.URL.Query().Get("login_hint"))
		f.Later = true // they have come to add a device
		s.follow(w, r, v, f)
		return
	}
	h := holder{v, path, session, u, person(r, v, session, u)}
	if s.strong(w, r, h) {
		s.Page(w, r, http.StatusOK, AddDeviceHere{Action: s.here(r, path), BackURL: s.here(r, securityInfo), Username: u.SignInName(), Here: r.URL.Query().Has("here")})
	}
}

func (s *Site) answerNewDevice(w http.ResponseWriter, r *http.Request) {
	if h, ok := s.sent(w, r, newDevice); ok {
		s.inviteDevice(w, r, h, "", r.URL.Query().Has("here"))
	}
}

// invited is the invitation that a page is about, with what is shown of it. Of one that is gone or
// another's, the person sees what there is.
func (s *Site) invited(w http.ResponseWriter, r *http.Request) (h holder, e *idp.AuthenticatorEnrolment, shown []string, ok bool) {
	id := mux.Vars(r)["id"]
	if h, ok = s.holderAt(w, r, invitationPath(id)); !ok {
		return h, nil, nil, false
	}
	e, err := s.Signin.InvitedDevice(r.Context(), h.Visit, id)
	switch {
	case err != nil && !errors.Is(err, idp.ErrSealed):
		s.fail(w, r, err)
		return h, nil, nil, false
	case e == nil:
		s.toSecurityInfo(w, r)
		return h, nil, nil, false
	}
	shown = strings.Split(s.Signin.OpenNext(h.Visit, r.URL.Query().Get("invited")), " ")
	if len(shown) != 4 || shown[0] != id {
		shown = []string{id, "", "", ""}
	}
	return h, e, shown, true
}

func (s *Site) showInvitedDevice(w http.ResponseWriter, r *http.Request) {
	h, e, shown, ok := s.invited(w, r)
	if !ok {
		return
	}
	switch e.StateAt(h.Now) {
	case idp.EnrolmentAdded:
		s.afterDevice(w, r, shown[3])
	case idp.EnrolmentOpen, idp.EnrolmentShown:
		s.Page(w, r, http.StatusOK, s.addDevice(r, h, e, shown))
	default:
		p := Problem{ID: "enrol.late"}
		s.Page(w, r, p.Status(), Error{Problem: p, Time: h.Now, TryAgainURL: s.here(r, securityInfo), Back: true})
	}
}

// afterDevice goes on where the person was going: with a sign-in, to security info, or back to the
// app, which has the token and led here.
func (s *Site) afterDevice(w http.ResponseWriter, r *http.Request, state string) {
	to := s.here(r, securityInfo+"?done="+deviceAdded)
	switch {
	case state != "":
		to = s.here(r, "/signin?state="+state)
	case !r.URL.Query().Has("invited"):
		to = s.Base + authenticator
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (s *Site) addDevice(r *http.Request, h holder, e *idp.AuthenticatorEnrolment, shown []string) AddDevice {
	query := ""
	if secret := r.URL.Query().Get("invited"); secret != "" {
		query = "?invited=" + secret
	}
	at := s.here(r, invitationPath(e.EnrolmentID))
	v := AddDevice{
		Action: at + query, BackURL: s.here(r, securityInfo), Username: h.user.SignInName(), Ends: e.Ends,
		EventsURL: at + "/events", PollURL: at + "/poll" + query,
	}
	if shown[1] != "" {
		v.Link, v.Code = s.deviceLink(h.Tenant, shown[1]), idp.GroupPassCode(shown[2])
	}
	if d := e.Authenticator; e.State == idp.EnrolmentShown {
		v.Came, v.Name, v.App, v.Soft, v.Check, v.Passkey = true, d.Name, d.App, d.Soft, e.CheckValue(d.Thumbprint), e.Passkey != nil
	}
	return v
}

// answerInvitedDevice is what the person says of the device that came.
func (s *Site) answerInvitedDevice(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	h, e, shown, ok := s.invited(w, r)
	if !ok {
		return
	}
	same := r.PostForm.Get("confirm") == "same"
	_, err := s.Signin.ConfirmDevice(r.Context(), h.Visit, e.EnrolmentID, same)
	refusal, refused := errors.AsType[*idp.Refusal](err)
	switch {
	case refused:
		p := Problem{ID: refusal.Problem}
		s.Page(w, r, p.Status(), Error{Problem: p, Time: h.Now, TryAgainURL: s.here(r, securityInfo), Back: true})
	case errors.Is(err, idp.ErrSealed):
		s.toSecurityInfo(w, r)
	case err != nil:
		s.fail(w, r, err)
	case !same:
		p := Problem{ID: "enrol.differs"}
		s.Page(w, r, p.Status(), Error{Problem: p, Time: h.Now, TryAgainURL: s.here(r, securityInfo), Back: true})
	default:
		s.afterDevice(w, r, shown[3])
	}
}

// deviceNews is what becomes of an invitation.
func (s *Site) deviceNews(h holder, id string) news {
	return news{
		wait: func() (<-chan struct{}, func()) { return s.Signin.DeviceWaker(id) },
		look: func(ctx context.Context, now time.Time) (glance, error) {
			at := h.Visit
			at.Now = now
			e, err := s.Signin.InvitedDevice(ctx, at, id)
			if e == nil || err != nil {
				return glance{State: string(idp.EnrolmentExpired), until: now, over: true}, nil
			}
			state := e.StateAt(now)
			return glance{State: string(state), until: e.Ends, over: state != idp.EnrolmentOpen && state != idp.EnrolmentShown}, nil
		},
	}
}

func (s *Site) showDeviceEvents(w http.ResponseWriter, r *http.Request) {
	if h, e, _, ok := s.invited(w, r); ok {
		s.stream(w, r, s.deviceNews(h, e.EnrolmentID))
	}
}

// holdDevice is the page that waits for browsers without scripts.
func (s *Site) holdDevice(w http.ResponseWriter, r *http.Request) {
	h, e, _, ok := s.invited(w, r)
	if !ok {
		return
	}
	if _, err := s.await(w, r, s.deviceNews(h, e.EnrolmentID)); err != nil {
		s.stopped(w, r, err)
		return
	}
	http.Redirect(w, r, s.here(r, invitationPath(e.EnrolmentID)+"?"+r.URL.RawQuery), http.StatusSeeOther)
}
