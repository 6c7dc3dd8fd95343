package main

import (
	"context"
	"fmt"

	"latchkey/idp"
	"latchkey/idp/mail"
	"latchkey/ui"
)

// openMail makes what sends mail, or says that nothing does.
func (s *server) openMail() error {
	c := s.Config.SMTP
	if !c.Enabled() {
		s.Log.Info("mail is off: smtp_address is not set")
		return nil
	}
	renderer, err := ui.NewRenderer(ui.Options{Log: s.Log})
	if err != nil {
		return err
	}
	roots, err := s.Config.Outbound.Roots()
	if err != nil {
		return fmt.Errorf("outbound.ca: %q %w", s.Config.Outbound.CA, err)
	}
	s.mail, err = mail.New(mail.Config{
		Address: c.Address, Username: c.Username, Password: c.Password.Reveal(), TLS: c.TLS, From: c.From, Roots: roots,
		Store: s.Store, Now: s.Clock.Now, Count: s.deps.Metrics.countMail, Log: s.Log,
		Render: func(m *idp.Mail, t *idp.Tenant) (subject, text, html string, err error) {
			return renderer.Mail(m, t.Name, securityInfoOf(s.Config.BaseURL, t))
		},
	})
	return err
}

// sendMail sends until ctx ends. It has a loop of its own, since a mail server may take
// its time.
func (s *server) sendMail(ctx context.Context) {
	if s.mail != nil {
		s.mail.Run(ctx)
	}
}

// securityInfoOf is where the people of a tenant look at their own sign-in methods.
func securityInfoOf(base string, t *idp.Tenant) string {
	name := t.TenantID
	if len(t.Domains) > 0 {
		name = t.Domains[0]
	}
	return base + "/" + name + "/security-info"
}
