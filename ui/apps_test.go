package ui

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// someApps has an app of every sort.
func (v *visited) someApps() {
	v.Helper()
	for _, c := range []*idp.Client{
		{ClientID: "wiki", Name: "the Wiki", About: idp.ClientAbout{HomeURI: "https://wiki.contoso.example/start?a=1"}},
		{ClientID: "payroll", Name: "Payroll", About: idp.ClientAbout{InitiateLoginURI: "https://pay.contoso.example/login?by=us", HomeURI: "https://pay.contoso.example/"}},
		{ClientID: "old", Name: "Old", Disabled: true, About: idp.ClientAbout{HomeURI: "https://old.contoso.example/"}},
		{ClientID: "stranger", Name: "Stranger", Counted: true, About: idp.ClientAbout{HomeURI: "https://evil.example/", InitiateLoginURI: "https://evil.example/login"}},
		{ClientID: "invited", Name: "invited", Counted: true, Trusted: true, About: idp.ClientAbout{HomeURI: "https://invited.example/"}},
		{ClientID: "service", Name: "Service"},
	} {
		put(v.T, v.store, contoso, c)
	}
}

// listed are the apps on a page, and where they lead.
func listed(t *testing.T, w *httptest.ResponseRecorder) (rows []string) {
	t.Helper()
	for _, a := range parse(t, w.Body.Bytes()).all("a") {
		if id, ok := strings.CutPrefix(attr(a, "id"), "app-"); ok {
			rows = append(rows, id+" "+attr(a, "href")+" "+text(a))
		}
	}
	return rows
}

// TestApps: whoever is signed in sees the apps that can be opened, by name, and the ways on.
func TestApps(t *testing.T) {
	a := newAccount(t)
	w := a.send("/apps", nil)
	a.want(w, http.StatusOK, `data-page="apps"`, "Anna Novak", "No apps can be opened", "ask your administrator")
	a.someApps()
	w = a.send("/apps", nil)
	a.want(w, http.StatusOK, `href="https://id.example/contoso.example/security-info"`, `name="decision" value="sign-out"`)
	want := []string{
		"invited https://id.example/contoso.example/apps/invited invitedinvited.example",
		"payroll https://id.example/contoso.example/apps/payroll Payrollpay.contoso.example",
		"wiki https://id.example/contoso.example/apps/wiki the Wikiwiki.contoso.example",
	}
	if got := listed(t, w); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	a.user.Type = idp.ExternalGuest
	a.put(a.user)
	if got := listed(t, a.send("/apps", nil)); !slices.Equal(got, want) {
		t.Errorf("a guest sees %q", got)
	}
	a.want(a.send("/security-info", map[string][]string{"decision": {"sign-out"}}), http.StatusOK, `data-page="signed-out"`)
	if f := a.flowOf(a.send("/apps", nil)); f.Return != ownApps {
		t.Errorf("signed out, the way back is %q", f.Return)
	}
}

// TestManyApps: the page ends somewhere, and says so.
func TestManyApps(t *testing.T) {
	a := newAccount(t)
	for i := range signin.MaxApps {
		a.put(&idp.Client{ClientID: fmt.Sprintf("app%03d", i), Name: "App", About: idp.ClientAbout{HomeURI: "https://app.example/"}})
	}
	w := a.send("/apps", nil)
	if n := len(listed(t, w)); n != signin.MaxApps {
		t.Errorf("%d apps", n)
	}
	a.wantNot(w, "There are more apps")
	a.put(&idp.Client{ClientID: "zapp", Name: "A", About: idp.ClientAbout{HomeURI: "https://app.example/"}})
	w = a.send("/apps", nil)
	a.want(w, http.StatusOK, "There are more apps")
	if n := len(listed(t, w)); n != signin.MaxApps {
		t.Errorf("%d apps", n)
	}
}

// TestAppLinks: a link to an app leads to what the app registered, whatever else it says,
// and tells it the issuer and who is signed in.
func TestAppLinks(t *testing.T) {
	a := newAccount(t)
	a.someApps()
	const iss = "iss=https%3A%2F%2Fid.example%2F" + contoso + "%2Fv2.0"
	for path, want := range map[string][2]string{ // for anybody, for who is signed in
		"wiki":                     {"https://wiki.contoso.example/start?a=1", "https://wiki.contoso.example/start?a=1"},
		"payroll":                  {"https://pay.contoso.example/login?by=us&" + iss, "https://pay.contoso.example/login?by=us&" + iss + "&login_hint=anna%40contoso.example"},
		"invited":                  {"https://invited.example/", "https://invited.example/"},
		"old":                      {"app.unknown", "app.unknown"},
		"stranger":                 {"app.unknown", "app.unknown"},
		"nobody":                   {"app.unknown", "app.unknown"},
		"service":                  {"app.nowhere", "app.nowhere"},
		"https:%2f%2fevil.example": {"notfound", "notfound"},
		"%5cevil.example":          {"app.unknown", "app.unknown"},
		"wiki%00":                  {"app.unknown", "app.unknown"},
		"wiki%0d%0aLocation:x":     {"app.unknown", "app.unknown"},
		"WIKI":                     {"app.unknown", "app.unknown"},
	} {
		for _, query := range []string{"", "?target_link_uri=https://evil.example/&redirect_uri=https://evil.example/&iss=https://evil.example&login_hint=x&tenantid=evil.example"} {
			for i, w := range []*httptest.ResponseRecorder{a.ask("/contoso.example/apps/"+path+query, nil), a.send("/apps/"+path+query, nil)} {
				to := w.Header().Get("Location")
				switch {
				case want[i] == "notfound":
					if w.Code != http.StatusNotFound || to != "" {
						t.Errorf("%s: status %d, to %q", path, w.Code, to)
					}
				case strings.HasPrefix(want[i], "https:"):
					if w.Code != http.StatusSeeOther || to != want[i] {
						t.Errorf("%s: status %d, to %q, want %s", path, w.Code, to, want[i])
					}
				default:
					if a.want(w, http.StatusNotFound, `data-page="error"`, `data-problem="`+want[i]+`"`); to != "" {
						t.Errorf("%s leads to %q", path, to)
					}
				}
			}
		}
	}
	a.want(a.send("/apps/wiki", map[string][]string{"x": {"y"}}), http.StatusMethodNotAllowed)
	a.want(a.ask("/nowhere.example/apps/wiki", nil), http.StatusNotFound, `data-problem="tenant.unknown"`)
	if w := a.ask("/"+contoso+"/apps/payroll", nil); w.Header().Get("Location") != "https://pay.contoso.example/login?by=us&"+iss {
		t.Errorf("by the GUID, to %q", w.Header().Get("Location"))
	}
}

