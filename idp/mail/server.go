package mail

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/mail"
	"slices"
	"strconv"

	gomail "github.com/wneessen/go-mail"
)

// server is where mail is handed over.
type server struct {
	host     string
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	tls      *tls.Config
	implicit bool // TLS begins with the first byte
	options  []gomail.Option
}

func newServer(c Config) (server, error) {
	host, port, err := net.SplitHostPort(c.Address)
	if err != nil {
		return server{}, fmt.Errorf("mail: %w", err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return server{}, fmt.Errorf("mail: port of the server: %w", err)
	}
	if _, err := mail.ParseAddress(c.From); err != nil {
		return server{}, fmt.Errorf("mail: address that mail comes from: %w", err)
	}
	s := server{
		host: host, dial: c.Dial, implicit: c.TLS == "tls",
		tls: &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: c.Roots},
	}
	if s.dial == nil {
		s.dial = new(net.Dialer).DialContext
	}
	policy := gomail.NoTLS
	switch c.TLS {
	case "starttls":
		policy = gomail.TLSMandatory
	case "tls", "none":
	default:
		return server{}, fmt.Errorf("mail: no such way to protect mail: %q", c.TLS)
	}
	s.options = []gomail.Option{
		gomail.WithPort(number), gomail.WithHELO(domainOf(c.From)), gomail.WithTimeout(sendTimeout), gomail.WithoutNoop(),
		gomail.WithTLSPolicy(policy), gomail.WithTLSConfig(s.tls),
	}
	if c.Username != "" {
		s.options = append(s.options, gomail.WithUsername(c.Username), gomail.WithPassword(c.Password),
			gomail.WithOpportunisticSMTPAuth(mechanisms(c.TLS)...))
	}
	_, err = gomail.NewClient(host, s.options...)
	return s, err
}

// mechanisms are the ways to sign in, best first. A password is shown to the server only
// where nobody else sees it: over TLS, or on this machine, to which "none" is bound.
func mechanisms(protection string) []gomail.SMTPAuthType {
	if protection == "none" {
		return []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc}
	}
	return []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin}
}

// send hands a message over, on a connection of its own. Once the server has taken it, it
// is sent, whatever becomes of saying goodbye.
func (s server) send(ctx context.Context, msg *gomail.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	client, err := s.client(ctx)
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil && !msg.IsDelivered() {
		return err
	}
	return nil
}

// client makes connections that end with ctx: the library sets its deadline anew at each
// step, and forgets a connection on which the first ones fail.
func (s server) client(ctx context.Context) (*gomail.Client, error) {
	connect := func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := s.connect(dialing, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}
	return gomail.NewClient(s.host, append(slices.Clip(s.options), gomail.WithDialContextFunc(connect))...)
}

// connect reaches the server, and begins with TLS where it is so configured.
func (s server) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := s.dial(ctx, network, address)
	if err != nil || !s.implicit {
		return conn, err
	}
	secured := tls.Client(conn, s.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the first error is the one to tell
		return nil, err
	}
	return secured, nil
}
