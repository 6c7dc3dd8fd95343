package ui

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/authmethods"
	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/storage"
)

// account is somebody who is signed in: with a pass, two passkeys and a password, of
// which the session rests on the first.
type account struct {
	*visited
	keys     *idp.Keyring
	user     *idp.User
	pass     *idp.Pass
	passkeys []*idp.Passkey
	password *idp.Password
	policy   *idp.MethodsPolicy
	session  *idp.Session
	secret   string
}

const (
	annaID = "33333333-3333-4333-8333-333333333333"
	bobID  = "44444444-4444-4444-8444-444444444444"
	keyID  = "55555555-5555-4555-8555-55555555555" // and a digit
)

func newAccount(t *testing.T) *account {
	t.Helper()
	v := visit(t)
	keys := testKeys(t)
	passkeys, err := passkey.New(v.site.Base, nil)
	if err != nil {
		t.Fatal(err)
	}
	v.site.Signin, v.site.PasskeyHost = signin.New(v.store, keys, authmethods.All(authmethods.Config{Keys: keys, Passkeys: passkeys, Mails: true})), passkeys.ID()
	v.site.Renderer.catalogue = newRenderer(t).catalogue
	a := &account{visited: v, keys: keys, policy: idp.DefaultMethodsPolicy()}
	a.policy.TemporaryAccessPass.Enabled, a.policy.Password.Enabled = true, true
	a.user = &idp.User{UserID: annaID, PrincipalName: anna, DisplayName: "Anna Novak", Type: idp.Member, CreatedAt: daysAgo(900)}
	a.passkeys = []*idp.Passkey{a.newPasskey("1", annaID, "MacBook", daysAgo(40)), a.newPasskey("2", annaID, "Old <phone>", daysAgo(300))}
	a.pass = &idp.Pass{PassID: idp.NewID(), UserID: annaID, CreatedAt: noon, StartsAt: noon, Lifetime: 8 * time.Hour}
	a.password = idp.NewPassword(keys, contoso, annaID, "correct horse battery", daysAgo(400))
	a.put(a.policy, a.user, a.passkeys[0], a.passkeys[1], a.pass, a.password)
	bob := &idp.User{UserID: bobID, PrincipalName: "bob@contoso.example", Type: idp.Member, CreatedAt: daysAgo(900)}
	a.put(bob, a.newPasskey("9", bobID, "Bob's key", daysAgo(40)))
	a.signIn(a.passProof())
	return a
}

func (a *account) newPasskey(digit, user, name string, made time.Time) *idp.Passkey {
	return &idp.Passkey{
		PasskeyID: keyID + digit, UserID: user, Name: name, Credential: []byte("credential " + digit), PublicKey: []byte{1},
		AAGUID: "00000000-0000-0000-0000-000000000000", CreatedAt: made,
	}
}

func (a *account) put(records ...storage.Record) {
	a.Helper()
	for _, r := range records {
		put(a.T, a.store, contoso, r)
	}
}

func (a *account) remove(records ...storage.Record) {
	a.Helper()
	for _, r := range records {
		if err := a.store.Update(context.Background(), contoso, func(tx *storage.Tx) error { return tx.Delete(r) }); err != nil {
			a.Fatal(err)
		}
	}
}

func (a *account) passProof() idp.Proof {
	return idp.Proof{
		Method: idp.TemporaryAccessPass, Credential: a.pass.PassID, At: a.now, NotAfter: a.pass.EndsAt(), EndsAs: idp.PassExpired,
		ACR: idp.ACRBootstrap, MFA: true,
	}
}

func (a *account) passkeyProof() idp.Proof {
	return idp.Proof{Method: idp.PasskeyMethod, Credential: a.passkeys[0].PasskeyID, At: a.now, ACR: idp.ACRPhishing, MFA: true}
}

// signIn begins a session on a proof.
func (a *account) signIn(p idp.Proof) {
	a.Helper()
	a.secret = idp.NewToken(idp.SessionSecret)
	a.session = idp.NewSession(&idp.Tenant{TenantID: contoso}, annaID, a.secret, p)
	a.put(a.session)
}

