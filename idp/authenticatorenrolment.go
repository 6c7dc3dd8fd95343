package idp

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"latchkey/storage"
)

// AuthenticatorEnrolment is an invitation for one device of a user: a token in a link, or a code that
// is typed, lets it show its keys, and then the person confirms on the screen where it began
// that it is the one in their hand.
type AuthenticatorEnrolment struct {
	EnrolmentID string
	UserID      string
	SessionID   string // in which it began; "": an operator invited, who need not confirm
	Token       string // hash
	Code        []byte // keyed hash
	Tries       int    // of the code
	Nonce       []byte // the challenge of what the device makes
	Handle      []byte // the user handle it is made with, unless it becomes a passkey too
	// Authenticator and Passkey are what has shown itself and is not confirmed yet.
	Authenticator *Authenticator `json:",omitzero"`
	Passkey       *Passkey       `json:",omitzero"`
	State         EnrolmentState
	CreatedAt     time.Time
	Ends          time.Time
}

// EnrolmentState is what became of an enrolment.
type EnrolmentState string

// The states.
const (
	EnrolmentOpen      EnrolmentState = "open"
	EnrolmentShown     EnrolmentState = "shown" // waits to be confirmed
	EnrolmentAdded     EnrolmentState = "added"
	EnrolmentCancelled EnrolmentState = "cancelled"
	EnrolmentExpired   EnrolmentState = "expired"
)

// EnrolmentToken is the bearer secret of an enrolment's link.
const EnrolmentToken TokenKind = "en_"

// Bounds of enrolments.
const (
	DeviceEnrolmentLifetime = 10 * time.Minute
	MaxEnrolmentTries       = 5 // of a typed code
	enrolmentCode           = 10
)

// Kind names the record.
func (*AuthenticatorEnrolment) Kind() string { return "authenticatorenrolment" }

// ID is the enrolment's GUID.
func (e *AuthenticatorEnrolment) ID() string { return e.EnrolmentID }

// Indexes finds those of a user, the one with a token, and the one of a key that waits.
func (e *AuthenticatorEnrolment) Indexes() []storage.Index {
	x := []storage.Index{{Name: "user", Value: e.UserID}, {Name: "token", Value: e.Token, Unique: true}}
	if e.State == EnrolmentShown && e.Authenticator != nil {
		x = append(x, storage.Index{Name: "key", Value: e.Authenticator.Thumbprint, Unique: true})
	}
	return x
}

// ExpiresAt lets the sweeper remove it.
func (e *AuthenticatorEnrolment) ExpiresAt() time.Time { return e.Ends.Add(DeviceEnrolmentLifetime) }

// NewAuthenticatorEnrolment is one for a user, which ends by a time, with its token and its code; both
// are there once.
func NewAuthenticatorEnrolment(keys *Keyring, tenant, user, session string, now, by time.Time) (e *AuthenticatorEnrolment, token, code string) {
	e = &AuthenticatorEnrolment{
		EnrolmentID: NewID(), UserID: user, SessionID: session, State: EnrolmentOpen,
		Nonce: make([]byte, 32), Handle: make([]byte, 32), CreatedAt: now, Ends: now.Add(DeviceEnrolmentLifetime),
	}
	if !by.IsZero() && by.Before(e.Ends) {
		e.Ends = by
	}
	rand.Read(e.Nonce) // never fails: crypto/rand ends the process instead
	rand.Read(e.Handle)
	token = NewToken(EnrolmentToken)
	code = newPassCode(enrolmentCode)
	e.Token, e.Code = HashToken(EnrolmentToken, token), e.hash(keys, tenant, code)
	return e, token, code
}

func (e *AuthenticatorEnrolment) hash(keys *Keyring, tenant, code string) []byte {
	return keys.MAC("authenticator-enrolment", tenant, e.EnrolmentID, code)
}

// Try compares a typed code, of which so many are looked at. The caller stores the enrolment.
func (e *AuthenticatorEnrolment) Try(keys *Keyring, tenant, typed string) bool {
	if e.Tries >= MaxEnrolmentTries {
		return false
	}
	e.Tries++
	return subtle.ConstantTimeCompare(e.Code, e.hash(keys, tenant, CanonicalPassCode(typed))) == 1
}

// Show keeps the keys that a device has shown, until they are confirmed.
func (e *AuthenticatorEnrolment) Show(d *Authenticator, p *Passkey) {
	e.Authenticator, e.Passkey, e.State = d, p, EnrolmentShown
}

// Add gives the user the device that has shown itself, and the passkey that it is as well. A key
// or credential that somebody has already is an error.
func (e *AuthenticatorEnrolment) Add(tx *storage.Tx, now time.Time) error {
	d, p := e.Authenticator, e.Passkey
	d.CreatedAt, d.SeenAt = now, now
	e.State, e.Authenticator, e.Passkey = EnrolmentAdded, nil, nil
	err := errors.Join(tx.Put(e), tx.Insert(d))
	if p != nil {
		p.CreatedAt = now
		err = errors.Join(err, tx.Insert(p))
	}
	e.Authenticator, e.Passkey = d, p
	if errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrExists) {
		return Errorf(Conflict, "The device or its passkey is registered already.")
	}
	return err
}

// StateAt is what became of the enrolment by now.
func (e *AuthenticatorEnrolment) StateAt(now time.Time) EnrolmentState {
	if (e.State == EnrolmentOpen || e.State == EnrolmentShown) && !now.Before(e.Ends) {
		return EnrolmentExpired
	}
	return e.State
}

// CheckValue is what both screens show: four digits that follow from the nonce and the key of
// the device (its thumbprint).
func (e *AuthenticatorEnrolment) CheckValue(thumbprint string) string {
	h := sha256.Sum256([]byte(base64.RawURLEncoding.EncodeToString(e.Nonce) + "." + thumbprint))
	return fmt.Sprintf("%04d", binary.BigEndian.Uint32(h[:4])%10000)
}
