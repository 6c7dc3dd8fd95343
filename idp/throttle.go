package idp

import (
	"time"

	"latchkey/storage"
)

// Throttle bounds the answers that are looked at for one user in one context:
// all unknown browsers together, or a group of those that have signed in before. It
// is a generic cell rate limiter plus a count of failures in a row. The key
// belongs to the user, never to a credential or a challenge: a new pass, a new
// try, a new address change nothing.
type Throttle struct {
	Key string
	// TAT is the theoretical arrival time of the next answer.
	TAT time.Time
	// Streaks are kept by method, or wrong answers to one would hide those to another.
	Streaks map[Kind]Streak `json:",omitzero"`
}

// Streak is how many failures there were in a row, against the credentials named by Held.
type Streak struct {
	Failures int
	Held     string
}

// A burst of five and then one every twelve minutes: at most ten in any hour and
// 125 in a day. Against 32^8 passes that is a chance of 1.1e-10 a day.
const (
	ThrottleBurst    = 5
	ThrottleInterval = 12 * time.Minute
	// MaxFailures in a row end an authenticator (NIST SP 800-63B-4 3.2.2); a new
	// credential from an administrator is the way back.
	MaxFailures = 100
)

// Kind names the record.
func (*Throttle) Kind() string { return "throttle" }

// ID is the key.
func (t *Throttle) ID() string { return t.Key }

// Indexes has none.
func (*Throttle) Indexes() []storage.Index { return nil }

// ExpiresAt is when the limiter is full again; a count of failures in a row is
// kept for as long as it may still matter. It is kept alike where nothing is held,
// or whoever keeps guessing learns by the hard stop who holds a pass.
func (t *Throttle) ExpiresAt() time.Time {
	for _, s := range t.Streaks {
		if s.Failures > 0 {
			return t.TAT.Add(GreatestPassLifetime * time.Minute)
		}
	}
	return t.TAT
}

// Spend reserves one answer before it is looked at, so that parallel guesses
// cannot overshoot. When it refuses, wait is how long until the next answer; 0
// means that these credentials are not looked at any more.
func (t *Throttle) Spend(now time.Time, method Kind, held string) (ok bool, wait time.Duration) {
	s := t.Streaks[method]
	if s.Held != held {
		s = Streak{Held: held}
	}
	if s.Failures >= MaxFailures {
		return false, 0
	}
	tat := t.TAT
	if tat.Before(now) {
		tat = now
	}
	if over := tat.Sub(now) - (ThrottleBurst-1)*ThrottleInterval; over > 0 {
		return false, over
	}
	t.TAT = tat.Add(ThrottleInterval)
	t.streak(method, s.Failures+1, held)
	return true, 0
}

// Refund gives back what a right answer reserved.
func (t *Throttle) Refund(method Kind) {
	t.TAT = t.TAT.Add(-ThrottleInterval)
	t.streak(method, 0, t.Streaks[method].Held)
}

func (t *Throttle) streak(method Kind, failures int, held string) {
	if t.Streaks == nil {
		t.Streaks = map[Kind]Streak{}
	}
	t.Streaks[method] = Streak{failures, held}
}