// send opens one of the person's own pages, or sends a form to it.
func (a *account) send(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/contoso.example"+path, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, "/contoso.example"+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", "text/html")
	r.AddCookie(&http.Cookie{Name: "__Host-latchkey-browser", Value: browser})
	r.AddCookie(&http.Cookie{Name: "__Host-latchkey-session-" + contoso, Value: a.secret})
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	return w
}

// flowOf is the sign-in that an answer leads to.
func (a *account) flowOf(w *httptest.ResponseRecorder) (f signin.Flow) {
	a.Helper()
	_, state, ok := strings.Cut(w.Header().Get("Location"), "/signin?state=")
	if !ok || w.Code != http.StatusSeeOther {
		a.Fatalf("status %d, to %q: no sign-in", w.Code, w.Header().Get("Location"))
	}
	f, err := a.site.Signin.Open(signin.Visit{Tenant: &idp.Tenant{TenantID: contoso}, Browser: browser, Now: a.now}, state)
	if err != nil {
		a.Fatal(err)
	}
	return f
}

// wantTo expects to be led to another page of the person's own.
func (a *account) wantTo(w *httptest.ResponseRecorder, path string) {
	a.Helper()
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "https://id.example/contoso.example"+path {
		a.Errorf("status %d, to %q, want %s\n%s", w.Code, got, path, w.Body)
	}
}

// wantNot expects a page to say nothing of some things.
func (a *account) wantNot(w *httptest.ResponseRecorder, parts ...string) {
	a.Helper()
	for _, part := range parts {
		if strings.Contains(w.Body.String(), part) {
			a.Errorf("%q in\n%s", part, w.Body)
		}
	}
}

// holds are the ids of what the person holds.
func (a *account) holds() (ids []string) {
	a.Helper()
	held, err := a.site.Admin.Methods(context.Background(), idp.Person(contoso, a.user), contoso, annaID)
	if err != nil {
		a.Fatal(err)
	}
	for _, k := range held.Passkeys {
		ids = append(ids, k.Name)
	}
	if held.Password != nil {
		ids = append(ids, "password "+held.Password.PasswordID)
	}
	return ids
}

func passkeyPage(digit, what string) string { return "/security-info/passkeys/" + keyID + digit + what }

// change is one way to change the own methods.
type change struct {
	path string
	form url.Values
}

// changes are all of them: every route that takes a form and changes a passkey or the
// password (docs/security.md H13).
func (a *account) changes() []change {
	return []change{
		{passkeyPage("1", "/rename"), url.Values{"name": {"Laptop"}}},
		{passkeyPage("1", "/remove"), url.Values{"decision": {"remove"}}},
		{"/security-info/password", url.Values{"new-password": {"another horse battery"}}},
		{"/security-info/password/remove", url.Values{"decision": {"remove"}}},
		{"/security-info/clean-up", url.Values{"decision": {"remove"}, "remove": {keyID + "1", keyID + "2", a.password.PasswordID}}},
		{"/security-info", url.Values{"prefer": {"password"}}},
	}
}

