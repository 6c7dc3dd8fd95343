package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/ui/chromiumtest"
)

// TestNumberMatching is sign-in by a number, between a desktop and a phone: each a real browser,
// the phone with the authenticator that we serve.
func TestNumberMatching(t *testing.T) {
	m := newMatching(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *matching)
	}{
		{"replay", numberReplay},
		{"wrong number", numberWrong},
		{"three wrong", numberThreeWrong},
		{"answer of another transaction", numberOtherTransaction},
		{"forged answers", numberForged},
		{"another browser", numberAnotherBrowser},
		{"reused enrolment token", numberReusedToken},
		{"deny", numberDeny},
		{"not me", numberNotMe},
		{"expiry", numberExpiry},
		{"no script", numberNoScript},
		{"push", numberPush},
		{"restart", numberRestart},
		{"device of another tenant", numberOtherTenant},
		{"relay", numberRelay},
		{"scan", numberScan},
		{"registration from the app", numberFromApp},
		{"registration from security info", numberFromInfo},
		{"step-up", numberStepUp},
		{"passkey with the device", numberPasskeyToo},
		{"passkey here", numberPasskeyHere},
		{"keyboard", numberKeyboard},
		{"accessible", numberAccessible},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, m)
		})
	}
}

// numberReplay: an answer that has decided is told so when it comes again, and changes nothing.
func numberReplay(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b := o.desk()
	o.phone.holds()
	number := o.asks(b)
	o.phone.approves(number)
	h := o.phone.sent()
	h.goes()
	o.phone.wantSaid("Approved.")
	b.want("security-info")
	id := h.answer().transaction(t)
	before := o.request(id)
	if got := o.sendRaw(h.body); got != endedAs(idp.RequestConsumed) {
		t.Errorf("the answer sent again is told %+v", got)
	}
	if after := o.request(id); after.State != before.State || !after.DecidedAt.Equal(before.DecidedAt) || after.Evidence.Response != before.Evidence.Response {
		t.Errorf("the request was %+v and is %+v", before, after)
	}
}

// numberWrong: after a wrong number both sides go on with another, which is longer.
func numberWrong(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b := o.desk()
	first := o.asks(b)
	if len(first) != 2 {
		t.Errorf("the number is %q", first)
	}
	o.phone.approves(otherThan(first))
	b.wantElement("#missed")
	b.shoot("number-missed")
	second := b.text("#number")
	if len(second) != 3 {
		t.Errorf("after %q the number is %q", first, second)
	}
	o.phone.wantElement("article.request .problem:not([hidden])")
	o.phone.wantText("That number doesn't match.")
	o.phone.wantText("2 tries left.")
	o.phone.shoot("app-wrong")
	o.phone.approves(second)
	o.phone.wantSaid("Approved.")
	b.want("security-info")
}

// otherThan is another number of the same length.
func otherThan(number string) string {
	digits := []byte(number)
	digits[0] = '0' + (digits[0]-'0'+1)%10
	return string(digits)
}

// numberThreeWrong: three wrong numbers end a request, and both sides say so.
func numberThreeWrong(t *testing.T, m *matching) {
	o := m.orgWithPhone(t, sixDigits)
	b := o.desk()
	o.phone.holds()
	number := o.asks(b)
	var h *held
	for range 2 {
		o.phone.approves(otherThan(number))
		h = o.phone.sent()
		h.goes()
		o.phone.wantElement("article.request .problem:not([hidden])")
		changed(b, "#number", number)
		number = b.text("#number")
	}
	o.phone.approves(otherThan(number))
	h = o.phone.sent()
	h.goes()
	o.phone.wantSaid("That was wrong too often.")
	o.phone.shoot("app-locked")
	b.wantElement(`[data-problem="number.locked"]`)
	b.shoot("number-locked")
	id := h.answer().transaction(t)
	o.wantState(id, idp.RequestLocked, 3)
	right := o.phone.forges(forgeryOf{JWS: h.answer().Response, Claims: map[string]any{"number": number, "jti": idp.NewID()}, Verify: true})
	if got := o.send(right); got != endedAs(idp.RequestLocked) || got.status != http.StatusConflict {
		t.Errorf("the right number comes too late and is told %+v", got)
	}
}

