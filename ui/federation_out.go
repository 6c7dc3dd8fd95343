package ui

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// Upstream speaks with providers elsewhere about the end of sessions. Its errors are
// *idp.UpstreamError.
type Upstream interface {
	// LogoutToken is what a logout token of the provider tells (OIDC Back-Channel Logout 2.6).
	LogoutToken(ctx context.Context, now time.Time, f *idp.Federation, token string) (idp.UpstreamEnd, error)
	// SignOutURL is where a browser signs out there, to come back to an address of ours; "" if
	// the provider has no such page.
	SignOutURL(ctx context.Context, now time.Time, f *idp.Federation, idToken, back, state string) (string, error)
}

// federation is the one that the address names, or the answer is that there is none.
func (s *Site) federation(w http.ResponseWriter, r *http.Request) *idp.Federation {
	f, err := s.Signin.Federation(r.Context(), web.From(r).Tenant, mux.Vars(r)["federation"])
	switch {
	case err != nil:
		s.fail(w, r, err)
		return nil
	case f == nil:
		s.Refuse("notfound")(w, r)
	}
	return f
}

// hearLogout takes a provider's word that a session there is over (OIDC Back-Channel Logout
// 2.5).
func (s *Site) hearLogout(w http.ResponseWriter, r *http.Request) {
	f := s.federation(w, r)
	if f == nil {
		return
	}
	noStore(w)
	q := web.From(r)
	if formProblem(r) != "" || len(r.PostForm["logout_token"]) != 1 {
		http.Error(w, "logout_token is missing", http.StatusBadRequest)
		return
	}
	e, err := s.Upstream.LogoutToken(r.Context(), q.Now, f, r.PostForm.Get("logout_token"))
	if err != nil {
		s.Log.Warn("a logout token was refused", "request_id", q.ID, "provider", f.FederationID, "error", err)
		http.Error(w, "logout_token is not valid", http.StatusBadRequest)
		return
	}
	fresh, err := s.Signin.EndElsewhere(r.Context(), signin.Ended{
		Tenant: q.Tenant.TenantID, Provider: f.FederationID, Session: e.SessionID, Issuer: f.Issuer, Subject: e.Subject, TokenID: e.TokenID, Until: e.Until,
	}, q.Now)
	switch {
	case err != nil:
		s.Log.Error("a session could not be ended", "request_id", q.ID, "error", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
	case !fresh:
		http.Error(w, "logout_token was used before", http.StatusBadRequest)
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// hearFrontLogout is the same by a frame of the provider's page in the person's browser, which
// names the session (OIDC Front-Channel Logout 2). Nobody else knows its id.
func (s *Site) hearFrontLogout(w http.ResponseWriter, r *http.Request) {
	f := s.federation(w, r)
	if f == nil {
		return
	}
	noStore(w)
	a, q := returned(r, "iss", "sid"), web.From(r)
	if a["iss"] != f.Issuer || a["sid"] == "" {
		http.Error(w, "iss and sid of a session are needed", http.StatusBadRequest)
		return
	}
	if _, err := s.Signin.EndElsewhere(r.Context(), signin.Ended{Tenant: q.Tenant.TenantID, Provider: f.FederationID, Session: a["sid"], Hearsay: true}, q.Now); err != nil {
		s.Log.Error("a session could not be ended", "request_id", q.ID, "error", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// SignOutElsewhere is where the browser of a session that has ended signs out at the provider
// that the session came from, before it goes on to next; next if there is no such place.
func (s *Site) SignOutElsewhere(r *http.Request, v signin.Visit, session *idp.Session, next string) string {
	f, token, err := s.Signin.CameFrom(r.Context(), v, session)
	if f == nil || err != nil {
		return next
	}
	state := s.Signin.SealNext(v, next)
	to, err := s.Upstream.SignOutURL(r.Context(), v.Now, f, token, s.Base+f.SignedOutPath(v.Tenant.TenantID), state)
	if err != nil || to == "" { // they are signed out here, at least
		return next
	}
	return to
}

// comeSignedOut goes on after the provider has signed somebody out, too.
func (s *Site) comeSignedOut(w http.ResponseWriter, r *http.Request) {
	next := s.Signin.OpenNext(web.Visit(w, r), r.URL.Query().Get("state"))
	if next == "" {
		s.SignedOut(w, r, "")
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}
