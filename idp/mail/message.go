package mail

import (
	"errors"
	"fmt"
	"net/mail"

	gomail "github.com/wneessen/go-mail"

	"latchkey/idp"
)

// message puts a mail into the form of RFC 5322: text first, then the same as HTML. All
// its headers are the same at each try.
func (s *Sender) message(m *idp.Mail, t *idp.Tenant) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil || to.Address != m.To {
		return nil, final{errors.New("the address is none")}
	}
	to.Name = idp.OneLine(m.ToName)
	subject, text, html, err := s.Render(m, t)
	if err != nil {
		return nil, fmt.Errorf("the mail could not be drawn: %w", err)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&mail.Address{Address: s.From})
	msg.ToMailAddress(to)
	msg.Subject(idp.OneLine(subject))
	msg.SetDateWithValue(m.CreatedAt.UTC())
	msg.SetMessageIDWithValue(m.Name() + "@" + domainOf(s.From))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 5: nobody answers that they are away
	msg.SetBodyString(gomail.TypeTextPlain, text)
	msg.AddAlternativeString(gomail.TypeTextHTML, html)
	return msg, nil
}
