package oidc_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/web"
)

const (
	readUsers = idp.GraphID + "/User.Read.All"
	readLogs  = idp.GraphID + "/AuditLog.Read.All"
)

// graphClient is an app that is permitted two things at the admin API.
func (w *world) graphClient(edit func(*idp.Client)) *app {
	c := idp.Client{
		ClientID: "graph", Name: "Tools", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantClient, idp.GrantCode, idp.GrantRefresh},
		RedirectURIs: []string{"https://tools.example/callback"}, Permissions: []string{readUsers, readLogs}, IDTokenAlg: "ES256",
	}
	if edit != nil {
		edit(&c)
	}
	return w.client(c)
}

// admitted is what the admin API learns of a request with this Authorization header.
func (w *world) admitted(header string) (tenant *idp.Tenant, actor idp.Actor, err error) {
	at := web.Entry{Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)}
	at.Panicked = func(http.ResponseWriter, *http.Request) { w.t.Errorf("%s panicked", header) }
	handler := at.Enter(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { tenant, actor, err = w.provider.Admit(r) }))
	r := httptest.NewRequest("GET", baseURL+"/v1.0/users", nil)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	handler.ServeHTTP(httptest.NewRecorder(), r)
	return tenant, actor, err
}

// wantRefused expects the token not to be let in, with or without the question for a new
// sign-in.
func (w *world) wantRefused(what, header string, challenged bool) {
	w.t.Helper()
	tenant, actor, err := w.admitted(header)
	e, ok := errors.AsType[*web.Unauthenticated](err)
	if !ok || tenant != nil || !reflect.DeepEqual(actor, idp.Actor{}) || e.Message == "" || (e.Challenge != "") != challenged {
		w.t.Errorf("%s: %v %+v %v", what, tenant, actor, err)
	}
}

// TestGraphScopes: the admin API goes by three names and its scopes stand alone, and what
// was asked for is told as it was written, which Microsoft's libraries insist on.
func TestGraphScopes(t *testing.T) {
	t.Parallel()
	for _, profile := range []string{"", idp.ClaimsEntra} {
		w := newWorld(t, options{})
		graph := w.graphClient(func(c *idp.Client) { c.ClaimsProfile = profile })
		for _, c := range []struct{ scope, resource, permitted, told string }{
			{baseURL + "/.default", "", "AuditLog.Read.All User.Read.All", baseURL + "/.default"},
			{baseURL + "/.default openid offline_access profile", "", "AuditLog.Read.All User.Read.All", baseURL + "/.default"},
			{"https://graph.microsoft.com/.default", "", "AuditLog.Read.All User.Read.All", "https://graph.microsoft.com/.default"},
			{idp.GraphID + "/.default", "", "AuditLog.Read.All User.Read.All", idp.GraphID + "/.default"},
			{"User.Read.All", "", "User.Read.All", "User.Read.All"},
			{baseURL + "/User.Read.All", "", "User.Read.All", baseURL + "/User.Read.All"},
			{"", baseURL, "AuditLog.Read.All User.Read.All", ""},
			{"", baseURL + "/", "AuditLog.Read.All User.Read.All", ""},
			{"User.Read.All", baseURL, "User.Read.All", "User.Read.All"},
			{"User.ReadWrite.All", "", "", ""}, // known, and not permitted
			{baseURL + "/User.ReadWrite.All", "", "", ""},
		} {
			got := w.own(graph, c.scope, c.resource)
			if c.permitted == "" {
				if got.str("error") != "invalid_scope" {
					t.Errorf("%q %s: %d %s", profile, c.scope, got.Status, got.Body)
				}
				continue
			}
			told := strings.Fields(got.str("scope"))
			if rest := idp.Without(strings.Fields(c.told), told); len(rest) > 0 {
				t.Errorf("%q %s %s: %v is not told: %s", profile, c.scope, c.resource, rest, got.Body)
			}
			_, actor, err := w.admitted("Bearer " + got.str("access_token"))
			slices.Sort(actor.Permissions)
			if err != nil || strings.Join(actor.Permissions, " ") != c.permitted {
				t.Errorf("%q %s: %v %v", profile, c.scope, actor, err)
			}
		}
	}
}

