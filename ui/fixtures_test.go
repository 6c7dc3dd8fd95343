package ui

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// noon is the moment at which all test pages are drawn.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

var testFrame = Frame{TenantName: "Contoso", RequestID: "q7RkT2", Now: noon}

// nowhere is the frame of the pages that belong to no tenant.
var nowhere = Frame{RequestID: "q7RkT2", Now: noon}

// frame is the one the state's page has in real life.
func (s state) frame() Frame {
	switch s.view.PageName() {
	case "home", "organizations", "authenticator":
		return nowhere
	}
	return testFrame
}

// state is a page in one of its states; the name is that of its golden file.
type state struct {
	name string
	view View
}

const (
	anna   = "anna@contoso.example"
	sealed = "v1.c2VhbGVk"
)

var scopes = []string{"openid", "profile", "email", "phone", "address", "offline_access", "reports.read"}

// wiki is what an app shows of itself.
var wiki = AppLinks{
	LogoURI: "https://cdn.contoso.example:8443/logo.png?v=1&s=2", HomeURI: "https://wiki.contoso.example/",
	PolicyURI: "https://wiki.contoso.example/privacy", TermsURI: "https://contoso.example/terms?of=wiki",
}

// frames are front-channel logout URIs of three apps, two of them at one origin.
var frames = []string{
	"https://wiki.contoso.example/out?iss=https%3A%2F%2Fid.example%2Ft%2Fv2.0&sid=s1",
	"https://intranet.contoso.example/out?iss=https%3A%2F%2Fid.example%2Ft%2Fv2.0&sid=s1",
	"https://intranet.contoso.example/hr/out?iss=https%3A%2F%2Fid.example%2Ft%2Fv2.0&sid=s1",
}

