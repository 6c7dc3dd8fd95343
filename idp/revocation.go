package idp

import (
	"time"

	"latchkey/storage"
)

// RevokedToken marks one access token as revoked (RFC 7009) until it would have
// ended anyway.
type RevokedToken struct {
	TokenID string // jti
	Ends    time.Time
}

// Kind names the record.
func (*RevokedToken) Kind() string { return "revoked" }

// ID is the token's jti.
func (r *RevokedToken) ID() string { return r.TokenID }

// Indexes has none.
func (*RevokedToken) Indexes() []storage.Index { return nil }

// ExpiresAt lets the sweeper remove it.
func (r *RevokedToken) ExpiresAt() time.Time { return r.Ends }
