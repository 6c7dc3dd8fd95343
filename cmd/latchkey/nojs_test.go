package main

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
)

// signIn answers the questions of the sign-in pages, consent among them if asked.
func (p *person) signIn(u reportUser) {
	p.t.Helper()
	p.WantPage("signin")
	p.Fill("username", u.UserPrincipalName)
	p.Submit()
	p.toPass()
	p.Fill("code", strings.ToLower(strings.ReplaceAll(u.TemporaryAccessPass, "-", " ")))
	p.Submit()
	p.notNow()
	if p.Page() == "consent" {
		p.Press("decision", "allow")
	}
}

// toPass goes on to the question for a pass, where names that have no usable one are asked
// for a passkey or a device first.
func (p *person) toPass() {
	p.t.Helper()
	if page := p.Page(); page == "passkey" || page == "number-send" {
		p.Press("method", string(idp.TemporaryAccessPass))
	}
	p.WantPage("pass")
}

// notNow goes on without a passkey, for which our own pages ask who came with a pass.
func (p *person) notNow() {
	p.t.Helper()
	if p.Page() == "add-method" {
		p.Press("later", "1")
	}
}

// authorizeURL is an authorization request of a confidential client.
func authorizeURL(r demoReport, t reportTenant, c reportClient, more ...string) string {
	q := url.Values{
		"client_id": {c.ClientID}, "response_type": {"code"}, "redirect_uri": {c.RedirectURIs[0]},
		"scope": {"openid profile email offline_access"}, "state": {"s1"}, "nonce": {"n1"},
	}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return r.BaseURL + "/" + t.Domain + "/oauth2/v2.0/authorize?" + q.Encode()
}

// TestWithoutJavaScript is the demo's journey by a browser that runs no script.
func TestWithoutJavaScript(t *testing.T) {
	d := startDemo(t, "")
	r := d.report()
	contoso := r.tenant(t, "contoso.example")
	noor := contoso.user(t, "noor@contoso.example")
	p := newPerson(t, "")

	p.Open(d.appURL)
	p.WantPage("app-home")
	p.Follow("sign-in")
	p.WantPage("signin")
	p.WantText("Contoso")
	p.Fill("username", "noor")
	p.Submit()
	p.WantPage("signin")
	p.WantText("to continue to Demo App", "doesn't look like a user name or mail address")
	p.Fill("username", " NOOR@contoso.example ")
	p.Submit()
	p.WantPage("pass")
	p.WantText("noor@contoso.example")
	p.Fill("code", "0000-0000")
	p.Submit()
	p.WantPage("pass")
	if p.first("input", "aria-invalid", "true") == nil {
		t.Error("the field does not say that the code was wrong")
	}
	p.Fill("code", noor.TemporaryAccessPass)
	p.Submit()
	p.WantPage("consent")
	p.WantText("Demo App")
	p.Press("decision", "allow")
	p.WantPage("app-signed-in")
	p.WantText("Noor Haddad", "urn:latchkey:acr:bootstrap", "The provider stands behind this session.")
	p.Press("id", "refresh")
	p.WantPage("app-signed-in")
	p.WantText("Refreshed once")

	p.Follow("account")
	p.WantPage("security-info")
	deletePass := func(decision string) {
		p.Press("delete", attr(p.first("button", "name", "delete"), "value"))
		p.WantPage("delete-pass")
		p.Press("decision", decision)
	}
	deletePass("keep")
	p.WantPage("security-info")
	p.Open("?done=pass-deleted") // whoever made up that link
	if strings.Contains(p.Text(), "is deleted") {
		t.Errorf("the pass was kept: %s", p.Text())
	}
	deletePass("delete")
	p.WantPage("signed-out")
	p.WantText("The pass is deleted.")
	d.told(t)
	p.Open(d.appURL)
	p.WantPage("app-home")
	p.WantText("You were signed out because your sign-in has ended.")
	p.Follow("sign-in")
	p.WantPage("signin")
}

func TestResponseModes(t *testing.T) {
	r := startDemo(t, "").report()
	contoso := r.tenant(t, "contoso.example")
	web, noor := contoso.client(t, "web"), contoso.user(t, "noor@contoso.example")
	for _, mode := range []string{"query", "fragment", "form_post"} {
		t.Run(mode, func(t *testing.T) {
			p := newPerson(t, web.RedirectURIs[0])
			p.Open(authorizeURL(r, contoso, web, "response_mode", mode))
			p.signIn(noor)
			if mode == "form_post" {
				p.WantPage("form-post")
				p.Submit()
			}
			if got := p.Landed(); got.Get("code") == "" || got.Get("state") != "s1" || got.Get("iss") != contoso.Issuer {
				t.Errorf("the app was sent %v", got)
			}
			// The session that now exists answers without asking; so does an error.
			p.Open(authorizeURL(r, contoso, web, "prompt", "none"))
			if p.Landed().Get("code") == "" {
				t.Errorf("prompt=none was answered %v", p.landed)
			}
			stranger := newPerson(t, web.RedirectURIs[0])
			stranger.Open(authorizeURL(r, contoso, web, "prompt", "none", "response_mode", mode))
			if mode == "form_post" {
				stranger.Submit()
			}
			if got := stranger.Landed().Get("error"); got != "login_required" {
				t.Errorf("a stranger's prompt=none was answered %v", stranger.landed)
			}
		})
	}
}

