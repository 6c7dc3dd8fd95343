package device

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// maxLink is the longest link that is looked at, in bytes.
const maxLink = 2048

// Invitation is what lets one device be added to somebody's: of a link, or of a typed code.
type Invitation struct {
	Server string // https://HOST
	Tenant string // id or domain
	Token  string // of a link
	Code   string // typed; then User is whose it is
	User   string
}

var (
	tenantForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)
	tokenForm  = regexp.MustCompile(`^[A-Za-z0-9_-]{16,256}$`)
	codeForm   = regexp.MustCompile(`^[A-Z0-9]{5}-?[A-Z0-9]{5}$`)
	scanForm   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
)

// ParseLink reads a link to enrol, https://HOST/authenticator#e=TENANT.TOKEN. Its errors say
// what is wrong in words for the person who pasted it, and never repeat the token.
func ParseLink(link string) (Invitation, error) {
	server, behind, err := cutLink(link)
	if err != nil {
		return Invitation{}, err
	}
	text, ok := strings.CutPrefix(behind, "e=")
	if !ok && strings.HasPrefix(behind, "s=") {
		return Invitation{}, errors.New("that is the QR code of a sign-in: answer it with --scan")
	}
	dot := strings.LastIndexByte(text, '.') // domains have dots, tokens have none
	if !ok || dot < 0 || !tenantForm.MatchString(text[:dot]) || !tokenForm.MatchString(text[dot+1:]) {
		return Invitation{}, errors.New("that link is incomplete: copy all of it, with what is behind the #")
	}
	return Invitation{Server: server, Tenant: text[:dot], Token: text[dot+1:]}, nil
}

// ParseCode reads a typed code such as ABCDE-FGHJK, of a user such as lee@contoso.example, at a
// server such as https://login.example.
func ParseCode(code, server, user string) (Invitation, error) {
	code = strings.ToUpper(strings.Join(strings.Fields(code), ""))
	if !codeForm.MatchString(code) {
		return Invitation{}, errors.New("a code has ten letters and digits, such as ABCDE-FGHJK")
	}
	server, err := parseServer(server)
	if err != nil {
		return Invitation{}, err
	}
	at := strings.LastIndexByte(user, '@')
	if at < 1 || len(user) > maxLink || !tenantForm.MatchString(user[at+1:]) {
		return Invitation{}, errors.New("a user is written as name@domain")
	}
	code = strings.ReplaceAll(code, "-", "")
	return Invitation{Server: server, Tenant: user[at+1:], Code: code[:5] + "-" + code[5:], User: user}, nil
}

// ParseScan reads what a QR code of a sign-in holds, https://HOST/authenticator#s=SECRET, or the
// secret alone. server is where the account is; a code of another is refused.
func ParseScan(text, server string) (secret string, err error) {
	text = strings.TrimSpace(text)
	if scanForm.MatchString(text) {
		return text, nil
	}
	host, behind, err := cutLink(text)
	if err != nil {
		return "", err
	}
	secret, ok := strings.CutPrefix(behind, "s=")
	switch {
	case host != server:
		return "", fmt.Errorf("that QR code is of %s, and the request of %s", host, server)
	case !ok || !scanForm.MatchString(secret):
		return "", errors.New("that is not the QR code of a sign-in")
	}
	return secret, nil
}

// cutLink takes a link to the page of authenticators apart.
func cutLink(link string) (server, behind string, err error) {
	link = strings.TrimSpace(link)
	u, err := url.Parse(link)
	if err != nil || len(link) > maxLink || u.User != nil || u.RawQuery != "" || u.Path != "/authenticator" {
		return "", "", errors.New("that is not a link such as https://login.example/authenticator#e=…")
	}
	server, err = origin(u)
	return server, u.Fragment, err
}

// parseServer reads the address of a server, which has no path.
func parseServer(text string) (string, error) {
	u, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || len(text) > maxLink || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("a server is written as https://login.example")
	}
	return origin(u)
}

// origin is that of an address which may be talked to: https, or http on this machine.
func origin(u *url.URL) (string, error) {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch {
	case u.Hostname() == "" || scheme != "https" && scheme != "http":
		return "", errors.New("a server is written as https://login.example")
	case scheme == "http" && !loopback(u.Hostname()):
		return "", errors.New("only https is spoken with other machines")
	}
	return scheme + "://" + host, nil
}

// loopback tells whether a name means this machine to everybody (RFC 6761 6.3).
func loopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.IsLoopback()
	}
	return isWithin(strings.ToLower(host), "localhost")
}

// isWithin tells whether a host is a domain's.
func isWithin(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}
