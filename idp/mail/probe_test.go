package mail_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"latchkey/idp/mail"
)

// counter is where an office is visited: it looks at senders, too, and may take a size at
// most, or only a way to sign in that nobody uses.
type counter struct {
	*office
	sender error
	limit  int64
	odd    bool
}

func (c *counter) start(t *testing.T, l net.Listener, cert *tls.Config) {
	t.Helper()
	s := smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) {
		return &counterVisit{visit: &visit{office: c.office, conn: conn}, counter: c}, nil
	}))
	s.Domain, s.TLSConfig, s.AllowInsecureAuth, s.MaxMessageBytes = "mail.example", cert, cert == nil, c.limit
	s.ErrorLog = log.New(io.Discard, "", 0)
	go func() { _ = s.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = errors.Join(s.Close(), l.Close()) })
}

type counterVisit struct {
	*visit
	counter *counter
	named   bool // a sender was, and it was not taken back
}

func (v *counterVisit) AuthMechanisms() []string {
	if v.counter.odd {
		return []string{sasl.Anonymous}
	}
	return v.visit.AuthMechanisms()
}

func (v *counterVisit) Mail(from string, o *smtp.MailOptions) error {
	if v.named {
		return &smtp.SMTPError{Code: 503, Message: "a sender was named before"}
	}
	if v.counter.sender != nil {
		return v.counter.sender
	}
	err := v.visit.Mail(from, o)
	v.named = err == nil
	return err
}

func (v *counterVisit) Reset() {
	v.named = false
	v.visit.Reset()
}

var theTrial = &mail.Trial{To: "anna@contoso.example", Subject: "A trial", Text: "Grüße"}

// refused reports whether an error is an answer of this code.
func refused(code int) func(error) bool {
	return func(err error) bool {
		no, ok := errors.AsType[mail.Refusal](err)
		return ok && no.Code == code && strings.Contains(err.Error(), no.Text)
	}
}

func isKind[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

// TestProbe: each step is told of up to the first that fails, and why that did.
func TestProbe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		counter counter
		change  func(c *mail.Config)
		trial   *mail.Trial
		want    string // the steps
		fails   func(error) bool
	}{
		"all is good":                 {want: "connect greet protect sign-in sender"},
		"all is good, a mail is sent": {trial: theTrial, want: "connect greet protect sign-in sender deliver"},
		"TLS from the first byte":     {change: func(c *mail.Config) { c.TLS = "tls" }, trial: theTrial, want: "connect protect greet sign-in sender deliver"},
		"without TLS":                 {change: func(c *mail.Config) { c.TLS = "none" }, trial: theTrial, want: "connect greet protect sign-in sender deliver"},
		"without signing in":          {counter: counter{office: &office{}}, change: func(c *mail.Config) { c.Username, c.Password = "", "" }, want: "connect greet protect sign-in sender"},
		"nobody listens": {
			change: func(c *mail.Config) {
				c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrUnexpectedEOF }
			}, want: "connect", fails: is(io.ErrUnexpectedEOF)},
		"TLS is expected of a server that greets": {
			change: func(c *mail.Config) { c.TLS = "tls"; c.Password = "plain" }, want: "connect protect", fails: isKind[tls.RecordHeaderError]},
		"STARTTLS is missing": {
			change: func(c *mail.Config) { c.Password = "bare" }, want: "connect greet protect", fails: is(mail.ErrNoSTARTTLS)},
		"the certificate is for another host": {
			change: func(c *mail.Config) { c.Address = strings.Replace(c.Address, "127.0.0.1", "mail.example", 1) },
			want:   "connect greet protect", fails: isKind[x509.HostnameError]},
		"the certificate is not trusted": {
			change: func(c *mail.Config) { c.Roots = x509.NewCertPool() }, want: "connect greet protect", fails: isKind[x509.UnknownAuthorityError]},
		"the certificate is not trusted, from the first byte": {
			change: func(c *mail.Config) { c.TLS, c.Roots = "tls", x509.NewCertPool() }, want: "connect protect", fails: isKind[x509.UnknownAuthorityError]},
		"the password is wrong": {
			change: func(c *mail.Config) { c.Password = "wrong" }, want: "connect greet protect sign-in", fails: refused(535)},
		"nobody can sign in": {
			counter: counter{office: &office{}}, want: "connect greet protect sign-in", fails: is(mail.ErrNoAuth)},
		"no known way to sign in": {
			counter: counter{odd: true}, want: "connect greet protect sign-in", fails: is(mail.ErrNoAuth)},
		"nobody is served without signing in": {
			change: func(c *mail.Config) { c.Username, c.Password = "", "" }, counter: counter{office: &office{auth: true}},
			want: "connect greet protect sign-in sender", fails: refused(502)},
		"the sender is refused": {
			counter: counter{sender: &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not yours"}},
			want:    "connect greet protect sign-in sender", fails: refused(553)},
		"the size is refused": {
			counter: counter{limit: 1000}, want: "connect greet protect sign-in sender", fails: refused(552)},
		"the recipient is refused": {
			counter: counter{office: &office{auth: true, rcpt: func(int) error { return &smtp.SMTPError{Code: 550, Message: "nobody"} }}},
			trial:   theTrial, want: "connect greet protect sign-in sender deliver", fails: refused(550)},
		"the mail is refused": {
			counter: counter{office: &office{auth: true, data: func(int, *smtp.Conn) error { return &smtp.SMTPError{Code: 554, Message: "spam"} }}},
			trial:   theTrial, want: "connect greet protect sign-in sender deliver", fails: refused(554)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, office, cert := probed(t, &test.counter, test.change)
			steps, err := mail.Probe(t.Context(), c, test.trial)
			if err != nil {
				t.Fatal(err)
			}
			checkSteps(t, steps, test.want, test.fails)
			checkArrived(t, office, test.trial != nil && test.fails == nil)
			for _, s := range steps {
				if s.Name == mail.StepProtect && c.TLS != "none" && !errors.Is(s.Err, mail.ErrNoSTARTTLS) && !isKind[tls.RecordHeaderError](s.Err) && !s.Certificate.Equal(cert) {
					t.Errorf("certificate %+v", s.Certificate)
				}
				if s.Name == mail.StepSender && s.Limit != test.counter.limit {
					t.Errorf("limit %d", s.Limit)
				}
			}
		})
	}
}

