package main

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"latchkey/cmd/latchkey/demoinbox"
	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

var (
	redeemLink = regexp.MustCompile(`https?://\S+/redeem\?\S+`)
	codeAlone  = regexp.MustCompile(`(?m)^\s*([0-9]{8})\s*$`)
)

// invitation is the link in the newest mail that invites an address.
func (d *demo) invitation(t *testing.T, address string) string {
	t.Helper()
	m := d.received(t, func(m demoinbox.Message) bool { return m.To == address && redeemLink.MatchString(m.Text) })
	return redeemLink.FindString(m.Text)
}

// code is the one in the newest mail to an address that was not there before.
func (d *demo) code(t *testing.T, address string, before int) string {
	t.Helper()
	isCode := func(m demoinbox.Message) bool { return m.To == address && codeAlone.MatchString(m.Text) }
	d.received(t, func(m demoinbox.Message) bool { return isCode(m) && d.codes(t, address) > before })
	m := d.received(t, isCode) // anew: the list that was looked through may be older than the count
	return codeAlone.FindStringSubmatch(m.Text)[1]
}

// codes is how many have come for an address.
func (d *demo) codes(t *testing.T, address string) (n int) {
	t.Helper()
	for _, m := range d.messages(t) {
		if m.To == address && codeAlone.MatchString(m.Text) {
			n++
		}
	}
	return n
}

// TestGuestInChromium is the purpose: somebody from outside opens the mail, lets a code be
// sent, types it, accepts, and is in the app, which hears how they proved who they are. An
// administrator sees who came how.
func TestGuestInChromium(t *testing.T) {
	b := newTab(t)
	b.withoutAutofill()
	d := startDemo(t, "")
	n := 0

	b.open(d.invitation(t, demoGuest))
	b.want("email-send")
	b.wantText("r•••@partner.example")
	b.counted(&n, "#send")
	b.want("email-code")
	b.fill("code", "0000 0000")
	b.press("main form button.primary")
	b.wantElement(`[data-problem="code.wrong"]`)
	b.shoot("email-code-wrong")
	code := d.code(t, demoGuest, 0)
	b.fill("code", code[:4]+" "+code[4:])
	b.counted(&n, "main form button.primary")
	b.want("redeem")
	b.wantText("Contoso")
	b.counted(&n, "#accept")
	b.want("app-home")
	t.Logf("from the mail to where the invitation leads: %d presses, and a code typed", n)
	b.press("#sign-in")
	b.want("consent")
	b.press(`button[name=decision][value=allow]`)
	b.want("app-signed-in")
	for claim, want := range map[string]string{"preferred_username": demoGuest, "acr": idp.ACREmail} {
		if got := b.text(`[data-claim=` + claim + `] dd`); got != want {
			t.Errorf("%s is %q, want %q", claim, got, want)
		}
	}

	b.open(d.invitation(t, demoGuest))
	b.wantElement(`[data-problem="invitation.used"], main[data-page="error"]`)
	b.shoot("invitation-used")
	base := d.server.Config.BaseURL + "/contoso.example"
	b.open(base + "/apps")
	b.want("apps")
	b.press("#security-info")
	b.want("security-info")
	b.press("#apps")
	b.want("apps")
	b.press(`[id^="app-"]`)
	b.want("app-signed-in")

	guests, _, err := d.server.Admin.Guests(context.Background(), demoActor, "contoso.example", admin.GuestQuery{Source: idp.SourceMail}, storage.Page{})
	if err != nil || len(guests) != 1 || guests[0].User.SignInName() != demoGuest || guests[0].User.SignedInAt.IsZero() || !guests[0].Redemption.Sticky {
		t.Errorf("the guests are %+v, %v", guests, err)
	}
}

// TestGuestWithoutJavaScript: the same by a browser that runs no script, to the app, with a
// code that comes too late on the way.
func TestGuestWithoutJavaScript(t *testing.T) {
	d := startDemo(t, "")
	p := newPerson(t, "")
	p.Open(d.invitation(t, demoGuest))
	p.WantPage("email-send")
	p.Press("send", "1")
	p.WantPage("email-code")
	first := d.code(t, demoGuest, 0)
	p.Press("send", "1")
	p.WantPage("email-code")
	p.WantText("second")
	p.Fill("code", first)
	p.Submit()
	p.WantPage("redeem")
	p.Press("invitation", "accept")
	p.WantPage("app-home")

	q := newPerson(t, "")
	q.Open(d.appURL)
	q.Follow("sign-in")
	q.WantPage("signin")
	q.Fill("username", strings.ToUpper(demoGuest))
	q.Submit()
	q.WantPage("email-send")
	q.WantText("Demo App")
	q.Press("send", "1")
	q.Fill("code", d.code(t, demoGuest, 1))
	q.Submit()
	q.WantPage("consent")
	q.Press("decision", "allow")
	q.WantPage("app-signed-in")
}
