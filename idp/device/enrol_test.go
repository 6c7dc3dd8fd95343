package device_test

import (
	"net/http"
	"testing"

	"latchkey/authmethods/passkey/passkeytest"
	"latchkey/idp"
)

func TestWhatShowsNoDeviceIsRefused(t *testing.T) {
	type change = func(h map[string]any, c, out claims)
	for name, c := range map[string]change{
		"no typ":                    func(h map[string]any, _, _ claims) { delete(h, "typ") },
		"another typ":               func(h map[string]any, _, _ claims) { h["typ"] = "oda-rekey+jwt" },
		"alg none":                  func(h map[string]any, _, _ claims) { h["alg"] = "none" },
		"no key":                    func(h map[string]any, _, _ claims) { delete(h, "jwk") },
		"a secret for a key":        func(h map[string]any, _, _ claims) { h["jwk"] = claims{"kty": "oct", "k": "AAAA"} },
		"a point that is none":      func(h map[string]any, _, _ claims) { h["jwk"].(map[string]any)["x"] = b64(make([]byte, 32)) },
		"another curve":             func(h map[string]any, _, _ claims) { h["jwk"].(map[string]any)["crv"] = "P-384" },
		"another issuer":            func(_ map[string]any, c, _ claims) { c["iss"] = random() },
		"another audience":          func(_ map[string]any, c, _ claims) { c["aud"] = base },
		"another enrolment":         func(_ map[string]any, c, _ claims) { c["enrol_id"] = idp.NewID() },
		"another nonce":             func(_ map[string]any, c, _ claims) { c["nonce"] = random() },
		"another credential":        func(_ map[string]any, c, _ claims) { c["uvh"] = hash([]byte("x")) },
		"no credential":             func(_ map[string]any, c, out claims) { c["uvh"], out["uv"] = "", raw("null") },
		"too old":                   func(_ map[string]any, c, _ claims) { c["iat"] = epoch.Unix() - 60 },
		"over":                      func(_ map[string]any, c, _ claims) { c["exp"] = epoch.Unix() },
		"for too long":              func(_ map[string]any, c, _ claims) { c["exp"] = epoch.Unix() + 601 },
		"no name":                   func(_ map[string]any, c, _ claims) { c["name"] = " " },
		"a name with controls":      func(_ map[string]any, c, _ claims) { c["name"] = "a\nb" },
		"no app":                    func(_ map[string]any, c, _ claims) { c["app"] = "" },
		"a program":                 func(_ map[string]any, c, _ claims) { c["app"] = "cli/1" },
		"a passkey that may not be": func(_ map[string]any, _, out claims) { out["passkey"] = true },
	} {
		w := newWorld(t)
		w.policy(func(p *idp.MethodsPolicy) { p.Passkey.Enabled = false })
		_, _, token := w.invited()
		o := w.begin(token)
		before := w.dump()
		if rec := w.call("POST", w.url("/enrolments/"+o.ID), "", w.newPhone().show(o, c)); rec.Code != http.StatusBadRequest || w.dump() != before {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
}

func TestAVerifierThatVerifiesNobodyIsRefused(t *testing.T) {
	w := newWorld(t)
	_, _, token := w.invited()
	p, o := w.newPhone(), w.begin(token)
	p.verifier.Flags = passkeytest.UP
	if rec := w.call("POST", w.url("/enrolments/"+o.ID), "", p.show(o)); rec.Code != http.StatusBadRequest {
		t.Errorf("at first: %d", rec.Code)
	}
	p.verifier.Flags |= passkeytest.UV
	p.enrol(anna)
	page := w.browser("192.0.2.1").ask(anna, "")
	p.verifier.Flags = passkeytest.UP
	if rec := w.respond(p.answering(p.fetch()[0], number(page))); rec.Code != http.StatusBadRequest {
		t.Errorf("to approve: %d", rec.Code)
	}
}

// A token that somebody has got hold of is worth nothing once a device has come.
func TestATokenIsGoodForOneDevice(t *testing.T) {
	w := newWorld(t)
	_, _, token := w.invited()
	o := w.begin(token)
	thief := w.newPhone()
	stolen := thief.show(o) // begun in time
	w.reads(w.call("POST", w.url("/enrolments/"+o.ID), "", w.newPhone().show(o)), http.StatusAccepted, nil)
	if rec := w.call("POST", w.url("/enrolments/"+o.ID), "", stolen); rec.Code != http.StatusBadRequest {
		t.Errorf("a second device: %d", rec.Code)
	}
	if rec := w.call("POST", w.url("/enrolments"), "", encode(claims{"token": token})); rec.Code != http.StatusBadRequest {
		t.Errorf("the token again: %d", rec.Code)
	}
	if rec := thief.send("GET", "/self", nil); rec.Code != http.StatusBadRequest {
		t.Errorf("the thief: %d", rec.Code)
	}
}

// A key is changed by the key of before, the new one and the holder together.
func TestWhatChangesNoKeyIsRefused(t *testing.T) {
	for name, c := range map[string]func(h map[string]any, c claims){
		"another typ":    func(h map[string]any, _ claims) { h["typ"] = "oda-enrol+jwt" },
		"another old":    func(_ map[string]any, c claims) { c["old"] = random() },
		"another issuer": func(_ map[string]any, c claims) { c["iss"] = random() },
		"too old":        func(_ map[string]any, c claims) { c["iat"] = epoch.Unix() - 60 },
	} {
		w := newWorld(t)
		p := w.phone()
		_, body := p.rekeying(c)
		before := w.dump()
		if rec := p.send("POST", "/rekey", body); rec.Code != http.StatusBadRequest || w.dump() != before {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	w := newWorld(t)
	p, other := w.phone(), w.phone()
	next, body := p.rekeying()
	if rec := other.send("POST", "/rekey", body); rec.Code != http.StatusBadRequest {
		t.Errorf("another device's: %d", rec.Code)
	}
	w.reads(p.send("POST", "/rekey", body), http.StatusOK, nil)
	if rec := p.send("GET", "/self", nil); rec.Code != http.StatusBadRequest {
		t.Errorf("the old key: %d", rec.Code)
	}
	w.reads(next.send("GET", "/self", nil), http.StatusOK, nil)
}
