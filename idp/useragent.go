package idp

import "strings"

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

// UserAgent names the browser and the system of a User-Agent, each "" if it is none of those
// that people know.
func UserAgent(header string) (browser, system string) {
	find := func(list [][2]string) string {
		for _, x := range list {
			if strings.Contains(header, x[0]) {
				return x[1]
			}
		}
		return ""
	}
	return find(browsers), find(systems)
}
