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
		Store: s.Store, Keys: s.Keys, Now: s.Clock.Now, Count: s.deps.Metrics.countMail, Log: s.Log,
		Render: func(m *idp.Mail, t *idp.Tenant) (subject, text, html string, err error) {
			source, err := s.mailSource(m, t)
			if err != nil {
				return "", "", "", err
			}
			return renderer.Mail(m, source)
		},
	})
	return err
}

// mailSource is what a mail says beside what is kept with it.
func (s *server) mailSource(m *idp.Mail, t *idp.Tenant) (ui.MailSource, error) {
	secret, err := m.Secret(s.Keys, t.TenantID)
	if err != nil {
		return ui.MailSource{}, err
	}
	source := ui.MailSource{Organization: t.Name, URL: pagesOf(s.Config.BaseURL, t), Secret: secret}
	if m.About == idp.MailInvitation {
		i := idp.Invitation{InvitationID: m.Details["Invitation"]}
		source.Accept = s.Config.BaseURL + i.RedeemPath(t.TenantID, secret)
		source.Block = idp.BlockToken(s.Keys, t.TenantID, m.To)
	}
	return source, nil
}

// sendMail sends until ctx ends. It has a loop of its own, since a mail server may take
// its time.
func (s *server) sendMail(ctx context.Context) {
	if s.mail != nil {
		s.mail.Run(ctx)
	}
}

// pagesOf is where the pages of a tenant are.
func pagesOf(base string, t *idp.Tenant) string {
	if len(t.Domains) > 0 {
		return base + "/" + t.Domains[0]
	}
	return base + "/" + t.TenantID
}

// securityInfoOf is where the people of a tenant look at their own sign-in methods.
func securityInfoOf(base string, t *idp.Tenant) string { return pagesOf(base, t) + "/security-info" }
