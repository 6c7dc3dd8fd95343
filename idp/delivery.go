package idp

import (
	"fmt"
	"time"

	"latchkey/storage"
)

// Delivery tells administrators what became of a mail, without what it said.
type Delivery struct {
	DeliveryID string // sorts by time
	Mail       string // Name of the mail
	UserID     string
	To         string // address
	About      MailAbout
	Result     string
	Error      string `json:",omitzero"` // what the server answered to the last try
	Tries      int
	QueuedAt   time.Time
	At         time.Time
}

// What became of mails. The first two are of those that are still in the outbox.
const (
	DeliveryWaiting  = "waiting"
	DeliveryDeferred = "deferred" // a try came to nothing, and another one follows
	DeliverySent     = "sent"     // the server has taken it
	DeliveryFailed   = "failed"   // the server will not take it
	DeliveryExpired  = "expired"  // no try came to anything while it was news
)

// DeliveryKept is how long it can be told what became of a mail.
const DeliveryKept = 14 * 24 * time.Hour

func newDelivery(m *Mail, result, why string, now time.Time) *Delivery {
	return &Delivery{
		DeliveryID: fmt.Sprintf("%016x-%s", now.UnixNano(), m.Name()), Mail: m.Name(), UserID: m.UserID, To: m.To, About: m.About,
		Result: result, Error: why, Tries: m.Tries, QueuedAt: m.CreatedAt, At: now,
	}
}

// Delivery tells of a mail that is still in the outbox.
func (m *Mail) Delivery() *Delivery {
	result := DeliveryWaiting
	if m.LastError != "" {
		result = DeliveryDeferred
	}
	return newDelivery(m, result, m.LastError, m.NextTry)
}

// Kind names the record.
func (*Delivery) Kind() string { return "delivery" }

// ID sorts by time.
func (d *Delivery) ID() string { return d.DeliveryID }

// Indexes finds those of one user.
func (d *Delivery) Indexes() []storage.Index {
	return []storage.Index{{Name: "user", Value: d.UserID}}
}

// ExpiresAt lets the sweeper remove it.
func (d *Delivery) ExpiresAt() time.Time { return d.At.Add(DeliveryKept) }
