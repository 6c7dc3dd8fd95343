package demoinbox

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

const spiteful = `From: "<script>alert(1)</script>" <a@login.example>
To: "</title><script>alert(2)</script>" <anna@contoso.example>
Subject: </h1><script>alert(3)</script><a href="javascript:alert(4)">
Content-Type: multipart/alternative; boundary=b

--b

<script>alert(5)</script> javascript:alert(6) https://login.example/"><script>alert(7)</script>
--b
Content-Type: text/html

<html><head><title>x</title></head><body><script>alert(8)</script><a href="https://login.example/">go</a></body></html>
--b--
`

// TestInjection: what a mail says is text on our pages, and no more.
func TestInjection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sent(spiteful, "anna@contoso.example", `"<script>alert(9)</script>"@contoso.example`)
	for _, path := range []string{"/", "/messages/1", "/messages/2"} {
		page := w.page(path)
		if strings.Contains(page, "<script") || strings.Contains(page, `href="javascript`) {
			t.Errorf("%s:\n%s", path, page)
		}
		if subject := template.HTMLEscapeString(`</h1><script>alert(3)</script><a href="javascript:alert(4)">`); !strings.Contains(page, subject) {
			t.Errorf("%s does not show the subject:\n%s", path, page)
		}
		if got := w.get(path).Header().Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; style-src 'self'; ") {
			t.Errorf("%s: policy %q", path, got)
		}
	}
	if json := w.page("/messages"); strings.Contains(json, "<script") {
		t.Errorf("read as a page it would run: %s", json)
	}
}

// TestHTML: what a mail brought along is shown where it can do nothing.
func TestHTML(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.sent(spiteful, "anna@contoso.example")
	page := w.page("/messages/1")
	frame := `<iframe src="/messages/1/html" title="The mail as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>`
	if !strings.Contains(page, frame) {
		t.Errorf("no frame in\n%s", page)
	}
	r := w.get("/messages/1/html")
	directives := strings.Split(r.Header().Get("Content-Security-Policy"), "; ")
	for _, want := range []string{"sandbox allow-popups allow-popups-to-escape-sandbox", "default-src 'none'", "form-action 'none'", "frame-ancestors 'self'"} {
		if !slices.Contains(directives, want) {
			t.Errorf("no %q in %q", want, directives)
		}
	}
	if slices.ContainsFunc(directives, func(d string) bool { return strings.HasPrefix(d, "script-src") }) {
		t.Errorf("scripts are spoken of: %q", directives)
	}
	if !strings.HasPrefix(r.Body.String(), `<html><head><base target="_blank"><title>x</title>`) {
		t.Errorf("the links stay within the frame: %s", r.Body)
	}
	if got := r.Header().Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Error(got)
	}
	if got := aside("<p>no head</p>"); got != `<base target="_blank"><p>no head</p>` {
		t.Error(got)
	}
}

// TestPages: what a person sees, and that what is missing says so.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if page := w.page("/"); !strings.Contains(page, "Nobody was sent anything yet.") || !strings.Contains(page, `id="reload" href="/"`) {
		t.Errorf("empty:\n%s", page)
	}
	w.sent(alternative, "anna@contoso.example")
	w.sent("From: a@login.example\n\n", "kim@fabrikam.example")
	list := w.page("/")
	first, second := strings.Index(list, "(no subject)"), strings.Index(list, "Ein Gruß · Contoso")
	if first < 0 || second < first || !strings.Contains(list, "2026-09-01 12:00:00 UTC") {
		t.Errorf("list:\n%s", list)
	}
	page := w.page("/messages/1")
	for _, want := range []string{
		"<bdi>anna@contoso.example</bdi>", "Grüße, Anna.", `data-header="To"><dt>To</dt><dd><bdi>Anna Novák &lt;anna@contoso.example&gt;`,
		`<a href="https://login.example/redeem?a=1&amp;b=2" rel="noreferrer">https://login.example/redeem?a=1&amp;b=2</a>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if page := w.page("/messages/2"); !strings.Contains(page, "This mail says nothing.") || strings.Contains(page, "<iframe") {
		t.Errorf("of nothing:\n%s", page)
	}
	if r := w.get("/assets/style.css"); r.Code != http.StatusOK || !strings.HasPrefix(r.Header().Get("Content-Type"), "text/css") {
		t.Errorf("style: %d %v", r.Code, r.Header())
	}
	for _, path := range []string{"/messages/3", "/messages/0", "/messages/x", "/messages/3/html", "/messages/2/html", "/nowhere"} {
		if r := w.get(path); r.Code != http.StatusNotFound || !strings.Contains(r.Body.String(), "Back to all mails") {
			t.Errorf("%s: %d %s", path, r.Code, r.Body)
		}
	}
	r := httptest.NewRecorder()
	w.inbox.ServeHTTP(r, httptest.NewRequest(http.MethodPost, "/messages", nil))
	if r.Code == http.StatusOK {
		t.Error("it takes forms")
	}
}

func TestLinked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]piece{
		"":                      nil,
		"no link":               {{Text: "no link"}},
		"https://a.example/b":   {{"https://a.example/b", "https://a.example/b"}},
		"go: http://a.example.": {{Text: "go: "}, {"http://a.example", "http://a.example"}, {Text: "."}},
		"(HTTPS://a.example/b)": {{Text: "("}, {"HTTPS://a.example/b", "https://a.example/b"}, {Text: ")"}},
		"https://a.example/(b)": {{"https://a.example/(b)", "https://a.example/(b)"}},
		"<https://a.example>!":  {{Text: "<"}, {"https://a.example", "https://a.example"}, {Text: ">!"}},
		"https://a.example/ x https://b.example/?c=d#e": {
			{"https://a.example/", "https://a.example/"}, {Text: " x "}, {"https://b.example/?c=d#e", "https://b.example/?c=d#e"},
		},
		"javascript:alert(1) ftp://a.example https:///x https://%zz": {{Text: "javascript:alert(1) ftp://a.example https:///x https://%zz"}},
	} {
		if got := linked(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
