package ui

import (
	"context"
	"net/http"
	"net/url"
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
	LogoutToken(ctx context.Context, now time.Time, t *idp.Tenant, f *idp.Federation, token string) (idp.UpstreamEnd, error)
	// SignOutURL is where a browser signs out there, to come back to an address of ours; "" if
	// the provider has no such page.
	SignOutURL(ctx context.Context, now time.Time, f *idp.Federation, idToken, back, state string) (string, error)
}

// The addresses of a tenant that lead to providers elsewhere and back.
const (
	ownFederation = "/federation/{federation:[0-9a-f-]{36}}"
	fromHome      = "/federation/home"
	toHome        = "/visit"
)

// showFederated sends the person to where they sign in, or shows first what there is to choose
// or what went wrong.
func (s *Site) showFederated(w http.ResponseWriter, r *http.Request, c common, out signin.Outcome) {
	away := s.away(out, c.state)
	if away != "" && c.problem.ID == "" && !out.Decision.Realm.Pause {
		noStore(w)
		http.Redirect(w, r, away, http.StatusSeeOther)
		return
	}
	c.problem.Provider = out.Prompt.Fields["name"]
	s.Page(w, r, c.problem.Status(), Federated{
		Action: c.action, State: c.state, AppName: c.app, AppLinks: c.links, Username: c.username, Problem: c.problem,
		Ways: ways(c, out), Provider: out.Prompt.Fields["name"], AwayURL: away, Kind: string(out.Decision.Method),
	})
}

// away is the address at which somebody signs in elsewhere, "" if there is none now.
func (s *Site) away(out signin.Outcome, state string) string {
	if home := out.Prompt.Fields["home"]; home != "" {
		return s.Base + "/" + home + toHome + "?" + url.Values{"from": {out.Tenant.TenantID}, "state": {state}}.Encode()
	}
	at := out.Prompt.Fields["url"]
	if at == "" {
		return ""
	}
	return idp.WithQuery(at, url.Values{"state": {state}})
}

func noStore(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }

// comeBack takes what the browser brings back from a provider (OIDC Core 3.1.2.5).
func (s *Site) comeBack(w http.ResponseWriter, r *http.Request) {
	a := returned(r, "code", "iss", "error")
	a["provider"] = mux.Vars(r)["federation"]
	s.judgeElsewhere(w, r, a)
}

// comeFromHome takes the voucher of a guest's own organization.
func (s *Site) comeFromHome(w http.ResponseWriter, r *http.Request) {
	s.judgeElsewhere(w, r, returned(r, "voucher"))
}

// returned are parameters of the query, none of which may be there twice.
func returned(r *http.Request, names ...string) idp.Answer {
	a, q := idp.Answer{}, r.URL.Query()
	for _, name := range names {
		if len(q[name]) == 1 {
			a[name] = q[name][0]
		}
	}
	return a
}

func (s *Site) judgeElsewhere(w http.ResponseWriter, r *http.Request, a idp.Answer) {
	v := web.Visit(w, r)
	f, ok := s.open(w, r, v, r.URL.Query().Get("state"))
	if !ok {
		return
	}
	if !s.Signin.Elsewhere(f) {
		s.ended(w, r, "state.foreign", "/signin")
		return
	}
	noStore(w)
	s.judge(w, withLocales(r, f), v, f, a)
}

// showVisit begins the sign-in at home of who is a guest at another tenant of the deployment.
func (s *Site) showVisit(w http.ResponseWriter, r *http.Request) {
	v := web.Visit(w, r)
	there, f, ok := s.guestAt(w, r, v, r.URL.Query().Get("from"), r.URL.Query().Get("state"))
	if !ok {
		return
	}
	out, err := s.Signin.Look(r.Context(), v, signin.AtHome(there, f, r.URL.Query().Get("state"), v.Now))
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	s.next(w, withLocales(r, f), v, out)
}

// guestAt is the sign-in of the same browser at another tenant.
func (s *Site) guestAt(w http.ResponseWriter, r *http.Request, v signin.Visit, tenant, state string) (there signin.Visit, f signin.Flow, ok bool) {
	t, err := s.Tenants.Find(r.Context(), tenant, v.Now)
	if err != nil {
		s.fail(w, r, err)
		return there, f, false
	}
	if t == nil {
		s.Problem(w, r, "tenant.unknown")
		return there, f, false
	}
	there = signin.Visit{Now: v.Now, Tenant: t, Browser: v.Browser}
	if f, err = s.Signin.Open(there, state); err != nil || f.Chosen != idp.HomeTenant || f.Challenge == "" {
		s.ended(w, r, "state.foreign", "/signin")
		return there, f, false
	}
	return there, f, true
}

// goBack sends who has signed in at home on to where they are a guest.
func (s *Site) goBack(w http.ResponseWriter, r *http.Request, v signin.Visit, out signin.Outcome) {
	to := out.Flow.Visiting
	there, f, ok := s.guestAt(w, r, v, to.Tenant, to.State)
	if !ok {
		return
	}
	if out.NewSession != "" { // made in this very request
		v.Session = out.NewSession
	}
	voucher, err := s.Signin.Vouch(r.Context(), v, there.Tenant.TenantID, f)
	if err != nil {
		s.stopped(w, r, err)
		return
	}
	noStore(w)
	q := url.Values{"state": {to.State}, "voucher": {voucher}}
	http.Redirect(w, r, s.Base+"/"+there.Tenant.TenantID+fromHome+"?"+q.Encode(), http.StatusSeeOther)
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
	e, err := s.Upstream.LogoutToken(r.Context(), q.Now, q.Tenant, f, r.PostForm.Get("logout_token"))
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
