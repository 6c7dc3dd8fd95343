package authmethods

import (
	"context"
	"crypto/subtle"
	"strconv"
	"time"

	"latchkey/idp"
)

// emailCode is the one-time passcode by mail, for people from outside who have nothing else:
// one factor, and never more.
type emailCode struct {
	keys  *idp.Keyring
	mails bool // the deployment sends mail
}

func (emailCode) Info() idp.Info {
	return idp.Info{
		Kind: idp.EmailCode, Name: idp.EmailCodeName, ACRs: []string{idp.ACREmail}, Source: idp.SourceMail,
		Again: "code.used", Held: idp.HeldMailbox,
	}
}

func (m emailCode) Offer(s idp.Subject) idp.Reason {
	able := idp.Offered
	if !m.mails {
		able = idp.NoMail
	}
	switch {
	case s.User == nil && able == idp.Offered && !s.Policy.Email.On():
		return idp.MethodDisabled
	case s.User == nil:
		return able
	case s.User.Type.External() && len(s.Credentials) == 0:
		return idp.NoCredential
	}
	return idp.RedemptionOf(s.Policy, s.User, s.Doors, able).Of(idp.SourceMail)
}

// Begin tells everybody when nobody can have a code here.
func (m emailCode) Begin(_ context.Context, s idp.Subject) (idp.Prompt, error) {
	anybody := s
	anybody.User, anybody.Credentials = nil, nil
	if m.Offer(anybody) != idp.Offered {
		return idp.Prompt{Page: "email-off"}, nil
	}
	p := idp.Prompt{Page: "email-send"}
	if s.Known && len(s.Credentials) > 0 {
		p.Fields = map[string]string{"to": mailboxOf(s).Address}
	}
	return p, nil
}

// Deliver draws a code, and the question for it.
func (m emailCode) Deliver(s idp.Subject, challenge string) (string, idp.Prompt) {
	code := idp.NewEmailCode()
	ends := s.Policy.Email.CodeEnds(s.Now)
	return code, idp.Prompt{
		Page:   "email-code",
		Fields: map[string]string{"challenge": challenge, "ends": strconv.FormatInt(ends.Unix(), 10)},
		Secret: m.keys.EmailCodeHash(s.Tenant.TenantID, mailboxIDOf(s), challenge, code),
	}
}

// Verify costs the same whether or not there is such a user. Who types the right code too
// late is told so.
func (m emailCode) Verify(_ context.Context, s idp.Subject, p idp.Prompt, a idp.Answer) (idp.Verdict, error) {
	code := idp.CanonicalEmailCode(a["code"])
	hash := m.keys.EmailCodeHash(s.Tenant.TenantID, mailboxIDOf(s), p.Fields["challenge"], code)
	right := subtle.ConstantTimeCompare(hash, p.Secret) == 1 && code != ""
	refusal := &idp.Refusal{Told: idp.EmailCodeWrong, Logged: idp.EmailCodeWrong, Detail: "wrong code", Wrong: true}
	ends, err := strconv.ParseInt(p.Fields["ends"], 10, 64)
	switch {
	case len(p.Secret) == 0 || err != nil:
		refusal.Detail = "no code was sent"
		return idp.Verdict{}, refusal
	case s.User == nil:
		refusal.Detail = string(idp.UnknownUser)
		return idp.Verdict{}, refusal
	case !right:
		return idp.Verdict{}, refusal
	case !s.Now.Before(time.Unix(ends, 0)):
		return idp.Verdict{}, &idp.Refusal{Told: idp.EmailCodeExpired, Logged: idp.EmailCodeExpired, Detail: "right code, too late"}
	}
	if r := m.refuses(s); r != nil {
		return idp.Verdict{}, r
	}
	proof := idp.Proof{
		Method: idp.EmailCode, Credential: mailboxOf(s).MailboxID, At: s.Now,
		NotAfter: s.Now.Add(idp.GuestSession), EndsAs: idp.EmailCodeExpired,
		AMR: []string{"otp"}, ACR: idp.ACREmail,
	}
	return idp.Verdict{
		Proof: proof, Settle: m.settle,
		Gone: &idp.Refusal{Told: idp.EmailCodeWrong, Logged: idp.EmailCodeWrong, Detail: gone},
	}, nil
}

// settle looks at user and policy again as they are when the session is stored.
func (m emailCode) settle(s idp.Subject, _ idp.Credential) error {
	if r := m.refuses(s); r != nil {
		return r
	}
	return nil
}

// refuses tells why somebody with the right code is not let in, nil if they are.
func (m emailCode) refuses(s idp.Subject) *idp.Refusal {
	switch why := m.Offer(s); why {
	case idp.Offered:
		return nil
	case idp.MethodDisabled:
		return &idp.Refusal{Told: idp.EmailCodesOff, Logged: idp.EmailCodesOff, Detail: string(why)}
	default:
		return &idp.Refusal{Told: idp.EmailCodeWrong, Logged: idp.EmailCodeWrong, Detail: string(why)}
	}
}

func mailboxOf(s idp.Subject) *idp.Mailbox { return s.Credentials[0].(*idp.Mailbox) }

// mailboxIDOf is as long where there is none: what follows from it takes as long then.
func mailboxIDOf(s idp.Subject) string {
	if len(s.Credentials) == 0 {
		return "00000000-0000-0000-0000-000000000000"
	}
	return s.Credentials[0].ID()
}
