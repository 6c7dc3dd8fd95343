package main

import (
	"testing"

	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"latchkey/ui/chromiumtest"
)

// counted presses something, and counts what a person presses, what they typed before it included.
func (b *tab) counted(n *int, selector string) {
	b.t.Helper()
	*n++
	b.press(selector)
}

// TestPassToPasskeyInChromium is what a pass is for: from a cold page to a passkey, out,
// and with the passkey into an app, in eight interactions; and with the browser's autofill
// in one.
func TestPassToPasskeyInChromium(t *testing.T) {
	b := newTab(t)
	a := newAuthenticator(b)
	d := startDemo(t, "")
	noor := d.report().tenant(t, "contoso.example").user(t, "noor@contoso.example")
	n := 0

	b.open(securityInfoOf(d.server.Config.BaseURL, d.world[0].tenant))
	b.want("signin")
	b.fill("username", noor.UserPrincipalName)
	b.counted(&n, "main form button.primary")
	b.want("pass")
	b.fill("code", noor.TemporaryAccessPass)
	b.counted(&n, "main form button.primary")
	b.want("add-method")
	b.counted(&n, "#add-passkey")
	b.want("security-info")
	b.wantText("passkey")
	b.shoot("security-info-passkey")
	b.counted(&n, "#sign-out")
	b.want("signed-out")
	keys := a.passkeys()
	if len(keys) != 1 || !keys[0].IsResidentCredential || keys[0].UserName != noor.UserPrincipalName {
		t.Fatalf("the authenticator holds %+v", keys)
	}

	autofill := b.withoutAutofill() // nothing is to happen by itself
	b.open(d.appURL)
	b.want("app-home")
	b.counted(&n, "#sign-in")
	b.want("signin")
	b.counted(&n, "#passkey")
	b.want("consent")
	b.counted(&n, `button[name=decision][value=allow]`)
	b.want("app-signed-in")
	t.Logf("pass → passkey → sign out → passkey sign-in at an app: %d interactions", n)
	if n > 8 {
		t.Errorf("%d interactions, at most 8 are wanted", n)
	}
	for claim, want := range map[string]string{"preferred_username": noor.UserPrincipalName, "acr": "phr"} {
		if got := b.text(`[data-claim=` + claim + `] dd`); got != want {
			t.Errorf("%s is %q, want %q", claim, got, want)
		}
	}
	if key := a.passkeys()[0]; key.SignCount <= keys[0].SignCount {
		t.Errorf("the counter stands at %v, and at %v before", key.SignCount, keys[0].SignCount)
	}

	// Signed out everywhere, the app is one interaction away: autofill does the rest.
	b.press("#sign-out")
	b.want("app-home")
	autofill()
	n = 0
	b.counted(&n, "#sign-in")
	b.want("app-signed-in")
	t.Logf("with autofill: %d interaction", n)
}

// TestPasskeyRefusedInChromium: what an authenticator says wrongly signs nobody in, and the
// page says what to do.
func TestPasskeyRefusedInChromium(t *testing.T) {
	b := newTab(t)
	a := newAuthenticator(b)
	d := startDemo(t, "")
	noor := d.report().tenant(t, "contoso.example").user(t, "noor@contoso.example")
	b.registers(d, noor)
	b.withoutAutofill()
	yes := true
	for _, c := range []struct {
		name string
		bits webauthn.SetResponseOverrideBitsParams
	}{
		{"bad UV", webauthn.SetResponseOverrideBitsParams{IsBadUV: &yes}},
		{"bad UP", webauthn.SetResponseOverrideBitsParams{IsBadUP: &yes}},
		{"bogus signature", webauthn.SetResponseOverrideBitsParams{IsBogusSignature: &yes}},
	} {
		b.open(d.appURL)
		b.press("#sign-in")
		b.want("signin")
		a.overrides(c.bits)
		b.press("#passkey")
		b.wantElement(`[data-problem="passkey.wrong"]`)
		b.shoot("passkey-wrong")
	}
	a.overrides(webauthn.SetResponseOverrideBitsParams{})

	// One whose owner it does not recognise says so, and nothing is sent.
	a.recognises(false)
	b.press("#passkey")
	b.wantElement(`[role=status]:not(:empty)`)
	b.shoot("passkey-cancelled")
	a.recognises(true)

	// A copy that is behind is refused, and the passkey with it from then on.
	key := a.passkeys()[0]
	a.forgets(key)
	key.SignCount = 0
	a.holds(key)
	b.open(d.appURL)
	b.press("#sign-in")
	b.press("#passkey")
	b.wantElement(`[data-problem="passkey.copied"]`)
	b.shoot("passkey-copied")
}

// withoutAutofill keeps the next pages from asking for a passkey by themselves, which an
// authenticator that is always touched would answer at once, again and again. again undoes
// it.
func (b *tab) withoutAutofill() (again func()) {
	b.t.Helper()
	added := evaluate(b, chromiumtest.Call(cdpage.AddScriptToEvaluateOnNewDocument, cdpage.AddScriptToEvaluateOnNewDocumentParams{
		Source: `PublicKeyCredential.isConditionalMediationAvailable = async () => false`,
	}))
	return func() {
		b.t.Helper()
		evaluate(b, chromiumtest.Call(cdpage.RemoveScriptToEvaluateOnNewDocument, cdpage.RemoveScriptToEvaluateOnNewDocumentParams(added)))
	}
}

// registers has a person with a pass register a passkey in security info, and sign out.
func (b *tab) registers(d *demo, u reportUser) {
	b.t.Helper()
	b.open(securityInfoOf(d.server.Config.BaseURL, d.world[0].tenant))
	b.signIn(u)
	b.want("add-method")
	b.press("#add-passkey")
	b.want("security-info")
	b.press("#sign-out")
	b.want("signed-out")
}

// TestPassBoundLeftBehindInChromium: who registers a passkey on the way to an app keeps the
// pass's bound, unless they sign in with the passkey.
func TestPassBoundLeftBehindInChromium(t *testing.T) {
	b := newTab(t)
	newAuthenticator(b)
	d := startDemo(t, "")
	noor := d.report().tenant(t, "contoso.example").user(t, "noor@contoso.example")
	b.open(securityInfoOf(d.server.Config.BaseURL, d.world[0].tenant))
	b.signIn(noor)
	b.want("add-method")
	b.press("#add-passkey")
	b.want("security-info")
	b.wantText("ends with your pass")
	b.press("#use-passkey")
	b.want("passkey")
	b.press("#passkey")
	b.want("security-info")
	if b.has(`#use-passkey`) {
		t.Error("the session is still bound by the pass")
	}
	b.deletePass(securityInfoOf(d.server.Config.BaseURL, d.world[0].tenant))
	b.want("security-info") // the session goes on without it
}

// has tells whether the page has an element now.
func (b *tab) has(selector string) bool {
	b.t.Helper()
	return evaluate(b, chromedp.Evaluate[bool](`document.querySelector(`+"`"+selector+"`"+`) !== null`))
}
