package oidc_test

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

// framed registers an app whose page in a frame hears of logouts.
func (w *world) framed(id string, change ...func(*idp.Client)) *app {
	w.t.Helper()
	return w.relying(id, append([]func(*idp.Client){func(c *idp.Client) { c.Logout.Front = "https://" + id + ".example/front" }}, change...)...)
}

// frames are what the page after a sign-out calls: each once, with exactly iss and sid
// beside what was registered (OIDC Front-Channel Logout 2).
func frames(t *testing.T, got *reply, sid any) []string {
	t.Helper()
	var at []string
	for _, frame := range got.Page.Frames {
		u, err := url.Parse(frame)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("iss") != baseURL+"/"+tenantID+"/v2.0" || q.Get("sid") != sid || len(q["iss"])+len(q["sid"]) != 2 {
			t.Errorf("%s", frame)
		}
		q.Del("iss")
		q.Del("sid")
		if u.RawQuery = q.Encode(); u.Fragment != "" {
			t.Errorf("%s", frame)
		}
		at = append(at, u.String())
	}
	slices.Sort(at)
	return at
}

// TestOidccFrontchannelRpInitiatedLogout: the page that ends a sign-out calls each app
// that had a part in the session, and goes on to where the first app wants the person.
func TestOidccFrontchannelRpInitiatedLogout(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	first := v.framed("first")
	second := v.framed("second", func(c *idp.Client) { c.Logout.Front += "?a=b&c=d%20e" })
	v.framed("third")
	var hint string
	for range 2 {
		v.tokens(second, v.who, nil)
		v.in(v.apps["web"]) // has no page
		hint = v.tokens(first, v.who, one("scope", "openid")).str("id_token")
	}
	got := v.logout(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://first.example/"}, "state": {"a b"}})
	at := frames(t, got, v.claims(hint)["sid"])
	if want := []string{"https://first.example/front", "https://second.example/front?a=b&c=d+e"}; !slices.Equal(at, want) {
		t.Errorf("frames %q", at)
	}
	if got.Page.Page != "signed-out-of" || got.Page.Next != "https://first.example/?state=a+b" || got.Header.Get("Location") != "" {
		t.Errorf("%d %q %+v", got.Status, got.Header.Get("Location"), got.Page)
	}
	if !strings.Contains(strings.Join(got.Page.Frames, " "), "https://second.example/front?a=b&c=d%20e&") { // as it was registered
		t.Errorf("frames %q", got.Page.Frames)
	}
	if silent := v.authorize(first, one("prompt", "none")); silent.Fields.Get("error") != "login_required" {
		t.Errorf("after the logout: %v", silent.Fields)
	}
	if again := v.logout(one("id_token_hint", hint)); again.Page.Page != "signed-out" || len(again.Page.Frames) > 0 {
		t.Errorf("a second time: %+v", again.Page)
	}
}

// TestFrontchannelWho: which apps are called, by how they came to have a part.
func TestFrontchannelWho(t *testing.T) {
	t.Parallel()
	disabled := true
	for name, test := range map[string]struct {
		do     func(v *visitor, a *app)
		called bool
	}{
		"a code that was not redeemed": {func(v *visitor, a *app) { v.in(a) }, true},
		"tokens":                       {func(v *visitor, a *app) { v.tokens(a, v.who, nil) }, true},
		"tokens it gave back":          {func(v *visitor, a *app) { v.revoke(a, v.tokens(a, v.who, nil).str("refresh_token")) }, true},
		"tokens of the front channel":  {func(v *visitor, a *app) { v.enter(a, one("response_type", "id_token")) }, true},
		"a device": {func(v *visitor, a *app) {
			started := v.device(a, "openid")
			v.approve(started.str("user_code"), v.who)
			v.poll(a, started.str("device_code"))
		}, true},
		"a refusal":             {func(v *visitor, a *app) { v.signIn(v.who); v.who.deny = true; v.enter(a, nil); v.who.deny = false }, false},
		"nothing":               {func(v *visitor, a *app) { v.signIn(v.who) }, false},
		"a session before this": {func(v *visitor, a *app) { v.in(a); v.confirmLogout(v.logout(nil).Page.State); v.signIn(v.who) }, false},
		"somebody else's":       {func(v *visitor, a *app) { v.in(a); v.other() }, false},
		"another browser's":     {func(v *visitor, a *app) { v.world.browser().code(a, v.who, nil); v.signIn(v.who) }, false},
		"and was disabled since": {func(v *visitor, a *app) {
			v.in(a)
			v.must2(v.admin.UpdateClient(v.ctx(), operator, tenantID, a.ClientID, clientOff(&disabled)))
		}, false},
		"and was deleted since": {func(v *visitor, a *app) {
			v.in(a)
			v.must(v.admin.DeleteClient(v.ctx(), operator, tenantID, a.ClientID))
		}, false},
		"and is another by now": {func(v *visitor, a *app) { v.in(a); v.reborn(a) }, false},
		"and the pass is gone": {func(v *visitor, a *app) {
			v.in(a)
			v.must(v.admin.DeletePass(v.ctx(), operator, tenantID, "anna@contoso.example", ""))
		}, false},
		"and has no page by now": {func(v *visitor, a *app) { v.in(a); v.change(a, func(c *idp.Client) { c.Logout.Front = "" }) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVisitor(t, options{})
			a := v.framed("first", answering(), func(c *idp.Client) { c.GrantTypes = append(c.GrantTypes, idp.GrantDevice) })
			test.do(v, a)
			v.advance(time.Second)
			got := v.logout(nil)
			if got.Page.Page == "sign-out" {
				got = v.confirmLogout(got.Page.State)
			}
			if called := len(got.Page.Frames) > 0; called != test.called || (got.Page.Page == "signed-out-of") != called {
				t.Errorf("%+v", got.Page)
			}
		})
	}
}

// TestFrontchannelMany: a page calls thirty apps at most, each of them once.
func TestFrontchannelMany(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	const apps = 35
	for i := range apps {
		v.in(v.framed(fmt.Sprint("app", i)))
	}
	got := v.confirmLogout(v.logout(nil).Page.State)
	unique := map[string]bool{}
	for _, f := range got.Page.Frames {
		unique[f] = true
	}
	if len(unique) != 30 || len(got.Page.Frames) != 30 {
		t.Errorf("%d frames, %d of them different", len(got.Page.Frames), len(unique))
	}
}

// TestLogoutChannelsAdvertised: discovery says what there is (OIDC Front-Channel Logout
// 3, Back-Channel Logout 2.1, Session Management 3.3).
func TestLogoutChannelsAdvertised(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	got := w.do(w.request("/v2.0/.well-known/openid-configuration", nil)).JSON
	want := map[string]any{
		"frontchannel_logout_supported": true, "frontchannel_logout_session_supported": true,
		"backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
		"check_session_iframe": baseURL + "/" + tenantID + "/oauth2/v2.0/checksession",
		"end_session_endpoint": baseURL + "/" + tenantID + "/oauth2/v2.0/logout",
	}
	for name := range maps.Keys(want) {
		if got[name] != want[name] {
			t.Errorf("%s is %v, want %v", name, got[name], want[name])
		}
	}
}
