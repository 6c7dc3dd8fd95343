package device

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// challengeClaims are what a device is sent: the number is never among them.
type challengeClaims struct {
	Issuer   string          `json:"iss"`
	Audience string          `json:"aud"`
	Subject  string          `json:"sub"`
	ID       string          `json:"jti"`
	Nonce    string          `json:"nonce"`
	At       int64           `json:"iat"`
	Ends     int64           `json:"exp"`
	Purpose  string          `json:"purpose"`
	App      *appClaims      `json:"app,omitempty"`
	From     fromClaims      `json:"from"`
	Ask      askClaims       `json:"ask"`
	Left     int             `json:"tries_left"`
	WebAuthn json.RawMessage `json:"webauthn"`
}

type appClaims struct {
	Name   string `json:"name"`
	Origin string `json:"origin,omitempty"`
}

type fromClaims struct {
	Address     string `json:"ip,omitempty"`
	Browser     string `json:"browser,omitempty"`
	System      string `json:"os,omitempty"`
	Known       bool   `json:"known_browser"`
	SameNetwork bool   `json:"same_network"`
}

type askClaims struct {
	Mode    idp.AskMode `json:"mode"`
	Digits  int         `json:"digits,omitempty"`
	Choices []string    `json:"choices,omitempty"`
	UV      string      `json:"uv"`
}

var (
	errStopping = errors.New("device: the server is stopping")
	errCrowded  = errors.New("device: too many wait")
)

// challenges tells a device what waits for it, if it wants to once there is something.
func (s *Service) challenges(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r)
	wait, err := waitOf(r)
	if err != nil {
		return err
	}
	var list []string
	var who *caller
	err = s.proved(r, nil, func(tx *storage.Tx, c *caller) (err error) {
		if err := c.usable(q.Now); err != nil {
			return err
		}
		if c.device.See(q.Now) {
			if err := tx.Put(c.device); err != nil {
				return err
			}
		}
		who = c
		list, err = s.list(tx, q.Tenant, c, q.Address, q.Now)
		return err
	})
	if err != nil {
		return err
	}
	if len(list) == 0 && wait > 0 {
		if list, err = s.hold(w, r, who, wait); err != nil {
			return err
		}
	}
	if list == nil {
		list = []string{}
	}
	return reply(w, http.StatusOK, map[string]any{"challenges": list, "server_time": s.Now().Unix()})
}

func waitOf(r *http.Request) (time.Duration, error) {
	given := r.URL.Query().Get("wait")
	if given == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < 0 {
		return 0, refuse("wait is no number of seconds")
	}
	return time.Duration(min(n, maxWait)) * time.Second, nil
}

// hold waits until there is something for the device, or it has taken too long.
func (s *Service) hold(w http.ResponseWriter, r *http.Request, c *caller, wait time.Duration) (list []string, err error) {
	q := web.From(r)
	leave, ok := s.held.Enter(q.Address)
	if !ok {
		return nil, errCrowded
	}
	defer leave()
	if err := web.Unhurried(w, r); err != nil {
		return nil, err
	}
	woken, stop := s.Waker.Wait(wakeKey(q.Tenant.TenantID, c.user.UserID))
	defer stop()
	end := time.NewTimer(wait)
	defer end.Stop()
	for {
		// Once after beginning to wait: something may have come in between.
		if list, err = s.again(r.Context(), q, c.device.Thumbprint); len(list) > 0 || err != nil {
			return list, err
		}
		select {
		case <-woken:
			if s.Waker.Closed() {
				return nil, errStopping
			}
		case <-end.C:
			return nil, nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// again lists what waits for a device by now. To write is needed only for what it has not been
// sent yet.
func (s *Service) again(ctx context.Context, q *web.Request, thumbprint string) (list []string, err error) {
	some := false
	err = s.Store.View(ctx, q.Tenant.TenantID, func(tx *storage.Tx) error {
		c, err := s.load(tx, thumbprint, s.Now())
		if err != nil {
			return err
		}
		open, err := idp.PendingRequests(tx, c.user.UserID, s.Now())
		some = len(open) > 0
		return err
	})
	if err != nil || !some {
		return nil, err
	}
	err = s.update(ctx, q.Tenant, func(tx *storage.Tx) error {
		c, err := s.load(tx, thumbprint, s.Now())
		if err != nil {
			return err
		}
		if err := c.usable(s.Now()); err != nil {
			return err
		}
		list, err = s.list(tx, q.Tenant, c, q.Address, s.Now())
		return err
	})
	return list, err
}

// list is every challenge that waits for the device, signed once and kept.
func (s *Service) list(tx *storage.Tx, t *idp.Tenant, c *caller, address string, now time.Time) (list []string, err error) {
	open, err := idp.PendingRequests(tx, c.user.UserID, now)
	if err != nil {
		return nil, err
	}
	for _, q := range open {
		if q.Decoy || c.policy.Authenticator.Allows(c.user, q.Purpose == idp.PurposeStepUp) != idp.Offered {
			continue
		}
		token := q.Challenges[c.device.AuthenticatorID]
		if token == "" {
			if token, err = s.sign(tx, t, c, q, address, now); err != nil {
				return nil, err
			}
			if q.Challenges == nil {
				q.Challenges = map[string]string{}
			}
			q.Challenges[c.device.AuthenticatorID] = token
			if err := tx.Put(q); err != nil {
				return nil, err
			}
		}
		list = append(list, token)
	}
	return list, nil
}

// sign makes the challenge of a request for a device.
func (s *Service) sign(tx *storage.Tx, t *idp.Tenant, c *caller, q *idp.SignInRequest, address string, now time.Time) (string, error) {
	options, err := s.Verifier.AssertionOptions(c.device.Verifier)
	if err != nil {
		return "", err
	}
	claims := challengeClaims{
		Issuer: s.issuer(t), Audience: c.device.Thumbprint, Subject: c.device.AuthenticatorID, ID: q.RequestID, Nonce: q.Nonce,
		At: now.Unix(), Ends: q.Ends.Unix(), Purpose: q.Purpose, Left: q.Left(), WebAuthn: json.RawMessage(options),
		From: fromClaims{Browser: q.Context.Browser, System: q.Context.System, Known: q.Known, SameNetwork: idp.SameNetwork(address, q.Context.Address)},
		Ask:  askClaims{Mode: q.Mode, Choices: q.Choices, UV: "required"},
	}
	if q.Mode != idp.AskScan {
		claims.Ask.Digits = q.Digits
	}
	if c.policy.Authenticator.ShowApp.Shows(c.user) {
		claims.App = &appClaims{q.Context.App, q.Context.Origin}
	}
	if c.policy.Authenticator.ShowPlace.Shows(c.user) {
		claims.From.Address = q.Context.Address
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signer, err := s.signers.of(tx, t.TenantID, now)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// wakeKey is by what the devices of a user are woken that wait.
func wakeKey(tenantID, userID string) string { return tenantID + " " + userID }
