package idp

import (
	"time"

	"latchkey/storage"
)

// InvitationBlock keeps a tenant from inviting an address whose owner does not want that.
type InvitationBlock struct {
	Address   string // as NormalEmail has it
	CreatedAt time.Time
}

// Kind names the record.
func (*InvitationBlock) Kind() string { return "invitationblock" }

// ID is the address.
func (b *InvitationBlock) ID() string { return b.Address }

// Indexes has none.
func (*InvitationBlock) Indexes() []storage.Index { return nil }

const blockPurpose = "invitation-block"

// BlockToken is what lets the owner of an address keep a tenant from inviting it. It stands
// in the mail of an invitation.
func BlockToken(keys *Keyring, tenant, address string) string {
	return keys.SealFixed(blockPurpose, tenant, "", []byte(address))
}

// BlockedAddress tells whose address a token is about, "" for one that is none.
func BlockedAddress(keys *Keyring, tenant, token string) string {
	address, err := keys.Open(blockPurpose, tenant, "", token)
	if err != nil {
		return ""
	}
	return string(address)
}
