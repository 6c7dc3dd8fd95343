package oidc_test

import (
	"crypto/x509"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"sync"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/idp/outbound"
	"latchkey/storage"
)

// ears is a server on this machine by which apps hear of logouts.
type ears struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []heard
	status int              // of the answers; 0: 200, below 0: none
	during func(app string) // runs within each call
	wrong  []string         // what was wrong with how calls came
}

// heard is a call to an app.
type heard struct{ app, token string }

// listen makes the server, and a world that may call it.
func (w *world) listen() *ears {
	w.t.Helper()
	e := &ears{}
	e.Server = httptest.NewUnstartedServer(e)
	e.Config.ErrorLog = log.New(io.Discard, "", 0)
	e.StartTLS()
	w.t.Cleanup(e.Close)
	roots := x509.NewCertPool()
	roots.AddCert(e.Certificate())
	w.calls = outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots})
	w.start()
	return e
}

func (e *ears) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	app := path.Base(r.URL.Path)
	err := r.ParseForm()
	e.mu.Lock()
	e.calls = append(e.calls, heard{app, r.PostForm.Get("logout_token")})
	status, during := e.status, e.during
	if err != nil || r.Method != "POST" || len(r.PostForm) != 1 || r.URL.RawQuery != "" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		e.wrong = append(e.wrong, r.Method+" "+r.URL.String()+" "+r.PostForm.Encode())
	}
	e.mu.Unlock()
	if during != nil {
		during(app)
	}
	switch {
	case status < 0:
		panic(http.ErrAbortHandler)
	case status > 0:
		rw.Header().Set("Location", "https://app.example/")
		rw.WriteHeader(status)
	}
}

// answers sets what apps answer from now on.
func (e *ears) answers(status int, during func(app string)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.status, e.during = status, during
}

// taken are the calls since the last time.
func (e *ears) taken() []heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	calls := e.calls
	e.calls = nil
	return calls
}

// heardBy tells which apps were called how often.
func heardBy(calls []heard) map[string]int {
	count := map[string]int{}
	for _, c := range calls {
		count[c.app]++
	}
	return count
}

// hearing registers a confidential app that hears of logouts.
func (w *world) hearing(e *ears, id string, change ...func(*idp.Client)) *app {
	w.t.Helper()
	return w.relying(id, append(change, func(c *idp.Client) { c.Logout.Back = e.URL + "/" + id })...)
}

// tell delivers what is due now, and is what was heard of it.
func (w *world) tell(e *ears) []heard {
	w.t.Helper()
	w.must(w.provider.DeliverNotices(w.ctx(), w.clock.Now()))
	return e.taken()
}

// owed are the notices there are.
func (w *world) owed() (notices []*idp.LogoutNotice) {
	w.t.Helper()
	w.must(w.store.View(w.ctx(), tenantID, func(tx *storage.Tx) (err error) {
		notices, _, err = storage.All[idp.LogoutNotice](tx, storage.Page{})
		return err
	}))
	return notices
}

// checkLogoutToken holds a logout token against OIDC Back-Channel Logout 2.4, for the
// session of an ID token.
func checkLogoutToken(t *testing.T, w *world, token, idToken string) {
	t.Helper()
	got, of := w.claims(token), w.claims(idToken)
	for _, name := range []string{"iss", "aud", "sub", "sid"} {
		if got[name] != of[name] || got[name] == nil {
			t.Errorf("%s is %v, want %v", name, got[name], of[name])
		}
	}
	events, _ := got["events"].(map[string]any)
	if event, ok := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any); !ok || len(event) > 0 || len(events) != 1 {
		t.Errorf("events %v", got["events"])
	}
	names := slices.Sorted(maps.Keys(got))
	if !slices.Equal(names, []string{"aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"}) { // above all no nonce
		t.Errorf("claims %v", names)
	}
	now := w.clock.Now()
	if iat, exp := got["iat"].(float64), got["exp"].(float64); iat != float64(now.Unix()) || exp != iat+120 {
		t.Errorf("iat %v, exp %v, now %v", iat, exp, now.Unix())
	}
	if h := headerOf(t, token); h["typ"] != "logout+jwt" || h["alg"] != headerOf(t, idToken)["alg"] || h["kid"] == nil || len(h) != 3 {
		t.Errorf("header %v", h)
	}
	if got := w.do(w.request("/oauth2/v2.0/logout?id_token_hint="+token, nil)); got.Page.Page != "refused" {
		t.Errorf("a logout token passes as an ID token: %s", got.Body)
	}
}

