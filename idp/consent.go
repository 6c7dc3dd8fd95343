package idp

import (
	"slices"
	"time"

	"latchkey/storage"
)

// Consent is what one user has allowed one client.
type Consent struct {
	UserID   string
	ClientID string
	Scopes   []string
	At       time.Time
}

// ConsentID is the key of the consent of a user for a client.
func ConsentID(userID, clientID string) string { return userID + " " + clientID }

// Kind names the record.
func (*Consent) Kind() string { return "consent" }

// ID joins user and client.
func (c *Consent) ID() string { return ConsentID(c.UserID, c.ClientID) }

// Indexes finds all consents of a user.
func (c *Consent) Indexes() []storage.Index {
	return []storage.Index{{Name: "user", Value: c.UserID}}
}

// Add widens the consent.
func (c *Consent) Add(scopes []string, now time.Time) {
	c.Scopes, c.At = append(c.Scopes, Without(scopes, c.Scopes)...), now
	slices.Sort(c.Scopes)
}
