package idp

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"latchkey/storage"
)

// Once marks something that counts a single time, such as the jti of an assertion,
// until it would be refused for its age.
type Once struct {
	Key  string // hash of what it is
	Ends time.Time
}

// Kind names the record.
func (*Once) Kind() string { return "once" }

// ID is the hash.
func (o *Once) ID() string { return o.Key }

// Indexes has none.
func (*Once) Indexes() []storage.Index { return nil }

// ExpiresAt lets the sweeper remove it.
func (o *Once) ExpiresAt() time.Time { return o.Ends }

// Spend is false for what was spent before. It counts only if the transaction does.
func Spend(tx *storage.Tx, ends time.Time, parts ...string) (bool, error) {
	err := tx.Insert(&Once{Key: onceKey(parts), Ends: ends})
	if errors.Is(err, storage.ErrExists) {
		return false, nil
	}
	return err == nil, err
}

// Spent tells whether something was spent before, and spends nothing.
func Spent(tx *storage.Tx, parts ...string) (bool, error) {
	o, err := Optional(storage.Get[Once](tx, onceKey(parts)))
	return o != nil, err
}

// Block keeps something from being done until a time.
func Block(tx *storage.Tx, ends time.Time, parts ...string) error {
	return tx.Put(&Once{Key: onceKey(parts), Ends: ends})
}

// Blocked is until when something must not be done; zero: it may be now.
func Blocked(tx *storage.Tx, now time.Time, parts ...string) (until time.Time, err error) {
	o, err := Optional(storage.Get[Once](tx, onceKey(parts)))
	if o == nil || err != nil || !now.Before(o.Ends) {
		return time.Time{}, err
	}
	return o.Ends, nil
}

func onceKey(parts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}
