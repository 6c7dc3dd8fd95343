package mail_test

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"mime"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"latchkey/idp"
	"latchkey/idp/mail"
	"latchkey/storage"
)

// TestSend: a mail arrives once, in both forms, over every protection there is.
func TestSend(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		protection string
		auth       bool
	}{
		"starttls":          {"starttls", false},
		"starttls, sign in": {"starttls", true},
		"tls, sign in":      {"tls", true},
		"none":              {"none", false},
		"none, sign in":     {"none", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, o := ordinary(t), &office{auth: test.auth}
			l, cert, roots := onNetwork(t)
			c := w.config()
			c.Address, c.Roots, c.TLS = l.Addr().String(), roots, test.protection
			if test.auth {
				c.Username, c.Password = officeUser, officePassword
			}
			switch test.protection {
			case "tls":
				l = tls.NewListener(l, cert)
			case "none":
				cert = nil
			}
			o.start(t, l, cert)
			w.owe(contoso, "anna@contoso.example")
			name := w.owed(contoso)[0].Name()
			s := w.newSender(c)
			w.drain(s)
			w.drain(s)
			w.expect("", "sent 1")
			all := o.mails()
			if len(all) != 1 || len(w.owed(contoso)) != 0 {
				t.Fatalf("%d arrived, %d are owed", len(all), len(w.owed(contoso)))
			}
			got := all[0]
			if got.from != from || got.to != "anna@contoso.example" || got.secured != (test.protection != "none") || (got.user == officeUser) != test.auth {
				t.Errorf("%+v", got)
			}
			checkLetter(t, open(t, got.content), name)
		})
	}
}

func checkLetter(t *testing.T, l letter, name string) {
	t.Helper()
	for header, want := range map[string]string{
		"From": `"Contoso" <` + from + ">", "To": "=?utf-8?q?Anna_Nov=C3=A1k?= <anna@contoso.example>", "Auto-Submitted": "auto-generated",
		"Message-Id": "<" + name + "@login.example>", "Date": "Tue, 01 Sep 2026 08:00:00 +0000", "Mime-Version": "1.0",
		"Subject": "=?UTF-8?q?method-added_=C2=B7_Contoso?=",
	} {
		if got := l.Get(header); got != want || len(l.Header[header]) != 1 {
			t.Errorf("%s is %q, want %q", header, got, want)
		}
	}
	if names := slices.Sorted(maps.Keys(l.Header)); len(names) != 8 { // those and Content-Type
		t.Errorf("headers %v", names)
	}
	want := []string{"text/plain; charset=UTF-8", "Name: Blue key\nGrüße", "text/html; charset=UTF-8", "<p>Blue key</p>"}
	if !slices.Equal(l.parts, want) {
		t.Errorf("parts %q", l.parts)
	}
}

// TestRefusals: what a server answers decides whether a mail is tried again. It is the
// same mail then.
func TestRefusals(t *testing.T) {
	t.Parallel()
	refuse := func(code int) error {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "no anna@contoso.example"}
	}
	once := func(err error) func(int) error {
		return func(n int) error {
			if n == 0 {
				return err
			}
			return nil
		}
	}
	for name, test := range map[string]struct {
		rcpt, data error
		drop       bool
		results    string
		kept       string // "": something
	}{
		"recipient, for now":  {rcpt: refuse(450), results: "deferred 1", kept: "sending SMTP RCPT TO command: 450 4.1.1 no anna@contoso.example"},
		"recipient, for good": {rcpt: refuse(550), results: "failed 1", kept: "sending SMTP RCPT TO command: 550 5.1.1 no anna@contoso.example"},
		"content, for now":    {data: refuse(451), results: "deferred 1", kept: "closing SMTP DATA writer: 451 4.1.1 no anna@contoso.example"},
		"content, for good":   {data: refuse(554), results: "failed 1", kept: "closing SMTP DATA writer: 554 5.1.1 no anna@contoso.example"},
		"drops amid the data": {drop: true, results: "deferred 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, o := ordinary(t), &office{rcpt: once(test.rcpt)}
			o.data = func(n int, c *smtp.Conn) error {
				if test.drop && n == 0 {
					return errors.Join(c.Conn().Close(), errors.New("gone"))
				}
				return once(test.data)(n)
			}
			s := w.sender(o, nil)
			w.owe(contoso, "anna@contoso.example")
			w.drain(s)
			w.expect("at first", test.results)
			told := w.delivery(contoso)
			if told.Tries != 1 || told.Error == "" || test.kept != "" && strings.ReplaceAll(told.Error, `"`, "") != test.kept {
				t.Fatalf("%+v", told)
			}
			if _, log := w.told(); strings.Contains(log, "anna") || !strings.Contains(log, "contoso.example") {
				t.Errorf("logged %s", log)
			}
			w.pass(time.Minute - 1)
			w.drain(s)
			w.expect("too soon", test.results)
			w.pass(1)
			w.drain(s)
			if strings.HasPrefix(test.results, "failed") {
				w.expect("later", test.results)
				if told.Result != idp.DeliveryFailed || len(w.owed(contoso)) != 0 {
					t.Errorf("%+v, %d are owed", told, len(w.owed(contoso)))
				}
				return
			}
			w.expect("later", "deferred 1 sent 1")
			if all := o.mails(); told.Result != idp.DeliveryDeferred || len(all) != 1 || len(w.owed(contoso)) != 0 || open(t, all[0].content).Get("Message-Id") != "<"+told.Mail+"@login.example>" {
				t.Errorf("%+v, %d arrived", told, len(all))
			}
		})
	}
}

