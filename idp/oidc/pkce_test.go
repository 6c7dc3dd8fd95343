package oidc_test

import (
	"net/url"
	"strings"
	"testing"

	"latchkey/idp"
	"latchkey/idp/oidc"
)

// challenge is what fits the verifier of RFC 7636 appendix B.
const (
	knownVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	knownChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// TestPKCERequest: S256 or nothing, and for public clients never nothing.
func TestPKCERequest(t *testing.T) {
	v := newVisitor(t, options{})
	for _, test := range []struct {
		name              string
		challenge, method string
		public, others    bool // accepted
	}{
		{"S256", knownChallenge, "S256", true, true},
		{"none", "", "", false, true},
		{"plain", knownChallenge, "plain", false, false},
		{"no method, which means plain", knownChallenge, "", false, false},
		{"unknown method", knownChallenge, "S512", false, false},
		{"method in lower case", knownChallenge, "s256", false, false},
		{"a method alone", "", "S256", false, false},
		{"too short", knownChallenge[1:], "S256", false, false},
		{"too long", knownChallenge + "A", "S256", false, false},
		{"padded", knownChallenge[:42] + "=", "S256", false, false},
		{"not URL-safe", "+" + knownChallenge[1:], "S256", false, false},
		{"with a line feed", knownChallenge[:42] + "\n", "S256", false, false},
	} {
		for id, want := range map[string]bool{"native": test.public, "spa": test.public, "web": test.others, "trusted": test.others} {
			got := v.authorize(v.apps[id], url.Values{"code_challenge": {test.challenge}, "code_challenge_method": {test.method}})
			if accepted := got.State != ""; accepted != want || !want && got.Fields.Get("error") != "invalid_request" {
				t.Errorf("%s, %s: %d %v", test.name, id, got.Status, got.Fields)
			}
		}
	}
}

// TestPKCERedemption: the verifier must come when a challenge was stored, must
// fit it, and must not come when there was none (RFC 9700 4.8.2). A code shown
// wrongly is spent.
func TestPKCERedemption(t *testing.T) {
	asked := url.Values{"code_challenge": {knownChallenge}, "code_challenge_method": {"S256"}}
	without := url.Values{"code_challenge": {""}, "code_challenge_method": {""}}
	v := newVisitor(t, options{})
	for _, id := range []string{"native", "web"} {
		a := v.apps[id]
		v.in(a)
		for _, test := range []struct {
			name     string
			request  url.Values
			verifier string
			ok       bool
		}{
			{"fits", asked, knownVerifier, true},
			{"missing", asked, "", false},
			{"another", asked, strings.Repeat("a", 43), false},
			{"the challenge itself", asked, knownChallenge, false},
			{"fits but for the case", asked, strings.ToLower(knownVerifier), false},
			{"fits but for a space", asked, knownVerifier + " ", false},
			{"none asked, none given", without, "", true},
			{"none asked, one given", without, knownVerifier, false},
		} {
			if a.Public() && !test.request.Has("code_challenge") || a.Public() && test.request.Get("code_challenge") == "" {
				continue
			}
			code := v.code(a, v.who, test.request)
			got := v.redeem(a, code, one("code_verifier", test.verifier))
			if test.ok {
				if got.Status != 200 {
					t.Errorf("%s, %s: %d %s", id, test.name, got.Status, got.Body)
				}
				continue
			}
			checkError(t, got, 400, "invalid_grant")
			checkError(t, v.redeem(a, code, one("code_verifier", knownVerifier)), 400, "invalid_grant")
		}
	}
}

// TestVerifierFits: the form of a verifier (RFC 7636 4.1).
func TestVerifierFits(t *testing.T) {
	for verifier, want := range map[string]bool{
		knownVerifier:                       true,
		strings.Repeat("~", 43):             true,
		strings.Repeat("A", 128):            true,
		strings.Repeat("A", 42):             false,
		strings.Repeat("A", 129):            false,
		strings.Repeat("A", 42) + "+":       false,
		strings.Repeat("A", 42) + "é":       false,
		strings.Repeat("A", 43) + "\n":      false,
		strings.Repeat("A", 42) + "%":       false,
		"\x00" + strings.Repeat("A", 42):    false,
		strings.Repeat("-._~", 12):          true,
		strings.Repeat("A", 128) + "\x00\n": false,
	} {
		if got := oidc.VerifierFits(challengeOf(verifier), verifier); got != want {
			t.Errorf("%q: %v", verifier, got)
		}
	}
	if oidc.VerifierFits("", knownVerifier) || oidc.VerifierFits(knownChallenge, "") || !oidc.VerifierFits("", "") {
		t.Error("a missing challenge or verifier")
	}
}

// TestOidccServerRequiresPKCEOfPublicOnly: the conformance suite sends none for
// its confidential clients.
func TestOidccServerRequiresPKCEOfPublicOnly(t *testing.T) {
	v := newVisitor(t, options{})
	if got := v.tokens(v.apps["web"], v.who, nil); got.str("id_token") == "" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if !v.apps["native"].Allows(idp.GrantCode) || !v.apps["native"].Public() {
		t.Fatal("the world has changed")
	}
}
