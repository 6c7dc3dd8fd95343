package idp

import (
	"crypto/rand"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"latchkey/storage"
)

// TemporaryAccessPass is the kind of method a pass belongs to.
const TemporaryAccessPass Kind = "temporaryAccessPass"

// Pass is a Temporary Access Pass. A user has at most one, which the unique
// index on the user holds. Of the secret only a verifier is kept.
type Pass struct {
	PassID     string
	UserID     string
	CreatedAt  time.Time
	CreatedBy  string // name of the actor
	StartsAt   time.Time
	Lifetime   time.Duration
	Once       bool
	UsedAt     time.Time `json:",omitzero"` // first redemption of a one-time pass
	LastUsedAt time.Time `json:",omitzero"`
	Reason     string    `json:",omitzero"` // why it was given; the audit event says it too
	// ForPrivileged: whoever gave it may give passes to privileged people, and alone.
	ForPrivileged bool `json:",omitzero"`
	Verifier      Verifier
}

// Kind names the record.
func (*Pass) Kind() string { return "pass" }

// ID is the pass's GUID.
func (p *Pass) ID() string { return p.PassID }

// Indexes finds the one pass of a user.
func (p *Pass) Indexes() []storage.Index {
	return []storage.Index{{Name: "user", Value: p.UserID, Unique: true}}
}

// Owner is the user who holds it.
func (p *Pass) Owner() string { return p.UserID }

// EndsAt is the first moment at which the pass and all that came from it are over.
func (p *Pass) EndsAt() time.Time { return p.StartsAt.Add(p.Lifetime) }

// Usability is why a pass can or cannot be used, in the words of the Graph API.
type Usability string

// The reasons in the order they are looked at.
const (
	Expired          Usability = "Expired"
	OneTimeUsed      Usability = "OneTimeUsed"
	NotYetValid      Usability = "NotYetValid"
	DisabledByPolicy Usability = "DisabledByPolicy"
	EnabledByPolicy  Usability = "EnabledByPolicy"
)

// Usability says whether the pass can be used, and if not, why: first hit wins.
func (p *Pass) Usability(policy PassPolicy, u *User, now time.Time) Usability {
	switch {
	case !now.Before(p.EndsAt()):
		return Expired
	case p.Once && !p.UsedAt.IsZero():
		return OneTimeUsed
	case now.Before(p.StartsAt):
		return NotYetValid
	case policy.Bars(u) != Offered, policy.Once && !p.Once:
		return DisabledByPolicy
	}
	return EnabledByPolicy
}

// Refusal is what to tell who typed the right code of an unusable pass; nil if usable.
func (p *Pass) Refusal(why Usability) *Refusal {
	r := &Refusal{Detail: string(why)}
	switch why {
	case EnabledByPolicy:
		return nil
	case Expired:
		r.Told = PassExpired
	case OneTimeUsed:
		r.Told = PassUsed
	case NotYetValid:
		r.Told, r.Start = PassNotYet, p.StartsAt
	default:
		r.Told = PassBlocked
	}
	r.Logged = r.Told
	return r
}

// Redeem records a use, or tells why the pass cannot be used. Of parallel uses of
// a one-time pass one gets nil.
func (p *Pass) Redeem(policy PassPolicy, u *User, now time.Time) *Refusal {
	if r := p.Refusal(p.Usability(policy, u, now)); r != nil {
		return r
	}
	if p.Once {
		p.UsedAt = now
	}
	p.LastUsedAt = now
	return nil
}

// PassRequest is what an administrator asks for; zero values mean the policy's.
type PassRequest struct {
	StartsAt time.Time // zero: now
	Lifetime int       // minutes; 0: the policy's default
	Once     *bool     // nil: as the policy says
	Reason   string
	Actor    string
	Form     string // what it was asked for with, which makes one pass only; "": nothing that could be sent again
}

// The latest a pass may start, so that nobody has to reckon with centuries.
const maxPassDelay = 365 * 24 * time.Hour

// LifetimeError refuses a lifetime that the policy does not have, in the text that other
// software matches on. Minutes.
type LifetimeError struct{ Least, Greatest int }

func (e *LifetimeError) Error() string { return e.Unwrap().Error() }

// Unwrap is the answer for everybody.
func (e *LifetimeError) Unwrap() error {
	return Errorf(Invalid, "Invalid LifetimeInMinutes specified. The valid range between %d and %d.", e.Least, e.Greatest)
}

