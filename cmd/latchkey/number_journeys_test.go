package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"latchkey/idp"
	"latchkey/storage"
	"latchkey/ui/chromiumtest"
)

// numberRestart: the keys of a phone are there after its browser was ended and started again.
func numberRestart(t *testing.T, m *matching) {
	o, profile := m.org(t), t.TempDir()
	ctx, stop := chromiumtest.Start(t, profile)
	before := newPhone(tabOf(t, ctx))
	o.enrols(before)
	verifiers := before.keys.passkeys()
	before.end()
	stop()

	ctx, _ = chromiumtest.Start(t, profile)
	o.phone = newPhone(tabOf(t, ctx))
	for _, c := range verifiers { // those of a real device stay by themselves
		o.phone.keys.holds(c)
	}
	o.phone.open(m.app())
	o.phone.wantText(o.name())
	o.signedIn()
}

// numberOtherTenant: an organization hears only its own devices, of a phone that has several.
func numberOtherTenant(t *testing.T, m *matching) {
	o, other := m.orgWithPhone(t), m.org(t)
	other.enrols(o.phone)
	o.phone.holds()
	b := o.desk()
	o.phone.approves(o.asks(b))
	h := o.phone.sent()
	id := h.answer().transaction(t)
	foreign := o.phone.forges(forgeryOf{By: other.name(), JWS: h.answer().Response, Claims: map[string]any{"jti": idp.NewID()}, Verify: true})
	if got := o.send(foreign); got != notAccepted {
		t.Errorf("the other organization's device is told %+v", got)
	}
	if got := other.sendRaw(h.body); got != notAccepted {
		t.Errorf("the other organization says %+v", got)
	}
	o.wantState(id, idp.RequestPending, 0)
	h.goes()
	o.phone.wantSaid("Approved.")
	b.want("security-info")
}

// inTheMiddle is a page in the middle, at an address of its own: it shows the real pages, and keeps
// the cookies for itself.
func inTheMiddle(t *testing.T, base string) (address string, stolen *jar) {
	t.Helper()
	stolen = &jar{hosts: map[string]map[string]string{}}
	real := must(url.Parse(base))
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(real)
			r.Out.Header.Del("Cookie")
			r.Out.Header.Del("Accept-Encoding")
			r.Out.Header.Del("Referer")
			if r.Out.Header.Get("Origin") != "" {
				r.Out.Header.Set("Origin", base)
			}
			for _, c := range stolen.Cookies(real) {
				r.Out.AddCookie(c)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			stolen.SetCookies(real, r.Cookies())
			r.Header.Del("Set-Cookie")
			r.Header.Set("Location", strings.ReplaceAll(r.Header.Get("Location"), base, ""))
			if r.Header.Get("Location") == "" {
				r.Header.Del("Location")
			}
			if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			body = bytes.ReplaceAll(body, []byte(base), nil)
			r.Body = io.NopCloser(bytes.NewReader(body))
			r.Header.Set("Content-Length", fmt.Sprint(len(body)))
			return err
		},
	}
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	return s.URL, stolen
}

// numberRelay: as documented, a number does not resist phishing. Whoever is shown the real page
// by somebody in the middle signs that somebody in; and tokens say that this is possible.
func numberRelay(t *testing.T, m *matching) {
	p := newParty(t, m.report(), "web")
	o := &org{T: t, matching: m, tenant: m.world[0].tenant}
	o.user = must(m.server.Admin.CreateUser(t.Context(), demoActor, o.tenant.TenantID, idp.User{PrincipalName: "relayed@contoso.example", DisplayName: "Lee Gu", Type: idp.Member}))
	o.phone = newPhone(tabIn(t, m.phones))
	o.enrols(o.phone)
	evil, stolen := inTheMiddle(t, m.server.Config.BaseURL)
	victim := o.desk()
	victim.open(strings.Replace(o.info(), m.server.Config.BaseURL, evil, 1))
	victim.want("signin")
	victim.fill("username", o.name())
	victim.submit()
	victim.want("number-send")
	victim.press("#send")
	victim.wantElement("#number")
	o.phone.approves(victim.text("#number"))
	o.phone.wantSaid("Approved.")
	victim.want("security-info")

	attacker := newPerson(t, p.oauth.RedirectURL)
	attacker.client.Jar = stolen
	verifier := oauth2.GenerateVerifier()
	attacker.Open(p.oauth.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier), oidc.Nonce("n")))
	if attacker.Page() == "consent" {
		attacker.Press("decision", "allow")
	}
	token, err := p.oauth.Exchange(p.ctx, attacker.Landed().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Subject string   `json:"sub"`
		ACR     string   `json:"acr"`
		AMR     []string `json:"amr"`
	}
	if err := p.verify(token).Claims(&claims); err != nil {
		t.Fatal(err)
	}
	if claims.Subject != o.user.UserID || claims.ACR != "urn:latchkey:acr:mfa" {
		t.Errorf("the attacker is %+v", claims)
	}
	for _, never := range []string{"phr", "phrh", "hwk"} {
		if slices.Contains(claims.AMR, never) {
			t.Errorf("amr %v claims %s", claims.AMR, never)
		}
	}
}

