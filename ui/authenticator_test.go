package ui

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	cdbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"latchkey/ui/chromiumtest"
)

const (
	lee     = "lee@contoso.example"
	leeThen = "lee@fabrikam.example"
)

// holding is a phone with the app, in somebody's hand.
type holding struct {
	*phones
	tab context.Context
	key webauthn.AuthenticatorID
}

// hold opens the app on a new phone, after what is to be run before it.
func hold(t *testing.T, before ...string) *holding {
	t.Helper()
	h := &holding{phones: newPhones(t), tab: chromiumtest.New(t)}
	run(t, h.tab, chromiumtest.Call(webauthn.Enable, webauthn.EnableParams{}))
	h.key = run(t, h.tab, chromiumtest.Call(webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	})).AuthenticatorID
	for _, script := range append(before, watch) {
		run(t, h.tab, chromiumtest.Call(cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{Source: script}))
	}
	h.open("")
	return h
}

func (h *holding) open(fragment string) {
	h.Helper()
	run(h.T, h.tab, chromedp.Navigate(h.url+authenticator+fragment))
	h.until(`document.querySelector('#screen').children.length > 0`)
}

func (h *holding) reload() {
	h.Helper()
	h.clean()
	run(h.T, h.tab, chromedp.Reload())
	h.until(`document.querySelector('#screen')?.children.length > 0`)
}

// link follows a link while the app is open.
func (h *holding) link(fragment string) {
	h.Helper()
	h.evaluate(fmt.Sprintf(`location.hash = %q`, fragment))
	h.until(`location.hash === '' && !location.href.includes('#')`)
}

func (h *holding) until(expression string) {
	h.Helper()
	if _, err := chromiumtest.Run(h.tab, chromedp.Poll[bool](expression)); err != nil {
		h.Fatalf("not %s: %v; the page says:\n%s", expression, err, run(h.T, h.tab, chromedp.Evaluate[string](`document.body.innerText`)))
	}
}

func (h *holding) evaluate(script string) {
	h.Helper()
	run(h.T, h.tab, chromedp.Evaluate[chromedp.Void](script))
}

// press presses what can be seen and pressed by that name; ids of requests end in a number.
func (h *holding) press(id string) {
	h.Helper()
	selector := fmt.Sprintf(`:is(#%s, [id^="%s-"])`, id, id)
	h.until(fmt.Sprintf(`Array.from(document.querySelectorAll('%s')).some((e) => e.checkVisibility())`, selector))
	run(h.T, h.tab, chromedp.Click(chromedp.CSS(selector)))
}

// enter types into a field in place of what is there.
func (h *holding) enter(id, typed string) {
	h.Helper()
	h.until(fmt.Sprintf(`!!document.querySelector('[id^="%s"]')?.checkVisibility()`, id))
	h.evaluate(fmt.Sprintf(`{ const f = document.querySelector('[id^="%s"]'); f.focus(); f.value = ''; }`, id))
	run(h.T, h.tab, chromedp.KeyEvent(typed))
}

// says waits until the status line begins so.
func (h *holding) says(words string) {
	h.Helper()
	h.until(fmt.Sprintf(`document.querySelector('#said').textContent.startsWith(%q)`, words))
}

// clean expects that the page's policy had nothing to refuse, and that no script failed.
func (h *holding) clean() {
	h.Helper()
	if refused := run(h.T, h.tab, chromedp.Evaluate[[]string](`window.refused`)); len(refused) > 0 {
		h.Errorf("the page's policy refused, or a script failed: %q", refused)
	}
}

// add adds an account by a link, and confirms its number.
func (h *holding) add(tenant, user string) {
	h.Helper()
	token := secret()
	h.offer(token, tenant, user)
	h.link("e=" + tenant + "." + token)
	h.press("enrol-now")
	h.until(`!!document.querySelector('#check')`)
	h.confirm()
	h.says(user + " has been added")
}

// device is the one that a user has.
func (h *holding) device(user string) (d *phone, thumbprint string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for thumbprint, d := range h.devices {
		if d.offer.user == user {
			return d, thumbprint
		}
	}
	return nil, ""
}

// becomes expects a state of a request.
func (h *holding) becomes(a *phoneAsk, state string) {
	h.Helper()
	if got := look(h.phones, func() string { return a.state }); got != state {
		h.Errorf("the request is %s, want %s", got, state)
	}
}

