package ui

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/storage"
)

const fabrikam = "22222222-2222-4222-8222-222222222222"

// request sends one, with what a browser would send along.
func (v *visited) request(method, target, body string, cookies ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Accept", "text/html")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(cookies); i += 2 {
		r.AddCookie(&http.Cookie{Name: cookies[i], Value: cookies[i+1]})
	}
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	return w
}

// TestTenantID: a link that names an organization leads to the same page of it, with all
// else it says; one that names none, or two, asks which.
func TestTenantID(t *testing.T) {
	v := visit(t)
	put(t, v.store, storage.System, &idp.Tenant{TenantID: fabrikam, Name: "Fabrikam", Domains: []string{"fabrikam.example"}, Disabled: true})
	for _, test := range []struct {
		target string
		to     string // below the base URL; or the problem that the picker shows
	}{
		{"/?tenantid=contoso.example", "/contoso.example/apps"},
		{"/?tenantId=Contoso.EXAMPLE", "/contoso.example/apps"},
		{"/?TENANTID=" + contoso, "/contoso.example/apps"},
		{"/?tenantid=" + strings.ToUpper(contoso), "/contoso.example/apps"},
		{"/?t%65nantid=contoso%2Eexample", "/contoso.example/apps"},
		{"/?tenantid=+contoso.example.", "/contoso.example/apps"},
		{"/apps?tenantid=contoso.example", "/contoso.example/apps"},
		{"/apps/?tenantid=contoso.example&a=1", "/contoso.example/apps?a=1"},
		{"/apps/wiki?tenantid=contoso.example", "/contoso.example/apps/wiki"},
		{"/common/apps?tenantid=contoso.example", "/contoso.example/apps"},
		{"/organizations/apps/wiki?tenantid=contoso.example", "/contoso.example/apps/wiki"},
		{"/common?tenantid=contoso.example", "/contoso.example/security-info"},
		{"/organizations/?tenantid=contoso.example", "/contoso.example/security-info"},
		{"/common/signin?login_hint=a%40b.example&tenantid=contoso.example", "/contoso.example/signin?login_hint=a%40b.example"},
		{"/common/device?tenantid=contoso.example&code=BCDF-GHJK", "/contoso.example/device?code=BCDF-GHJK"},
		{"/organizations/security-info/?tenantid=contoso.example", "/contoso.example/security-info"},
		{
			"/common/oauth2/v2.0/authorize?scope=openid+x&tenantId=contoso.example&state=%2b%20&&redirect_uri=https://app.example/?tenantid=x&=&a",
			"/contoso.example/oauth2/v2.0/authorize?scope=openid+x&state=%2b%20&&redirect_uri=https://app.example/?tenantid=x&=&a",
		},
		{"/common/signin?a=%zz&tenantid=contoso.example;b", "tenant.unreadable"},
		{"/?tenantid=", "tenant.unreadable"},
		{"/?tenantid", "tenant.unreadable"},
		{"/?tenantid=contoso.example&tenantid=contoso.example", "tenant.unreadable"},
		{"/common/signin?tenantid=contoso.example&tenantId=fabrikam.example", "tenant.unreadable"},
		{"/?tenantid=contoso", "tenant.unreadable"},
		{"/?tenantid=common", "tenant.unreadable"},
		{"/?tenantid=anna%40contoso.example", "tenant.unreadable"},
		{"/?tenantid=%zz", "tenant.unreadable"},
		{"/?tenantid=%00%ff", "tenant.unreadable"},
		{"/?tenantid=contoso.example%0d%0aX:+y", "tenant.unreadable"},
		{"/?tenantid=//evil.example", "tenant.unreadable"},
		{"/?tenantid=https://evil.example/", "tenant.unreadable"},
		{"/?tenantid=contoso.example%2f..", "tenant.unreadable"},
		{"/?tenantid=%7b" + contoso + "%7d", "tenant.unreadable"},
		{"/?tenantid=" + strings.Repeat("a.", 5000) + "example", "tenant.unreadable"},
		{"/?tenantid=evil.example", "tenant.unknown"},
		{"/apps?tenantid=fabrikam.example", "tenant.unknown"},
		{"/common/signin?tenantid=" + fabrikam, "tenant.unknown"},
		{"/common/signin?tenantid=33333333-3333-4333-8333-333333333333", "tenant.unknown"},
	} {
		for method, status := range map[string]int{http.MethodGet: http.StatusSeeOther, http.MethodHead: http.StatusSeeOther, http.MethodPost: http.StatusTemporaryRedirect} {
			w := v.request(method, test.target, "")
			to := w.Header().Get("Location")
			if p := (Problem{ID: test.to}); !strings.HasPrefix(test.to, "/") {
				body := w.Body.String()
				if w.Code != p.Status() || to != "" || method != http.MethodHead && !(strings.Contains(body, `data-problem="`+p.ID+`"`) && strings.Contains(body, `data-page="organizations"`)) {
					t.Errorf("%s %.80s: status %d, to %q, want the picker with %s", method, test.target, w.Code, to, p.ID)
				}
			} else if w.Code != status || to != "https://id.example"+test.to {
				t.Errorf("%s %.80s: status %d, to %q, want %s", method, test.target, w.Code, to, test.to)
			}
		}
	}
}

