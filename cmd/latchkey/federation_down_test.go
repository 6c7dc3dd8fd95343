package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"latchkey/idp"
	"latchkey/idp/upstream/upstreamtest"
)

// failing are the ways in which a provider is of no use at a path.
func failing(hang <-chan struct{}) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"it hangs": func(http.ResponseWriter, *http.Request) { <-hang },
		"it drips": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusOK)
			w.Write([]byte("{"))
			w.(http.Flusher).Flush()
			<-hang
		},
		"it answers 500":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"it answers 10 MB": func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte(" "), 10<<20)) },
		"it redirects":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) },
		"it says nonsense": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
	}
}

// TestFederationDown: a provider that is down, slow or talks nonsense, wherever it does, leads
// to a page that says so, with the other ways; who signs in here does not notice, while it hangs
// (docs/security.md, K2). Were the page to wait for the provider, the test would never end.
func TestFederationDown(t *testing.T) {
	a, hang := newAbroad(t), make(chan struct{})
	defer close(hang)
	pat := a.user("pat@contoso.example")
	_, code := a.pass(pat, idp.PassRequest{})
	type fault struct {
		*abroad
		path, what string
		person     *person
	}
	var faults []fault
	for _, path := range []string{"/.well-known/openid-configuration", "/token", "/keys", "/userinfo"} {
		for name, handler := range failing(hang) {
			b := a.beside(fmt.Sprintf("down%d.example", len(faults)))
			b.provider.Set(func(p *upstreamtest.Provider) { p.Handle[path], p.Scoped = handler, path == "/userinfo" })
			faults = append(faults, fault{b, path, name, newPerson(t, appBack)})
		}
	}
	before := a.touched()
	var all sync.WaitGroup
	for _, f := range faults {
		all.Go(func() { f.person.Open(a.authorize(url.Values{"login_hint": {"sam@" + f.federation.Domains[0]}})) })
	}
	local := a.as(pat.PrincipalName)
	local.WantPage("pass")
	all.Wait()
	for _, f := range faults {
		t.Run(f.path+" "+f.what, func(t *testing.T) {
			p := f.person
			if f.provider.Asked(f.path) == 0 {
				t.Error("it was not asked")
			}
			if p.first("p", "data-problem", "federation.down") == nil && p.first("p", "data-problem", "federation.refused") == nil {
				t.Errorf("on page %q (%d, %s):\n%s", p.Page(), p.status, p.at, p.Text())
			}
			if !strings.Contains(p.Text(), "Upstream") || p.first("button", "id", "use-pass") == nil || p.first("button", "id", "other-ways") == nil {
				t.Errorf("the name, or the other ways, are not there:\n%s", p.Text())
			}
		})
	}
	if after := a.touched(); after != before {
		t.Errorf("%s, before %s", after, before)
	}
	local.Fill("code", code)
	local.Submit()
	local.allow()
}

// TestFederationStorm: however many come with keys that nobody knows, the provider is asked for
// its keys once, and once for its document while that cannot be read.
func TestFederationStorm(t *testing.T) {
	a := newAbroad(t)
	a.user("sam@" + fedDomain)
	a.as("sam@" + fedDomain).allow()
	a.provider.Asked("/keys")
	signing(func(_ *upstreamtest.Provider, c map[string]any) string {
		return upstreamtest.SignBy(strange(), idp.NewID(), "JWT", c)
	})(a)
	var storm sync.WaitGroup
	for range 8 {
		storm.Go(func() {
			for range 5 {
				newPerson(t, appBack).Open(a.authorize(url.Values{"login_hint": {"sam@" + fedDomain}}))
			}
		})
	}
	storm.Wait()
	if n := a.provider.Asked("/keys"); n > 1 {
		t.Errorf("asked %d times for its keys", n)
	}
	b := a.anew(t)
	discovering(func(map[string]any) any { return nil })(b)
	for range 20 {
		b.as("sam@" + fedDomain).wantProblem("federation.down")
	}
	if n := b.provider.Asked("/.well-known/openid-configuration"); n > 1 {
		t.Errorf("asked %d times for its document", n)
	}
}