func TestAuthenticatorEnrolsAndApproves(t *testing.T) {
	t.Parallel()
	h := hold(t)
	h.offer("t1", "contoso.example", lee).passkey = true
	h.link("e=contoso.example.t1")
	h.until(`document.querySelector('h2').textContent === 'Add this account?' && document.activeElement.tagName === 'H2'`)
	h.enter("device-name", "Lee's phone")
	h.press("enrol-now")
	h.until(`!!document.querySelector('#check')`)
	d, thumbprint := h.device(lee)
	if d == nil || d.name != "Lee's phone" || !d.passkey || d.app != "web/1" {
		t.Fatalf("%+v", d)
	}
	if shown := run(t, h.tab, chromedp.Text(chromedp.CSS("#check"))); shown != sasOf(d.offer.nonce, thumbprint) {
		t.Errorf("the phone shows %s, want %s", shown, sasOf(d.offer.nonce, thumbprint))
	}
	h.confirm()
	h.says(lee + " has been added")

	a := h.ask(lee, "type", "47")
	h.says("A sign-in waits for you")
	h.until(`document.activeElement.textContent === 'Is it you who signs in?'`)
	for _, part := range []string{"Org contoso.example", lee, "Payroll", "https://payroll.example", "198.51.100.7", "Firefox on Windows", "haven't signed in with that browser", "same network"} {
		h.until(fmt.Sprintf(`document.querySelector('.request').innerText.includes(%q)`, part))
	}
	h.until(`(([a, b]) => a.offsetWidth === b.offsetWidth && a.offsetHeight === b.offsetHeight)(document.querySelectorAll('.decide button'))`)
	h.enter("number", "4")
	h.press("approve")
	h.until(`document.querySelector('.request .problem').textContent === 'Enter the whole number that the sign-in screen shows.'`)
	h.enter("number", "12")
	h.press("approve")
	h.until(`document.querySelector('.request .problem').textContent === "That number doesn't match. Look at the sign-in screen and try again. 2 tries left."`)
	h.until(`document.activeElement === document.querySelector('.request input') && document.activeElement.hasAttribute('aria-invalid')`)
	h.enter("number", "\u0664 7") // as another script writes it, and with a space
	run(t, h.tab, chromedp.KeyEvent("\r"))
	h.says("Approved. Go back")
	h.becomes(a, "approved")
	h.until(`document.activeElement.id === 'said' && !document.querySelector('.request')`)
	h.clean()
}

// TestAuthenticatorKey: the key outlives the page, and nobody can read it.
func TestAuthenticatorKey(t *testing.T) {
	t.Parallel()
	h := hold(t)
	h.add("contoso.example", lee)
	h.reload()
	h.until(`document.querySelector('#accounts').innerText.includes('Ready')`)
	exported := `(async () => {
		const db = await new Promise((done) => { const r = indexedDB.open('latchkey-authenticator'); r.onsuccess = () => done(r.result); });
		const [account] = await new Promise((done) => { const r = db.transaction('accounts').objectStore('accounts').getAll(); r.onsuccess = () => done(r.result); });
		try { await crypto.subtle.exportKey('jwk', account.privateKey); return 'exported'; } catch (e) { return e.name + ' ' + account.privateKey.extractable; }
	})()`
	if got := run(t, h.tab, chromedp.Evaluate[string](exported, chromedp.EvalAwaitPromise)); got != "InvalidAccessError false" {
		t.Errorf("the key: %s", got)
	}
	a := h.ask(lee, "type", "47")
	h.enter("number", "47")
	h.press("approve")
	h.says("Approved")
	h.becomes(a, "approved")

	// A new key takes its place, and answers.
	_, old := h.device(lee)
	h.press("account")
	h.press("renew")
	h.says("The account has a new key")
	if d, thumbprint := h.device(lee); thumbprint == old || d.former != old {
		t.Errorf("the key is %s as before", thumbprint)
	}
	h.reload()
	b := h.ask(lee, "type", "12")
	h.enter("number", "12")
	h.press("approve")
	h.says("Approved")
	h.becomes(b, "approved")
	h.clean()
}

