// Package mail sends the mails that people are owed, over SMTP. It owns the schedule of a
// running process, the form of a message and the judgement of what a server answers; what
// a mail says is drawn by whoever starts it, and when it is tried again is the noun's rule.
//
// Codes, for which people wait, go out in a row of their own with places of their own: no
// number of other mails, and nobody's mailbox that takes its time with them, keeps a code
// waiting. In a row, tenants take turns. Asking for codes is bounded by quotas.
//
// A mail is claimed in one transaction, sent outside of any, and removed in another. So a
// crash loses none, and at worst sends one twice: with the same Message-ID, a minute later
// or more. Nothing that a stranger can choose reaches a header unencoded, and neither the
// content nor the full address of a mail reaches the log.
package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

const (
	// atOnce is how many mails of a row are being sent at a time.
	atOnce = 4
	// turns is how many mails of each tenant are begun before all tenants are looked at anew,
	// since one that owed nothing may owe something by then.
	turns = 8
	// sendTimeout is how long one may take in all: far less than a claim holds.
	sendTimeout = 10 * time.Second
	// lookEvery is how soon a mail goes out that was owed just now.
	lookEvery = time.Second
)

// What became of a try.
const (
	Sent     = "sent"
	Deferred = "deferred" // it is tried again
	Failed   = "failed"   // it is given up
)

// Config is what a Sender needs.
type Config struct {
	Address  string // host:port of the server
	Username string // empty: without signing in
	Password string
	TLS      string         // "starttls", "tls" or "none"
	From     string         // address
	Roots    *x509.CertPool // nil: the system's
	Store    *storage.Store
	Keys     *idp.Keyring
	Now      func() time.Time
	// Render draws a mail: its subject, and its content as text and as HTML. If it cannot open
	// what is sealed (idp.ErrSealed), the mail is given up.
	Render func(m *idp.Mail, t *idp.Tenant) (subject, text, html string, err error)
	Count  func(result string)
	Log    *slog.Logger
	// Dial reaches the server; nil: over the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Sender sends what is due of every tenant.
type Sender struct {
	Config
	server server
	rows   []row
}

// row is a queue of mails: the codes, or all others.
type row struct {
	codes  bool
	places chan struct{} // taken by mails being sent
}

// New makes a Sender.
func New(c Config) (*Sender, error) {
	server, err := newServer(c)
	if err != nil {
		return nil, err
	}
	s := &Sender{Config: c, server: server}
	for _, codes := range []bool{true, false} {
		s.rows = append(s.rows, row{codes, make(chan struct{}, atOnce)})
	}
	return s, nil
}

// Run sends until ctx ends, and lets what is being sent then come to its end. While nobody
// has written anything and nothing has become due, it leaves the store alone.
func (s *Sender) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, r := range s.rows {
		running.Go(func() { s.run(ctx, r) })
	}
	running.Wait()
}

func (s *Sender) run(ctx context.Context, r row) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var sending sync.WaitGroup
	defer sending.Wait()
	var next time.Time
	for seen, first, more := uint64(0), true, false; ctx.Err() == nil; {
		if !more {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
		commits := s.Store.Commits() // before the look, which may miss what comes during it
		if !first && commits == seen && (next.IsZero() || s.Now().Before(next)) {
			continue
		}
		due, err := s.round(ctx, r, &sending)
		more = err == nil && s.due(due)
		if err == nil {
			seen, first, next = commits, false, due
		} else if ctx.Err() == nil {
			s.Log.Error("mails could not be looked for", "error", err)
		}
	}
}

// due tells whether a time has come; the zero one never does.
func (s *Sender) due(at time.Time) bool { return !at.IsZero() && !s.Now().Before(at) }

// Drain sends what is due and answers when all of that has been tried.
func (s *Sender) Drain(ctx context.Context) error {
	var errs []error
	for _, r := range s.rows {
		errs = append(errs, s.drain(ctx, r))
	}
	return errors.Join(errs...)
}

func (s *Sender) drain(ctx context.Context, r row) error {
	var sending sync.WaitGroup
	defer sending.Wait()
	for {
		if next, err := s.round(ctx, r, &sending); err != nil || !s.due(next) {
			return err
		}
	}
}

// round begins to send what is due in a row, one mail of each tenant after the other, so that
// a tenant that owes many does not keep the others waiting. next is when there will be more:
// it has come if there is more now, and is zero if nothing is known of.
func (s *Sender) round(ctx context.Context, r row, sending *sync.WaitGroup) (next time.Time, err error) {
	tenants, err := s.Store.Tenants(ctx)
	for turn := 0; err == nil && turn < turns && len(tenants) > 0; turn++ {
		owing := tenants[:0]
		for _, id := range tenants {
			due, err := s.sendOne(ctx, r, id, sending)
			switch {
			case err != nil:
				return next, err
			case s.due(due):
				owing = append(owing, id)
			case !due.IsZero() && (next.IsZero() || due.Before(next)):
				next = due
			}
		}
		tenants = owing
	}
	if err == nil && len(tenants) > 0 {
		next = s.Now()
	}
	return next, err
}

// sendOne waits for a place and begins to send the mail of a row of a tenant that is due
// first. It answers when that was to be tried; zero if there was none.
func (s *Sender) sendOne(ctx context.Context, r row, tenant string, sending *sync.WaitGroup) (due time.Time, err error) {
	select {
	case r.places <- struct{}{}:
	case <-ctx.Done():
		return due, ctx.Err()
	}
	m, due, err := s.claim(ctx, r, tenant)
	if m == nil {
		<-r.places
		return due, err
	}
	sending.Go(func() {
		defer func() { <-r.places }()
		s.send(context.WithoutCancel(ctx), tenant, m) // cut off, it might arrive and be sent again
	})
	return due, nil
}

// first is the mail of a row that is due first, nil if none is, and when that was or will be.
func (r row) first(tx *storage.Tx, now time.Time) (m *idp.Mail, due time.Time, err error) {
	if m, err = idp.FirstMail(tx, r.codes); m == nil || err != nil {
		return nil, due, err
	}
	if m.NextTry.After(now) {
		return nil, m.NextTry, nil
	}
	return m, m.NextTry, nil
}

// claim takes the mail that is due first, nil if none is, and tells when that was or will be.
func (s *Sender) claim(ctx context.Context, r row, tenant string) (claimed *idp.Mail, due time.Time, err error) {
	now := s.Now()
	var found, late *idp.Mail
	err = s.Store.View(ctx, tenant, func(tx *storage.Tx) (err error) { // which costs less where nothing is due
		found, due, err = r.first(tx, now)
		return err
	})
	if err != nil || found == nil {
		return nil, due, err
	}
	err = s.Store.Update(ctx, tenant, func(tx *storage.Tx) (err error) {
		claimed, late = nil, nil
		var m *idp.Mail
		if m, due, err = r.first(tx, now); m == nil || err != nil {
			return err
		}
		send, err := m.Claim(tx, s.log(tenant), now)
		switch {
		case send:
			claimed = m
		case !m.Decoy:
			late = m
		}
		return err
	})
	if err != nil {
		return nil, due, err
	}
	if late != nil {
		s.tell(tenant, late, Failed, "its time is over")
	}
	return claimed, due, nil
}
