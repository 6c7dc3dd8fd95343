package config

import (
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// baseURLFault says what is wrong with a base URL, "" for nothing. Issuers are
// compared byte for byte, so only the form that browsers send is accepted.
func baseURLFault(raw string) string {
	const example = "write scheme and host alone, such as https://login.example"
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !isHost(strings.ToLower(u.Hostname())) {
		return "is not an address of the web: " + example
	}
	canonical := u.Scheme + "://" + canonicalHost(u.Hostname())
	if p := u.Port(); p != "" && p != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		if !isPort(p) {
			return "has a port that does not exist: " + example
		}
		canonical += ":" + p
	}
	if raw != canonical {
		return "has more or other parts than scheme, host and port in their usual form: write " + canonical
	}
	return ""
}

// canonicalHost writes a host as browsers do: lower case, addresses in their
// shortest form, IPv6 in brackets.
func canonicalHost(host string) string {
	host = strings.ToLower(host)
	ip, err := netip.ParseAddr(host)
	switch {
	case err != nil:
		return host
	case ip.Is6():
		return "[" + ip.String() + "]"
	}
	return ip.String()
}

func isHTTP(base string) bool { return strings.HasPrefix(base, "http://") }

// plainToOthers reports whether a valid base URL is plain HTTP to a host that
// is not this machine.
func plainToOthers(base string) bool {
	u, err := url.Parse(base)
	return err == nil && u.Scheme == "http" && !isLoopback(u.Hostname())
}

// isLoopback reports whether a host can be reached from this machine only.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// hostName is a name in DNS letters, lower case, so that a dot at an end or an
// underscore, which certificates do not know, are refused.
var hostName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

func isHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == ""
	}
	return len(host) <= 253 && hostName.MatchString(host) && !endsInNumber(host)
}

// endsInNumber tells a broken IPv4 address, such as 10.0.0.256, from a name.
func endsInNumber(host string) bool {
	last := host[strings.LastIndex(host, ".")+1:]
	return strings.Trim(last, "0123456789") == ""
}

func isPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isHostPort accepts host:port; no host means every network, port 0 any free one.
func isHostPort(address string) bool {
	host, port, err := net.SplitHostPort(address)
	return err == nil && isPort(port) && (host == "" || isHost(host))
}

// sameAddress reports whether two addresses of host:port could not both be
// listened on, because one is the other or has it within.
func sameAddress(a, b string) bool {
	if !isHostPort(a) || !isHostPort(b) || portOf(a) != portOf(b) || portOf(a) == "0" {
		return false
	}
	hosts := [2]string{numeric(hostOf(a)), numeric(hostOf(b))}
	return hosts[0] == hosts[1] || slices.Contains(hosts[:], "")
}

// numeric is the host of a listener as an address where that is sure without
// asking anybody: "" is every network.
func numeric(host string) string {
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "localhost":
		return "127.0.0.1"
	case err == nil && ip.IsUnspecified():
		return ""
	}
	return host
}

func hostOf(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return host
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}

func isPath(path string) bool {
	return path != "" && !strings.ContainsFunc(path, unicode.IsControl)
}

// isProxy accepts an address, a network or a host name.
func isProxy(entry string) bool {
	_, err := netip.ParsePrefix(entry)
	return err == nil || isHost(entry)
}

func isEverybody(entry string) bool {
	p, err := netip.ParsePrefix(entry)
	return err == nil && isEverywhere(p)
}
