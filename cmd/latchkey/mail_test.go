package main

import (
	"bytes"
	"context"
	"html"
	"io"
	"log/slog"
	"maps"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/emersion/go-smtp"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/storage"
)

// parcel is a mail as a server takes it.
type parcel struct {
	to      []string
	content string
}

// letterbox is a mail server that hands over what it takes.
type letterbox chan parcel

func (l letterbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &postman{box: l}, nil }

// postman serves one connection.
type postman struct {
	box letterbox
	parcel
}

func (*postman) Mail(string, *smtp.MailOptions) error { return nil }
func (*postman) Reset()                               {}
func (*postman) Logout() error                        { return nil }

func (p *postman) Rcpt(to string, _ *smtp.RcptOptions) error {
	p.to = append(p.to, to)
	return nil
}

func (p *postman) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	p.content = string(content)
	p.box <- p.parcel
	return err
}

// posting is a server whose mails go to a letterbox, and its one tenant.
func posting(t *testing.T, name string) (*server, *idp.Tenant, letterbox) {
	t.Helper()
	box := make(letterbox, 10)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	office := smtp.NewServer(box)
	go func() { _ = office.Serve(l) }() // ends with the listener
	t.Cleanup(func() { _ = l.Close() })

	s := opened(t)
	s.Config.SMTP = config.SMTP{Address: l.Addr().String(), TLS: config.SMTPPlain, From: "no-reply@login.example"}
	tenant := &idp.Tenant{TenantID: idp.NewID(), Name: name, Domains: []string{"contoso.example"}}
	write(t, s, storage.System, func(tx *storage.Tx) error { return tx.Put(tenant) })
	return s, tenant, box
}

// TestMail: a server that is told where mail goes sends what people are owed, in words and
// with the address of their own page, and counts it.
func TestMail(t *testing.T) {
	s, tenant, box := posting(t, "Contoso")
	write(t, s, tenant.TenantID, func(tx *storage.Tx) error {
		u := &idp.User{UserID: idp.NewID(), DisplayName: "Anna", OtherMails: []string{"anna@home.example"}}
		return idp.Notify(tx, u, idp.MailMethodAdded, map[string]string{"Method": "temporaryAccessPass", "Address": "192.0.2.7"}, s.Clock.Now())
	})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := s.Wait(ctx); err != nil {
			t.Error(err)
		}
	})
	var got parcel
	select {
	case got = <-box:
	case <-time.After(time.Minute):
		t.Error("no mail came")
	}
	stop()
	serving.Wait()
	text := strings.ReplaceAll(got.content, "=\r\n", "") // lines of quoted-printable
	for _, want := range []string{`From: "Contoso" <no-reply@login.example>`, `To: "Anna" <anna@home.example>`, "Method: Temporary Access Pass", "192.0.2.7", s.Config.BaseURL + "/contoso.example/security-info"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q\n%s", want, text)
		}
	}
	if !strings.Contains(scrape(s.deps.Metrics), `latchkey_mails_total{result="sent"} 1`) {
		t.Error("the mail was not counted")
	}
}

// owed puts mails of all three kinds into the outbox, to an address and with a string in
// everything that somebody else chose, and a copy of the invitation to another address.
func owed(t *testing.T, s *server, tenant *idp.Tenant, to, value, cc string) (code, invitation, notice *idp.Mail) {
	t.Helper()
	now := s.Clock.Now()
	details := map[string]string{"Minutes": "30", "InSubject": "true", "Until": "2026-12-24T12:00:00Z", "Report": "cmVwb3J0"}
	for _, name := range []string{"Method", "Name", "Address", "Browser", "App", "Inviter", "Onto"} {
		details[name] = value
	}
	mail := func(about idp.MailAbout, secret string) *idp.Mail {
		u := &idp.User{UserID: idp.NewID(), DisplayName: value, Profile: idp.Profile{Locale: value}}
		m := idp.NewMail(u, to, about, details, now, time.Hour)
		m.Details["Invitation"] = idp.NewID()
		if secret != "" {
			m.Seal(s.Keys, tenant.TenantID, secret)
		}
		write(t, s, tenant.TenantID, func(tx *storage.Tx) error { return tx.Insert(m) })
		return m
	}
	code, notice = mail(idp.MailCode, "04217733"), mail(idp.MailMethodAdded, "")
	invitation = mail(idp.MailInvitation, "iv_ticket")
	invitation.Body, invitation.Copies = strings.ToValidUTF8(strings.ReplaceAll(value, "\x00", ""), ""), []string{cc}
	write(t, s, tenant.TenantID, func(tx *storage.Tx) error { return tx.Put(invitation) })
	return code, invitation, notice
}

