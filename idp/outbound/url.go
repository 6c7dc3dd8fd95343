package outbound

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// MaxURL is the longest URL that is called, in bytes.
const MaxURL = 2000

// hostName is a DNS name as RFC 1123 section 2.1 has it: ASCII, without a dot at its
// end, and not ending in a number, since resolvers take 127.1 and 0x7f.1 for addresses.
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// CheckURL tells whether a URL can be called as far as the URL shows, for when it is
// registered: absolute, https, with a host, without userinfo, and not to a literal
// address or a port that is refused. It resolves no name; the address of a name is
// judged at each call. Where networks are allowed, http passes too, and so does any
// port of a name. A fragment passes (a request_uri may have one) and is never sent.
// The errors are ErrURL and ErrRefused.
func (c *Client) CheckURL(raw string) (*url.URL, error) {
	u, err := parse(raw)
	if err != nil {
		return nil, err
	}
	port, err := port(u)
	if err != nil {
		return nil, err
	}
	name := strings.ToLower(u.Hostname())
	address, err := netip.ParseAddr(name)
	switch {
	case err == nil:
		err = c.permit(u.Scheme, netip.AddrPortFrom(address, port))
	case !hostName.MatchString(name) || len(name) > 253:
		err = fmt.Errorf("%w: its host is no name and no address", ErrURL)
	case isLocal(name) && !c.allows(netip.IPv6Loopback()) && !c.allows(netip.AddrFrom4([4]byte{127, 0, 0, 1})):
		err = fmt.Errorf("%w: localhost is not public", ErrRefused)
	case len(c.allow) == 0:
		err = permitPublic(u.Scheme, port)
	default:
		err = nil // the address decides
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

// parse refuses what two readers of a URL could read in two ways.
func parse(raw string) (*url.URL, error) {
	if len(raw) > MaxURL {
		return nil, fmt.Errorf("%w: over %d bytes", ErrURL, MaxURL)
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return nil, fmt.Errorf("%w: it has a character that no URL has", ErrURL)
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil: // its text would repeat the URL, which may be a secret
		return nil, fmt.Errorf("%w: malformed", ErrURL)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%w: not https", ErrURL)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%w: it has no host", ErrURL)
	case u.User != nil:
		return nil, fmt.Errorf("%w: it has a user or password", ErrURL)
	}
	return u, nil
}

func port(u *url.URL) (uint16, error) {
	switch p := u.Port(); {
	case p != "":
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return 0, fmt.Errorf("%w: no such port", ErrURL)
		}
		return uint16(n), nil
	case strings.HasSuffix(u.Host, ":"):
		return 0, fmt.Errorf("%w: no port after the colon", ErrURL)
	case u.Scheme == "http":
		return 80, nil
	}
	return 443, nil
}

// isLocal recognises what RFC 6761 section 6.3 keeps for this machine.
func isLocal(name string) bool {
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