// TestGraphApp: an app by itself is known by its token, for as long as it is permitted.
func TestGraphApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	graph := w.graphClient(nil)
	header := "Bearer " + w.own(graph, baseURL+"/.default", "").str("access_token")
	tenant, actor, err := w.admitted(header)
	party := idp.Party{Type: idp.ActorClient, ID: "graph", Name: "Tools"}
	if err != nil || tenant.TenantID != tenantID || actor.Party != party || actor.Tenant != tenantID || actor.App != (idp.Party{}) || actor.Roles != nil {
		t.Fatalf("%v %+v %v", tenant, actor, err)
	}
	_, err = w.admin.UpdateClient(w.ctx(), operator, tenantID, "graph", func(c *idp.Client) { c.Permissions = []string{readLogs} })
	w.must(err)
	if _, actor, err := w.admitted(header); err != nil || !slices.Equal(actor.Permissions, []string{"AuditLog.Read.All"}) {
		t.Errorf("a permission that was taken away: %+v %v", actor, err)
	}
	if got := w.userinfo(strings.TrimPrefix(header, "Bearer ")); got.Status != 403 && got.Status != 401 {
		t.Errorf("userinfo: %d", got.Status)
	}
	if seen := w.introspect(graph, strings.TrimPrefix(header, "Bearer ")); seen.JSON["active"] != true || seen.str("aud") != idp.GraphID {
		t.Errorf("introspection: %s", seen.Body)
	}
	w.must(w.admin.DeleteClient(w.ctx(), operator, tenantID, "graph"))
	w.wantRefused("after the client was deleted", header, true)
}

// TestGraphPerson: a person acts with the roles of this moment, through an app, until the
// pass ends; then libraries are told to ask the person anew.
func TestGraphPerson(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	graph := v.graphClient(nil)
	got := v.tokens(graph, v.who, one("scope", "openid offline_access User.Read.All User.Read"))
	if told := strings.Fields(got.str("scope")); len(idp.Without([]string{"User.Read.All", "User.Read"}, told)) > 0 {
		t.Errorf("told %v", told)
	}
	header := "Bearer " + got.str("access_token")
	_, actor, err := v.admitted(header)
	if err != nil || !actor.Is(v.users["anna"]) || actor.App.ID != "graph" || actor.Roles != nil || !slices.Equal(actor.Permissions, []string{"User.Read.All", "User.Read"}) {
		t.Fatalf("%+v %v", actor, err)
	}
	_, err = v.admin.AssignRole(v.ctx(), operator, tenantID, idp.GlobalReader, v.users["anna"].UserID)
	v.must(err)
	if _, actor, err := v.admitted(header); err != nil || !slices.Equal(actor.Roles, []string{idp.GlobalReader}) {
		t.Errorf("a role that was given: %+v %v", actor, err)
	}
	v.must(v.admin.DeletePass(v.ctx(), operator, tenantID, v.users["anna"].UserID, ""))
	v.wantRefused("after the pass was deleted", header, true)
	_, _, err = v.admitted(header)
	e, _ := errors.AsType[*web.Unauthenticated](err)
	_, rest, _ := strings.Cut(e.Challenge, `claims="`)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(rest, `"`))
	v.must(err)
	var claims map[string]map[string]map[string]any
	if json.Unmarshal(raw, &claims) != nil || claims["access_token"]["nbf"]["essential"] != true || !strings.Contains(e.Challenge, `error="insufficient_claims"`) {
		t.Errorf("challenge %s: %s", e.Challenge, raw)
	}
}

