package main

import "latchkey/idp"

// clientLogout is where people go, and where a client hears of it, when a session
// ends.
type clientLogout struct {
	PostLogoutRedirectURIs *[]string `json:"post_logout_redirect_uris"`
	BackURI                *string   `json:"backchannel_logout_uri"`
	FrontURI               *string   `json:"frontchannel_logout_uri"`
}

func logoutOf(c *idp.Client) clientLogout {
	l := &c.Logout
	return clientLogout{new(array(c.PostLogoutRedirectURIs)), &l.Back, &l.Front}
}

func (f *clientLogout) flags(s fieldFlags) {
	s.list(&f.PostLogoutRedirectURIs, "post-logout-redirect-uri", "a `URI` where people may go after signing out, or none; may be repeated")
	s.text(&f.BackURI, "backchannel-logout-uri", "the `URI` that Latchkey calls when a session ends, or none")
	s.text(&f.FrontURI, "frontchannel-logout-uri", "the `URI` that the browser loads when somebody signs out, or none")
}

func (f clientLogout) edit(c *idp.Client) {
	assign(&c.PostLogoutRedirectURIs, f.PostLogoutRedirectURIs)
	assign(&c.Logout.Back, f.BackURI)
	assign(&c.Logout.Front, f.FrontURI)
}

func (f clientLogout) shown() []string {
	return []string{
		"After signing out", joined(valueOf(f.PostLogoutRedirectURIs)),
		"Back-channel logout", valueOf(f.BackURI),
		"Front-channel logout", valueOf(f.FrontURI),
	}
}
