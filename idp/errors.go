package idp

import (
	"errors"
	"fmt"
	"time"
)

// Code is the kind of an Error; every surface maps it once to its own status.
type Code string

// The kinds of errors people and programs are told about.
const (
	Invalid   Code = "invalid"   // the request is wrong; the message says what to change
	NotFound  Code = "notFound"  // nothing by that name
	Conflict  Code = "conflict"  // exists already, or changed meanwhile
	Forbidden Code = "forbidden" // this actor may not
	TooMany   Code = "tooMany"   // wait and try again
	Internal  Code = "internal"  // our fault; details are logged, not shown
)

// Error is an answer meant for people: constant text, no cause, no secret.
type Error struct {
	Code    Code
	Message string
	// Kind and Name are what a NotFound error did not find, where that is known.
	Kind, Name string
}

// NoSuch is the NotFound error about a thing of a kind that a record or a Party has.
func NoSuch(kind, name, format string, args ...any) *Error {
	return &Error{Code: NotFound, Message: fmt.Sprintf(format, args...), Kind: kind, Name: name}
}

func (e *Error) Error() string { return e.Message }

// Errorf makes an Error.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ErrorCode is the kind of the first Error in err's chain, Internal for what is none.
func ErrorCode(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// STS is one of the AADSTS numbers that people and software look up.
type STS int

// ErrStepUp: the person may, once they have proved more than one factor anew.
var ErrStepUp = Errorf(Forbidden, "Sign in again with a pass, a passkey or a device first: this needs a strong sign-in of the last 5 minutes.")

// The numbers in use. The texts are below.
const (
	PhoneBlocked      STS = 130500
	PhoneDenied       STS = 500121
	PassBlocked       STS = 130502
	PassWrong         STS = 130503
	PassExpired       STS = 130504
	PassUsed          STS = 130505
	PassNotFound      STS = 130507
	UserDisabled      STS = 50057
	PasswordWrong     STS = 50126
	StrongerNeeded    STS = 50076
	UserLocked        STS = 50053
	NoSession         STS = 50058
	EmailCodeExpired  STS = 50182
	EmailCodeWrong    STS = 50184
	EmailCodeUnsent   STS = 50185
	EmailCodesOff     STS = 500346
	GuestPending      STS = 50014
	GrantRevoked      STS = 50173
	GrantExpired      STS = 70008
	CodeRedeemed      STS = 54005
	ConsentMissing    STS = 65001
	ConsentDeclined   STS = 65004
	ClientUnknown     STS = 700016
	RedirectUnknown   STS = 50011
	ClientSecretWrong STS = 7000215
)

// PassNotYet has no number of its own in the original; the log and the page
// tell it apart from PassBlocked by its text.
const PassNotYet STS = PassBlocked

var stsTexts = map[STS]string{
	PhoneDenied:       "Authentication failed during strong authentication request.",
	PhoneBlocked:      "Phone sign in was blocked due to User Credential Policy.",
	PassBlocked:       "Temporary Access Pass sign in was blocked due to User Credential Policy.",
	PassWrong:         "Your Temporary Access Pass is incorrect. If you don't know your pass, contact your administrator.",
	PassExpired:       "Your Temporary Access Pass has expired. Contact your administrator to obtain a new pass.",
	PassUsed:          "Your one-time Temporary Access Pass has been redeemed. Contact your admin to get a new pass.",
	PassNotFound:      "An access pass could not be found or verified for the user.",
	UserDisabled:      "The user account is disabled.",
	PasswordWrong:     "Error validating credentials due to invalid username or password.",
	StrongerNeeded:    "A stronger sign-in method is needed to go on.",
	UserLocked:        "Sign-in is paused after too many wrong attempts.",
	NoSession:         "There is no session to sign in with silently.",
	EmailCodeExpired:  "The one-time passcode has expired. Ask for a new one.",
	EmailCodeWrong:    "The one-time passcode is incorrect, or there is none to compare it with.",
	EmailCodeUnsent:   "The e-mail with the one-time passcode could not be delivered.",
	EmailCodesOff:     "One-time passcodes by e-mail are turned off in this organization.",
	GuestPending:      "The guest has not accepted the invitation yet.",
	GrantRevoked:      "The grant was revoked. Sign in again.",
	GrantExpired:      "The code or refresh token has expired or is not known.",
	CodeRedeemed:      "The code was redeemed before.",
	ConsentMissing:    "The user has not consented to this application.",
	ConsentDeclined:   "The user declined to consent to this application.",
	ClientUnknown:     "The application is not registered with this organization.",
	RedirectUnknown:   "The redirect URI is not registered for this application.",
	ClientSecretWrong: "The client authentication is wrong.",
}

// Text is the sentence that goes with the number.
func (s STS) Text() string { return stsTexts[s] }

// String is the number and its text as the protocol's error_description shows them.
func (s STS) String() string { return fmt.Sprintf("AADSTS%d: %s", int(s), s.Text()) }

// Refusal is a sign-in, or a registration of a method, that was not accepted. Told is what
// the person learns, Logged what the sign-in log records: who types a wrong code must not
// learn whether there was a pass at all.
type Refusal struct {
	Told   STS
	Logged STS
	Detail string    // for the log: the exact reason, no secret
	Start  time.Time // when a pass that is not yet valid begins
	Wrong  bool      // the answer was wrong: another try may succeed
	// Problem is what the person learns where there is no number for it: the key of a text.
	Problem string
	// Unknown is the id of a WebAuthn credential that the tenant does not know, base64url.
	Unknown string
	// Suspect is the id of a credential that must not be accepted any more.
	Suspect string
}

func (r *Refusal) Error() string {
	if r.Logged == 0 {
		return r.Problem + ": " + r.Detail
	}
	return r.Logged.String() + " " + r.Detail
}
