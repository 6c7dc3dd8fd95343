package oidc_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/idp"
	"latchkey/idp/signin"
)

// TestExchangeNeverProlongs: a token that is exchanged over and over ends with the first
// one, though the grant goes on for months.
func TestExchangeNeverProlongs(t *testing.T) {
	t.Parallel()
	c := newChain(t, false)
	token := c.subject
	for range 3 {
		c.advance(15 * time.Minute)
		if token = c.exchange(c.store, token, nil).str("access_token"); token == "" {
			t.Fatal("not exchanged")
		}
	}
	c.advance(14*time.Minute + 59*time.Second)
	if !c.alive(c.store, token) {
		t.Error("it ended too soon")
	}
	if c.advance(time.Second); c.alive(c.store, token) {
		t.Error("it outlives what it was exchanged for")
	}
	checkError(t, c.exchange(c.store, token, nil), 400, "invalid_grant")
}

// TestDevicePageNamesAPIs: what a device asks for by resource alone is shown, too.
func TestDevicePageNamesAPIs(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	v.api(mail, "post", false)
	got := v.call(v.apps["native"], "devicecode", url.Values{"scope": {"openid"}, "resource": {mail}})
	var wants []string
	v.page(func(_ http.ResponseWriter, _ *http.Request, visit signin.Visit) (signin.Outcome, error) {
		f, err := v.signin.DeviceFlow(v.ctx(), visit, got.str("user_code"))
		v.must(err)
		wants = f.Request.Wants()
		return signin.Outcome{}, errors.New("seen")
	})
	if len(wants) != 2 || wants[1] != mail {
		t.Errorf("asked for %v", wants)
	}
}

// TestConsentNamesOneThing: leave for a scope of one API is none for another API whose
// identifier reads like it.
func TestConsentNamesOneThing(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	v.api("https://g.example", "", false)
	v.api("https://g.example/read", "reader", false)
	web := v.apps["web"]
	v.enter(web, one("scope", "openid https://g.example/read"))
	got := v.authorize(web, url.Values{"scope": {"openid"}, "resource": {"https://g.example/read"}, "prompt": {"none"}})
	if got.Fields.Get("error") != "consent_required" {
		t.Errorf("%v", got.Fields)
	}
}

// TestPushedOfPredecessor: what a client pushed does not serve another one of its id.
func TestPushedOfPredecessor(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	a := v.apps["trusted"]
	v.signIn(v.who)
	uri := v.push(a, nil).str("request_uri")
	if got := v.follow(v.reborn(a), uri); got.code() != "" {
		t.Errorf("%v", got.Fields)
	}
}

// TestRetiredKeyVouchesForNothing: a key that is no longer published is good for hints
// only.
func TestRetiredKeyVouchesForNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.api(files, "store", true)
	old := ecKey()
	private, err := old.Private(testRing(), tenantID)
	w.must(err)
	forge := func() string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: old.KeyID}}, (&jose.SignerOptions{}).WithType("at+jwt"))
		w.must(err)
		raw, err := json.Marshal(claims{"iss": issuer(), "aud": files, "exp": w.unix(time.Hour), "iat": w.unix(0), "jti": idp.NewID(), "client_id": "worker", "sub": "worker", "scope": "read"})
		w.must(err)
		jws, err := signer.Sign(raw)
		w.must(err)
		token, err := jws.CompactSerialize()
		w.must(err)
		return token
	}
	if w.introspect(w.apps["store"], forge()).JSON["active"] != true {
		t.Fatal("the key that is in use makes no token: the test is wrong")
	}
	w.must2(w.admin.RotateKeys(w.ctx(), operator, tenantID))
	if w.advance(idp.KeyCacheTime + idp.KeyOverlap); w.introspect(w.apps["store"], forge()).JSON["active"] == true {
		t.Error("a key that has gone forges tokens")
	}
}

// TestIntrospectionTellsNoName: the user name is told where profile was granted.
func TestIntrospectionTellsNoName(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{})
	web := v.apps["web"]
	for scope, want := range map[string]string{"openid": "", "openid profile": "anna@contoso.example"} {
		token := v.tokens(web, v.who, one("scope", scope)).str("access_token")
		if got := v.introspect(web, token).str("username"); got != want {
			t.Errorf("%s: %q", scope, got)
		}
	}
}
