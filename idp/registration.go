package idp

import (
	"time"

	"latchkey/storage"
)

// InitialToken lets whoever holds it register clients (RFC 7591 3).
type InitialToken struct {
	TokenID   string
	Name      string // who it was given to
	Hash      string // HashToken of an InitialAccess
	Left      int    // how many clients it may still register
	CreatedAt time.Time
	Ends      time.Time
}

// Kind names the record.
func (*InitialToken) Kind() string { return "initialtoken" }

// ID is the token's GUID.
func (t *InitialToken) ID() string { return t.TokenID }

// Indexes finds it by what is shown.
func (t *InitialToken) Indexes() []storage.Index {
	return []storage.Index{{Name: "hash", Value: t.Hash, Unique: true}}
}

// ExpiresAt lets the sweeper remove it.
func (t *InitialToken) ExpiresAt() time.Time { return t.Ends }

// The limits of an initial token.
const (
	MaxInitialUses     = 10_000
	MaxInitialLifetime = 365 * 24 * time.Hour
)

// Validate checks it against now.
func (t *InitialToken) Validate(now time.Time) error {
	switch {
	case !isName(t.Name):
		return Errorf(Invalid, "A registration token needs a name of at most 256 bytes: who it is for.")
	case t.Left < 1 || t.Left > MaxInitialUses:
		return Errorf(Invalid, "A registration token registers between 1 and %d clients.", MaxInitialUses)
	case !t.Ends.After(now) || t.Ends.Sub(now) > MaxInitialLifetime:
		return Errorf(Invalid, "A registration token lives for at most 365 days.")
	}
	return nil
}

// SelfRegistered counts the clients that registered without being asked for
// anything, which must not fill the store.
type SelfRegistered struct{ Count int }

// MaxSelfRegistered is how many a tenant takes.
const MaxSelfRegistered = 1000

// Kind names the record.
func (*SelfRegistered) Kind() string { return "selfregistered" }

// ID is the same for all: there is one a tenant.
func (*SelfRegistered) ID() string { return "count" }

// Indexes has none.
func (*SelfRegistered) Indexes() []storage.Index { return nil }
