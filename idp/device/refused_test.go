package device_test

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
	"latchkey/storage"
)

// refusedCase is something that a device sends and is not accepted. prepare runs before the
// store is looked at.
type refusedCase struct {
	name, reason string
	prepare      func(*world, *phone)
	send         func(*world, *phone) *httptest.ResponseRecorder
}

// fetches asks for challenges with a proof that change has edited.
func fetches(change ...func(claims)) func(*world, *phone) *httptest.ResponseRecorder {
	return func(w *world, p *phone) *httptest.ResponseRecorder {
		return w.call("GET", w.url("/challenges"), p.proof("GET", w.url("/challenges"), nil, change...), nil)
	}
}

// signs asks for challenges with a proof that has another header.
func signs(change func(p *phone, h map[string]any)) func(*world, *phone) *httptest.ResponseRecorder {
	return func(w *world, p *phone) *httptest.ResponseRecorder {
		h := p.header("oda-proof+jwt")
		change(p, h)
		c := claims{"htm": "GET", "htu": w.url("/challenges"), "jti": random(), "iat": w.now().Unix()}
		return w.call("GET", w.url("/challenges"), p.sign(h, c), nil)
	}
}

func late(by time.Duration) func(claims) {
	return func(c claims) { c["iat"] = c["iat"].(int64) + int64(by/time.Second) }
}

func (w *world) deleteUser() {
	w.Helper()
	w.must(w.admin.DeleteUser(w.Context(), admin.Operator("test"), w.tenant.TenantID, anna))
}

// macked is a proof with HS256, whose secret is the public key, in forms in which it is had.
func (p *phone) macked(secret []byte) string {
	c := claims{"htm": "GET", "htu": p.w.url("/challenges"), "jti": random(), "iat": p.w.now().Unix()}
	h := p.header("oda-proof+jwt")
	h["alg"] = "HS256"
	over := b64(encode(h)) + "." + b64(encode(c))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(over))
	return over + "." + b64(mac.Sum(nil))
}

