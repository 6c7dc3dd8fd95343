package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"latchkey/config"
	"latchkey/idp/mail"
)

// soonEnds is when a certificate is worth a warning: those that renew themselves do so
// earlier.
const soonEnds = 14 * 24 * time.Hour

// smtpExam finds words for what was seen of a mail server.
type smtpExam struct {
	config.SMTP
	to  string
	now time.Time
}

// judge is the symptom of a step.
func (e smtpExam) judge(s mail.Step) symptom {
	judges := map[mail.StepName]func(mail.Step) symptom{
		mail.StepConnect: e.connected, mail.StepGreet: e.greeted, mail.StepProtect: e.protected,
		mail.StepSignIn: e.signedIn, mail.StepSender: e.senderTaken, mail.StepDeliver: e.delivered,
	}
	return judges[s.Name](s)
}

// why says what an error is.
func (e smtpExam) why(err error) string {
	switch no, refused := errors.AsType[mail.Refusal](err); {
	case refused:
		return "the server says " + said(no.Error(), e.SMTP)
	case errors.Is(err, context.DeadlineExceeded):
		return "the server did not answer in time"
	case errors.Is(err, context.Canceled):
		return "interrupted"
	}
	return said(err.Error(), e.SMTP)
}

func (e smtpExam) connected(s mail.Step) symptom {
	_, port := hostPort(e.Address)
	switch {
	case s.Err == nil:
		return well("server", "reached at %s", s.Answer)
	case errors.As(s.Err, new(*net.DNSError)):
		return failed("server", "the name in smtp_address is not found: %s", e.why(s.Err)).hint("Set smtp_address to the name that your mail provider gives.")
	case errors.Is(s.Err, context.DeadlineExceeded) && port == 25:
		return failed("server", "%s", e.why(s.Err)).hint("Many networks drop what goes to port 25: use port 587, or 465 with smtp_tls: tls.")
	case errors.Is(s.Err, context.DeadlineExceeded):
		return failed("server", "%s", e.why(s.Err)).hint("Something on the way drops the connection: let this machine out to port %d.", port)
	}
	return failed("server", "%s", e.why(s.Err)).hint("See that a mail server runs at %s, and that smtp_address has its port: usually 587, or 465 with smtp_tls: tls.", e.Address)
}

func (e smtpExam) greeted(s mail.Step) symptom {
	_, port := hostPort(e.Address)
	switch {
	case s.Err == nil:
		return well("greeting", "the server says %s", said(s.Answer, e.SMTP))
	case port == 465 && e.TLS != config.SMTPOverTLS:
		return failed("greeting", "%s", e.why(s.Err)).hint("Port 465 speaks TLS from the first byte: set smtp_tls: tls.")
	case errors.As(s.Err, new(mail.Refusal)):
		return failed("greeting", "%s", e.why(s.Err)).hint("The server turns this machine away: its operator can tell why, or let it in.")
	}
	return failed("greeting", "%s", e.why(s.Err)).hint("See that what answers at %s is a mail server, and that smtp_tls fits its port.", e.Address)
}

func (e smtpExam) protected(s mail.Step) symptom {
	switch {
	case s.Err != nil:
		return failed("tls", "%s", e.why(s.Err)).hint("%s", e.tlsHint(s.Err))
	case s.Certificate == nil:
		return well("tls", "none: the server is on this machine")
	}
	left := s.Certificate.NotAfter.Sub(e.now)
	seen := tls.VersionName(s.TLSVersion) + ", the certificate is good until " + s.Certificate.NotAfter.UTC().Format(time.DateOnly) + ", " + span(left) + " more"
	if left < soonEnds {
		return warning("tls", "%s", seen).hint("Have it renewed: once it has ended, no mail is sent.")
	}
	return well("tls", "%s", seen)
}

