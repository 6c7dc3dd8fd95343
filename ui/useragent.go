package ui

import (
	"net/http"
	"strings"

	"latchkey/idp"
)

// browserName is a user agent in short: "Firefox, Windows". What people do not know as a
// browser is told by its first word.
func browserName(userAgent string) string {
	browser, system := idp.UserAgent(userAgent)
	switch {
	case browser == "":
		first, _, _ := strings.Cut(userAgent, " ")
		return clip(first, 40)
	case system == "":
		return browser
	}
	return browser + ", " + system
}

// deviceName is what a passkey made in this browser may be called: "Chrome on Windows".
func (s *Site) deviceName(r *http.Request) string {
	browser, system := idp.UserAgent(r.UserAgent())
	if browser == "" || system == "" {
		return browser + system
	}
	texts := s.Renderer.catalogue.choose(frameOf(r).UILocales, r.Header.Get("Accept-Language"))
	name, err := texts.text("add-method.device", map[string]any{"Browser": browser, "System": system}, nil)
	if err != nil { // the tests see to it that the text is there
		return browser
	}
	return name
}