// TestOidccBackchannelRpInitiatedLogout: the app that signs a person out hears of it, as
// does any other that has a part in the session, each once, and in one form POST.
func TestOidccBackchannelRpInitiatedLogout(t *testing.T) {
	t.Parallel()
	v := newVisitor(t, options{rsa: true})
	e := v.listen()
	first := v.hearing(e, "first")
	second := v.hearing(e, "second", func(c *idp.Client) { c.IDTokenAlg = "" }) // RS256
	v.hearing(e, "third")                                                       // has no part
	tokens := map[string]string{}
	for range 3 {
		for _, a := range []*app{first, second, v.apps["web"]} {
			tokens[a.ClientID] = v.tokens(a, v.who, one("scope", "openid")).str("id_token")
		}
	}
	if heard := v.tell(e); len(heard) > 0 || len(v.owed()) != 2 {
		t.Errorf("while the session lives: %v, owed %d", heard, len(v.owed()))
	}
	got := v.logout(url.Values{"id_token_hint": {tokens["first"]}, "post_logout_redirect_uri": {"https://first.example/"}, "state": {"s"}})
	if got.Header.Get("Location") != "https://first.example/?state=s" {
		t.Fatalf("%d %v", got.Status, got.Header)
	}
	calls := v.tell(e)
	if want := map[string]int{"first": 1, "second": 1}; !maps.Equal(heardBy(calls), want) || len(e.wrong) > 0 {
		t.Errorf("called %v, %v", heardBy(calls), e.wrong)
	}
	for _, c := range calls {
		checkLogoutToken(t, v.world, c.token, tokens[c.app])
	}
	if len(v.owed()) > 0 {
		t.Errorf("still owed: %+v", v.owed()[0])
	}
	if silent := v.authorize(first, one("prompt", "none")); silent.Fields.Get("error") != "login_required" {
		t.Errorf("after the logout: %v", silent.Fields)
	}
}

