package ui

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/signin"
)

// What was just done, as the address of security info says it, and the catalogue.
const (
	passDeleted     = "pass-deleted"
	passkeyAdded    = "passkey-added"
	passkeyRenamed  = "passkey-renamed"
	passkeyRemoved  = "passkey-removed"
	deviceAdded     = "device-added"
	deviceRenamed   = "device-renamed"
	deviceRemoved   = "device-removed"
	passwordSet     = "password-set"
	passwordRemoved = "password-removed"
	methodsRemoved  = "methods-removed"
	methodsKept     = "methods-kept"
	methodPreferred = "method-preferred"
	signedOutAll    = "signed-out-everywhere"
)

func (s *Site) showSecurityInfo(w http.ResponseWriter, r *http.Request) {
	h, ok := s.holderAt(w, r, securityInfo)
	if !ok {
		return
	}
	held, err := s.held(r.Context(), h)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	why, err := s.Signin.Registrable(r.Context(), h.Visit, idp.PasskeyMethod)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v := s.securityInfo(r, h, held, why)
	switch err := s.Admin.MayCreatePass(r.Context(), h.actor, h.Tenant.TenantID); {
	case err == nil:
		v.GivePassURL = s.here(r, newPass)
	case idp.ErrorCode(err) != idp.Forbidden:
		s.fail(w, r, err)
		return
	}
	s.Page(w, r, http.StatusOK, v)
}

// changeSecurityInfo is what the buttons of the page lead to.
func (s *Site) changeSecurityInfo(w http.ResponseWriter, r *http.Request) {
	h, ok := s.sent(w, r, securityInfo)
	if !ok {
		return
	}
	form := r.PostForm
	switch {
	case form.Get("decision") == "sign-out":
		s.signOut(w, r, h.Visit)
	case form.Get("decision") == "delete":
		s.deletePass(w, r, h)
	case form.Has("decision"): // keep it
		s.toSecurityInfo(w, r)
	case form.Get("add") == string(idp.PasskeyMethod):
		s.follow(w, r, h.Visit, signin.Start(nil, securityInfo, h.Now).Enrolling(idp.PasskeyMethod))
	case form.Get("add") == string(idp.AuthenticatorMethod):
		s.beginAuthenticator(w, r, h)
	case form.Has("prefer"):
		err := s.Admin.PreferMethod(r.Context(), h.actor, h.Tenant.TenantID, h.user.UserID, idp.Kind(form.Get("prefer")))
		s.changed(w, r, h, err, methodPreferred)
	case form.Get("use") == string(idp.PasskeyMethod):
		s.follow(w, r, h.Visit, signin.Start(nil, securityInfo, h.Now).Proving(idp.PasskeyMethod))
	default:
		s.askDeletePass(w, r, h)
	}
}

// recently bounds how long ago something was "just" done.
const recently = 10 * time.Minute

// noticeOf is what an address says was just done, as far as it is true: anybody can make
// up such a link.
func noticeOf(q url.Values, held admin.Methods, now time.Time) string {
	id := q.Get("done")
	switch id {
	case passkeyAdded:
		if n := len(held.Passkeys); n == 0 || now.Sub(held.Passkeys[n-1].CreatedAt) > recently {
			return ""
		}
	case deviceAdded:
		if n := len(held.Authenticators); n == 0 || now.Sub(held.Authenticators[n-1].CreatedAt) > recently {
			return ""
		}
	case passwordSet:
		if held.Password == nil || now.Sub(held.Password.CreatedAt) > recently {
			return ""
		}
	case passwordRemoved:
		if held.Password != nil {
			return ""
		}
	case passDeleted:
		if held.Pass != nil {
			return ""
		}
	case methodPreferred:
		if held.User.Preferred == "" {
			return ""
		}
	case passkeyRenamed, passkeyRemoved, deviceRenamed, deviceRemoved, methodsRemoved, methodsKept:
	default:
		return ""
	}
	return id
}

func (s *Site) securityInfo(r *http.Request, h holder, held admin.Methods, why idp.Reason) SecurityInfo {
	v := SecurityInfo{
		Action: s.here(r, securityInfo), Username: h.user.SignInName(), DisplayName: h.user.DisplayName,
		NoticeID: noticeOf(r.URL.Query(), held, h.Now), Banner: bannerOf(h, held), First: string(held.First()),
		Passkeys: s.passkeyRows(r, h, held.Passkeys), Devices: s.deviceRows(r, h, held.Authenticators), Password: s.passwordRow(r, held),
		Session:    SessionRow{Ends: h.session.NotAfter, Bounded: h.session.Bounded(), EverywhereURL: s.here(r, everywhere)},
		SignInsURL: s.here(r, ownSignIns), AppsURL: s.here(r, ownApps), Signals: s.signals(h, held), Codes: codesTo(held),
	}
	if held.Pass != nil {
		v.Pass = passRow(held.Pass.Pass, held.Pass.Reason)
	}
	for _, kind := range held.Lasting() {
		if kind != held.Default() {
			v.Prefer = append(v.Prefer, string(kind))
		}
	}
	v.Session.UsePasskey = v.Session.Bounded && held.PasskeyUsable()
	if recovers(h, held) && v.NoticeID != methodsKept {
		v.CleanUpURL = s.here(r, ownCleanUp)
	}
	v.Unable, v.AddDevice = unable(h, held, why), unable(h, held, held.NoDevice) == ""
	switch {
	case v.Codes != "": // they have nothing else, and need nothing else
		v.Banner, v.Unable, v.AddDevice, v.Session.Bounded = Banner{}, "", false, false
	case v.Unable != "":
	case v.Banner.Why != "":
		v.Add = "banner"
	default:
		v.Add = "list"
	}
	return v
}

// bannerOf tells why another sign-in method is wanted.
func bannerOf(h holder, held admin.Methods) Banner {
	window := h.session.Window()
	switch {
	case held.Passwordless():
		return Banner{}
	case h.Now.Before(window):
		return Banner{Why: "window", Until: window}
	case !window.IsZero() && !held.MFA():
		return Banner{Why: "closed", Until: h.session.NotAfter}
	case held.PasswordUsable():
		return Banner{Why: "password"}
	case held.PassUsable():
		return Banner{Why: "pass", Until: held.Pass.Pass.EndsAt()}
	}
	return Banner{Why: "none"}
}

// unables are the texts for why people cannot register a passkey.
var unables = map[idp.Reason]string{
	idp.MethodDisabled: "disabled",
	idp.OutOfScope:     "scope",
	idp.NoSelfService:  "self-service",
	idp.ExternalUser:   "external",
	idp.Unavailable:    "host",
	idp.MaxHeld:        "full",
}

// unable is the text for why there is no button to add a passkey; empty if there is one.
func unable(h holder, held admin.Methods, why idp.Reason) string {
	switch {
	case why != idp.Offered:
		return unables[why]
	case !h.session.Strong(h.Now) && !held.MFA():
		return "prove"
	}
	return ""
}

// recovers tells whether there is something to clean up after a loss.
func recovers(h holder, held admin.Methods) bool {
	return h.session.Recovers() && (slices.ContainsFunc(held.Passkeys, func(k admin.PasskeyInfo) bool {
		return h.session.Predates(k.PasskeyID, k.CreatedAt)
	}) || slices.ContainsFunc(held.Authenticators, func(d admin.AuthenticatorInfo) bool {
		return h.session.Predates(d.AuthenticatorID, d.CreatedAt)
	}))
}
