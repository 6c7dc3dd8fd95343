package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"
)

// person drives pages as somebody does whose browser runs no script: opens
// addresses, fills fields, presses buttons, reads.
type person struct {
	t      testing.TB
	client *http.Client
	// away begins the addresses of an app that does not exist: the browser stops
	// there, and landed is what the app would have been sent.
	away   string
	landed url.Values

	at     *url.URL
	status int
	header http.Header
	doc    *html.Node
	filled url.Values
}

func newPerson(t testing.TB, away string) *person {
	p := &person{t: t, away: away}
	p.client = &http.Client{Jar: &jar{hosts: map[string]map[string]string{}}, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > 20 || p.isAway(r.URL) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return p
}

func (p *person) isAway(u *url.URL) bool {
	return p.away != "" && strings.HasPrefix(u.String(), p.away)
}

// Open goes to an address, which may be relative to the page.
func (p *person) Open(address string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.resolve(address), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	p.do(r)
}

func (p *person) resolve(address string) string {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.at != nil {
		u = p.at.ResolveReference(u)
	}
	return u.String()
}

func (p *person) do(r *http.Request) {
	p.t.Helper()
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	resp, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	p.filled, p.landed = url.Values{}, nil
	if to, err := resp.Location(); err == nil && p.isAway(to) {
		p.landed = to.Query()
		if to.Fragment != "" {
			if p.landed, err = url.ParseQuery(to.EscapedFragment()); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	p.at, p.status, p.header = resp.Request.URL, resp.StatusCode, resp.Header
	// Without scripting the content of noscript counts.
	if p.doc, err = html.ParseWithOptions(resp.Body, html.ParseOptionEnableScripting(false)); err != nil {
		p.t.Fatal(err)
	}
}

// Fill types into a field of the page.
func (p *person) Fill(name, value string) {
	p.t.Helper()
	if p.first("input", "name", name) == nil {
		p.t.Fatalf("%s has no field %q:\n%s", p.at, name, p.Text())
	}
	p.filled.Set(name, value)
}

// Submit presses the main button of the form that was filled in, or of the only one.
func (p *person) Submit() {
	p.t.Helper()
	for _, form := range p.all(p.doc, "form") {
		fields := p.all(form, "input")
		mine := slices.ContainsFunc(fields, func(n *html.Node) bool { return p.filled.Has(attr(n, "name")) })
		if mine || len(p.filled) == 0 {
			buttons := p.all(form, "button")
			if len(buttons) == 0 {
				p.t.Fatalf("the form of %s has no button", p.at)
			}
			p.send(form, buttons[0])
			return
		}
	}
	p.t.Fatalf("%s has no form to submit:\n%s", p.at, p.Text())
}

// Press presses the button with this name and value, or, as "id", with this id.
func (p *person) Press(name, value string) {
	p.t.Helper()
	for _, form := range p.all(p.doc, "form") {
		for _, b := range p.all(form, "button") {
			if name == "id" && attr(b, "id") == value || attr(b, "name") == name && attr(b, "value") == value {
				p.send(form, b)
				return
			}
		}
	}
	p.t.Fatalf("%s has no button %s=%s:\n%s", p.at, name, value, p.Text())
}

func (p *person) send(form, button *html.Node) {
	p.t.Helper()
	values := url.Values{}
	for _, in := range p.all(form, "input") {
		name := attr(in, "name")
		values.Set(name, attr(in, "value"))
		if p.filled.Has(name) {
			values.Set(name, p.filled.Get(name))
		}
	}
	if name := attr(button, "name"); name != "" {
		values.Set(name, attr(button, "value"))
	}
	if attr(form, "method") != "post" {
		p.t.Fatalf("a form of %s is sent by GET: what is typed would be in the address", p.at)
	}
	action := p.resolve(attr(form, "action"))
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, action, strings.NewReader(values.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if p.isAway(r.URL) {
		p.landed = values
		return
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	// A browser of before Fetch Metadata tells where a form came from by this alone.
	r.Header.Set("Origin", p.at.Scheme+"://"+p.at.Host)
	if p.header.Get("Referrer-Policy") == "no-referrer" {
		r.Header.Set("Origin", "null")
	}
	p.do(r)
}

// Follow takes the link with this id or this text.
func (p *person) Follow(link string) {
	p.t.Helper()
	for _, a := range p.all(p.doc, "a") {
		if attr(a, "id") == link || text(a) == link {
			p.Open(attr(a, "href"))
			return
		}
	}
	p.t.Fatalf("%s has no link %q:\n%s", p.at, link, p.Text())
}

// Page is the data-page of the page.
func (p *person) Page() string {
	if main := p.all(p.doc, "main"); len(main) == 1 {
		return attr(main[0], "data-page")
	}
	return ""
}

// Text is what the page says.
func (p *person) Text() string { return text(p.doc) }

// WantPage expects to be on a page.
func (p *person) WantPage(name string) {
	p.t.Helper()
	if got := p.Page(); got != name {
		p.t.Fatalf("on page %q (%d, %s), want %q:\n%s", got, p.status, p.at, name, p.Text())
	}
}

// WantText expects the page to say something.
func (p *person) WantText(want ...string) {
	p.t.Helper()
	for _, w := range want {
		if !strings.Contains(p.Text(), w) {
			p.t.Errorf("%s does not say %q:\n%s", p.at, w, p.Text())
		}
	}
}

// Landed is what the app that is away was sent.
func (p *person) Landed() url.Values {
	p.t.Helper()
	if p.landed == nil {
		p.t.Fatalf("nothing was sent to %s; on page %q (%s):\n%s", p.away, p.Page(), p.at, p.Text())
	}
	return p.landed
}

func (p *person) first(element, name, value string) *html.Node {
	nodes := p.all(p.doc, element)
	if i := slices.IndexFunc(nodes, func(n *html.Node) bool { return attr(n, name) == value }); i >= 0 {
		return nodes[i]
	}
	return nil
}

func (p *person) all(root *html.Node, element string) []*html.Node {
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == element {
			out = append(out, n)
		}
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// jar keeps cookies by host and, as browsers do on localhost, sends Secure ones
// over plain HTTP too.
type jar struct {
	mu    sync.Mutex
	hosts map[string]map[string]string
}

// SetCookies implements http.CookieJar.
func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.hosts[u.Hostname()] == nil {
		j.hosts[u.Hostname()] = map[string]string{}
	}
	for _, c := range cookies {
		if c.MaxAge < 0 {
			delete(j.hosts[u.Hostname()], c.Name)
		} else {
			j.hosts[u.Hostname()][c.Name] = c.Value
		}
	}
}

// Cookies implements http.CookieJar.
func (j *jar) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []*http.Cookie
	for name, value := range j.hosts[u.Hostname()] {
		out = append(out, &http.Cookie{Name: name, Value: value})
	}
	return out
}