// sees shows a picture to the cameras of the phones, as one that is filmed.
func (m *matching) sees(t *testing.T, picture []byte) {
	t.Helper()
	const width, height = 640, 480
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	frame := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for i := range frame.Cb {
		frame.Cb[i], frame.Cr[i] = 128, 128
	}
	b := img.Bounds()
	const margin = 40
	side := height - 2*margin
	for y := range height {
		for x := range width {
			light := uint8(235)
			if u, v := x-(width-side)/2, y-margin; u >= 0 && u < side && v >= 0 && v < side {
				light = color.GrayModel.Convert(img.At(b.Min.X+u*b.Dx()/side, b.Min.Y+v*b.Dy()/side)).(color.Gray).Y
			}
			frame.Y[frame.YOffset(x, y)] = light
		}
	}
	film := fmt.Appendf(nil, "YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n", width, height)
	for range 2 {
		film = append(film, "FRAME\n"...)
		film = append(append(append(film, frame.Y...), frame.Cb...), frame.Cr...)
	}
	if err := os.WriteFile(m.camera, film, 0o600); err != nil {
		t.Fatal(err)
	}
}

// numberScan: the page shows a code in place of the number, which the app scans; or the phone's
// own camera does, which opens the app by a link.
func numberScan(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b := o.desk()
	o.identifies(b)
	b.press("#send-scan")
	b.wantElement("svg.qr")
	b.shoot("number-scan")
	m.sees(t, evaluate(b, chromedp.Screenshot(chromedp.CSS("svg.qr"))))
	o.phone.wantRequest()
	o.phone.press("[id^=scan-number]")
	o.phone.wantText("The code has been read.")
	o.phone.shoot("app-read")
	o.phone.press(approveButton)
	o.phone.wantSaid("Approved.")
	b.want("security-info")

	b = o.desk()
	o.identifies(b)
	comes := o.phone.another()
	b.press("#send-scan")
	b.wantElement("svg.qr")
	comes()
	o.phone.open(m.app() + "#s=" + o.pending().Secret(m.server.Keys, o.tenant.TenantID))
	o.phone.wantText("The code has been read.")
	if at := o.phone.address(); strings.Contains(at, "#") {
		t.Errorf("the secret stays in %s", at)
	}
	o.phone.press(approveButton)
	b.want("security-info")
}

// numberFromApp: who has a pass adds the phone in their hand, with nothing else at hand.
func numberFromApp(t *testing.T, m *matching) {
	o := m.org(t)
	u := o.pass()
	o.phone = newPhone(tabIn(t, m.phones))
	o.phone.withoutAutofill()
	o.phone.open(m.app())
	o.phone.wantElement("#add")
	o.phone.shoot("app-empty")
	o.phone.press("#add")
	o.phone.wantElement("#add-pass")
	o.phone.shoot("app-add")
	o.phone.press("#add-pass")
	o.phone.fill("user", o.name())
	o.phone.press("#pass-next")
	o.phone.want("pass")
	o.phone.fill("code", u.TemporaryAccessPass)
	o.phone.submit()
	o.phone.want("add-device-here")
	o.phone.press("#add-device")
	o.phone.wantText(o.name())
	o.phone.withoutPasskey()
	o.phone.press("#enrol-now")
	o.phone.wantElement("#check")
	check := o.phone.text("#check")
	o.phone.shoot("app-check-here")
	o.phone.press("#check-here")
	o.phone.want("add-device")
	if got := o.phone.text("#check"); got != check {
		t.Errorf("the app shows %q, the page %q", check, got)
	}
	o.phone.press("#confirm-same")
	o.phone.want("authenticator")
	o.phone.wantText("Ready")
	o.phone.shoot("app-added")
	o.insteadOfPass()
}

