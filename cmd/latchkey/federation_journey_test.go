package main

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"

	"latchkey/idp/upstream/upstreamtest"
)

// signInAs is a tab in which somebody goes from the app to sign in, and types their name.
func signInAs(t *testing.T, app, name string) *tab {
	t.Helper()
	b := newTab(t)
	b.withoutAutofill()
	b.open(app)
	b.press("#sign-in")
	b.want("signin")
	b.fill("username", name)
	b.submit()
	return b
}

// TestFederationInChromium: somebody of a federated domain is sent to their own organization
// and comes back into the app; who holds a pass is not sent away, and can go by themselves.
func TestFederationInChromium(t *testing.T) {
	d := startDemo(t, "")
	contoso, fabrikam := d.report().tenant(t, "contoso.example"), d.report().tenant(t, "fabrikam.example")

	t.Run("sam", func(t *testing.T) {
		b := signInAs(t, d.appURL, "sam@"+demoBranch)
		b.want("pass")
		b.wantText("sam@fabrikam.example")
		b.fill("code", fabrikam.user(t, "sam@fabrikam.example").TemporaryAccessPass)
		b.submit()
		b.want("consent")
		b.press(`button[name=decision][value=allow]`)
		b.want("app-signed-in")
		if got := b.text(`[data-claim=preferred_username] dd`); got != "sam@"+demoBranch {
			t.Errorf("signed in as %q", got)
		}
		b.press("#sign-out")
		b.want("app-home")
	})
	t.Run("pat", func(t *testing.T) {
		b := signInAs(t, d.appURL, "pat@"+demoBranch)
		b.want("pass")
		b.press("#other-ways")
		b.want("other-ways")
		b.press(`button[name=method][value=federation]`)
		b.want("pass")
		b.wantText("pat@fabrikam.example")
		b.do(chromedp.NavigateBack())
		b.want("other-ways")
		b.do(chromedp.NavigateBack())
		b.want("pass")
		b.fill("code", contoso.user(t, "pat@"+demoBranch).TemporaryAccessPass)
		b.submit()
		b.want("consent")
	})
}

// TestFederationElsewhereInChromium: a provider of another origin may be led to from a form,
// and one that is down is a page from which a pass gets in.
func TestFederationElsewhereInChromium(t *testing.T) {
	a := newAbroad(t)
	sam := a.user("sam@" + fedDomain)

	b := signInAs(t, a.demo.appURL, sam.PrincipalName)
	b.want("consent")
	b.press(`button[name=decision][value=allow]`)
	b.want("app-signed-in")

	a.provider.Set(func(p *upstreamtest.Provider) { p.Handle["/token"] = http.NotFound })
	c := signInAs(t, a.demo.appURL, sam.PrincipalName)
	c.want("federated")
	c.shoot("federated-down")
	c.press("#other-ways")
	c.want("other-ways")
	c.press(`button[name=method][value=temporaryAccessPass]`)
	c.want("pass")
}
