package idp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"time"

	"latchkey/storage"
)

// RequestState is what became of a request.
type RequestState string

// The states. A request that is pending after its end has expired; of the others, only an
// approved one goes on.
const (
	RequestPending    RequestState = "pending"
	RequestApproved   RequestState = "approved"
	RequestConsumed   RequestState = "consumed"
	RequestDenied     RequestState = "denied"
	RequestLocked     RequestState = "locked" // too many wrong answers
	RequestExpired    RequestState = "expired"
	RequestSuperseded RequestState = "superseded"
	RequestCancelled  RequestState = "cancelled"
)

// What a request is for.
const (
	PurposeSignin = "signin"
	PurposeStepUp = "stepup"
)

// Why a device denies.
const (
	DeniedNotMe     = "not_me"
	DeniedCancelled = "cancelled"
)

// FinishWithin is how long after the approval the browser that asked may go on.
const FinishWithin = time.Minute

// SignInRequest asks a user on their devices whether it is they who sign in in a browser. Who
// answers shows by a number that they see that browser's page. One answer decides.
type SignInRequest struct {
	RequestID string
	UserID    string // or the key of a decoy
	// Decoy: nobody is asked, or, with challenges, nobody is any more. It is there so that names
	// that nobody has, people without a device, and those who are just signing in elsewhere look
	// alike.
	Decoy    bool `json:",omitzero"`
	Purpose  string
	State    RequestState
	Browser  string // hash of the cookie of the browser that asked
	Known    bool   // that browser has signed the user in before
	Throttle string `json:",omitzero"` // by whose key the prompt was counted
	Context  RequestContext
	Mode     AskMode
	Page     AskMode // how the page says that it is asked: a number may have to be typed that it says is picked
	Digits   int
	Choices  []string `json:",omitzero"` // for AskPick
	// Sealed is what has to be answered: only the page that asks shows it.
	Sealed   string
	Nonce    string // base64url
	Tries    int    // wrong answers so far
	MaxTries int
	// Challenges are what each device was sent, by its id: a signed JWS.
	Challenges      map[string]string `json:",omitzero"`
	Reason          string            `json:",omitzero"` // of a denial
	AuthenticatorID string            `json:",omitzero"` // which decided
	Evidence        Evidence          `json:",omitzero"`
	CreatedAt       time.Time
	Ends            time.Time
	DecidedAt       time.Time `json:",omitzero"`
}

// RequestContext is what a device shows of who asks.
type RequestContext struct {
	App     string // name of the app, or of the organization for its own pages
	Origin  string // where the person goes on to
	Address string // of the browser
	Browser string // "Firefox", "" if not known
	System  string // "Windows", likewise
}

// Evidence is what a device has signed, as it came: with the public keys it shows later what
// was displayed, what was decided, and that the holder was verified.
type Evidence struct {
	Challenge, Response string // compact JWS
	Assertion           string `json:",omitzero"` // of WebAuthn, JSON
	Key                 []byte `json:",omitzero"` // of the device, a JWK
	PublicKey           []byte `json:",omitzero"` // of the verifier, COSE
}

// requestKept is how long a decided request stays, as evidence.
const requestKept = PassingKept

// pickOf is how many numbers there are to pick from.
const pickOf = 3

// Kind names the record.
func (*SignInRequest) Kind() string { return "signinrequest" }

// ID is the request's GUID.
func (r *SignInRequest) ID() string { return r.RequestID }

// Indexes finds the requests of a user, and those among them that nobody has answered.
func (r *SignInRequest) Indexes() []storage.Index {
	x := []storage.Index{{Name: "user", Value: r.UserID}}
	if r.State == RequestPending {
		x = append(x, storage.Index{Name: "pending", Value: r.UserID})
	}
	return x
}

// ExpiresAt lets the sweeper remove it.
func (r *SignInRequest) ExpiresAt() time.Time {
	if r.DecidedAt.IsZero() || r.Decoy {
		return r.Ends.Add(ChallengeLifetime)
	}
	return r.DecidedAt.Add(requestKept)
}

const requestPurpose = "sign-in-request"

// NewSignInRequest asks for a user in a mode, under a policy.
func NewSignInRequest(keys *Keyring, tenant, user string, p AuthenticatorPolicy, mode AskMode, now time.Time) *SignInRequest {
	r := &SignInRequest{
		RequestID: NewID(), UserID: user, Purpose: PurposeSignin, State: RequestPending, Mode: mode, Page: mode,
		Digits: p.Digits, MaxTries: p.Tries, CreatedAt: now, Ends: now.Add(time.Duration(p.Lifetime) * time.Second),
	}
	if mode == AskPick {
		r.MaxTries = 1
	}
	r.draw(keys, tenant)
	return r
}

// draw makes what has to be answered, and voids what devices were sent.
func (r *SignInRequest) draw(keys *Keyring, tenant string) {
	r.Nonce, r.Challenges = random(), nil
	secret := ""
	switch r.Mode {
	case AskScan:
		var b [16]byte
		rand.Read(b[:]) // never fails: crypto/rand ends the process instead
		secret = base64.RawURLEncoding.EncodeToString(b[:])
	case AskPick:
		r.Choices = nil
		for len(r.Choices) < pickOf {
			if n := drawDigits(r.Digits); !slices.Contains(r.Choices, n) {
				r.Choices = append(r.Choices, n)
			}
		}
		secret = r.Choices[below(pickOf)]
	default:
		secret = drawDigits(r.Digits)
	}
	r.Sealed = keys.Seal(requestPurpose, tenant, r.RequestID, []byte(secret))
}

