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
	}
	if out.NewKnown != "" {
		put(w, knownCookie+tenant, out.NewKnown, signin.KnownFor)
	}
}

// DropSession takes the session cookie out of the browser.
func DropSession(w http.ResponseWriter, r *http.Request) {
	put(w, sessionCookie+From(r).Tenant.TenantID, "", -time.Second)
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