// numberOtherTransaction: an answer to one request is none to another, neither as it is nor with
// the other's name on it.
func numberOtherTransaction(t *testing.T, m *matching) {
	o := m.orgWithPhone(t, sixDigits)
	b := o.desk()
	o.phone.holds()
	number := o.asks(b)
	o.phone.approves(number)
	h := o.phone.sent()
	h.lost()
	comes := o.phone.another()
	b.press("#new-number")
	changed(b, "#number", number)
	second := o.pending()
	for name, a := range map[string]answerSent{
		"as it was":      h.answer(),
		"named anew":     o.phone.forges(forgeryOf{JWS: h.answer().Response, Claims: map[string]any{"txn": second.RequestID, "jti": idp.NewID()}, Verify: true}),
		"and its number": o.phone.forges(forgeryOf{JWS: h.answer().Response, Claims: map[string]any{"txn": second.RequestID, "jti": idp.NewID(), "number": b.text("#number")}, Verify: true}),
	} {
		want := notAccepted
		if name == "as it was" {
			want = endedAs(idp.RequestSuperseded)
		}
		if got := o.send(a); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		o.wantState(second.RequestID, idp.RequestPending, 0)
	}
	comes()
	o.phone.approves(b.text("#number"))
	o.phone.sent().goes()
	b.want("security-info")
}

// numberForged: whatever is changed of an answer is refused, and as it was it is accepted still.
func numberForged(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b := o.desk()
	o.phone.holds()
	o.phone.approves(o.asks(b))
	h := o.phone.sent()
	sent := h.answer()
	id := sent.transaction(t)
	another := func(claims map[string]any, verify bool) answerSent {
		claims["jti"] = idp.NewID()
		return o.phone.forges(forgeryOf{JWS: sent.Response, Claims: claims, Verify: verify})
	}
	yes := true
	lying := func(bits webauthn.SetResponseOverrideBitsParams) func() answerSent {
		return func() answerSent {
			o.phone.keys.overrides(bits)
			defer o.phone.keys.overrides(webauthn.SetResponseOverrideBitsParams{})
			return another(map[string]any{}, true)
		}
	}
	parts := strings.Split(sent.Response, ".")
	other := strings.Split(another(map[string]any{"app": "Payroll"}, false).Response, ".")
	for _, c := range []struct {
		name  string
		forge func() answerSent
	}{
		{"assertion over another JWS", func() answerSent { return answerSent{another(map[string]any{}, false).Response, sent.UV} }},
		{"UV=0", lying(webauthn.SetResponseOverrideBitsParams{IsBadUV: &yes})},
		{"UP=0", lying(webauthn.SetResponseOverrideBitsParams{IsBadUP: &yes})},
		{"bogus signature", lying(webauthn.SetResponseOverrideBitsParams{IsBogusSignature: &yes})},
		{"no assertion", func() answerSent { return answerSent{Response: sent.Response} }},
		{"altered app name", func() answerSent { return answerSent{parts[0] + "." + other[1] + "." + parts[2], sent.UV} }},
		{"altered app name, signed", func() answerSent { return another(map[string]any{"app": "Payroll"}, true) }},
		{"another number, not signed by the holder", func() answerSent { return answerSent{another(map[string]any{"number": "00"}, false).Response, sent.UV} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := o.send(c.forge()); got != notAccepted {
				t.Errorf("it is told %+v", got)
			}
			o.wantState(id, idp.RequestPending, 0)
		})
	}
	t.Run("untouched", func(*testing.T) {
		h.goes()
		o.phone.wantSaid("Approved.")
		b.want("security-info")
	})
}

// numberAnotherBrowser: what one browser was shown is nothing to another, also once it is approved.
func numberAnotherBrowser(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b, other := o.desk(), o.desk()
	other.open(o.info())
	other.want("signin")
	number := o.asks(b)
	at := b.address()
	poll := strings.Replace(at, "/signin?", "/signin/poll?", 1)
	refuses := func() {
		t.Helper()
		for _, address := range []string{at, poll} {
			other.open(address)
			other.want("error")
		}
		other.open(o.info())
		other.want("signin")
	}
	refuses()
	b.open(m.app()) // nobody goes on there yet
	o.phone.approves(number)
	o.phone.wantSaid("Approved.")
	refuses()
	b.open(at)
	b.want("security-info")
	refuses()
}