func (p *phone) pem() []byte {
	der, err := x509.MarshalPKIXPublicKey(&p.key.PublicKey)
	p.w.must(err)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func withProof(proof func(p *phone) string) func(*world, *phone) *httptest.ResponseRecorder {
	return func(w *world, p *phone) *httptest.ResponseRecorder {
		return w.call("GET", w.url("/challenges"), proof(p), nil)
	}
}

func refusedCases() []refusedCase {
	return []refusedCase{
		{"no proof", "no Device-Proof", nil, withProof(func(*phone) string { return "" })},
		{"not a JWS", "not a JWS", nil, withProof(func(*phone) string { return "a.b.c" })},
		{"a signature of another key", "not a JWS", nil, withProof(func(p *phone) string {
			good := p.proof("GET", p.w.url("/challenges"), nil)
			other := p.w.newPhone().proof("GET", p.w.url("/challenges"), nil)
			return good[:strings.LastIndex(good, ".")] + other[strings.LastIndex(other, "."):]
		})},
		{"a signature in ASN.1", "not a JWS", nil, withProof(func(p *phone) string {
			good := p.proof("GET", p.w.url("/challenges"), nil)
			return good[:strings.LastIndex(good, ".")+1] + b64(append([]byte{0x30, 0x44}, make([]byte, 68)...))
		})},
		{"zeros for a signature", "not a JWS", nil, withProof(func(p *phone) string {
			good := p.proof("GET", p.w.url("/challenges"), nil)
			return good[:strings.LastIndex(good, ".")+1] + b64(make([]byte, 64))
		})},
		{"a claim that is there twice", "not a JWS", nil, func(w *world, p *phone) *httptest.ResponseRecorder {
			raw := encode(claims{"htm": "GET", "htu": w.url("/challenges"), "jti": random(), "iat": w.now().Unix()})
			twice := json.RawMessage(strings.Replace(string(raw), "{", `{"htm":"GET",`, 1))
			return w.call("GET", w.url("/challenges"), p.sign(p.header("oda-proof+jwt"), twice), nil)
		}},
		{"another typ", "another type", nil, signs(func(_ *phone, h map[string]any) { h["typ"] = "oda-response+jwt" })},
		{"no typ", "another type", nil, signs(func(_ *phone, h map[string]any) { delete(h, "typ") })},
		{"typ JWT", "another type", nil, signs(func(_ *phone, h map[string]any) { h["typ"] = "JWT" })},
		{"alg none", "not a JWS", nil, signs(func(_ *phone, h map[string]any) { h["alg"] = "none" })},
		{"alg none, unsigned", "not a JWS", nil, withProof(func(p *phone) string {
			h := p.header("oda-proof+jwt")
			h["alg"] = "none"
			return b64(encode(h)) + "." + b64(encode(claims{"htm": "GET", "htu": p.w.url("/challenges"), "jti": random(), "iat": p.w.now().Unix()})) + "."
		})},
		{"HS256 with the JWK", "not a JWS", nil, withProof(func(p *phone) string { return p.macked(encode(p.jwk())) })},
		{"HS256 with the PEM", "not a JWS", nil, withProof(func(p *phone) string { return p.macked(p.pem()) })},
		{"HS256 with the thumbprint", "not a JWS", nil, withProof(func(p *phone) string { return p.macked([]byte(p.thumbprint())) })},
		{"ES384 in name", "not a JWS", nil, signs(func(_ *phone, h map[string]any) { h["alg"] = "ES384" })},
		{"an extension that is critical", "not a JWS", nil, signs(func(_ *phone, h map[string]any) { h["crit"], h["x"] = []string{"x"}, 1 })},
		{"a key in the header", "no device has this key", nil, func(w *world, p *phone) *httptest.ResponseRecorder {
			return signs(func(p *phone, h map[string]any) { h["jwk"] = p.jwk() })(w, w.newPhone())
		}},
		{"an unknown device", "no device has this key", nil, func(w *world, _ *phone) *httptest.ResponseRecorder { return fetches()(w, w.newPhone()) }},
		{"a clock five minutes slow", "clock", nil, fetches(late(-5 * time.Minute))},
		{"a clock five minutes fast", "clock", nil, fetches(late(5 * time.Minute))},
		{"a clock a minute slow", "clock", nil, fetches(late(-time.Minute))},
		{"a clock a minute fast", "clock", nil, fetches(late(time.Minute))},
		{"a time beyond all time", "clock", nil, fetches(func(c claims) { c["iat"] = int64(1<<63 - 1) })},
		{"a time before all time", "clock", nil, fetches(func(c claims) { c["iat"] = int64(-1 << 63) })},
		{"a proof for another method", "another request", nil, fetches(func(c claims) { c["htm"] = "DELETE" })},
		{"a proof for another host", "another request", nil, fetches(func(c claims) { c["htu"] = strings.Replace(c["htu"].(string), "login", "logon", 1) })},
		{"a proof for another tenant", "another request", nil, fetches(func(c claims) { c["htu"] = strings.Replace(c["htu"].(string), "-", "-0", 1) })},
		{"a proof with a body that is not there", "another body", nil, fetches(func(c claims) { c["bh"] = hash([]byte("x")) })},
		{"a short jti", "jti", nil, fetches(func(c claims) { c["jti"] = "0123456789abcde" })},
		{"a long jti", "jti", nil, fetches(func(c claims) { c["jti"] = strings.Repeat("a", 65) })},
		{"a body over 16 KiB", "16 KiB", nil, func(w *world, _ *phone) *httptest.ResponseRecorder {
			return w.respond(encode(claims{"response": strings.Repeat("a", 16<<10)}))
		}},
		{"a body over every bound", "too large", nil, func(w *world, _ *phone) *httptest.ResponseRecorder {
			return w.respond(make([]byte, 1<<20))
		}},
		{"a body that is no JSON", "not the JSON", nil, func(w *world, _ *phone) *httptest.ResponseRecorder { return w.respond([]byte("{")) }},
		{"a list for an object", "not the JSON", nil, func(w *world, _ *phone) *httptest.ResponseRecorder { return w.respond([]byte("[]")) }},
		{"no such endpoint", "no such endpoint", nil, func(w *world, _ *phone) *httptest.ResponseRecorder { return w.call("GET", w.url("/nothing"), "", nil) }},
		{"no such method", "no such endpoint", nil, func(w *world, _ *phone) *httptest.ResponseRecorder { return w.call("PATCH", w.url("/self"), "", nil) }},
		{"no such enrolment", "not open", nil, func(w *world, p *phone) *httptest.ResponseRecorder {
			return w.call("POST", w.url("/enrolments/"+idp.NewID()), "", []byte("{}"))
		}},
		{"a token that nobody has", "no invitation", nil, func(w *world, p *phone) *httptest.ResponseRecorder {
			return w.call("POST", w.url("/enrolments"), "", encode(claims{"token": idp.NewToken(idp.EnrolmentToken)}))
		}},
		{"a code of nobody", "code is wrong", nil, func(w *world, p *phone) *httptest.ResponseRecorder {
			return w.call("POST", w.url("/enrolments"), "", encode(claims{"code": "ABCDE-FGHJK", "user": "nobody@contoso.example"}))
		}},
		{"a code of somebody who has no invitation", "code is wrong", nil, func(w *world, p *phone) *httptest.ResponseRecorder {
			return w.call("POST", w.url("/enrolments"), "", encode(claims{"code": "ABCDE-FGHJK", "user": anna}))
		}},
		{"a wait that is no number", "wait", nil, func(w *world, p *phone) *httptest.ResponseRecorder {
			return p.send("GET", "/challenges?wait=-1", nil)
		}},
		{"a deleted user's device", "no device has this key", func(w *world, _ *phone) { w.deleteUser() }, fetches()},
		{"a disabled user's device", "gone or disabled", func(w *world, _ *phone) { w.disable(w.user) }, fetches()},
		{"a deleted tenant's device", "organization", func(w *world, _ *phone) {
			w.must(w.store.Update(w.Context(), storage.System, func(tx *storage.Tx) error { return tx.Delete(w.tenant) }))
			w.pass(2 * time.Second)
		}, fetches()},
		{"a disabled tenant's device", "organization", func(w *world, _ *phone) {
			w.tenant.Disabled = true
			w.must(w.storeTenant())
			w.pass(2 * time.Second)
		}, fetches()},
		{"a method that is turned off", string(idp.MethodDisabled), func(w *world, _ *phone) {
			w.policy(func(p *idp.MethodsPolicy) { p.Authenticator.Enabled = false })
		}, fetches()},
		{"a user whom the policy leaves out", string(idp.OutOfScope), func(w *world, _ *phone) {
			w.policy(func(p *idp.MethodsPolicy) {
				p.Authenticator.Targets.Exclude = []idp.Target{{Type: "user", ID: w.user.UserID}}
			})
		}, fetches()},
		{"a soft device where none is allowed", string(idp.SoftDevice), func(w *world, p *phone) {
			d := p.record()
			d.Soft = true
			w.put(d)
		}, fetches()},
		{"a device that may have been copied", string(idp.CopiedDevice), func(w *world, p *phone) {
			d := p.record()
			d.CopiedAt = w.now()
			w.put(d)
		}, fetches()},
		{"a device that was not used for long", string(idp.UnusedDevice), func(w *world, _ *phone) { w.pass(idp.AuthenticatorUnused) }, fetches()},
		{"an unconfirmed device", "not confirmed", func(w *world, p *phone) { p.shows() }, fetches()},
		{"an unconfirmed device that wants to be woken", "not confirmed", func(w *world, p *phone) { p.shows() }, subscribes("https://push.example/1")},
		{"an unconfirmed device that changes its key", "not confirmed", func(w *world, p *phone) { p.shows() }, func(w *world, p *phone) *httptest.ResponseRecorder {
			_, body := p.rekeying()
			return p.send("POST", "/rekey", body)
		}},
		{"a removed device", "no device has this key", func(w *world, p *phone) { w.reads(p.send("DELETE", "/self", nil), http.StatusNoContent, nil) }, fetches()},
	}
}

// record is the device as it is stored.
func (p *phone) record() *idp.Authenticator {
	p.w.Helper()
	return only(p.w, &idp.Authenticator{AuthenticatorID: p.id})
}

// shows makes the phone a new one, which has shown itself and waits to be confirmed.
func (p *phone) shows() {
	p.w.Helper()
	_, _, token := p.w.invited()
	*p = *p.w.newPhone()
	o := p.w.begin(token)
	p.w.reads(p.w.call("POST", p.w.url("/enrolments/"+o.ID), "", p.show(o)), http.StatusAccepted, nil)
}

// rekeying is another key, and what asks for it.
func (p *phone) rekeying(change ...func(header map[string]any, c claims)) (next *phone, body []byte) {
	next = p.w.newPhone()
	next.verifier, next.count, next.id = p.verifier, p.count, p.id
	now := p.w.now().Unix()
	h := map[string]any{"alg": "ES256", "typ": "oda-rekey+jwt", "jwk": next.jwk()}
	c := claims{
		"iss": next.thumbprint(), "aud": base + "/" + p.w.tenant.TenantID + "/v2.0", "jti": random(), "iat": now, "exp": now + 60,
		"old": p.thumbprint(),
	}
	for _, f := range change {
		f(h, c)
	}
	proof := next.sign(h, c)
	return next, encode(claims{"proof": proof, "uv": json.RawMessage(next.verify(proof))})
}

// subscription is one at an endpoint.
func subscription(endpoint string) []byte {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return encode(claims{"endpoint": endpoint, "keys": claims{"p256dh": b64(key.PublicKey().Bytes()), "auth": b64(make([]byte, 16))}})
}

func subscribes(endpoint string) func(*world, *phone) *httptest.ResponseRecorder {
	return func(_ *world, p *phone) *httptest.ResponseRecorder {
		return p.send("PUT", "/subscription", subscription(endpoint))
	}
}

// privateEndpoints are many shapes of what must not be called.
var privateEndpoints = []string{
	"http://push.example/", "https://localhost/", "https://LOCALHOST./", "https://a.localhost/", "https://127.0.0.1/", "https://127.1/", "https://2130706433/",
	"https://0x7f000001/", "https://0177.0.0.1/", "https://127.0.0.1.:443/", "https://0.0.0.0/", "https://0/", "https://10.0.0.1/", "https://172.16.0.1/",
	"https://192.168.1.1/", "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/", "https://224.0.0.1/", "https://255.255.255.255/",
	"https://192.0.2.1/", "https://198.18.0.1/", "https://240.0.0.1/", "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/",
	"https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fc00::1]/", "https://[fd00:ec2::254]/",
	"https://[ff02::1]/", "https://[2001:db8::1]/", "https://[::127.0.0.1]/", "https://user@127.0.0.1/", "https://push.example:22/", "https://push.example@127.0.0.1/",
	"https://127.0.0.1#push.example", "https://127.0.0.1\\@push.example/", "//127.0.0.1/", "https:127.0.0.1", "https:///", "https://", "", "ftp://push.example/",
	"file:///etc/passwd", "gopher://127.0.0.1:25/", "javascript:alert(1)", "https://push.example\r\nX: y/", "https://①②⑦.0.0.1/", "https://pu sh.example/",
}

func TestRefusedAlike(t *testing.T) {
	cases := refusedCases()
	for _, endpoint := range privateEndpoints {
		cases = append(cases, refusedCase{"a subscription at " + endpoint, "the endpoint of the subscription", nil, subscribes(endpoint)})
	}
	const want = `{"status":400,"title":"The request was not accepted.","type":"urn:latchkey:device:refused"}`
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			p := w.phone()
			if c.prepare != nil {
				c.prepare(w, p)
			}
			w.log()
			before := w.dump()
			rec := c.send(w, p)
			h := rec.Header()
			h.Del("X-Request-Id")
			if rec.Code != http.StatusBadRequest || rec.Body.String() != want || h.Get("Content-Type") != "application/problem+json" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%d %v %s", rec.Code, h, rec.Body)
			}
			if said := w.log(); !strings.Contains(said, c.reason) || strings.Count(said, "\n") != 1 {
				t.Errorf("logged %q, want one line with %q", said, c.reason)
			}
			if after := w.dump(); after != before {
				t.Errorf("the store has changed:\n%s", added(before, after))
			}
		})
	}
}

// added are the lines that one dump has and another has not.
func added(before, after string) string {
	var out strings.Builder
	for line := range strings.Lines(after) {
		if !strings.Contains(before, line) {
			out.WriteString(line)
		}
	}
	return out.String()
}
