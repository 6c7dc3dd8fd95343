package demoinbox

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"net/http"
	"time"
)

//go:embed assets pages.html
var files embed.FS

// policy is that of the inbox's own pages, which run no script and send nothing.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'; form-action 'none'"

// pages draws the inbox's three pages.
type pages struct{ templates *template.Template }

func newPages() (*pages, error) {
	t, err := template.New("").Funcs(template.FuncMap{"clock": clock, "linked": linked}).ParseFS(files, "pages.html")
	return &pages{t}, err
}

func clock(t time.Time) string { return t.Format("2006-01-02 15:04:05 UTC") }

// listView is the page of all mails.
type listView struct{ Entries []entry }

// Title is what the page is about.
func (listView) Title() string { return "What people were sent" }

// messageView is the page of a mail.
type messageView struct{ entry }

// Title is what the page is about.
func (v messageView) Title() string { return v.About() }

// About is the subject, or words in its place.
func (e entry) About() string { return cmp.Or(e.Subject, "(no subject)") }

// errorView is the page for what is not there.
type errorView struct{ title, Text string }

// Title is what the page is about.
func (v errorView) Title() string { return v.title }

func (p *pages) draw(w http.ResponseWriter, status int, name string, v any) {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, v); err != nil {
		http.Error(w, "The page could not be drawn: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	headers(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // whoever hung up needs no answer
}

func headers(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer") // addresses in mails are not told where they were read
	h.Set("X-Content-Type-Options", "nosniff")
}

func (*pages) assets() http.Handler {
	serve := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers(w.Header())
		w.Header().Set("Cache-Control", "no-cache")
		serve.ServeHTTP(w, r)
	})
}
