package ui

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"latchkey/authmethods/passkey"
	"latchkey/idp"
	"latchkey/ui/chromiumtest"
)

// bench serves the pages of passkeys to a Chromium with an authenticator, and judges what
// comes of them as the core would.
type bench struct {
	*testing.T
	tab     context.Context
	url     string
	key     webauthn.AuthenticatorID
	method  passkey.Method
	subject idp.Subject

	mu       sync.Mutex
	question idp.Prompt // the one on the page shown last
	posted   []url.Values
	change   func(View) View
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, tab: chromiumtest.New(t), change: func(v View) View { return v }}
	rd := newRenderer(t)
	mux := http.NewServeMux()
	for path, page := range map[string]func() View{
		"GET /signin":  func() View { return Signin{Action: "/post", State: sealed, Options: b.asks()} },
		"GET /passkey": func() View { return Passkey{Action: "/post", State: sealed, Username: anna, Options: b.asks()} },
		"GET /add": func() View {
			return AddMethod{
				Action: "/post", State: sealed, Username: anna, Options: b.makes(), Name: "Chrome on Linux",
				Window: noon.Add(10 * time.Minute), By: noon.Add(5 * time.Minute),
			}
		},
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			rd.Page(w, r.WithContext(WithFrame(r.Context(), testFrame)), http.StatusOK, b.change(page()))
		})
	}
	mux.HandleFunc("POST /post", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		b.mu.Lock()
		b.posted = append(b.posted, r.PostForm)
		b.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><title>Posted</title><p id="posted">Posted`)
	})
	mux.Handle("GET "+AssetPrefix, rd.Assets())
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	b.url = strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	var err error
	if b.method, err = passkey.New(b.url, nil); err != nil {
		t.Fatal(err)
	}
	b.subject = idp.Subject{
		Now: noon, Tenant: &idp.Tenant{TenantID: contoso, Name: "Contoso"}, Policy: idp.DefaultMethodsPolicy(),
		User: &idp.User{UserID: idp.NewID(), PrincipalName: anna, DisplayName: "Anna Novak", Type: idp.Member},
	}
	run(t, b.tab, chromiumtest.Call(webauthn.Enable, webauthn.EnableParams{}))
	b.key = run(t, b.tab, chromiumtest.Call(webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	})).AuthenticatorID
	return b
}

// asks are the options for an assertion, makes those for a new passkey.
func (b *bench) asks() string {
	q, err := b.method.Begin(context.Background(), b.subject)
	return b.options(q, q.Secret, err)
}

func (b *bench) makes() string {
	challenge := []byte(strings.Repeat("challenge", 4))
	q, err := b.method.BeginEnroll(context.Background(), b.subject, challenge)
	return b.options(q, challenge, err)
}

func (b *bench) options(q idp.Prompt, challenge []byte, err error) string {
	if err != nil {
		b.Error(err)
	}
	q.Secret = challenge
	b.mu.Lock()
	defer b.mu.Unlock()
	b.question = q
	return q.Fields[passkey.OptionsField]
}

// touched says whether the authenticator's owner touches it when it asks.
func (b *bench) touched(yes bool) {
	b.Helper()
	run(b.T, b.tab, chromiumtest.Call(webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: b.key, Enabled: yes}))
}

// recognises says whether it recognises its owner.
func (b *bench) recognises(yes bool) {
	b.Helper()
	run(b.T, b.tab, chromiumtest.Call(webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: b.key, IsUserVerified: yes}))
}

// watch is run before the page's own script: it counts the prompts, and what became of
// those in the autofill.
const watch = `
	window.prompts = [];
	for (const kind of ['get', 'create']) {
		const real = navigator.credentials[kind].bind(navigator.credentials);
		navigator.credentials[kind] = (options) => {
			const prompt = { kind, mediation: options.mediation ?? '', open: window.prompts.filter((p) => p.state === 'open').length, state: 'open', hints: options.publicKey.hints, attachment: options.publicKey.authenticatorSelection?.authenticatorAttachment, timeout: options.publicKey.timeout };
			window.prompts.push(prompt);
			return real(options).then((c) => { prompt.state = 'done'; return c; }, (e) => { prompt.state = e.name; throw e; });
		};
	}
	window.refused = [];
	addEventListener('securitypolicyviolation', (e) => refused.push(e.violatedDirective + ' ' + e.blockedURI));
	addEventListener('error', (e) => refused.push(e.message));
	addEventListener('unhandledrejection', (e) => refused.push(String(e.reason)));`

// before runs a script before each page's own.
func (b *bench) before(script string) {
	b.Helper()
	run(b.T, b.tab, chromiumtest.Call(cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: script}))
}

func (b *bench) open(path string) {
	b.Helper()
	run(b.T, b.tab, chromedp.Navigate(b.url+path))
}

func (b *bench) press(selector string) {
	b.Helper()
	run(b.T, b.tab, chromedp.Click(chromedp.CSS(selector)))
}

// until waits for an expression to be true.
func (b *bench) until(expression string) {
	b.Helper()
	run(b.T, b.tab, chromedp.Poll[bool](expression))
}

// prompt is what the page asked the browser for.
type prompt struct {
	Kind, Mediation, State, Attachment string
	Open                               int // prompts that stood when it began
	Hints                              []string
	Timeout                            float64
}

// prompts are those of the page shown now, and nothing that its policy refused.
func (b *bench) prompts() (list []prompt) {
	b.Helper()
	if refused := run(b.T, b.tab, chromedp.Evaluate[[]string](`window.refused`)); len(refused) > 0 {
		b.Errorf("the page's policy refused, or its script failed: %q", refused)
	}
	raw := run(b.T, b.tab, chromedp.Evaluate[string](`JSON.stringify(window.prompts)`))
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		b.Fatal(err)
	}
	return list
}

// sent waits for the next form, and expects nothing else in it than what is its own.
func (b *bench) sent(fields ...string) url.Values {
	b.Helper()
	run(b.T, b.tab, chromedp.WaitReady(chromedp.CSS("#posted")))
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.posted) != 1 {
		b.Fatalf("%d forms were sent", len(b.posted))
	}
	form := b.posted[0]
	b.posted = nil
	for _, name := range append(fields, "state") {
		if !form.Has(name) {
			b.Errorf("the form has no %s: %v", name, form)
		}
	}
	if len(form) != len(fields)+1 {
		b.Errorf("the form has %v, want %v", form, fields)
	}
	return form
}

// none expects that nothing was sent.
func (b *bench) none() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.posted) > 0 {
		b.Errorf("sent %v", b.posted)
	}
}

// registered is the passkey that was sent, which the method takes.
func (b *bench) registered() *idp.Passkey {
	b.Helper()
	form := b.sent("attestation", "name")
	c, err := b.method.Enroll(b.Context(), b.subject, b.question.Secret, answer(form))
	if err != nil {
		b.Fatalf("%#v", err)
	}
	p := c.(*idp.Passkey)
	b.subject.Credentials = append(b.subject.Credentials, p)
	return p
}

// proved expects that the method takes the answer that was sent.
func (b *bench) proved(fields ...string) {
	b.Helper()
	form := b.sent(append(fields, "assertion")...)
	if _, err := b.method.Verify(b.Context(), b.subject, b.question, answer(form)); err != nil {
		b.Fatalf("%#v", err)
	}
}

// said is what the page says of a prompt.
const said = `document.querySelector('#passkey-said').textContent`

func TestPasskeysInChromium(t *testing.T) {
	b := newBench(t)
	b.before(watch)

	// A passkey on this device.
	b.open("/add")
	b.press("#add-passkey")
	if p := b.registered(); p.Name != "Chrome on Linux" || !strings.Contains(strings.Join(p.Transports, " "), "internal") {
		t.Errorf("%+v", p)
	}

	// By the button of the first page, though the field's autofill offers it too.
	b.touched(false)
	b.open("/signin")
	b.until(`prompts.length === 1`)
	b.until(`document.activeElement.id === 'username'`)
	b.touched(true)
	b.press("#passkey")
	b.proved("username")

	// By the autofill.
	b.open("/signin")
	b.proved("username")

	// By the button of the page that asks for one, and by its key.
	b.open("/passkey")
	if list := b.prompts(); len(list) != 0 {
		t.Errorf("without a press: %+v", list)
	}
	b.press("#passkey")
	b.proved()
	b.open("/passkey")
	b.until(`document.activeElement.id === 'passkey'`)
	run(t, b.tab, chromedp.KeyEvent("\r"))
	b.proved()
}

// TestAutofillGivesWay: browsers refuse a second prompt while one stands in the autofill.
func TestAutofillGivesWay(t *testing.T) {
	b := newBench(t)
	b.before(watch)
	b.open("/add")
	b.press("#add-passkey")
	b.registered()
	b.touched(false)
	b.open("/signin")
	b.until(`prompts.length === 1`)
	b.press("#passkey")
	b.until(`prompts.length === 2`)
	list := b.prompts()
	if first := list[0]; first.Mediation != "conditional" || first.State != "AbortError" {
		t.Errorf("the autofill: %+v", first)
	}
	if second := list[1]; second.Mediation != "" || second.State != "open" || second.Open != 0 {
		t.Errorf("the button: %+v", second)
	}
	b.press("#passkey") // once more changes nothing
	if list := b.prompts(); len(list) != 2 {
		t.Errorf("pressed twice: %+v", list)
	}
	b.none()
}

// TestPasskeyCancelled: nothing is sent, the page says what happened, and everything can be
// tried again.
func TestPasskeyCancelled(t *testing.T) {
	b := newBench(t)
	b.before(watch)
	b.open("/add")
	b.press("#add-passkey")
	b.registered()

	b.recognises(false)
	b.open("/passkey")
	b.press("#passkey")
	b.until(said + `.startsWith('Nothing was sent')`)
	b.until(`document.activeElement.id === 'passkey'`)
	b.none()
	b.recognises(true)
	b.press("#passkey")
	b.proved()

	// On the first page the autofill comes back.
	b.touched(false)
	b.open("/signin")
	b.until(`prompts.length === 1`)
	b.recognises(false)
	b.touched(true)
	b.press("#passkey")
	b.until(said + `.startsWith('Nothing was sent')`)
	b.until(`prompts.length === 3 && prompts[2].mediation === 'conditional'`)
	b.none()

	b.open("/add")
	b.press("#add-passkey")
	b.until(said + ` !== ''`)
	b.none()
	b.recognises(true)
	b.open("/add") // there is one on this device already
	b.press("#add-passkey")
	b.until(said + `.startsWith('You have a passkey there already')`)
	b.none()
}

// TestKindsOfPasskey: the cards ask for different authenticators with the same options.
func TestKindsOfPasskey(t *testing.T) {
	b := newBench(t)
	b.touched(false)
	b.before(watch)
	for _, c := range []struct{ button, attachment, hint, name string }{
		{"#add-passkey", "platform", "client-device", "Chrome on Linux"},
		{"#add-phone", "cross-platform", "hybrid", "Phone or tablet"},
		{"#add-security-key", "cross-platform", "security-key", "Security key"},
	} {
		b.open("/add")
		b.press(c.button)
		b.until(`prompts.length === 1`)
		p := b.prompts()[0]
		if p.Attachment != c.attachment || len(p.Hints) != 1 || p.Hints[0] != c.hint || p.Timeout > 300_000 || p.Timeout < 200_000 {
			t.Errorf("%s: %+v", c.button, p)
		}
		if got := run(t, b.tab, chromedp.Evaluate[string](`document.querySelector('#name').value`)); got != c.name {
			t.Errorf("%s: the name is %q", c.button, got)
		}
	}
	// What the person typed stays.
	b.open("/add")
	run(t, b.tab, chromedp.Evaluate[chromedp.Void](`document.querySelector('#name').value = 'My key'`))
	b.press("#add-phone")
	b.until(`prompts.length === 1`)
	if got := run(t, b.tab, chromedp.Evaluate[string](`document.querySelector('#name').value`)); got != "My key" {
		t.Errorf("the name is %q", got)
	}
	// A page that stood too long asks for new options first.
	b.change = func(v View) View {
		add := v.(AddMethod)
		add.By = noon
		return add
	}
	b.open("/add")
	b.change = func(v View) View { return v }
	b.press("#add-passkey")
	run(t, b.tab, chromedp.WaitReady(chromedp.CSS(`form[data-by="2026-11-24T12:05:00Z"]`)))
	b.none()
}

// TestWindowCloses: the time that a one-time pass leaves is told aloud, and when it is over
// nothing stays to press but the way on.
func TestWindowCloses(t *testing.T) {
	b := newBench(t)
	b.before(watch)
	window := func(left time.Duration) {
		b.change = func(v View) View {
			add := v.(AddMethod)
			add.Window = noon.Add(left)
			return add
		}
		b.open("/add")
	}
	announced := `document.querySelector('[data-announce]').textContent`
	window(5 * time.Minute)
	b.until(announced + ` === '5 minutes left to add a sign-in method.'`)
	window(time.Minute)
	b.until(announced + ` === '1 minute left to add a sign-in method.'`)
	window(time.Second)
	run(t, b.tab, chromedp.WaitVisible(chromedp.CSS("#go-on")))
	b.until(`document.querySelector('form') === null && ` + announced + `.includes('ask your administrator for a new pass')`)
	b.prompts()
}

// TestOldBrowsers: what newer browsers do themselves is done for the others.
func TestOldBrowsers(t *testing.T) {
	b := newBench(t)
	b.before(`
		delete PublicKeyCredential.parseRequestOptionsFromJSON;
		delete PublicKeyCredential.parseCreationOptionsFromJSON;
		delete PublicKeyCredential.prototype.toJSON;
		delete PublicKeyCredential.isConditionalMediationAvailable;
		delete PublicKeyCredential.signalUnknownCredential;` + watch)
	b.open("/add")
	b.press("#add-passkey")
	b.registered()
	b.subject.Known = true // the options list credentials then
	b.open("/signin")
	b.press("#passkey")
	b.proved("username")
	if list := b.subject.Credentials; len(list) != 1 {
		t.Fatal(list)
	}
	b.open("/add") // and exclude some
	b.press("#add-passkey")
	b.until(said + `.startsWith('You have a passkey there already')`)
	b.prompts()
}

// TestUnknownPasskeyIsSignalled: the browser is told of one that was removed here.
func TestUnknownPasskeyIsSignalled(t *testing.T) {
	b := newBench(t)
	b.touched(false)
	b.before(watch + `
		window.signalled = [];
		PublicKeyCredential.signalUnknownCredential = async (what) => { signalled.push(what); };`)
	for _, path := range []string{"/signin", "/passkey"} {
		b.change = func(v View) View {
			p := Problem{ID: "passkey.unknown", Unknown: "a2V5"}
			switch v := v.(type) {
			case Signin:
				v.Problem = p
				return v
			case Passkey:
				v.Problem = p
				return v
			}
			return v
		}
		b.open(path)
		b.until(`signalled.length === 1 && signalled[0].rpId === 'localhost' && signalled[0].credentialId === 'a2V5'`)
		b.prompts()
		b.press("#passkey") // what was wrong with another try is gone
		b.until(`!document.querySelector('#problem').checkVisibility()`)
	}
}

// TestWithoutWebAuthn: a browser without it, or without scripts, shows no button that does
// nothing, and says what to do.
func TestWithoutWebAuthn(t *testing.T) {
	b := newBench(t)
	b.before(`delete window.PublicKeyCredential;` + strings.Replace(watch, "'create'", "", 1))
	visible := func(selector string) bool {
		t.Helper()
		return run(t, b.tab, chromedp.Evaluate[bool](`!!document.querySelector('`+selector+`')?.checkVisibility()`))
	}
	for path, buttons := range map[string][]string{"/signin": {"#passkey"}, "/passkey": {"#passkey"}, "/add": {"#add-passkey", "#add-phone", "#add-security-key", "#name"}} {
		b.open(path)
		if path != "/signin" {
			b.until(said + `.startsWith("This browser can't use passkeys")`)
		}
		for _, button := range buttons {
			if visible(button) {
				t.Errorf("%s shows %s", path, button)
			}
		}
	}
	run(t, b.tab, chromiumtest.Call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	for _, path := range []string{"/passkey", "/add"} {
		b.open(path)
		if visible("#passkey") || visible("#add-passkey") || visible("#name") {
			t.Errorf("%s shows buttons that need a script", path)
		}
		if path == "/add" {
			b.press("#later")
			if form := b.sent("later"); form.Get("later") != "1" {
				t.Errorf("%v", form)
			}
		}
	}
}