func (e smtpExam) tlsHint(err error) string {
	host, _ := hostPort(e.Address)
	invalid, _ := errors.AsType[x509.CertificateInvalidError](err)
	switch {
	case errors.Is(err, mail.ErrNoSTARTTLS):
		return "Use a port on which the server offers STARTTLS, usually 587, or 465 with smtp_tls: tls. If it does elsewhere, something on the way removes it."
	case errors.As(err, new(tls.RecordHeaderError)):
		return "The server does not begin with TLS on this port: set smtp_tls: starttls, or use its port for TLS, usually 465."
	case errors.As(err, new(x509.HostnameError)):
		return "Put into smtp_address a name that the certificate has, or have one issued for " + host + "."
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "Name the certificate of its authority in outbound.ca. If it is a public one, the server does not send the certificates between."
	case invalid.Reason == x509.Expired && invalid.Cert != nil:
		return "Have the server's certificate renewed, and see that the clock of this machine is right."
	}
	return "See that the server speaks TLS 1.2 or later, and that nothing on the way looks into it."
}

func (e smtpExam) signedIn(s mail.Step) symptom {
	no, refused := errors.AsType[mail.Refusal](s.Err)
	offers := "the server offers no way to sign in"
	if len(s.Mechanisms) > 0 {
		offers = "the server offers " + said(joined(s.Mechanisms), e.SMTP)
	}
	switch {
	case s.Err == nil && e.Username == "":
		return well("sign-in", "without; %s", offers)
	case s.Err == nil:
		return well("sign-in", "as %s; %s", e.Username, offers)
	case errors.Is(s.Err, mail.ErrNoAuth) && len(s.Mechanisms) == 0:
		return failed("sign-in", "%s", offers).hint("Use its port for sending, usually 587 or 465; or leave out smtp_username and smtp_password, if it knows this machine by its address.")
	case errors.Is(s.Err, mail.ErrNoAuth):
		return failed("sign-in", "%s, and none of them is known here", offers).hint("Have the server offer SCRAM-SHA-256, PLAIN or LOGIN.")
	case refused && no.Code/100 == 5 && e.Username != "":
		return failed("sign-in", "as %s: %s", e.Username, e.why(s.Err)).
			hint("Check smtp_username and smtp_password. Many providers want a password made for apps, or sending by SMTP to be allowed for the account.")
	}
	return failed("sign-in", "%s", e.why(s.Err)).hint("The server was reached before: try again in a moment.")
}

func (e smtpExam) senderTaken(s mail.Step) symptom {
	no, refused := errors.AsType[mail.Refusal](s.Err)
	switch {
	case s.Err == nil && s.Limit > 0:
		return well("sender", "%s may send, up to %d bytes a mail", e.From, s.Limit)
	case s.Err == nil:
		return well("sender", "%s may send", e.From)
	case refused && no.Code == 552:
		return failed("sender", "%s", e.why(s.Err)).hint("Have the server take mails of 64 KiB at least, and see that the mailbox of %s is not full.", e.From)
	case refused && e.Username == "":
		return failed("sender", "%s", e.why(s.Err)).hint("Set smtp_username and smtp_password, or let the server take mail from this machine by its address.")
	case refused:
		return failed("sender", "%s", e.why(s.Err)).hint("Let %s send as %s at your mail provider, or set smtp_from to an address it may send as.", e.Username, e.From)
	}
	return failed("sender", "%s", e.why(s.Err)).hint("Try again in a moment.")
}

func (e smtpExam) delivered(s mail.Step) symptom {
	no, refused := errors.AsType[mail.Refusal](s.Err)
	switch {
	case s.Err == nil:
		return well("delivery", "the server took the mail to %s, and says %s", e.to, said(s.Answer, e.SMTP)).
			hint("Look for it, among spam as well: its header Authentication-Results tells how spf, dkim and dmarc did, and DKIM-Signature names the selector.")
	case refused && no.Code/100 == 4:
		return failed("delivery", "%s", e.why(s.Err)).hint("That is for now: latchkey serve would try again. Try in a few minutes.")
	case refused && strings.HasPrefix(no.Text, "5.1."):
		return failed("delivery", "%s", e.why(s.Err)).hint("See that %s exists.", e.to)
	case refused:
		return failed("delivery", "%s", e.why(s.Err)).hint("If the address is right, %s may not send to it: ask your mail provider.", e.From)
	}
	return failed("delivery", "%s", e.why(s.Err)).hint("The mail may have arrived all the same. Try again in a moment.")
}

// hostPort splits an address; port 0 is none.
func hostPort(address string) (host string, port uint16) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return host, 0
	}
	return host, uint16(n)
}
