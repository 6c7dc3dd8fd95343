package ui

import (
	"net/http"
	"strings"
)

// agent names the browser and the system of a User-Agent, each "" if it is none of those
// that people know.
func agent(userAgent string) (browser, system string) {
	find := func(list [][2]string) string {
		for _, x := range list {
			if strings.Contains(userAgent, x[0]) {
				return x[1]
			}
		}
		return ""
	}
	return find(browsers), find(systems)
}

// deviceName is what a passkey made in this browser may be called: "Chrome on Windows".
func (s *Site) deviceName(r *http.Request) string {
	browser, system := agent(r.UserAgent())
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
