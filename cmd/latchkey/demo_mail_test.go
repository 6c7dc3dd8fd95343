package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"latchkey/cmd/latchkey/demoinbox"
	"latchkey/idp"
	"latchkey/storage"
	"latchkey/ui/chromiumtest"
)

// received waits until a mail has come that somebody looks for, and answers the newest.
func (d *demo) received(t *testing.T, wanted func(demoinbox.Message) bool) demoinbox.Message {
	t.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for range 1500 {
		for _, m := range d.messages(t) {
			if wanted(m) {
				return m
			}
		}
		<-look.C
	}
	t.Fatal("no such mail came in thirty seconds")
	return demoinbox.Message{}
}

// messages are read as programs read them.
func (d *demo) messages(t *testing.T) []demoinbox.Message {
	t.Helper()
	client := http.Client{}
	if d.server.tls != nil {
		pool, err := trusting(d.server.Config.TLS.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
		defer transport.CloseIdleConnections()
		client.Transport = transport
	}
	resp, err := client.Get(d.report().InboxURL + "/messages")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var all []demoinbox.Message
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	return all
}

// sentTo tells a mail by whom it is to and what it is about.
func sentTo(address, subject string) func(demoinbox.Message) bool {
	return func(m demoinbox.Message) bool { return m.To == address && strings.HasPrefix(m.Subject, subject) }
}

const passGiven = "A Temporary Access Pass was made for you"

// TestDemoMail: people are told by mail of the passes that the first start gives them, each
// in their own words; a second start, which gives none, tells nobody but the guest.
func TestDemoMail(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		name string
		tls  bool
	}{{"http", false}, {"https", true}} {
		t.Run(test.name, func(t *testing.T) {
			d := startDemo(t, filepath.Join(dir, test.name), func(o *demoOptions) { o.TLS = test.tls })
			if scheme := test.name + "://127.0.0.1:"; !strings.HasPrefix(d.report().InboxURL, scheme) {
				t.Errorf("the inbox is at %s", d.report().InboxURL)
			}
			for _, tenant := range d.world {
				for _, u := range tenant.users {
					if u.pass != nil {
						d.received(t, sentTo(u.user.Profile.Email, passGiven+" · "+tenant.tenant.Name))
					}
				}
			}
			m := d.received(t, sentTo("kim@fabrikam.example", passGiven))
			page := d.server.Config.BaseURL + "/fabrikam.example/security-info"
			for _, want := range []string{"Hello Kim Sørensen,\n", "Method: Temporary Access Pass\n", "\n" + page + "\n"} {
				if !strings.Contains(m.Text, want) {
					t.Errorf("no %q in\n%s", want, m.Text)
				}
			}
			for _, want := range []string{"<!doctype html>", "Kim Sørensen", `href="` + page + `"`} {
				if !strings.Contains(m.HTML, want) {
					t.Errorf("no %q in\n%s", want, m.HTML)
				}
			}
			if m.Received.Location() != time.UTC || m.Received.After(d.server.Clock.Now()) {
				t.Errorf("received %s", m.Received)
			}
		})
	}
	t.Run("again", func(t *testing.T) {
		d := startDemo(t, filepath.Join(dir, "http"))
		d.invitation(t, demoGuest) // which is sent until it is accepted
		for _, m := range owedMails(t, d.server.Store) {
			if m.To != demoGuest { // whose mail may have come and not be ticked off yet
				t.Errorf("%s is owed a mail", m.To)
			}
		}
		if n := len(d.messages(t)); n != 1 {
			t.Errorf("%d mails came", n)
		}
	})
}

// owedMails are the mails of all tenants that wait to be sent.
func owedMails(t *testing.T, s *storage.Store) (all []*idp.Mail) {
	t.Helper()
	tenants, err := s.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range tenants {
		err := s.View(t.Context(), id, func(tx *storage.Tx) error {
			owed, _, err := storage.All[idp.Mail](tx, storage.Page{})
			all = append(all, owed...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestDemoMailEnds: what is being sent when the demo is stopped still arrives.
func TestDemoMailEnds(t *testing.T) {
	o := demoOptions{Listen: "localhost:0", AppListen: "127.0.0.1:0", InboxListen: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "d")}
	d, err := openDemo(t.Context(), o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error)
	go func() { ended <- d.wait(ctx) }()
	d.received(t, func(demoinbox.Message) bool { return true })
	stop() // others are on their way
	if err := <-ended; err != nil {
		t.Error(err)
	}
	again, err := openDeps(d.server.Config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer again.Store.Close()
	for _, m := range owedMails(t, again.Store) {
		if m.Tries > 0 {
			t.Errorf("a mail did not arrive: %s", m.LastError)
		}
	}
}

// TestDemoInbox: what a person changes in security info is soon to be read in the inbox,
// and the mail leads back there, without a script.
func TestDemoInbox(t *testing.T) {
	d := startDemo(t, "")
	noor := d.report().tenant(t, "contoso.example").user(t, "noor@contoso.example")
	p := newPerson(t, "")
	page := securityInfoOf(d.server.Config.BaseURL, d.world[0].tenant)
	p.Open(page)
	p.signIn(noor)
	p.WantPage("security-info")
	p.Follow("sign-out-everywhere")
	p.WantPage("sign-out-everywhere")
	p.Press("id", "sign-out-everywhere")
	told := d.received(t, sentTo(noor.UserPrincipalName, "You were signed out everywhere"))

	p.Open(d.inboxURL)
	p.WantPage("inbox")
	p.Follow(told.Subject)
	p.WantPage("inbox-message")
	p.WantText(noor.UserPrincipalName, "Hello Noor Haddad,", "no-reply@latchkey.example")
	p.Follow(page)
	p.WantPage("signin")
}

// axe tells what is not accessible about the page of a tab, in light and dark.
func (b *tab) axe() string {
	b.t.Helper()
	return chromiumtest.Axe(b.t, b.ctx, filepath.Join("..", "..", "ui", "e2e"))
}

// TestInboxInChromium: everybody can read the inbox, and what a mail brought along is
// shown in its frame.
func TestInboxInChromium(t *testing.T) {
	b := newTab(t)
	d := startDemo(t, "")
	m := d.received(t, sentTo("noor@contoso.example", passGiven))
	b.open(d.inboxURL)
	b.want("inbox")
	b.press(`li[data-to="noor@contoso.example"] a`)
	b.want("inbox-message")
	b.wantText("Hello Noor Haddad,")
	const shown = `new Promise(done => { const f = document.querySelector('iframe'); const s = () => done(String(f.contentDocument)); f.contentDocument ? f.onload = s : s(); })`
	if got := evaluate(b, chromedp.Evaluate[string](shown, chromedp.EvalAwaitPromise)); got != "null" {
		t.Errorf("the page reaches into the mail: %s", got)
	}
	b.open(d.inboxURL + "/messages/0")
	b.want("inbox-error")

	// The pages' own policy would keep the checker out.
	evaluate(b, chromiumtest.Call(cdpage.SetBypassCSP, cdpage.SetBypassCSPParams{Enabled: true}))
	for _, path := range []string{"/", "/messages/1", "/messages/0"} {
		b.open(d.inboxURL + path)
		b.wantElement("main")
		if found := b.axe(); found != "" {
			t.Errorf("%s: %s", path, found)
		}
	}
	if m.HTML == "" {
		t.Error("the mail has no HTML")
	}
}