// TestTakenIsSent: what the server has taken is not sent again, however it parts.
func TestTakenIsSent(t *testing.T) {
	t.Parallel()
	w, o := ordinary(t), &office{rude: true}
	s := w.sender(o, nil)
	w.owe(contoso, "anna@contoso.example")
	w.drain(s)
	w.expect("", "sent 1")
	if len(w.owed(contoso)) != 0 {
		t.Errorf("%+v", w.owed(contoso)[0])
	}
}

// TestOperatorsFaults: what the operator has to set right ends no mail, and shows no
// password; nothing goes over a connection that is not protected as configured.
func TestOperatorsFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		auth   bool
		plain  bool // the office has no certificate
		change func(*mail.Config)
		kept   string
	}{
		"another password":    {true, false, func(c *mail.Config) { c.Username, c.Password = officeUser, "hunter2" }, "535"},
		"no password":         {true, false, nil, "502"},
		"no TLS to be had":    {false, true, nil, "STARTTLS"},
		"no TLS for password": {true, true, func(c *mail.Config) { c.Username, c.Password = officeUser, officePassword }, "STARTTLS"},
		"a strange authority": {false, false, func(c *mail.Config) { c.Roots = nil }, "certificate"},
		"another name":        {false, false, func(c *mail.Config) { c.Address = strings.Replace(c.Address, "127.0.0.1", "127.0.0.2", 1) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, o := ordinary(t), &office{auth: test.auth}
			l, cert, roots := onNetwork(t)
			if test.plain {
				cert = nil
			}
			o.start(t, l, cert)
			c := w.config()
			c.Address, c.Roots = l.Addr().String(), roots
			if test.change != nil {
				test.change(&c)
			}
			w.owe(contoso, "anna@contoso.example")
			w.drain(w.newSender(c))
			w.expect("", "deferred 1")
			left := w.owed(contoso)
			_, log := w.told()
			if len(left) != 1 || !strings.Contains(left[0].LastError, test.kept) || len(o.mails()) != 0 {
				t.Errorf("%+v", left)
			}
			if strings.Contains(log+left[0].LastError, "hunter2") || strings.Contains(log, "anna") {
				t.Errorf("told %s", log)
			}
		})
	}
}

// TestLastTry: a mail whose last try fails is given up.
func TestLastTry(t *testing.T) {
	t.Parallel()
	w, o := ordinary(t), &office{rcpt: func(int) error { return &smtp.SMTPError{Code: 450} }}
	s := w.sender(o, nil)
	w.owe(contoso, "anna@contoso.example")
	for left := w.owed(contoso); len(left) > 0; left = w.owed(contoso) {
		w.pass(left[0].NextTry.Sub(w.clock()))
		w.drain(s)
	}
	w.expect("", "deferred 11 failed 1")
	w.drain(s)
	if left := w.owed(contoso); len(left) != 0 || o.rcpts != 12 {
		t.Errorf("%d left after %d tries", len(left), o.rcpts)
	}
}

// TestCrash: a mail that somebody claimed and did not send, is sent a minute later.
func TestCrash(t *testing.T) {
	t.Parallel()
	w, o := ordinary(t), &office{}
	s := w.sender(o, nil)
	w.owe(contoso, "anna@contoso.example")
	w.update(contoso, func(tx *storage.Tx) error {
		m, err := idp.FirstMail(tx, false)
		if err != nil {
			return err
		}
		_, err = m.Claim(tx, w.auditLog(), w.clock())
		return err
	})
	w.pass(time.Minute - 1)
	w.drain(s)
	w.expect("within the minute", "")
	w.pass(1)
	w.drain(s)
	w.expect("after it", "sent 1")
}

