package device

import (
	"errors"
	"net/http"

	"latchkey/idp"
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
