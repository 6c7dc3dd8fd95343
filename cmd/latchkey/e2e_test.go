package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"latchkey/ui/chromiumtest"
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

	b.deletePass(securityInfoOf(d.server.Config.BaseURL, d.world[0].tenant))
	d.told(t)
	b.open(d.appURL)
	b.want("app-home")
	b.wantText("You were signed out because your sign-in has ended.")
	b.shoot("app-told")
	// Neither the app nor the provider knows the browser any more.
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
	b.do(chromedp.Reload())
	b.wantText("Your device is signed in")
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
	evaluate(b, chromiumtest.Call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
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
	b.open(securityInfoOf(base, d.world[0].tenant))
	b.signIn(contoso.user(t, "guest@contoso.example"))
	b.later()
	b.wantElement(`main[data-page="security-info"]`)
	b.shoot("security-info-once")
	b.open(base + "/contoso.example/oauth2/v2.0/logout")
	b.want("sign-out")
	b.press(`button[value=sign-out]`)
	b.want("signed-out")
}

// fakeClock stands in for the clock of a page: leave(ms) runs what comes due until
// that much of the countdown is left.
const fakeClock = `{
	const began = Date.now();
	let passed = 0, timers = [];
	Date.now = () => began + passed;
	window.setTimeout = (run, ms) => timers.push({ at: passed + ms, run });
	window.leave = (ms) => {
		const { now, end } = (window.counted ??= { ...document.querySelector('[data-countdown]').dataset });
		const until = Date.parse(end) - Date.parse(now) - ms;
		for (;;) {
			timers.sort((a, b) => a.at - b.at);
			if (!timers.length || timers[0].at > until) break;
			const next = timers.shift();
			passed = next.at;
			next.run();
		}
		passed = until;
		const line = document.querySelector('[data-countdown] [data-left]');
		return (line ? line.textContent : 'over') + ' / ' + document.querySelector('[data-announce]').textContent.trim();
	};
}`

// TestCountdownInChromium: what is left of a session stays true, is said aloud in
// time, and at the end leaves nothing to press but the way back in.
func TestCountdownInChromium(t *testing.T) {
	b := newTab(t)
	r := startDemo(t, "").report()
	evaluate(b, chromiumtest.Call(cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: fakeClock}))
	b.open(r.BaseURL + "/contoso.example/security-info")
	b.signIn(r.tenant(t, "contoso.example").user(t, "load@contoso.example"))
	b.later()
	b.wantElement(`main[data-page="security-info"] [data-countdown]`)
	for _, c := range []struct {
		left time.Duration
		want string
	}{
		{24*time.Hour - 30*time.Second, "(in 1 day) / "},
		{90*time.Minute - time.Second, "(in 1 hour 30 minutes) / "},
		{time.Hour - time.Second, "(in 1 hour) / "},
		{5*time.Minute + time.Second, "(in 6 minutes) / "},
		{5*time.Minute - time.Second, "(in 5 minutes) / Your session ends in 5 minutes."},
		{time.Minute + time.Second, "(in 2 minutes) / Your session ends in 5 minutes."},
		{time.Minute - 500*time.Millisecond, "(in 1 minute) / Your session ends in 1 minute."},
		{30*time.Second - 500*time.Millisecond, "(in 30 seconds) / Your session ends in 1 minute."},
		{0, "(in 1 second) / Your session ends in 1 minute."},
		{-time.Second, "over / Your session has ended."},
	} {
		got := evaluate(b, chromedp.Evaluate[string](fmt.Sprintf("leave(%d)", c.left.Milliseconds())))
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%v before the end: %q, want %q", c.left, got, c.want)
		}
	}
	b.shoot("security-info-ended")
	if got := b.text("main"); strings.Contains(got, "signed in here until") || strings.Contains(got, "Sign out") {
		t.Errorf("after the end the page still says:\n%s", got)
	}
	b.press("main a.primary")
	b.want("security-info") // the session of the server, whose clock is not this one, still stands
}
