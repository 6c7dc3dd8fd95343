package mail

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"latchkey/idp"
)

// message puts a mail into the form of RFC 5322: text first, then the same as HTML. All
// its headers are the same at each try. It comes from the organization by name, and by the
// deployment's address. copies: it is for those, too, who get a copy.
func (s *Sender) message(m *idp.Mail, t *idp.Tenant, copies bool) (*gomail.Msg, error) {
	if !isAddress(m.To) {
		return nil, final{errors.New("the address is none")}
	}
	subject, text, html, err := s.Render(m, t)
	switch {
	case errors.Is(err, idp.ErrSealed):
		return nil, final{err}
	case err != nil:
		return nil, fmt.Errorf("the mail could not be drawn: %w", err)
	}
	msg := newMessage(mail.Address{Name: t.Name, Address: s.From}, mail.Address{Name: m.ToName, Address: m.To}, subject, m.Name(), m.CreatedAt)
	for _, a := range m.Copies {
		if copies && a != m.To && isAddress(a) {
			msg.AddCcMailAddress(&mail.Address{Address: a})
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.AddAlternativeString(gomail.TypeTextHTML, html)
	return msg, nil
}

// newMessage is a message without content. Its name is the part of the Message-ID that is its
// own.
func newMessage(from, to mail.Address, subject, name string, at time.Time) *gomail.Msg {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	from.Name, to.Name = headerText(from.Name), headerText(to.Name)
	msg.FromMailAddress(&from)
	msg.ToMailAddress(&to)
	msg.Subject(headerText(subject))
	msg.SetDateWithValue(at.UTC())
	msg.SetMessageIDWithValue(name + "@" + domainOf(from.Address))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 5: nobody answers that they are away
	return msg
}

// headerText is what strangers wrote as it may stand in a header. What looks like an encoded
// word (RFC 2047 2) would be decoded by its reader, to anything; so it does not look like one.
func headerText(s string) string { return strings.ReplaceAll(idp.OneLine(s), "=?", "= ?") }

// isAddress tells whether s is the normal form of one mail address.
func isAddress(s string) bool {
	n, err := idp.NormalEmail(s)
	return err == nil && n == s
}
