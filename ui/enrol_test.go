package ui

import (
	"context"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
	"latchkey/idp/signin"
	"latchkey/idp/web"
	"latchkey/storage"
)

// walker is a browser that goes where it is led, with an authenticator.
type walker struct {
	*account
	key     *passkeytest.Key
	cookies map[string]string
	at      string // the address reached last
	page    string // what stands there
	status  int
	issued  []signin.Outcome // what apps were told
}

// newWalker is somebody whose pass is all they have; once: it works once.
func newWalker(t *testing.T, once bool) *walker {
	t.Helper()
	w := &walker{account: newAccount(t), key: passkeytest.New(passkeytest.ES256)}
	w.key.Origin, w.key.RPID = "https://id.example", "id.example"
	w.remove(w.passkeys[0], w.passkeys[1], w.password)
	w.site.Respond = func(rw http.ResponseWriter, _ *http.Request, out signin.Outcome) {
		w.issued = append(w.issued, out)
		rw.WriteHeader(http.StatusTeapot)
	}
	proof := w.passProof()
	if once {
		proof.RegisterBy = w.now.Add(10 * time.Minute)
	}
	w.signIn(proof)
	w.cookies = map[string]string{"__Host-latchkey-browser": browser, "__Host-latchkey-session-" + contoso: w.secret}
	return w
}