// Check tells why the policy does not allow the pass for the user, in texts
// that other software matches on.
func (req PassRequest) Check(policy PassPolicy, u *User, now time.Time) error {
	req = req.completed(policy, now)
	switch {
	case u.Type.External():
		return Errorf(Invalid, "Temporary Access Pass cannot be added to an external guest user.")
	case !policy.Enabled:
		return Errorf(Invalid, "Converged UserCredentialPolicy does not allow creating or updating this authentication method. AuthMethodType [TemporaryAccessPass].")
	case req.Lifetime < policy.MinimumLifetime || req.Lifetime > policy.MaximumLifetime:
		return &LifetimeError{policy.MinimumLifetime, policy.MaximumLifetime}
	case policy.Once && !*req.Once:
		return Errorf(Invalid, "The policy of this organization allows one-time passes only.")
	case req.StartsAt.Before(now.Add(-time.Minute)):
		return Errorf(Invalid, "The start %s lies in the past.", req.StartsAt.UTC().Format(time.RFC3339))
	case req.StartsAt.After(now.Add(maxPassDelay)):
		return Errorf(Invalid, "The start %s is more than a year away.", req.StartsAt.UTC().Format(time.RFC3339))
	case len(req.Reason) > 1024 || !utf8.ValidString(req.Reason) || strings.ContainsFunc(req.Reason, unicode.IsControl):
		return Errorf(Invalid, "The reason may have at most 1,024 bytes, without control characters.")
	}
	return nil
}

// completed puts the policy's values where the request has none.
func (req PassRequest) completed(policy PassPolicy, now time.Time) PassRequest {
	if req.Lifetime == 0 {
		req.Lifetime = policy.DefaultLifetime
	}
	if req.StartsAt.IsZero() {
		req.StartsAt = now
	}
	if req.Once == nil {
		req.Once = &policy.Once
	}
	return req
}

// NewPass makes the pass if Check allows it, with its secret, which is not kept
// anywhere.
func NewPass(keys *Keyring, tenant string, policy PassPolicy, u *User, req PassRequest, now time.Time) (*Pass, string, error) {
	if err := req.Check(policy, u, now); err != nil {
		return nil, "", err
	}
	req = req.completed(policy, now)
	p := &Pass{
		PassID: NewID(), UserID: u.UserID, CreatedAt: now, CreatedBy: req.Actor, Reason: req.Reason,
		StartsAt: req.StartsAt.UTC(), Lifetime: time.Duration(req.Lifetime) * time.Minute, Once: *req.Once,
	}
	secret := newPassCode(policy.Length)
	p.Verifier = keys.NewVerifier(tenant, p.UserID, p.Kind(), p.PassID, CanonicalPassCode(secret))
	return p, GroupPassCode(secret), nil
}

// passAlphabet has 32 symbols, five bits each. I, L and O are missing because
// they are read as 1 and 0, which CanonicalPassCode undoes; U spares us words.
const passAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func newPassCode(length int) string {
	b := make([]byte, length)
	rand.Read(b) // never fails: crypto/rand ends the process instead
	for i := range b {
		b[i] = passAlphabet[b[i]&31]
	}
	return string(b)
}

// GroupPassCode puts a hyphen after every four symbols.
func GroupPassCode(code string) string {
	var b strings.Builder
	for i, r := range code {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// CanonicalPassCode undoes what people and keyboards do to a code: case, width,
// spaces, hyphens, O for 0, I and L for 1. It answers "" for what can be no code.
// It is idempotent.
func CanonicalPassCode(typed string) string {
	if len(typed) > 512 {
		return ""
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(norm.NFKC.String(typed)) {
		switch {
		case r == 'O':
			r = '0'
		case r == 'I' || r == 'L':
			r = '1'
		case strings.ContainsRune(" \t\r\n-\u2010\u2011\u2012\u2013\u2014\u2212\u00ad\u200b", r):
			continue
		}
		if r > 'Z' || !strings.ContainsRune(passAlphabet, r) {
			return ""
		}
		b.WriteRune(r)
	}
	if b.Len() > GreatestPassLength {
		return ""
	}
	return b.String()
}

// HeldPass reads the pass of a user, if there is one.
func HeldPass(tx *storage.Tx, userID string) ([]Credential, error) {
	p, err := Optional(storage.Lookup[Pass](tx, "user", userID))
	if p == nil || err != nil {
		return nil, err
	}
	return []Credential{p}, nil
}

// Remove deletes the pass and ends what came from it.
func (p *Pass) Remove(tx *storage.Tx, now time.Time) error { return removeCredential(tx, p, now) }
