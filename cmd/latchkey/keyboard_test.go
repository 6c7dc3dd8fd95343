package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// tabTo presses Tab until something has the focus, as somebody does who has no mouse.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	b.wantElement(selector)
	reached := fmt.Sprintf("document.activeElement.matches(%q)", selector)
	for range 60 {
		if evaluate(b, chromedp.Evaluate[bool](reached)) {
			return
		}
		b.do(chromedp.KeyEvent("\t"))
	}
	b.t.Fatalf("no key leads to %s\n%s", selector, b.where())
}

// keys goes to something by keys and types; "\r" presses it.
func (b *tab) keys(selector, typed string) {
	b.t.Helper()
	b.tabTo(selector)
	b.do(chromedp.KeyEvent(typed))
}

// TestKeyboardOnlyInChromium goes from a pass to a passkey and with it into an app, renames
// it and removes it, without a mouse.
func TestKeyboardOnlyInChromium(t *testing.T) {
	b := newTab(t)
	a := newAuthenticator(b)
	d := startDemo(t, "")
	noor := d.report().tenant(t, "contoso.example").user(t, "noor@contoso.example")
	b.open(securityInfoOf(d.server.Config.BaseURL, d.world[0].tenant))
	b.want("signin")
	b.keys("#username", noor.UserPrincipalName+"\r")
	b.want("pass")
	b.keys("#code", noor.TemporaryAccessPass+"\r")
	b.want("add-method")
	b.keys("#add-passkey", "\r")
	b.want("security-info")
	b.keys("#sign-out", "\r")
	b.want("signed-out")

	b.withoutAutofill()
	b.open(d.appURL)
	b.want("app-home")
	b.keys("#sign-in", "\r")
	b.want("signin")
	b.keys("#passkey", "\r")
	b.want("consent")
	b.keys(`button[name=decision][value=allow]`, "\r")
	b.want("app-signed-in")
	if len(a.passkeys()) != 1 {
		t.Errorf("the authenticator holds %d passkeys", len(a.passkeys()))
	}
}
