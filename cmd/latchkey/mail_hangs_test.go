package main

import (
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"latchkey/idp/admin"
)

// silence is a mail server that takes every connection, which it tells, and never says a word
// until it hangs up on all.
func silence(t *testing.T) (address string, taken <-chan struct{}, hangUp func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tell, accepting := make(chan struct{}, 1000), make(chan struct{})
	var held []net.Conn
	go func() {
		defer close(accepting)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			held = append(held, c)
			tell <- struct{}{}
		}
	}()
	return l.Addr().String(), tell, func() {
		_ = l.Close()
		<-accepting
		for _, c := range held {
			_ = c.Close()
		}
	}
}

// TestCodePageWhileMailHangs (D7): the page for the code comes while the mail server says
// nothing, for each of twenty guests. How long it takes is printed.
func TestCodePageWhileMailHangs(t *testing.T) {
	address, taken, hangUp := silence(t)
	defer hangUp() // or the demo would wait for it at its end
	o := demoOptions{Listen: "localhost:0", AppListen: "127.0.0.1:0", InboxListen: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "d")}
	d := runDemo(t, o, slog.New(slog.DiscardHandler), func(d *demo) {
		d.server.Config.SMTP.Address = address
		if err := d.server.openMail(); err != nil {
			t.Fatal(err)
		}
	})
	<-taken // from now on it hangs
	var took []time.Duration
	for i := range 20 {
		guest := fmt.Sprintf("guest%d@tailspin.example", i)
		if _, err := d.server.Admin.Invite(t.Context(), demoActor, "contoso.example", admin.InvitationRequest{Email: guest, RedirectURL: d.appURL}); err != nil {
			t.Fatal(err)
		}
		p := newPerson(t, "")
		p.Open(d.report().BaseURL + "/contoso.example/signin?login_hint=" + guest)
		p.WantPage("email-send")
		begun := time.Now()
		p.Press("send", "1")
		took = append(took, time.Since(begun))
		p.WantPage("email-code")
	}
	slices.Sort(took)
	t.Logf("while the mail server hangs, the page for the code comes in %s (median), at most %s", took[len(took)/2].Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond))
	if sent := d.messages(t); len(sent) != 0 {
		t.Errorf("%d mails came", len(sent))
	}
}
