package device

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The ways in which a number comes from the page to the device.
const (
	ModeType = "type"
	ModeScan = "scan"
	ModePick = "pick"
)

// Challenge is a request to sign in, as the server sent it to this device.
type Challenge struct {
	Issuer    string           `json:"iss"`
	Audience  string           `json:"aud"`
	DeviceID  string           `json:"sub"`
	ID        string           `json:"jti"`
	Nonce     string           `json:"nonce"`
	IssuedAt  int64            `json:"iat"` // seconds since 1970, as is Expires
	Expires   int64            `json:"exp"`
	Purpose   string           `json:"purpose"`
	App       App              `json:"app"`
	From      From             `json:"from"`
	Ask       Ask              `json:"ask"`
	TriesLeft int              `json:"tries_left"`
	WebAuthn  assertionOptions `json:"webauthn"`
	raw       string           // the JWS, whose very bytes are answered
}

// App is where somebody signs in; its name is empty where the tenant does not tell.
type App struct {
	Name   string `json:"name"`
	Origin string `json:"origin"`
}

// From is whence.
type From struct {
	IP           string `json:"ip"`
	Browser      string `json:"browser"`
	OS           string `json:"os"`
	KnownBrowser bool   `json:"known_browser"`
	SameNetwork  bool   `json:"same_network"`
}

// Ask is what the answer needs.
type Ask struct {
	Mode    string   `json:"mode"`
	Digits  int      `json:"digits"`
	Choices []string `json:"choices"`
	UV      string   `json:"uv"`
}

type assertionOptions struct {
	RPID  string `json:"rpId"`
	Allow []struct {
		ID string `json:"id"`
	} `json:"allowCredentials"`
}

// ExpiresAt is when it is too late to answer.
func (ch *Challenge) ExpiresAt() time.Time { return time.Unix(ch.Expires, 0) }

// Challenges are the requests that wait for an answer of the device, each of which a key of the
// issuer vouches for; one that is not as it should be fails them all. wait is how long the server
// may hold the answer until there is one; it is cut to what the server allows.
func (c *Client) Challenges(ctx context.Context, a *Account, wait time.Duration) ([]*Challenge, error) {
	wait = min(wait.Truncate(time.Second), time.Duration(a.Discovery.MaxWait)*time.Second)
	address := a.Discovery.Challenges
	if wait > 0 {
		address += "?wait=" + strconv.Itoa(int(wait/time.Second))
	}
	var got struct{ Challenges []string }
	if err := c.do(ctx, call{method: http.MethodGet, url: address, key: a.Key, wait: wait}, &got); err != nil {
		return nil, err
	}
	all := make([]*Challenge, len(got.Challenges))
	for i, raw := range got.Challenges {
		ch, err := c.verify(ctx, a, raw)
		if err != nil {
			return nil, fmt.Errorf("a request by %s is not to be trusted: %w", a.Server, err)
		}
		all[i] = ch
	}
	return slices.DeleteFunc(all, func(ch *Challenge) bool { return !c.clockOf(a).Before(ch.ExpiresAt()) }), nil
}

// verify reads a challenge that is this device's own. That it is over is not looked at.
func (c *Client) verify(ctx context.Context, a *Account, raw string) (*Challenge, error) {
	ch := &Challenge{raw: raw}
	keys := func(kid string) ([]jose.JSONWebKey, error) { return c.keysOf(ctx, a.Discovery.JWKSURI, kid) }
	if err := open(raw, typeChallenge, keys, ch); err != nil {
		return nil, err
	}
	return ch, ch.check(a, c.clockOf(a))
}

// check expects a challenge of the account's issuer to this device, which makes sense.
func (ch *Challenge) check(a *Account, now time.Time) error {
	switch {
	case ch.Issuer != a.Discovery.Issuer:
		return errors.New("it is of another issuer")
	case ch.Audience != a.Key.Thumbprint() || ch.DeviceID != a.DeviceID:
		return errors.New("it is for another device")
	case ch.ID == "" || ch.Nonce == "" || ch.Expires <= ch.IssuedAt || ch.IssuedAt > now.Add(time.Minute).Unix():
		return errors.New("it makes no sense")
	}
	if w := ch.WebAuthn; w.RPID != "" && w.RPID != a.Verifier.RPID {
		return errors.New("it asks for a credential of somebody else")
	}
	return nil
}

// keysOf are the keys of an issuer with a key id. They are fetched once, and again for an id that
// is not among them: keys are rotated.
func (c *Client) keysOf(ctx context.Context, uri, kid string) ([]jose.JSONWebKey, error) {
	c.mu.Lock()
	known := c.keys[uri]
	c.mu.Unlock()
	if found := known.Key(kid); len(found) > 0 {
		return found, nil
	}
	var fresh jose.JSONWebKeySet
	if err := c.do(ctx, call{method: http.MethodGet, url: uri}, &fresh); err != nil {
		return nil, fmt.Errorf("the keys of the server: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys[uri] = fresh
	return fresh.Key(kid), nil
}
