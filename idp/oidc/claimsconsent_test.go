package oidc_test

import (
	"net/url"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// TestClaimsNeedConsent: what the claims parameter names one by one needs the leave
// that its scope would need (OIDC Core 3.1.2.4).
func TestClaimsNeedConsent(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.apps["web"]
	if v.enter(a, one("scope", "openid")).code() == "" {
		t.Fatal("no code")
	}
	for _, asked := range []string{
		`{"userinfo":{"email":null}}`, `{"id_token":{"email":{"essential":true}}}`, `{"userinfo":{"phone_number":null},"id_token":{"nickname":null}}`,
	} {
		got := v.authorize(a, url.Values{"prompt": {"none"}, "scope": {"openid"}, "claims": {asked}})
		if got.code() != "" || got.Fields.Get("error") != "consent_required" {
			t.Errorf("%s: %v", asked, got.Fields)
		}
	}
	asked := url.Values{"scope": {"openid"}, "claims": {`{"userinfo":{"email":null}}`}}
	code := v.enter(a, asked).code()
	if got := v.userinfo(v.redeem(a, code, nil).str("access_token")); got.JSON["email"] == nil || got.JSON["name"] != nil {
		t.Errorf("allowed: %s", got.Body)
	}
	asked.Set("prompt", "none")
	if v.authorize(a, asked).code() == "" {
		t.Error("the consent was not remembered")
	}
}

// TestHintAfterRotation: an ID token is a hint for as long as its session may last,
// also when its key has left the key set.
func TestHintAfterRotation(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.apps["web"]
	hint := v.tokens(a, v.who, nil).str("id_token")
	before := v.publishedKeys()
	v.must2(v.admin.RotateKeys(v.ctx(), operator, tenantID))
	v.advance(idp.KeyCacheTime + idp.KeyOverlap)
	v.must2(v.store.Sweep(v.ctx(), tenantID, v.clock.Now(), 1000))
	for kid := range v.publishedKeys() {
		if before[kid] != nil {
			t.Errorf("%s is still published", kid)
		}
	}
	if v.authorize(a, url.Values{"prompt": {"none"}, "id_token_hint": {hint}}).code() == "" {
		t.Error("the hint does not count at authorize")
	}
	back := a.PostLogoutRedirectURIs[0]
	got := v.logout(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {back}})
	if got.Header.Get("Location") != back || v.authorize(a, one("prompt", "none")).code() != "" {
		t.Errorf("logout: %d %v", got.Status, got.Header)
	}
}

// TestOfflineNeedsRefresh: offline access is not for clients that may not refresh
// (OIDC Core 11), or their access tokens would outlive the session for nothing.
func TestOfflineNeedsRefresh(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.client(idp.Client{
		ClientID: "short", Name: "Short", AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantCode},
		RedirectURIs: []string{"https://app.example/short"}, IDTokenAlg: "ES256",
	})
	got := v.tokens(a, v.who, nil)
	if got.str("refresh_token") != "" || got.str("scope") != "openid profile email" {
		t.Errorf("%s", got.Body)
	}
	v.logout(url.Values{"id_token_hint": {got.str("id_token")}})
	if got := v.userinfo(got.str("access_token")); got.Status != 401 {
		t.Errorf("after signing out: %d %s", got.Status, got.Body)
	}
}

// TestDisabledForGood: what a user had signed in to stays over when the account is
// enabled again.
func TestDisabledForGood(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.apps["web"]
	refresh := v.tokens(a, v.who, nil).str("refresh_token")
	v.advance(time.Second)
	for _, disabled := range []bool{true, false} {
		v.must2(v.admin.UpdateUser(v.ctx(), operator, tenantID, "anna@contoso.example", admin.UserChange{Disabled: &disabled}))
		checkError(t, v.refresh(a, refresh, ""), 400, "invalid_grant")
		if v.authorize(a, one("prompt", "none")).code() != "" {
			t.Errorf("disabled %t: the session works", disabled)
		}
	}
	if v.enter(a, nil).code() == "" {
		t.Error("no sign-in after the account was enabled")
	}
}

// TestFormPostScheme: no browser posts a form to an app's own scheme.
func TestFormPostScheme(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.client(idp.Client{
		ClientID: "phone", Name: "Phone", AuthMethod: idp.AuthNone, Native: true, Trusted: true,
		GrantTypes: []string{idp.GrantCode}, RedirectURIs: []string{"com.example.app:/callback"},
	})
	got := v.authorize(a, one("response_mode", "form_post"))
	if got.Fields.Get("error") != "invalid_request" {
		t.Errorf("%d %v", got.Status, got.Fields)
	}
}

// TestClientTokenOfOtherTenant: a client's own token means nothing at a tenant with a
// client by the same id.
func TestClientTokenOfOtherTenant(t *testing.T) {
	v := newVisitor(t, options{})
	v.twin()
	worker := v.apps["worker"]
	r := there("/oauth2/v2.0/introspect", url.Values{"token": {v.clientToken(worker).str("access_token")}})
	r.SetBasicAuth("worker", worker.secret)
	if got := v.world.do(r); got.Status != 200 || got.JSON["active"] != false {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// TestRevokeExpired: nothing is kept of a token that has ended anyhow.
func TestRevokeExpired(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.apps["web"]
	token := v.tokens(a, v.who, nil).str("access_token")
	v.advance(2 * time.Hour)
	before := v.store.Commits()
	if got := v.revoke(a, token); got.Status != 200 || v.store.Commits() != before {
		t.Errorf("%d, %d commits", got.Status, v.store.Commits()-before)
	}
}