// TestUnsendable: mails that no server is asked to take.
func TestUnsendable(t *testing.T) {
	t.Parallel()
	const gone = "33333333-3333-4333-8333-333333333333"
	for name, test := range map[string]struct {
		tenant  string
		change  func(*idp.Mail)
		results string
	}{
		"in no normal form":   {contoso, func(m *idp.Mail) { m.To = "Anna@contoso.example" }, "failed 1"},
		"turned around":       {contoso, func(m *idp.Mail) { m.To = "a\u202enna@contoso.example" }, "failed 1"},
		"nothing to see":      {contoso, func(m *idp.Mail) { m.To = "a\u200bnna@contoso.example" }, "failed 1"},
		"of any length":       {contoso, func(m *idp.Mail) { m.To = strings.Repeat("a", 10_000) + "@contoso.example" }, "failed 1"},
		"with a NUL":          {contoso, func(m *idp.Mail) { m.To = "a@contoso.example\u007f" }, "failed 1"},
		"sealed by others":    {contoso, func(m *idp.Mail) { m.About, m.Sealed = "sealed", "AAAA" }, "failed 1"},
		"a decoy":             {contoso, func(m *idp.Mail) { m.Decoy = true }, ""},
		"no address":          {contoso, func(m *idp.Mail) { m.To = "anna" }, "failed 1"},
		"more than one":       {contoso, func(m *idp.Mail) { m.To = "Anna <anna@contoso.example>" }, "failed 1"},
		"two addresses":       {contoso, func(m *idp.Mail) { m.To = "a@contoso.example, eve@evil.example" }, "failed 1"},
		"a command":           {contoso, func(m *idp.Mail) { m.To = "a@contoso.example>\r\nRCPT TO:<eve@evil.example" }, "failed 1"},
		"no text":             {contoso, func(m *idp.Mail) { m.About = "nothing" }, "deferred 1"},
		"of a tenant no more": {gone, func(*idp.Mail) {}, "failed 1"},
		"too late":            {contoso, func(m *idp.Mail) { m.Ends = t0 }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, o := ordinary(t), &office{}
			w.owe(test.tenant, "anna@contoso.example")
			w.update(test.tenant, func(tx *storage.Tx) error {
				m, err := idp.FirstMail(tx, false)
				if err != nil {
					return err
				}
				test.change(m)
				return tx.Put(m)
			})
			w.drain(w.sender(o, nil))
			w.expect("", test.results)
			if o.rcpts != 0 {
				t.Errorf("%d recipients were named", o.rcpts)
			}
		})
	}
}

// TestCopies: whoever is to get a copy gets it, and stands in the mail; an address that the
// office refuses for that keeps nobody from their mail.
func TestCopies(t *testing.T) {
	t.Parallel()
	const kim = "kim@contoso.example"
	refuse := func(codes ...int) func(int) error { // of the recipients in order
		return func(n int) error {
			if n < len(codes) && codes[n] != 0 {
				return &smtp.SMTPError{Code: codes[n]}
			}
			return nil
		}
	}
	for name, test := range map[string]struct {
		copies  []string
		rcpt    func(int) error
		cc, to  string
		results string
	}{
		"one":                   {[]string{kim}, nil, "<" + kim + ">", "anna@outside.example " + kim, "sent 1"},
		"the recipient, no one": {[]string{"anna@outside.example", "", "a@b\r\nBcc: c@d"}, nil, "", "anna@outside.example", "sent 1"},
		"refused for good":      {[]string{kim}, refuse(0, 550), "", "anna@outside.example", "sent 1"},
		"refused for now":       {[]string{kim}, refuse(0, 450), "<" + kim + ">", "anna@outside.example " + kim, "deferred 1 sent 1"},
		"both refused":          {[]string{kim}, refuse(550, 550, 550), "", "", "failed 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, o := ordinary(t), &office{rcpt: test.rcpt}
			m := idp.NewMail(&idp.User{UserID: idp.NewID()}, "anna@outside.example", idp.MailInvitation, nil, t0, time.Hour)
			m.Copies = test.copies
			w.update(contoso, func(tx *storage.Tx) error { return tx.Insert(m) })
			s := w.sender(o, nil)
			w.drain(s)
			w.pass(time.Minute)
			w.drain(s)
			w.expect("", test.results)
			all := o.mails()
			if test.to == "" {
				if len(all) != 0 {
					t.Errorf("%+v", all)
				}
				return
			}
			if len(all) != 1 || all[0].to != test.to {
				t.Fatalf("%+v", all)
			}
			l := open(t, all[0].content)
			if l.Get("Cc") != test.cc || len(l.Header["Cc"]) > 1 || l.Get("To") != "<anna@outside.example>" {
				t.Errorf("To %q, Cc %q", l.Get("To"), l.Header["Cc"])
			}
		})
	}
}

