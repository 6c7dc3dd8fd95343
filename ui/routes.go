package ui

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"latchkey/idp/admin"
	"latchkey/idp/signin"
	"latchkey/idp/web"
)

// Config is what a Site needs.
type Config struct {
	Base string // absolute URL without path
	// PasskeyHost is the host that passkeys are made for (WebAuthn 5.1.2, rpId); empty: there
	// can be none.
	PasskeyHost string
	Renderer    *Renderer
	Signin      *signin.Service
	Admin       *admin.Service
	Tenants     *web.Tenants
	Upstream    Upstream
	// Respond sends a client what a sign-in led to.
	Respond func(w http.ResponseWriter, r *http.Request, out signin.Outcome)
	Now     func() time.Time
	Log     *slog.Logger
}

// Site serves the pages people use.
type Site struct {
	Config
	// wrong holds back an address whose answers keep being wrong, whoever they
	// are about, and codes one that keeps trying codes of devices: thirty at once
	// and one every two seconds.
	wrong, codes *web.Limiter
	live         *web.Held // pages that wait for news
}

// NewSite makes a Site.
func NewSite(c Config) *Site {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Site{Config: c, wrong: web.NewLimiter(2*time.Second, 30), codes: web.NewLimiter(2*time.Second, 30), live: web.NewHeld(web.MaxHeld, web.MaxHeldOfNetwork)}
}

// Routes is every page there is: those of the deployment, then those of a tenant.
func (s *Site) Routes(root, tenant *mux.Router) {
	below := func(path string, handler func(http.ResponseWriter, *http.Request)) *mux.Route {
		return web.Route(tenant, path, handler)
	}
	// The id of a passkey or a device stands in the middle of the paths that are about it.
	about := func(one string) func(string, func(http.ResponseWriter, *http.Request)) *mux.Route {
		return func(path string, handler func(http.ResponseWriter, *http.Request)) *mux.Route {
			ends := func(r *http.Request, _ *mux.RouteMatch) bool { return strings.HasSuffix(r.URL.Path, path) }
			return tenant.MatcherFunc(ends).Path("/{tenant}" + one + path).HandlerFunc(handler)
		}
	}
	passkeys, devices := about(ownPasskey), about(ownDevice)
	for _, route := range []struct {
		mount   func(path string, handler func(http.ResponseWriter, *http.Request)) *mux.Route
		path    string
		methods web.Methods
	}{
		{below, "/signin", form(s.showSignin, s.answerSignin)},
		{below, numberEvents, web.Methods{http.MethodGet: s.showNumberEvents}},
		{below, numberPoll, web.Methods{http.MethodGet: s.holdNumber}},
		{below, newDevice, form(s.showNewDevice, s.answerNewDevice)},
		{tenant.HandleFunc, "/{tenant}" + ownInvitation, form(s.showInvitedDevice, s.answerInvitedDevice)},
		{tenant.HandleFunc, "/{tenant}" + ownInvitation + "/events", web.Methods{http.MethodGet: s.showDeviceEvents}},
		{tenant.HandleFunc, "/{tenant}" + ownInvitation + "/poll", web.Methods{http.MethodGet: s.holdDevice}},
		{below, "/security-info", form(s.showSecurityInfo, s.changeSecurityInfo)},
		{passkeys, "/rename", form(s.showRename, s.answerRename)},
		{passkeys, "/remove", form(s.showRemove, s.answerRemove)},
		{devices, "/rename", form(s.showRenameDevice, s.answerRenameDevice)},
		{devices, "/remove", form(s.showRemoveDevice, s.answerRemoveDevice)},
		{below, ownPassword, form(s.showSetPassword, s.answerSetPassword)},
		{below, ownPassword + "/remove", form(s.showRemovePassword, s.answerRemovePassword)},
		{below, ownSignIns, web.Readable(s.showSignIns)},
		{below, ownCleanUp, form(s.showCleanUp, s.answerCleanUp)},
		{below, everywhere, form(s.showEverywhere, s.answerEverywhere)},
		{below, newPass, form(s.showNewPass, s.answerNewPass)},
		{below, "/redeem", web.Readable(s.showRedeem)},
		{below, reportCode, form(s.showReportCode, s.answerReportCode)},
		{below, blockInvitations, form(s.showBlock, s.answerBlock)},
		{below, ownApps, web.Readable(s.showApps)},
		{tenant.HandleFunc, "/{tenant}" + appLink, web.Readable(s.openApp)},
		{below, toHome, web.Methods{http.MethodGet: s.showVisit}},
		{below, fromHome, web.Methods{http.MethodGet: s.comeFromHome}},
		{tenant.HandleFunc, "/{tenant}" + ownFederation + "/callback", web.Methods{http.MethodGet: s.comeBack}},
		{tenant.HandleFunc, "/{tenant}" + ownFederation + "/backchannel-logout", web.Methods{http.MethodPost: s.hearLogout}},
		{tenant.HandleFunc, "/{tenant}" + ownFederation + "/frontchannel-logout", web.Methods{http.MethodGet: s.hearFrontLogout}},
		{tenant.HandleFunc, "/{tenant}" + ownFederation + "/signed-out", web.Readable(s.comeSignedOut)},
		{below, "/device", form(s.showDevice, s.answerDevice)},
		{below, "/brand.css", web.Readable(s.showBrand)},
		{below, "", web.Readable(s.toSecurityInfo)},
		{below, "/", web.Readable(s.toSecurityInfo)},

		{root.HandleFunc, "/", web.Readable(s.showHome)},
		{root.HandleFunc, "/tap", form(s.showTap, s.answerTap)},
		{root.HandleFunc, authenticator, web.Readable(s.showAuthenticator)},
		{root.HandleFunc, authenticator + "/sw.js", web.Readable(s.showWorker)},
		{root.HandleFunc, authenticator + "/manifest.webmanifest", web.Readable(s.showManifest)},
		{root.HandleFunc, anyTenant, form(s.showOrganizations, s.chooseOrganization)},
		{root.HandleFunc, anyApps, form(s.showOrganizations, s.chooseOrganization)},
		{root.HandleFunc, "/assets/{file:.*}", web.Readable(s.Renderer.Assets().ServeHTTP)},
	} {
		route.mount(route.path, route.methods.Or(s.Refuse("method")))
	}
}

