package oidc_test

import (
	"net/url"
	"testing"

	"latchkey/idp"
)

// reborn removes a client and registers another by the same id, a moment later.
func (w *world) reborn(old *app) *app {
	w.t.Helper()
	w.must(w.admin.DeleteClient(w.ctx(), operator, tenantID, old.ClientID))
	w.advance(1)
	return w.client(*old.Client)
}

// TestClientRegisteredAgainInheritsNothing: a client by the id of one that was
// removed is another client. Its predecessor's codes, tokens and consents are void
// everywhere, though everything but the moment of registration is the same.
func TestClientRegisteredAgainInheritsNothing(t *testing.T) {
	for _, id := range []string{"web", "native", "trusted"} { // confidential, public, without consent
		v := newVisitor(t, options{})
		old := v.apps[id]
		tokens, code := v.tokens(old, v.who, nil), v.code(old, v.who, nil)
		access, refresh := tokens.str("access_token"), tokens.str("refresh_token")
		if got := v.userinfo(access); got.Status != 200 || refresh == "" {
			t.Fatalf("%s: %d %s, refresh token %q", id, got.Status, got.Body, refresh)
		}
		a := v.reborn(old)
		for what, got := range map[string]*reply{"refresh": v.refresh(a, refresh, ""), "code": v.redeem(a, code, nil)} {
			if got.str("access_token") != "" {
				t.Errorf("%s: the old %s gives %s", id, what, got.Body)
			}
			checkError(t, got, 400, "invalid_grant")
		}
		if got := v.userinfo(access); got.Status != 401 {
			t.Errorf("%s: userinfo with the old token: %d %s", id, got.Status, got.Body)
		}
		asker := v.apps["worker"]
		if got := v.introspect(asker, access); got.JSON["active"] != false {
			t.Errorf("%s: the old access token: %s", id, got.Body)
		}
		if got := v.introspect(a, refresh); !a.Public() && got.JSON["active"] != false {
			t.Errorf("%s: the old refresh token: %s", id, got.Body)
		}
		if got := v.authorize(a, one("prompt", "none")); !a.Trusted && got.Fields.Get("error") != "consent_required" {
			t.Errorf("%s: the old consent holds: %d %s", id, got.Status, got.Body)
		}
		// The session is the person's own, and what the new client gets is its own.
		if got := v.userinfo(v.tokens(a, v.who, nil).str("access_token")); got.Status != 200 {
			t.Errorf("%s: userinfo with the new token: %d %s", id, got.Status, got.Body)
		}
	}
}

// TestDeviceOfRemovedClient is the same for a device that waits, or was approved.
func TestDeviceOfRemovedClient(t *testing.T) {
	v := newVisitor(t, options{})
	native := v.apps["native"]
	started := v.device(native, fullScope)
	v.approve(started.str("user_code"), v.who)
	got := v.poll(v.reborn(native), started.str("device_code"))
	if checkError(t, got, 400, "invalid_grant"); got.str("access_token") != "" {
		t.Errorf("%s", got.Body)
	}
}

// TestOwnTokenOfRemovedClient is the same for what a client got for itself.
func TestOwnTokenOfRemovedClient(t *testing.T) {
	w := newWorld(t, options{})
	old := w.clientToken(w.apps["worker"]).str("access_token")
	worker := w.reborn(w.apps["worker"])
	if got := w.introspect(worker, old); got.JSON["active"] != false {
		t.Errorf("the old token: %s", got.Body)
	}
	if got := w.introspect(worker, w.clientToken(worker).str("access_token")); got.JSON["active"] != true {
		t.Errorf("the new token: %s", got.Body)
	}
}

// TestSecretReplacedKeepsGrants: a new secret is no new client.
func TestSecretReplacedKeepsGrants(t *testing.T) {
	v := newVisitor(t, options{})
	web := v.apps["web"]
	tokens := v.tokens(web, v.who, nil)
	v.advance(1)
	_, secret, err := v.admin.NewClientSecret(v.ctx(), operator, tenantID, "web")
	v.must(err)
	web.secret = secret
	if got := v.refresh(web, tokens.str("refresh_token"), ""); got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := v.userinfo(tokens.str("access_token")); got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := v.authorize(web, one("prompt", "none")); got.Fields.Get("code") == "" {
		t.Errorf("%d %s: the consent is gone", got.Status, got.Body)
	}
}

// TestPredecessorConsentStaysGone: a first consent to the successor does not bring
// back what its predecessor was allowed.
func TestPredecessorConsentStaysGone(t *testing.T) {
	v := newVisitor(t, options{})
	old := v.apps["web"]
	v.in(old)
	a := v.reborn(old)
	if v.enter(a, one("scope", "openid")).code() == "" {
		t.Fatal("no code")
	}
	got := v.authorize(a, url.Values{"prompt": {"none"}, "scope": {fullScope}})
	if got.code() != "" || got.Fields.Get("error") != "consent_required" {
		t.Errorf("%v", got.Fields)
	}
}

// TestFlowOfPredecessor: a sign-in that began for one client does not go on for the
// one that was registered by the same id meanwhile.
func TestFlowOfPredecessor(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.apps["trusted"]
	begun := v.authorize(a, nil)
	v.reborn(a)
	if got := v.answer(begun.State, v.who); got.code() != "" {
		t.Errorf("a code by the old request: %v", got.Fields)
	}
}

// TestClientMadePublic: a code that was issued without PKCE is none for a client
// that has lost its secret since (RFC 9700 2.1.1).
func TestClientMadePublic(t *testing.T) {
	v := newVisitor(t, options{})
	a := v.apps["web"]
	code := v.code(a, v.who, nil)
	v.change(a, func(c *idp.Client) { c.AuthMethod, c.SecretHash = idp.AuthNone, "" })
	checkError(t, v.redeem(&app{Client: a.Client}, code, nil), 400, "invalid_grant")
}
