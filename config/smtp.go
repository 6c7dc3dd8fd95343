package config

import (
	"net/mail"
	"slices"
	"strings"
)

// SMTP says how mail is sent. Without an address none is.
type SMTP struct {
	Address  string // host:port of the server that takes mail; empty = off
	Username string // both or none
	Password Secret
	TLS      string // one of SMTPTLS
	From     string // address in every mail's From
}

// Enabled reports whether mail is sent.
func (s SMTP) Enabled() bool { return s.Address != "" }

// How the connection to the server is protected: on the way after a greeting, from its
// first byte, or not at all.
const (
	SMTPStartTLS = "starttls"
	SMTPOverTLS  = "tls"
	SMTPPlain    = "none"
)

var smtpTLS = [...]string{SMTPStartTLS, SMTPOverTLS, SMTPPlain}

func (s SMTP) rules() []rule {
	return []rule{
		{s.Enabled() && !isServer(s.Address), "smtp_address", "is not host:port: write an address such as smtp.example:587, or leave it empty to send no mail"},
		{s.Username == "" && s.Password.Reveal() != "", "smtp_username", "is missing beside smtp_password: set both or none"},
		{s.Username != "" && s.Password.Reveal() == "", "smtp_password", "is missing beside smtp_username: set both or none"},
		{!slices.Contains(smtpTLS[:], s.TLS), "smtp_tls", "is not a way to protect mail: use " + oneOf(smtpTLS[:])},
		{s.TLS == SMTPPlain && isServer(s.Address) && !isLoopback(hostOf(s.Address)), "smtp_tls", "sends mail in the clear to another machine: use " + oneOf(smtpTLS[:2])},
		{s.Enabled() && s.From == "", "smtp_from", "is missing beside smtp_address: set the address that mail comes from, such as no-reply@login.example"},
		{s.From != "" && !isAddress(s.From), "smtp_from", "is not a mail address: write one alone, such as no-reply@login.example"},
	}
}

// isServer accepts host:port of a server to connect to.
func isServer(address string) bool {
	return isHostPort(address) && hostOf(address) != "" && portOf(address) != "0"
}

// isAddress accepts a mail address by itself, at a domain that mail can come from.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && isHost(s[strings.LastIndex(s, "@")+1:])
}
