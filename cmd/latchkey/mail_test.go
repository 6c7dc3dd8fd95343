package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/storage"
)

// letterbox is a mail server that hands over what it takes.
type letterbox chan string

func (l letterbox) NewSession(*smtp.Conn) (smtp.Session, error) { return l, nil }
func (letterbox) Mail(string, *smtp.MailOptions) error          { return nil }
func (letterbox) Rcpt(string, *smtp.RcptOptions) error          { return nil }
func (letterbox) Reset()                                        {}
func (letterbox) Logout() error                                 { return nil }

func (l letterbox) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	l <- string(content)
	return err
}

// TestMail: a server that is told where mail goes sends what people are owed, in words and
// with the address of their own page, and counts it.
func TestMail(t *testing.T) {
	box := make(letterbox, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	office := smtp.NewServer(box)
	go func() { _ = office.Serve(l) }() // ends with the listener
	t.Cleanup(func() { _ = l.Close() })

	s := opened(t)
	s.Config.SMTP = config.SMTP{Address: l.Addr().String(), TLS: config.SMTPPlain, From: "no-reply@login.example"}
	tenant := &idp.Tenant{TenantID: idp.NewID(), Name: "Contoso", Domains: []string{"contoso.example"}}
	write(t, s, storage.System, func(tx *storage.Tx) error { return tx.Put(tenant) })
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
	var got string
	select {
	case got = <-box:
	case <-time.After(time.Minute):
		t.Error("no mail came")
	}
	stop()
	serving.Wait()
	text := strings.ReplaceAll(got, "=\r\n", "") // lines of quoted-printable
	for _, want := range []string{"From: <no-reply@login.example>", `To: "Anna" <anna@home.example>`, "Method: Temporary Access Pass", "192.0.2.7", s.Config.BaseURL + "/contoso.example/security-info"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q\n%s", want, text)
		}
	}
	if !strings.Contains(scrape(s.deps.Metrics), `latchkey_mails_total{result="sent"} 1`) {
		t.Error("the mail was not counted")
	}
}

func write(t *testing.T, s *server, tenant string, fn func(*storage.Tx) error) {
	t.Helper()
	if err := s.Store.Update(t.Context(), tenant, fn); err != nil {
		t.Fatal(err)
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
