package main

import (
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers over UDP, and over TCP if it has an answer for that.
type nameServer struct {
	udp, tcp func(question []byte) [][]byte // messages, in order
}

// serve answers until the test ends.
func (s nameServer) serve(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { _ = errors.Join(l.Close(), conn.Close()); serving.Wait() })
	serving.Go(func() { s.serveUDP(conn) })
	serving.Go(func() { s.serveTCP(l) })
	return l.Addr().String()
}

func (s nameServer) serveUDP(conn net.PacketConn) {
	question := make([]byte, 4096)
	for {
		n, from, err := conn.ReadFrom(question)
		if err != nil {
			return
		}
		for _, answer := range s.udp(question[:n]) {
			_, _ = conn.WriteTo(answer, from) // who asked asks again
		}
	}
}

func (s nameServer) serveTCP(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		question := make([]byte, 4096)
		if n, err := conn.Read(question); err == nil && s.tcp != nil && n > 2 {
			for _, answer := range s.tcp(question[2:n]) { // after its length (RFC 1035 4.2.2)
				_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
			}
		}
		_ = conn.Close()
	}
}

// saying answers with these TXT records, changed.
func saying(texts []string, changes ...func(*dnsmessage.Message)) func([]byte) [][]byte {
	return func(question []byte) [][]byte {
		var m dnsmessage.Message
		if m.Unpack(question) != nil || len(m.Questions) != 1 {
			return nil
		}
		m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
		for _, text := range texts {
			header := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET}
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: record("TXT", text)})
		}
		for _, change := range changes {
			change(&m)
		}
		packed, err := m.Pack()
		if err != nil {
			panic(err)
		}
		return [][]byte{packed}
	}
}

// both answers by one, then by the other.
func both(a, b func([]byte) [][]byte) func([]byte) [][]byte {
	return func(q []byte) [][]byte { return append(a(q), b(q)...) }
}

func code(c dnsmessage.RCode) func(*dnsmessage.Message) {
	return func(m *dnsmessage.Message) { m.RCode = c }
}

func cut(m *dnsmessage.Message) { m.Truncated, m.Answers = true, m.Answers[:1] }

func misnamed(m *dnsmessage.Message) { m.ID++ }

func ofEvil(m *dnsmessage.Message) {
	m.Questions[0].Name = dnsmessage.MustNewName("evil.example.")
}

// TestDomainDNS: what a DNS server says about a domain is taken whole or not at all, and what it
// was not asked for is not taken.
func TestDomainDNS(t *testing.T) {
	t.Parallel()
	const proof = "latchkey-domain-verification=00112233445566778899aabbccddeeff"
	many := append(slices.Repeat([]string{"v=spf1 include:a.example include:b.example -all"}, 300), proof)
	long := strings.Repeat("x", 900)
	garbage := func([]byte) [][]byte { return [][]byte{[]byte("not DNS")} }
	for _, c := range []struct {
		name   string
		server nameServer
		want   []string
		fails  bool
	}{
		{"a record", nameServer{udp: saying([]string{proof})}, []string{proof}, false},
		{"a record in several parts", nameServer{udp: saying([]string{long})}, []string{long}, false},
		{"none", nameServer{udp: saying(nil)}, nil, false},
		{"no such domain", nameServer{udp: saying(nil, code(dnsmessage.RCodeNameError))}, nil, false},
		{"a fault of the server", nameServer{udp: saying(nil, code(dnsmessage.RCodeServerFailure))}, nil, true},
		{"a fault with a record", nameServer{udp: saying([]string{proof}, code(dnsmessage.RCodeServerFailure))}, nil, true},
		{"refused", nameServer{udp: saying(nil, code(dnsmessage.RCodeRefused))}, nil, true},
		{"300 others, by TCP", nameServer{udp: saying(many, cut), tcp: saying(many)}, many, false},
		{"cut off, and no TCP", nameServer{udp: saying(many, cut)}, nil, true},
		{"an answer to another question, then ours", nameServer{udp: both(saying([]string{proof}, misnamed), saying(nil))}, nil, false},
		{"an answer about another domain, then ours", nameServer{udp: both(saying([]string{proof}, ofEvil), saying(nil))}, nil, false},
		{"no DNS, then an answer", nameServer{udp: both(garbage, saying([]string{proof}))}, []string{proof}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := newDirectory(c.server.serve(t)).texts(t.Context(), "contoso.example")
			if !slices.Equal(got, c.want) || (err != nil) != c.fails {
				t.Errorf("%d records %.200q, %v", len(got), got, err)
			}
		})
	}
}