// drained sends what is owed.
func drained(t *testing.T, s *server) {
	t.Helper()
	if err := s.openMail(); err != nil {
		t.Fatal(err)
	}
	if err := s.mail.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// read is a mail as its reader has it: the headers, and the content as text and as HTML.
func (p parcel) read(t *testing.T) (h netmail.Header, text, html string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(p.content))
	if err != nil {
		t.Fatalf("%v\n%s", err, p.content)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%v\n%s", err, p.content)
	}
	var parts []string
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part.Header.Get("Content-Type"), strings.ReplaceAll(string(content), "\r\n", "\n"))
	}
	if len(parts) != 4 || parts[0] != "text/plain; charset=UTF-8" || parts[2] != "text/html; charset=UTF-8" {
		t.Fatalf("parts %q", parts)
	}
	return m.Header, parts[1], parts[3]
}

// TestMailsOfGuests: the mails of a code and of an invitation arrive with what they are for,
// and their links are those that the pages take.
func TestMailsOfGuests(t *testing.T) {
	s, tenant, box := posting(t, "Contoso")
	_, invitation, _ := owed(t, s, tenant, "anna@outside.example", "Kim", "kim@contoso.example")
	drained(t, s)
	base := s.Config.BaseURL
	block := regexp.MustCompile(regexp.QuoteMeta(base+"/contoso.example/block-invitations?token=") + `(\S+)\n`)
	for range 3 {
		p := <-box
		h, text, _ := p.read(t)
		subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
		if err != nil {
			t.Fatal(err)
		}
		switch subject {
		case "Your code for Contoso: 0421 7733":
			if !strings.Contains(text, "\n04217733\n") || !strings.Contains(text, "\n"+base+"/contoso.example/report-code?token=cmVwb3J0\n") {
				t.Errorf("%s", text)
			}
			if len(p.to) != 1 {
				t.Errorf("a code goes to %v", p.to)
			}
		case "Kim invites you to Contoso":
			if !strings.Contains(text, "\n"+base+(&idp.Invitation{InvitationID: invitation.Details["Invitation"]}).RedeemPath(tenant.TenantID, "iv_ticket")+"\n") || !slices.Equal(p.to, []string{"anna@outside.example", "kim@contoso.example"}) {
				t.Errorf("to %v: %s", p.to, text)
			}
			found := block.FindStringSubmatch(text)
			if found == nil {
				t.Fatalf("no way to block invitations\n%s", text)
			}
			token, err := url.QueryUnescape(found[1])
			if err != nil || idp.BlockedAddress(s.Keys, tenant.TenantID, token) != "anna@outside.example" {
				t.Errorf("%v, %q", err, token)
			}
		case "A sign-in method was added · Contoso":
		default:
			t.Errorf("%q", subject)
		}
	}
}

// TestMailSealedElsewhere: a mail whose secret cannot be opened is given up at once.
func TestMailSealedElsewhere(t *testing.T) {
	s, tenant, box := posting(t, "Contoso")
	code, _, _ := owed(t, s, tenant, "anna@outside.example", "Kim", "")
	write(t, s, tenant.TenantID, func(tx *storage.Tx) error {
		code.Seal(s.Keys, idp.NewID(), "04217733")
		return tx.Put(code)
	})
	drained(t, s)
	write(t, s, tenant.TenantID, func(tx *storage.Tx) error {
		all, _, err := storage.All[idp.Delivery](tx, storage.Page{})
		for _, d := range all {
			if (d.Result == idp.DeliveryFailed) != (d.Mail == code.Name()) {
				t.Errorf("%+v", d)
			}
		}
		if len(all) != 3 || len(box) != 2 {
			t.Errorf("%d mails are told of, %d arrived", len(all), len(box))
		}
		return err
	})
}

