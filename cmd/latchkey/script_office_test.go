package main

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/rogpeppe/go-internal/testscript"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// scriptOffice is the mail server of a script. It never takes what is for an address that
// begins with "gone", and not now what is for one that begins with "busy".
type scriptOffice struct{ answered chan string }

func (o *scriptOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return o, nil }
func (*scriptOffice) Mail(string, *smtp.MailOptions) error          { return nil }
func (*scriptOffice) Reset()                                        {}
func (*scriptOffice) Logout() error                                 { return nil }

func (o *scriptOffice) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case strings.HasPrefix(to, "gone"):
		o.answered <- to
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such mailbox here"}
	case strings.HasPrefix(to, "busy"):
		o.answered <- to
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "Mailbox busy"}
	}
	return nil
}

func (o *scriptOffice) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	o.answered <- "taken"
	return err
}

type scriptOffices struct{}

// scriptStartOffice opens the mail server and sets a variable to its address: office SMTP.
func scriptStartOffice(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	server := smtp.NewServer(ts.Value(scriptOffices{}).(*scriptOffice))
	go func() { _ = server.Serve(l) }() // ends with Close
	ts.Defer(func() { _ = errors.Join(server.Close(), l.Close()) })
	ts.Setenv(args[0], l.Addr().String())
}

// scriptAnswered waits until the mail server has answered about so many mails.
func scriptAnswered(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range n {
		select {
		case <-ts.Value(scriptOffices{}).(*scriptOffice).answered:
		case <-time.After(time.Minute):
			ts.Fatalf("no mail came")
		}
	}
}

// scriptAccepts makes a guest one who has accepted by a code, for which it takes a browser
// and a mailbox: accepts lea@fabrikam.example.
func scriptAccepts(ts *testscript.TestScript, _ bool, args []string) {
	offline(ts, func(ctx context.Context, d *deps, t *idp.Tenant) error {
		now := d.Clock.Now()
		return d.Store.Update(ctx, t.TenantID, func(tx *storage.Tx) error {
			u, err := idp.FindSigner(tx, args[0])
			if err != nil {
				return err
			}
			i, err := storage.Lookup[idp.Invitation](tx, "user", u.UserID)
			if err != nil {
				return err
			}
			u.External.Accept(idp.SourceMail, now)
			u.SignedInAt, i.RedeemedAt = now, now
			return errors.Join(tx.Put(u), tx.Put(i))
		})
	})
}

// scriptBlocks asks in the name of an address's owner not to be invited again, as by the link
// in a mail: blocks lea@fabrikam.example.
func scriptBlocks(ts *testscript.TestScript, _ bool, args []string) {
	offline(ts, func(ctx context.Context, d *deps, t *idp.Tenant) error {
		visit := signin.Visit{Now: d.Clock.Now(), Tenant: t}
		return d.Signin.BlockInvitations(ctx, visit, idp.BlockToken(d.Keys, t.TenantID, args[0]))
	})
}

// scriptDNS lets a DNS server know a record of a domain, and sets a variable to its address: dns
// DNS contoso.test TXT text.
func scriptDNS(ts *testscript.TestScript, _ bool, args []string) {
	address, stop, err := zoneOf(strings.Join(args[1:], " ")).serve()
	ts.Check(err)
	ts.Defer(stop)
	ts.Setenv(args[0], address)
}