// TestCopyRefusedLast: a copy that is refused again and again costs nobody their mail either.
func TestCopyRefusedLast(t *testing.T) {
	t.Parallel()
	w, o := ordinary(t), &office{}
	o.rcpt = func(n int) error {
		if n == 1 {
			return &smtp.SMTPError{Code: 450}
		}
		return nil
	}
	m := idp.NewMail(&idp.User{UserID: idp.NewID()}, "anna@outside.example", idp.MailInvitation, nil, t0, time.Minute)
	m.Copies = []string{"kim@contoso.example"}
	w.update(contoso, func(tx *storage.Tx) error { return tx.Insert(m) })
	w.drain(w.sender(o, nil))
	w.expect("", "sent 1")
}

// TestInjection: whatever people call themselves, their keys and their browsers, a mail has
// the headers it has, one recipient, and nothing turned around in them.
func TestInjection(t *testing.T) {
	t.Parallel()
	const evil = "x\r\nBcc: eve@evil.example\r\n\r\n<eve@evil.example>\u202e\x00\xff"
	w, o := ordinary(t), &office{}
	w.update(contoso, func(tx *storage.Tx) error {
		u := &idp.User{UserID: idp.NewID(), DisplayName: evil, Profile: idp.Profile{Email: "anna@contoso.example", Locale: evil}}
		return idp.Notify(tx, u, idp.MailMethodAdded, map[string]string{"Name": evil, "Browser": evil}, t0)
	})
	w.update(storage.System, func(tx *storage.Tx) error { // none that Validate would let through
		return tx.Put(&idp.Tenant{TenantID: contoso, Name: strings.ReplaceAll(strings.ToValidUTF8(evil, ""), "\x00", "")})
	})
	w.drain(w.sender(o, nil))
	w.expect("", "sent 1")
	all := o.mails()
	if len(all) != 1 || o.rcpts != 1 || all[0].to != "anna@contoso.example" {
		t.Fatalf("%d mails, %d recipients", len(all), o.rcpts)
	}
	l := open(t, all[0].content)
	if names := slices.Sorted(maps.Keys(l.Header)); len(names) != 8 || len(l.parts) != 4 || l.Get("Bcc") != "" {
		t.Errorf("headers %v\n%s", names, all[0].content)
	}
	to, err := l.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != "anna@contoso.example" || strings.ContainsAny(to[0].Name, "\r\n\u202e") {
		t.Errorf("%v: %+v", err, to)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(l.Get("Subject"))
	if err != nil || strings.ContainsAny(subject, "\r\n\u202e") || strings.Contains(l.parts[1], "\nBcc") {
		t.Errorf("%v: %q\n%s", err, subject, l.parts[1])
	}
}

// TestNew: what cannot work is told at the start.
func TestNew(t *testing.T) {
	t.Parallel()
	for _, c := range []mail.Config{
		{}, {Address: "mail.example", TLS: "tls", From: from}, {Address: "mail.example:smtp", TLS: "tls", From: from},
		{Address: "mail.example:25", TLS: "tls"}, {Address: "mail.example:25", TLS: "ssl", From: from}, {Address: ":25", TLS: "tls", From: from},
	} {
		if _, err := mail.New(c); err == nil {
			t.Errorf("%+v is taken", c)
		}
	}
}

// TestNobodyListens: a server that is down costs nothing but time.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	w := ordinary(t)
	c := w.config()
	c.Address = "127.0.0.1:25"
	c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }
	w.owe(contoso, "anna@contoso.example")
	w.owe(fabrikam, "kim@fabrikam.example")
	w.drain(w.newSender(c))
	w.expect("", "deferred 2")
	if left := w.owed(fabrikam); len(left) != 1 || !strings.Contains(left[0].LastError, "connection refused") {
		t.Errorf("%+v", left)
	}
}