// probed starts an office at a counter, and makes what a probe of it needs.
func probed(t *testing.T, at *counter, change func(*mail.Config)) (mail.Config, *office, *x509.Certificate) {
	t.Helper()
	if at.office == nil {
		at.office = &office{auth: true}
	}
	l, cert, roots := onNetwork(t)
	parsed, err := x509.ParseCertificate(cert.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	c := mail.Config{
		Address: address, Username: officeUser, Password: officePassword, TLS: "starttls", From: from, Roots: roots, Now: func() time.Time { return t0 },
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	if change != nil {
		change(&c)
	}
	switch {
	case c.Password == "plain":
	case c.TLS == "none", c.Password == "bare":
		cert = nil
	case c.TLS == "tls":
		l = tls.NewListener(l, cert)
	}
	at.start(t, l, cert)
	return c, at.office, parsed
}

func checkSteps(t *testing.T, steps []mail.Step, want string, fails func(error) bool) {
	t.Helper()
	var names []string
	for i, s := range steps {
		names = append(names, string(s.Name))
		if last := i == len(steps)-1; !last && s.Err != nil || last && fails == nil && s.Err != nil || last && fails != nil && !fails(s.Err) {
			t.Errorf("%s: %T %v", s.Name, s.Err, s.Err)
		}
		if s.Err == nil && s.Answer == "" && slices.Contains([]mail.StepName{mail.StepConnect, mail.StepGreet, mail.StepDeliver}, s.Name) {
			t.Errorf("%s: no answer", s.Name)
		}
	}
	if got := strings.Join(names, " "); got != want {
		t.Errorf("steps %q, want %q", got, want)
	}
}

func checkArrived(t *testing.T, o *office, want bool) {
	t.Helper()
	all := o.mails()
	if !want {
		if len(all) != 0 {
			t.Errorf("%d mails arrived", len(all))
		}
		return
	}
	if len(all) != 1 || all[0].from != from || all[0].to != theTrial.To || all[0].user != officeUser || !strings.Contains(string(all[0].content), "Subject: A trial\r\n") {
		t.Errorf("%d mails arrived: %+v", len(all), all)
	}
}

// TestProbeRefusedAtOnce: a server that greets nobody is told of with its words.
func TestProbeRefusedAtOnce(t *testing.T) {
	t.Parallel()
	c, _, _ := probed(t, &counter{}, nil)
	c.Dial = func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() { _, _ = io.WriteString(there, "554 not from your address\r\n") }()
		return here, nil
	}
	steps, err := mail.Probe(t.Context(), c, nil)
	if err != nil || len(steps) != 2 || steps[1].Err != error(mail.Refusal{Code: 554, Text: "not from your address"}) {
		t.Errorf("%v, %+v", err, steps)
	}
}

// TestProbeHangs: a server that says nothing more is left after ten seconds, and an
// interruption is no fault of the server.
func TestProbeHangs(t *testing.T) {
	t.Parallel()
	mute := func(context.Context, string, string) (net.Conn, error) {
		here, _ := net.Pipe()
		return here, nil
	}
	for want, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"connect":       func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
		"connect greet": mute, "connect greet protect sign-in sender deliver": nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			awake := make(chan struct{})
			o, l := &office{data: func(int, *smtp.Conn) error { <-awake; return nil }}, newWires()
			o.start(t, l, nil)
			c := mail.Config{Address: l.Addr().String(), TLS: "none", From: from, Now: time.Now, Dial: l.dial}
			if dial != nil {
				c.Dial = dial
			}
			begun := time.Now()
			steps, err := mail.Probe(t.Context(), c, theTrial)
			if took := time.Since(begun); err != nil || took != 10*time.Second {
				t.Errorf("%v, after %s", err, took)
			}
			checkSteps(t, steps, want, is(context.DeadlineExceeded))
			close(awake)
		})
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	steps, err := mail.Probe(ctx, mail.Config{Address: "127.0.0.1:25", TLS: "none", From: from}, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkSteps(t, steps, "connect", is(context.Canceled))
}

// TestProbeOfNothing: what no Sender could be made of is not tried.
func TestProbeOfNothing(t *testing.T) {
	t.Parallel()
	if steps, err := mail.Probe(t.Context(), mail.Config{Address: "mail.example", TLS: "tls", From: from}, nil); err == nil || steps != nil {
		t.Errorf("%v, %+v", err, steps)
	}
}
