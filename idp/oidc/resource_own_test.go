package oidc_test

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// permit lets an app have scopes of APIs for itself.
func (w *world) permit(a *app, scopes ...string) *app {
	w.t.Helper()
	w.change(a, func(c *idp.Client) { c.Permissions = scopes })
	return a
}

// TestClientCredentialsForAPI: for itself an app has at an API what an administrator has
// permitted it there, and nothing of what people decide.
func TestClientCredentialsForAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	for _, identifier := range []string{files, mail, nested} {
		w.api(identifier, "", identifier == mail)
	}
	worker := w.apps["worker"]
	for _, test := range []struct {
		permitted       []string
		scope, resource string
		aud, told       string
		failed          string
	}{
		{nil, "", "", "", "", ""}, // a token that is good for nothing but to be looked at
		{nil, files + "/read", "", "", "", "invalid_scope"},
		{nil, files + "/.default", "", "", "", "invalid_target"},
		{nil, "read", files, "", "", "invalid_scope"},
		{nil, "", files, "", "", "invalid_target"},
		{[]string{files + "/read"}, files + "/read", "", files, "read", ""},
		{[]string{files + "/read"}, "read", files, files, "read", ""},
		{[]string{files + "/read"}, files + "/.default", "", files, "read", ""},
		{[]string{files + "/read"}, files + "/write", "", "", "", "invalid_scope"},
		{[]string{files + "/read"}, files + "/read " + files + "/write", "", "", "", "invalid_scope"},
		{[]string{files + "/read"}, mail + "read", "", "", "", "invalid_scope"},
		{[]string{files + "/read"}, mail + ".default", "", "", "", "invalid_target"},
		{[]string{files + "/read"}, "", mail, "", "", "invalid_target"},
		{[]string{files + "/read"}, files + "/read", mail, "", "", "invalid_target"},
		{[]string{files + "/read"}, "", "https://elsewhere.example/", "", "", "invalid_target"},
		{[]string{mail + "read", mail + "write"}, mail + ".default", "", mail, "read write", ""},
		{[]string{mail + "read", files + "/read"}, mail + ".default " + files + "/.default", "", mail, "read", ""},
		{[]string{nested + "/read"}, nested + "/.default", "", nested, "read", ""},
		{[]string{nested + "/read"}, files + "/.default", "", "", "", "invalid_target"},
		{[]string{files + "/read"}, "openid profile email " + files + "/read", "", files, "read", ""},
		{[]string{"openid", files + "/read"}, "openid", "", "", "", ""},
	} {
		w.permit(worker, test.permitted...)
		got := w.own(worker, test.scope, test.resource)
		if test.failed != "" {
			checkError(t, got, 400, test.failed)
			continue
		}
		seen := w.introspect(worker, got.str("access_token"))
		if got.Status != 200 || got.str("scope") != test.told || seen.JSON["active"] != true || seen.str("aud") != test.aud || seen.str("scope") != test.told || seen.str("sub") != "worker" {
			t.Errorf("%+v: %d %s, introspection %s", test, got.Status, got.Body, seen.Body)
		}
		if got.str("refresh_token")+got.str("id_token") != "" || test.aud == mail && got.num("expires_in") != 600 {
			t.Errorf("%+v: %s", test, got.Body)
		}
	}
}

// TestOwnJWT: a token that an app has for itself names it, and no person.
func TestOwnJWT(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.api(files, "store", true)
	got := w.own(w.permit(w.apps["worker"], files+"/read"), files+"/read", "")
	claims := w.claims(got.str("access_token"))
	for _, name := range []string{"auth_time", "amr", "acr", "grant_id", "act", "cnf", "nonce"} {
		if claims[name] != nil {
			t.Errorf("%s is %v", name, claims[name])
		}
	}
	if claims["sub"] != "worker" || claims["client_id"] != "worker" || claims["aud"] != files || claims["scope"] != "read" {
		t.Errorf("%v", claims)
	}
	w.advance(1)
	_, secret, err := w.admin.NewClientSecret(w.ctx(), operator, tenantID, "worker")
	w.must(err)
	w.apps["worker"].secret = secret
	if seen := w.introspect(w.apps["store"], got.str("access_token")); seen.JSON["active"] != false {
		t.Errorf("after a new secret: %s", seen.Body)
	}
}

// TestTokensOfAFreshClient: what is issued within the second in which an app was
// registered, or got another secret, is good from the start, JWT or not.
func TestTokensOfAFreshClient(t *testing.T) {
	t.Parallel()
	for kind, jwt := range map[string]bool{"opaque": false, "JWT": true} {
		v := newVisitor(t, options{})
		v.api(files, "store", jwt)
		v.advance(300e6)
		fresh := v.permit(v.relying("fresh", func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantClient) }), files+"/read")
		v.advance(300e6)
		tokens := map[string]string{
			"a person's": v.tokens(fresh, v.who, one("scope", "openid "+files+"/read")).str("access_token"),
			"its own":    v.own(fresh, files+"/read", "").str("access_token"),
		}
		for whose, token := range tokens {
			if seen := v.introspect(v.apps["store"], token); seen.JSON["active"] != true {
				t.Errorf("%s, %s: %s", kind, whose, seen.Body)
			}
		}
		_, secret, err := v.admin.NewClientSecret(v.ctx(), operator, tenantID, "fresh")
		v.must(err)
		fresh.secret = secret
		v.advance(300e6)
		if seen := v.introspect(v.apps["store"], v.own(fresh, files+"/read", "").str("access_token")); seen.JSON["active"] != true {
			t.Errorf("%s, with a new secret: %s", kind, seen.Body)
		}
	}
}