// TestMailInjection: whatever anybody calls themselves, their app, their organization or
// their browser, and whatever an inviter writes, every mail has the headers it has, once
// each, goes to whom it is for, and shows the string as text.
func TestMailInjection(t *testing.T) {
	for what, value := range map[string]string{
		"a header":         "x\r\nBcc: eve@evil.example\r\n\r\n<p>hello",
		"a bare newline":   "x\nCc: eve@evil.example",
		"a bare return":    "x\rReply-To: eve@evil.example",
		"an end":           "x\r\n.\r\nMAIL FROM:<eve@evil.example>",
		"an address":       `Contoso <eve@evil.example>, "`,
		"an encoded word":  "=?utf-8?q?x=0D=0ABcc:_eve@evil.example?=",
		"NUL and no UTF-8": "x\x00\xff\xfe\u0085",
		"turned around":    "x\u202egpj.exe\u2066\u2067\u200f\u061c",
		"nothing to see":   "x\u200b\ufeff\u2060",
		"markup":           `<script>alert(1)</script><img src=x onerror=alert(1)><a href="https://evil.example/">x</a>`,
		"an attribute":     `x" onmouseover="alert(1)" style='position:fixed'`,
		"no end":           strings.Repeat("x", 10_000),
		"many lines":       strings.Repeat("x\n", 5_000),
		"another script":   "Страхил ‹Ωμέγα› 日本語",
	} {
		t.Run(what, func(t *testing.T) {
			clean := strings.ToValidUTF8(strings.ReplaceAll(value, "\x00", ""), "")
			s, tenant, box := posting(t, clean)
			owed(t, s, tenant, "anna@outside.example", value, "kim@contoso.example")
			drained(t, s)
			if len(box) != 3 {
				t.Fatalf("%d mails", len(box))
			}
			for range 3 {
				wantHarmless(t, <-box, value, clean)
			}
		})
	}
}

