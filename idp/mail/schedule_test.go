package mail_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"latchkey/idp/mail"
	"latchkey/storage"
	"latchkey/storage/mem"
	"latchkey/storage/storetest"
)

// inTime runs a test in a time of its own, with an office that is reached over wires.
func inTime(t *testing.T, o *office, d storage.Driver, fn func(w *world, c mail.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, d)
		l := newWires()
		o.start(t, l, nil)
		c := w.config()
		c.Address, c.TLS, c.Dial = l.Addr().String(), "none", l.dial
		fn(w, c)
	})
}

// TestHang: a server that says nothing more, at whatever step, is left after ten seconds,
// and the mail is sent later.
func TestHang(t *testing.T) {
	t.Parallel()
	mute := func(context.Context, string, string) (net.Conn, error) {
		here, _ := net.Pipe()
		return here, nil
	}
	unreachable := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"at the greeting": mute, "at the recipient": nil, "amid the data": nil, "before the connection": unreachable,
	} {
		o, awake := &office{}, make(chan struct{})
		hang := func(n int) error {
			if n == 0 {
				<-awake
			}
			return nil
		}
		if name == "at the recipient" {
			o.rcpt = hang
		} else {
			o.data = func(n int, _ *smtp.Conn) error { return hang(n) }
		}
		inTime(t, o, mem.New(), func(w *world, c mail.Config) {
			awake = make(chan struct{}) // of this time
			working := c.Dial
			if dial != nil {
				c.Dial = dial
			}
			w.owe(contoso, "anna@contoso.example")
			begun := time.Now()
			w.drain(w.newSender(c))
			w.expect(name, "deferred 1")
			if took := time.Since(begun); took != 10*time.Second {
				t.Errorf("%s: left after %s", name, took)
			}
			close(awake)
			synctest.Wait()
			w.pass(time.Minute)
			c.Dial = working
			o.mu.Lock()
			o.rcpts, o.datas = 1, 1
			o.mu.Unlock()
			w.drain(w.newSender(c))
			w.expect(name+", later", "deferred 1 sent 1")
		})
	}
}

// TestHangsUp: no connection stays behind, also of a server that is not to be trusted with
// a mail.
func TestHangsUp(t *testing.T) {
	t.Parallel()
	for _, protection := range []string{"none", "starttls", "tls"} {
		inTime(t, &office{}, mem.New(), func(w *world, c mail.Config) {
			var open atomic.Int64
			dial := c.Dial
			c.TLS = protection
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				open.Add(1)
				return &counted{Conn: conn, open: &open}, err
			}
			w.owe(contoso, "anna@contoso.example")
			w.drain(w.newSender(c))
			synctest.Wait()
			if open.Load() != 0 {
				t.Errorf("%s: %d connections are open", protection, open.Load())
			}
		})
	}
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	once sync.Once
	open *atomic.Int64
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

// TestAtOnce: never more than four mails are being sent, one that takes its time keeps none
// of the others waiting that find a place, and tenants take turns.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	o := &office{data: func(n int, _ *smtp.Conn) error {
		time.Sleep(time.Second)
		return nil
	}}
	inTime(t, o, mem.New(), func(w *world, c mail.Config) {
		for i := range 18 {
			w.owe(contoso, fmt.Sprintf("anna%d@contoso.example", i))
		}
		for i := range 2 {
			w.owe(fabrikam, fmt.Sprintf("kim%d@fabrikam.example", i))
		}
		begun := time.Now()
		w.drain(w.newSender(c))
		w.expect("", "sent 20")
		if took := time.Since(begun); o.most != 4 || took != 5*time.Second {
			t.Errorf("%d at once, in %s", o.most, took)
		}
		var first []string
		for _, m := range o.mails()[:4] {
			first = append(first, m.to[len(m.to)-len("rikam.example"):])
		}
		if slices.Sort(first); !slices.Equal(first, []string{"ntoso.example", "ntoso.example", "rikam.example", "rikam.example"}) {
			t.Errorf("first came %v", first)
		}
	})
}

// TestRows: a code goes out within two seconds although a thousand other mails are due before
// it and the office takes its time with them, and although hundreds of decoys are. Who owes
// nothing when a flood begins, does not wait for its end.
func TestRows(t *testing.T) {
	t.Parallel()
	o := &office{}
	o.after = func(int, *smtp.Conn) error {
		time.Sleep(time.Second)
		return nil
	}
	inTime(t, o, mem.New(), func(w *world, c mail.Config) {
		c.Now, w.now = time.Now, time.Now()
		for i := range 1000 {
			w.owe(contoso, fmt.Sprintf("anna%d@contoso.example", i))
		}
		ctx, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { w.newSender(c).Run(ctx) })
		time.Sleep(10*time.Second + 500*time.Millisecond)
		w.now = time.Now()
		for i := range 500 {
			m := w.code(contoso, fmt.Sprintf("nobody%d@outside.example", i), w.now)
			m.Decoy = true
			w.update(contoso, func(tx *storage.Tx) error { return tx.Insert(m) })
		}
		for _, tenant := range []string{contoso, fabrikam} {
			m := w.code(tenant, "guest-of-"+tenant+"@outside.example", w.now)
			w.update(tenant, func(tx *storage.Tx) error { return tx.Insert(m) })
		}
		w.owe(fabrikam, "kim@fabrikam.example")
		arrived := func(name string) bool {
			return slices.ContainsFunc(o.mails(), func(m taken) bool { return strings.HasPrefix(m.to, name) })
		}
		time.Sleep(2 * time.Second)
		if !arrived("guest-of-"+contoso) || !arrived("guest-of-"+fabrikam) {
			t.Error("a code has not come within two seconds")
		}
		time.Sleep(2 * time.Second) // eight mails of the other, four at once
		if !arrived("kim") {
			t.Error("fabrikam waits for what contoso owes")
		}
		if arrived("nobody") {
			t.Error("a decoy was sent")
		}
		if owed := len(w.owed(contoso)); owed < 900 || owed > 1000-4*10 {
			t.Errorf("%d are owed", owed)
		}
		stop()
		running.Wait()
	})
}