// form is what answers where a form is: the page with it, and what it sends.
func form(show, answer http.HandlerFunc) web.Methods {
	methods := web.Readable(show)
	methods[http.MethodPost] = answer
	return methods
}

// The addresses of people that name no tenant. Programs get an error there: nobody could
// pick one for them.
const (
	anyTenant = "/{any:common|organizations}{rest:(?:/oauth2/v2.0/authorize|/signin|/security-info|/device|/" + someApps + ")?/?}"
	anyApps   = "/{any:" + someApps + "/?}"
	someApps  = "apps(?:/[A-Za-z0-9._~-]+)?"
)

// Shared matches what belongs to the deployment and to no tenant.
func Shared(r *http.Request, _ *mux.RouteMatch) bool {
	first, _ := segments(r)
	return first == "assets" || first == "tap" || "/"+first == authenticator || slices.Contains(tenantless, first)
}

// framed gives the pages of a request what they share.
func (s *Site) framed(r *http.Request) *http.Request {
	q := web.From(r)
	f := Frame{RequestID: q.ID, Now: q.Now}
	if q.Tenant != nil {
		f.TenantName, f.Brand = q.Tenant.Name, s.brand(q.Tenant)
	}
	return r.WithContext(WithFrame(r.Context(), f))
}

// here is a path of the tenant under the name the visitor reached it by.
func (s *Site) here(r *http.Request, path string) string {
	return s.Base + "/" + mux.Vars(r)["tenant"] + path
}

// Page draws a view, for other adapters too.
func (s *Site) Page(w http.ResponseWriter, r *http.Request, status int, v View) {
	s.Renderer.Page(w, s.framed(r), status, v)
}

// Refuse answers people with an error page and programs with JSON.
func (s *Site) Refuse(id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			s.Problem(w, r, id)
			return
		}
		s.problemJSON(w, r, id)
	}
}

// problemJSON tells a program of the problem, in the form of OAuth errors.
func (s *Site) problemJSON(w http.ResponseWriter, r *http.Request, id string) {
	p := Problem{ID: id}
	body, err := json.Marshal(map[string]string{
		"error": p.OAuthError(), "error_description": s.Renderer.Explain(p), "trace_id": web.From(r).ID,
	})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status())
	w.Write(body) // a reader who has gone away is no error of ours
}

// Problem shows an error page; r may have come from anywhere.
func (s *Site) Problem(w http.ResponseWriter, r *http.Request, id string) {
	p := Problem{ID: id}
	again := ""
	if path, ok := waysOn[id]; ok {
		again = s.Base + path
	}
	s.Page(w, r, p.Status(), Error{Problem: p, Time: web.From(r).Now, TryAgainURL: again})
}

// waysOn are the pages that lead on from a problem, where there is one.
var waysOn = map[string]string{"tenant.unknown": "/organizations"}

// fail is for errors of ours: the cause is logged, the person is told that it is
// not theirs.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		s.Log.Error("page failed", "request_id", web.From(r).ID, "path", r.URL.Path, "error", err)
	}
	s.Problem(w, r, "internal")
}
