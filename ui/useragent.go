package ui

import (
	"net/http"
	"strings"
)

// What browsers and systems say of themselves: the first that fits, since most of them
// name others too.
var (
	browsers = [][2]string{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	}
	systems = [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Macintosh", "Mac"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
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

// browserName is a user agent in short: "Firefox, Windows". What people do not know as a
// browser is told by its first word.
func browserName(userAgent string) string {
	browser, system := agent(userAgent)
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
