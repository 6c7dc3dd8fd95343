package oidc_test

import (
	"net/url"
	"testing"
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