func TestAuthenticatorDenies(t *testing.T) {
	t.Parallel()
	h := hold(t)
	h.add("contoso.example", lee)
	for _, c := range []struct{ button, reason, said string }{
		{"not-me", "not_me", "You refused this request. If that wasn't you, no one has got in."},
		{"changed-mind", "cancelled", "You refused this request."},
	} {
		a := h.ask(lee, "type", "47")
		h.press("deny")
		h.until(`document.activeElement.id.startsWith('not-me')`)
		h.press("not-yet")
		h.press("deny")
		h.press(c.button)
		h.says(c.said)
		h.becomes(a, "denied")
		if got := look(h.phones, func() string { return a.reason }); got != c.reason {
			t.Errorf("the reason is %q, want %q", got, c.reason)
		}
	}
	h.clean()
}

// TestAuthenticatorEnds: whatever ends a request is said, and its card goes.
func TestAuthenticatorEnds(t *testing.T) {
	t.Parallel()
	h := hold(t)
	h.add("contoso.example", lee)
	a := h.ask(lee, "type", "47")
	h.enter("number", "11")
	h.press("approve")
	h.until(`document.querySelector('.request .problem').textContent.endsWith('2 tries left.')`)
	h.enter("number", "12")
	h.press("approve")
	h.until(`document.querySelector('.request .problem').textContent.endsWith('1 try left.')`)
	h.enter("number", "13")
	h.press("approve")
	h.says("That was wrong too often")
	h.becomes(a, "locked")

	for state, said := range map[string]string{"consumed": "Approved", "expired": "This request took too long", "superseded": "This request ended"} {
		a = h.ask(lee, "type", "47")
		h.enter("number", "47")
		look(h.phones, func() string { a.state = state; return "" })
		h.press("approve")
		h.says(said)
	}

	// Somebody else answers.
	a = h.ask(lee, "type", "47")
	h.until(`!!document.querySelector('.request')`)
	look(h.phones, func() string { a.state = "approved"; return "" })
	h.says("This request ended")
	h.until(`!document.querySelector('.request')`)

	// The phone does not recognise its owner: nothing is sent, and it can be tried again.
	a = h.ask(lee, "type", "47")
	h.recognises(false)
	h.enter("number", "47")
	h.press("approve")
	h.until(`document.querySelector('.request .problem').textContent.startsWith('Nothing was sent')`)
	h.becomes(a, "pending")
	h.recognises(true)
	h.enter("number", "47")
	h.press("approve")
	h.says("Approved")

	// A challenge that the tenant has not signed is not shown; the next one is.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h.forge = key
	forged := h.ask(lee, "type", "47")
	h.forge = nil
	h.ask(lee, "type", "48")
	h.until(`document.querySelectorAll('.request').length === 1`)
	h.becomes(forged, "pending")
	h.clean()
}

func (h *holding) recognises(yes bool) {
	h.Helper()
	run(h.T, h.tab, chromiumtest.Call(webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: h.key, IsUserVerified: yes}))
}

func TestAuthenticatorModes(t *testing.T) {
	t.Parallel()
	h := hold(t)
	h.add("contoso.example", lee)
	a := h.ask(lee, "pick", "41")
	h.until(`Array.from(document.querySelectorAll('.picks button'), (b) => b.textContent).join() === '07,41,93'`)
	h.until(`!document.querySelector('[id^="approve"]').checkVisibility()`)
	h.evaluate(`document.querySelectorAll('.picks button')[1].click()`)
	h.says("Approved")
	h.becomes(a, "approved")

	a = h.ask(lee, "pick", "41")
	h.until(`document.querySelectorAll('.picks button').length === 3`)
	h.evaluate(`document.querySelectorAll('.picks button')[0].click()`)
	h.says("That was wrong too often")
	h.becomes(a, "locked")

	// The phone's own camera reads the code, before the app is open or while it is.
	a = h.ask(lee, "scan", "s3cret")
	h.until(`document.querySelector('.request')?.innerText.includes('Scan the code')`)
	h.link("s=s3cret")
	h.until(`document.querySelector('.request').innerText.includes('The code has been read.')`)
	h.press("approve")
	h.says("Approved")
	h.becomes(a, "approved")

	a = h.ask(lee, "scan", "s3cret")
	h.until(`!!document.querySelector('.request')`)
	h.link("s=another")
	h.press("approve")
	h.until(`document.querySelector('.request .problem').textContent.endsWith('2 tries left.')`)
	h.until(`document.querySelector('.request').innerText.includes('Scan the code')`)
	run(t, h.tab, chromedp.Navigate(h.url+"/assets/none"))
	h.open("#s=s3cret")
	h.press("approve")
	h.says("Approved")
	h.becomes(a, "approved")
	h.clean()
}