// withoutPasskey adds a device that becomes no passkey.
func (p *appPhone) withoutPasskey() {
	p.t.Helper()
	p.wantElement("#enrol-now")
	p.press("#passkey")
}

// numberFromInfo: the phone and the screen where the adding began show the same, and the person
// says so there. Nothing is added where they differ.
func numberFromInfo(t *testing.T, m *matching) {
	o := m.org(t)
	b := o.desk()
	b.open(o.info())
	b.signIn(o.pass())
	b.later()
	b.want("security-info")
	o.phone = newPhone(tabIn(t, m.phones))
	for _, same := range []bool{false, true} {
		b.press("#add-authenticator")
		b.want("add-device")
		o.phone.open(m.app())
		o.phone.press("#add")
		o.phone.press("#add-type")
		o.phone.fill("user", o.name())
		o.phone.fill("code", b.text("#code"))
		o.phone.shoot("app-type")
		o.phone.press("#typed-next")
		o.phone.withoutPasskey()
		o.phone.press("#enrol-now")
		o.phone.wantElement("#check")
		o.phone.shoot("app-check")
		b.wantElement("#check")
		b.shoot("compare")
		if here, there := b.text("#check"), o.phone.text("#check"); here != there || len(here) != 4 {
			t.Errorf("%q here, %q on the phone", here, there)
		}
		if !same {
			b.press("#confirm-other")
			b.want("error")
			b.wantText("The numbers differed")
			o.phone.wantSaid("The number wasn't confirmed in time.")
			o.phone.press("[id^=account]")
			o.phone.press("#remove")
			o.phone.press("#remove-now")
			o.phone.wantSaid("The account has been removed")
			b.open(o.info())
			b.want("security-info")
			continue
		}
		b.press("#confirm-same")
		b.want("security-info")
		o.phone.wantSaid("has been added.")
	}
	o.insteadOfPass()
}

// insteadOfPass signs in by the phone at a desktop, where the person is asked for something else
// first.
func (o *org) insteadOfPass() {
	o.Helper()
	b := o.desk()
	b.open(o.info())
	b.want("signin")
	b.fill("username", o.name())
	b.submit()
	b.press("#other-ways")
	b.press("#method-authenticator")
	b.want("number-send")
	b.press("#send")
	b.want("number")
	o.phone.approves(b.text("#number"))
	b.want("security-info")
}

