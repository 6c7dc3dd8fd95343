package idp

import (
	"time"

	"latchkey/storage"
)

// PassApproval is a pass for a privileged person that waits for a second
// administrator: there is no secret yet. Once it is approved, whoever asked for it asks
// again and gets the pass. A person has at most one.
type PassApproval struct {
	ApprovalID  string
	UserID      string
	StartsAt    time.Time `json:",omitzero"` // zero: when it is given
	Lifetime    int       // minutes; 0: the policy's default
	Once        *bool     `json:",omitzero"` // nil: as the policy says
	Reason      string    `json:",omitzero"`
	RequestedBy Party
	RequestedAt time.Time
	ApprovedBy  Party     `json:",omitzero"`
	ApprovedAt  time.Time `json:",omitzero"`
	Ends        time.Time
}

// ApprovalLifetime is how long an approval waits, to be given and to be used.
const ApprovalLifetime = 24 * time.Hour

// NewPassApproval asks for approval of a request.
func NewPassApproval(u *User, req PassRequest, by Party, now time.Time) *PassApproval {
	return &PassApproval{
		ApprovalID: NewID(), UserID: u.UserID, StartsAt: req.StartsAt, Lifetime: req.Lifetime, Once: req.Once, Reason: req.Reason,
		RequestedBy: by, RequestedAt: now, Ends: now.Add(ApprovalLifetime),
	}
}

// Kind names the record.
func (*PassApproval) Kind() string { return "passapproval" }

// ID is the approval's GUID.
func (p *PassApproval) ID() string { return p.ApprovalID }

// Indexes finds the one approval of a user.
func (p *PassApproval) Indexes() []storage.Index {
	return []storage.Index{{Name: "user", Value: p.UserID, Unique: true}}
}

// ExpiresAt lets the sweeper remove it.
func (p *PassApproval) ExpiresAt() time.Time { return p.Ends }

// Approved tells whether a second administrator has approved.
func (p *PassApproval) Approved() bool { return !p.ApprovedAt.IsZero() }

// Live tells whether it still counts.
func (p *PassApproval) Live(now time.Time) bool { return now.Before(p.Ends) }

// Covers tells whether it is for this request of this administrator.
func (p *PassApproval) Covers(req PassRequest, by Party) bool {
	sameUse := p.Once == nil && req.Once == nil || p.Once != nil && req.Once != nil && *p.Once == *req.Once
	return sameUse && p.RequestedBy.Same(by) && p.StartsAt.Equal(req.StartsAt) && p.Lifetime == req.Lifetime && p.Reason == req.Reason
}

// Approve records the second administrator, who must be another than the first.
func (p *PassApproval) Approve(by Party, now time.Time) error {
	switch {
	case p.Approved():
		return Errorf(Conflict, "The pass was approved already, by %s.", p.ApprovedBy.Name)
	case p.RequestedBy.Same(by):
		return Errorf(Forbidden, "A pass for a privileged user is approved by a second administrator, not by the one who asked for it.")
	}
	p.ApprovedBy, p.ApprovedAt = by, now
	return nil
}
