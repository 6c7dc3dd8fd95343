package device

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
	"latchkey/idp/jwt"
	"latchkey/idp/web"
	"latchkey/storage"
)

// algs are what anything here is signed with.
var algs = []string{"ES256"}

// The types of what devices sign (docs/device-protocol.md).
const (
	typeProof    = "oda-proof+jwt"
	typeEnrol    = "oda-enrol+jwt"
	typeResponse = "oda-response+jwt"
	typeRekey    = "oda-rekey+jwt"

	typeChallenge = "oda-challenge+jwt"
)

// skew is by how much the clock of a device may differ.
const skew = 60 * time.Second

// caller is a device that has shown its key: one that is added, or one that waits to be
// confirmed. It is who it was when it was looked at; work reads it anew.
type caller struct {
	device    *idp.Authenticator
	enrolment *idp.AuthenticatorEnrolment // nil once it is added
	user      *idp.User
	policy    *idp.MethodsPolicy
}

// find looks for the device with a key.
func (c *caller) find(tx *storage.Tx, thumbprint string, now time.Time) (err error) {
	if c.device, err = idp.Optional(idp.FindAuthenticator(tx, thumbprint)); c.device != nil || err != nil {
		return err
	}
	if c.enrolment, err = idp.Optional(storage.Lookup[idp.AuthenticatorEnrolment](tx, "key", thumbprint)); err != nil {
		return err
	}
	if c.enrolment == nil || c.enrolment.StateAt(now) != idp.EnrolmentShown {
		return refuse("no device has this key")
	}
	c.device = c.enrolment.Authenticator
	return nil
}

// load finds whose key it is.
func (s *Service) load(tx *storage.Tx, thumbprint string, now time.Time) (*caller, error) {
	c := &caller{}
	err := c.find(tx, thumbprint, now)
	if err != nil {
		return nil, err
	}
	if c.user, err = idp.Optional(storage.Get[idp.User](tx, c.device.UserID)); err != nil {
		return nil, err
	}
	if c.user == nil || c.user.Disabled {
		return nil, refuse("the user is gone or disabled")
	}
	c.policy, err = idp.LoadMethodsPolicy(tx)
	return c, err
}

// usable tells why nothing is asked of the device, nil if it is asked.
func (c *caller) usable(now time.Time) error {
	if c.enrolment != nil {
		return refuse("the device is not confirmed yet")
	}
	if why := c.device.Usable(c.policy.Authenticator, c.user, now); why != idp.Offered {
		return refuse(string(why))
	}
	return nil
}

// publicKey reads a device's key, a JWK of P-256 and nothing else.
func publicKey(raw []byte) (*ecdsa.PublicKey, error) {
	var k jose.JSONWebKey
	if err := json.Unmarshal(raw, &k); err != nil {
		return nil, refuse("the key is no JWK")
	}
	return ecKey(&k)
}

func ecKey(k *jose.JSONWebKey) (*ecdsa.PublicKey, error) {
	if k == nil || !k.Valid() || !k.IsPublic() {
		return nil, refuse("there is no public key")
	}
	key, ok := k.Key.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, refuse("the key is not of P-256")
	}
	return key, nil
}

// newKey is the key that a JWS carries, as it is kept, and its thumbprint.
func newKey(k *jose.JSONWebKey) (key *ecdsa.PublicKey, kept []byte, thumbprint string, err error) {
	if key, err = ecKey(k); err != nil {
		return nil, nil, "", err
	}
	bare := jose.JSONWebKey{Key: key}
	if kept, err = bare.MarshalJSON(); err != nil {
		return nil, nil, "", err
	}
	thumbprint, err = Thumbprint(key)
	return key, kept, thumbprint, err
}

// Thumbprint is what a device's key is known by (RFC 7638).
func Thumbprint(key *ecdsa.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum), err
}

