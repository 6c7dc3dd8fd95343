package sdk

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// person is somebody with a browser that runs no scripts.
type person struct {
	t       *testing.T
	browser *http.Client
	away    string // begins the addresses of an app that is not there
	landed  url.Values

	at   *url.URL
	page *html.Node
}

// newPerson opens a browser. It stops where it would go to the app whose addresses
// begin with away; "" for none.
func newPerson(t *testing.T, away string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	wantNone(t, err)
	p := &person{t: t, away: away}
	p.browser = &http.Client{Transport: contoso.http.Transport, Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if away != "" && strings.HasPrefix(r.URL.String(), away) {
			p.landed = r.URL.Query()
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return p
}

func (p *person) open(address string) {
	p.t.Helper()
	resp, err := p.browser.Get(address)
	p.read(resp, err)
}

func (p *person) read(resp *http.Response, err error) {
	p.t.Helper()
	wantNone(p.t, err)
	defer resp.Body.Close()
	p.at = resp.Request.URL
	p.page, err = html.Parse(resp.Body)
	wantNone(p.t, err)
}

// submit sends the page's form with these fields, a button's among them.
func (p *person) submit(fields map[string]string) {
	p.t.Helper()
	form := p.first("form")
	if form == nil {
		p.t.Fatalf("%s has no form", p.at)
	}
	action, err := p.at.Parse(attribute(form, "action"))
	wantNone(p.t, err)
	values := url.Values{}
	for n := range form.Descendants() {
		if n.Data == "input" {
			values.Set(attribute(n, "name"), attribute(n, "value"))
		}
	}
	for name, value := range fields {
		values.Set(name, value)
	}
	resp, err := p.browser.PostForm(action.String(), values)
	p.read(resp, err)
}

// signIn answers the sign-in pages, the invitation and consent among them.
func (p *person) signIn(u user) {
	p.t.Helper()
	p.want("signin")
	p.submit(map[string]string{"username": u.Name})
	if u.Pass == "" {
		p.want("email-send")
		p.submit(map[string]string{"send": "1"})
		p.want("email-code")
		p.submit(map[string]string{"code": contoso.mailedCode(p.t, u.Name)})
	} else {
		p.want("pass")
		p.submit(map[string]string{"code": u.Pass})
	}
	if p.name() == "redeem" {
		p.submit(map[string]string{"invitation": "accept"})
	}
	if p.name() == "consent" {
		p.submit(map[string]string{"decision": "allow"})
	}
}

// enterDeviceCode is what a device asks for: open a page, type the code, sign in.
func (p *person) enterDeviceCode(page, code string, u user) {
	p.t.Helper()
	p.open(page)
	p.want("device")
	p.submit(map[string]string{"code": code})
	p.signIn(u)
	p.want("device-confirm")
	p.submit(map[string]string{"decision": "allow"})
	p.want("device-done")
}

func (p *person) want(page string) {
	p.t.Helper()
	if got := p.name(); got != page {
		p.t.Fatalf("on page %q (%s), want %q", got, p.at, page)
	}
}

func (p *person) name() string {
	if main := p.first("main"); main != nil {
		return attribute(main, "data-page")
	}
	return ""
}

func (p *person) first(element string) *html.Node {
	for n := range p.page.Descendants() {
		if n.Type == html.ElementNode && n.Data == element {
			return n
		}
	}
	return nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
