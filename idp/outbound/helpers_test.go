package outbound

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Nothing in these tests leaves the machine: 127.0.0.2 stands for what may be
// reached, 127.0.0.1 for what may not, and names end at a resolver of ours.
const (
	allowedHost   = "127.0.0.2"
	forbiddenHost = "127.0.0.1"
)

var allowed = []netip.Prefix{netip.MustParsePrefix(allowedHost + "/32")}

// A proxy from the environment would break every test that reaches a server.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		if err := os.Setenv(name, "http://127.0.0.1:1"); err != nil {
			log.Fatal(err)
		}
	}
	os.Exit(m.Run())
}

// site is a server that counts the connections that reach it.
type site struct {
	*httptest.Server
	counted *countedListener
	own     atomic.Int64 // connections made by reached
}

type countedListener struct {
	net.Listener
	count atomic.Int64
	more  chan struct{}
}

func (l *countedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.count.Add(1)
		select {
		case l.more <- struct{}{}:
		default:
		}
	}
	return conn, err
}

func listen(t *testing.T, host string) *countedListener {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	return &countedListener{Listener: l, more: make(chan struct{}, 1)}
}

// unstarted is a site whose TLS settings can still be changed.
func unstarted(t *testing.T, l *countedListener, h http.HandlerFunc) *site {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	if err := s.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	return &site{Server: s, counted: l}
}

func secure(t *testing.T, host string, h http.HandlerFunc) *site {
	t.Helper()
	s := unstarted(t, listen(t, host), h)
	s.StartTLS()
	return s
}

// twins are an allowed and a forbidden site on one port.
func twins(t *testing.T, h http.HandlerFunc) (good, bad *site) {
	t.Helper()
	for range 20 {
		good = unstarted(t, listen(t, allowedHost), h)
		l, err := net.Listen("tcp", net.JoinHostPort(forbiddenHost, good.port()))
		if err != nil { // somebody has it
			continue
		}
		bad = unstarted(t, &countedListener{Listener: l, more: make(chan struct{}, 1)}, h)
		good.StartTLS()
		bad.StartTLS()
		return good, bad
	}
	t.Fatal("no port is free at both")
	return nil, nil
}

func (s *site) port() string {
	_, port, _ := net.SplitHostPort(s.counted.Addr().String())
	return port
}

// url is the site by a name that its certificate has and names resolves.
func (s *site) url(path string) string {
	return "https://good.example.com:" + s.port() + path
}

func (s *site) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

// reached is the number of connections that arrived so far. One of its own comes
// after them in the listener's queue, so that none is still under way.
func (s *site) reached(t *testing.T) int {
	t.Helper()
	before := s.counted.count.Load()
	conn, err := net.Dial("tcp", s.counted.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for s.counted.count.Load() == before {
		<-s.counted.more
	}
	own := s.own.Add(1)
	return int(s.counted.count.Load() - own)
}

// client may reach the allowed host, trusts the site, and has half a minute, so that
// a slow machine is no time-out.
func (s *site) client(names *zone) *Client {
	return New(Config{Allow: allowed, Roots: s.roots(), resolver: names.resolver(), timeout: 30 * time.Second})
}

// zone answers lookups. Each A query of a name takes the next of its answers, and
// the last of them stays; an AAAA query takes the present one's IPv6 addresses.
type zone struct {
	mu      sync.Mutex
	answers map[string][]string // addresses, separated by spaces
	silent  bool
}

func names(answers map[string][]string) *zone {
	z := &zone{answers: map[string][]string{"good.example.com": {allowedHost}}}
	for name, a := range answers {
		z.answers[name] = a
	}
	return z
}

func (z *zone) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go z.serve(ours)
		return theirs, nil
	}}
}

// serve speaks DNS over a stream: each message after its length.
func (z *zone) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var size uint16
		if err := binary.Read(conn, binary.BigEndian, &size); err != nil {
			return
		}
		question := make([]byte, size)
		if _, err := io.ReadFull(conn, question); err != nil {
			return
		}
		answer := z.answer(question)
		if answer == nil {
			continue
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func (z *zone) answer(question []byte) []byte {
	var m dnsmessage.Message
	if z.silent || m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	addresses, known := z.next(strings.TrimSuffix(q.Name.String(), "."), q.Type == dnsmessage.TypeA)
	if !known {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, text := range addresses {
		a := netip.MustParseAddr(text)
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	packed, err := m.Pack()
	if err != nil {
		return nil
	}
	return packed
}

func (z *zone) next(name string, advance bool) (addresses []string, known bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	all, known := z.answers[strings.ToLower(name)]
	if !known {
		return nil, false
	}
	if advance && len(all) > 1 {
		z.answers[strings.ToLower(name)] = all[1:]
	}
	return strings.Fields(all[0]), true
}