// TestChangesNeedStrongProof: without a strong proof of the last minutes nothing is shown
// or changed, by whatever way; the person is asked for one and comes back. With one, the
// same succeeds.
func TestChangesNeedStrongProof(t *testing.T) {
	weak := map[string]func(*account){
		"a pass long ago":    func(a *account) { a.now = a.now.Add(idp.StrongFor) },
		"a passkey long ago": func(a *account) { a.signIn(a.passkeyProof()); a.now = a.now.Add(time.Hour) },
		"a password": func(a *account) {
			a.signIn(idp.Proof{Method: idp.PasswordMethod, Credential: a.password.PasswordID, At: a.now, ACR: idp.ACRPassword})
		},
		"a window that has closed": func(a *account) {
			p := a.passProof()
			p.RegisterBy = a.now.Add(idp.RegisterWindow)
			a.signIn(p)
			a.now = p.RegisterBy
		},
	}
	for name, make := range weak {
		for i, c := range newAccount(t).changes() {
			a := newAccount(t)
			make(a)
			if i < 4 {
				if f := a.flowOf(a.send(c.path, nil)); !f.Strong || f.Return != c.path {
					t.Errorf("%s: %s leads to %+v", name, c.path, f)
				}
			}
			before, held := a.store.Commits(), a.holds()
			f := a.flowOf(a.send(c.path, a.changes()[i].form))
			if !f.Strong || f.Return != c.path || f.Request != nil {
				t.Errorf("%s: a form to %s leads to %+v", name, c.path, f)
			}
			if got := a.holds(); a.store.Commits() != before || strings.Join(got, "|") != strings.Join(held, "|") {
				t.Errorf("%s: a form to %s changed something: %q, before %q", name, c.path, got, held)
			}
			// Nobody who is not signed in comes closer.
			a.secret = "nobody"
			if f := a.flowOf(a.send(c.path, a.changes()[i].form)); f.Return != c.path || a.store.Commits() != before {
				t.Errorf("%s: %s without a session leads to %+v", name, c.path, f)
			}
		}
	}
	for i, c := range newAccount(t).changes() {
		a := newAccount(t)
		before := a.store.Commits()
		if w := a.send(c.path, a.changes()[i].form); w.Code != http.StatusSeeOther || !strings.Contains(w.Header().Get("Location"), "/security-info?done=") {
			t.Errorf("%s: %d %s", c.path, w.Code, w.Body)
		}
		if a.store.Commits() == before {
			t.Errorf("%s changes nothing", c.path)
		}
	}
}

// TestAddingNeedsStrongProof: the registration of a passkey asks for the proof itself.
func TestAddingNeedsStrongProof(t *testing.T) {
	a := newAccount(t)
	f := a.flowOf(a.send("/security-info", url.Values{"add": {"passkey"}}))
	if f.Enrol != idp.PasskeyMethod || !f.Strong || f.Return != securityInfo {
		t.Errorf("%+v", f)
	}
	for in, says := range map[*idp.Session]bool{nil: false, {}: true} {
		v := view(common{}, signin.Outcome{Decision: idp.Decision{Step: idp.Ask}, Prompt: idp.Prompt{Page: "passkey"}, Flow: f, Session: in})
		if p := v.(Passkey); p.StepUp != says {
			t.Errorf("signed in: %t, %+v", says, p)
		}
	}
	f = a.flowOf(a.send("/security-info", url.Values{"use": {"passkey"}}))
	if f.Prove != idp.PasskeyMethod || f.Return != securityInfo {
		t.Errorf("%+v", f)
	}
	a.wantTo(a.send("/security-info", url.Values{"add": {"somethingNew"}}), securityInfo)
}

// TestNothingToProve: who has nothing to give a strong proof with is told what to do, and
// not led in a circle.
func TestNothingToProve(t *testing.T) {
	a := newAccount(t)
	a.remove(a.passkeys[0], a.passkeys[1], a.pass)
	a.signIn(idp.Proof{Method: idp.PasswordMethod, Credential: a.password.PasswordID, At: a.now, ACR: idp.ACRPassword})
	for _, path := range []string{"/security-info/password", "/security-info/password/remove"} {
		a.want(a.send(path, nil), http.StatusForbidden, `data-problem="stepup.none"`, "Back to security info")
		a.want(a.send(path, url.Values{"decision": {"remove"}, "new-password": {"another horse battery"}}), http.StatusForbidden, `data-problem="stepup.none"`)
	}
	w := a.send("/security-info", nil)
	a.want(w, http.StatusOK, `data-banner="password"`, "you first have to sign in with a pass")
	a.wantNot(w, `id="add-method"`)
}

