package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	netmail "net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/config"
	"latchkey/idp/mail"
)

// mailExam is what is asked of the doctor about mail.
type mailExam struct {
	to        string
	selectors []string
	resolver  string
	now       func() time.Time
}

func (c *cli) doctorMailCommand() *cobra.Command {
	exam := mailExam{now: c.now}
	cmd := &cobra.Command{
		Use: "mail", Short: "Tell whether mail will arrive, and what to do if not",
		Long: "Tell whether mail will arrive, and what to do if not: it talks to the mail server as 'latchkey serve' would, and\n" +
			"looks at what DNS says of the domain of smtp_from (SPF, DKIM, DMARC). It needs no running server and sends no\n" +
			"mail, unless --to says where. The exit code is 1 when anything failed; a warning is no failure.",
		Example: "  latchkey doctor mail\n" +
			"  latchkey doctor mail --to ada@contoso.example --dkim-selector s1",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := exam.misuse(cmd.Flags().Changed); err != nil {
				return err
			}
			cfg, err := c.load(cmd, false)
			if err != nil {
				return err
			}
			found, err := exam.run(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return c.told(found, "mail")
		},
	}
	cmd.Flags().StringVar(&exam.to, "to", "", "send a real mail to this `address`, and tell what the server answers")
	cmd.Flags().StringArrayVar(&exam.selectors, "dkim-selector", nil, "look at the DKIM key of this `name`; may be repeated")
	cmd.Flags().StringVar(&exam.resolver, "resolver", "", "ask the DNS server at this `host:port` (default: the system's)")
	return c.withJSON(c.settings(cmd, "smtp_address", "smtp_username", "smtp_tls", "smtp_from", "outbound.ca"))
}

// selectorName is a DKIM selector (RFC 6376 3.1).
var selectorName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*$`)

// misuse says which flag is wrong.
func (e mailExam) misuse(given func(flag string) bool) error {
	if a, err := netmail.ParseAddress(e.to); given("to") && (err != nil || a.Address != e.to) {
		return misused("--to %q is not a mail address: write one alone, such as ada@contoso.example", e.to)
	}
	for _, s := range e.selectors {
		if !selectorName.MatchString(s) || len(s) > 200 {
			return misused("--dkim-selector %q is not a selector: write it alone, without ._domainkey and the domain behind", s)
		}
	}
	if host, port := hostPort(e.resolver); given("resolver") && (host == "" || port == 0) {
		return misused("--resolver %q is not host:port: write one such as 192.0.2.53:53", e.resolver)
	}
	return nil
}

// run makes all checks. What the server is like and what DNS says are apart: neither
// failure hides the other.
func (e mailExam) run(ctx context.Context, cfg config.Config) ([]symptom, error) {
	if !cfg.SMTP.Enabled() {
		return []symptom{failed("settings", "smtp_address is not set: no mail is sent").
			hint("Set smtp_address and smtp_from, such as smtp.contoso.example:587 and no-reply@login.contoso.example, and smtp_username and smtp_password if the server asks for them.")}, nil
	}
	found := []symptom{well("settings", "%s, %s, mail from %s, %s", cfg.SMTP.Address, cfg.SMTP.TLS, cfg.SMTP.From, signedInAs(cfg.SMTP))}
	steps, err := e.probe(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s := smtpExam{SMTP: cfg.SMTP, to: e.to, now: e.now()}
	for _, step := range steps {
		found = append(found, s.judge(step))
	}
	found = append(found, e.askDNS(ctx, cfg.SMTP)...)
	return found, ctx.Err()
}

func signedInAs(s config.SMTP) string {
	if s.Username == "" {
		return "without signing in"
	}
	return "signed in as " + s.Username
}

func (e mailExam) probe(ctx context.Context, cfg config.Config) ([]mail.Step, error) {
	roots, err := cfg.Outbound.Roots()
	if err != nil {
		return nil, fmt.Errorf("outbound.ca: %q %w", cfg.Outbound.CA, err)
	}
	var trial *mail.Trial
	if e.to != "" {
		trial = &mail.Trial{To: e.to, Subject: "A trial of Latchkey's mail",
			Text: "An operator of Latchkey asked for this mail with 'latchkey doctor mail'. It has arrived, so there is nothing to do.\n\nIf it lay among spam: its header Authentication-Results says what became of spf, dkim and dmarc.\n"}
	}
	c := cfg.SMTP
	return mail.Probe(ctx, mail.Config{
		Address: c.Address, Username: c.Username, Password: c.Password.Reveal(), TLS: c.TLS, From: c.From, Roots: roots, Now: e.now,
	}, trial)
}

// said is what a server said, on one line, and without the password, should it have been
// repeated.
func said(text string, s config.SMTP) string {
	text = strings.Join(strings.Fields(text), " ")
	if password := s.Password.Reveal(); password != "" {
		for _, secret := range []string{password, "\x00" + s.Username + "\x00" + password} { // as LOGIN and PLAIN have it
			text = strings.ReplaceAll(text, base64.StdEncoding.EncodeToString([]byte(secret)), "(password)")
		}
		text = strings.ReplaceAll(text, password, "(password)")
	}
	return cmp.Or(text, "nothing")
}
