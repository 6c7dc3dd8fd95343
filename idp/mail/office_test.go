package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// office is a mail server that runs in the test's process. What it does with a mail is
// decided by functions, which are told how often they were asked before.
type office struct {
	rcpt  func(n int) error
	data  func(n int, c *smtp.Conn) error
	after func(n int, c *smtp.Conn) error // the mail is taken, and not answered yet
	auth  bool                            // nobody is served who has not signed in
	rude  bool                            // it hangs up once it has taken a mail

	mu           sync.Mutex
	rcpts, datas int
	busy, most   int // mails that are being taken
	taken        []taken
}

// taken is a mail that the office has taken.
type taken struct {
	from, to, user string
	secured        bool
	content        []byte
}

const officeUser, officePassword = "latchkey", "open sesame"

func (o *office) mails() []taken {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.taken)
}

// start serves a listener until the test ends.
func (o *office) start(t testing.TB, l net.Listener, cert *tls.Config) {
	t.Helper()
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		_, secured := c.TLSConnectionState()
		return &visit{office: o, conn: c, taken: taken{secured: secured}}, nil
	}))
	s.Domain, s.TLSConfig, s.AllowInsecureAuth = "mail.example", cert, cert == nil
	s.ErrorLog = log.New(io.Discard, "", 0)
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(l) }) // ends with Close
	t.Cleanup(func() {
		_ = errors.Join(s.Close(), l.Close()) // it may not have begun to serve
		serving.Wait()
	})
}

// visit is one connection to the office.
type visit struct {
	office *office
	conn   *smtp.Conn
	taken
}

func (v *visit) AuthMechanisms() []string {
	if !v.office.auth {
		return nil
	}
	return []string{sasl.Plain}
}

func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != officeUser || password != officePassword {
			return smtp.ErrAuthFailed
		}
		v.user = user
		return nil
	}), nil
}

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	if v.office.auth && v.user == "" {
		return smtp.ErrAuthRequired
	}
	_, v.secured = v.conn.TLSConnectionState()
	v.from, v.to = from, ""
	return nil
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	o := v.office
	o.mu.Lock()
	n := o.rcpts
	o.rcpts++
	o.mu.Unlock()
	v.to = strings.TrimPrefix(v.to+" "+to, " ")
	if o.rcpt != nil {
		return o.rcpt(n)
	}
	return nil
}

func (v *visit) Data(r io.Reader) error {
	o := v.office
	o.mu.Lock()
	n := o.datas
	o.datas++
	o.busy++
	o.most = max(o.most, o.busy)
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		o.busy--
		o.mu.Unlock()
	}()
	if o.data != nil {
		if err := o.data(n, v.conn); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		return err
	}
	v.content = b.Bytes()
	o.mu.Lock()
	o.taken = append(o.taken, v.taken)
	o.mu.Unlock()
	if o.after != nil {
		return o.after(n, v.conn)
	}
	return nil
}

// Reset is called once a mail is taken, and was answered.
func (v *visit) Reset() {
	if v.office.rude && v.content != nil {
		_ = v.conn.Conn().Close() // the reader of the connection tells
	}
}

func (*visit) Logout() error { return nil }

// onNetwork is a listener of this machine, and a certificate that is good for it.
func onNetwork(t testing.TB) (l net.Listener, cert *tls.Config, roots *x509.CertPool) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	return l, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

// wires is a listener whose connections are in memory, so that a test can have its own time.
type wires struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newWires() *wires { return &wires{conns: make(chan net.Conn), done: make(chan struct{})} }

func (w *wires) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case w.conns <- there:
		return here, nil
	case <-w.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wires) Accept() (net.Conn, error) {
	select {
	case c := <-w.conns:
		return c, nil
	case <-w.done:
		return nil, net.ErrClosed
	}
}

func (w *wires) Close() error {
	w.once.Do(func() { close(w.done) })
	return nil
}

func (w *wires) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25} }
