package ui

import (
	"html/template"
	"net/url"
	"regexp"
	"strings"
)

// policyHost is a host, perhaps with a port, that a Content-Security-Policy can name.
// An IPv6 address is none (CSP 3 section 2.3.1).
var policyHost = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(:[0-9]{1,5})?$`)

// webOrigin is the origin of an address of the web, "" for any other. Registered
// addresses are strangers' text, and this goes into a header: hence the pattern.
func webOrigin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || !policyHost.MatchString(u.Host) {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// onward is an address that a page may lead away to, "" for any other: one of the
// web, or with a scheme of an app's own, which has a dot (RFC 8252 7.1).
func onward(address string) template.URL {
	u, err := url.Parse(address)
	if err != nil || !strings.Contains(u.Scheme, ".") && (u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return ""
	}
	return template.URL(address)
}
