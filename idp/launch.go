package idp

import (
	"cmp"
	"net/url"
)

// Launchable tells whether pages of ours lead people on to the client. One that registered
// itself without being asked for anything may be anybody's: an administrator has to trust
// it first.
func (c *Client) Launchable() bool { return !c.Disabled && (c.Trusted || !c.Counted) }

// LaunchURI is where the client is opened: where others may begin a sign-in at it, else its
// home page. It is empty if neither is registered.
func (c *Client) LaunchURI() string { return cmp.Or(c.About.InitiateLoginURI, c.About.HomeURI) }

// Launch is the address that opens the client for a person, "" if there is none. A login
// that we initiate tells who asks and, if somebody is signed in, by which name (OIDC Core 4);
// a client that is to know people by pairwise names alone is not told that one.
func (c *Client) Launch(issuer, name string) string {
	if c.About.InitiateLoginURI == "" {
		return c.About.HomeURI
	}
	v := url.Values{"iss": {issuer}}
	if name != "" && c.Subject.Type != SubjectPairwise {
		v.Set("login_hint", name)
	}
	return WithQuery(c.About.InitiateLoginURI, v)
}
