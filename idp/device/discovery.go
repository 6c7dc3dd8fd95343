package device

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/web"
	"latchkey/storage"
)

const wellKnown = "/v2.0/.well-known/open-authenticator"

// discover tells a device where everything is.
func (s *Service) discover(w http.ResponseWriter, r *http.Request) error {
	t := web.From(r).Tenant
	var policy *idp.MethodsPolicy
	err := s.Store.View(r.Context(), t.TenantID, func(tx *storage.Tx) (err error) {
		policy, err = idp.LoadMethodsPolicy(tx)
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	return reply(w, http.StatusOK, map[string]any{
		"version": 1, "issuer": s.issuer(t), "jwks_uri": s.url(t, "/discovery/v2.0/keys"),
		"enrolment_endpoint": s.url(t, root+"/enrolments"), "challenge_endpoint": s.url(t, root+"/challenges"),
		"response_endpoint": s.url(t, root+"/responses"), "subscription_endpoint": s.url(t, root+"/subscription"),
		"self_endpoint": s.url(t, root+"/self"), "rekey_endpoint": s.url(t, root+"/rekey"),
		"algs": algs, "uv_methods": []string{"webauthn"}, "modes": policy.Authenticator.Ask,
		"rp_id": s.Verifier.ID(), "vapid_key": s.vapid.public, "max_wait": maxWait,
	})
}
