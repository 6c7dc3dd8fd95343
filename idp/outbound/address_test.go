package outbound

import (
	"errors"
	"net/netip"
	"testing"
)

// notPublic are the first, the last and a well-known address of each network.
func notPublic() []string {
	return []string{
		"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255",
		"127.0.0.0", "127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.169.254", "169.254.255.255",
		"172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.192", "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.1",
		"192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255",
		"224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.254", "255.255.255.255",
		"::", "::1", "::2", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1",
		"100::", "100::ffff:ffff:ffff:ffff", "1fff:ffff::1", "2001::", "2001:0:7f00:1::", "2001:2::1", "2001:20::1", "2001:1ff:ffff::1",
		"2001:db8::", "2001:db8:ffff::1", "2002::", "2002:7f00:1::", "2002:ffff::1", "3fff::", "3fff:fff::1", "4000::", "5f00::1",
		"fc00::", "fd00:ec2::254", "fdff::1", "fe00::1", "fe80::1", "febf::1", "fec0::1", "feff::1", "ff02::1", "ffff::1",
	}
}

func isPublic() []string {
	return []string{
		"1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
		"192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0",
		"203.0.112.255", "203.0.114.0", "223.255.255.255",
		"2000::", "2001:200::1", "2001:4860:4860::8888", "2001:db7::1", "2001:db9::1", "2003::1", "2606:4700::1", "3ffe::1", "3fff:1000::1",
	}
}

func TestPermit(t *testing.T) {
	c := New(Config{})
	for _, text := range notPublic() {
		if err := c.permit("https", netip.AddrPortFrom(netip.MustParseAddr(text), 443)); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range isPublic() {
		if err := c.permit("https", netip.AddrPortFrom(netip.MustParseAddr(text), 443)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestPermitPortAndScheme(t *testing.T) {
	c := New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("::ffff:127.0.0.0/104")}})
	for _, row := range []struct {
		scheme, to string
		ok         bool
	}{
		{"https", "8.8.8.8:443", true},
		{"https", "8.8.8.8:1024", true},
		{"https", "8.8.8.8:65535", true},
		{"https", "8.8.8.8:1023", false},
		{"https", "8.8.8.8:80", false},
		{"https", "8.8.8.8:25", false},
		{"https", "8.8.8.8:0", false},
		{"http", "8.8.8.8:80", false},
		{"http", "8.8.8.8:443", false},
		{"http", "8.8.8.8:8080", false},
		{"https", "10.1.2.3:443", true},
		{"https", "10.1.2.3:22", true},
		{"http", "10.1.2.3:80", true},
		{"http", "[::1]:8080", true},
		{"https", "10.2.0.0:443", false},
		{"https", "10.0.255.255:443", false},
		{"https", "[::2]:443", false},
		{"https", "[::1%lo]:443", false},
		{"https", "[2606:4700::1%lo]:443", false},
		{"https", "127.0.0.1:443", false},
		{"https", "[::ffff:127.0.0.1]:443", false},
		{"https", "[::ffff:10.1.2.3]:443", false},
		{"https", "[::ffff:8.8.8.8]:443", false},
	} {
		err := c.permit(row.scheme, netip.MustParseAddrPort(row.to))
		if (err == nil) != row.ok || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("%s to %s: %v", row.scheme, row.to, err)
		}
	}
	if err := c.permit("https", netip.AddrPort{}); !errors.Is(err, ErrRefused) {
		t.Errorf("no address: %v", err)
	}
}
