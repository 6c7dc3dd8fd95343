package idp

import (
	"errors"
	"slices"
	"time"

	"latchkey/storage"
)

// GuestPolicy says who invites people from outside, and for how long. A tenant that stored
// none has DefaultGuestPolicy.
type GuestPolicy struct {
	Inviters       string
	InvitationDays int // how long an invitation can be accepted
}

// Who may invite, as Microsoft Graph names it.
const (
	InvitedByNobody = "none"
	InvitedByAdmins = "adminsAndGuestInviters"
)

// Inviters are the values that a policy may have.
var Inviters = []string{InvitedByNobody, InvitedByAdmins}

// The bounds of how long an invitation can be accepted, in days.
const (
	LeastInvitationDays    = 1
	GreatestInvitationDays = 365
)

const guestPolicyID = "guests"

// Kind names the record.
func (*GuestPolicy) Kind() string { return "guestpolicy" }

// ID is the same in every tenant.
func (*GuestPolicy) ID() string { return guestPolicyID }

// Indexes has none.
func (*GuestPolicy) Indexes() []storage.Index { return nil }

// DefaultGuestPolicy is that of a fresh tenant.
func DefaultGuestPolicy() *GuestPolicy {
	return &GuestPolicy{Inviters: InvitedByAdmins, InvitationDays: 30}
}

// LoadGuestPolicy reads the tenant's policy or the default.
func LoadGuestPolicy(tx *storage.Tx) (*GuestPolicy, error) {
	p := DefaultGuestPolicy()
	err := tx.Load(guestPolicyID, p)
	if errors.Is(err, storage.ErrNotFound) {
		return DefaultGuestPolicy(), nil
	}
	return p, err
}

// Validate checks the form of the policy.
func (p *GuestPolicy) Validate() error {
	switch {
	case !slices.Contains(Inviters, p.Inviters):
		return Errorf(Invalid, "The value %q is none of none, adminsAndGuestInviters.", p.Inviters)
	case p.InvitationDays < LeastInvitationDays || p.InvitationDays > GreatestInvitationDays:
		return Errorf(Invalid, "Invalid lifetime of invitations %d: it must be between %d and %d days.", p.InvitationDays, LeastInvitationDays, GreatestInvitationDays)
	}
	return nil
}

// InvitationEnd is when an invitation that is made now ends.
func (p *GuestPolicy) InvitationEnd(now time.Time) time.Time {
	return now.Add(time.Duration(p.InvitationDays) * 24 * time.Hour)
}
