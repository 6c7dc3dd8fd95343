package ui

import (
	"cmp"
	"net/http"

	"latchkey/idp"
	"latchkey/idp/admin"
)

func (s *Site) showSignIns(w http.ResponseWriter, r *http.Request) {
	h, ok := s.holderAt(w, r, ownSignIns)
	if !ok {
		return
	}
	infos, err := s.Admin.OwnSignIns(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := SignInsView{BackURL: s.here(r, securityInfo)}
	for _, i := range infos {
		v.Rows = append(v.Rows, signInRow(h, i))
	}
	s.Page(w, r, http.StatusOK, v)
}

// loggedKinds are the names of methods in the log; the rest are shown as they are.
var loggedKinds = map[string]string{
	"Temporary Access Pass": string(idp.TemporaryAccessPass),
	"Passkey":               string(idp.PasskeyMethod),
	idp.AuthenticatorName:   string(idp.AuthenticatorMethod),
	"Password":              string(idp.PasswordMethod),
	idp.EmailCodeName:       string(idp.EmailCode),
	"Previously satisfied":  "previously",
}

func signInRow(h holder, i admin.EventInfo) SignInRow {
	e := i.Event
	row := SignInRow{
		At: e.At, App: e.ClientID, Kind: loggedKinds[e.Method], Method: e.Method, Address: e.Address,
		Browser: browserName(e.UserAgent), Current: e.SessionID != "" && e.SessionID == h.session.SessionID,
	}
	if i.Client != nil {
		row.App = i.Client.Name
	}
	if e.Result != "success" {
		row.Why = cmp.Or(whys[e.Error], "unknown")
	}
	return row
}

// whys are the texts for why somebody was not signed in. It is their own log: they may
// know more than who tried.
var whys = map[idp.STS]string{
	idp.PassWrong:        "pass-wrong",
	idp.PassExpired:      "pass-expired",
	idp.PassUsed:         "pass-used",
	idp.PassBlocked:      "pass-blocked",
	idp.PassNotFound:     "pass-none",
	idp.PhoneBlocked:     "phone-blocked",
	idp.PasswordWrong:    "password-wrong",
	idp.EmailCodeWrong:   "code-wrong",
	idp.EmailCodeExpired: "code-expired",
	idp.EmailCodesOff:    "code-off",
	idp.EmailCodeUnsent:  "code-unsent",
	idp.UserDisabled:     "disabled",
	idp.UserLocked:       "locked",
	idp.ConsentDeclined:  "declined",
}
