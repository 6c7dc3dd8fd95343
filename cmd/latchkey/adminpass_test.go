package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// newPassPage is where an administrator gives a pass.
func (r demoReport) newPassPage(o reportTenant) string {
	return r.BaseURL + "/" + o.Domain + "/admin/passes/new"
}

// administers signs somebody in at that page.
func administers(t *testing.T, r demoReport, o reportTenant, u reportUser) *person {
	t.Helper()
	p := newPerson(t, "")
	p.Open(r.newPassPage(o))
	p.signIn(u)
	return p
}

// code is the pass that the page shows.
func (p *person) code() string {
	p.t.Helper()
	n := p.first("p", "id", "pass-code")
	if n == nil {
		p.t.Fatalf("%s shows no pass:\n%s", p.at, p.Text())
	}
	return text(n)
}

// TestAdminPass: an administrator signs in, comes back to the form, and gives a pass that
// lets the person in. The form counts once; what it sends is kept where it is refused.
func TestAdminPass(t *testing.T) {
	d := startDemo(t, "")
	r := d.report()
	contoso := r.tenant(t, "contoso.example")
	noor := contoso.user(t, "noor@contoso.example")
	p := administers(t, r, contoso, contoso.holder(t, idp.AuthenticationAdministrator))
	p.Open(attr(p.first("a", "id", "back"), "href"))
	p.WantPage("security-info")
	p.Open(attr(p.first("a", "id", "give-pass"), "href"))
	p.WantPage("admin-pass")
	form := func() url.Values {
		return url.Values{
			"state": {attr(p.first("input", "name", "state"), "value")}, "username": {" NOOR@contoso.example"},
			"starts": {""}, "lifetime": {""}, "once": {""}, "reason": {"lost <phone>"}, "slip_user_name": {"1"},
		}
	}
	send := func(values url.Values) {
		p.filled = values
		p.Submit()
	}

	for _, c := range []struct {
		name, value string
		status      int
		words       string
	}{
		{"username", "", http.StatusBadRequest, "The user name is missing."},
		{"username", "nobody@contoso.example", http.StatusNotFound, `There is no user "nobody@contoso.example".`},
		{"username", "global-reader@contoso.example", http.StatusForbidden, "You can't give this person a pass"}, // privileged
		{"username", "authentication-administrator@contoso.example", http.StatusForbidden, "it's you yourself"},
		{"lifetime", "1", http.StatusBadRequest, "lets a pass last between 60 and 43200 minutes."},
		{"lifetime", "long", http.StatusBadRequest, "The lifetime isn't a number of minutes."},
		{"starts", "2020-01-01T00:00", http.StatusBadRequest, "lies in the past"},
		{"starts", "soon", http.StatusBadRequest, "The start isn't a date and a time."},
		{"state", "x", http.StatusBadRequest, "No pass was made."},
	} {
		values := form()
		values.Set(c.name, c.value)
		send(values)
		p.WantPage("admin-pass")
		p.WantText(c.words)
		if p.status != c.status {
			t.Errorf("%s %q: status %d, want %d", c.name, c.value, p.status, c.status)
		}
		if got := attr(p.first("input", "name", "reason"), "value"); got != "lost <phone>" {
			t.Errorf("%s %q: the reason is now %q", c.name, c.value, got)
		}
	}

	values := form()
	values.Set("lifetime", "90")
	send(values)
	p.WantPage("admin-pass-given")
	p.WantText("Noor Haddad", "noor@contoso.example", "as often as you like", "UTC", r.BaseURL+"/tap")
	code := p.code()
	if p.header.Get("Cache-Control") != "no-store" || strings.Contains(p.at.String(), code) {
		t.Errorf("the code may be kept: %q at %s", p.header.Get("Cache-Control"), p.at)
	}

	p.Open(r.newPassPage(contoso))
	send(values)
	p.WantPage("admin-pass")
	p.WantText("This form was sent before")
	if p.status != http.StatusConflict || strings.Contains(p.Text(), code) {
		t.Errorf("status %d: %s", p.status, p.Text())
	}

	info, err := d.server.Admin.Pass(t.Context(), demoActor, contoso.ID, noor.ID)
	if err != nil || info.Pass.Lifetime != 90*time.Minute || info.Pass.Reason != "lost <phone>" ||
		info.Pass.CreatedBy != "authentication-administrator@contoso.example" {
		t.Errorf("%+v, %v", info.Pass, err)
	}
	person := newPerson(t, "")
	person.Open(r.BaseURL + "/" + contoso.Domain + "/security-info")
	person.signIn(reportUser{UserPrincipalName: noor.UserPrincipalName, TemporaryAccessPass: code})
	person.WantPage("security-info")
}

