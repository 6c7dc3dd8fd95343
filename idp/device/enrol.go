package device

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

// enrolmentRequest is how a device says by what it was invited.
type enrolmentRequest struct {
	Token string `json:"token"`
	Code  string `json:"code"`
	User  string `json:"user"`
}

// beginEnrolment answers a device that has an invitation with what it makes its keys for.
func (s *Service) beginEnrolment(w http.ResponseWriter, r *http.Request) error {
	q := web.From(r)
	var in enrolmentRequest
	if _, err := body(r, &in); err != nil {
		return err
	}
	var e *idp.AuthenticatorEnrolment
	var u *idp.User
	var policy *idp.MethodsPolicy
	wrong := false
	err := s.update(r.Context(), q.Tenant, func(tx *storage.Tx) (err error) {
		e, u, wrong = nil, nil, false
		if in.Token != "" {
			e, err = idp.Optional(storage.Lookup[idp.AuthenticatorEnrolment](tx, "token", idp.HashToken(idp.EnrolmentToken, in.Token)))
		} else {
			e, wrong, err = s.typed(tx, q, in)
		}
		if err != nil || wrong { // a wrong code is counted
			return err
		}
		if e == nil || e.StateAt(q.Now) != idp.EnrolmentOpen {
			return refuse("no invitation is open by this token or code")
		}
		u, policy, err = invited(tx, e)
		return err
	})
	switch {
	case err != nil:
		return err
	case wrong:
		return refuse("the code is wrong, or was tried too often")
	}
	return s.offer(r.Context(), w, q, e, u, policy)
}

// typed finds the invitation of a user that a code belongs to. Each code that is compared counts.
func (s *Service) typed(tx *storage.Tx, q *web.Request, in enrolmentRequest) (e *idp.AuthenticatorEnrolment, wrong bool, err error) {
	name, err := idp.NormalName(in.User)
	if err != nil {
		return nil, true, nil
	}
	u, err := idp.Optional(idp.FindSigner(tx, name))
	if u == nil || err != nil {
		return nil, true, err
	}
	all, _, err := storage.List[idp.AuthenticatorEnrolment](tx, "user", u.UserID, storage.Page{})
	if err != nil {
		return nil, false, err
	}
	for _, one := range all {
		if one.StateAt(q.Now) != idp.EnrolmentOpen || one.Tries >= idp.MaxEnrolmentTries {
			continue
		}
		right := one.Try(s.Keys, q.Tenant.TenantID, in.Code)
		if err := tx.Put(one); err != nil {
			return nil, false, err
		}
		if right {
			return one, false, nil
		}
	}
	return nil, true, nil
}

// invited is whose invitation it is, if they can still have a device.
func invited(tx *storage.Tx, e *idp.AuthenticatorEnrolment) (*idp.User, *idp.MethodsPolicy, error) {
	u, err := idp.Optional(storage.Get[idp.User](tx, e.UserID))
	if err != nil {
		return nil, nil, err
	}
	if u == nil || u.Disabled {
		return nil, nil, refuse("the user is gone or disabled")
	}
	policy, err := idp.LoadMethodsPolicy(tx)
	if err != nil {
		return nil, nil, err
	}
	held, err := idp.Authenticators(tx, u.UserID)
	if err != nil {
		return nil, nil, err
	}
	if why := policy.Authenticator.Registrable(u, len(held)); why != idp.Offered {
		return nil, nil, refuse(string(why))
	}
	return u, policy, nil
}

// offer tells the device whom it will be of, and the options for its credential: one of its own,
// and one that is a passkey too, where the person may have one.
func (s *Service) offer(ctx context.Context, w http.ResponseWriter, q *web.Request, e *idp.AuthenticatorEnrolment, u *idp.User, policy *idp.MethodsPolicy) error {
	bare, err := s.Verifier.BindingOptions(e.Handle, e.Nonce, q.Tenant.Name, u.SignInName())
	if err != nil {
		return refuse(err.Error())
	}
	out := map[string]any{
		"enrol_id": e.EnrolmentID, "nonce": base64.RawURLEncoding.EncodeToString(e.Nonce), "issuer": s.issuer(q.Tenant),
		"tenant": map[string]string{"id": q.Tenant.TenantID, "name": q.Tenant.Name},
		"user":   map[string]string{"name": u.SignInName(), "display_name": u.DisplayName},
		"exp":    e.Ends.Unix(), "webauthn": json.RawMessage(bare),
	}
	subject, err := s.subject(ctx, q, u, policy)
	if err != nil {
		return err
	}
	if e.SessionID != "" && s.Passkeys.Registrable(subject, true) == idp.Offered {
		prompt, err := s.Passkeys.BeginEnroll(ctx, subject, e.Nonce)
		if err != nil {
			return err
		}
		out["passkey"] = json.RawMessage(prompt.Fields["options"])
	}
	return reply(w, http.StatusOK, out)
}

// subject is the user as the method of passkeys sees them.
func (s *Service) subject(ctx context.Context, q *web.Request, u *idp.User, policy *idp.MethodsPolicy) (idp.Subject, error) {
	who := idp.Subject{Now: q.Now, Tenant: q.Tenant, Policy: policy, User: u, Known: true}
	err := s.Store.View(ctx, q.Tenant.TenantID, func(tx *storage.Tx) (err error) {
		who.Credentials, err = s.Passkeys.Info().Held(tx, u.UserID)
		return err
	})
	return who, err
}