// TestTenantIDOutside: where a tenant is named already, where none could be, and with any
// other method, tenantid means nothing.
func TestTenantIDOutside(t *testing.T) {
	v := visit(t)
	for target, status := range map[string]int{
		"GET /contoso.example/signin?tenantid=fabrikam.example":                 http.StatusOK,
		"GET /tap?tenantid=contoso.example":                                     http.StatusOK,
		"GET /assets/nothing.css?tenantid=contoso.example":                      http.StatusNotFound,
		"GET /common/nothing?tenantid=contoso.example":                          http.StatusNotFound,
		"GET /apps/a/b?tenantid=contoso.example":                                http.StatusNotFound,
		"POST /common/oauth2/v2.0/token?tenantid=contoso.example":               http.StatusNotFound,
		"GET /common/v2.0/.well-known/openid-configuration?tenantid=" + contoso: http.StatusNotFound,
		"DELETE /?tenantid=contoso.example":                                     http.StatusMethodNotAllowed,
		"PUT /common/signin?tenantid=contoso.example":                           http.StatusMethodNotAllowed,
	} {
		method, path, _ := strings.Cut(target, " ")
		if w := v.request(method, path, ""); w.Code != status || w.Header().Get("Location") != "" {
			t.Errorf("%s: status %d, to %q", target, w.Code, w.Header().Get("Location"))
		}
	}
}

// TestPickerAfterTenantID: the page that could not be led to is asked for again without
// what was wrong, and the rest of the link is kept.
func TestPickerAfterTenantID(t *testing.T) {
	v := visit(t)
	for target, to := range map[string]string{
		"/?tenantid=evil.example":                               "/apps",
		"/?a=1&tenantid=x":                                      "/apps?a=1",
		"/apps/wiki?tenantId=evil.example":                      "/apps/wiki",
		"/common/signin?tenantid=a&tenantid=b&login_hint=c%26d": "/signin?login_hint=c%26d",
	} {
		action := formAction(t, v.request(http.MethodGet, target, ""))
		w := v.request(http.MethodPost, action, "tenant=contoso.example")
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "https://id.example/contoso.example"+to {
			t.Errorf("%s: by %s, status %d, to %q", target, action, w.Code, got)
		}
	}
	v.want(v.request(http.MethodGet, "/?tenantid=EVIL.example", ""), http.StatusNotFound, `value="evil.example"`, "AADSTS90002")
}

// formAction is where the page's form goes.
func formAction(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	forms := parse(t, w.Body.Bytes()).all("form")
	if len(forms) != 1 {
		t.Fatalf("%d forms in\n%s", len(forms), w.Body)
	}
	return attr(forms[0], "action")
}

// TestPicker: a domain, a GUID and an address of somebody at home here lead on; whose home
// is elsewhere is told the same whatever it is.
func TestPicker(t *testing.T) {
	v := visit(t)
	put(t, v.store, storage.System, &idp.Tenant{TenantID: fabrikam, Name: "Fabrikam", Domains: []string{"fabrikam.example"}, Disabled: true})
	choose := func(typed string) *httptest.ResponseRecorder {
		return v.request(http.MethodPost, "/organizations/signin?x=1", url.Values{"tenant": {typed}}.Encode())
	}
	for _, typed := range []string{"contoso.example", " Contoso.Example ", contoso, "anna@contoso.example", "ANNA@CONTOSO.EXAMPLE", "bob_gmail.example#EXT#@contoso.example"} {
		if w := choose(typed); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://id.example/contoso.example/signin?x=1" {
			t.Errorf("%q: status %d, to %q", typed, w.Code, w.Header().Get("Location"))
		}
	}
	guest := choose("kim@outside.example")
	v.want(guest, http.StatusForbidden, `data-problem="guest.elsewhere"`, "AADSTS50020", `value=""`, "organization that invited", "invitation mail", "from the app")
	for _, typed := range []string{"anna@other.example", "x@gmail.example", "somebody@fabrikam.example", "@never-heard-of.example", "a@xn--bcher-kva.example", "anna@contosso.example"} {
		if w := choose(typed); w.Code != guest.Code || w.Body.String() != guest.Body.String() {
			t.Errorf("%q is told something else: %d\n%s", typed, w.Code, w.Body)
		}
	}
	for _, typed := range []string{"", "@", "anna@", "a@b", "a@b@outside.example", "outside.example", "fabrikam.example", fabrikam, "not a name", "a@\x00", strings.Repeat("a", 10_000)} {
		v.want(choose(typed), http.StatusNotFound, `data-problem="tenant.unknown"`, "AADSTS90002")
	}
	v.want(choose("kim@outside.example"), http.StatusForbidden)
	if action := formAction(t, guest); action != "/organizations/signin?x=1" {
		t.Errorf("asked again at %s", action)
	}
}
