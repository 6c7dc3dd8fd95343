package oidc

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// logoutRequest is RP-initiated logout (OIDC RP-Initiated Logout 2) on its way
// through the confirmation page, sealed to the browser.
type logoutRequest struct {
	ClientID string
	AppName  string
	Back     string // registered post_logout_redirect_uri, "" for none
	State    string
}

const logoutPurpose = "logout"

// logout ends the session at once when the id_token_hint is ours and fits it, and
// asks otherwise: a link on a stranger's page must not sign anybody out. Without a
// valid hint nobody is redirected anywhere.
func (p *Provider) logout(w http.ResponseWriter, r *http.Request) {
	given, flaw := p.readQuery(w, r)
	switch {
	case given == nil:
		return
	case flaw != nil:
		p.refuseRequest(w, r, flaw.Detail)
		return
	}
	v := web.Visit(w, r)
	session, user, err := p.Signin.Current(r.Context(), v)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	l, h, err := p.readLogout(r, given)
	switch {
	case err != nil:
		p.showOrFail(w, r, err)
	case session == nil || h.fits(session):
		p.signOut(w, r, v, l)
	default:
		p.confirmLogout(w, r, v, l, user)
	}
}

// fits tells whether the hint is of this session; one that names none may be of any of
// its user's.
func (h *hint) fits(s *idp.Session) bool {
	return h != nil && (h.SessionID == s.SessionID || h.SessionID == "" && h.user == s.UserID)
}

// readLogout checks the hint and, with it, where the client wants the person to
// go. h is nil without a hint.
func (p *Provider) readLogout(r *http.Request, given params) (logoutRequest, *hint, error) {
	var l logoutRequest
	var h *hint
	q := web.From(r)
	if raw := given["id_token_hint"]; raw != "" {
		verified, err := p.hinted(r.Context(), q, raw)
		switch {
		case errors.Is(err, errHint):
			return l, nil, &shownError{PageError{Code: "invalid_request", Detail: "The id_token_hint is not an ID token of this issuer."}}
		case err != nil:
			return l, nil, err
		}
		h = &verified
	}
	id := given["client_id"]
	if h != nil {
		if id != "" && id != h.Audience {
			return l, nil, &shownError{PageError{Code: "invalid_request", Detail: "The client_id is not that of the id_token_hint."}}
		}
		id = h.Audience
	}
	client, err := p.client(r.Context(), q.Tenant, id)
	if err != nil {
		return l, nil, err
	}
	if client != nil {
		l.ClientID, l.AppName = client.ClientID, client.Name
	}
	if back := given["post_logout_redirect_uri"]; back != "" && h != nil {
		if client == nil || !slices.Contains(client.PostLogoutRedirectURIs, back) {
			return l, nil, &shownError{PageError{Code: "invalid_request", Detail: "The post_logout_redirect_uri is not registered for this application."}}
		}
		l.Back, l.State = back, given["state"]
	}
	return l, h, nil
}

func (p *Provider) confirmLogout(w http.ResponseWriter, r *http.Request, v signin.Visit, l logoutRequest, user *idp.User) {
	raw, err := json.Marshal(l)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	state := p.Keys.Seal(logoutPurpose, v.Tenant.TenantID, v.Browser, raw)
	p.Pages.ConfirmSignOut(w, r, p.url(v.Tenant, "/oauth2/v2.0/logout/confirm"), state, l.AppName, user.SignInName())
}

// logoutConfirmed carries out what the person decided on the confirmation page.
func (p *Provider) logoutConfirmed(w http.ResponseWriter, r *http.Request) {
	v := web.Visit(w, r)
	var l logoutRequest
	raw, err := p.Keys.Open(logoutPurpose, v.Tenant.TenantID, v.Browser, r.PostFormValue("state"))
	if err != nil || json.Unmarshal(raw, &l) != nil {
		p.refuseRequest(w, r, "This page was opened in another browser.")
		return
	}
	if r.PostFormValue("decision") != "sign-out" {
		http.Redirect(w, r, p.url(v.Tenant, "/security-info"), http.StatusSeeOther)
		return
	}
	p.signOut(w, r, v, l)
}

func (p *Provider) signOut(w http.ResponseWriter, r *http.Request, v signin.Visit, l logoutRequest) {
	out, err := p.Signin.SignOut(r.Context(), v)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if v.Session != "" {
		web.DropSession(w, r)
	}
	back := l.Back
	if back != "" && l.State != "" {
		back = idp.WithQuery(back, url.Values{"state": {l.State}})
	}
	back = p.Pages.SignOutElsewhere(r, v, out.Session, back)
	frames := out.Frames(p.issuer(v.Tenant))
	switch {
	case len(frames) > 0:
		p.Pages.SignedOutOf(w, r, frames, back)
	case back == "":
		p.Pages.SignedOut(w, r)
	default:
		redirect(w, back)
	}
}
