package mail_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"latchkey/idp"
	"latchkey/idp/mail"
	"latchkey/storage"
	"latchkey/storage/bolt"
)

// outcome is what became of a mail.
type outcome struct {
	result  string // of its Delivery
	tries   int
	arrived int // how often the office took it
}

// fault is something that goes wrong at the office, and what it does to a code and to any
// other mail.
type fault struct {
	damage       func(o *office, c *mail.Config)
	mend         func(c *mail.Config) // as the process is started anew; nil: nothing is mended
	code, notice outcome
}

// hung is how long an office hangs.
const hung = time.Minute

// faults are what offices do, and how people are to set them up.
func faults() map[string]fault {
	code := func(n int) error { return &smtp.SMTPError{Code: n, Message: "no"} }
	always := func(n int) func(*office, *mail.Config) {
		return func(o *office, _ *mail.Config) { o.rcpt = func(int) error { return code(n) } }
	}
	content := func(n int) func(*office, *mail.Config) {
		return func(o *office, _ *mail.Config) { o.data = func(int, *smtp.Conn) error { return code(n) } }
	}
	hang := func() func(n int) { // the first who asks
		over := make(chan struct{})
		time.AfterFunc(hung, func() { close(over) })
		return func(n int) {
			if n == 0 {
				<-over
			}
		}
	}
	drop := func(n int, c *smtp.Conn) error {
		if n > 0 {
			return nil
		}
		return errors.Join(c.Conn().Close(), errors.New("gone"))
	}
	stranger := func(o *office, c *mail.Config) {
		o.auth, c.Username, c.Password = true, officeUser, "hunter2"
	}
	once := outcome{idp.DeliverySent, 2, 1}
	return map[string]fault{
		"hangs at the recipient": {damage: func(o *office, _ *mail.Config) {
			wait := hang()
			o.rcpt = func(n int) error { wait(n); return nil }
		}, code: once, notice: once},
		"hangs amid the data": {damage: func(o *office, _ *mail.Config) {
			wait := hang()
			o.data = func(n int, _ *smtp.Conn) error { wait(n); return nil }
		}, code: once, notice: once},
		// Whether it was taken, nobody can tell: it comes again, as the same.
		"hangs before it answers": {damage: func(o *office, _ *mail.Config) {
			wait := hang()
			o.after = func(n int, _ *smtp.Conn) error { wait(n); return nil }
		}, code: outcome{idp.DeliverySent, 2, 2}, notice: outcome{idp.DeliverySent, 2, 2}},
		"drops it before it answers": {
			damage: func(o *office, _ *mail.Config) { o.after = drop },
			code:   outcome{idp.DeliverySent, 2, 2}, notice: outcome{idp.DeliverySent, 2, 2},
		},
		"drops it amid the data":              {damage: func(o *office, _ *mail.Config) { o.data = drop }, code: once, notice: once},
		"is always busy at the recipient":     {damage: always(450), code: outcome{idp.DeliveryFailed, 6, 0}, notice: outcome{idp.DeliveryFailed, 12, 0}},
		"refuses the recipient":               {damage: always(550), code: outcome{idp.DeliveryFailed, 1, 0}, notice: outcome{idp.DeliveryFailed, 1, 0}},
		"is always busy at the content":       {damage: content(451), code: outcome{idp.DeliveryFailed, 6, 0}, notice: outcome{idp.DeliveryFailed, 12, 0}},
		"refuses the content":                 {damage: content(554), code: outcome{idp.DeliveryFailed, 1, 0}, notice: outcome{idp.DeliveryFailed, 1, 0}},
		"lets nobody in":                      {damage: stranger, code: outcome{idp.DeliveryFailed, 6, 0}, notice: outcome{idp.DeliveryFailed, 12, 0}},
		"lets nobody in until that is mended": {damage: stranger, mend: func(c *mail.Config) { c.Password = officePassword }, code: once, notice: once},
		"does all it should":                  {damage: func(*office, *mail.Config) {}, code: outcome{idp.DeliverySent, 1, 1}, notice: outcome{idp.DeliverySent, 1, 1}},
	}
}