func TestAuthenticatorAccounts(t *testing.T) {
	t.Parallel()
	h := hold(t)
	h.add("contoso.example", lee)
	h.add("fabrikam.example", leeThen)
	a, b := h.ask(lee, "type", "47"), h.ask(leeThen, "type", "12")
	h.until(`document.querySelectorAll('.request').length === 2`)
	answer := func(tenant, number string) {
		t.Helper()
		h.evaluate(fmt.Sprintf(`for (const card of document.querySelectorAll('.request')) if (card.innerText.includes('Org %s')) {
			card.querySelector('input').value = '%s';
			card.querySelector('form').requestSubmit();
		}`, tenant, number))
		h.says("Approved")
	}
	answer("fabrikam.example", "12")
	h.becomes(a, "pending")
	h.becomes(b, "approved")
	answer("contoso.example", "47")
	h.becomes(a, "approved")

	// One is removed after a question, the other stays.
	h.until(`document.querySelectorAll('#accounts li').length === 2`)
	h.evaluate(`Array.from(document.querySelectorAll('#accounts button')).find((b) => b.innerText.includes('fabrikam')).click()`)
	h.press("remove")
	h.press("remove-back")
	h.evaluate(`Array.from(document.querySelectorAll('#accounts button')).find((b) => b.innerText.includes('fabrikam')).click()`)
	h.press("remove")
	h.press("remove-now")
	h.says("The account has been removed.")
	if d, _ := h.device(leeThen); d != nil {
		t.Error("the server still has the device")
	}
	h.reload()
	h.until(`document.querySelectorAll('#accounts li').length === 1`)

	// One that the server does not know any more can be removed here.
	_, thumbprint := h.device(lee)
	look(h.phones, func() string { delete(h.devices, thumbprint); return "" })
	h.waker.Wake(thumbprint)
	h.until(`document.querySelector('#accounts').innerText.includes('Not accepted any more')`)
	h.press("account")
	h.press("remove")
	h.press("remove-now")
	h.says("The account has been removed from this device.")
	h.until(`document.querySelector('#none').checkVisibility()`)
	h.clean()
}

// TestAuthenticatorTyped: a code is typed however one likes, and what is wrong is said.
func TestAuthenticatorTyped(t *testing.T) {
	t.Parallel()
	h := hold(t)
	h.offer("ABCDE-FGHJK", "contoso.example", lee).invited = true
	h.press("add")
	h.press("add-type")
	for _, c := range []struct{ user, code, said string }{
		{"lee", "x", "Enter your whole user name"},
		{"lee@nowhere.example", "ABCDE-FGHJK", "No organization has that name"},
		{lee, "ABCDE-FGHJL", "That wasn't accepted"},
	} {
		h.enter("typed-user", c.user)
		h.enter("typed-code", c.code)
		h.press("typed-next")
		h.says(c.said)
	}
	h.enter("typed-user", " "+lee)
	h.enter("typed-code", "abcde fghjk")
	h.press("typed-next")
	h.until(`document.querySelector('#passkey')?.checkVisibility() === false`)
	h.press("enrol-now")
	h.says(lee + " has been added")

	// Who has a pass goes to sign in with it.
	h.press("add")
	h.press("add-pass")
	h.enter("pass-user", lee)
	h.press("pass-next")
	run(t, h.tab, chromedp.WaitReady(chromedp.CSS("#arrived")))
	const want = "/contoso.example/security-info/authenticators/new?here=1&login_hint=lee%40contoso.example"
	if at := run(t, h.tab, chromedp.Evaluate[string](`location.pathname + location.search`)); at != want {
		t.Errorf("the app leads to %s", at)
	}

	// From there a link leads back, and the number is confirmed on the page of the invitation.
	h.offer("t1", "contoso.example", lee)
	h.open("#e=contoso.example.t1")
	h.press("enrol-now")
	h.press("check-here")
	run(t, h.tab, chromedp.WaitReady(chromedp.CSS("#arrived")))
	if at := run(t, h.tab, chromedp.Evaluate[string](`location.pathname`)); at != "/contoso.example/security-info/authenticators/invited/e-t1" {
		t.Errorf("the app leads to %s", at)
	}
	h.confirm()
	h.open("")
	h.says(lee + " has been added")
}

