package idp

import (
	"time"

	"latchkey/storage"
)

// PushedRequest is an authorization request that a client sent beforehand
// (RFC 9126). It is spent when a sign-in with it succeeds.
type PushedRequest struct {
	Hash       string // HashToken of its RequestHandle
	ClientID   string
	Parameters map[string][]string
	KeyThumb   string `json:",omitzero"` // of the DPoP key it came with
	Ends       time.Time
}

// PushedLifetime is how long a client may take to send the browser (RFC 9126 2.2).
const PushedLifetime = 90 * time.Second

// Kind names the record.
func (*PushedRequest) Kind() string { return "pushed" }

// ID is the hash.
func (p *PushedRequest) ID() string { return p.Hash }

// Indexes has none.
func (*PushedRequest) Indexes() []storage.Index { return nil }

// ExpiresAt lets the sweeper remove it, but not while a sign-in that began with it
// may still go on.
func (p *PushedRequest) ExpiresAt() time.Time { return p.Ends.Add(ChallengeLifetime) }
