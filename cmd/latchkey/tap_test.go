package main

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestQRCodeInChromium follows the QR code of a pass: the code waits in the tab
// until the page that asks for it, and the person presses the buttons.
func TestQRCodeInChromium(t *testing.T) {
	b := newTab(t)
	r := startDemo(t, "").report()
	noor := r.tenant(t, "contoso.example").user(t, "noor@contoso.example")
	b.open(r.BaseURL + "/tap#" + noor.TemporaryAccessPass)
	b.want("signin")
	if strings.Contains(b.where(), noor.TemporaryAccessPass) {
		t.Error("the code is still in the address, and so in the history")
	}
	if got := evaluate(b, chromedp.Evaluate[string](`document.querySelector("#pass-read:not([hidden])")?.id`)); got != "pass-read" {
		t.Error("nobody is told that the pass has been read")
	}
	b.fill("username", noor.UserPrincipalName)
	b.submit()
	b.want("pass")
	if got := evaluate(b, chromedp.Evaluate[string](`document.querySelector("#code").value`)); got != noor.TemporaryAccessPass {
		t.Fatalf("the field holds %q", got)
	}
	if left := evaluate(b, chromedp.Evaluate[string](`String(sessionStorage.length)`)); left != "0" {
		t.Errorf("%s things are left in the tab", left)
	}
	b.submit()
	b.later()
	b.want("security-info")
}

// TestTapRefuses is the same page without a usable name.
func TestTapRefuses(t *testing.T) {
	d := startDemo(t, "")
	for typed, words := range map[string]string{
		"":                    "user name",
		"noor":                "user name",
		"kim@unknown.example": "organization",
	} {
		p := newPerson(t, d.appURL)
		p.Open(d.report().BaseURL + "/tap")
		p.WantPage("signin")
		p.Fill("username", typed)
		p.Submit()
		p.WantPage("signin")
		p.WantText(words)
	}
}