// TestAuthenticatorNotConfirmed: nobody confirms the number, or the numbers differ.
func TestAuthenticatorNotConfirmed(t *testing.T) {
	t.Parallel()
	h := hold(t)
	h.offer("t1", "contoso.example", lee)
	h.link("e=contoso.example.t1")
	h.press("enrol-now")
	h.press("check-remove")
	h.says("The account has been removed.")
	if d, _ := h.device(lee); d != nil {
		t.Error("the server still has the device")
	}
	h.offer("t2", "contoso.example", lee)
	h.link("e=contoso.example.t2")
	h.press("enrol-now")
	h.until(`!!document.querySelector('#check')`)
	_, thumbprint := h.device(lee)
	look(h.phones, func() string { delete(h.devices, thumbprint); return "" })
	h.says("The number wasn't confirmed in time.")

	h.offer("t3", "contoso.example", lee).swapped = true
	h.link("e=contoso.example.t3")
	h.press("enrol-now")
	h.says("The server has the key of another device than this one.")
	h.clean()
}

// camera sees what window.seen holds, a picture or nothing.
const camera = `
	window.streams = [];
	navigator.mediaDevices.getUserMedia = async () => {
		const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 300 });
		const context = canvas.getContext('2d');
		const draw = () => {
			context.fillStyle = '#ffffff';
			context.fillRect(0, 0, canvas.width, canvas.height);
			if (window.seen) context.drawImage(window.seen, 60, 20, 260, 260);
			requestAnimationFrame(draw);
		};
		draw();
		window.streams.push(canvas.captureStream());
		return window.streams.at(-1);
	};`

// see holds up a code to the camera.
func (h *holding) see(text string) {
	h.Helper()
	h.evaluate(fmt.Sprintf(`fetch('/x/qr.png?text=' + encodeURIComponent(%q)).then((r) => r.blob()).then(createImageBitmap).then((b) => { window.seen = b; })`, text))
}

func TestAuthenticatorScans(t *testing.T) {
	t.Parallel()
	h := hold(t, camera)
	h.offer("t1", "contoso.example", lee).invited = true
	h.press("add")
	h.press("add-scan")
	h.see("https://elsewhere.example/authenticator#e=contoso.example.t1")
	h.says("That code isn't from here.")
	h.see(h.url + authenticator + "#e=contoso.example.t1")
	h.press("enrol-now")
	h.says(lee + " has been added")
	h.until(`window.streams.every((s) => s.getTracks().every((track) => track.readyState === 'ended'))`)

	// Who scans to answer adds no account by the way.
	a := h.ask(lee, "scan", "s3cret")
	h.press("scan-number")
	h.says("That code isn't from here.")
	h.see(h.url + authenticator + "#s=s3cret")
	h.press("approve")
	h.says("Approved")
	h.becomes(a, "approved")

	// Whoever leaves turns the camera off.
	h.evaluate(`window.seen = null`)
	h.press("add")
	h.press("add-scan")
	h.until(`window.streams.length === 3 && document.querySelector('video').videoWidth > 0`)
	run(t, h.tab, chromedp.NavigateBack())
	h.until(`!document.querySelector('video') && window.streams.every((s) => s.getTracks().every((track) => track.readyState === 'ended'))`)
	h.evaluate(`navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); }`)
	h.press("add")
	h.press("add-scan")
	h.says("The camera can't be used.")
	h.clean()
}

// TestAuthenticatorHidden: the app asks while it is looked at, and no longer.
func TestAuthenticatorHidden(t *testing.T) {
	t.Parallel()
	h := hold(t, `Object.defineProperty(document, 'visibilityState', { get: () => window.away ? 'hidden' : 'visible' });`)
	h.add("contoso.example", lee)
	h.evaluate(`window.away = true; document.dispatchEvent(new Event('visibilitychange'))`)
	a := h.ask(lee, "type", "47")
	h.until(`!document.querySelector('.request')`)
	h.evaluate(`window.away = false; document.dispatchEvent(new Event('visibilitychange'))`)
	h.enter("number", "47")
	h.press("approve")
	h.says("Approved")
	h.becomes(a, "approved")
	h.clean()
}

// pushable is a browser with a push service: headless ones have none.
const pushable = `
	window.subscribed = null;
	PushManager.prototype.getSubscription = async () => window.subscribed;
	PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
		window.subscribed = {
			endpoint: 'https://push.example/1', options: { applicationServerKey },
			unsubscribe: async () => { window.subscribed = null; return true; },
			toJSON: () => ({ endpoint: 'https://push.example/1', expirationTime: null, keys: { p256dh: 'BPub', auth: 'c2VjcmV0' } }),
		};
		return window.subscribed;
	};`

