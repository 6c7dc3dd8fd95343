package demoinbox

import (
	"io"
	"log/slog"
	"time"

	"github.com/emersion/go-smtp"
)

// The limits of the mail server.
const (
	maxBytes      = 1 << 20 // of a mail
	maxRecipients = 50      // of a mail
	timeout       = 10 * time.Second
)

func newServer(kept *box, c Config) *smtp.Server {
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &visit{kept: kept, now: c.Now}, nil
	}))
	s.Domain = "localhost"
	s.MaxMessageBytes, s.MaxRecipients = maxBytes, maxRecipients
	s.ReadTimeout, s.WriteTimeout = timeout, timeout
	s.EnableSMTPUTF8 = true
	s.ErrorLog = slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug) // what senders do wrong
	return s
}

// visit is one connection to the mail server.
type visit struct {
	kept *box
	now  func() time.Time
	to   []string
}

var _ smtp.Session = (*visit)(nil)

// Mail takes mail from anybody.
func (*visit) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt takes mail for anybody.
func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = append(v.to, to)
	return nil
}

// Data takes a mail, or says why it is none: the sender then knows, as from a real server.
func (v *visit) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l, err := read(content)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "This mail cannot be read: " + err.Error()}
	}
	for _, to := range v.to {
		v.kept.add(to, v.now(), l)
	}
	return nil
}

// Reset forgets a mail that was begun.
func (v *visit) Reset() { v.to = nil }

// Logout ends the visit; nothing of it is left.
func (*visit) Logout() error { return nil }
