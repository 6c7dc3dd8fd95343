package web

import (
	"net/http"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
)

// The cookies. __Host- keeps them to this host, over TLS or on localhost, and
// away from other hosts of the domain (RFC 6265bis 4.1.3.2). Sessions of several
// tenants live beside one another in a browser.
const (
	browserCookie = "__Host-latchkey-browser"
	sessionCookie = "__Host-latchkey-session-"
	knownCookie   = "__Host-latchkey-known-"
	stateCookie   = "__Host-latchkey-state-"
)

// Visit is the request as the use case of signing in sees it. A browser without
// a binding cookie gets one.
func Visit(w http.ResponseWriter, r *http.Request) signin.Visit {
	q := From(r)
	v := signin.Visit{
		Now: q.Now, Tenant: q.Tenant, Address: q.Address, UserAgent: r.UserAgent(), RequestID: q.ID,
		Browser: value(r, browserCookie),
		Session: value(r, sessionCookie+q.Tenant.TenantID),
		Known:   value(r, knownCookie+q.Tenant.TenantID),
	}
	if v.Browser == "" {
		v.Browser = idp.NewToken("br_")
		put(w, browserCookie, v.Browser, 0)
	}
	return v
}

// Keep stores what an outcome has for the browser.
func Keep(w http.ResponseWriter, r *http.Request, out signin.Outcome) {
	tenant := From(r).Tenant.TenantID
	if out.NewSession != "" {
		put(w, sessionCookie+tenant, out.NewSession, 0)
		KeepState(w, r, out.Session)
	}
	if out.NewKnown != "" {
		put(w, knownCookie+tenant, out.NewKnown, signin.KnownFor)
	}
}

// DropSession takes the session cookie out of the browser.
func DropSession(w http.ResponseWriter, r *http.Request) {
	put(w, sessionCookie+From(r).Tenant.TenantID, "", -time.Second)
	putState(w, From(r).Tenant.TenantID, "", -time.Second)
}

// StateCookie is the name of the cookie that the session iframe reads.
func StateCookie(tenant string) string { return stateCookie + tenant }

// KeepState lets the session iframe know the browser's session, until its end.
func KeepState(w http.ResponseWriter, r *http.Request, s *idp.Session) {
	if s == nil {
		return
	}
	q := From(r)
	if left := s.NotAfter.Sub(q.Now); left >= time.Second && value(r, StateCookie(q.Tenant.TenantID)) != s.State {
		putState(w, q.Tenant.TenantID, s.State, left)
	}
}

// putState writes the one cookie that a script reads, and in frames of other sites
// (OIDC Session Management 3.2).
func putState(w http.ResponseWriter, tenant, state string, maxAge time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: StateCookie(tenant), Value: state, Path: "/", MaxAge: int(maxAge / time.Second),
		Secure: true, SameSite: http.SameSiteNoneMode,
	})
}

func value(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// put writes a cookie; maxAge 0 keeps it until the browser closes.
func put(w http.ResponseWriter, name, value string, maxAge time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(maxAge / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
