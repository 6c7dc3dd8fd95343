package ui

import (
	"errors"
	"net/http"
	"slices"

	"latchkey/idp"
	"latchkey/idp/admin"
)

func (s *Site) showCleanUp(w http.ResponseWriter, r *http.Request) {
	if h, ok := s.holderAt(w, r, ownCleanUp); ok {
		s.cleanUpPage(w, r, h, Problem{})
	}
}

func (s *Site) cleanUpPage(w http.ResponseWriter, r *http.Request, h holder, p Problem) {
	held, err := s.held(r.Context(), h)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := CleanUp{Action: s.here(r, ownCleanUp), BackURL: s.here(r, securityInfo), EverywhereURL: s.here(r, everywhere), Problem: p}
	for _, k := range held.Passkeys {
		if h.session.Predates(k.PasskeyID, k.CreatedAt) {
			v.Passkeys = append(v.Passkeys, s.passkeyRow(r, h, k))
		}
	}
	for _, d := range held.Authenticators {
		if h.session.Predates(d.AuthenticatorID, d.CreatedAt) {
			v.Devices = append(v.Devices, s.deviceRow(r, h, d))
		}
	}
	if held.Password != nil && h.session.Predates(held.Password.PasswordID, held.Password.CreatedAt) {
		v.Password = s.passwordRow(r, held)
	}
	s.Page(w, r, p.Status(), v)
}

// answerCleanUp removes what was chosen, each by itself.
func (s *Site) answerCleanUp(w http.ResponseWriter, r *http.Request) {
	h, ok := s.sent(w, r, ownCleanUp)
	if !ok {
		return
	}
	chosen := r.PostForm["remove"]
	switch {
	case r.PostForm.Get("decision") != "remove":
		http.Redirect(w, r, s.here(r, securityInfo+"?done="+methodsKept), http.StatusSeeOther)
	case len(chosen) == 0:
		s.cleanUpPage(w, r, h, Problem{ID: "cleanup.empty"})
	case s.strong(w, r, h):
		s.changed(w, r, h, s.removeChosen(r, h, chosen), methodsRemoved)
	}
}

// removeChosen removes methods by their ids. What is gone already needs no removing.
func (s *Site) removeChosen(r *http.Request, h holder, ids []string) error {
	held, err := s.held(r.Context(), h)
	if err != nil {
		return err
	}
	for _, id := range ids[:min(len(ids), idp.MaxPasskeys+idp.MaxAuthenticators+1)] {
		if err := s.removeMethod(r, h, held, id); err != nil && (idp.ErrorCode(err) != idp.NotFound || errors.Is(err, idp.ErrStepUp)) {
			return err
		}
	}
	return nil
}

func (s *Site) removeMethod(r *http.Request, h holder, held admin.Methods, id string) error {
	if held.Password != nil && held.Password.PasswordID == id {
		return s.Admin.DeletePassword(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID)
	}
	if slices.ContainsFunc(held.Authenticators, func(d admin.AuthenticatorInfo) bool { return d.AuthenticatorID == id }) {
		return s.Admin.DeleteAuthenticator(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID, id)
	}
	return s.Admin.DeletePasskey(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID, id)
}
