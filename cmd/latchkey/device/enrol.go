package device

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Description is how a device presents itself.
type Description struct {
	Name     string // as its holder calls it
	App      string // begins with "cli/" for a program that answers by itself
	Platform string
}

// Enrolled is a device that has shown its keys.
type Enrolled struct {
	Account    *Account
	CheckValue string    // four digits, to be compared with the screen where it began
	Added      bool      // nobody need confirm
	Ends       time.Time // when it is too late to confirm
}

// invited is what the server answers to an invitation.
type invited struct {
	EnrolID  string   `json:"enrol_id"`
	Nonce    string   `json:"nonce"`
	Issuer   string   `json:"issuer"`
	Tenant   Tenant   `json:"tenant"`
	User     User     `json:"user"`
	Expires  int64    `json:"exp"`
	WebAuthn creation `json:"webauthn"`
}

// Enrol shows the keys of a new device, which are made for this account alone. The caller saves
// the account. IsRefused of the error: the invitation is wrong, used or over.
func (c *Client) Enrol(ctx context.Context, by Invitation, as Description) (*Enrolled, error) {
	discovery, err := c.Discover(ctx, by.Server, by.Tenant)
	if err != nil {
		return nil, err
	}
	body := map[string]string{"token": by.Token}
	if by.Token == "" {
		body = map[string]string{"code": by.Code, "user": by.User}
	}
	var got invited
	if err := c.do(ctx, call{method: http.MethodPost, url: discovery.Enrolments, body: body}, &got); err != nil {
		return nil, err
	}
	if err := got.check(discovery); err != nil {
		return nil, err
	}
	verifier, err := newVerifier(got.WebAuthn, by.Server)
	if err != nil {
		return nil, err
	}
	a := &Account{
		Server: by.Server, Tenant: got.Tenant, User: got.User, Name: as.Name, Discovery: *discovery, Key: NewKey(), Verifier: verifier,
		EnrolledAt: c.clockOf(&Account{Server: by.Server}).UTC().Truncate(time.Second),
	}
	return c.show(ctx, a, got, as)
}

// check expects what a device can rely on.
func (i *invited) check(d *Discovery) error {
	switch {
	case i.Issuer != d.Issuer:
		return errors.New("the invitation is of another organization than its link says")
	case i.EnrolID == "" || i.Nonce == "" || i.WebAuthn.Challenge != i.Nonce:
		return errors.New("the server's answer to the invitation is incomplete")
	case i.WebAuthn.RP.ID != d.RPID:
		return errors.New("the server asks for a credential of somebody else")
	}
	return nil
}

// show proves both keys.
func (c *Client) show(ctx context.Context, a *Account, got invited, as Description) (*Enrolled, error) {
	uv, object, err := a.Verifier.attest(got.WebAuthn.Challenge)
	if err != nil {
		return nil, err
	}
	proof, err := a.Key.sign(typeEnrolment, true, a.enrolmentClaims(got, as, object, c.clockOf(a)))
	if err != nil {
		return nil, err
	}
	var told struct {
		DeviceID string `json:"device_id"`
		SAS      string `json:"sas"`
		State    string `json:"state"`
	}
	address := a.Discovery.Enrolments + "/" + url.PathEscape(got.EnrolID)
	if err := c.do(ctx, call{method: http.MethodPost, url: address, body: map[string]any{"proof": proof, "uv": uv, "passkey": false}}, &told); err != nil {
		return nil, err
	}
	a.DeviceID = told.DeviceID
	e := &Enrolled{a, CheckValue(got.Nonce, a.Key.Thumbprint()), told.State == StateAdded, time.Unix(got.Expires, 0)}
	if told.DeviceID == "" || told.SAS != e.CheckValue {
		return nil, errors.New("the server has seen another key than this device's: somebody may be in between")
	}
	return e, nil
}

func (a *Account) enrolmentClaims(got invited, as Description, object []byte, now time.Time) enrolmentClaims {
	return enrolmentClaims{
		Issuer: a.Key.Thumbprint(), Audience: a.Discovery.Issuer, EnrolID: got.EnrolID, Nonce: got.Nonce,
		IssuedAt: now.Unix(), Expires: now.Add(enrolmentLifetime).Unix(),
		Name: as.Name, App: as.App, Platform: as.Platform, UVHash: Hash(object),
	}
}