// visits opens a page, or sends a form to it, and follows.
func (w *walker) visits(path string, form url.Values) {
	w.Helper()
	for range 6 {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		if form != nil {
			r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		r.Header.Set("Accept", "text/html")
		r.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36")
		for name, value := range w.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		for _, c := range rec.Result().Cookies() {
			w.cookies[c.Name] = c.Value
		}
		w.at, w.page, w.status = path, rec.Body.String(), rec.Code
		if rec.Code != http.StatusSeeOther {
			return
		}
		path, form = strings.TrimPrefix(rec.Header().Get("Location"), w.site.Base), nil
	}
	w.Fatalf("led in circles, at last to %s", path)
}

const signinPage = "/contoso.example/signin"

// begins starts on one of our own pages, or on the way to an app.
func (w *walker) begins(f signin.Flow) {
	w.Helper()
	w.flow = f
	w.visits(signinPage+"?state="+w.state(), nil)
}

var (
	hiddenState = regexp.MustCompile(`name="state" value="([^"]+)"`)
	dataOptions = regexp.MustCompile(`data-(?:get|create)="([^"]+)"`)
)

func (w *walker) found(re *regexp.Regexp) string {
	w.Helper()
	m := re.FindStringSubmatch(w.page)
	if m == nil {
		w.Fatalf("no %s in\n%s", re, w.page)
	}
	return html.UnescapeString(m[1])
}

// sends answers the page with pairs of names and values.
func (w *walker) sends(pairs ...string) {
	w.Helper()
	form := url.Values{"state": {w.found(hiddenState)}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	w.visits(signinPage, form)
}

func (w *walker) registers(change ...func(*passkeytest.Say)) {
	w.Helper()
	w.sends("attestation", w.key.Create(w.found(dataOptions), change...), "name", "")
}

func (w *walker) shows(status int, page string, parts ...string) {
	w.Helper()
	parts = append(parts, `data-page="`+page+`"`)
	for _, part := range parts {
		if !strings.Contains(w.page, part) {
			w.Errorf("no %q at %s:\n%s", part, w.at, w.page)
		}
	}
	if w.status != status {
		w.Errorf("status %d, want %d", w.status, status)
	}
}

func (w *walker) hides(parts ...string) {
	w.Helper()
	for _, part := range parts {
		if strings.Contains(w.page, part) {
			w.Errorf("%q at %s:\n%s", part, w.at, w.page)
		}
	}
}

// holdsNamed are the names of the passkeys they have.
func (w *walker) holdsNamed() (names []string) {
	w.Helper()
	held, err := w.site.Admin.Methods(context.Background(), idp.Person(contoso, w.user), contoso, annaID)
	if err != nil {
		w.Fatal(err)
	}
	for _, k := range held.Passkeys {
		names = append(names, k.Name)
	}
	return names
}

// failures are the reasons of registrations that failed, as the log has them.
func (w *walker) failures() (reasons []string) {
	w.Helper()
	err := w.store.View(context.Background(), contoso, func(tx *storage.Tx) error {
		es, _, err := storage.List[idp.AuditEvent](tx, "log", idp.Directory, storage.Page{})
		for _, e := range es {
			if e.Result == "failure" && e.Activity == idp.UserRegistered {
				reasons = append(reasons, e.Reason)
			}
		}
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return reasons
}

func (w *walker) toApp() signin.Flow {
	return signin.Start(&idp.AuthRequest{ClientID: "app", MaxAge: -1, Scopes: []string{"openid"}, ResponseType: []string{"code"}, RedirectURI: "https://app.example/"}, "", w.now)
}

// asksToRegister has the policy ask everybody; must: until it is done.
func (w *walker) asksToRegister(must bool) {
	w.policy.Registration.Campaign.Enabled, w.policy.Registration.SelfServiceReset.Enabled = !must, must
	w.put(w.policy, &idp.Client{ClientID: "app", Name: "Intranet", Trusted: true})
}

func TestRegisterOnOwnPage(t *testing.T) {
	w := newWalker(t, false)
	w.begins(signin.Start(nil, securityInfo, w.now))
	w.shows(http.StatusOK, "add-method", `value="Chrome on Windows"`, "today at 20:00", `id="later"`)
	w.hides("data-countdown", `id="sign-out"`)

	w.sends("attestation", "junk")
	w.shows(http.StatusBadRequest, "add-method", `data-problem="enrol.wrong"`)
	w.sends("attestation", "")
	w.shows(http.StatusBadRequest, "add-method", `data-problem="enrol.cancelled"`)
	if got := w.failures(); len(got) != 2 {
		t.Errorf("the log tells of %q", got)
	}

	w.registers()
	w.shows(http.StatusOK, "security-info")
	if !strings.HasSuffix(w.at, securityInfo+"?done=passkey-added") {
		t.Errorf("at %s", w.at)
	}
	if got := w.holdsNamed(); len(got) != 1 || got[0] != "Chrome on Windows" {
		t.Errorf("holds %q", got)
	}
}

func TestRegisterLater(t *testing.T) {
	w := newWalker(t, false)
	w.begins(signin.Start(nil, securityInfo, w.now))
	w.sends("later", "1")
	w.shows(http.StatusOK, "security-info")

	// Who came for it goes back to where they came from.
	w.begins(signin.Start(nil, securityInfo+"?x=1", w.now).Enrolling(idp.PasskeyMethod))
	w.shows(http.StatusOK, "add-method")
	w.sends("later", "1")
	w.shows(http.StatusOK, "security-info")
	if !strings.HasSuffix(w.at, securityInfo+"?x=1") {
		t.Errorf("at %s", w.at)
	}
}

// TestReturn: the page that a registration goes back to keeps what its address says.
func TestReturn(t *testing.T) {
	for _, c := range []struct{ back, added, want string }{
		{"/security-info", "", "/security-info"},
		{"/security-info?a=1", "", "/security-info?a=1"},
		{"/security-info", "id", "/security-info?done=passkey-added"},
		{"/security-info?a=%26&done=x", "id", "/security-info?a=%26&done=passkey-added"},
	} {
		if got := returnOf(signin.Flow{Return: c.back, New: c.added}); got != c.want {
			t.Errorf("%s: %s, want %s", c.back, got, c.want)
		}
	}
}

// TestRegisterOnTheWay: an app's person is asked, and told that the pass still bounds them.
func TestRegisterOnTheWay(t *testing.T) {
	w := newWalker(t, true)
	w.asksToRegister(true)
	w.begins(w.toApp())
	w.shows(http.StatusOK, "add-method", "<bdi>Intranet</bdi>", "data-countdown", `data-end="2026-11-24T12:10:00Z"`, "12:10\u00a0UTC", `id="sign-out"`)
	w.hides(`id="later"`)
	w.sends("later", "1") // all the same
	w.shows(http.StatusOK, "add-method")

	w.registers()
	w.shows(http.StatusOK, "method-added", "<bdi>Chrome on Windows</bdi>", "today at 20:00", "<bdi>Intranet</bdi>")
	added := w.at
	w.sends("use-new", "1")
	w.shows(http.StatusOK, "passkey", anna, `id="onward"`, "allowCredentials")
	w.hides(`id="use-pass"`, `id="other-ways"`, `id="change-user"`)
	w.sends("assertion", w.key.Get(w.found(dataOptions), passkeytest.Counted(1)))
	if len(w.issued) != 1 || w.issued[0].Session.Bounded() || w.issued[0].Code == "" {
		t.Fatalf("%+v", w.issued)
	}

	// Or they go on as they are, also from the page that asks for the passkey.
	w.signIn(w.passProof())
	w.cookies["__Host-latchkey-session-"+contoso] = w.secret
	w.visits(added, nil)
	w.sends("onward", "1")
	w.visits(added, nil)
	w.sends("use-new", "1")
	w.shows(http.StatusOK, "passkey")
	w.sends("onward", "1")
	if len(w.issued) != 3 || !w.issued[1].Session.Bounded() || !w.issued[2].Session.Bounded() || w.issued[2].Code == "" {
		t.Fatalf("%+v", w.issued)
	}
}

// TestRegisterTooLate: nothing is registered, the person is told why, and an app gets what
// it waits for when they go on, not before.
func TestRegisterTooLate(t *testing.T) {
	w := newWalker(t, true)
	w.asksToRegister(true)
	w.begins(w.toApp())
	w.now = w.now.Add(6 * time.Minute)
	w.registers()
	w.shows(http.StatusBadRequest, "add-method", `data-problem="enrol.late"`) // there still is time
	w.now = w.now.Add(5 * time.Minute)
	w.registers()
	w.shows(http.StatusForbidden, "error", `data-problem="enrol.window"`, "ask your administrator for a new pass")
	if len(w.issued) > 0 || len(w.holdsNamed()) > 0 {
		t.Fatalf("the app got %v, and the person %v", w.issued, w.holdsNamed())
	}
	w.visits(w.found(regexp.MustCompile(`id="try-again"[^>]*href="https://id.example([^"]+)"`)), nil)
	if len(w.issued) != 1 {
		t.Errorf("the app got %v", w.issued)
	}
}

// TestRegisterForbidden: who cannot have one is told so, and goes back.
func TestRegisterForbidden(t *testing.T) {
	w := newWalker(t, false)
	w.policy.Passkey.SelfService = false
	w.put(w.policy)
	w.begins(signin.Start(nil, securityInfo, w.now).Enrolling(idp.PasskeyMethod))
	w.shows(http.StatusForbidden, "error", `data-problem="enrol.policy"`, `href="https://id.example/contoso.example/security-info"`)
}

// TestRegisterNeverHeldBack: wrong answers from an address are logged no more after a while,
// and keep nobody there from registering while the window of their pass is open.
func TestRegisterNeverHeldBack(t *testing.T) {
	w := newWalker(t, true)
	w.begins(signin.Start(nil, securityInfo, w.now))
	for range 40 {
		w.sends("attestation", "junk")
		w.shows(http.StatusBadRequest, "add-method", `data-problem="enrol.wrong"`)
	}
	if got := len(w.failures()); got != 30 || len(w.holdsNamed()) > 0 {
		t.Errorf("%d failures, and they hold %q", got, w.holdsNamed())
	}
	w.registers()
	w.shows(http.StatusOK, "security-info")
}

// TestPasskeyNeverHeldBack: no answer of a passkey can be guessed, so nobody's wrong ones
// keep others from signing in.
func TestPasskeyNeverHeldBack(t *testing.T) {
	w := newWalker(t, false)
	w.begins(signin.Start(nil, securityInfo, w.now))
	w.registers()
	delete(w.cookies, "__Host-latchkey-session-"+contoso)
	w.begins(signin.Start(nil, securityInfo, w.now))
	w.shows(http.StatusOK, "signin", "data-autofill")
	for range 40 {
		w.sends("username", "", "assertion", "junk")
		w.shows(http.StatusForbidden, "signin", `data-problem="passkey.wrong"`)
	}
	other := passkeytest.New(passkeytest.ES256)
	other.Origin, other.RPID, other.Handle = w.key.Origin, w.key.RPID, idp.UserHandle(contoso, annaID)
	w.sends("username", "", "assertion", other.Get(w.found(dataOptions)))
	w.shows(http.StatusForbidden, "signin", `data-problem="passkey.unknown"`, `data-unknown="`)
	signIns := w.count(idp.SignIns)
	if signIns > 31 {
		t.Errorf("%d lines of the log for 41 wrong answers", signIns)
	}

	// A pass is held back, whatever else the form has.
	w.sends("username", "nobody@contoso.example", "assertion", "")
	w.sends("method", string(idp.TemporaryAccessPass))
	w.shows(http.StatusOK, "pass")
	w.sends("code", "WRONG", "assertion", "junk")
	w.shows(http.StatusTooManyRequests, "pass", `data-problem="pass.toomany"`)

	w.begins(signin.Start(nil, securityInfo, w.now))
	w.sends("username", "", "assertion", w.key.Get(w.found(dataOptions), passkeytest.Counted(2)))
	w.shows(http.StatusOK, "security-info")
}

// count is how many lines a log has.
func (w *walker) count(log string) (n int) {
	w.Helper()
	err := w.store.View(context.Background(), contoso, func(tx *storage.Tx) error {
		es, _, err := storage.List[idp.AuditEvent](tx, "log", log, storage.Page{})
		n = len(es)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// TestIdentifyWithOptions: a name that is typed wins over a passkey that is not shown.
func TestIdentifyWithOptions(t *testing.T) {
	w := newWalker(t, false)
	w.cookies = map[string]string{"__Host-latchkey-browser": browser}
	w.begins(signin.Start(nil, securityInfo, w.now))
	w.sends("username", "", "assertion", "")
	w.shows(http.StatusBadRequest, "signin", `data-problem="username.empty"`, "data-autofill")
	w.sends("username", "anna", "assertion", "")
	w.shows(http.StatusBadRequest, "signin", `data-problem="username.invalid"`, `value="anna"`)
	w.sends("username", anna, "assertion", "")
	w.shows(http.StatusOK, "pass", anna)
	w.hides(`id="use-pass"`)
}

// TestWaysArePolicy: what is offered rests on the policy alone, so it is the same for all.
func TestWaysArePolicy(t *testing.T) {
	for _, c := range []struct {
		pass, password bool
		want           string
	}{
		{true, true, "method-temporaryAccessPass method-passkey method-password"},
		{true, false, "method-temporaryAccessPass method-passkey"},
		{false, true, "method-passkey method-password"},
		{false, false, ""},
	} {
		w := newWalker(t, false)
		w.policy.TemporaryAccessPass.Enabled, w.policy.Password.Enabled = c.pass, c.password
		w.put(w.policy)
		w.cookies = map[string]string{"__Host-latchkey-browser": browser}
		for _, name := range []string{anna, "bob@contoso.example", "nobody@contoso.example"} {
			w.begins(signin.Start(nil, securityInfo, w.now))
			w.sends("username", name)
			w.sends("method", "passkey")
			w.shows(http.StatusOK, "passkey", name)
			for part, want := range map[string]bool{`id="use-pass"`: c.pass, `id="other-ways"`: c.want != ""} {
				if strings.Contains(w.page, part) != want {
					t.Errorf("%+v: %s shown: %v", c, part, !want)
				}
			}
			if c.want == "" {
				continue
			}
			w.sends("other", "1")
			w.shows(http.StatusOK, "other-ways", name)
			var got []string
			for _, m := range regexp.MustCompile(`id="(method-\w+)"`).FindAllStringSubmatch(w.page, -1) {
				got = append(got, m[1])
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("%+v: %v for %s", c, got, name)
			}
			if c.password {
				w.sends("method", "password")
				w.shows(http.StatusOK, "password", `value="`+name+`" autocomplete="username"`)
				w.sends("username", name, "password", "")
				w.shows(http.StatusBadRequest, "password", `data-problem="password.empty"`)
				w.sends("username", name, "password", "wrong")
				w.shows(http.StatusForbidden, "password", `data-problem="password.wrong"`)
			}
		}
	}
}

// TestStrongerNeeded: who has nothing strong enough is told what would help.
func TestStrongerNeeded(t *testing.T) {
	w := newWalker(t, false)
	w.remove(w.pass)
	w.put(w.password)
	w.signIn(idp.Proof{Method: idp.PasswordMethod, Credential: w.password.PasswordID, At: w.now, ACR: idp.ACRPassword})
	w.cookies["__Host-latchkey-session-"+contoso] = w.secret
	w.begins(signin.Start(nil, securityInfo, w.now).Enrolling(idp.PasskeyMethod))
	w.shows(http.StatusForbidden, "error", `data-problem="method.stronger"`, "AADSTS50076", "Temporary Access Pass")
}

// TestTooLargeIsLogged: whoever is signed in and sends too much may have sent a
// registration; the log tells, but not without end.
func TestTooLargeIsLogged(t *testing.T) {
	w := newWalker(t, false)
	large := func(announced bool) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, signinPage, strings.NewReader("attestation="+strings.Repeat("x", web.MaxBody)))
		if !announced {
			r.ContentLength = -1
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html")
		for name, value := range w.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		rec := httptest.NewRecorder()
		web.Entry{Now: func() time.Time { return w.now }, Log: w.site.Log, TooLarge: w.site.TooLarge}.Enter(w.handler).ServeHTTP(rec, r)
		if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), `data-problem="toolarge"`) {
			t.Errorf("status %d: %s", rec.Code, rec.Body)
		}
	}
	large(true)
	large(false)
	if got := w.failures(); len(got) != 2 || got[0] != "more was sent than a registration takes" {
		t.Errorf("the log tells of %q", got)
	}
	for range 40 {
		large(true)
	}
	if got := len(w.failures()); got != 30 {
		t.Errorf("the log tells of it %d times", got)
	}
	w.now = w.now.Add(time.Hour)
	w.cookies["__Host-latchkey-session-"+contoso] = idp.NewToken(idp.SessionSecret)
	large(true)
	if got := len(w.failures()); got != 30 {
		t.Errorf("nobody's is logged: %d", got)
	}
}

func TestAgent(t *testing.T) {
	for _, c := range []struct{ agent, browser, system string }{
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "Chrome", "Windows"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0", "Edge", "Windows"},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox", "Linux"},
		{"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "Chrome", "ChromeOS"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15", "Safari", "Mac"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/156.0 Mobile/15E148 Safari/604.1", "Chrome", "iPhone"},
		{"Mozilla/5.0 (iPad; CPU OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/150.0 Mobile/15E148 Safari/605.1.15", "Firefox", "iPad"},
		{"Mozilla/5.0 (Linux; Android 16; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet", "Android"},
		{"curl/8.14.1", "", ""},
		{"", "", ""},
	} {
		if browser, system := idp.UserAgent(c.agent); browser != c.browser || system != c.system {
			t.Errorf("%s: %q, %q", c.agent, browser, system)
		}
	}
}
