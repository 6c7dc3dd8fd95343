package outbound

import (
	"fmt"
	"net/netip"
)

// permit judges the address that is about to be connected to. Its errors are ErrRefused.
func (c *Client) permit(scheme string, to netip.AddrPort) error {
	switch a := to.Addr(); {
	case a.Zone() != "" || a.Is4In6(): // before Allow: nobody writes these in good faith
		return fmt.Errorf("%w: an address with a zone or an IPv4 address inside", ErrRefused)
	case c.allows(a):
		return nil
	case !public(a):
		return fmt.Errorf("%w: %s is not public", ErrRefused, a)
	}
	return permitPublic(scheme, to.Port())
}

// permitPublic keeps us from talking to the mail servers, shells and directories of
// others, which have the well-known ports.
func permitPublic(scheme string, port uint16) error {
	switch {
	case scheme != "https":
		return fmt.Errorf("%w: not https", ErrRefused)
	case port != 443 && port < 1024:
		return fmt.Errorf("%w: port %d", ErrRefused, port)
	}
	return nil
}

func (c *Client) allows(a netip.Addr) bool {
	return within(a, c.allow)
}

func within(a netip.Addr, networks []netip.Prefix) bool {
	for _, n := range networks {
		if n.Contains(a) {
			return true
		}
	}
	return false
}

// global is the IPv6 space given out for the public internet. What lies outside of
// it needs no list: loopback, link and site local, unique local, multicast, NAT64,
// discard, IPv4 inside IPv6.
var global = netip.MustParsePrefix("2000::/3")

// special is what lies in the public space and is not public: the registries of
// special-purpose addresses that RFC 6890 founded, and one address of a cloud.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),        // this network; connects to this machine
	netip.MustParsePrefix("10.0.0.0/8"),       // private
	netip.MustParsePrefix("100.64.0.0/10"),    // behind a carrier's NAT
	netip.MustParsePrefix("127.0.0.0/8"),      // loopback
	netip.MustParsePrefix("168.63.129.16/32"), // Azure's platform, seen from its machines
	netip.MustParsePrefix("169.254.0.0/16"),   // link local, and clouds' metadata
	netip.MustParsePrefix("172.16.0.0/12"),    // private
	netip.MustParsePrefix("192.0.0.0/24"),     // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),     // documentation
	netip.MustParsePrefix("192.88.99.0/24"),   // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),   // private
	netip.MustParsePrefix("198.18.0.0/15"),    // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"),  // documentation
	netip.MustParsePrefix("203.0.113.0/24"),   // documentation
	netip.MustParsePrefix("224.0.0.0/3"),      // multicast, reserved, broadcast
	netip.MustParsePrefix("2001::/23"),        // protocol assignments; Teredo, ORCHID, benchmarks
	netip.MustParsePrefix("2001:db8::/32"),    // documentation
	netip.MustParsePrefix("2002::/16"),        // 6to4: an IPv4 address inside
	netip.MustParsePrefix("3fff::/20"),        // documentation
}

// public tells whether an address is one that everybody on the internet can reach.
func public(a netip.Addr) bool {
	return (a.Is4() || global.Contains(a)) && !within(a, special)
}
