package oidc_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
)

const signedOut = "https://app.example/signed-out"

// signedIn tells whether the browser still has a session.
func (v *visitor) signedIn() bool {
	v.t.Helper()
	switch got := v.authorize(v.apps["web"], one("prompt", "none")); {
	case got.code() != "":
		return true
	case got.Fields.Get("error") == "login_required":
		return false
	default:
		v.t.Fatalf("prompt=none: %d %v", got.Status, got.Fields)
		return false
	}
}

// unsigned is the token with another header and no signature.
func unsigned(token string) string {
	parts := strings.Split(token, ".")
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
}

// TestRpInitiatedLogout: the modules of oidcc-rp-initiated-logout, and what they
// leave out. page is what the person sees; with "" the browser is led back.
func TestRpInitiatedLogout(t *testing.T) {
	state := strings.Repeat("s t&a=t/e?", 13)[:128]
	for _, test := range []struct {
		name     string
		params   func(hint string) url.Values
		page     string
		location string
		ends     bool // the session
	}{
		{"oidcc-rp-initiated-logout", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "post_logout_redirect_uri": {signedOut}, "state": {state}}
		}, "", signedOut + "?" + url.Values{"state": {state}}.Encode(), true},
		{"oidcc-rp-initiated-logout-no-state", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "post_logout_redirect_uri": {signedOut}}
		}, "", signedOut, true},
		{"with the client's id", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "post_logout_redirect_uri": {signedOut}, "client_id": {"web"}}
		}, "", signedOut, true},
		{"with what Entra's clients send", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "post_logout_redirect_uri": {signedOut}, "logout_hint": {"anna"}, "sid": {"x"}, "ui_locales": {"se"}}
		}, "", signedOut, true},
		{"oidcc-rp-initiated-logout-no-post-logout-redirect-uri", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "state": {state}}
		}, "signed-out", "", true},
		{"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "post_logout_redirect_uri": {signedOut + "foo"}, "state": {state}}
		}, "refused", "", false},
		{"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "post_logout_redirect_uri": {signedOut + "?foo=bar"}, "state": {state}}
		}, "refused", "", false},
		{"a redirect URI that is for sign-in", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "post_logout_redirect_uri": {"https://app.example/callback"}}
		}, "refused", "", false},
		{"another site", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "post_logout_redirect_uri": {"https://evil.example/"}}
		}, "refused", "", false},
		{"oidcc-rp-initiated-logout-modified-id-token-hint", func(h string) url.Values {
			return url.Values{"id_token_hint": {unsigned(h)}, "post_logout_redirect_uri": {signedOut}, "state": {state}}
		}, "refused", "", false},
		{"oidcc-rp-initiated-logout-bad-id-token-hint", func(string) url.Values {
			return url.Values{"id_token_hint": {forge(t, map[string]any{"iss": "web", "aud": baseURL + "/" + tenantID + "/v2.0", "sub": "x"})}, "post_logout_redirect_uri": {signedOut}, "state": {state}}
		}, "refused", "", false},
		{"another client's id", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "client_id": {"trusted"}, "post_logout_redirect_uri": {signedOut}}
		}, "refused", "", false},
		{"a parameter twice", func(h string) url.Values {
			return url.Values{"id_token_hint": {h}, "post_logout_redirect_uri": {signedOut, "https://evil.example/"}}
		}, "refused", "", false},
		{"oidcc-rp-initiated-logout-no-id-token-hint", func(string) url.Values {
			return url.Values{"post_logout_redirect_uri": {signedOut}, "state": {state}}
		}, "sign-out", "", false},
		{"no hint but the client's id", func(string) url.Values {
			return url.Values{"post_logout_redirect_uri": {signedOut}, "client_id": {"web"}}
		}, "sign-out", "", false},
		{"oidcc-rp-initiated-logout-no-params", func(string) url.Values { return nil }, "sign-out", "", false},
		{"oidcc-rp-initiated-logout-only-state", func(string) url.Values { return one("state", state) }, "sign-out", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := newVisitor(t, options{})
			hint := v.tokens(v.apps["web"], v.who, nil).str("id_token")
			got := v.logout(test.params(hint))
			if got.Page.Page != test.page || got.Header.Get("Location") != test.location || test.page == "refused" && got.Status != 400 {
				t.Errorf("%d %q %+v", got.Status, got.Header.Get("Location"), got.Page)
			}
			if v.signedIn() == test.ends {
				t.Errorf("the session ended: %v", !test.ends)
			}
			if got.Page.Page != "sign-out" {
				return
			}
			got = v.confirmLogout(got.Page.State)
			if got.Page.Page != "signed-out" || got.Header.Get("Location") != "" || v.signedIn() {
				t.Errorf("confirmed: %d %q %+v", got.Status, got.Header.Get("Location"), got.Page)
			}
		})
	}
}

