package demoinbox

import (
	"net/url"
	"regexp"
	"strings"
)

// piece is a stretch of a text; URL is where it leads, "" if nowhere.
type piece struct{ Text, URL string }

// address is what looks like an address of the web. Nothing else is made a link.
var address = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"]+`)

// linked cuts a text into what is a link and what is not.
func linked(text string) []piece {
	var all []piece
	done := 0
	for _, at := range address.FindAllStringIndex(text, -1) {
		found := sentenceless(text[at[0]:at[1]])
		u, err := url.Parse(found)
		if err != nil || u.Host == "" {
			continue
		}
		if at[0] > done {
			all = append(all, piece{Text: text[done:at[0]]})
		}
		all = append(all, piece{found, u.String()})
		done = at[0] + len(found)
	}
	if done < len(text) {
		all = append(all, piece{Text: text[done:]})
	}
	return all
}

// sentenceless leaves off what belongs to the sentence around an address: its full stop,
// and a bracket that was opened before.
func sentenceless(found string) string {
	for {
		short := strings.TrimRight(found, ".,;:!?'")
		if strings.HasSuffix(short, ")") && strings.Count(short, ")") > strings.Count(short, "(") {
			short = strings.TrimSuffix(short, ")")
		}
		if short == found {
			return found
		}
		found = short
	}
}
