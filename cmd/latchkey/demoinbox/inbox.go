// Package demoinbox is a mailbox for everybody, as a stranger would write one: a mail
// server of its own that takes what is sent to whomever, and pages that show it. So what
// a provider sends over real SMTP can be read without anything leaving the machine.
//
// It imports nothing of Latchkey and keeps the newest mails in memory. Whoever reaches its
// pages reads all of them: it is for trying things out, never for mail that matters.
package demoinbox

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Config is what an Inbox needs; all of it has a default.
type Config struct {
	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: nobody hears what senders do wrong
}

// Inbox is a mail server and the pages that show what it has taken. It is an
// http.Handler, which expects to be at the root of its address.
type Inbox struct {
	http.Handler
	listener net.Listener
	server   *smtp.Server
	serving  sync.WaitGroup
}

// Open begins to take mail, at a free port of this machine.
func Open(c Config) (*Inbox, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	p, err := newPages()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	kept := &box{}
	b := &Inbox{Handler: routes(kept, p), listener: l, server: newServer(kept, c)}
	b.serving.Go(func() {
		if err := b.server.Serve(l); err != nil && !errors.Is(err, net.ErrClosed) {
			c.Log.Error("the demo's inbox takes no more mail", "error", err)
		}
	})
	return b, nil
}

// Address is the host:port that takes mail, without TLS and from anybody.
func (b *Inbox) Address() string { return b.listener.Addr().String() }

// Close takes no more mail. Whatever was answered to is taken; so whoever sends must have
// ended before.
func (b *Inbox) Close() error {
	err := b.server.Close()
	if errors.Is(err, smtp.ErrServerClosed) {
		err = nil // it is closed already
	}
	_ = b.listener.Close() // it may not have begun to serve
	b.serving.Wait()
	return err
}
