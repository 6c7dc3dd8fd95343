package ui

import (
	"net/http"
	"slices"

	"latchkey/idp"
)

func (s *Site) askDeletePass(w http.ResponseWriter, r *http.Request, h holder) {
	held, err := s.held(r.Context(), h)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case held.Pass == nil || held.Pass.Pass.PassID != r.PostForm.Get("delete"):
		s.toSecurityInfo(w, r) // gone or replaced meanwhile: show what there is
	default:
		s.Page(w, r, http.StatusOK, DeletePass{
			Action: s.here(r, securityInfo), Pass: passRow(held.Pass.Pass, held.Pass.Reason),
			EndsSession: slices.Contains(h.session.Credentials(), held.Pass.Pass.PassID),
			OnlyWay:     held.OnlyWay(held.Pass.Pass.PassID),
		})
	}
}

// deletePass deletes the pass the person was asked about, and no newer one.
func (s *Site) deletePass(w http.ResponseWriter, r *http.Request, h holder) {
	err := s.Admin.DeletePass(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID, r.PostForm.Get("delete"))
	if err != nil && idp.ErrorCode(err) != idp.NotFound {
		s.fail(w, r, err)
		return
	}
	s.did(w, r, h, passDeleted)
}