func TestConsentDenied(t *testing.T) {
	d := startDemo(t, "")
	admin := d.report().tenant(t, "contoso.example").user(t, "admin@contoso.example")
	p := newPerson(t, "")
	p.Open(d.appURL)
	p.Follow("sign-in")
	p.Fill("username", admin.UserPrincipalName)
	p.Submit()
	p.Fill("code", admin.TemporaryAccessPass)
	p.Submit()
	p.WantPage("consent")
	p.Press("decision", "deny")
	p.WantPage("app-error")
	p.WantText("You were not signed in", "access_denied")
}

// TestErrorPages: what cannot be answered is shown, never redirected.
func TestErrorPages(t *testing.T) {
	r := startDemo(t, "").report()
	contoso := r.tenant(t, "contoso.example")
	web := contoso.client(t, "web")
	p := newPerson(t, "")
	for _, c := range []struct {
		name, address, want string
		status              int
	}{
		{"unknown tenant", r.BaseURL + "/nowhere.example/security-info", "", 404},
		{"unknown client", authorizeURL(r, contoso, web, "client_id", "nobody"), "700016", 400},
		{"unregistered redirect", authorizeURL(r, contoso, web, "redirect_uri", "https://evil.example/"), "50011", 400},
		{"no such page", r.BaseURL + "/contoso.example/nothing", "", 404},
		{"sign-in out of nowhere", r.BaseURL + "/contoso.example/signin?state=x", "", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			p.Open(c.address)
			p.WantPage("error")
			p.WantText(c.want)
			if p.status != c.status {
				t.Errorf("status %d, want %d", p.status, c.status)
			}
		})
	}
}

// TestOneTimePass: the second use of a one-time pass is refused with its reason.
func TestOneTimePass(t *testing.T) {
	r := startDemo(t, "").report()
	contoso := r.tenant(t, "contoso.example")
	guest := contoso.user(t, "guest@contoso.example")
	for i, want := range []string{"security-info", "pass"} {
		p := newPerson(t, "")
		p.Open(r.BaseURL + "/contoso.example/security-info")
		p.signIn(guest)
		p.WantPage(want)
		if i == 1 {
			p.WantText("works only once and has been used before")
			if p.first("input", "aria-invalid", "true") != nil {
				t.Error("a right pass is marked as mistyped")
			}
		}
	}
}

// TestSignOutPages: signing out at the provider asks first, unless the app shows
// whose session it is.
func TestSignOutPages(t *testing.T) {
	r := startDemo(t, "").report()
	contoso := r.tenant(t, "contoso.example")
	p := newPerson(t, "")
	p.Open(r.BaseURL + "/contoso.example/security-info")
	p.signIn(contoso.user(t, "noor@contoso.example"))
	p.WantPage("security-info")
	p.Open(r.BaseURL + "/contoso.example/oauth2/v2.0/logout")
	p.WantPage("sign-out")
	p.Press("decision", "stay")
	p.WantPage("security-info")
	p.Press("decision", "sign-out")
	p.WantPage("signed-out")
	p.Open(r.BaseURL + "/contoso.example/security-info")
	p.WantPage("signin")
}

// TestOrganizationPicker: an address that names no organization leads to one, with
// what the app asked for intact.
func TestOrganizationPicker(t *testing.T) {
	r := startDemo(t, "").report()
	contoso := r.tenant(t, "contoso.example")
	web := contoso.client(t, "web")
	p := newPerson(t, web.RedirectURIs[0])
	p.Open(strings.Replace(authorizeURL(r, contoso, web), "/contoso.example/", "/common/", 1))
	p.WantPage("organizations")
	p.Fill("tenant", "nowhere.example")
	p.Submit()
	p.WantPage("organizations")
	p.Fill("tenant", "noor@contoso.example")
	p.Submit()
	p.signIn(contoso.user(t, "noor@contoso.example"))
	if p.Landed().Get("code") == "" {
		t.Errorf("the app was sent %v", p.landed)
	}
}

// TestContinueAsSaysWho: who goes on as the account that is signed in is told on the
// next page who that is, and can still be somebody else.
func TestContinueAsSaysWho(t *testing.T) {
	r := startDemo(t, "").report()
	contoso := r.tenant(t, "contoso.example")
	noor, web := contoso.user(t, "noor@contoso.example"), contoso.client(t, "web")
	p := newPerson(t, "")
	p.Open(r.BaseURL + "/contoso.example/security-info")
	p.signIn(noor)
	p.Open(authorizeURL(r, contoso, web, "prompt", "login"))
	p.WantText("Continue as noor@contoso.example")
	p.Press("account", "continue")
	p.WantPage("pass")
	p.WantText("noor@contoso.example", "Use another account")
}