// TestSecurityInfoShowsWhatIsHeld has every row, and what authenticators are told.
func TestSecurityInfoShowsWhatIsHeld(t *testing.T) {
	a := newAccount(t)
	a.passkeys[1].CopiedAt = daysAgo(1)
	a.put(a.passkeys[1])
	w := a.send("/security-info", nil)
	handle := base64.RawURLEncoding.EncodeToString(idp.UserHandle(contoso, annaID))
	a.want(w, http.StatusOK, `data-page="security-info"`, "<bdi>MacBook</bdi>", "<bdi>Old &lt;phone&gt;</bdi>", `data-state="suspended"`, `id="remove-password"`,
		`data-rp-id="id.example"`, `data-user-handle="`+handle+`"`, `data-credentials="`+base64.RawURLEncoding.EncodeToString([]byte("credential 1"))+`"`,
		`data-first="temporaryAccessPass"`, "This session ends with your pass", `id="use-passkey"`, `id="clean-up"`, `id="add-method"`)
	a.wantNot(w, "data-banner=", "Bob")

	a.signIn(a.passkeyProof())
	w = a.send("/security-info", nil)
	a.want(w, http.StatusOK, "You are signed in with it now")
	a.wantNot(w, `id="use-passkey"`, `id="clean-up"`, "ends with your pass")

	a.user.Preferred = idp.PasswordMethod
	a.put(a.user)
	a.remove(a.pass)
	a.want(a.send("/security-info", nil), http.StatusOK, `data-first="password"`)
}

// TestBanner: it is there for who has no passwordless method that works.
func TestBanner(t *testing.T) {
	a := newAccount(t)
	a.remove(a.passkeys[0], a.passkeys[1], a.password)
	a.want(a.send("/security-info", nil), http.StatusOK, `data-banner="pass"`, `id="add-method" class="primary"`)

	p := a.passProof()
	p.RegisterBy = a.now.Add(idp.RegisterWindow)
	a.pass.Once, a.pass.UsedAt = true, a.now
	a.put(a.pass)
	a.signIn(p)
	a.want(a.send("/security-info", nil), http.StatusOK, `data-banner="window"`, "Finish by <time", "12:10\u00a0UTC", "(in 10 minutes)", `id="add-method" class="primary"`)
	a.now = p.RegisterBy
	w := a.send("/security-info", nil)
	a.want(w, http.StatusOK, `data-banner="closed"`, "Ask your administrator for a new pass")
	a.wantNot(w, `id="add-method"`)

	for change, want := range map[string]func(*idp.PasskeyPolicy){
		"doesn&#39;t use passkeys":         func(p *idp.PasskeyPolicy) { p.Enabled = false },
		"doesn&#39;t let you use passkeys": func(p *idp.PasskeyPolicy) { p.Targets = idp.Targets{} },
		"don&#39;t add passkeys":           func(p *idp.PasskeyPolicy) { p.SelfService = false },
	} {
		a := newAccount(t)
		a.remove(a.passkeys[0], a.passkeys[1])
		want(&a.policy.Passkey)
		a.put(a.policy)
		w := a.send("/security-info", nil)
		a.want(w, http.StatusOK, change)
		a.wantNot(w, `id="add-method"`)
	}
	a = newAccount(t)
	a.site.PasskeyHost, a.site.Signin = "", signin.New(a.store, a.keys, authmethods.All(authmethods.Config{Keys: a.keys, Passkeys: passkey.Method{}, Mails: true}))
	a.site.Admin.WithPasskeyHost("")
	w = a.send("/security-info", nil)
	a.want(w, http.StatusOK, `data-banner="password"`, "is a number and not a name")
	a.wantNot(w, "data-rp-id", "signals")
}

