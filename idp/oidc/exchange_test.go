package oidc_test

import (
	"net/url"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

const tokenType = "urn:ietf:params:oauth:token-type:"

// exchange lets an app exchange a token; change replaces parameters.
func (w *world) exchange(a *app, subject string, change url.Values) *reply {
	form := url.Values{"grant_type": {idp.GrantExchange}, "subject_token": {subject}, "subject_token_type": {tokenType + "access_token"}}
	for name, values := range change {
		form[name] = values
	}
	return w.call(a, "token", form)
}

// chain is a world with APIs that call one another: files may read mail for people, and
// mail's client may read nested.
type chain struct {
	*visitor
	front, store, post, vault *app
	subject                   string // a token of front's for files, to read and write
	refresh                   string
}

func newChain(t testing.TB, jwt bool) *chain {
	t.Helper()
	v := newVisitor(t, options{})
	c := &chain{visitor: v}
	c.front = v.relying("front", func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantExchange) })
	for identifier, client := range map[string]string{files: "store", mail: "post", nested: "vault"} {
		v.api(identifier, client, jwt)
	}
	c.store, c.post, c.vault = v.permit(v.apps["store"], mail+"read"), v.permit(v.apps["post"], nested+"/read"), v.apps["vault"]
	got := v.tokens(c.front, v.who, one("scope", "openid email offline_access "+files+"/read "+files+"/write"))
	c.subject, c.refresh = got.str("access_token"), got.str("refresh_token")
	return c
}

// alive asks the API's client about its token.
func (c *chain) alive(api *app, token string) bool {
	c.t.Helper()
	seen := c.introspect(api, token)
	if seen.Status != 200 {
		c.t.Fatalf("%s asks about a token: %d %s", api.ClientID, seen.Status, seen.Body)
	}
	return seen.JSON["active"] == true
}

// passedOn is a token that store got for mail.
func (c *chain) passedOn() string {
	c.t.Helper()
	got := c.exchange(c.store, c.subject, one("resource", mail))
	if got.Status != 200 {
		c.t.Fatalf("no token for mail: %d %s", got.Status, got.Body)
	}
	return got.str("access_token")
}