// TestDeletedAPI: what was for an API that is gone is good for nothing, one of the same
// name is another, and what was granted besides stays.
func TestDeletedAPI(t *testing.T) {
	t.Parallel()
	for kind, jwt := range map[string]bool{"opaque": false, "JWT": true} {
		v := newVisitor(t, options{})
		v.api(files, "store", jwt)
		web := v.apps["web"]
		asked := one("scope", "openid email offline_access "+files+"/read")
		got, code := v.tokens(web, v.who, asked), v.code(web, v.who, asked)
		own := v.own(v.permit(v.apps["worker"], files+"/read"), files+"/read", "")
		v.must(v.admin.DeleteAPI(v.ctx(), operator, tenantID, files))
		dead := func(when string) {
			t.Helper()
			for whose, token := range map[string]string{"web": got.str("access_token"), "worker": own.str("access_token")} {
				for _, asker := range []string{"worker", "web", "store"} {
					if seen := v.introspect(v.apps[asker], token); seen.JSON["active"] != false {
						t.Errorf("%s %s: the token of %s, asked by %s: %s", kind, when, whose, asker, seen.Body)
					}
				}
			}
		}
		dead("deleted")
		checkError(t, v.redeem(web, code, nil), 400, "invalid_target")
		checkError(t, v.refresh(web, got.str("refresh_token"), ""), 400, "invalid_target")
		if rest := v.own(v.apps["worker"], files+"/read", ""); rest.str("scope") != "" || v.introspect(v.apps["worker"], rest.str("access_token")).str("aud") != "" { // a scope nobody knows
			t.Errorf("%s: %d %s", kind, rest.Status, rest.Body)
		}
		if rest := v.refresh(web, got.str("refresh_token"), "openid email"); v.userinfo(rest.str("access_token")).str("email") == "" {
			t.Errorf("%s: what else was granted: %d %s", kind, rest.Status, rest.Body)
		}
		if again := v.authorize(web, url.Values{"scope": asked["scope"], "prompt": {"none"}}); again.code() == "" { // a scope nobody knows
			t.Errorf("%s: %v", kind, again.Fields)
		}
		v.advance(1)
		a, err := v.admin.CreateAPI(v.ctx(), operator, tenantID, idp.API{Identifier: files, Name: "Another", Scopes: []string{"read"}, JWT: jwt, ClientID: "store"})
		v.must(err)
		checkError(t, v.refresh(web, got.str("refresh_token"), ""), 400, "invalid_target")
		if again := v.authorize(web, url.Values{"scope": asked["scope"], "prompt": {"none"}}); again.code() != "" {
			t.Errorf("the consent to its predecessor counts")
		}
		checkError(t, v.own(v.apps["worker"], files+"/read", ""), 400, "invalid_scope") // the permission was for another
		if dead("registered again"); a.APIID == "" {
			t.Error("no id")
		}
	}
}

// TestScopeTakenAway: a scope that an API has no more is in no new token.
func TestScopeTakenAway(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	v.api(files, "store", false)
	web := v.apps["web"]
	got := v.tokens(web, v.who, one("scope", "openid offline_access "+files+"/read "+files+"/write"))
	v.must2(v.admin.UpdateAPI(v.ctx(), operator, tenantID, files, admin.APIChange{Scopes: &[]string{"read"}}))
	again := v.refresh(web, got.str("refresh_token"), "")
	if again.str("scope") != "openid offline_access read" || v.introspect(v.apps["store"], again.str("access_token")).str("scope") != "read" {
		t.Errorf("%s", again.Body)
	}
}

// TestNestedAPI: an API whose identifier another's begins with has nothing of it.
func TestNestedAPI(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	v.api(files, "", false)
	v.api(nested, "", false)
	for name, test := range map[string]struct {
		change    url.Values
		aud, told string
	}{
		"by its scope":             {one("scope", "openid "+nested+"/read"), nested, "openid read"},
		"the outer by its scope":   {one("scope", "openid "+files+"/read"), files, "openid read"},
		"named, the outer first":   {url.Values{"resource": {files, nested}, "scope": {"openid " + nested + "/read"}}, nested, "openid read"},
		"the outer by a long name": {one("scope", "openid "+files+"/archive/read "+files+"/write"), nested, "openid read"},
	} {
		got := v.tokens(v.apps["web"], v.who, test.change)
		seen := v.introspect(v.apps["worker"], got.str("access_token"))
		if seen.str("aud") != test.aud || got.str("scope") != test.told || seen.str("scope") != strings.TrimPrefix(test.told, "openid ") {
			t.Errorf("%s: %s, introspection %s", name, got.Body, seen.Body)
		}
	}
}
