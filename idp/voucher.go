package idp

import (
	"encoding/json"
	"slices"
	"time"
)

// Voucher is what a tenant of the deployment says about a person of its own who is a guest at
// another: who they are, how they signed in at home, and until when anything may rest on that.
// It answers one question in one browser, within VoucherLifetime.
type Voucher struct {
	Home      string   // tenant id
	UserID    string   // there
	Addresses []string // that are theirs for sure
	SessionID string   // there
	AMR       []string
	ACR       string
	MFA       bool
	AuthTime  time.Time // zero: nobody knows
	NotAfter  time.Time `json:",omitzero"`
	EndsAs    STS       `json:",omitzero"`
	Ends      time.Time // of the voucher
}

// VoucherLifetime is how long a browser may take from one tenant to the other.
const VoucherLifetime = time.Minute

const voucherPurpose = "voucher"

// NewVoucher is about the person of a session. acrs are the classes that are wanted.
func NewVoucher(home *Tenant, u *User, s *Session, acrs []string, now time.Time) Voucher {
	p, acr := s.Answering(acrs)
	v := Voucher{
		Home: home.TenantID, UserID: u.UserID, Addresses: []string{u.PrincipalName}, SessionID: s.SessionID,
		AMR: p.AMR, ACR: acr, MFA: p.MFA, AuthTime: p.AuthTime(), Ends: now.Add(VoucherLifetime),
	}
	if p.Undated {
		v.AuthTime = time.Time{}
	}
	if mail := u.Profile.Email; u.Profile.EmailVerified && mail != u.PrincipalName && home.Owns(DomainOf(mail)) {
		v.Addresses = append(v.Addresses, mail)
	}
	for _, p := range s.Proofs {
		if !p.NotAfter.IsZero() && (v.NotAfter.IsZero() || p.NotAfter.Before(v.NotAfter)) {
			v.NotAfter, v.EndsAs = p.NotAfter, p.EndsAs
		}
	}
	return v
}

// Seal makes the voucher good for one tenant and for whoever knows the secret of the question.
func (v Voucher) Seal(keys *Keyring, tenant string, secret []byte) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return keys.Seal(voucherPurpose, tenant, string(secret), raw), nil
}

// OpenVoucher reverses Seal, or answers ErrSealed.
func OpenVoucher(keys *Keyring, tenant string, secret []byte, sealed string) (v Voucher, err error) {
	raw, err := keys.Open(voucherPurpose, tenant, string(secret), sealed)
	if err != nil || json.Unmarshal(raw, &v) != nil {
		return Voucher{}, ErrSealed
	}
	return v, nil
}

// Outside is what the voucher says, about the address of the name that was typed if it is one
// of theirs.
func (v Voucher) Outside(name string) *Outside {
	address := v.Addresses[0]
	if slices.Contains(v.Addresses, name) {
		address = name
	}
	return &Outside{
		Provider: v.Home, Issuer: v.Home, Subject: v.UserID, SessionID: v.SessionID, Address: address,
		AuthTime: v.AuthTime, Expires: v.NotAfter, AMR: v.AMR, ACR: v.ACR,
	}
}