// states has every page in every state that people meet.
func states() []state {
	list := []state{
		{"signin", Signin{Action: "/t/signin", State: sealed, AppName: "Intranet"}},
		{"signin-here", Signin{Action: "/t/signin", State: sealed}},
		{"signin-empty", Signin{Action: "/t/signin", State: sealed, AppName: "Intranet", Problem: Problem{ID: "username.empty"}}},
		{"signin-invalid", Signin{Action: "/t/signin", State: sealed, AppName: "Intranet", Username: "anna", Problem: Problem{ID: "username.invalid"}}},
		{"signin-account", Signin{Action: "/t/signin", State: sealed, AppName: "Intranet", Account: anna}},
		{"pass", Pass{Action: "/t/signin", State: sealed, Username: anna, AppName: "Intranet", Ways: Ways{ChangeUser: true}}},
		{"pass-wrong", Pass{Action: "/t/signin", State: sealed, Username: anna, Ways: Ways{OtherWays: true, ChangeUser: true}, Problem: Problem{ID: "pass.wrong"}}},
		{"pass-empty", Pass{Action: "/t/signin", State: sealed, Username: anna, Problem: Problem{ID: "pass.empty"}}},
		{"pass-no-name", Pass{Action: "/t/signin", State: sealed, AppName: "Intranet"}},
		{"pass-notyet", Pass{Action: "/t/signin", State: sealed, Username: anna, Problem: Problem{ID: "pass.notyet", Start: noon.Add(26 * time.Hour)}}},
		{"pass-toomany", Pass{Action: "/t/signin", State: sealed, Username: anna, Problem: Problem{ID: "pass.toomany", Minutes: 12}}},
		{"signin-app", Signin{AppLinks: wiki, Action: "/t/signin", State: sealed, AppName: "Contoso Wiki"}},
		{"signin-terms", Signin{AppLinks: AppLinks{TermsURI: wiki.TermsURI}, Action: "/t/signin", State: sealed, AppName: "Contoso Wiki"}},
		{"signin-account-app", Signin{AppLinks: wiki, Action: "/t/signin", State: sealed, AppName: "Contoso Wiki", Account: anna}},
		{"pass-app", Pass{AppLinks: wiki, Action: "/t/signin", State: sealed, Username: anna, AppName: "Contoso Wiki", Ways: Ways{OtherWays: true, ChangeUser: true}}},
		{"other-ways", OtherWays{Action: "/t/signin", State: sealed, Username: anna, Kinds: []string{"temporaryAccessPass", "somethingNew"}}},
		{"consent", Consent{Action: "/t/consent", State: sealed, AppName: "Intranet", AppHost: "intranet.contoso.example", Username: anna, Scopes: scopes}},
		{"consent-api", Consent{
			Action: "/t/consent", State: sealed, AppName: "Intranet", AppHost: "intranet.contoso.example", Username: anna,
			Scopes: []string{"openid", "https://reports.contoso.example/read", "https://calendar.contoso.example/"},
			APIs:   map[string]string{"https://reports.contoso.example": "Reports & Figures", "https://calendar.contoso.example/": "Calendar"},
		}},
		{"consent-admin", Consent{
			Action: "/t/consent", State: sealed, AppName: "Admin Tools", AppHost: "tools.contoso.example", Username: anna,
			Scopes: []string{idp.ScopeOpenID, idp.ScopeOf(idp.GraphID, "User.Read"), idp.ScopeOf(idp.GraphID, "UserAuthenticationMethod.ReadWrite.All"), idp.ScopeOf(idp.GraphID, "AuditLog.Read.All")},
			APIs:   map[string]string{idp.GraphID: "Latchkey administration"},
		}},
		{"consent-app", Consent{AppLinks: wiki, Action: "/t/consent", State: sealed, AppName: "Contoso Wiki", AppHost: "wiki.contoso.example", Username: anna, Scopes: scopes[:3]}},
		{"sign-out", SignOut{Action: "/t/logout", State: sealed, AppName: "Intranet", Username: anna}},
		{"sign-out-no-app", SignOut{Action: "/t/logout", State: sealed, Username: anna}},
		{"signed-out", SignedOut{AgainURL: "/contoso.example/security-info"}},
		{"signed-out-of", SignedOutOf{Frames: frames, Next: "https://intranet.contoso.example/bye?state=a%26b&x='", NextHost: "intranet.contoso.example"}},
		{"signed-out-of-native", SignedOutOf{Frames: frames[:1], Next: "com.contoso.wiki:/bye?state=1", NextHost: "com.contoso.wiki:/bye"}},
		{"signed-out-of-here", SignedOutOf{Frames: frames, AgainURL: "/contoso.example/security-info"}},
		{"device", Device{Action: "/t/device"}},
		{"device-code", Device{Action: "/t/device", UserCode: "BCDF-GHJK", Problem: Problem{ID: "device.code"}}},
		{"device-toomany", Device{Action: "/t/device", UserCode: "BCDF-GHJK", Problem: Problem{ID: "pass.toomany", Minutes: 1}}},
		{"device-confirm", DeviceConfirm{Action: "/t/device", State: sealed, AppName: "Living room TV", UserCode: "BCDF-GHJK", Username: anna, Scopes: scopes[:3]}},
		{"device-confirm-app", DeviceConfirm{AppLinks: wiki, Action: "/t/device", State: sealed, AppName: "Contoso Wiki", UserCode: "BCDF-GHJK", Username: anna, Scopes: scopes[:3]}},
		{"device-done", DeviceDone{Allowed: true}},
		{"device-denied", DeviceDone{}},
		{"organizations", Organizations{Action: "/organizations"}},
		{"organizations-unknown", Organizations{Action: "/organizations", Value: "contosso.example", Problem: Problem{ID: "tenant.unknown"}}},
		{"form-post", FormPost{Action: "https://intranet.contoso.example/callback", Fields: []Field{{"code", "ac_1"}, {"state", `"><b>`}}}},
		{"home", Home{OrganizationsURL: "/organizations"}},
		{"authenticator", Authenticator{Action: "/authenticator", Name: "Chrome on Android", Platform: "Android"}},
	}
	return slices.Concat(list, signinStates(), federatedStates(), emailStates(), securityStates(), appsStates(), adminPassStates(), errorStates())
}

// errorStates has an error page for every problem.
func errorStates() []state {
	var list []state
	for id := range problems {
		v := Error{Problem: Problem{ID: id, Provider: "Branch & Sons", Start: noon.Add(time.Hour), Minutes: 1, Seconds: 20}, Time: noon}
		if strings.HasPrefix(id, "state.") {
			v.TryAgainURL = "/t/signin"
		}
		list = append(list, state{"error-" + id, v})
	}
	request := Error{
		Problem: Problem{ID: "request.invalid"}, Code: "invalid_request_object", Time: noon,
		Detail: "The request object is not signed.",
	}
	return append(list, state{"error-request", request}, state{"error", Error{
		Problem: Problem{ID: "redirect.unregistered"}, Code: "AADSTS50011", Time: noon,
		Detail: "https://intranet.contoso.example/wrong?x=<script>", TryAgainURL: "/t/signin",
	}})
}

// newRenderer is a Renderer that logs nothing.
func newRenderer(t testing.TB) *Renderer {
	t.Helper()
	rd, err := NewRenderer(Options{HTTPS: true, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return rd
}

// get draws a view as a browser would get it.
func get(rd *Renderer, f Frame, v View) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/t/page", nil)
	w := httptest.NewRecorder()
	rd.Page(w, r.WithContext(WithFrame(r.Context(), f)), http.StatusOK, v)
	return w
}