// drawDigits is a number of so many digits, each as likely.
func drawDigits(n int) string {
	top := 1
	for range n {
		top *= 10
	}
	return fmt.Sprintf("%0*d", n, below(top))
}

func below(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic("idp: " + err.Error()) // crypto/rand never fails
	}
	return int(i.Int64())
}

// Secret is what has to be answered: for the page in the browser that asked, and nobody else.
func (r *SignInRequest) Secret(keys *Keyring, tenant string) string {
	plain, err := keys.Open(requestPurpose, tenant, r.RequestID, r.Sealed)
	if err != nil {
		return ""
	}
	return string(plain)
}

// StateAt is what became of the request by now.
func (r *SignInRequest) StateAt(now time.Time) RequestState {
	switch {
	case r.State == RequestPending && !now.Before(r.Ends):
		return RequestExpired
	case r.State == RequestApproved && !now.Before(r.DecidedAt.Add(FinishWithin)):
		return RequestExpired
	}
	return r.State
}

// Left is how many wrong answers there may still be.
func (r *SignInRequest) Left() int { return r.MaxTries - r.Tries }

// Answer compares what a device was told with what the page shows. After a wrong answer there
// is something new to show, one digit longer, so that guessing on is hardly worth it; after too
// many, nothing. The caller has seen that the request is pending.
func (r *SignInRequest) Answer(keys *Keyring, tenant, given string, now time.Time) bool {
	secret := r.Secret(keys, tenant)
	if secret != "" && subtle.ConstantTimeCompare([]byte(secret), []byte(given)) == 1 {
		return true
	}
	if r.Tries++; r.Left() <= 0 {
		r.end(RequestLocked, now)
		return false
	}
	if r.Mode == AskType && r.Tries == 1 {
		r.Digits++
	}
	r.draw(keys, tenant)
	return false
}

// Approve lets the browser go on that asked.
func (r *SignInRequest) Approve(device string, now time.Time) {
	r.AuthenticatorID = device
	r.end(RequestApproved, now)
}

// Deny ends the request for a reason.
func (r *SignInRequest) Deny(device, reason string, now time.Time) {
	r.AuthenticatorID, r.Reason = device, reason
	r.end(RequestDenied, now)
}

// Drop ends a request that nobody has answered; false if it had ended before.
func (r *SignInRequest) Drop(state RequestState, now time.Time) bool {
	if r.StateAt(now) != RequestPending {
		return false
	}
	r.end(state, now)
	return true
}

func (r *SignInRequest) end(state RequestState, now time.Time) {
	r.State, r.DecidedAt = state, now
}

// Consume is for the browser that asked, once.
func (r *SignInRequest) Consume(now time.Time) bool {
	if r.StateAt(now) != RequestApproved {
		return false
	}
	r.State = RequestConsumed
	return true
}

// SameNetwork tells whether two addresses are of one network, as far as anybody can tell from
// outside.
func SameNetwork(a, b string) bool {
	_, err := netip.ParseAddr(a)
	return err == nil && Network(a) == Network(b)
}

// PendingRequests are those of a user that nobody has answered, oldest first.
func PendingRequests(tx *storage.Tx, userID string, now time.Time) ([]*SignInRequest, error) {
	all, _, err := storage.List[SignInRequest](tx, "pending", userID, storage.Page{})
	all = slices.DeleteFunc(all, func(r *SignInRequest) bool { return r.StateAt(now) != RequestPending })
	slices.SortFunc(all, func(a, b *SignInRequest) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all, err
}

// The limits of prompts: a browser that nobody knows may not make somebody's phone ring at will.
// A request that is approved does not count.
var (
	StrangerPrompts = []Limit{{Most: 3, In: 10 * time.Minute}, {Most: 10, In: 24 * time.Hour}}
	NetworkPrompts  = []Limit{{Most: 60, In: 10 * time.Minute}}
	KnownPrompts    = []Limit{{Most: 10, In: 10 * time.Minute}, {Most: 100, In: 24 * time.Hour}}
)

// WrongNumbers are how many a user may have before nobody is asked for them, for as long as the
// pause.
var WrongNumbers = []Limit{{Most: 10, In: time.Hour}}

// WrongNumbersPause is that pause.
const WrongNumbersPause = 15 * time.Minute

// NumbersPaused names the pause for Block.
func NumbersPaused(userID string) []string { return []string{"wrong-numbers", userID} }

// NotMeBrowser and NotMeNetwork name what is kept from asking a user (see Block).
func NotMeBrowser(userID, browser string) []string {
	return []string{"not-me", userID, "browser", browser}
}

// NotMeNetwork is NotMeBrowser for the network of an address.
func NotMeNetwork(userID, address string) []string {
	return []string{"not-me", userID, "network", Network(address)}
}

// PromptBlocked is how long somebody who was told "it's not me" can ask that user for nothing.
const PromptBlocked = time.Hour
