package device

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

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
	kept, thumbprint, err := carried(in.Proof, typeRekey, &claims)
	if err != nil {
		return err
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
		copied, err := s.verify(c, in.Proof, in.UV)
		if err != nil {
			return err
		}
		if copied {
			return s.suspend(tx, r, c)
		}
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
