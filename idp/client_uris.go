package idp

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

func (c *Client) sharesOrigin(uri string) bool {
	return slices.ContainsFunc(c.RedirectURIs, func(r string) bool { return OriginOf(r) == OriginOf(uri) })
}

// OriginOf is the origin of a URI as browsers write it, "" if it has none (RFC 6454 4,
// 6.2).
func OriginOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// WithQuery keeps a registered query as it stands (RFC 6749 3.1.2).
func WithQuery(uri string, v url.Values) string {
	sep := "?"
	if strings.Contains(uri, "?") {
		sep = "&"
	}
	return uri + sep + v.Encode()
}

// checkSubject derives the sector of pairwise subjects: the one host of all redirect
// URIs (OIDC Core 8.1).
func (c *Client) checkSubject() error {
	if c.Subject.SectorURI != "" {
		u, err := url.Parse(c.Subject.SectorURI)
		if err != nil {
			return Errorf(Invalid, "The sector_identifier_uri cannot be read.")
		}
		c.Subject.Sector = strings.ToLower(u.Hostname())
		return nil
	}
	c.Subject.Sector = ""
	if c.Subject.Type != SubjectPairwise {
		return nil
	}
	for _, r := range c.RedirectURIs {
		u, err := url.Parse(r)
		switch {
		case err != nil || u.Host == "":
			return Errorf(Invalid, "Pairwise subjects need a sector_identifier_uri, as the redirect URI %q has no host.", r)
		case c.Subject.Sector != "" && c.Subject.Sector != strings.ToLower(u.Hostname()):
			return Errorf(Invalid, "Pairwise subjects need a sector_identifier_uri, as the redirect URIs have several hosts.")
		}
		c.Subject.Sector = strings.ToLower(u.Hostname())
	}
	return nil
}

// CheckRedirectURI accepts what may be registered: absolute, without fragment
// (RFC 6749 3.1.2), https, http on loopback, or a private-use scheme with a dot
// in its name (RFC 8252 7.1).
func CheckRedirectURI(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || !u.IsAbs() || len(s) > 2000:
		return Errorf(Invalid, "The redirect URI %q is not an absolute URI of at most 2,000 bytes.", s)
	case strings.Contains(s, "#"):
		return Errorf(Invalid, "The redirect URI %q must not have a fragment.", s)
	case u.User != nil:
		return Errorf(Invalid, "The redirect URI %q must not carry a user name.", s)
	case u.Scheme == "https" && u.Hostname() != "", strings.Contains(u.Scheme, "."), onThisMachine(u):
		return nil
	}
	return Errorf(Invalid, "The redirect URI %q must be https, http on localhost, or a private-use scheme such as com.example.app:/callback.", s)
}

func onThisMachine(u *url.URL) bool {
	return u.Scheme == "http" && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
}

// checkWebURI accepts an https URI without fragment or user name, and http on this
// machine where local says so.
func checkWebURI(what, s string, local bool) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > 2000 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return Errorf(Invalid, "The %s %q is not a URI of at most 2,000 bytes.", what, s)
	case u.User != nil || strings.Contains(s, "#"):
		return Errorf(Invalid, "The %s %q must not have a fragment or carry a user name.", what, s)
	case u.Scheme == "https" && u.Hostname() != "", local && onThisMachine(u):
		return nil
	}
	return Errorf(Invalid, "The %s %q must be https.", what, s)
}
