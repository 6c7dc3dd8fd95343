package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/dns/dnsmessage"
)

// zone is what a DNS server knows: names, and lines of a type and a value. A line "fail" is
// answered with a fault of the server's.
type zone map[string][]string

// zoneOf reads lines of a name, a type and a value.
func zoneOf(text string) zone {
	z := zone{}
	for line := range strings.Lines(text) {
		if name, record, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			z[name] = append(z[name], record)
		}
	}
	return z
}

// serve answers over UDP until the end of what is answered with stop.
func (z zone) serve() (address string, stop func(), err error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		question := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(question)
			if err != nil {
				return
			}
			if answer := z.answer(question[:n]); answer != nil {
				_, _ = conn.WriteTo(answer, from) // who asked asks again
			}
		}
	})
	return conn.LocalAddr().String(), func() { _ = conn.Close(); serving.Wait() }, nil
}

func (z zone) answer(question []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	records, known := z[strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))]
	if !known {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, r := range records {
		if r == "fail" {
			m.RCode = dnsmessage.RCodeServerFailure
		}
		if kind, value, _ := strings.Cut(r, " "); "Type"+kind == q.Type.String() {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: record(kind, value)})
		}
	}
	packed, err := m.Pack()
	if err != nil {
		return nil
	}
	return packed
}

func record(kind, value string) dnsmessage.ResourceBody {
	switch kind {
	case "A":
		return &dnsmessage.AResource{A: netip.MustParseAddr(value).As4()}
	case "MX":
		return &dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName(value + ".")}
	}
	var parts []string // of 255 bytes at most
	for len(value) > 200 {
		parts, value = append(parts, value[:200]), value[200:]
	}
	return &dnsmessage.TXTResource{TXT: append(parts, value)}
}

// post is a mail server that lets one account send.
type post struct {
	certificate *tls.Certificate // nil: without TLS
	open        bool             // nobody has to sign in
	secret      string           // the account's password; a wrong one is repeated in the answer

	mu   sync.Mutex
	took []string
}

func (p *post) mails() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.took
}

// serve serves until stop.
func (p *post) serve() (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &postVisit{post: p}, nil }))
	s.Domain, s.ErrorLog, s.AllowInsecureAuth = "smtp.contoso.example", log.New(io.Discard, "", 0), p.certificate == nil
	if p.certificate != nil {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*p.certificate}}
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(l) }) // ends with Close
	return l.Addr().String(), func() { _ = errors.Join(s.Close(), l.Close()); serving.Wait() }, nil
}

type postVisit struct {
	*post
	in bool
}

func (v *postVisit) AuthMechanisms() []string {
	if v.open {
		return nil
	}
	return []string{sasl.Plain}
}

func (v *postVisit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		if v.in = password == v.secret; !v.in {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "not " + password + "\x1b[31m"}
		}
		return nil
	}), nil
}

func (v *postVisit) Mail(from string, _ *smtp.MailOptions) error {
	if !v.in && !v.open {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (*postVisit) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (*postVisit) Reset()                               {}
func (*postVisit) Logout() error                        { return nil }

func (v *postVisit) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.took = append(v.took, string(content))
	return err
}

// certificateOf is a certificate for 127.0.0.1 until a moment, and the same in PEM.
func certificateOf(t *testing.T, until time.Time) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.Add(-90 * 24 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// scriptPost starts a mail server without TLS that takes everything, and a DNS server with
// the records of a file, until the end of the script. It sets $SMTP and $DNS to their
// addresses: post zone.txt.
func scriptPost(ts *testscript.TestScript, _ bool, args []string) {
	for name, serve := range map[string]func() (string, func(), error){
		"SMTP": (&post{open: true}).serve, "DNS": zoneOf(ts.ReadFile(args[0])).serve,
	} {
		address, stop, err := serve()
		ts.Check(err)
		ts.Defer(stop)
		ts.Setenv(name, address)
	}
}
