package main

import "latchkey/idp"

// clientAbout is what people may want to know about a client.
type clientAbout struct {
	ClientURI        *string   `json:"client_uri"`
	LogoURI          *string   `json:"logo_uri"`
	PolicyURI        *string   `json:"policy_uri"`
	TermsURI         *string   `json:"tos_uri"`
	InitiateLoginURI *string   `json:"initiate_login_uri"`
	Contacts         *[]string `json:"contacts"`
}

func aboutOf(c *idp.Client) clientAbout {
	a := &c.About
	return clientAbout{&a.HomeURI, &a.LogoURI, &a.PolicyURI, &a.TermsURI, &a.InitiateLoginURI, new(array(a.Contacts))}
}

func (f *clientAbout) flags(s fieldFlags) {
	s.text(&f.ClientURI, "client-uri", "the `URI` of its home page, or none")
	s.text(&f.LogoURI, "logo-uri", "the `URI` of its logo, or none")
	s.text(&f.PolicyURI, "policy-uri", "the `URI` of its privacy policy, or none")
	s.text(&f.TermsURI, "tos-uri", "the `URI` of its terms of service, or none")
	s.text(&f.InitiateLoginURI, "initiate-login-uri", "the `URI` where others may send people to sign in to it, or none")
	s.list(&f.Contacts, "contact", "an `address` of who looks after it, or none; may be repeated")
}

func (f clientAbout) edit(c *idp.Client) {
	assign(&c.About.HomeURI, f.ClientURI)
	assign(&c.About.LogoURI, f.LogoURI)
	assign(&c.About.PolicyURI, f.PolicyURI)
	assign(&c.About.TermsURI, f.TermsURI)
	assign(&c.About.InitiateLoginURI, f.InitiateLoginURI)
	assign(&c.About.Contacts, f.Contacts)
}

func (f clientAbout) shown() []string {
	return []string{
		"Home page", valueOf(f.ClientURI), "Logo", valueOf(f.LogoURI), "Privacy policy", valueOf(f.PolicyURI),
		"Terms of service", valueOf(f.TermsURI), "Sign-in begins at", valueOf(f.InitiateLoginURI), "Contacts", joined(valueOf(f.Contacts)),
	}
}
