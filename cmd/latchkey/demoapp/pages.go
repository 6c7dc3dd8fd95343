package demoapp

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"time"
)

//go:embed assets pages.html
var files embed.FS

// pages draws the app's three pages.
type pages struct {
	config    Config
	host      string // of the provider
	policy    string
	templates *template.Template
}

func newPages(c Config) (*pages, error) {
	t, err := template.New("").Funcs(template.FuncMap{"clock": clock}).ParseFS(files, "pages.html")
	if err != nil {
		return nil, err
	}
	issuer, err := url.Parse(c.Issuer)
	if err != nil {
		return nil, err
	}
	// Chromium applies form-action to the redirects that follow a form too, and
	// signing out leads to the provider.
	policy := "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; " +
		"frame-ancestors 'none'; form-action 'self' " + issuer.Scheme + "://" + issuer.Host
	return &pages{config: c, host: issuer.Host, policy: policy, templates: t}, nil
}

// frame is what all pages have.
type frame struct {
	Name     string // of the app
	Provider string // its host
	Account  string // URL, "" for none
	Now      time.Time
	V        any
}

// homeView is the page of somebody who is not signed in.
type homeView struct {
	SignedOut bool      // just came back from signing out
	Ended     time.Time // when the session ran out; zero if it did not
	Over      bool      // the provider sent word that the sign-in has ended
}

// Title is what the page is about.
func (homeView) Title() string { return "Sign in to see what an app sees" }

// signedInView is the page of somebody who is.
type signedInView struct {
	session  session
	Honoured bool   // the provider still answers for the session
	Doubt    string // why not
}

// Title is what the page is about.
func (v signedInView) Title() string { return "Hello, " + v.Who() }

// Claims are those of the ID token.
func (v signedInView) Claims() []row { return rows(v.session.claims) }

// Person is what userinfo says.
func (v signedInView) Person() []row { return rows(v.session.person) }

// ByPass tells whether a pass opened the session, and bounds it.
func (v signedInView) ByPass() bool { return v.session.claims["acr"] == "urn:latchkey:acr:bootstrap" }

// Who is the name to greet with.
func (v signedInView) Who() string {
	for _, name := range []string{"name", "preferred_username"} {
		if s, ok := v.session.person[name].(string); ok && s != "" {
			return s
		}
	}
	return v.session.subject
}

// Ends is when the session ends unless it is refreshed.
func (v signedInView) Ends() time.Time { return v.session.ends }

// CanRefresh tells whether the provider gave a refresh token.
func (v signedInView) CanRefresh() bool { return v.session.refresh != "" }

// Renewed counts the refreshes.
func (v signedInView) Renewed() int { return v.session.renewed }

// Seconds are the whole seconds from now to t, never less than none.
func (f frame) Seconds(t time.Time) int { return int(max(t.Sub(f.Now), 0) / time.Second) }

func (p *pages) home(w http.ResponseWriter, v homeView) { p.draw(w, http.StatusOK, "app-home", v) }

func (p *pages) signedIn(w http.ResponseWriter, v signedInView) {
	p.draw(w, http.StatusOK, "app-signed-in", v)
}

func (p *pages) problem(w http.ResponseWriter, v problem) { p.draw(w, v.Status, "app-error", v) }

func (p *pages) draw(w http.ResponseWriter, status int, name string, v any) {
	var b bytes.Buffer
	f := frame{Name: p.config.Name, Provider: p.host, Account: p.config.AccountURL, Now: p.config.Now(), V: v}
	if err := p.templates.ExecuteTemplate(&b, name, f); err != nil {
		http.Error(w, "The page could not be drawn: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	p.headers(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(b.Bytes()) // whoever hung up needs no answer
}

func (p *pages) headers(h http.Header) {
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Referrer-Policy", "same-origin") // without it the Origin of our own forms is "null", and refused
	h.Set("X-Content-Type-Options", "nosniff")
}

func (p *pages) assets() http.Handler {
	serve := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.headers(w.Header())
		w.Header().Set("Cache-Control", "no-cache")
		serve.ServeHTTP(w, r)
	})
}
