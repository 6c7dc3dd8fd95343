package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

var (
	sealed     = regexp.MustCompile(`value="[A-Za-z0-9_-]{60,}"`)
	challenged = regexp.MustCompile(`&#34;challenge&#34;:&#34;[A-Za-z0-9_-]{43}&#34;`)
)

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
	body := challenged.ReplaceAllString(sealed.ReplaceAllString(markup.String(), `value="S"`), "C")
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

// asks is the page that a name leads to.
func asks(t *testing.T, base, tenant, name string) string {
	t.Helper()
	p := newPerson(t, "")
	p.Open(base + "/" + tenant + "/security-info")
	p.Fill("username", name)
	p.Submit()
	if page := p.Page(); page != "pass" && page != "passkey" && page != "number-send" {
		t.Fatalf("%s leads to %q:\n%s", name, page, p.Text())
	}
	return p.Page()
}

// madeUp are names that nobody has, as long as those of the others.
func madeUp() []string {
	names := make([]string, 60)
	for i := range names {
		names[i] = fmt.Sprintf("ni%02d@contoso.example", i)
	}
	return names
}

// populate makes, beside Noor of the demo, who has a pass, somebody with a passkey, with
// nothing, and a disabled one with a passkey.
func (d *demo) populate(t *testing.T) {
	t.Helper()
	tenant := d.report().tenant(t, "contoso.example").ID
	for _, u := range []idp.User{
		{PrincipalName: "kira@contoso.example", DisplayName: "Kira"},
		{PrincipalName: "anna@contoso.example", DisplayName: "Anna"},
		{PrincipalName: "dora@contoso.example", DisplayName: "Dora", Disabled: true},
	} {
		made, err := d.server.Admin.CreateUser(t.Context(), admin.Operator("test"), tenant, u)
		if err != nil {
			t.Fatal(err)
		}
		if u.DisplayName == "Anna" {
			continue
		}
		key := &idp.Passkey{
			PasskeyID: idp.NewID(), UserID: made.UserID, Name: "Phone", Credential: []byte(made.UserID), Synced: true,
			AAGUID: "00000000-0000-0000-0000-000000000000", CreatedAt: made.CreatedAt, Transports: []string{"internal"},
		}
		if err := d.server.Store.Update(t.Context(), tenant, func(tx *storage.Tx) error { return tx.Insert(key) }); err != nil {
			t.Fatal(err)
		}
	}
}

// asStranger is what whoever knows nothing but a name sees of it: what it is asked for, the
// other ways, a wrong answer, and the pass it is asked for then until it is held back.
func asStranger(t *testing.T, base, name string) (pages []string) {
	t.Helper()
	p := newPerson(t, "")
	see := func() { pages = append(pages, p.seen(name)) }
	p.Open(base + "/contoso.example/security-info")
	p.Fill("username", name)
	p.Submit()
	see()
	asked, state := p.at.String(), attr(p.first("input", "name", "state"), "value")
	p.post(p.at.String(), url.Values{"state": {state}, "other": {"1"}}) // also where no button offers it
	see()
	p.Open(asked)
	if p.Page() == "passkey" {
		for _, assertion := range []string{"", "{}"} {
			p.post(p.at.String(), url.Values{"state": {attr(p.first("input", "name", "state"), "value")}, "assertion": {assertion}})
			p.WantPage("passkey")
			see()
		}
	}
	p.toPass()
	for range idp.ThrottleBurst + 1 { // the last one is not looked at any more
		p.WantPage("pass")
		see()
		p.Fill("code", "0000-0000")
		p.Submit()
		see()
	}
	if n := len(pages); pages[n-1] == pages[n-3] || pages[n-1] == pages[n-2] || pages[0] == pages[1] {
		t.Fatalf("%s passes neither a wrong code nor the throttle", name)
	}
	return pages
}

// TestUnknownUserLooksTheSame signs in, until held back, as somebody with a pass, with a
// passkey, with nothing, disabled, and as nobody. Names that are asked for a pass see the
// same, to the byte, as who has one, and names that are asked for a passkey as who has one
// in a browser that has never signed them in.
func TestUnknownUserLooksTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	asked := map[string]string{}     // the page that each made-up name leads to
	leading := map[string][]string{} // those that lead to each page
	t.Run("names", func(t *testing.T) {
		d := startDemo(t, dir)
		d.populate(t)
		base, differ := d.report().BaseURL, false
		for _, name := range madeUp() {
			page := asks(t, base, "contoso.example", name)
			asked[name], leading[page] = page, append(leading[page], name)
			if again := asks(t, base, "contoso.example", strings.ToUpper(name)); again != page {
				t.Errorf("%s is asked for %s, in capitals for %s", name, page, again)
			}
			differ = differ || asks(t, base, "fabrikam.example", strings.Replace(name, "contoso", "fabrikam", 1)) != page
		}
		if len(leading["pass"]) < 3 || len(leading["passkey"]) < 3 || len(leading["number-send"]) < 3 || !differ {
			t.Fatalf("made-up names are asked for %v; in another tenant otherwise: %t", asked, differ)
		}
	})
	for i, c := range []struct{ who, page string }{
		{"noor", "pass"}, {"kira", "passkey"}, {"dora", ""}, {"anna", ""}, // who pretend to hold something
	} {
		t.Run(c.who, func(t *testing.T) { // each with a server of its own, as that counts wrong answers by address
			base := startDemo(t, dir).report().BaseURL
			name := c.who + "@contoso.example"
			page := asks(t, base, "contoso.example", name)
			if c.page != "" && page != c.page {
				t.Fatalf("%s is asked for %s", name, page)
			}
			other := leading[page][max(0, i-1)] // of whom nobody has guessed before
			if again := asks(t, base, "contoso.example", other); again != page {
				t.Errorf("%s was asked for %s, after a restart for %s", other, page, again)
			}
			got, want := asStranger(t, base, other), asStranger(t, base, name)
			for i := range max(len(got), len(want)) {
				if i >= len(got) || i >= len(want) || got[i] != want[i] {
					t.Fatalf("page %d: %s sees\n%s\n%s sees\n%s", i, other, got[min(i, len(got)-1)], name, want[min(i, len(want)-1)])
				}
			}
		})
	}
}