// TestAdminPassRefused: whoever may give nobody a pass is told so, and no form helps.
func TestAdminPassRefused(t *testing.T) {
	r := startDemo(t, "").report()
	contoso := r.tenant(t, "contoso.example")
	for _, u := range []reportUser{
		contoso.user(t, "noor@contoso.example"),
		contoso.holder(t, idp.HelpdeskAdministrator),
		contoso.holder(t, idp.GlobalReader),
	} {
		p := administers(t, r, contoso, u)
		p.WantPage("error")
		p.WantText("This page is for administrators")
		if p.status != http.StatusForbidden {
			t.Errorf("%s: status %d", u.UserPrincipalName, p.status)
		}
		sent, err := p.client.PostForm(r.newPassPage(contoso), url.Values{"username": {"noor@contoso.example"}})
		if err != nil {
			t.Fatal(err)
		}
		sent.Body.Close()
		if sent.StatusCode != http.StatusForbidden {
			t.Errorf("%s sends the form: %s", u.UserPrincipalName, sent.Status)
		}
	}
	nobody := newPerson(t, "")
	nobody.Open(r.newPassPage(contoso))
	nobody.WantPage("signin")
}

// TestAdminPassWaits: where the privileged take two administrators, the page says so; the
// same request, once it is approved, gives the pass, once.
func TestAdminPassWaits(t *testing.T) {
	d := startDemo(t, "")
	r, on := d.report(), true
	contoso := r.tenant(t, "contoso.example")
	if _, err := d.server.Admin.UpdatePassPolicy(t.Context(), demoActor, contoso.ID, admin.PassPolicyChange{Approval: &on}); err != nil {
		t.Fatal(err)
	}
	p := administers(t, r, contoso, contoso.holder(t, idp.PrivilegedAuthenticationAdmin))
	p.Fill("username", "global-reader@contoso.example")
	p.Fill("reason", "new phone")
	p.Fill("once", "")
	p.Submit()
	for range 2 {
		p.WantPage("admin-pass-waits")
		p.WantText("Another administrator can approve it")
		p.Submit()
	}
	if _, err := d.server.Admin.ApprovePass(t.Context(), demoActor, contoso.ID, "global-reader@contoso.example"); err != nil {
		t.Fatal(err)
	}
	state := attr(p.first("input", "name", "state"), "value")
	p.Submit()
	p.WantPage("admin-pass-given")
	p.code()
	p.Open(r.newPassPage(contoso))
	p.Fill("state", state)
	p.Fill("username", "global-reader@contoso.example")
	p.Fill("reason", "new phone")
	p.Fill("once", "")
	p.Submit()
	p.WantPage("admin-pass") // a reload gives no second one, and asks for none
	p.WantText("This form was sent before")
}

// TestAdminPassInChromium: the page copies the code and prints its slip on one page of
// A6; left, it does not show the code again.
func TestAdminPassInChromium(t *testing.T) {
	b := newTab(t)
	r := startDemo(t, "").report()
	contoso := r.tenant(t, "contoso.example")
	b.open(r.newPassPage(contoso))
	b.signIn(contoso.holder(t, idp.AuthenticationAdministrator))
	b.want("add-method")
	b.press("#later")
	b.want("admin-pass")
	b.fill("username", "noor@contoso.example")
	b.fill("reason", "lost phone")
	b.submit()
	b.want("admin-pass-given")
	code := evaluate(b, chromedp.Evaluate[string](`document.querySelector("#pass-code").textContent`))
	if !regexp.MustCompile(`^[0-9A-Z]{4}-[0-9A-Z]{4}$`).MatchString(code) {
		t.Errorf("the code is %q", code)
	}

	yes := true
	pdf := evaluate(b, chromedp.PrintToPDF(func(p *cdpage.PrintToPDFParams) { p.PreferCSSPageSize = &yes }))
	if pages := len(regexp.MustCompile(`/Type\s*/Page[^s]`).FindAll(pdf, -1)); pages != 1 || !regexp.MustCompile(`/MediaBox\s*\[0 0 29[78](\.\d+)? (419|420)`).Match(pdf) {
		t.Errorf("printed to %d pages, or not on A6", pages)
	}
	evaluate(b, chromedp.Evaluate[bool](`window.print = () => document.body.dataset.printed = "yes"; true`))
	b.press("#print")
	b.wantElement(`body[data-printed=yes]`)
	b.press("#copy")
	b.do(chromedp.WaitReady(chromedp.Search(`//*[@role="status"][. != ""]`)))
	if said := b.text("[data-announce]"); said != "Copied." {
		t.Errorf("the page says %q", said)
	}

	b.press("#another")
	b.want("admin-pass")
	b.do(chromedp.NavigateBack())
	if shown := evaluate(b, chromedp.Evaluate[string](`document.documentElement.outerHTML`)); strings.Contains(shown, code) {
		t.Error("going back shows the code again")
	}
}
