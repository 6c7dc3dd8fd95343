package main

import "testing"

// TestDeviceAnsweredTwice: whoever allows a device that somebody else has let in
// meanwhile is told about the code, not about the app.
func TestDeviceAnsweredTwice(t *testing.T) {
	d := startDemo(t, "")
	p := newParty(t, d.report(), "native")
	begun, err := p.oauth.DeviceAuth(p.ctx)
	if err != nil {
		t.Fatal(err)
	}
	asked := func(name string) *person {
		b := newPerson(t, "")
		b.Open(begun.VerificationURI)
		b.Fill("code", begun.UserCode)
		b.Submit()
		b.signIn(p.tenant.user(t, name))
		b.WantPage("device-confirm")
		return b
	}
	first, second := asked("noor@contoso.example"), asked("admin@contoso.example")
	first.Press("decision", "allow")
	first.WantPage("device-done")
	second.Press("decision", "allow")
	second.WantPage("error")
	second.WantText("We don't know this code")
}