// TestForeignMethods: an id that is another's, or nobody's, leads to what there is.
func TestForeignMethods(t *testing.T) {
	a := newAccount(t)
	for _, digit := range []string{"9", "7"} {
		for _, what := range []string{"/rename", "/remove"} {
			before := a.store.Commits()
			a.wantTo(a.send(passkeyPage(digit, what), nil), securityInfo)
			a.wantTo(a.send(passkeyPage(digit, what), url.Values{"name": {"Mine"}, "decision": {"remove"}}), securityInfo)
			if a.store.Commits() != before {
				t.Errorf("%s of %s changed something", what, digit)
			}
		}
	}
	before := a.store.Commits()
	a.wantTo(a.send("/security-info/clean-up", url.Values{"decision": {"remove"}, "remove": {keyID + "9", "x", ""}}), "/security-info?done=methods-removed")
	if a.store.Commits() != before {
		t.Error("another's passkey was removed")
	}
	for _, path := range []string{"/security-info/passkeys/x/rename", "/security-info/passkeys/" + strings.ToUpper("a5555555-5555-4555-8555-555555555551") + "/remove"} {
		if w := a.send(path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestRenamePasskey(t *testing.T) {
	a := newAccount(t)
	path := passkeyPage("1", "/rename")
	a.want(a.send(path, nil), http.StatusOK, `value="MacBook"`)
	a.wantTo(a.send(path, url.Values{"name": {" Laptop\u00a0"}}), "/security-info?done=passkey-renamed")
	a.wantTo(a.send(path, url.Values{"name": {"Laptop"}}), "/security-info?done=passkey-renamed") // twice
	a.want(a.send("/security-info?done=passkey-renamed", nil), http.StatusOK, "<bdi>Laptop</bdi>", "has its new name")
	for _, name := range []string{"", " ", "a\x00b", strings.Repeat("ä", 129)} {
		a.want(a.send(path, url.Values{"name": {name}}), http.StatusBadRequest, `data-page="rename-method"`, `data-problem="refused"`, "at most 256 bytes")
	}
	a.want(a.send("/security-info", nil), http.StatusOK, "<bdi>Laptop</bdi>")
}

func TestRemovePasskey(t *testing.T) {
	a := newAccount(t)
	path := passkeyPage("1", "/remove")
	w := a.send(path, nil)
	a.want(w, http.StatusOK, `data-page="remove-method"`, "<bdi>MacBook</bdi>")
	a.wantNot(w, "only way", "signed out")
	a.wantTo(a.send(path, url.Values{"decision": {"keep"}}), securityInfo)
	a.wantTo(a.send(path, url.Values{}), securityInfo)
	a.wantTo(a.send(path, url.Values{"decision": {"remove"}}), "/security-info?done=passkey-removed")
	a.wantTo(a.send(path, url.Values{"decision": {"remove"}}), securityInfo) // twice

	// The last way in, on which the session rests.
	a = newAccount(t)
	a.remove(a.passkeys[1], a.pass, a.password)
	a.signIn(a.passkeyProof())
	a.want(a.send(path, nil), http.StatusOK, "only way to sign in", "you will be signed out")
	w = a.send(path, url.Values{"decision": {"remove"}})
	a.want(w, http.StatusOK, `data-page="signed-out"`, "The passkey is removed")
	if !strings.Contains(strings.Join(w.Header().Values("Set-Cookie"), "|"), "__Host-latchkey-session-"+contoso+"=;") {
		t.Errorf("the session stays in the browser: %q", w.Header().Values("Set-Cookie"))
	}
}

func TestSetPassword(t *testing.T) {
	a := newAccount(t)
	const path = "/security-info/password"
	a.want(a.send(path, nil), http.StatusOK, "Change your password", "At least <bdi>12</bdi> characters", `autocomplete="new-password"`)
	for typed, why := range map[string]string{
		"":                          "has between 12 and",
		"swordfish":                 "has 9 characters; it needs at least 12",
		"my name: " + anna:          "must not contain your user name",
		"tab\there is none of them": "control character",
	} {
		w := a.send(path, url.Values{"new-password": {typed}})
		a.want(w, http.StatusBadRequest, `data-page="set-password"`, `aria-describedby="problem password-help"`, why)
		if typed != "" {
			a.wantNot(w, `value="`+typed, "swordfish")
		}
	}
	before := a.holds()
	a.wantTo(a.send(path, url.Values{"new-password": {"another horse battery"}}), "/security-info?done=password-set")
	a.want(a.send("/security-info?done=password-set", nil), http.StatusOK, "The password is set.")
	if after := a.holds(); strings.Join(before, "|") == strings.Join(after, "|") {
		t.Error("the password is the old one")
	}
	a.wantTo(a.send(path+"/remove", url.Values{"decision": {"keep"}}), securityInfo)
	a.wantTo(a.send(path+"/remove", url.Values{"decision": {"remove"}}), "/security-info?done=password-removed")
	a.wantTo(a.send(path+"/remove", url.Values{"decision": {"remove"}}), securityInfo) // twice
	a.wantTo(a.send(path+"/remove", nil), securityInfo)
	a.want(a.send(path, nil), http.StatusOK, "Set a password")

	a.policy.Password.Enabled = false
	a.put(a.policy)
	a.wantTo(a.send(path, nil), securityInfo)
	a.wantTo(a.send(path, url.Values{"new-password": {"another horse battery"}}), securityInfo)
	a.wantNot(a.send("/security-info", nil), "password-title")
}

func TestCleanUp(t *testing.T) {
	a := newAccount(t)
	const path = "/security-info/clean-up"
	a.put(a.newPasskey("3", annaID, "New phone", a.now.Add(time.Minute)))
	w := a.send(path, nil)
	a.want(w, http.StatusOK, "<bdi>MacBook</bdi>", "<bdi>Old &lt;phone&gt;</bdi>", `value="`+a.password.PasswordID+`"`, `id="sign-out-everywhere"`)
	a.wantNot(w, "New phone", " checked")
	a.want(a.send(path, url.Values{"decision": {"remove"}}), http.StatusBadRequest, `data-problem="cleanup.empty"`)
	a.wantTo(a.send(path, url.Values{"decision": {"keep"}, "remove": {keyID + "1"}}), "/security-info?done=methods-kept")
	w = a.send("/security-info?done=methods-kept", nil)
	a.want(w, http.StatusOK, "Nothing was removed.", "MacBook")
	a.wantNot(w, `id="clean-up"`)

	chosen := url.Values{"decision": {"remove"}, "remove": {keyID + "2", a.password.PasswordID, keyID + "2"}}
	a.wantTo(a.send(path, chosen), "/security-info?done=methods-removed")
	a.wantTo(a.send(path, chosen), "/security-info?done=methods-removed") // twice
	if got := strings.Join(a.holds(), "|"); got != "MacBook|New phone" {
		t.Errorf("left are %q", got)
	}
	a.wantTo(a.send(path, url.Values{"decision": {"remove"}, "remove": {keyID + "1"}}), "/security-info?done=methods-removed")
	w = a.send(path, nil)
	a.want(w, http.StatusOK, "nothing to clean up")
	a.wantNot(a.send("/security-info", nil), `id="clean-up"`)

	// What they have just shown they have is not asked about.
	a = newAccount(t)
	a.signIn(a.passkeyProof())
	w = a.send(path, nil)
	a.want(w, http.StatusOK, "<bdi>Old &lt;phone&gt;</bdi>")
	a.wantNot(w, "MacBook")
}

func TestSignOutEverywhere(t *testing.T) {
	a := newAccount(t)
	const path = "/security-info/sign-out-everywhere"
	other := a.secret
	a.signIn(a.passkeyProof())
	a.now = a.now.Add(time.Hour)
	a.want(a.send(path, nil), http.StatusOK, `data-page="sign-out-everywhere"`)
	a.wantTo(a.send(path, url.Values{"decision": {"stay"}}), securityInfo)
	a.want(a.send("/security-info", nil), http.StatusOK)
	w := a.send(path, url.Values{"decision": {"sign-out"}})
	a.want(w, http.StatusOK, `data-page="signed-out"`, "signed out everywhere")
	for _, secret := range []string{a.secret, other} {
		a.secret = secret
		if f := a.flowOf(a.send("/security-info", nil)); f.Return != securityInfo {
			t.Errorf("%+v", f)
		}
	}
	a.flowOf(a.send(path, url.Values{"decision": {"sign-out"}})) // twice
}

// TestNoticesAreTrue: an address that somebody made up tells of nothing that was not done.
func TestNoticesAreTrue(t *testing.T) {
	a := newAccount(t)
	for _, id := range []string{passDeleted, passkeyAdded, passwordSet, passwordRemoved, signedOutAll, "x", "../x", ""} {
		a.wantNot(a.send("/security-info?done="+url.QueryEscape(id), nil), `class="notice"`)
	}
	a.put(a.newPasskey("3", annaID, "New phone", a.now))
	a.want(a.send("/security-info?done=passkey-added", nil), http.StatusOK, "The passkey is added.")
}

var rowPattern = regexp.MustCompile(`data-result="(\w+)"( data-current)?>\s*<strong>(?:<bdi>)?([^<]+)`)

// TestOwnSignIns: the page has the person's own sign-ins and tries, newest first, fifty of
// them, and neither another's nor what administrators did.
func TestOwnSignIns(t *testing.T) {
	a := newAccount(t)
	log := idp.AuditLog{Keys: a.keys, Tenant: contoso}
	tell := func(at time.Time, change func(*idp.AuditEvent)) {
		t.Helper()
		e := idp.NewEvent(idp.SignIns, at)
		e.Method, e.Target, e.ClientID, e.Address = "Passkey", idp.PartyOf(a.user), "app", "192.0.2.7"
		change(e)
		if err := a.store.Update(context.Background(), contoso, func(tx *storage.Tx) error { return log.Append(tx, e) }); err != nil {
			t.Fatal(err)
		}
	}
	a.want(a.send("/security-info/sign-ins", nil), http.StatusOK, "There were none")
	for i := range 60 {
		tell(daysAgo(20).Add(time.Duration(i)*time.Minute), func(e *idp.AuditEvent) { e.ClientID = "gone" })
	}
	for i := range 120 { // of another log
		tell(daysAgo(10).Add(time.Duration(i)*time.Minute), func(e *idp.AuditEvent) { e.Log = idp.Directory; e.Method = "" })
	}
	tell(daysAgo(3), func(e *idp.AuditEvent) { e.Target = idp.Party{Type: idp.ActorUser, ID: bobID, Name: "bob"} })
	tell(daysAgo(2), func(e *idp.AuditEvent) {
		e.Method, e.Result, e.Error = "Temporary Access Pass", "failure", idp.PassWrong
		e.UserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
	})
	tell(a.now, func(e *idp.AuditEvent) { e.SessionID, e.ClientID = a.session.SessionID, "" })
	w := a.send("/security-info/sign-ins", nil)
	a.want(w, http.StatusOK, "Refused: the pass was wrong", "<bdi>Firefox, Windows</bdi>", "this session", "<bdi>gone</bdi>")
	rows := rowPattern.FindAllStringSubmatch(w.Body.String(), -1)
	if len(rows) != 50 || rows[0][2] == "" || rows[0][3] != "Security info" || rows[1][1] != "failure" || rows[1][3] != "Intranet" || rows[2][3] != "gone" {
		t.Errorf("%d rows: %q", len(rows), rows[:min(len(rows), 3)])
	}
	a.wantNot(w, "bob")
	if w := a.send("/security-info/sign-ins", url.Values{}); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("a form: %d", w.Code)
	}
}

func TestBrowserName(t *testing.T) {
	for agent, want := range map[string]string{
		"":                      "",
		"curl/8.14.1":           "curl/8.14.1",
		"\xff" + "odd things":   "odd",
		strings.Repeat("x", 99): strings.Repeat("x", 40),
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15":                      "Safari, Mac",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0":              "Edge, Windows",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36":                            "Chrome, Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1": "Chrome, iPhone",
		"Firefox/1": "Firefox",
	} {
		if got := browserName(agent); got != want && !strings.HasSuffix(got, want) {
			t.Errorf("%q: %q, want %q", agent, got, want)
		}
	}
}