// TestTwoSenders: two over one store send each mail once.
func TestTwoSenders(t *testing.T) {
	t.Parallel()
	w, o := ordinary(t), &office{}
	const people = 60
	for i := range people {
		w.owe([]string{contoso, fabrikam}[i%2], fmt.Sprintf("anna%d@contoso.example", i))
	}
	var working sync.WaitGroup
	for range 2 {
		s := w.sender(o, nil)
		working.Go(func() { w.drain(s) })
	}
	working.Wait()
	w.expect("", fmt.Sprintf("sent %d", people))
	seen := map[string]bool{}
	for _, m := range o.mails() {
		seen[m.to] = true
	}
	if len(seen) != people || len(o.mails()) != people {
		t.Errorf("%d mails to %d people", len(o.mails()), len(seen))
	}
}

// counting counts how often a store is looked into.
type counting struct {
	storage.Driver
	looks atomic.Int64
}

func (c *counting) View(ctx context.Context, tenant string, fn func(storage.KV) error) error {
	c.looks.Add(1)
	return c.Driver.View(ctx, tenant, fn)
}

// TestRun: a mail goes out within a second or two of being owed, and again when it is due;
// while nothing happens the store is left alone.
func TestRun(t *testing.T) {
	t.Parallel()
	d := &counting{Driver: mem.New()}
	o := &office{rcpt: func(n int) error {
		if n == 1 {
			return &smtp.SMTPError{Code: 450}
		}
		return nil
	}}
	inTime(t, o, d, func(w *world, c mail.Config) {
		c.Now = time.Now
		w.now = time.Now()
		ctx, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { w.newSender(c).Run(ctx) })
		quiet := func(what string, during time.Duration) {
			t.Helper()
			time.Sleep(5 * time.Second) // what was written has been seen
			before := d.looks.Load()
			time.Sleep(during)
			if looks := d.looks.Load() - before; looks != 0 {
				t.Errorf("%s: %d looks", what, looks)
			}
		}
		quiet("nothing is owed", time.Hour)
		w.now = time.Now()
		w.owe(contoso, "anna@contoso.example")
		time.Sleep(2 * time.Second)
		w.expect("owed", "sent 1")
		quiet("all is sent", time.Hour)
		w.now = time.Now()
		w.owe(fabrikam, "kim@fabrikam.example")
		quiet("it is not due again", 50*time.Second)
		w.expect("refused for now", "deferred 1 sent 1")
		time.Sleep(10 * time.Second)
		w.expect("due again", "deferred 1 sent 2")
		quiet("all is sent again", time.Hour)
		stop()
		running.Wait()
	})
}

// TestRunEnds: what is being sent when the process is to end, is sent, and settled.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	o := &office{data: func(int, *smtp.Conn) error {
		time.Sleep(3 * time.Second)
		return nil
	}}
	inTime(t, o, mem.New(), func(w *world, c mail.Config) {
		w.owe(contoso, "anna@contoso.example")
		ctx, stop := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { w.newSender(c).Run(ctx) })
		time.Sleep(2 * time.Second)
		stop()
		running.Wait()
		w.expect("", "sent 1")
		if len(o.mails()) != 1 || len(w.owed(contoso)) != 0 {
			t.Errorf("%d arrived, %d owed", len(o.mails()), len(w.owed(contoso)))
		}
	})
}

// TestStoreFails: a store that fails at any call loses no mail and sends none twice within
// the minute; one that was sent while it could not be told to be is sent again, the same.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	for _, op := range []storetest.Op{storetest.OpGet, storetest.OpPut, storetest.OpDelete, storetest.OpScan, storetest.OpCommit, storetest.OpAnswer} {
		for n := 1; ; n++ {
			d := storetest.NewFailing(mem.New())
			w, o := newWorld(t, d), &office{}
			w.owe(contoso, "anna@contoso.example")
			name := w.owed(contoso)[0].Name()
			s := w.sender(o, nil)
			before := d.Fired()
			d.Fail(op, n)
			if err := s.Drain(context.Background()); err != nil && !errors.Is(err, storetest.ErrInjected) {
				t.Errorf("op %d, call %d: %v", op, n, err)
			}
			fired := d.Fired() > before
			d.Fail(op, 0)
			if arrived := len(o.mails()); arrived > 1 || arrived+len(w.owed(contoso)) == 0 {
				t.Errorf("op %d, call %d: %d arrived, %d are owed", op, n, arrived, len(w.owed(contoso)))
			}
			w.pass(2 * time.Minute)
			w.drain(s)
			all := o.mails()
			if len(all) == 0 || len(all) > 2 || len(w.owed(contoso)) != 0 {
				t.Errorf("op %d, call %d: %d arrived, %d are owed", op, n, len(all), len(w.owed(contoso)))
			}
			for _, m := range all {
				if got := open(t, m.content).Get("Message-Id"); got != "<"+name+"@login.example>" {
					t.Errorf("op %d, call %d: Message-ID %s", op, n, got)
				}
			}
			if !fired {
				break
			}
		}
	}
}
