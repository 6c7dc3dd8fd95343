package ui

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/mux"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// devicePath is the page about one device that the request is for.
func devicePath(r *http.Request, what string) string {
	return securityInfo + "/authenticators/" + mux.Vars(r)["id"] + what
}

// ownDevice is ownPasskey of a device.
func (s *Site) ownDevice(w http.ResponseWriter, r *http.Request, h holder) (held admin.Methods, d admin.AuthenticatorInfo, ok bool) {
	held, err := s.held(r.Context(), h)
	if err != nil {
		s.fail(w, r, err)
		return held, d, false
	}
	i := slices.IndexFunc(held.Authenticators, func(d admin.AuthenticatorInfo) bool { return d.AuthenticatorID == mux.Vars(r)["id"] })
	if i < 0 {
		s.toSecurityInfo(w, r)
		return held, d, false
	}
	return held, held.Authenticators[i], s.strong(w, r, h)
}

func (s *Site) showRenameDevice(w http.ResponseWriter, r *http.Request) {
	h, ok := s.holderAt(w, r, devicePath(r, "/rename"))
	if !ok {
		return
	}
	if _, d, ok := s.ownDevice(w, r, h); ok {
		s.Page(w, r, http.StatusOK, s.renameDeviceView(r, h, d.Name, ""))
	}
}

func (s *Site) renameDeviceView(r *http.Request, h holder, name, refusal string) RenameMethod {
	v := s.renameView(r, h, name, refusal)
	v.Device = true
	return v
}

func (s *Site) answerRenameDevice(w http.ResponseWriter, r *http.Request) {
	h, ok := s.sent(w, r, devicePath(r, "/rename"))
	if !ok {
		return
	}
	name := strings.TrimSpace(r.PostForm.Get("name"))
	_, err := s.Admin.RenameAuthenticator(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID, mux.Vars(r)["id"], name)
	if idp.ErrorCode(err) == idp.Invalid {
		s.Page(w, r, http.StatusBadRequest, s.renameDeviceView(r, h, clip(name, 4096), err.Error()))
		return
	}
	s.changed(w, r, h, err, deviceRenamed)
}

func (s *Site) showRemoveDevice(w http.ResponseWriter, r *http.Request) {
	h, ok := s.holderAt(w, r, devicePath(r, "/remove"))
	if !ok {
		return
	}
	if held, d, ok := s.ownDevice(w, r, h); ok {
		row := s.deviceRow(r, h, d)
		s.Page(w, r, http.StatusOK, RemoveMethod{Action: s.here(r, h.path), Device: &row, OnlyWay: held.OnlyWay(d.AuthenticatorID), EndsSession: row.Current})
	}
}

func (s *Site) answerRemoveDevice(w http.ResponseWriter, r *http.Request) {
	h, ok := s.sent(w, r, devicePath(r, "/remove"))
	switch {
	case !ok:
	case r.PostForm.Get("decision") != "remove":
		s.toSecurityInfo(w, r)
	default:
		err := s.Admin.DeleteAuthenticator(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID, mux.Vars(r)["id"])
		s.changed(w, r, h, err, deviceRemoved)
	}
}
