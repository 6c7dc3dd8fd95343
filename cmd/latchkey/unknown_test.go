package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"latchkey/idp"
	"latchkey/idp/admin"
)

var sealed = regexp.MustCompile(`value="[A-Za-z0-9_-]{60,}"`)

// seen is the page as a stranger could compare it: status, headers and markup,
// without what differs at every request and without the name that was typed.
func (p *person) seen(name string) string {
	p.t.Helper()
	var markup strings.Builder
	if err := html.Render(&markup, p.doc); err != nil {
		p.t.Fatal(err)
	}
	h := maps.Clone(p.header)
	delete(h, "X-Request-Id")
	delete(h, "Date")
	var headers []string
	for _, key := range slices.Sorted(maps.Keys(h)) {
		headers = append(headers, fmt.Sprint(key, h[key]))
	}
	body := sealed.ReplaceAllString(markup.String(), `value="S"`)
	return fmt.Sprint(p.status, "\n", strings.Join(headers, "\n"), "\n", strings.ReplaceAll(body, name, "NAME"))
}

// post sends what no page offers.
func (p *person) post(address string, form url.Values) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p.do(r)
}

// TestUnknownUserLooksTheSame signs in, until held back, as somebody with a pass,
// without one, disabled, and as nobody: each page is the same to the byte.
func TestUnknownUserLooksTheSame(t *testing.T) {
	d := startDemo(t, "")
	operator := admin.Operator("test")
	for _, u := range []idp.User{
		{PrincipalName: "anna@contoso.example", DisplayName: "Anna"},
		{PrincipalName: "dora@contoso.example", DisplayName: "Dora", Disabled: true},
	} {
		if _, err := d.server.Admin.CreateUser(t.Context(), operator, "contoso.example", u); err != nil {
			t.Fatal(err)
		}
	}
	journey := func(name string) (pages []string) {
		p := newPerson(t, "")
		p.Open(d.report().BaseURL + "/contoso.example/security-info")
		p.Fill("username", name)
		p.Submit()
		pages = append(pages, p.seen(name))
		asked, state := p.at.String(), attr(p.first("input", "name", "state"), "value")
		p.post(p.at.String(), url.Values{"state": {state}, "other": {"1"}}) // also where no button offers it
		pages = append(pages, p.seen(name))
		p.Open(asked)
		for range idp.ThrottleBurst + 1 { // the last one is not looked at any more
			p.WantPage("pass")
			p.Fill("code", "0000-0000")
			p.Submit()
			pages = append(pages, p.seen(name))
		}
		return pages
	}
	want := journey("noor@contoso.example")
	if want[2] == want[0] || want[len(want)-1] == want[2] {
		t.Fatal("the journey passes neither a wrong code nor the throttle")
	}
	for _, name := range []string{"anna@contoso.example", "dora@contoso.example", "nils@contoso.example"} {
		for i, got := range journey(name) {
			if got != want[i] {
				t.Errorf("%s, page %d:\n%s\nwhere noor sees:\n%s", name, i, got, want[i])
			}
		}
	}
}
