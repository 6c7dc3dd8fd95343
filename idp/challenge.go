package idp

import (
	"time"

	"latchkey/storage"
)

// Challenge counts the answers to one question put to one browser. It is stored
// with the first answer, or when something is sent that answers it; until then it is
// only an id inside a sealed state, which also says whom and which method the question
// is about.
type Challenge struct {
	ChallengeID string
	Tries       int
	ClosedAt    time.Time `json:",omitzero"` // answered rightly, or void
	Ends        time.Time
	// Asker is who was asked in which browser, where something was sent: of what was sent to
	// them, the newest counts alone.
	Asker string `json:",omitzero"`
	// Why is the key of the text for who answers a question that something else has closed.
	Why string `json:",omitzero"`
}

// MaxTries is how many answers one challenge takes.
const MaxTries = 5

// ChallengeLifetime is how long a question stands, and with it a sign-in.
const ChallengeLifetime = 15 * time.Minute

// Kind names the record.
func (*Challenge) Kind() string { return "challenge" }

// ID is the challenge's GUID.
func (c *Challenge) ID() string { return c.ChallengeID }

// Indexes finds what the same person was asked in the same browser.
func (c *Challenge) Indexes() []storage.Index {
	return []storage.Index{{Name: "asker", Value: c.Asker}}
}

// ExpiresAt lets the sweeper remove it.
func (c *Challenge) ExpiresAt() time.Time { return c.Ends }

// Try spends one answer. false: no answer to this challenge is looked at any more.
func (c *Challenge) Try(now time.Time) bool {
	if !c.ClosedAt.IsZero() || c.Tries >= MaxTries || !now.Before(c.Ends) {
		return false
	}
	c.Tries++
	return true
}

// Void closes the question without an answer, for a reason that is the key of a text.
func (c *Challenge) Void(now time.Time, why string) bool {
	if !c.Close(now) {
		return false
	}
	c.Why = why
	return true
}

// Close records the right answer; only the first call gets true.
func (c *Challenge) Close(now time.Time) bool {
	if !c.ClosedAt.IsZero() {
		return false
	}
	c.ClosedAt = now
	return true
}
