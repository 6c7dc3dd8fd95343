package ui

import (
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

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
