package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"latchkey/idp"
)

// StepName names what is done with a mail server, in the order in which a Probe does it.
// TLS from the first byte comes before the greeting.
type StepName string

// The steps.
const (
	StepConnect StepName = "connect"
	StepGreet   StepName = "greet"
	StepProtect StepName = "protect"
	StepSignIn  StepName = "sign-in"
	StepSender  StepName = "sender"
	StepDeliver StepName = "deliver"
)

// largestMail is more than any mail has that Latchkey sends.
const largestMail = 64 << 10

// What a server does not offer.
var (
	ErrNoSTARTTLS = errors.New("mail: the server offers no STARTTLS")
	ErrNoAuth     = errors.New("mail: the server offers no way to sign in that is known here")
)

// Refusal is an answer of a server that says no.
type Refusal struct {
	Code int
	Text string
}

// Error is the answer as the server gave it.
func (r Refusal) Error() string { return strings.TrimSpace(strconv.Itoa(r.Code) + " " + r.Text) }

// Step is what was seen at one step.
type Step struct {
	Name StepName
	// Err says why it failed: a Refusal, one of this package's errors, an error of TLS that
	// errors.As tells apart, context.DeadlineExceeded, or another of the network.
	Err         error
	Answer      string            // what the server said, if that tells more than yes
	Certificate *x509.Certificate // protect: the server's, also one that is not good; nil without TLS
	TLSVersion  uint16            // protect
	Mechanisms  []string          // sign-in: those that are offered
	Limit       int64             // sender: the largest mail that the server takes; 0 if it does not say
}

// Trial is a mail that a Probe sends.
type Trial struct{ To, Subject, Text string }

// Probe does what a Sender does with its server, up to the point at which a mail would be
// named, and further if trial is not nil. It needs no store. The first step that fails is the
// last one told of; the error is about the Config.
//
// It takes two connections. On the first one it looks; the second one is made and used as
// the Sender does it, so that what works here works there.
func Probe(ctx context.Context, c Config, trial *Trial) ([]Step, error) {
	s, err := newServer(c)
	if err != nil {
		return nil, err
	}
	p := probe{server: s, config: c}
	p.look(ctx)
	if !p.failed() {
		p.use(ctx, trial)
	}
	return p.steps, nil
}

// probe gathers steps.
type probe struct {
	server     server
	config     Config
	steps      []Step
	mechanisms []string
	limit      int64
	sized      bool // the server wants to be told how large a mail is
}

func (p *probe) failed() bool { return len(p.steps) > 0 && p.steps[len(p.steps)-1].Err != nil }

// add keeps a step, and reports whether it went well.
func (p *probe) add(ctx context.Context, s Step) bool {
	s.Err = plainly(ctx, s.Err)
	p.steps = append(p.steps, s)
	return s.Err == nil
}

// look goes as far as the server lets a stranger.
func (p *probe) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	conn, err := p.server.dial(ctx, "tcp", p.config.Address)
	if !p.add(ctx, Step{Name: StepConnect, Err: err}) {
		return
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	p.steps[0].Answer = conn.RemoteAddr().String()
	if p.server.implicit {
		secured := tls.Client(conn, p.server.tls)
		if !p.add(ctx, protection(secured.HandshakeContext(ctx), secured.ConnectionState())) {
			return
		}
		conn = secured
	}
	client, err := p.greet(conn)
	answer := ""
	if err == nil {
		answer = client.HelloResponse()
	}
	if !p.add(ctx, Step{Name: StepGreet, Err: err, Answer: answer}) {
		return
	}
	if !p.server.implicit && !p.add(ctx, p.protect(client)) {
		return
	}
	p.offers(client)
	_ = client.Quit() // what was seen was seen
}

func (p *probe) greet(conn net.Conn) (*smtp.Client, error) {
	client, err := smtp.NewClient(conn, p.server.host)
	if err != nil {
		return nil, err
	}
	return client, client.Hello(domainOf(p.config.From))
}

