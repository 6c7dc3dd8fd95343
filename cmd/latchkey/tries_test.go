package main

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"latchkey/idp"
)

// TestOthersBehindTheAddress: wrong answers of others at the same address hold back
// strangers there, and nobody who has signed in with that browser before.
func TestOthersBehindTheAddress(t *testing.T) {
	r := startDemo(t, "").report()
	noor := r.tenant(t, "contoso.example").user(t, "noor@contoso.example")
	at := r.BaseURL + "/contoso.example/security-info"
	home := newPerson(t, "")
	home.Open(at)
	home.signIn(noor)
	home.WantPage("security-info")
	home.post(at, url.Values{"decision": {"sign-out"}})
	for i := range 7 {
		p := newPerson(t, "")
		p.Open(at)
		p.Fill("username", fmt.Sprintf("nobody%d@contoso.example", i))
		p.Submit()
		p.toPass()
		for range idp.ThrottleBurst {
			p.Fill("code", "0000-0000")
			p.Submit()
		}
	}
	stranger := newPerson(t, "")
	stranger.Open(at)
	stranger.signIn(noor)
	if stranger.WantPage("pass"); stranger.status != http.StatusTooManyRequests || stranger.header.Get("Retry-After") != "60" {
		t.Errorf("a stranger: %d, Retry-After %q", stranger.status, stranger.header.Get("Retry-After"))
	}
	home.Open(at)
	home.signIn(noor)
	home.WantPage("security-info")
}

// TestEmptyPass: pressing the button with nothing typed is no try.
func TestEmptyPass(t *testing.T) {
	r := startDemo(t, "").report()
	noor := r.tenant(t, "contoso.example").user(t, "noor@contoso.example")
	p := newPerson(t, "")
	p.Open(r.BaseURL + "/contoso.example/security-info")
	p.Fill("username", noor.UserPrincipalName)
	p.Submit()
	for range 2 * idp.ThrottleBurst {
		p.Fill("code", " ")
		p.Submit()
		p.WantPage("pass")
		p.WantText("The pass is missing")
	}
	p.Fill("code", noor.TemporaryAccessPass)
	p.Submit()
	p.notNow()
	p.WantPage("security-info")
}
