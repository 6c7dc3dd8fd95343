package device

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"latchkey/idp"
	"latchkey/idp/jwt"
	"latchkey/idp/web"
	"latchkey/storage"
)

// self tells a device whose it is, and whether it is confirmed.
func (s *Service) self(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r)
	var who *caller
	err := s.proved(r, nil, func(_ *storage.Tx, c *caller) error {
		who = c
		if c.enrolment == nil {
			return c.usable(q.Now)
		}
		return nil
	})
	if err != nil {
		return err
	}
	state := "active"
	if who.enrolment != nil {
		state = string(who.enrolment.State)
	}
	return reply(w, http.StatusOK, map[string]any{
		"device_id": who.device.AuthenticatorID, "name": who.device.Name, "state": state,
		"tenant": map[string]string{"id": q.Tenant.TenantID, "name": q.Tenant.Name},
		"user":   map[string]string{"name": who.user.SignInName(), "display_name": who.user.DisplayName},
	})
}

// removeSelf removes the device that asks for it, and ends what came from it.
func (s *Service) removeSelf(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r)
	err := s.proved(r, nil, func(tx *storage.Tx, c *caller) error {
		if c.enrolment != nil {
			c.enrolment.State = idp.EnrolmentCancelled
			return tx.Put(c.enrolment)
		}
		e := event(r, idp.Directory, c.user)
		e.Tell(idp.MethodGivenUp)
		e.Reason = idp.Did(true, "deleted", idp.AuthenticatorMethod)
		e.Details = map[string]string{"method": c.device.AuthenticatorID, "name": c.device.Name}
		details := map[string]string{"Method": string(idp.AuthenticatorMethod), "Name": c.device.Name, "Address": q.Address, "Browser": e.UserAgent}
		return errors.Join(c.device.Remove(tx, q.Now), s.log(q.Tenant).Append(tx, e), idp.Notify(tx, c.user, idp.MailMethodRemoved, details, q.Now))
	})
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// rekeyed is what a device sends to change its key.
type rekeyed struct {
	Proof string          `json:"proof"`
	UV    json.RawMessage `json:"uv"`
}

type rekeyClaims struct {
	Issuer   string `json:"iss"`
	Audience string `json:"aud"`
	ID       string `json:"jti"`
	At       int64  `json:"iat"`
	Ends     int64  `json:"exp"`
	Old      string `json:"old"`
}

// rekey gives a device another key, by the old one, the new one and its holder.
func (s *Service) rekey(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r)
	var in rekeyed
	raw, err := body(r, &in)
	if err != nil {
		return err
	}
	var claims rekeyClaims
	var kept []byte
	var thumbprint string
	if _, err := jwt.Verify(in.Proof, algs, func(h jwt.Header) ([]any, error) {
		if !h.HasType(typeRekey) {
			return nil, refuse("a JWS of another type")
		}
		key, stored, print, err := newKey(h.Key)
		kept, thumbprint = stored, print
		return []any{key}, err
	}, &claims); err != nil {
		return notJWT(err)
	}
	var d *idp.Authenticator
	err = s.proved(r, raw, func(tx *storage.Tx, c *caller) error {
		d = nil
		switch {
		case c.usable(q.Now) != nil:
			return c.usable(q.Now)
		case claims.Issuer != thumbprint || claims.Audience != s.issuer(q.Tenant) || claims.Old != c.device.Thumbprint:
			return refuse("the new key is proved by or for somebody else")
		case !fresh(claims.At, q.Now) || claims.Ends <= q.Now.Add(-skew).Unix() || claims.Ends-claims.At > int64(10*time.Minute/time.Second):
			return refuse("the proof of the new key is too old, or the device's clock is wrong")
		}
		challenge := sha256.Sum256([]byte(in.Proof))
		count, backedUp, err := s.Verifier.Verified(c.device.Verifier, challenge[:], string(in.UV))
		if err != nil {
			return refuse(err.Error())
		}
		v := &c.device.Verifier
		if wentBack(v, count) {
			return s.suspend(tx, r, c)
		}
		v.SignCount, v.BackedUp = count, backedUp
		c.device.Key, c.device.Thumbprint = kept, thumbprint
		d = c.device
		e := event(r, idp.Directory, c.user)
		e.Tell(idp.MethodUpdated)
		e.Reason = idp.Did(true, "updated", idp.AuthenticatorMethod)
		e.Details = map[string]string{"method": d.AuthenticatorID, "name": d.Name, "changed": "key"}
		if err := tx.Put(d); errors.Is(err, storage.ErrConflict) {
			return refuse("the key is registered already")
		} else if err != nil {
			return err
		}
		return s.log(q.Tenant).Append(tx, e)
	})
	switch {
	case err != nil:
		return err
	case d == nil:
		return errCopied
	}
	return reply(w, http.StatusOK, map[string]any{"device_id": d.AuthenticatorID, "thumbprint": d.Thumbprint})
}