func (h *holding) mayNotify() {
	h.Helper()
	run(h.T, h.tab, chromiumtest.Call(cdbrowser.SetPermission, cdbrowser.SetPermissionParams{
		Origin: h.url, Permission: &cdbrowser.PermissionDescriptor{Name: "notifications"}, Setting: cdbrowser.PermissionSettingGranted,
	}))
}

func TestAuthenticatorIsWoken(t *testing.T) {
	t.Parallel()
	h := hold(t, pushable)
	h.mayNotify()
	h.add("contoso.example", lee)
	h.press("push-on")
	h.says("Notifications are on")
	if d, _ := h.device(lee); look(h.phones, func() string { return d.endpoint }) != "https://push.example/1" {
		t.Errorf("the server knows of %q", d.endpoint)
	}

	// The server is busy, so the app rests for an hour; a push makes it ask at once, even one that
	// comes while the server is still about to say so.
	h.until(`navigator.serviceWorker.controller !== null`)
	push, err := chromiumtest.Push(h.tab, h.url+authenticator, `{"v":1}`)
	if err != nil {
		t.Fatal(err)
	}
	h.evaluate(`window.told = 0; navigator.serviceWorker.addEventListener('message', () => { window.told += 1; })`)
	for n, early := range []bool{true, false} {
		asked, answer := make(chan struct{}), make(chan struct{})
		h.breaks(func() int {
			asked <- struct{}{}
			<-answer
			return http.StatusServiceUnavailable
		})
		h.ask(lee, "type", "47") // ends the request that is held
		<-asked
		h.breaks(nil)
		h.ask(lee, "type", "48")
		if !early {
			close(answer)
		}
		run(t, h.tab, push)
		h.until(fmt.Sprintf(`window.told === %d`, n+1))
		if early {
			close(answer)
		}
		h.until(fmt.Sprintf(`document.querySelectorAll('.request').length === %d`, 2*(n+1)))
	}

	h.press("push-off")
	h.says("Notifications are off")
	if d, _ := h.device(lee); look(h.phones, func() string { return d.endpoint }) != "" {
		t.Errorf("the server still knows of %q", d.endpoint)
	}
	h.clean()

	// With the app closed there is a notification, which says nothing of whose or where.
	run(t, h.tab, chromedp.Navigate(h.url+"/assets/none"))
	shown, err := chromiumtest.Notified(h.tab, h.url+authenticator, push)
	want := chromiumtest.Notification{Title: "A sign-in waits for you", Body: "Open the authenticator to see it.", Tag: "sign-in"}
	if err != nil || len(shown) != 1 || shown[0] != want {
		t.Errorf("%+v, %v", shown, err)
	}
}

// TestAuthenticatorCannotBeWoken: where no push service answers, or the person says no, all else
// goes on.
func TestAuthenticatorCannotBeWoken(t *testing.T) {
	t.Parallel()
	h := hold(t, `PushManager.prototype.subscribe = () => new Promise(() => {});`)
	h.add("contoso.example", lee)
	h.evaluate(`Notification.requestPermission = async () => 'denied'`)
	h.press("push-on")
	h.says("Notifications are blocked")
	h.evaluate(`Notification.requestPermission = async () => 'granted'`)
	h.press("push-on")
	h.says("Your browser is being asked")
	a := h.ask(lee, "type", "47")
	h.enter("number", "47")
	h.press("approve")
	h.says("Approved")
	h.becomes(a, "approved")
	h.says("This browser can't be notified now")
	h.clean()
}

func TestAuthenticatorIsInstallable(t *testing.T) {
	t.Parallel()
	h := hold(t)
	m := run(t, h.tab, chromiumtest.Call(cdpage.GetAppManifest, cdpage.GetAppManifestParams{}))
	if !strings.HasSuffix(m.URL, authenticator+"/manifest.webmanifest") || len(m.Errors) > 0 {
		t.Errorf("%s: %+v", m.URL, m.Errors)
	}
	if found := run(t, h.tab, chromiumtest.Call(cdpage.GetInstallabilityErrors, struct{}{})); len(found.InstallabilityErrors) > 0 {
		for _, e := range found.InstallabilityErrors {
			t.Errorf("%+v", e)
		}
	}
	h.until(`navigator.serviceWorker.controller?.scriptURL.endsWith('/authenticator/sw.js')`)
	h.clean()
}

