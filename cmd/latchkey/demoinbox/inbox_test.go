package demoinbox

import (
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// alternative is a mail of the usual form.
const alternative = `From: <no-reply@login.example>
To: =?utf-8?q?Anna_Nov=C3=A1k?= <anna@contoso.example>
Subject: =?UTF-8?q?Ein_Gru=C3=9F?= =?UTF-8?b?IMK3IENvbnRvc28=?=
Mime-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=UTF-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe, Anna. A line that is lo=
ng.
https://login.example/redeem?a=3D1&b=3D2

--b
Content-Type: text/html; charset=UTF-8
Content-Transfer-Encoding: base64

PHA+R3LDvMOfZTwv
cD4=
--b--
`

// nested is a mail whose text is a part of a part, and so on.
func nested(depth int) string {
	mail, end := "", ""
	for i := range depth {
		mail += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		end = fmt.Sprintf("\n--b%d--", i) + end
	}
	return mail + "\nhello" + end + "\n"
}

// TestMessages: what was sent is told decoded, whatever form it had.
func TestMessages(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ mail, subject, text, html string }{
		"alternative":  {alternative, "Ein Gruß · Contoso", "Grüße, Anna. A line that is long.\nhttps://login.example/redeem?a=1&b=2\n", "<p>Grüße</p>"},
		"plain":        {"Subject: Hello\n\nHello\n.\n..\n", "Hello", "Hello\n.\n..\n", ""},
		"no subject":   {"From: a@b.example\n\n", "", "", ""},
		"only HTML":    {"Content-Type: text/html\n\n<b>hello</b>", "", "", "<b>hello</b>\n"},
		"Latin 1":      {"Subject: =?iso-8859-1?q?Gr=FC=DFe?=\nContent-Type: text/plain; charset=ISO-8859-1\n\nGr\xfc\xdfe", "Grüße", "Grüße\n", ""},
		"not UTF-8":    {"Subject: \xff\nContent-Type: text/plain; charset=utf-8\n\na\xffb", "\uFFFD", "a\uFFFDb\n", ""},
		"unknown word": {"Subject: =?koi8-r?q?=C1?=\n\n", "=?koi8-r?q?=C1?=", "", ""},
		"no such type": {"Content-Type: ;;;\n\nhello", "", "hello\n", ""},
		"attachment": {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=a.txt\n\nnot this\n" +
			"--b\n\nthis\n--b\n\nnor this\n--b\nContent-Type: image/png\n\nx\n--b--\n", "", "this", ""},
		"deep": {nested(maxDepth), "", "hello", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.sent(test.mail, "anna@contoso.example")
			want := []Message{{"anna@contoso.example", test.subject, test.text, test.html, noon.UTC()}}
			if got := w.messages(); !slices.Equal(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// TestMessagesForPrograms: the form on which programs rely.
func TestMessagesForPrograms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.get("/messages")
	if got := strings.TrimSpace(r.Body.String()); got != "[]" {
		t.Errorf("nothing is %s", got)
	}
	if h := r.Header(); h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", h)
	}
	w.sent("Subject: one\n\nfirst", "anna@contoso.example")
	w.sent("Subject: two\n\nsecond", "anna@contoso.example", "kim@fabrikam.example")
	const rest = `","html":"","received":"2026-09-01T12:00:00Z"}`
	want := `[{"to":"kim@fabrikam.example","subject":"two","text":"second\n` + rest +
		`,{"to":"anna@contoso.example","subject":"two","text":"second\n` + rest +
		`,{"to":"anna@contoso.example","subject":"one","text":"first\n` + rest + `]`
	if got := strings.TrimSpace(w.page("/messages")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestRefusals: what is too much, or no mail, is refused in words, and not kept.
func TestRefusals(t *testing.T) {
	t.Parallel()
	line := strings.Repeat("x", 998) + "\n"
	var many []string
	for i := range maxRecipients + 1 {
		many = append(many, fmt.Sprintf("anna%d@contoso.example", i))
	}
	for name, test := range map[string]struct {
		mail string
		to   []string
		code int
	}{
		"too large":     {"Subject: x\n\n" + strings.Repeat(line, maxBytes/len(line)), many[:1], 552},
		"too many":      {"Subject: x\n\n", many, 452},
		"no header":     {"hello", many[:1], 554},
		"no boundary":   {"Content-Type: multipart/alternative\n\nhello", many[:1], 554},
		"no end":        {"Content-Type: multipart/alternative; boundary=b\n\n--b\n\nhello", many[:1], 554},
		"no base64":     {"Content-Transfer-Encoding: base64\n\n?", many[:1], 554},
		"too deep":      {nested(maxDepth + 1), many[:1], 554},
		"no printables": {"Content-Transfer-Encoding: quoted-printable\n\n\x01\n", many[:1], 554},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			err := w.send(test.mail, test.to...)
			if refusal, ok := errors.AsType[*textproto.Error](err); !ok || refusal.Code != test.code {
				t.Errorf("answered %v, want %d", err, test.code)
			}
			if got := w.messages(); len(got) != 0 {
				t.Errorf("%d are kept", len(got))
			}
		})
	}
}

// TestLarge: a mail just within the limit is taken.
func TestLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	line := strings.Repeat("x", 998) + "\n"
	w.sent("Subject: x\n\n"+strings.Repeat(line, maxBytes/(len(line)+1)-1), "anna@contoso.example")
	if got := w.messages(); len(got) != 1 || len(got[0].Text) < maxBytes-3*len(line) {
		t.Errorf("%d are kept", len(got))
	}
}

// TestForgets: a mail that was begun and given up belongs to nobody.
func TestForgets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, err := smtp.Dial(w.inbox.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	steps := []func() error{
		func() error { return c.Mail("a@login.example") }, func() error { return c.Rcpt("anna@contoso.example") }, c.Reset,
		func() error { return c.Mail("a@login.example") }, func() error { return c.Rcpt("kim@fabrikam.example") },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatal(i, err)
		}
	}
	data, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(data, "Subject: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := data.Close(); err != nil {
		t.Fatal(err)
	}
	if got := w.messages(); len(got) != 1 || got[0].To != "kim@fabrikam.example" {
		t.Errorf("%+v", got)
	}
}

// TestNewest: the newest 200 are kept, and a number is never another mail's.
func TestNewest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range capacity + 1 {
		w.sent(fmt.Sprintf("Subject: mail %d\n\n", i+1), "anna@contoso.example")
	}
	all := w.messages()
	if len(all) != 200 || all[0].Subject != "mail 201" || all[199].Subject != "mail 2" {
		t.Errorf("%d are kept, from %q to %q", len(all), all[0].Subject, all[len(all)-1].Subject)
	}
	if r := w.get("/messages/1"); r.Code != 404 || !strings.Contains(r.Body.String(), "newest 200") {
		t.Errorf("the first: %d %s", r.Code, r.Body)
	}
	for _, n := range []string{"2", "201"} {
		if page := w.page("/messages/" + n); !strings.Contains(page, "<bdi>mail "+n+"</bdi>") {
			t.Errorf("mail %s: %s", n, page)
		}
	}
}

// TestClose: who has closed it once may do so again, and nobody reaches it.
func TestClose(t *testing.T) {
	t.Parallel()
	for range 20 { // sometimes before it has begun to serve
		w := newWorld(t)
		w.close()
		if c, err := net.Dial("tcp", w.inbox.Address()); err == nil {
			_ = c.Close()
			t.Fatal("it still listens")
		}
	}
}