// TestFaults: whatever the office does, and although the process ends amid the first try and
// another one goes on, no mail is lost and none comes twice that the office has answered for.
// What became of it is told, and a code that never came in the sign-in log, too.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		for _, about := range []idp.MailAbout{idp.MailCode, idp.MailMethodAdded} {
			t.Run(name+", "+string(about), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { f.test(t, about) })
			})
		}
	}
}

func (f fault) test(t *testing.T, about idp.MailAbout) {
	path := filepath.Join(t.TempDir(), "data.db")
	w := newWorld(t, opened(t, path))
	o, l := &office{}, newWires()
	c := w.config()
	c.Address, c.TLS, c.Dial, c.Now = l.Addr().String(), "none", l.dial, time.Now
	f.damage(o, &c)
	o.start(t, l, nil)
	w.now = time.Now()
	want, unsent := f.notice, 0
	if about == idp.MailCode {
		want = f.code
		if want.result == idp.DeliveryFailed {
			unsent = 1
		}
		w.update(contoso, func(tx *storage.Tx) error { return tx.Insert(w.code(contoso, "anna@contoso.example", w.now)) })
	} else {
		w.owe(contoso, "anna@contoso.example")
	}
	mailName := w.owed(contoso)[0].Name()

	firstTry(t, w, c)
	arrived := len(o.mails())
	w.restart(t, path, &c)
	if f.mend != nil {
		f.mend(&c)
	}
	s := w.newSender(c)
	w.drain(s)
	if len(o.mails()) != arrived {
		t.Error("it was sent anew at the start")
	}
	for left := w.owed(contoso); len(left) > 0; left = w.owed(contoso) {
		time.Sleep(time.Until(left[0].NextTry))
		w.drain(s)
	}
	w.restart(t, path, &c)
	w.drain(w.newSender(c))

	d := w.delivery(contoso)
	if got := (outcome{d.Result, d.Tries, len(o.mails())}); got != want || (d.Error == "") != (want.result == idp.DeliverySent) || d.Mail != mailName {
		_, log := w.told()
		t.Errorf("%+v, want %+v; %+v\n%s", got, want, d, log)
	}
	for _, m := range o.mails() {
		if got := open(t, m.content).Get("Message-Id"); got != "<"+mailName+"@login.example>" {
			t.Errorf("Message-ID %s", got)
		}
	}
	if got := w.unsent(contoso); got != unsent {
		t.Errorf("the sign-in log tells of %d", got)
	}
	if err := w.driver.Close(); err != nil {
		t.Error(err)
	}
}

// firstTry runs a process that is told to end amid its first try.
func firstTry(t *testing.T, w *world, c mail.Config) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { w.newSender(c).Run(ctx) })
	running.Wait()
	if d := w.delivery(contoso); d.Tries != 1 {
		t.Fatalf("%+v", d)
	}
}

// restart opens the store anew, as another process does.
func (w *world) restart(t *testing.T, path string, c *mail.Config) {
	t.Helper()
	if err := w.driver.Close(); err != nil {
		t.Fatal(err)
	}
	w.driver = opened(t, path)
	w.store = storage.New(w.driver)
	c.Store = w.store
}

func opened(t testing.TB, path string) storage.Driver {
	t.Helper()
	d, err := bolt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// BenchmarkOwe is what owing somebody a code costs, which is what their page waits for:
// without anybody who sends, with an office that answers, and with one that hangs.
func BenchmarkOwe(b *testing.B) {
	for _, name := range []string{"nobody sends", "the office answers", "the office hangs"} {
		b.Run(name, func(b *testing.B) {
			d := opened(b, filepath.Join(b.TempDir(), "data.db"))
			w, o := newWorld(b, d), &office{}
			over := make(chan struct{})
			if name == "the office hangs" {
				o.rcpt = func(int) error { <-over; return nil }
			}
			ctx, stop := context.WithCancel(context.Background())
			var running sync.WaitGroup
			if name != "nobody sends" {
				s := w.sender(o, nil)
				running.Go(func() { s.Run(ctx) })
			}
			for b.Loop() {
				w.update(contoso, func(tx *storage.Tx) error { return tx.Insert(w.code(contoso, "anna@contoso.example", t0)) })
			}
			stop()
			close(over)
			running.Wait()
			if err := d.Close(); err != nil {
				b.Error(err)
			}
		})
	}
}
