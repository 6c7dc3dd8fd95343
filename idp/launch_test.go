package idp_test

import (
	"testing"

	"latchkey/idp"
)

// TestLaunch: an app is opened at what it registered and nowhere else, and hears of a name
// only where it may know it.
func TestLaunch(t *testing.T) {
	const iss = "https://id.example/t/v2.0"
	for _, test := range []struct {
		about   idp.ClientAbout
		subject string
		name    string
		want    string
	}{
		{idp.ClientAbout{}, "", "anna@contoso.example", ""},
		{idp.ClientAbout{LogoURI: "https://a.example/logo", TermsURI: "https://a.example/terms"}, "", "", ""},
		{idp.ClientAbout{HomeURI: "https://a.example/?x=1"}, "", "anna@contoso.example", "https://a.example/?x=1"},
		{idp.ClientAbout{InitiateLoginURI: "https://a.example/login"}, "", "", "https://a.example/login?iss=https%3A%2F%2Fid.example%2Ft%2Fv2.0"},
		{
			idp.ClientAbout{InitiateLoginURI: "https://a.example/login", HomeURI: "https://a.example/"}, "", "anna+x@contoso.example",
			"https://a.example/login?iss=https%3A%2F%2Fid.example%2Ft%2Fv2.0&login_hint=anna%2Bx%40contoso.example",
		},
		{
			idp.ClientAbout{InitiateLoginURI: "https://a.example/login?tenant=contoso"}, idp.SubjectPairwise, "anna@contoso.example",
			"https://a.example/login?tenant=contoso&iss=https%3A%2F%2Fid.example%2Ft%2Fv2.0",
		},
	} {
		c := &idp.Client{About: test.about, Subject: idp.ClientSubject{Type: test.subject}}
		if got := c.Launch(iss, test.name); got != test.want || (got == "") != (c.LaunchURI() == "") {
			t.Errorf("%+v: %q, want %q", test.about, got, test.want)
		}
	}
}

// TestLaunchable: who has not been asked for anything is nobody we lead people to.
func TestLaunchable(t *testing.T) {
	for _, test := range []struct {
		client idp.Client
		want   bool
	}{
		{idp.Client{}, true},
		{idp.Client{Disabled: true}, false},
		{idp.Client{Counted: true}, false},
		{idp.Client{Counted: true, Trusted: true}, true},
		{idp.Client{Counted: true, Trusted: true, Disabled: true}, false},
	} {
		if got := test.client.Launchable(); got != test.want {
			t.Errorf("%+v: %v", test.client, got)
		}
	}
}
