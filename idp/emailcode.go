package idp

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// EmailCode is the kind of method by which people from outside sign in: a code that is sent
// to their mailbox.
const EmailCode Kind = "emailCode"

// EmailCodeName is what the sign-in log calls it.
const EmailCodeName = "Email one-time passcode"

const (
	// codeDigits is how many digits a code has.
	codeDigits = 8
	// GuestSession is how long a sign-in by a code lasts at most.
	GuestSession = 24 * time.Hour
	// ResendAfter is how long the same browser waits until it is sent another code.
	ResendAfter = 30 * time.Second
	// CodeRemembered is how long after its end a code is still told from a wrong one.
	CodeRemembered = 15 * time.Minute
)

// The bounds of how long a code is valid, in minutes.
const (
	LeastCodeLifetime    = 5
	GreatestCodeLifetime = 30
)

// Switch is on, off, or as it comes.
type Switch string

// The positions.
const (
	SwitchDefault  Switch = "default"
	SwitchEnabled  Switch = "enabled"
	SwitchDisabled Switch = "disabled"
)

// Switches are all positions.
var Switches = []Switch{SwitchDefault, SwitchEnabled, SwitchDisabled}

// EmailPolicy says which people from outside may sign in with a code by mail.
type EmailPolicy struct {
	Enabled       bool
	Guests        Switch // whether the method is for people from outside; by default it is
	Targets       Targets
	CodeLifetime  int  // minutes
	CodeInSubject bool // the code stands in the mail's subject, too, and so on locked screens
}

// DefaultEmailPolicy is what a new tenant has: codes for whoever comes from outside.
func DefaultEmailPolicy() EmailPolicy {
	return EmailPolicy{Enabled: true, Guests: SwitchDefault, Targets: everybody(), CodeLifetime: GreatestCodeLifetime}
}

// On tells whether anybody may sign in with a code.
func (p EmailPolicy) On() bool { return p.Enabled && p.Guests != SwitchDisabled }

// Bars tells why codes are not for a user, Offered if they are.
func (p EmailPolicy) Bars(u *User) Reason {
	switch {
	case !p.On():
		return MethodDisabled
	case !u.Type.External():
		return InsideUser
	case !p.Targets.Covers(u):
		return OutOfScope
	}
	return Offered
}

// CodeEnds is when a code that is sent now ends.
func (p EmailPolicy) CodeEnds(now time.Time) time.Time {
	return now.Add(time.Duration(p.CodeLifetime) * time.Minute)
}

// Validate checks the form of the policy.
func (p EmailPolicy) Validate() error {
	switch {
	case !slices.Contains(Switches, p.Guests):
		return Errorf(Invalid, "The value %q is none of default, enabled, disabled.", p.Guests)
	case p.CodeLifetime < LeastCodeLifetime || p.CodeLifetime > GreatestCodeLifetime:
		return Errorf(Invalid, "Invalid code lifetime %d: it must be between %d and %d minutes.", p.CodeLifetime, LeastCodeLifetime, GreatestCodeLifetime)
	}
	return p.Targets.Validate()
}

// NewEmailCode draws a code.
func NewEmailCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(emailCodes))
	if err != nil {
		panic("idp: " + err.Error()) // never: crypto/rand ends the process instead
	}
	return fmt.Sprintf("%0*d", codeDigits, n)
}

// emailCodes is how many codes there are.
const emailCodes = 100_000_000

// EmailCodeHash is what is kept of a code: it is too short for a plain hash. It is bound to
// the question that the code answers, and to the id of the mailbox that it was sent to:
// whose the question is may change with who is signed in.
func (k *Keyring) EmailCodeHash(tenant, mailbox, challenge, canonical string) []byte {
	return k.MAC("emailcode", tenant, mailbox, challenge, canonical)
}

// CanonicalEmailCode is the code that somebody typed, in any digits there are and grouped
// as they like; "" for what can be no code. It is idempotent.
func CanonicalEmailCode(typed string) string {
	if len(typed) > 200 {
		return ""
	}
	var b strings.Builder
	for _, r := range norm.NFKC.String(typed) {
		switch {
		case unicode.Is(unicode.Nd, r):
			b.WriteByte(digit(r))
		case unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r):
		default:
			return ""
		}
	}
	if b.Len() != codeDigits {
		return ""
	}
	return b.String()
}

// digit is a decimal digit of any script as one of ASCII: each script has its ten in a row,
// and a row begins where the one before it is no digit or ends a ten.
func digit(r rune) byte {
	for _, t := range unicode.Nd.R16 {
		if lo, hi := rune(t.Lo), rune(t.Hi); r >= lo && r <= hi {
			return '0' + byte((r-lo)%10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if lo, hi := rune(t.Lo), rune(t.Hi); r >= lo && r <= hi {
			return '0' + byte((r-lo)%10)
		}
	}
	return 0
}

// MaskedAddress is a mail address as it is shown to somebody who may not know it: what
// they typed, without what they may have mistyped.
func MaskedAddress(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok {
		return address
	}
	_, size := utf8.DecodeRuneInString(local)
	return local[:size] + "•••@" + domain
}
