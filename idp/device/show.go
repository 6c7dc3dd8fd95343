package device

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// enrolClaims are those by which a device shows its key.
type enrolClaims struct {
	Issuer      string `json:"iss"`
	Audience    string `json:"aud"`
	EnrolmentID string `json:"enrol_id"`
	Nonce       string `json:"nonce"`
	At          int64  `json:"iat"`
	Ends        int64  `json:"exp"`
	Name        string `json:"name"`
	App         string `json:"app"`
	Platform    string `json:"platform"`
	Attestation string `json:"uvh"`
}

// shown is what a device sends to be added.
type shown struct {
	Proof   string          `json:"proof"`
	UV      json.RawMessage `json:"uv"`
	Passkey bool            `json:"passkey"`
}

// softApp begins the names of apps that are programs which answer by themselves.
const softApp = "cli/"

// finishEnrolment takes the keys of a device. Nothing is added before the person confirms it,
// unless an operator has invited them.
func (s *Service) finishEnrolment(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r)
	var in shown
	if _, err := body(r, &in); err != nil {
		return err
	}
	var e *idp.AuthenticatorEnrolment
	var u *idp.User
	var policy *idp.MethodsPolicy
	err := s.Store.View(r.Context(), q.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		if e, err = openEnrolment(tx, mux.Vars(r)["id"], q.Now); err == nil {
			u, policy, err = invited(tx, e)
		}
		return err
	})
	if err != nil {
		return err
	}
	d, err := s.readDevice(q, e, in, policy)
	if err != nil {
		return err
	}
	passkey, err := s.readVerifier(r.Context(), q, e, u, policy, in, d)
	if err != nil {
		return err
	}
	err = s.update(r.Context(), q.Tenant, func(tx *storage.Tx) error {
		now, err := openEnrolment(tx, e.EnrolmentID, q.Now)
		if err != nil {
			return err
		}
		u, _, err := invited(tx, now)
		if err != nil {
			return err
		}
		if there, err := idp.Optional(idp.FindAuthenticator(tx, d.Thumbprint)); there != nil || err != nil {
			return errors.Join(refuse("the key is registered already"), err)
		}
		now.Show(d, passkey)
		e = now
		if now.SessionID != "" {
			return taken(tx.Put(now))
		}
		return s.add(tx, r, now, u)
	})
	if err != nil {
		return err
	}
	s.Waker.Wake(e.EnrolmentID)
	return reply(w, http.StatusAccepted, map[string]any{"device_id": d.AuthenticatorID, "sas": e.CheckValue(d.Thumbprint), "state": e.State})
}

// add is for who was invited by an operator.
func (s *Service) add(tx *storage.Tx, r *http.Request, e *idp.AuthenticatorEnrolment, u *idp.User) error {
	x := event(r, idp.Directory, u)
	x.Tell(idp.MethodRegistered)
	x.Reason = idp.Did(true, "registered", idp.AuthenticatorMethod)
	x.Details = map[string]string{"method": e.Authenticator.AuthenticatorID, "name": e.Authenticator.Name, "app": e.Authenticator.App}
	if err := e.Add(tx, web.From(r).Now); err != nil {
		return refuse(err.Error())
	}
	details := map[string]string{"Method": string(idp.AuthenticatorMethod), "Name": e.Authenticator.Name, "Address": x.Address, "Browser": x.UserAgent}
	return errors.Join(s.log(web.From(r).Tenant).Append(tx, x), idp.Notify(tx, u, idp.MailMethodAdded, details, x.At))
}

// taken is the refusal of a key that another enrolment shows.
func taken(err error) error {
	if errors.Is(err, storage.ErrConflict) {
		return refuse("the key waits to be confirmed already")
	}
	return err
}