// numberStepUp: who signed in long ago shows by a number that it is still they.
func numberStepUp(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b := o.signedIn()
	err := o.server.Store.Update(t.Context(), o.tenant.TenantID, func(tx *storage.Tx) error {
		all, _, err := storage.All[idp.Session](tx, storage.Page{})
		if err != nil {
			return err
		}
		for _, s := range all {
			for i := range s.Proofs {
				s.Proofs[i].At = s.Proofs[i].At.Add(-time.Hour)
			}
			if err := tx.Put(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.press("#add-authenticator")
	b.want("number-send")
	b.wantElement("#step-up")
	b.press("#send")
	b.want("number")
	o.phone.wantRequest()
	o.phone.wantText("Somebody who is signed in is asked to show again that it's you.")
	if r := o.pending(); r.Purpose != idp.PurposeStepUp || !r.Known {
		t.Errorf("%+v", r)
	}
	o.phone.approves(b.text("#number"))
	b.want("add-device-here")
	b.shoot("add-device-again")
}

// numberPasskeyToo: with one prompt the phone becomes a device and a passkey.
func numberPasskeyToo(t *testing.T, m *matching) {
	o := m.org(t)
	b := o.desk()
	b.open(o.info())
	b.signIn(o.pass())
	b.later()
	b.press("#add-authenticator")
	b.want("add-device")
	o.phone = newPhone(tabIn(t, m.phones))
	o.phone.withoutAutofill()
	// Scanned by the phone's own camera, the code is a link.
	o.phone.open(evaluate(b, chromedp.Evaluate[string](`document.querySelector("#add-here").href`)))
	o.phone.wantElement("#passkey:checked")
	o.phone.press("#enrol-now")
	b.wantText("It becomes a passkey of yours too.")
	b.press("#confirm-same")
	b.want("security-info")
	b.wantElement(`li[data-method=passkey]`)
	b.wantElement(`li[data-method=authenticator]`)
	b.shoot("security-info-both")
	if held := o.phone.keys.passkeys(); len(held) != 1 || !held[0].IsResidentCredential {
		t.Errorf("the phone holds %+v", held)
	}
	o.phone.wantSaid("has been added.")
	o.phone.open(o.info())
	o.phone.press("#passkey")
	o.phone.want("security-info")

	// The device answers as well.
	o.phone.open(m.app())
	o.insteadOfPass()
}

// numberPasskeyHere: who has signed in by a number in a browser of theirs is led on to a passkey.
func numberPasskeyHere(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b := o.signedIn()
	keys := newAuthenticator(b)
	b.press("#sign-out")
	b.want("signed-out")
	m.later(t, 2*time.Second) // a browser is known by the second
	o.phone.approves(o.asks(b))
	b.want("add-method")
	b.press("#add-passkey")
	b.want("security-info")
	b.wantElement(`li[data-method=passkey]`)
	if len(keys.passkeys()) != 1 {
		t.Errorf("the desktop holds %d passkeys", len(keys.passkeys()))
	}
}

// numberKeyboard: nobody needs a mouse at the desktop.
func numberKeyboard(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b := o.desk()
	b.open(o.info())
	b.want("signin")
	b.keys("#username", o.name()+"\r")
	b.want("number-send")
	b.keys("#send", "\r")
	b.want("number")
	b.keys("#send-scan", "\r")
	b.wantElement("svg.qr")
	comes := o.phone.another()
	b.keys("#send-type", "\r")
	b.wantElement("#number")
	comes()
	o.phone.approves(b.text("#number"))
	b.want("security-info")
}

// accessible expects nothing of axe about the page, in light and dark.
func (b *tab) accessible(name string) {
	b.t.Helper()
	if found := b.axe(); found != "" {
		b.t.Errorf("%s:\n%s", name, found)
	}
}

// numberAccessible: axe finds nothing on the pages of both sides, as they are on the way.
func numberAccessible(t *testing.T, m *matching) {
	o := m.org(t)
	b := o.desk()
	o.phone = newPhone(tabIn(t, m.phones))
	for _, side := range []*tab{b, o.phone.tab} { // the pages' own policy would keep the checker out
		evaluate(side, chromiumtest.Call(cdpage.SetBypassCSP, cdpage.SetBypassCSPParams{Enabled: true}))
	}
	o.phone.open(o.invite())
	o.phone.wantElement("#enrol-now")
	o.phone.accessible("app, an account is offered")
	o.phone.press("#enrol-now")
	o.phone.wantSaid("has been added.")
	o.phone.accessible("app, home")
	o.identifies(b)
	b.accessible("number-send")
	b.press("#send-scan")
	b.wantElement("svg.qr")
	b.accessible("scan")
	o.phone.wantRequest()
	o.phone.accessible("app, a code to scan")
	comes := o.phone.another()
	b.press("#send-type")
	b.wantElement("#number")
	b.accessible("number")
	comes()
	o.phone.accessible("app, a request")
	o.phone.press(denyButton)
	o.phone.accessible("app, denying")
	o.phone.press("[id^=not-yet]")
	o.phone.approves(b.text("#number"))
	b.want("security-info")
	b.press("#add-authenticator")
	b.want("add-device")
	b.accessible("add-device")
	second := newPhone(tabIn(t, m.phones))
	evaluate(second.tab, chromiumtest.Call(cdpage.SetBypassCSP, cdpage.SetBypassCSPParams{Enabled: true}))
	second.open(evaluate(b, chromedp.Evaluate[string](`document.querySelector("#add-here").href`)))
	second.press("#enrol-now")
	second.wantElement("#check")
	second.accessible("app, compare")
	b.wantElement("#check")
	b.accessible("compare")
}