// TestLogoutHints: a hint that does not fit the session, or that has expired.
func TestLogoutHints(t *testing.T) {
	back := func(hint string) url.Values {
		return url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {signedOut}, "state": {"s"}}
	}
	t.Run("expired", func(t *testing.T) {
		v := newVisitor(t, options{})
		hint := v.tokens(v.apps["web"], v.who, nil).str("id_token")
		v.advance(5 * time.Hour)
		if got := v.logout(back(hint)); got.Header.Get("Location") != signedOut+"?state=s" || v.signedIn() {
			t.Errorf("%d %q %+v", got.Status, got.Header.Get("Location"), got.Page)
		}
	})
	t.Run("of somebody else", func(t *testing.T) {
		v := newVisitor(t, options{})
		v.in(v.apps["web"])
		_, code := v.pass("ben", idp.PassRequest{})
		ben := v.world.browser().tokens(v.apps["web"], person{name: "ben", code: code}, nil)
		got := v.logout(back(ben.str("id_token")))
		if got.Page.Page != "sign-out" || got.Page.User != "anna@contoso.example" || !v.signedIn() {
			t.Fatalf("%d %+v", got.Status, got.Page)
		}
		if got := v.confirmLogout(got.Page.State); got.Header.Get("Location") != signedOut+"?state=s" || v.signedIn() {
			t.Errorf("confirmed: %d %q", got.Status, got.Header.Get("Location"))
		}
	})
	t.Run("of an earlier session", func(t *testing.T) {
		v := newVisitor(t, options{})
		hint := v.tokens(v.apps["web"], v.who, nil).str("id_token")
		v.logout(back(hint))
		v.in(v.apps["web"])
		if got := v.logout(back(hint)); got.Page.Page != "sign-out" || !v.signedIn() {
			t.Errorf("%d %q %+v", got.Status, got.Header.Get("Location"), got.Page)
		}
	})
	t.Run("without a session", func(t *testing.T) {
		v := newVisitor(t, options{})
		hint := v.tokens(v.apps["web"], v.who, nil).str("id_token")
		fresh := v.world.browser()
		if got := fresh.logout(back(hint)); got.Header.Get("Location") != signedOut+"?state=s" {
			t.Errorf("%d %q %+v", got.Status, got.Header.Get("Location"), got.Page)
		}
		if got := fresh.logout(nil); got.Page.Page != "signed-out" || len(got.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("%d %+v %v", got.Status, got.Page, got.Header) // from a frame of another site, where no cookie comes along, none may go
		}
		if !v.signedIn() {
			t.Error("another browser's session ended")
		}
	})
	t.Run("of a client that is gone", func(t *testing.T) {
		v := newVisitor(t, options{})
		v.in(v.apps["web"])
		hint := v.tokens(v.apps["trusted"], v.who, nil).str("id_token")
		v.must(v.admin.DeleteClient(v.ctx(), operator, tenantID, "trusted"))
		if got := v.logout(one("id_token_hint", hint)); got.Page.Page != "signed-out" || v.signedIn() {
			t.Errorf("%d %+v", got.Status, got.Page)
		}
	})
}

