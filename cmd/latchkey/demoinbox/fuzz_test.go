package demoinbox

import (
	"html/template"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRead: whatever is sent is refused or becomes text that pages can show, of which
// cutting out the links loses nothing.
func FuzzRead(f *testing.F) {
	for _, mail := range []string{"", "a", "Subject: x\n\nhttps://a.example/).", alternative, spiteful, "Content-Type: text/html; charset=iso-8859-1\n\n\xff"} {
		f.Add([]byte(mail))
	}
	f.Fuzz(func(t *testing.T, mail []byte) {
		l, err := read(mail)
		if err != nil {
			return
		}
		for _, s := range []string{l.subject, l.text, l.html} {
			if !utf8.ValidString(s) || len(s) > 3*len(mail) {
				t.Errorf("%q", s)
			}
		}
		var again strings.Builder
		for _, p := range linked(l.text) {
			again.WriteString(p.Text)
			if p.URL != "" && !strings.HasPrefix(p.URL, "http://") && !strings.HasPrefix(p.URL, "https://") {
				t.Errorf("a link to %q", template.HTMLEscapeString(p.URL))
			}
		}
		if again.String() != l.text {
			t.Errorf("%q became %q", l.text, again.String())
		}
	})
}
