package ui

import "net/http"

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; manifest-src 'self'; worker-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"

// setHeaders adds what every page must carry (docs/security.md H3).
func setHeaders(h http.Header, v View, https bool) {
	csp, referrer, opener := policy, "same-origin", "unsafe-none"
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
	h.Set("Content-Security-Policy", csp)
	h.Set("Referrer-Policy", referrer)
	h.Set("Cross-Origin-Opener-Policy", opener)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
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