// TestLogoutEnds: what the session gave for as long as it lasts is over, what was
// granted offline goes on, and the cookie is taken back.
func TestLogoutEnds(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	offline := v.tokens(web, v.who, nil)
	online := v.tokens(web, v.who, one("scope", "openid"))
	code := v.code(web, v.who, one("scope", "openid"))
	before := v.clone()
	got := v.logout(one("id_token_hint", online.str("id_token")))
	if cookies := got.Header.Values("Set-Cookie"); len(cookies) != 2 || !strings.Contains(cookies[0], "__Host-latchkey-session-") || !strings.Contains(cookies[1], "__Host-latchkey-state-") || strings.Count(strings.Join(cookies, " "), "Max-Age=0") != 2 {
		t.Errorf("cookies %q", cookies)
	}
	if got := before.authorize(web, one("prompt", "none")); got.Fields.Get("error") != "login_required" {
		t.Errorf("the old cookie still works: %v", got.Fields)
	}
	if got := v.userinfo(online.str("access_token")); got.Status != 401 {
		t.Errorf("the online token still works: %d", got.Status)
	}
	checkError(t, v.redeem(web, code, nil), 400, "invalid_grant")
	if got := v.userinfo(offline.str("access_token")); got.Status != 200 {
		t.Errorf("the offline token ended: %d", got.Status)
	}
	if got := v.refresh(web, offline.str("refresh_token"), ""); got.Status != 200 {
		t.Errorf("the offline grant ended: %d %s", got.Status, got.Body)
	}
}

// TestLogoutPost: a form from a relying party's page carries no cookies, and
// signs out all the same by way of a GET (RP-Initiated Logout 2).
func TestLogoutPost(t *testing.T) {
	v := newVisitor(t, options{})
	hint := v.tokens(v.apps["web"], v.who, nil).str("id_token")
	r := v.request("/oauth2/v2.0/logout", url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {signedOut}})
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	got := v.world.do(r)
	to := got.Header.Get("Location")
	if got.Status != http.StatusSeeOther || !strings.HasPrefix(to, baseURL+"/"+tenantID+"/oauth2/v2.0/logout?") || len(got.Header.Values("Set-Cookie")) > 0 {
		t.Fatalf("%d %v", got.Status, got.Header)
	}
	if !v.signedIn() {
		t.Error("signed out without the browser's cookies")
	}
	if got := v.do(at("GET", to, nil)); got.Header.Get("Location") != signedOut || v.signedIn() {
		t.Errorf("%d %q", got.Status, got.Header.Get("Location"))
	}
}

// TestLogoutForgery: nobody signs a person out from another page (docs/security.md, H2).
func TestLogoutForgery(t *testing.T) {
	v := newVisitor(t, options{})
	v.in(v.apps["web"])
	state := v.logout(nil).Page.State
	stranger := v.world.browser()
	stranger.authorize(v.apps["web"], nil) // gets a cookie of its own
	for name, send := range map[string]func() *reply{
		"no state":          func() *reply { return v.confirmLogout("") },
		"nonsense":          func() *reply { return v.confirmLogout("x") },
		"another browser's": func() *reply { return v.confirmLogout(stranger.logout(nil).Page.State) },
		"in another browser": func() *reply {
			got := stranger.confirmLogout(state)
			return got
		},
		"the state of a sign-in": func() *reply { return v.confirmLogout(v.authorize(v.apps["web"], one("prompt", "login")).State) },
		"from another site": func() *reply {
			r := v.request("/oauth2/v2.0/logout/confirm", url.Values{"state": {state}, "decision": {"sign-out"}})
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			return v.do(r)
		},
		"from another site, in an old browser": func() *reply {
			r := v.request("/oauth2/v2.0/logout/confirm", url.Values{"state": {state}, "decision": {"sign-out"}})
			r.Header.Set("Origin", "https://evil.example")
			return v.do(r)
		},
		"from another site, without cookies": func() *reply {
			r := v.request("/oauth2/v2.0/logout/confirm", url.Values{"state": {state}, "decision": {"sign-out"}})
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			return v.world.do(r)
		},
		"by GET": func() *reply {
			return v.do(v.request("/oauth2/v2.0/logout/confirm?decision=sign-out&state="+state, nil))
		},
	} {
		got := send()
		if got.Status < 400 || !v.signedIn() {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if name != "in another browser" && len(got.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s: touches cookies: %v", name, got.Header.Values("Set-Cookie"))
		}
	}
	r := v.request("/oauth2/v2.0/logout/confirm", url.Values{"state": {state}, "decision": {"stay"}})
	r.Header.Set("Origin", baseURL)
	r.Host = "behind.a.proxy"
	if got := v.do(r); got.Header.Get("Location") != baseURL+"/"+tenantID+"/security-info" || !v.signedIn() {
		t.Errorf("stay: %d %q", got.Status, got.Header.Get("Location"))
	}
	if got := v.confirmLogout(state); got.Page.Page != "signed-out" || v.signedIn() {
		t.Errorf("at last: %d %+v", got.Status, got.Page)
	}
}
