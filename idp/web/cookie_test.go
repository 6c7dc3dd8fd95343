package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

var tenant = &idp.Tenant{TenantID: "5f3a6c1e-0b7d-4c58-9a51-2f4e8d6b7c90", Name: "Contoso", Domains: []string{"contoso.example"}, CreatedAt: epoch}

// visited runs fn in a request of the tenant and returns the cookies it sets.
func visited(r *http.Request, fn func(w http.ResponseWriter, r *http.Request)) []*http.Cookie {
	rec := entered(web.Entry{}, r, func(w http.ResponseWriter, r *http.Request) {
		web.From(r).Tenant = tenant
		fn(w, r)
	})
	return rec.Result().Cookies()
}

// TestCookies: each is __Host-, Secure, HttpOnly and Lax, for the whole host and
// no other (docs/security.md, H1).
func TestCookies(t *testing.T) {
	var v signin.Visit
	cookies := visited(httptest.NewRequest("GET", "/", nil), func(w http.ResponseWriter, r *http.Request) {
		v = web.Visit(w, r)
		web.Keep(w, r, signin.Outcome{NewSession: "ss_x", NewKnown: "k"})
	})
	want := map[string]struct {
		value string
		age   int
	}{
		"__Host-latchkey-browser":                    {v.Browser, 0},
		"__Host-latchkey-session-" + tenant.TenantID: {"ss_x", 0},
		"__Host-latchkey-known-" + tenant.TenantID:   {"k", int(180 * 24 * time.Hour / time.Second)},
	}
	for _, c := range cookies {
		if w, ok := want[c.Name]; !ok || c.Value != w.value || c.MaxAge != w.age {
			t.Errorf("%+v", c)
		}
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("%+v", c)
		}
	}
	if len(cookies) != len(want) || !strings.HasPrefix(v.Browser, "br_") || len(v.Browser) != 46 {
		t.Errorf("%d cookies, browser %q", len(cookies), v.Browser)
	}
	if none := visited(httptest.NewRequest("GET", "/", nil), func(w http.ResponseWriter, r *http.Request) { web.Keep(w, r, signin.Outcome{}) }); len(none) > 0 {
		t.Errorf("nothing to keep, and %v is set", none)
	}
}

// TestVisit: what a browser shows is read for this tenant only, and a browser
// that has a binding cookie keeps it.
func TestVisit(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("User-Agent", "test")
	for name, value := range map[string]string{
		"__Host-latchkey-browser": "br_own", "__Host-latchkey-session-" + tenant.TenantID: "ss_own", "__Host-latchkey-known-" + tenant.TenantID: "k_own",
		"__Host-latchkey-session-other": "ss_other", "latchkey-session-" + tenant.TenantID: "ss_unprefixed", "browser": "x",
	} {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	set := visited(r, func(w http.ResponseWriter, r *http.Request) {
		v := web.Visit(w, r)
		if v.Browser != "br_own" || v.Session != "ss_own" || v.Known != "k_own" || v.Tenant != tenant || v.UserAgent != "test" || !v.Now.Equal(epoch) || v.RequestID != web.From(r).ID || v.Address != "192.0.2.1" {
			t.Errorf("%+v", v)
		}
	})
	if len(set) > 0 {
		t.Errorf("%v is set", set)
	}
}

// TestVisitOther: two browsers are never bound alike.
func TestVisitOther(t *testing.T) {
	seen := map[string]bool{}
	for range 10 {
		visited(httptest.NewRequest("GET", "/", nil), func(w http.ResponseWriter, r *http.Request) { seen[web.Visit(w, r).Browser] = true })
	}
	if len(seen) != 10 {
		t.Errorf("%v", seen)
	}
}

// TestDropSession: the cookie goes with the one that the session iframe reads, and no
// other.
func TestDropSession(t *testing.T) {
	set := visited(httptest.NewRequest("GET", "/", nil), web.DropSession)
	if len(set) != 2 || set[0].Name != "__Host-latchkey-session-"+tenant.TenantID || set[1].Name != web.StateCookie(tenant.TenantID) {
		t.Fatalf("%v", set)
	}
	for _, c := range set {
		if c.Value != "" || c.MaxAge >= 0 || !c.Secure {
			t.Errorf("%v", c)
		}
	}
}