// TestAuthenticatorOnIOS: there, the browser and the Home Screen keep their accounts apart.
func TestAuthenticatorOnIOS(t *testing.T) {
	t.Parallel()
	h := hold(t)
	h.until(`!document.querySelector('#ios').checkVisibility()`)
	run(t, h.tab, chromiumtest.Call(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	}))
	h.reload()
	h.until(`document.querySelector('#ios').innerText.startsWith('Add this page to your Home Screen first')`)
	h.link("s=s3cret")
	h.says("No account is in this browser.")
}

// TestAuthenticatorAccessible has axe look at the app in its states, light and dark.
func TestAuthenticatorAccessible(t *testing.T) {
	t.Parallel()
	h := hold(t)
	run(t, h.tab, chromiumtest.Call(cdpage.SetBypassCSP, cdpage.SetBypassCSPParams{Enabled: true}))
	h.reload()
	look := func(state string) {
		t.Helper()
		if found := chromiumtest.Axe(t, h.tab, "e2e"); found != "" {
			t.Errorf("%s, %s", state, found)
		}
	}
	look("empty")
	h.press("add")
	look("add")
	h.press("add-type")
	look("type")
	h.press("type-back")
	h.offer("t1", "contoso.example", lee).passkey = true
	h.link("e=contoso.example.t1")
	h.until(`!!document.querySelector('#enrol-now')`)
	look("enrol")
	h.press("enrol-now")
	h.until(`!!document.querySelector('#check')`)
	look("check")
	h.confirm()
	h.says(lee + " has been added")
	look("list")
	for _, mode := range []string{"type", "pick", "scan"} {
		h.ask(lee, mode, "41")
	}
	h.until(`document.querySelectorAll('.request').length === 3`)
	look("requests")
	h.enter("number", "12")
	h.press("approve")
	h.until(`!document.querySelector('.request .problem').hidden`)
	look("wrong")
	h.press("deny")
	look("denying")
	h.press("not-me")
	h.says("You refused this request")
	look("denied")
	h.press("account")
	look("account")
	h.press("remove")
	look("remove")
}

// TestAuthenticatorParts are the answers that make the page an app.
func TestAuthenticatorParts(t *testing.T) {
	t.Parallel()
	v := visit(t)
	page := v.ask(authenticator, nil)
	v.want(page, http.StatusOK, `data-page="authenticator"`, `href="/authenticator/manifest.webmanifest"`)
	if csp := page.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "trusted-types latchkey-app") || !strings.Contains(csp, "connect-src 'self';") {
		t.Errorf("the policy: %s", csp)
	}
	if p := page.Header().Get("Permissions-Policy"); !strings.HasPrefix(p, "camera=(self),") {
		t.Errorf("Permissions-Policy: %s", p)
	}
	if p := v.ask("/", nil).Header().Get("Permissions-Policy"); !strings.HasPrefix(p, "camera=(),") {
		t.Errorf("elsewhere: %s", p)
	}
	german := httptest.NewRequest(http.MethodGet, authenticator+"/sw.js", nil)
	german.Header.Set("Accept-Language", "de")
	worker := httptest.NewRecorder()
	v.handler.ServeHTTP(worker, german)
	v.want(worker, http.StatusOK, "const texts = {", "⟦authenticator.notification.title⟧")
	for name, want := range map[string]string{
		"Service-Worker-Allowed": authenticator, "Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-cache",
		"X-Content-Type-Options": "nosniff", "Vary": "Accept-Language",
	} {
		if got := worker.Header().Get(name); got != want {
			t.Errorf("the worker's %s is %q, want %q", name, got, want)
		}
	}
	app := v.ask(authenticator+"/manifest.webmanifest", nil)
	var m manifest
	if err := json.Unmarshal(app.Body.Bytes(), &m); err != nil || m.Scope != authenticator || m.Display != "standalone" || app.Header().Get("Content-Type") != "application/manifest+json" {
		t.Errorf("%+v, %v", m, err)
	}
	for _, i := range m.Icons {
		if w := v.ask(i.Source, nil); w.Code != http.StatusOK || w.Header().Get("Content-Type") != i.Type {
			t.Errorf("%s: %d %s", i.Source, w.Code, w.Header().Get("Content-Type"))
		}
	}
	if w := v.ask(authenticator, map[string][]string{}); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("a form is answered with %d", w.Code)
	}
}
