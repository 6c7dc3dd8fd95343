package idp

import (
	"time"

	"latchkey/storage"
)

// Mailbox is the address by which a person from outside says who they are, and at which
// codes reach them. It is there since they were invited. To put the person back to the
// beginning replaces it, and ends what came from it.
type Mailbox struct {
	MailboxID string
	UserID    string
	Address   string // as NormalEmail has it, unique in the tenant
	CreatedAt time.Time
}

// NewMailbox is the mailbox of a user, at the address of their profile.
func NewMailbox(u *User, now time.Time) *Mailbox {
	return &Mailbox{MailboxID: NewID(), UserID: u.UserID, Address: u.Profile.Email, CreatedAt: now}
}

// Kind names the record.
func (*Mailbox) Kind() string { return "mailbox" }

// ID is the mailbox's GUID, a new one for each.
func (m *Mailbox) ID() string { return m.MailboxID }

// Owner is the user whose it is.
func (m *Mailbox) Owner() string { return m.UserID }

// Indexes finds the one mailbox of a user, and the one of an address.
func (m *Mailbox) Indexes() []storage.Index {
	return []storage.Index{{Name: "user", Value: m.UserID, Unique: true}, {Name: "address", Value: m.Address, Unique: true}}
}

// MailboxOf is the mailbox of a user, nil if there is none.
func MailboxOf(tx *storage.Tx, userID string) (*Mailbox, error) {
	return Optional(storage.Lookup[Mailbox](tx, "user", userID))
}

// HeldMailbox is the same for the method.
func HeldMailbox(tx *storage.Tx, userID string) ([]Credential, error) {
	m, err := MailboxOf(tx, userID)
	if m == nil || err != nil {
		return nil, err
	}
	return []Credential{m}, nil
}

// Remove deletes the mailbox and ends what came from it.
func (m *Mailbox) Remove(tx *storage.Tx, now time.Time) error {
	return removeCredential(tx, m, now)
}

// FindSigner finds who signs in by a name: one of the tenant's own by any spelling of the
// principal name, and somebody from outside by their mail address, since the principal name
// that they have here is nothing they know.
func FindSigner(tx *storage.Tx, name string) (*User, error) {
	u, err := Optional(FindUser(tx, name))
	if err != nil || u != nil && !u.Type.External() {
		return u, err
	}
	address, err := NormalEmail(name)
	if err != nil {
		return nil, storage.ErrNotFound
	}
	m, err := storage.Lookup[Mailbox](tx, "address", address)
	if err != nil {
		return nil, err
	}
	if u, err = storage.Get[User](tx, m.UserID); err == nil && !u.Type.External() { // as they were made since
		return nil, storage.ErrNotFound
	}
	return u, err
}

// FromOutside tells whether a name is one by which only somebody from outside can sign in:
// a mail address of a domain that is not the tenant's.
func FromOutside(t *Tenant, name string) bool {
	n, err := NormalEmail(name)
	return err == nil && !t.Owns(DomainOf(n))
}