// TestGraphDefaultIsRegistered: on behalf of a person .default stands for what an
// administrator has registered the client for, and not for all there is.
func TestGraphDefaultIsRegistered(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	for id, want := range map[string][]string{"graph": {"AuditLog.Read.All", "User.Read", "User.Read.All"}, "web": {"User.Read"}} {
		if id == "graph" {
			v.graphClient(nil)
		}
		got := v.tokens(v.apps[id], v.who, one("scope", "openid "+baseURL+"/.default"))
		_, actor, err := v.admitted("Bearer " + got.str("access_token"))
		slices.Sort(actor.Permissions)
		if err != nil || !slices.Equal(actor.Permissions, want) {
			t.Errorf("%s: %v %v", id, actor.Permissions, err)
		}
	}
}

// TestGraphSelfRegistered: a client that registered itself cannot talk people into giving
// it the organization.
func TestGraphSelfRegistered(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	open := idp.RegistrationOpen
	_, err := v.admin.UpdateTenant(v.ctx(), operator, tenantID, admin.TenantChange{Registration: &open})
	v.must(err)
	made, err := v.admin.RegisterClient(v.ctx(), tenantID, idp.Client{
		Name: "Charming", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantCode}, RedirectURIs: []string{"https://charm.example/callback"}, IDTokenAlg: "ES256",
	}, "")
	v.must(err)
	charm := &app{Client: made.Client, secret: made.Secret}
	got := v.tokens(charm, v.who, one("scope", "openid User.Read User.ReadWrite.All "+baseURL+"/Directory.ReadWrite.All"))
	_, actor, err := v.admitted("Bearer " + got.str("access_token"))
	if err != nil || !slices.Equal(actor.Permissions, []string{"User.Read"}) {
		t.Errorf("%v %v %s", actor.Permissions, err, got.Body)
	}
}

// TestGraphRefused: nothing but a token for the admin API, of the tenant that it names,
// lets anybody in.
func TestGraphRefused(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	graph := v.graphClient(nil)
	good := v.own(graph, baseURL+"/.default", "").str("access_token")
	body := v.tokens(v.apps["web"], v.who, one("scope", "openid"))
	mark, sealed, _ := strings.Cut(strings.TrimPrefix(good, "at_"), ".")
	for what, header := range map[string]string{
		"nothing":               "",
		"no scheme":             good,
		"Basic":                 "Basic " + good,
		"empty":                 "Bearer ",
		"noise":                 "Bearer x",
		"long noise":            "Bearer at_" + mark + "." + strings.Repeat("A", 100_000),
		"for userinfo":          "Bearer " + body.str("access_token"),
		"an ID token":           "Bearer " + body.str("id_token"),
		"without its tenant":    "Bearer at_" + sealed,
		"of another tenant":     "Bearer at_" + strings.Repeat("0", 32) + "." + sealed,
		"its tenant twice":      "Bearer at_" + mark + "." + mark + "." + sealed,
		"cut":                   "Bearer " + good[:len(good)-1],
		"a bit is turned":       "Bearer " + good[:len(good)-2] + "A" + good[len(good)-1:],
		"userinfo's, with mark": "Bearer at_" + mark + "." + strings.TrimPrefix(body.str("access_token"), "at_"),
		"by DPoP":               "DPoP " + good,
		"two of them":           "Bearer " + good + " " + good,
	} {
		v.wantRefused(what, header, false)
	}
	v.advance(idp.AccessTokenLifetime)
	v.wantRefused("expired", "Bearer "+good, false)
}

// TestGraphBound: a token for the admin API ends with the pass, as all tokens do.
func TestGraphBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	graph := w.graphClient(nil)
	_, code := w.pass("anna", idp.PassRequest{Lifetime: 20})
	got := w.browser().tokens(graph, person{name: "anna", code: code}, url.Values{"scope": {"openid User.Read.All"}})
	if got.num("expires_in") != 20*60 {
		t.Errorf("%s", got.Body)
	}
	w.advance(20 * time.Minute)
	w.wantRefused("after the pass", "Bearer "+got.str("access_token"), false)
}