// numberReusedToken: an invitation is for one device.
func numberReusedToken(t *testing.T, m *matching) {
	o := m.org(t)
	link := o.invite()
	first, second := newPhone(tabIn(t, m.phones)), newPhone(tabIn(t, m.phones))
	second.open(link)
	second.wantElement("#enrol-now")
	first.open(link)
	first.press("#enrol-now")
	first.wantSaid("has been added.")
	second.press("#enrol-now")
	second.wantSaid("That wasn't accepted.")
	third := newPhone(tabIn(t, m.phones))
	third.open(link)
	third.wantSaid("That wasn't accepted.")
	third.shoot("app-token-used")
}

// numberDeny: who denies says why, and the desktop tells that it was refused.
func numberDeny(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b := o.desk()
	o.asks(b)
	id := o.pending().RequestID
	o.phone.wantRequest()
	o.phone.press(denyButton)
	o.phone.wantElement("[id^=denying]:not([hidden])")
	o.phone.shoot("app-denying")
	o.phone.press("[id^=changed-mind]")
	o.phone.wantSaid("You refused this request.")
	b.wantElement(`[data-problem="number.denied"]`)
	b.wantText("If that wasn't you, no one has got in.")
	b.shoot("number-denied")
	if r := o.request(id); r.State != idp.RequestDenied || r.Reason != idp.DeniedCancelled || r.Evidence.Response == "" {
		t.Errorf("%+v", r)
	}
	if len(o.logged(idp.SignIns, "the user denied: "+idp.DeniedCancelled)) != 1 {
		t.Error("the sign-in log does not tell")
	}
	o.phone.approves(tryAgain(b))
	b.want("security-info")
}

// tryAgain sends another request from the page that tells how the last one ended.
func tryAgain(b *tab) (number string) {
	b.t.Helper()
	b.press("#send")
	b.wantElement("#number")
	return b.text("#number")
}

// numberNotMe: who is told off can ask that person for nothing more, and administrators learn it.
func numberNotMe(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b := o.desk()
	o.asks(b)
	o.phone.wantRequest()
	o.phone.press(denyButton)
	o.phone.press("[id^=not-me]")
	o.phone.wantSaid("If that wasn't you, no one has got in.")
	b.wantElement(`[data-problem="number.denied"]`)
	b.press("#send")
	b.wantElement(`[data-problem="number.blocked"]`)
	b.shoot("number-blocked")
	o.identifies(b)
	b.press("#send")
	b.wantElement(`[data-problem="number.blocked"]`)
	if told := o.logged(idp.Directory, idp.PromptReported.Name); len(told) != 1 || told[0].Details["from"] == "" {
		t.Errorf("the audit log has %+v", told)
	}
	if len(o.logged(idp.SignIns, "the user denied: "+idp.DeniedNotMe)) != 1 {
		t.Error("the sign-in log does not tell")
	}
	m.received(t, sentTo(o.user.Profile.Email, "You reported a sign-in"))
}

// numberExpiry: when the time is up, both sides say so.
func numberExpiry(t *testing.T, m *matching) {
	o := m.orgWithPhone(t, func(c *admin.AuthenticatorPolicyChange) { c.Lifetime = new(idp.LeastRequestLifetime) })
	b := o.desk()
	o.asks(b)
	id := o.pending().RequestID
	o.phone.wantRequest()
	m.later(t, idp.LeastRequestLifetime*time.Second)
	m.server.Waker.Wake(id)
	b.wantElement(`[data-problem="number.expired"]`)
	b.shoot("number-expired")
	o.phone.wantSaid("This request took too long.")
	o.phone.shoot("app-expired")
}

// numberNoScript: without scripts the page waits by itself too, and goes on.
func numberNoScript(t *testing.T, m *matching) {
	o := m.orgWithPhone(t)
	b := o.desk()
	evaluate(b, chromiumtest.Call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	o.identifies(b)
	b.press("#send")
	first := b.look(`document.querySelector("#number").textContent`)
	o.phone.approves(otherThan(first))
	second := b.look(`document.querySelector("#missed") ? document.querySelector("#number").textContent : ""`)
	if len(second) != len(first)+1 {
		t.Errorf("after %q the number is %q", first, second)
	}
	o.phone.wantElement("article.request .problem:not([hidden])")
	o.phone.approves(second)
	o.phone.wantSaid("Approved.")
	b.want("security-info")
}