func wantHarmless(t *testing.T, p parcel, value, organization string) {
	t.Helper()
	h, text, page := p.read(t)
	names := []string{"Auto-Submitted", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To"}
	to := []string{"anna@outside.example"}
	if strings.Contains(text, "/redeem?user=") {
		names = append([]string{"Auto-Submitted", "Cc"}, names[1:]...)
		to = append(to, "kim@contoso.example")
		if h.Get("Cc") != "<kim@contoso.example>" {
			t.Errorf("Cc %q", h.Get("Cc"))
		}
	}
	if got := slices.Sorted(maps.Keys(h)); !slices.Equal(got, names) || !slices.Equal(p.to, to) {
		t.Errorf("headers %v, to %v\n%s", got, p.to, p.content)
	}
	for name, values := range h {
		if len(values) != 1 {
			t.Errorf("%d of %s", len(values), name)
		}
	}
	for name, want := range map[string]netmail.Address{
		"From": {Name: inHeader(organization), Address: "no-reply@login.example"}, "To": {Name: inHeader(value), Address: to[0]},
	} {
		got, err := h.AddressList(name)
		if err != nil || len(got) != 1 || *got[0] != want {
			t.Errorf("%v: %s %+v, want %+v", err, name, got, want)
		}
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || subject != inHeader(subject) || len(subject) < 5 {
		t.Errorf("%v: subject %q", err, subject)
	}
	for _, not := range []string{"<script", "<img", "<a href=\"https://evil", "<p>hello", "onmouseover=\"", "style='"} {
		if strings.Contains(page, not) {
			t.Errorf("has %s\n%s", not, page)
		}
	}
	for _, form := range []string{text, page} {
		if strings.ContainsFunc(form, func(r rune) bool { return r != '\n' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) || len(form) > 40_000 {
			t.Errorf("%q", form)
		}
	}
	if !strings.Contains(html.UnescapeString(page), "<p>Hello <bdi>"+idp.OneLine(value)+"</bdi>,</p>") {
		t.Errorf("says not to whom\n%s", page)
	}
	if first := strings.Split(text, "\n")[0]; first != "Hello "+idp.OneLine(value)+"," {
		t.Errorf("begins with %q", first)
	}
}

// inHeader is a name as it stands in a header.
func inHeader(name string) string { return strings.ReplaceAll(idp.OneLine(name), "=?", "= ?") }

// TestMailAddresses: every address that there can be gets its mail as it stands, and one that
// is none gets no mail.
func TestMailAddresses(t *testing.T) {
	for _, test := range []struct{ address, want string }{
		{"anna+guests@outside.example", "anna+guests@outside.example"},
		{"anna@xn--bcher-kva.example", "anna@xn--bcher-kva.example"},
		{"o'brien=x@outside.example", "o'brien=x@outside.example"},
		{"jörg@outside.example", "jörg@outside.example"},
		{"anna@bücher.example", ""}, // in no normal form
		{"ANNA@outside.example", ""},
		{"an\u202ena@outside.example", ""},
		{"an\u200bna@outside.example", ""},
		{`"a b"@outside.example`, ""},
		{`"a@evil.example> "@outside.example`, ""},
		{"anna@outside.example\r\nRCPT TO:<eve@evil.example>", ""},
		{"anna@outside.example,eve@evil.example", ""},
		{"<anna@outside.example>", ""},
		{strings.Repeat("a", 10_000) + "@outside.example", ""},
	} {
		s, tenant, box := posting(t, "Contoso")
		owed(t, s, tenant, test.address, "Anna", "")
		drained(t, s)
		if got := len(box); test.want == "" && got != 0 || test.want != "" && got != 3 {
			t.Errorf("%.60q: %d mails", test.address, got)
		}
		for range len(box) {
			p := <-box
			h, _, _ := p.read(t)
			to, err := h.AddressList("To")
			if !slices.Equal(p.to, []string{test.want}) || err != nil || len(to) != 1 || to[0].Address != test.want {
				t.Errorf("%q: to %q, %v, %v", test.address, p.to, to, err)
			}
		}
	}
}

func write(t *testing.T, s *server, tenant string, fn func(*storage.Tx) error) {
	t.Helper()
	if err := s.Store.Update(t.Context(), tenant, fn); err != nil {
		t.Fatal(err)
	}
}

// TestMailsWaiting: what is owed is counted until it is sent, and decoys are not.
func TestMailsWaiting(t *testing.T) {
	s, tenant, _ := posting(t, "Contoso")
	code, _, _ := owed(t, s, tenant, "anna@outside.example", "Kim", "")
	waiting := func(want string) {
		t.Helper()
		if told := scrape(s.deps.Metrics); !strings.Contains(told, "\nlatchkey_mails_waiting "+want+"\n") {
			t.Errorf("not %s: %s", want, told)
		}
	}
	waiting("3")
	write(t, s, tenant.TenantID, func(tx *storage.Tx) error {
		code.Decoy = true
		return tx.Put(code)
	})
	waiting("2")
	drained(t, s)
	waiting("0")
	if told := scrape(s.deps.Metrics); !strings.Contains(told, `latchkey_mails_total{result="sent"} 2`) {
		t.Errorf("a decoy is counted: %s", told)
	}
}

// TestMailOff: a server that is not told where mail goes says so, once, and sends none.
func TestMailOff(t *testing.T) {
	s := opened(t)
	var log bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	if err := s.openMail(); err != nil || s.mail != nil {
		t.Errorf("%v, %+v", err, s.mail)
	}
	s.sendMail(t.Context()) // answers at once
	if want := `level=INFO msg="mail is off: smtp_address is not set"`; strings.Count(log.String(), want) != 1 {
		t.Errorf("told %s", log.String())
	}
}
