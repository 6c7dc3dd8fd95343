package ui

import (
	"net/http"
	"slices"
	"strings"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; worker-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; img-src 'self' data:"

// policyOf is what a page may load: what is ours, and what it borrows.
func policyOf(v View) string {
	csp := policy
	b, ok := v.(borrower)
	if !ok {
		return csp
	}
	images, frames := b.borrows()
	csp += origins(images) // img-src is the last directive
	if allowed := origins(frames); allowed != "" {
		csp += "; frame-src" + allowed
	}
	return csp
}

// origins are those of some addresses as sources of a directive, each once.
func origins(addresses []string) string {
	var list []string
	for _, a := range addresses {
		if o := webOrigin(a); o != "" && !slices.Contains(list, " "+o) {
			list = append(list, " "+o)
		}
	}
	return strings.Join(list, "")
}

// setHeaders adds what every page must carry (docs/security.md H3).
func setHeaders(h http.Header, v View, https bool) {
	csp, referrer, opener := policyOf(v), "same-origin", "unsafe-none"
	if _, ok := v.(leaver); !ok {
		// A sign-in may run in a window that the relying party opened and watches;
		// cutting the two apart would look to it as if the person had closed it.
		csp, opener = csp+"; form-action 'self'", "same-origin"
	}
	if v.PageName() == (FormPost{}).PageName() {
		// The one form that goes to another site. Our own need same-origin:
		// without it their Origin is "null", and the cross-origin check would
		// refuse browsers that send no Sec-Fetch-Site.
		referrer = "no-referrer"
	}
	h.Set("Referrer-Policy", referrer)
	h.Set("Cross-Origin-Opener-Policy", opener)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	camera := "()"
	if v.PageName() == (Authenticator{}).PageName() {
		// It scans codes, and starts a worker by an address that its script vouches for.
		csp, camera = csp+"; trusted-types latchkey-app", "(self)"
	}
	h.Set("Permissions-Policy", "camera="+camera+", geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Content-Security-Policy", csp)
	h.Set("Cache-Control", "no-store")
	setCommonHeaders(h, https)
}

// setCommonHeaders adds what pages and assets share.
func setCommonHeaders(h http.Header, https bool) {
	h.Set("X-Content-Type-Options", "nosniff")
	if https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}
