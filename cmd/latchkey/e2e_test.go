package main

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// TestDemoInChromium is the journey the demo is made for: a person signs in to an
// app with a pass, looks around, deletes the pass, and everything that came from
// it is over.
func TestDemoInChromium(t *testing.T) {
	b := newTab(t)
	d := startDemo(t, "")
	noor := d.report().tenant(t, "contoso.example").user(t, "noor@contoso.example")

	b.open(d.appURL)
	b.want("app-home")
	b.press("#sign-in")
	b.want("signin")
	b.fill("username", noor.UserPrincipalName)
	b.submit()
	b.want("pass")
	b.fill("code", "2222-2222")
	b.submit()
	b.wantElement(`input[name=code][aria-invalid=true]`)
	b.shoot("pass-wrong")
	b.fill("code", noor.TemporaryAccessPass)
	b.submit()
	b.want("consent")
	b.press(`button[name=decision][value=allow]`)
	b.want("app-signed-in")
	if got := b.text(`[data-claim=preferred_username] dd`); got != noor.UserPrincipalName {
		t.Errorf("preferred_username is %q", got)
	}
	if got := b.text(`[data-claim=acr] dd`); got != "urn:latchkey:acr:bootstrap" {
		t.Errorf("acr is %q", got)
	}
	b.wantElement(`[data-honoured=yes]`)
	b.press("#refresh")
	b.wantText("Refreshed once")

	b.deletePass(demoSecurityInfo(d.server.Config.BaseURL, d.world[0].tenant))
	b.open(d.appURL)
	b.wantElement(`[data-honoured=no]`)
	b.shoot("app-not-honoured")
	b.press("#refresh")
	b.want("app-error")
	if got := b.text("#error"); got != "invalid_grant" {
		t.Errorf("the refresh failed with %q", got)
	}
	// Neither the app nor the provider knows the browser any more.
	b.open(d.appURL)
	b.want("app-home")
	b.press("#sign-in")
	b.want("signin")
}

// deletePass deletes the own pass in security info.
func (b *tab) deletePass(securityInfo string) {
	b.t.Helper()
	b.open(securityInfo)
	b.want("security-info")
	b.press(`button[name=delete]`)
	b.want("delete-pass")
	b.press(`button[name=decision][value=delete]`)
	b.wantElement(`main:not([data-page=delete-pass])`)
	b.shoot("pass-deleted")
}

// TestSignOutInChromium signs out by way of the app.
func TestSignOutInChromium(t *testing.T) {
	b := newTab(t)
	d := startDemo(t, "")
	admin := d.report().tenant(t, "contoso.example").user(t, "admin@contoso.example")
	b.open(d.appURL)
	b.press("#sign-in")
	b.signIn(admin)
	b.want("consent")
	b.press(`button[name=decision][value=allow]`)
	b.want("app-signed-in")
	b.press("#sign-out")
	b.want("app-home")
	b.wantText("You are signed out.")
	b.shoot("app-signed-out")
	b.press("#sign-in")
	b.want("signin")
	b.signIn(admin)
	b.want("app-signed-in") // consent is remembered
}

// TestDeviceInChromium approves a device.
func TestDeviceInChromium(t *testing.T) {
	b := newTab(t)
	p := newParty(t, startDemo(t, "").report(), "native")
	begun, err := p.oauth.DeviceAuth(p.ctx)
	if err != nil {
		t.Fatal(err)
	}
	b.open(begun.VerificationURI)
	b.want("device")
	b.fill("code", strings.ToLower(begun.UserCode))
	b.submit()
	b.signIn(p.tenant.user(t, "noor@contoso.example"))
	b.want("device-confirm")
	b.press(`button[name=decision][value=allow]`)
	b.want("device-done")
	begun.Interval = 1 // the decision is made: nobody is asked to wait
	token, err := p.oauth.DeviceAccessToken(p.ctx, begun)
	if err != nil {
		t.Fatal(err)
	}
	p.verify(token)
}

// TestFormPostInChromium: the page sends itself on by its script.
func TestFormPostInChromium(t *testing.T) {
	b := newTab(t)
	d := startDemo(t, "")
	r := d.report()
	contoso := r.tenant(t, "contoso.example")
	web := contoso.client(t, "web")
	to := authorizeURL(r, contoso, web, "response_mode", "form_post", "scope", "openid")
	b.open(to)
	b.signIn(contoso.user(t, "noor@contoso.example"))
	b.want("consent")
	b.press(`button[name=decision][value=allow]`)
	b.want("app-error") // the app's callback takes no POST, but it was sent one
	b.do(call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	b.open(to)
	b.want("form-post")
}

// TestOtherPagesInChromium visits the pages beside the main road.
func TestOtherPagesInChromium(t *testing.T) {
	b := newTab(t)
	d := startDemo(t, "")
	base, contoso := d.server.Config.BaseURL, d.report().tenant(t, "contoso.example")
	b.open(base)
	b.want("home")
	b.open(base + "/common/security-info")
	b.want("organizations")
	b.open(base + "/nowhere.example/security-info")
	b.want("error")
	b.open(demoSecurityInfo(base, d.world[0].tenant))
	b.signIn(contoso.user(t, "guest@contoso.example"))
	b.wantElement(`main[data-page="security-info"]`)
	b.shoot("security-info-once")
	b.open(base + "/contoso.example/oauth2/v2.0/logout")
	b.want("sign-out")
	b.press(`button[value=sign-out]`)
	b.want("signed-out")
}