const knownPrefix = "__Host-latchkey-known-"

// TestRecentOrganizations: who has signed in is offered that organization from then on; an
// unknown browser is offered nothing, whatever it shows.
func TestRecentOrganizations(t *testing.T) {
	w := &walker{account: newAccount(t), cookies: map[string]string{"__Host-latchkey-browser": browser}}
	recent := func(target string) (list []string) {
		t.Helper()
		w.visits(target, nil)
		for _, a := range parse(t, []byte(w.page)).all("a") {
			if strings.HasPrefix(attr(a, "id"), "recent-") {
				list = append(list, text(a)+" "+attr(a, "href"))
			}
		}
		return list
	}
	if got := recent("/organizations"); got != nil {
		t.Errorf("a new browser is offered %q", got)
	}
	w.hides("Used in this browser", "Contoso")
	w.visits("/contoso.example/apps", nil)
	w.sends("username", anna)
	w.sends("method", "password")
	w.sends("password", "correct horse battery")
	w.shows(http.StatusOK, "apps")

	want := []string{"Contoso https://id.example/contoso.example/signin?login_hint=x"}
	if got := recent("/common/signin?login_hint=x"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	w.hides(anna, "Anna", annaID)
	want = []string{"Contoso https://id.example/contoso.example/apps"}
	if got := recent("/?tenantid=nowhere.example"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	w.visits("/organizations", map[string][]string{"tenant": {"kim@outside.example"}})
	w.shows(http.StatusForbidden, "organizations", "recent-"+contoso)

	own := w.cookies[knownPrefix+contoso]
	for name, value := range map[string]string{"": "", "made up": "x", "of another": w.known(fabrikam), "a session's": w.cookies["__Host-latchkey-session-"+contoso], "spoiled": own[1:]} {
		w.cookies[knownPrefix+contoso] = value
		if got := recent("/organizations"); got != nil {
			t.Errorf("with a cookie that is %s, offered %q", name, got)
		}
	}
	w.cookies[knownPrefix+contoso] = own
	w.now = w.now.Add(signin.KnownFor)
	if got := recent("/organizations"); got != nil {
		t.Errorf("half a year later, offered %q", got)
	}
}

// known is a cookie of a browser that somebody signed in with at a tenant.
func (a *account) known(tenant string) string {
	a.Helper()
	raw, err := json.Marshal(map[string]any{"ID": idp.NewID(), "Users": []string{annaID}, "Since": a.now.Unix()})
	if err != nil {
		a.Fatal(err)
	}
	return a.keys.Seal("known-browser", tenant, "", raw)
}

// TestRecentOrganizationsEnd: none that is disabled or gone, by name, and at most eight.
func TestRecentOrganizationsEnd(t *testing.T) {
	a := newAccount(t)
	var cookies []string
	for i := range 12 {
		id := fmt.Sprintf("22222222-2222-4222-8222-%012d", i)
		if cookies = append(cookies, knownPrefix+id, a.known(id)); i == 0 {
			continue // there is none, or not any longer
		}
		put(t, a.store, storage.System, &idp.Tenant{
			TenantID: id, Name: fmt.Sprintf("Tenant <%02d>", 20-i), Domains: []string{fmt.Sprintf("t%d.example", i)}, Disabled: i == 11,
		})
	}
	var names []string
	for _, link := range parse(t, a.request(http.MethodGet, "/organizations", "", cookies...).Body.Bytes()).all("a") {
		names = append(names, text(link))
	}
	if want := "Tenant <10> Tenant <11> Tenant <12> Tenant <13> Tenant <14> Tenant <15> Tenant <16> Tenant <17>"; strings.Join(names, " ") != want {
		t.Errorf("%q", names)
	}
	if w := a.request(http.MethodGet, "/organizations", "", cookies[:2]...); strings.Contains(w.Body.String(), "Used in this browser") {
		t.Error("something is shown for a tenant that is gone")
	}
}