// TestExchange: who may exchange what for what (RFC 8693 2). The subject token is
// front's for files. aud is what the new one is for.
func TestExchange(t *testing.T) {
	t.Parallel()
	for kind, jwt := range map[string]bool{"opaque": false, "JWT": true} {
		c := newChain(t, jwt)
		for _, test := range []struct {
			name   string
			by     *app
			change url.Values
			aud    string
			told   string
			failed string
		}{
			{"by whom it was issued to, for the same", c.front, nil, files, "read write", ""},
			{"by the API it is for, for the same", c.store, nil, files, "read write", ""},
			{"narrowed", c.store, one("scope", files+"/read"), files, "read", ""},
			{"narrowed, named", c.front, url.Values{"scope": {"read"}, "resource": {files}}, files, "read", ""},
			{"narrowed, by audience", c.front, url.Values{"scope": {"read"}, "audience": {files}}, files, "read", ""},
			{"a JWT asked for", c.front, one("requested_token_type", tokenType+"jwt"), files, "read write", ""},
			{"for an API that is permitted", c.store, one("resource", mail), mail, "read", ""},
			{"for an API that is permitted, by audience", c.store, one("audience", mail), mail, "read", ""},
			{"for an API that is permitted, by scope alone", c.store, one("scope", mail+"read"), mail, "read", ""},
			{"for an API that is permitted, all of it", c.store, url.Values{"scope": {"read"}, "resource": {mail}}, mail, "read", ""},
			{"more than is permitted", c.store, one("scope", mail+"write"), "", "", "invalid_scope"},
			{"more than is permitted, by default", c.store, one("scope", mail+".default"), "", "", "invalid_scope"},
			{"more than is permitted, named", c.store, url.Values{"scope": {"write"}, "resource": {mail}}, "", "", "invalid_scope"},
			{"an API that is not permitted", c.store, one("resource", nested), "", "", "invalid_scope"},
			{"an API that is not permitted, by scope", c.store, one("scope", nested+"/read"), "", "", "invalid_scope"},
			{"what is permitted to another", c.front, one("resource", mail), "", "", "invalid_scope"},
			{"both", c.store, one("scope", files+"/read "+mail+"read"), "", "", "invalid_scope"},
			{"two APIs at once", c.store, url.Values{"resource": {files, mail}}, "", "", "invalid_target"},
			{"an API nobody knows", c.store, one("resource", "https://elsewhere.example/"), "", "", "invalid_target"},
			{"what people decide", c.store, one("scope", "openid"), "", "", "invalid_scope"},
			{"what the grant has for itself", c.front, one("scope", "openid email"), "", "", "invalid_scope"},
			{"offline access", c.front, one("scope", "offline_access "+files+"/read"), "", "", "invalid_scope"},
			{"a scope nobody knows", c.front, one("scope", files+"/delete"), "", "", "invalid_scope"},
			{"by another API", c.post, nil, "", "", "invalid_grant"},
			{"by another API, for itself", c.post, one("resource", mail), "", "", "invalid_grant"},
			{"by an app without the grant", c.apps["web"], nil, "", "", "unauthorized_client"},
			{"by a public app", c.apps["native"], nil, "", "", "unauthorized_client"},
			{"with an actor_token", c.store, url.Values{"actor_token": {c.subject}, "actor_token_type": {tokenType + "access_token"}}, "", "", "invalid_request"},
			{"for a refresh token", c.front, one("requested_token_type", tokenType+"refresh_token"), "", "", "invalid_request"},
			{"for an ID token", c.front, one("requested_token_type", tokenType+"id_token"), "", "", "invalid_request"},
			{"of no type", c.front, one("subject_token_type", ""), "", "", "invalid_request"},
		} {
			t.Run(kind+" "+test.name, func(t *testing.T) {
				got := c.exchange(test.by, c.subject, test.change)
				if test.failed != "" {
					checkError(t, got, 400, test.failed)
					return
				}
				seen := c.introspect(c.apps["worker"], got.str("access_token"))
				if got.Status != 200 || got.str("scope") != test.told || got.str("issued_token_type") != tokenType+"access_token" || got.str("token_type") != "Bearer" || got.str("refresh_token")+got.str("id_token") != "" {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				act, _ := seen.JSON["act"].(map[string]any)
				if seen.str("aud") != test.aud || seen.str("scope") != test.told || seen.str("client_id") != test.by.ClientID || act["sub"] != test.by.ClientID || seen.str("sub") != c.users["anna"].UserID {
					t.Errorf("introspection %s", seen.Body)
				}
			})
		}
	}
}

// TestExchangeSubjects: only a living access token about a person is exchanged.
func TestExchangeSubjects(t *testing.T) {
	t.Parallel()
	c := newChain(t, false)
	mine := c.tokens(c.front, c.who, nil)
	c.permit(c.apps["worker"], files+"/read")
	c.change(c.apps["worker"], func(a *idp.Client) { a.GrantTypes = append(a.GrantTypes, idp.GrantExchange) })
	revoked := c.tokens(c.front, c.who, nil).str("access_token")
	c.revoke(c.front, revoked)
	for name, test := range map[string]struct {
		by            *app
		subject, kind string
		failed        string
	}{
		"an access token for userinfo":             {c.front, mine.str("access_token"), "access_token", ""},
		"the same, called a JWT":                   {c.front, mine.str("access_token"), "jwt", ""},
		"an ID token":                              {c.front, mine.str("id_token"), "id_token", "invalid_request"},
		"an ID token, called an access token":      {c.front, mine.str("id_token"), "access_token", "invalid_grant"},
		"an ID token, called a JWT":                {c.front, mine.str("id_token"), "jwt", "invalid_grant"},
		"a refresh token":                          {c.front, mine.str("refresh_token"), "refresh_token", "invalid_request"},
		"a refresh token, called access token":     {c.front, mine.str("refresh_token"), "access_token", "invalid_grant"},
		"a code":                                   {c.front, c.code(c.front, c.who, nil), "access_token", "invalid_grant"},
		"a revoked token":                          {c.front, revoked, "access_token", "invalid_grant"},
		"nonsense":                                 {c.front, "x", "access_token", "invalid_grant"},
		"an app's own token":                       {c.apps["worker"], c.clientToken(c.apps["worker"]).str("access_token"), "access_token", "invalid_grant"},
		"an app's own token for an API":            {c.apps["worker"], c.own(c.apps["worker"], files+"/read", "").str("access_token"), "access_token", "invalid_grant"},
		"the same, by the API":                     {c.store, c.own(c.apps["worker"], files+"/read", "").str("access_token"), "access_token", "invalid_grant"},
		"a token for userinfo, by another app":     {c.store, mine.str("access_token"), "access_token", "invalid_grant"},
		"a token for userinfo, by an introspector": {c.apps["worker"], mine.str("access_token"), "access_token", "invalid_grant"},
	} {
		got := c.exchange(test.by, test.subject, one("subject_token_type", tokenType+test.kind))
		if test.failed != "" {
			checkError(t, got, 400, test.failed)
		} else if got.str("scope") != fullScope || c.userinfo(got.str("access_token")).Status != 200 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	checkError(t, c.exchange(c.front, "", nil), 400, "invalid_request")
	narrow := c.exchange(c.front, mine.str("access_token"), one("scope", "openid"))
	wide := c.exchange(c.front, narrow.str("access_token"), one("scope", "openid email"))
	if checkError(t, wide, 400, "invalid_scope"); narrow.str("scope") != "openid" || c.userinfo(narrow.str("access_token")).str("email") != "" {
		t.Errorf("narrowed: %s", narrow.Body)
	}
}

// TestExchangeChain: the token of an exchange is exchanged in turn by the API it is for,
// never back to what its predecessor could do, and the last one tells who acts.
func TestExchangeChain(t *testing.T) {
	t.Parallel()
	c := newChain(t, true)
	second := c.passedOn()
	claims := c.claims(second)
	if act, _ := claims["act"].(map[string]any); claims["aud"] != mail || claims["scope"] != "read" || claims["client_id"] != "store" || act["sub"] != "store" || claims["sub"] != c.users["anna"].UserID {
		t.Errorf("%v", claims)
	}
	third := c.exchange(c.post, second, one("resource", nested))
	if act, _ := c.claims(third.str("access_token"))["act"].(map[string]any); third.str("scope") != "read" || act["sub"] != "post" || !c.alive(c.vault, third.str("access_token")) {
		t.Errorf("%d %s", third.Status, third.Body)
	}
	for name, got := range map[string]*reply{
		"front, to whom it was not issued":  c.exchange(c.front, second, nil),
		"store, of what is not its own":     c.exchange(c.store, third.str("access_token"), nil),
		"vault, of the one before":          c.exchange(c.vault, second, nil),
		"post, of what is for vault by now": c.exchange(c.apps["web"], third.str("access_token"), nil),
	} {
		if got.Status == 200 {
			t.Errorf("%s: %s", name, got.Body)
		}
	}
	for name, test := range map[string]struct {
		by      *app
		subject string
		scope   string
	}{
		"back to files":           {c.store, second, files + "/read"},
		"to write mail":           {c.store, second, mail + "write"},
		"post, to write mail":     {c.post, second, mail + "write"},
		"vault, to write nested":  {c.vault, third.str("access_token"), nested + "/write"},
		"vault, back to mail":     {c.vault, third.str("access_token"), mail + "read"},
		"narrowed and back again": {c.store, c.exchange(c.store, c.subject, one("scope", files+"/read")).str("access_token"), files + "/write"},
	} {
		if got := c.exchange(test.by, test.subject, one("scope", test.scope)); got.Status != 400 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

// TestExchangeNested: leave for an API is none for the one whose identifier its begins
// with.
func TestExchangeNested(t *testing.T) {
	t.Parallel()
	c := newChain(t, false)
	got := c.tokens(c.front, c.who, one("scope", "openid "+mail+"read"))
	for _, change := range []url.Values{one("resource", files), one("scope", files+"/.default"), one("scope", files+"/read")} {
		if out := c.exchange(c.post, got.str("access_token"), change); out.Status == 200 {
			t.Errorf("%v: %s, introspection %s", change, out.Body, c.introspect(c.apps["worker"], out.str("access_token")).Body)
		}
	}
}

// TestExchangeEnds: whatever ends the grant, or an app that has a part in the token, ends
// it, whoever holds it and however often it was exchanged.
func TestExchangeEnds(t *testing.T) {
	t.Parallel()
	disabled := true
	client := func(id string, edit func(*idp.Client)) func(*chain) {
		return func(c *chain) { c.must2(c.admin.UpdateClient(c.ctx(), operator, tenantID, id, edit)) }
	}
	remove := func(id string) func(*chain) {
		return func(c *chain) { c.must(c.admin.DeleteClient(c.ctx(), operator, tenantID, id)) }
	}
	for name, test := range map[string]struct {
		do            func(*chain)
		second, third bool // which still work
	}{
		"nothing":               {func(*chain) {}, true, true},
		"the grant is revoked":  {func(c *chain) { c.revoke(c.front, c.refresh) }, false, false},
		"the first is revoked":  {func(c *chain) { c.revoke(c.front, c.subject) }, true, true}, // it ends alone
		"the pass is deleted":   {func(c *chain) { c.must(c.admin.DeletePass(c.ctx(), operator, tenantID, "anna@contoso.example", "")) }, false, false},
		"the pass is replaced":  {func(c *chain) { c.pass("anna", idp.PassRequest{}) }, false, false},
		"signed out everywhere": {func(c *chain) { c.must2(c.admin.RevokeSessions(c.ctx(), operator, tenantID, "anna@contoso.example")) }, false, false},
		"the person is disabled": {func(c *chain) {
			c.must2(c.admin.UpdateUser(c.ctx(), operator, tenantID, "anna@contoso.example", userOff(&disabled)))
		}, false, false},
		"the person is deleted": {func(c *chain) { c.must(c.admin.DeleteUser(c.ctx(), operator, tenantID, "anna@contoso.example")) }, false, false},
		"front is disabled":     {client("front", clientOff(&disabled)), false, false},
		"front is deleted":      {remove("front"), false, false},
		"front is another":      {func(c *chain) { c.reborn(c.front) }, false, false},
		"store is disabled":     {client("store", clientOff(&disabled)), false, true},
		"store is deleted":      {remove("store"), false, true},
		"store is another":      {func(c *chain) { c.reborn(c.store) }, false, true},
		"post is deleted":       {remove("post"), true, false},
		"files is deleted":      {func(c *chain) { c.must(c.admin.DeleteAPI(c.ctx(), operator, tenantID, files)) }, true, true},
		"mail is deleted":       {func(c *chain) { c.must(c.admin.DeleteAPI(c.ctx(), operator, tenantID, mail)) }, false, true},
		"ten minutes":           {func(c *chain) { c.advance(10*time.Minute - time.Second) }, false, false},
		"a second less":         {func(c *chain) { c.advance(10*time.Minute - 2*time.Second) }, true, true},
	} {
		c := newChain(t, true)
		second := c.passedOn()
		third := c.exchange(c.post, second, one("resource", nested)).str("access_token")
		c.advance(time.Second)
		test.do(c)
		for token, want := range map[string]bool{second: test.second, third: test.third} {
			if works := c.alive(c.apps["worker"], token); works != want {
				t.Errorf("%s: for %v the token of %v works: %v", name, unverified(token)["aud"], unverified(token)["client_id"], works)
			}
		}
		if got := c.exchange(c.post, second, one("resource", nested)); (got.Status == 200) != (test.second && name != "post is deleted") {
			t.Errorf("%s: exchanged once more: %d %s", name, got.Status, got.Body)
		}
	}
}

// TestExchangeBound: what is exchanged ends no later than the pass, to the second.
func TestExchangeBound(t *testing.T) {
	t.Parallel()
	for kind, jwt := range map[string]bool{"opaque": false, "JWT": true} {
		c := newChain(t, jwt)
		_, code := c.pass("ben", idp.PassRequest{Lifetime: 10})
		ben := c.world.browser().tokens(c.front, person{name: "ben", code: code}, one("scope", "openid "+files+"/read"))
		c.advance(9*time.Minute + 30*time.Second + 500*time.Millisecond)
		got := c.exchange(c.store, ben.str("access_token"), nil)
		if got.num("expires_in") != 29 {
			t.Errorf("%s: expires_in %d", kind, got.num("expires_in"))
		}
		c.advance(28 * time.Second) // the JWT of the beginning ends with its second
		last := c.exchange(c.store, ben.str("access_token"), nil)
		if last.num("expires_in") != 1 {
			t.Errorf("%s: at the end: %d %s", kind, last.Status, last.Body)
		}
		c.advance(600 * time.Millisecond)
		checkError(t, c.exchange(c.store, got.str("access_token"), nil), 400, "invalid_grant")
		c.advance(time.Second)
		for _, token := range []string{ben.str("access_token"), got.str("access_token"), last.str("access_token")} {
			if c.alive(c.store, token) {
				t.Errorf("%s: a token outlives the pass", kind)
			}
		}
	}
}

// TestExchangeOfFrontToken: what began without a code ends within the hour, however often
// it is exchanged.
func TestExchangeOfFrontToken(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	v.api(files, "store", false)
	front := v.enter(v.relying("front", answering()), url.Values{"response_type": {"id_token token"}, "scope": {"openid " + files + "/read"}})
	v.advance(59*time.Minute + 30*time.Second)
	got := v.exchange(v.apps["store"], front.Fields.Get("access_token"), nil)
	if got.num("expires_in") != 30 {
		t.Errorf("half a minute before the end: %d %s", got.Status, got.Body)
	}
	v.advance(30 * time.Second)
	checkError(t, v.exchange(v.apps["store"], got.str("access_token"), nil), 400, "invalid_grant")
}

// TestExchangePermissionGone: leave that was taken back gives no more tokens.
func TestExchangePermissionGone(t *testing.T) {
	t.Parallel()
	c := newChain(t, false)
	c.passedOn()
	c.must2(c.admin.UpdateClient(c.ctx(), operator, tenantID, "store", func(a *idp.Client) { a.Permissions = nil }))
	checkError(t, c.exchange(c.store, c.subject, one("resource", mail)), 400, "invalid_scope")
	c.must2(c.admin.UpdateAPI(c.ctx(), operator, tenantID, files, admin.APIChange{ClientID: new("")}))
	checkError(t, c.exchange(c.store, c.subject, nil), 400, "invalid_grant")
}