// protect begins TLS after the greeting, where it is so configured.
func (p *probe) protect(client *smtp.Client) Step {
	if p.config.TLS == "none" {
		return Step{Name: StepProtect}
	}
	if offered, _ := client.Extension("STARTTLS"); !offered {
		return Step{Name: StepProtect, Err: ErrNoSTARTTLS}
	}
	err := client.StartTLS(p.server.tls)
	state, _ := client.TLSConnectionState()
	return protection(err, state)
}

func protection(err error, state tls.ConnectionState) Step {
	s := Step{Name: StepProtect, Err: err, TLSVersion: state.Version}
	certificates := state.PeerCertificates
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		certificates = bad.UnverifiedCertificates
	}
	if len(certificates) > 0 {
		s.Certificate = certificates[0]
	}
	return s
}

// offers reads what the server said that it can do, once it was greeted the last time.
func (p *probe) offers(client *smtp.Client) {
	if ok, names := client.Extension("AUTH"); ok {
		p.mechanisms = strings.Fields(names)
	}
	sized, limit := client.Extension("SIZE")
	p.sized = sized
	p.limit, _ = strconv.ParseInt(limit, 10, 64) // RFC 1870 4: it may be missing
}

// use signs in and names the sender, and then takes that back or sends a mail.
func (p *probe) use(ctx context.Context, trial *Trial) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if p.config.Username != "" && len(p.mechanisms) == 0 {
		p.add(ctx, Step{Name: StepSignIn, Err: ErrNoAuth})
		return
	}
	sender, err := p.server.client(ctx)
	var client *smtp.Client
	if err == nil {
		client, err = sender.DialToSMTPClientWithContext(ctx)
	}
	if !p.add(ctx, Step{Name: StepSignIn, Err: err, Mechanisms: p.mechanisms}) {
		return
	}
	if !p.add(ctx, Step{Name: StepSender, Err: p.name(client), Limit: p.limit}) {
		return
	}
	if trial != nil {
		p.add(ctx, p.deliver(client, *trial))
	}
	_ = client.Quit() // as above
}

// name tells the server who a mail is from, and that there will be none.
func (p *probe) name(client *smtp.Client) error {
	from := pathOf(p.config.From)
	if p.sized {
		from += fmt.Sprintf(" SIZE=%d", largestMail) // RFC 1870 6
	}
	if err := client.Mail(from); err != nil {
		return err
	}
	return client.Reset()
}

// deliver sends a mail.
func (p *probe) deliver(client *smtp.Client, t Trial) Step {
	msg := newMessage(mail.Address{Address: p.config.From}, mail.Address{Address: t.To}, t.Subject, idp.NewID(), p.config.Now())
	msg.SetBodyString(gomail.TypeTextPlain, t.Text)
	answer, err := p.handOver(client, t.To, msg)
	return Step{Name: StepDeliver, Err: err, Answer: answer}
}

// handOver does a mail transaction (RFC 5321 3.3) by itself, since the library's keeps the
// kind of its errors to itself.
func (p *probe) handOver(client *smtp.Client, to string, msg *gomail.Msg) (answer string, err error) {
	if err := client.Mail(pathOf(p.config.From)); err != nil {
		return "", err
	}
	if err := client.Rcpt(pathOf(to)); err != nil {
		return "", err
	}
	content, err := client.Data()
	if err != nil {
		return "", err
	}
	if _, err := msg.WriteTo(content); err != nil {
		return "", err
	}
	if err := content.Close(); err != nil {
		return "", err
	}
	if c, ok := content.(*smtp.DataCloser); ok {
		answer = c.ServerResponse()
	}
	return answer, nil
}

// pathOf writes an address as SMTP has it.
func pathOf(address string) string { return (&mail.Address{Address: address}).String() }

// plainly is an error without the layers of the library, whose words differ from step to
// step. A connection that is cut off because its time is over fails in several ways.
func plainly(ctx context.Context, err error) error {
	late, isNet := errors.AsType[net.Error](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case ctx.Err() != nil, isNet && late.Timeout():
		return context.DeadlineExceeded
	}
	if no, ok := errors.AsType[*textproto.Error](err); ok {
		return Refusal{no.Code, no.Msg}
	}
	if errors.Is(err, gomail.ErrNoSupportedAuthDiscovered) {
		return ErrNoAuth
	}
	return err
}
