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

// LoadConsent reads what a user has allowed a client, nothing if there is nothing. A
// client that was removed and registered again under the same id is another one:
// what its predecessor was allowed does not count, nor is it added to.
func LoadConsent(tx *storage.Tx, userID string, client *Client) (*Consent, error) {
	c, err := Optional(storage.Get[Consent](tx, ConsentID(userID, client.ClientID)))
	if err == nil && (c == nil || c.At.Before(client.CreatedAt)) {
		c = &Consent{UserID: userID, ClientID: client.ClientID}
	}
	return c, err
}

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