// TestBackchannelEnds: apps hear of every end of a session, once, and of nothing else.
func TestBackchannelEnds(t *testing.T) {
	t.Parallel()
	disabled, no := true, false
	anna := "anna@contoso.example"
	for name, test := range map[string]struct {
		do   func(v *visitor, idToken string)
		told bool
	}{
		"nothing":              {func(*visitor, string) {}, false},
		"sign-out with a hint": {func(v *visitor, h string) { v.logout(one("id_token_hint", h)) }, true},
		"sign-out by the page": {func(v *visitor, _ string) { v.confirmLogout(v.logout(nil).Page.State) }, true},
		"asked, and stayed":    {func(v *visitor, _ string) { v.logout(nil) }, false},
		"pass deleted":         {func(v *visitor, _ string) { v.must(v.admin.DeletePass(v.ctx(), operator, tenantID, anna, "")) }, true},
		"pass replaced":        {func(v *visitor, _ string) { v.pass("anna", idp.PassRequest{}) }, true},
		"another's pass deleted": {func(v *visitor, _ string) {
			v.pass("ben", idp.PassRequest{})
			v.must(v.admin.DeletePass(v.ctx(), operator, tenantID, "ben@contoso.example", ""))
		}, false},
		"passes turned off": {func(v *visitor, _ string) { v.must(v.turnOff()) }, false},
		"person disabled": {func(v *visitor, _ string) {
			v.must2(v.admin.UpdateUser(v.ctx(), operator, tenantID, anna, userOff(&disabled)))
		}, true},
		"person changed": {func(v *visitor, _ string) {
			v.must2(v.admin.UpdateUser(v.ctx(), operator, tenantID, anna, userOff(&no)))
		}, false},
		"person deleted":                    {func(v *visitor, _ string) { v.must(v.admin.DeleteUser(v.ctx(), operator, tenantID, anna)) }, true},
		"signed out everywhere":             {func(v *visitor, _ string) { v.must2(v.admin.RevokeSessions(v.ctx(), operator, tenantID, anna)) }, true},
		"somebody else signed in":           {func(v *visitor, _ string) { v.other() }, true},
		"signed in again":                   {func(v *visitor, _ string) { v.enter(v.apps["web"], one("prompt", "login")) }, false},
		"somebody else elsewhere":           {func(v *visitor, _ string) { (&visitor{v.world, v.world.browser(), v.who}).other() }, false},
		"a second before the session's end": {func(v *visitor, _ string) { v.advance(24*time.Hour - 2*time.Second) }, false},
		"the session's end":                 {func(v *visitor, _ string) { v.advance(24*time.Hour - time.Second) }, true},
		"the app disabled, and sign-out": {func(v *visitor, h string) {
			v.must2(v.admin.UpdateClient(v.ctx(), operator, tenantID, "first", clientOff(&disabled)))
			v.logout(one("id_token_hint", h))
		}, false},
		"the app deleted, and sign-out": {func(v *visitor, h string) {
			v.must(v.admin.DeleteClient(v.ctx(), operator, tenantID, "first"))
			v.logout(one("id_token_hint", h))
		}, false},
		"another app by its name, and sign-out": {func(v *visitor, h string) {
			v.reborn(v.apps["first"])
			v.logout(one("id_token_hint", h))
		}, false},
		"an address no more, and sign-out": {func(v *visitor, h string) {
			v.must2(v.admin.UpdateClient(v.ctx(), operator, tenantID, "first", func(c *idp.Client) { c.Logout.Back = "" }))
			v.confirmLogout(v.logout(nil).Page.State)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVisitor(t, options{})
			e := v.listen()
			idToken := v.tokens(v.hearing(e, "first"), v.who, one("scope", "openid")).str("id_token")
			v.advance(time.Second)
			if calls := v.tell(e); len(calls) > 0 {
				t.Errorf("before: %v", calls)
			}
			test.do(v, idToken)
			calls := v.tell(e)
			if (len(calls) == 1) != test.told || len(calls) > 1 {
				t.Fatalf("%d calls, want one: %v", len(calls), test.told)
			}
			for _, c := range calls {
				checkLogoutToken(t, v.world, c.token, idToken)
			}
			for range 40 { // nothing is left, whatever happens to the session from here on
				v.advance(time.Hour)
				again := v.tell(e)
				if test.told && len(again) > 0 {
					t.Fatalf("told again after %v", v.clock.Now().Sub(epoch))
				}
			}
			if len(v.owed()) > 0 {
				t.Errorf("still owed: %+v", v.owed()[0])
			}
		})
	}
}

// turnOff lets nobody sign in with a pass.
func (v *visitor) turnOff() error {
	v.advance(time.Second)
	off := false
	_, err := v.admin.UpdatePassPolicy(v.ctx(), operator, tenantID, passesOn(&off))
	return err
}

// other lets ben sign in in the browser.
func (v *visitor) other() {
	v.t.Helper()
	_, code := v.pass("ben", idp.PassRequest{})
	v.advance(time.Second) // a proof of this very moment would do for prompt=login
	v.answer(v.authorize(v.apps["trusted"], one("prompt", "login")).State, person{name: "ben", code: code})
}

// passesOn is the change that turns passes on or off.
func passesOn(enabled *bool) admin.PassPolicyChange { return admin.PassPolicyChange{Enabled: enabled} }