func openEnrolment(tx *storage.Tx, id string, now time.Time) (*idp.AuthenticatorEnrolment, error) {
	e, err := idp.Optional(storage.Get[idp.AuthenticatorEnrolment](tx, id))
	if err != nil {
		return nil, err
	}
	if e == nil || e.StateAt(now) != idp.EnrolmentOpen {
		return nil, refuse("the enrolment is not open")
	}
	return e, nil
}

// readDevice reads the proof of a new device's key.
func (s *Service) readDevice(q *web.Request, e *idp.AuthenticatorEnrolment, in shown, policy *idp.MethodsPolicy) (*idp.Authenticator, error) {
	var claims enrolClaims
	kept, thumbprint, err := carried(in.Proof, typeEnrol, &claims)
	if err != nil {
		return nil, err
	}
	switch {
	case claims.Issuer != thumbprint || claims.Audience != s.issuer(q.Tenant):
		return nil, refuse("the proof is by or for somebody else")
	case claims.EnrolmentID != e.EnrolmentID || !same(claims.Nonce, base64.RawURLEncoding.EncodeToString(e.Nonce)):
		return nil, refuse("the proof is for another enrolment")
	case !fresh(claims.At, q.Now) || claims.Ends <= q.Now.Unix() || claims.Ends-claims.At > int64(idp.DeviceEnrolmentLifetime/time.Second):
		return nil, refuse("the proof is too old, or the device's clock is wrong")
	case !same(claims.Attestation, attestationHash(in.UV)):
		return nil, refuse("the proof is for another credential")
	}
	d := &idp.Authenticator{
		AuthenticatorID: idp.NewID(), UserID: e.UserID, Name: strings.TrimSpace(claims.Name), Key: kept, Thumbprint: thumbprint,
		App: claims.App, Platform: claims.Platform, Soft: strings.HasPrefix(claims.App, softApp), CreatedAt: q.Now, SeenAt: q.Now,
	}
	if d.Soft && !policy.Authenticator.Soft {
		return nil, refuse(string(idp.SoftDevice))
	}
	return d, nil
}

// attestationHash is H of the attestation object of a new credential, "" if there is none.
func attestationHash(uv json.RawMessage) string {
	var made struct {
		Response struct {
			Attestation string `json:"attestationObject"`
		} `json:"response"`
	}
	if json.Unmarshal(uv, &made) != nil {
		return ""
	}
	object, err := base64.RawURLEncoding.DecodeString(made.Response.Attestation)
	if err != nil || len(object) == 0 {
		return ""
	}
	return hash(object)
}

// readVerifier reads the credential by which the device will have its holder verified, and the
// passkey that it is as well, if it is to be one.
func (s *Service) readVerifier(ctx context.Context, q *web.Request, e *idp.AuthenticatorEnrolment, u *idp.User, policy *idp.MethodsPolicy, in shown, d *idp.Authenticator) (p *idp.Passkey, err error) {
	if !in.Passkey {
		d.Verifier, err = s.Verifier.Bind(e.Handle, e.Nonce, string(in.UV))
		if err != nil {
			return nil, refuse(err.Error())
		}
		return nil, valid(d)
	}
	who, err := s.subject(ctx, q, u, policy)
	if err != nil {
		return nil, err
	}
	why := s.Passkeys.Registrable(who, true)
	if e.SessionID == "" {
		why = idp.NoSelfService
	}
	if why != idp.Offered {
		return nil, refuse(string(why))
	}
	made, err := s.Passkeys.Enroll(ctx, who, e.Nonce, idp.Answer{"attestation": string(in.UV), "name": d.Name})
	if r, ok := errors.AsType[*idp.Refusal](err); ok {
		return nil, refuse(r.Detail)
	}
	if err != nil {
		return nil, err
	}
	p = made.(*idp.Passkey)
	d.Verifier = p.Verifier()
	d.Verifier.Handle = idp.UserHandle(q.Tenant.TenantID, u.UserID)
	return p, valid(d)
}

func valid(d *idp.Authenticator) error {
	if err := d.Validate(); err != nil {
		return refuse(err.Error())
	}
	return nil
}
