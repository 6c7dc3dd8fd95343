package mail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/mail"
	"latchkey/storage"
	"latchkey/storage/mem"
)

const (
	contoso  = "11111111-1111-4111-8111-111111111111"
	fabrikam = "22222222-2222-4222-8222-222222222222"
	from     = "no-reply@login.example"
)

var t0 = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// world is a store with two tenants, a clock that stands still, and what senders have told.
type world struct {
	t      testing.TB
	driver storage.Driver
	store  *storage.Store
	keys   *idp.Keyring

	mu      sync.Mutex
	now     time.Time
	log     bytes.Buffer
	results map[string]int
}

func newWorld(t testing.TB, d storage.Driver) *world {
	t.Helper()
	keys, err := idp.NewKeyring(bytes.Repeat([]byte{1}, idp.MinPepper))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, driver: d, store: storage.New(d), keys: keys, now: t0, results: map[string]int{}}
	w.update(storage.System, func(tx *storage.Tx) error {
		return errors.Join(tx.Put(&idp.Tenant{TenantID: contoso, Name: "Contoso"}), tx.Put(&idp.Tenant{TenantID: fabrikam, Name: "Fabrikam"}))
	})
	return w
}

func (w *world) update(tenant string, fn func(*storage.Tx) error) {
	w.t.Helper()
	if err := w.store.Update(context.Background(), tenant, fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Write takes lines of the log, which several senders may write.
func (w *world) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(line)
}

func (w *world) count(result string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.results[result]++
}

// told are the results that were counted, and what was logged.
func (w *world) told() (results, log string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(w.results)) {
		results += fmt.Sprintf("%s %d ", name, w.results[name])
	}
	return strings.TrimSpace(results), w.log.String()
}

// owe owes a person a mail, now.
func (w *world) owe(tenant, email string) {
	w.t.Helper()
	w.update(tenant, func(tx *storage.Tx) error {
		u := &idp.User{UserID: idp.DerivedID(tenant, email), DisplayName: "Anna Novák", Profile: idp.Profile{Email: email}}
		return idp.Notify(tx, u, idp.MailMethodAdded, map[string]string{"Name": "Blue key"}, w.clock())
	})
}

// auditLog is the one in which lost codes of contoso are told of.
func (w *world) auditLog() idp.AuditLog { return idp.AuditLog{Keys: w.keys, Tenant: contoso} }

// code is a mail with a code, owed at a time.
func (w *world) code(tenant, email string, at time.Time) *idp.Mail {
	u := &idp.User{UserID: idp.DerivedID(tenant, email), DisplayName: "Anna Novák"}
	m := idp.NewMail(u, email, idp.MailCode, map[string]string{"Minutes": "30"}, at, 30*time.Minute)
	m.Seal(w.keys, tenant, "04217733")
	return m
}

// owed are the mails that a tenant has not sent.
func (w *world) owed(tenant string) (all []*idp.Mail) {
	w.t.Helper()
	if err := w.store.View(context.Background(), tenant, func(tx *storage.Tx) (err error) {
		all, _, err = storage.All[idp.Mail](tx, storage.Page{})
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// deliveries is what is told of mails that are owed no more.
func (w *world) deliveries(tenant string) (all []*idp.Delivery) {
	w.t.Helper()
	if err := w.store.View(context.Background(), tenant, func(tx *storage.Tx) (err error) {
		all, _, err = storage.All[idp.Delivery](tx, storage.Page{})
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return all
}

// delivery is what is told of the one mail of a tenant.
func (w *world) delivery(tenant string) *idp.Delivery {
	w.t.Helper()
	all := w.deliveries(tenant)
	for _, m := range w.owed(tenant) {
		all = append(all, m.Delivery())
	}
	if len(all) != 1 {
		w.t.Fatalf("%d mails are told of", len(all))
	}
	return all[0]
}

// unsent is how many codes the sign-in log tells of as lost.
func (w *world) unsent(tenant string) (n int) {
	w.t.Helper()
	if err := w.store.View(context.Background(), tenant, func(tx *storage.Tx) error {
		all, _, err := storage.All[idp.AuditEvent](tx, storage.Page{})
		for _, e := range all {
			if e.Log == idp.SignIns && e.Error == idp.EmailCodeUnsent {
				n++
			}
		}
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func render(m *idp.Mail, t *idp.Tenant) (subject, text, html string, err error) {
	switch m.About {
	case "nothing":
		return "", "", "", errors.New("there is no text")
	case "sealed":
		return "", "", "", idp.ErrSealed
	}
	return string(m.About) + " · " + t.Name, "Name: " + m.Details["Name"] + "\nGrüße", "<p>" + m.Details["Name"] + "</p>", nil
}

// config is what a sender needs beside the server.
func (w *world) config() mail.Config {
	return mail.Config{
		TLS: "starttls", From: from, Store: w.store, Keys: w.keys, Now: w.clock, Render: render, Count: w.count,
		Log: slog.New(slog.NewTextHandler(w, nil)),
	}
}

// sender is one that sends to an office on the network.
func (w *world) sender(o *office, change func(*mail.Config)) *mail.Sender {
	w.t.Helper()
	l, cert, roots := onNetwork(w.t)
	o.start(w.t, l, cert)
	c := w.config()
	c.Address, c.Roots = l.Addr().String(), roots
	if change != nil {
		change(&c)
	}
	return w.newSender(c)
}

func (w *world) newSender(c mail.Config) *mail.Sender {
	w.t.Helper()
	s, err := mail.New(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) drain(s *mail.Sender) {
	w.t.Helper()
	if err := s.Drain(context.Background()); err != nil {
		w.t.Error(err)
	}
}

// expect compares what was counted with what is wanted.
func (w *world) expect(what, want string) {
	w.t.Helper()
	if got, log := w.told(); got != want {
		w.t.Errorf("%s: %q, want %q\n%s", what, got, want, log)
	}
}

func ordinary(t *testing.T) *world { return newWorld(t, mem.New()) }

// letter is a mail as its reader has it.
type letter struct {
	netmail.Header
	parts []string // content type, and content
}

func open(t testing.TB, content []byte) letter {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("%v\n%s", err, content)
	}
	l := letter{Header: m.Header}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%v: %s", err, content)
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := r.NextPart() // which decodes quoted-printable
		if err == io.EOF {
			return l
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		l.parts = append(l.parts, part.Header.Get("Content-Type"), strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
}
