package ui

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/web"
)

// passkeyPath is the page about one passkey that the request is for.
func passkeyPath(r *http.Request, what string) string {
	return securityInfo + "/passkeys/" + mux.Vars(r)["id"] + what
}

// ownPasskey is the holder's passkey that a page is about. Without it, gone or another's,
// they see what there is; without a strong proof they are asked for one.
func (s *Site) ownPasskey(w http.ResponseWriter, r *http.Request, h holder) (held admin.Methods, k admin.PasskeyInfo, ok bool) {
	held, err := s.held(r.Context(), h)
	if err != nil {
		s.fail(w, r, err)
		return held, k, false
	}
	i := slices.IndexFunc(held.Passkeys, func(k admin.PasskeyInfo) bool { return k.PasskeyID == mux.Vars(r)["id"] })
	if i < 0 {
		s.toSecurityInfo(w, r)
		return held, k, false
	}
	return held, held.Passkeys[i], s.strong(w, r, h)
}

// changed goes on after a change of a method: to the notice, to what is there if it was
// gone before, or to a strong proof.
func (s *Site) changed(w http.ResponseWriter, r *http.Request, h holder, err error, notice string) {
	switch {
	case err == nil:
		s.did(w, r, h, notice)
	case errors.Is(err, idp.ErrStepUp):
		s.stepUp(w, r, h)
	case idp.ErrorCode(err) == idp.NotFound:
		s.toSecurityInfo(w, r)
	default:
		s.fail(w, r, err)
	}
}

func (s *Site) showRename(w http.ResponseWriter, r *http.Request) {
	h, ok := s.holderAt(w, r, passkeyPath(r, "/rename"))
	if !ok {
		return
	}
	if _, k, ok := s.ownPasskey(w, r, h); ok {
		s.Page(w, r, http.StatusOK, s.renameView(r, h, k.Name, ""))
	}
}

func (s *Site) renameView(r *http.Request, h holder, name, refusal string) RenameMethod {
	return RenameMethod{Action: s.here(r, h.path), BackURL: s.here(r, securityInfo), Name: name, Refusal: refusal}
}

func (s *Site) answerRename(w http.ResponseWriter, r *http.Request) {
	h, ok := s.sent(w, r, passkeyPath(r, "/rename"))
	if !ok {
		return
	}
	name := strings.TrimSpace(r.PostForm.Get("name"))
	_, err := s.Admin.RenamePasskey(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID, mux.Vars(r)["id"], name)
	if idp.ErrorCode(err) == idp.Invalid {
		s.Page(w, r, http.StatusBadRequest, s.renameView(r, h, clip(name, 4096), err.Error()))
		return
	}
	s.changed(w, r, h, err, passkeyRenamed)
}

func (s *Site) showRemove(w http.ResponseWriter, r *http.Request) {
	h, ok := s.holderAt(w, r, passkeyPath(r, "/remove"))
	if !ok {
		return
	}
	if held, k, ok := s.ownPasskey(w, r, h); ok {
		row := s.passkeyRow(r, h, k)
		s.Page(w, r, http.StatusOK, RemoveMethod{Action: s.here(r, h.path), Passkey: &row, OnlyWay: held.OnlyWay(k.PasskeyID), EndsSession: row.Current})
	}
}

func (s *Site) answerRemove(w http.ResponseWriter, r *http.Request) {
	h, ok := s.sent(w, r, passkeyPath(r, "/remove"))
	switch {
	case !ok:
	case r.PostForm.Get("decision") != "remove":
		s.toSecurityInfo(w, r)
	default:
		err := s.Admin.DeletePasskey(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID, mux.Vars(r)["id"])
		s.changed(w, r, h, err, passkeyRemoved)
	}
}

func (s *Site) showSetPassword(w http.ResponseWriter, r *http.Request) {
	h, ok := s.holderAt(w, r, ownPassword)
	if !ok {
		return
	}
	held, err := s.held(r.Context(), h)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case held.NoPassword != idp.Offered:
		s.toSecurityInfo(w, r)
	case s.strong(w, r, h):
		s.Page(w, r, http.StatusOK, s.passwordView(r, h, held, ""))
	}
}

func (s *Site) passwordView(r *http.Request, h holder, held admin.Methods, refusal string) SetPassword {
	v := SetPassword{
		Action: s.here(r, ownPassword), BackURL: s.here(r, securityInfo), Username: h.user.SignInName(),
		Length: held.PasswordLength, Refusal: refusal,
	}
	if held.Password != nil {
		v.Changes, v.Ends = true, slices.Contains(h.session.Credentials(), held.Password.PasswordID)
	}
	return v
}

// answerSetPassword sets the password. What was typed is not sent back.
func (s *Site) answerSetPassword(w http.ResponseWriter, r *http.Request) {
	h, ok := s.sent(w, r, ownPassword)
	if !ok {
		return
	}
	err := s.Admin.SetPassword(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID, r.PostForm.Get("new-password"))
	code := idp.ErrorCode(err)
	if err == nil || code != idp.Invalid && code != idp.Conflict {
		s.changed(w, r, h, err, passwordSet)
		return
	}
	held, failed := s.held(r.Context(), h)
	switch {
	case failed != nil:
		s.fail(w, r, failed)
	case held.NoPassword != idp.Offered: // meanwhile
		s.toSecurityInfo(w, r)
	default:
		s.Page(w, r, web.Status(code), s.passwordView(r, h, held, err.Error()))
	}
}

func (s *Site) showRemovePassword(w http.ResponseWriter, r *http.Request) {
	h, ok := s.holderAt(w, r, ownPassword+"/remove")
	if !ok {
		return
	}
	held, err := s.held(r.Context(), h)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case held.Password == nil:
		s.toSecurityInfo(w, r)
	case s.strong(w, r, h):
		id := held.Password.PasswordID
		s.Page(w, r, http.StatusOK, RemoveMethod{
			Action: s.here(r, h.path), OnlyWay: held.OnlyWay(id), EndsSession: slices.Contains(h.session.Credentials(), id),
		})
	}
}

func (s *Site) answerRemovePassword(w http.ResponseWriter, r *http.Request) {
	h, ok := s.sent(w, r, ownPassword+"/remove")
	switch {
	case !ok:
	case r.PostForm.Get("decision") != "remove":
		s.toSecurityInfo(w, r)
	default:
		err := s.Admin.DeletePassword(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID)
		s.changed(w, r, h, err, passwordRemoved)
	}
}