// hash is H of the protocol.
func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// fresh tells whether a time is that of a clock that is right.
func fresh(iat int64, now time.Time) bool {
	d := now.Sub(time.Unix(iat, 0))
	return d < skew && d > -skew
}

// proofClaims are those of a Device-Proof.
type proofClaims struct {
	Method string `json:"htm"`
	URL    string `json:"htu"`
	ID     string `json:"jti"`
	At     int64  `json:"iat"`
	Body   string `json:"bh"`
}

// prove checks the Device-Proof of a request with that body: the thumbprint of the key that has
// signed it.
func (s *Service) prove(r *http.Request, raw []byte) (thumbprint string, claims proofClaims, err error) {
	q := web.From(r)
	token := r.Header.Values("Device-Proof")
	if len(token) != 1 {
		return "", claims, refuse("no Device-Proof, or several")
	}
	h, err := s.signedBy(r, token[0], typeProof, &claims)
	if err != nil {
		return "", claims, err
	}
	want := ""
	if len(raw) > 0 {
		want = hash(raw)
	}
	switch {
	case claims.Method != r.Method || claims.URL != s.Base+r.URL.Path:
		return "", claims, refuse("the proof is for another request")
	case !same(claims.Body, want):
		return "", claims, refuse("the proof is for another body")
	case !fresh(claims.At, q.Now):
		return "", claims, refuse("the proof is too old, or the device's clock is wrong")
	case len(claims.ID) < 16 || len(claims.ID) > 64:
		return "", claims, refuse("the proof has no proper jti")
	}
	return h.KeyID, claims, nil
}

// signedBy verifies a JWS of a type by the key of the device that it names.
func (s *Service) signedBy(r *http.Request, token, typ string, into any) (jwt.Header, error) {
	q := web.From(r)
	h, err := jwt.Verify(token, algs, func(h jwt.Header) ([]any, error) {
		if !h.HasType(typ) || h.Type == "" {
			return nil, refuse("a JWS of another type")
		}
		c := &caller{}
		err := s.Store.View(r.Context(), q.Tenant.TenantID, func(tx *storage.Tx) error { return c.find(tx, h.KeyID, q.Now) })
		if err != nil {
			return nil, err
		}
		key, err := publicKey(c.device.Key)
		return []any{key}, err
	}, into)
	return h, notJWT(err)
}

// carried verifies a JWS of a type by the key that it carries: the key as it is kept, and its
// thumbprint.
func carried(token, typ string, into any) (kept []byte, thumbprint string, err error) {
	_, err = jwt.Verify(token, algs, func(h jwt.Header) ([]any, error) {
		if !h.HasType(typ) {
			return nil, refuse("a JWS of another type")
		}
		key, raw, print, err := newKey(h.Key)
		kept, thumbprint = raw, print
		return []any{key}, err
	}, into)
	return kept, thumbprint, notJWT(err)
}

// notJWT is the refusal of what is no JWS that holds.
func notJWT(err error) error {
	if errors.Is(err, jwt.Err) {
		return refuse("not a JWS that the key holds for, or not of the form")
	}
	return err
}

// spend lets a proof count once.
func spend(tx *storage.Tx, thumbprint, id string, now time.Time) error {
	first, err := idp.Spend(tx, now.Add(2*skew), "device-jti", thumbprint, id)
	if err == nil && !first {
		return refuse("the proof was used before")
	}
	return err
}

// proved does something for a device that has proved its key, in one transaction with the
// spending of the proof.
func (s *Service) proved(r *http.Request, raw []byte, fn func(tx *storage.Tx, c *caller) error) error {
	q := web.From(r)
	thumbprint, claims, err := s.prove(r, raw)
	if err != nil {
		return err
	}
	return s.update(r.Context(), q.Tenant, func(tx *storage.Tx) error {
		c, err := s.load(tx, thumbprint, q.Now)
		if err != nil {
			return err
		}
		if err := spend(tx, thumbprint, claims.ID, q.Now); err != nil {
			return err
		}
		return fn(tx, c)
	})
}
