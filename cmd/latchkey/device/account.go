package device

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Account is a device of one person in one tenant, with the keys that are its own.
type Account struct {
	Server     string    `json:"server"` // https://HOST
	Tenant     Tenant    `json:"tenant"`
	User       User      `json:"user"`
	DeviceID   string    `json:"device_id"`
	Name       string    `json:"name"`
	EnrolledAt time.Time `json:"enrolled_at"`
	Discovery  Discovery `json:"discovery"`
	Key        *Key      `json:"key"`
	Next       *Key      `json:"next_key,omitempty"` // that was sent to replace Key
	Verifier   *Verifier `json:"verifier"`
}

// Tenant is an organization.
type Tenant struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// User is whose device it is.
type User struct {
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
}

// The states of a device.
const (
	StateShown  = "shown"  // waits to be confirmed where the enrolment began
	StateActive = "active" // answers
	StateAdded  = "added"  // active since its enrolment, which nobody need confirm
)

// Self is what a server says of a device.
type Self struct {
	DeviceID string `json:"device_id"`
	Name     string `json:"name"`
	State    string `json:"state"`
	User     User   `json:"user"`
	Tenant   Tenant `json:"tenant"`
}

// Self asks what the server knows of the device; IsRefused if that is nothing.
func (c *Client) Self(ctx context.Context, a *Account) (*Self, error) {
	return c.selfBy(ctx, a, a.Key)
}

func (c *Client) selfBy(ctx context.Context, a *Account, key *Key) (*Self, error) {
	s := new(Self)
	return s, c.do(ctx, call{method: http.MethodGet, url: a.Discovery.Self, key: key}, s)
}

// Remove has the server forget the device, and ends sessions that came from it. The caller
// forgets the account.
func (c *Client) Remove(ctx context.Context, a *Account) error {
	return c.do(ctx, call{method: http.MethodDelete, url: a.Discovery.Self, key: a.Key}, nil)
}

// Rekey puts a new key in the place of the device's. save keeps the account: it is called before
// the new key is sent, since an answer may be lost, and once it is in use. Where an earlier call
// had no answer, it is found out first which of the keys is in use.
func (c *Client) Rekey(ctx context.Context, a *Account, save func() error) error {
	if a.Next != nil {
		_, err := c.selfBy(ctx, a, a.Next)
		if err == nil {
			return a.swap(save)
		}
		if !IsRefused(err) {
			return err
		}
	}
	if a.Next == nil {
		a.Next = NewKey()
	}
	proof, err := a.Next.sign(typeRekey, true, a.rekeyClaims(random(), c.clockOf(a)))
	if err != nil {
		return err
	}
	uv := a.Verifier.assert(Hash([]byte(proof)))
	if err := save(); err != nil {
		return err
	}
	var told struct{ Thumbprint string }
	body := map[string]any{"proof": proof, "uv": uv}
	if err := c.do(ctx, call{method: http.MethodPost, url: a.Discovery.Rekey, body: body, key: a.Key}, &told); err != nil {
		return err
	}
	if told.Thumbprint != a.Next.Thumbprint() {
		return errors.New("the server took another key than was sent")
	}
	return a.swap(save)
}

func (a *Account) rekeyClaims(id string, now time.Time) rekeyClaims {
	return rekeyClaims{
		Issuer: a.Next.Thumbprint(), Audience: a.Discovery.Issuer, ID: id, IssuedAt: now.Unix(), Expires: now.Add(rekeyLifetime).Unix(), Old: a.Key.Thumbprint(),
	}
}

func (a *Account) swap(save func() error) error {
	a.Key, a.Next = a.Next, nil
	return save()
}

// clockOf is the time at the server of an account.
func (c *Client) clockOf(a *Account) time.Time {
	u, err := url.Parse(a.Server)
	if err != nil {
		return c.now()
	}
	return c.clock(u.Host)
}

// check expects an account that can be used.
func (a *Account) check() error {
	if a == nil || a.Key == nil || a.Verifier == nil || a.Verifier.Key == nil || a.DeviceID == "" {
		return errors.New("an account without its keys")
	}
	if err := a.Discovery.check(a.Server); err != nil {
		return fmt.Errorf("the account of %s: %w", a.User.Name, err)
	}
	return nil
}
