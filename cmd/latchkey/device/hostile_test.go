package device

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/cmd/latchkey/device/devicetest"
)

// TestHostileChallenge: nothing is shown that the account's issuer did not say to this device.
func TestHostileChallenge(t *testing.T) {
	claim := func(name string, value any) func(*devicetest.Server) {
		return func(s *devicetest.Server) { s.Challenge = func(c map[string]any) { c[name] = value } }
	}
	sign := func(sign func(map[string]any) string) func(*devicetest.Server) {
		return func(s *devicetest.Server) { s.Sign = sign }
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*devicetest.Server){
		"another issuer":     claim("iss", "https://login.example/other/v2.0"),
		"another device":     claim("aud", NewKey().Thumbprint()),
		"another device id":  claim("sub", "somebody"),
		"a list of devices":  claim("aud", []string{"x"}),
		"no id":              claim("jti", ""),
		"no nonce":           claim("nonce", ""),
		"no end":             claim("exp", 0),
		"from the future":    func(s *devicetest.Server) { s.Challenge = future },
		"another host":       claim("webauthn", map[string]any{"rpId": "bank.example"}),
		"an unknown key":     sign(func(c map[string]any) string { return devicetest.Sign(other, "other", typeChallenge, c) }),
		"another type":       sign(func(c map[string]any) string { return devicetest.Sign(other, "", "oda-proof+jwt", c) }),
		"no signature":       sign(func(c map[string]any) string { return bare(`{"alg":"none","typ":"oda-challenge+jwt"}`, c) + "." }),
		"no JWS":             sign(func(map[string]any) string { return "challenge" }),
		"larger than allows": sign(func(map[string]any) string { return strings.Repeat("a", maxMessage) + ".." }),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Set(change)
			w.Ask(lee, ModeType, "47")
			if all, err := w.client.Challenges(t.Context(), w.account, 0); err == nil || !strings.Contains(err.Error(), "not to be trusted") {
				t.Errorf("%d requests, %v", len(all), err)
			}
		})
	}
}

func future(c map[string]any) {
	c["iat"], c["exp"] = time.Now().Add(time.Hour).Unix(), time.Now().Add(2*time.Hour).Unix()
}

func bare(header string, claims map[string]any) string {
	raw, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + encode(raw)
}

// TestForged: signatures by what is public, or of another's challenge, do not pass.
func TestForged(t *testing.T) {
	tenant, now := NewKey(), time.Now()
	jwk := jose.JSONWebKey{Key: tenant.private.Public(), KeyID: "k"}
	keys := func(string) ([]jose.JSONWebKey, error) { return []jose.JSONWebKey{jwk}, nil }
	good := devicetest.Sign(tenant.private, "k", typeChallenge, map[string]any{"jti": "t", "iat": now.Unix()})
	parts := strings.Split(good, ".")
	evil := devicetest.Sign(NewKey().private, "k", typeChallenge, map[string]any{"jti": "u"})
	payload := strings.Split(evil, ".")[1]
	for name, raw := range map[string]string{
		"altered payload": parts[0] + "." + payload + "." + parts[2],
		"cut signature":   parts[0] + "." + parts[1] + "." + parts[2][:40],
		"another's key":   evil,
		"critical":        signWith(t, tenant, jose.ES256, tenant.private, map[jose.HeaderKey]any{"typ": typeChallenge, "crit": []string{"b64"}, "b64": true}),
		"HS256":           hmacWithPublic(t, tenant),
		"no type":         signWith(t, tenant, jose.ES256, tenant.private, nil),
		"JSON":            `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
	} {
		if err := open(raw, typeChallenge, keys, new(Challenge)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := open(good, typeChallenge, keys, new(Challenge)); err != nil {
		t.Error(err)
	}
}

// signWith signs claims of a challenge with any header.
func signWith(t *testing.T, _ *Key, alg jose.SignatureAlgorithm, key any, header map[jose.HeaderKey]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(`{"jti":"t"}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// hmacWithPublic takes the public key for a shared secret.
func hmacWithPublic(t *testing.T, k *Key) string {
	t.Helper()
	public, err := json.Marshal(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return signWith(t, k, jose.HS256, public, map[jose.HeaderKey]any{"typ": typeChallenge, "kid": "k"})
}

// TestHostileDiscovery: a document that leads elsewhere is not followed.
func TestHostileDiscovery(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"another version":        func(d map[string]any) { d["version"] = 2 },
		"no ES256":               func(d map[string]any) { d["algs"] = []string{"RS256"} },
		"no webauthn":            func(d map[string]any) { d["uv_methods"] = []string{"pin"} },
		"keys elsewhere":         func(d map[string]any) { d["jwks_uri"] = "https://evil.example/keys" },
		"keys at another port":   func(d map[string]any) { d["jwks_uri"] = "http://127.0.0.1:1/keys" },
		"no endpoint":            func(d map[string]any) { delete(d, "response_endpoint") },
		"another issuer":         func(d map[string]any) { d["issuer"] = "https://login.example/x/v2.0" },
		"an endpoint and more":   func(d map[string]any) { d["self_endpoint"] = d["self_endpoint"].(string) + "?a=b" },
		"another's credential":   func(d map[string]any) { d["rp_id"] = "bank.example" },
		"everybody's credential": func(d map[string]any) { d["rp_id"] = "" },
		"a negative wait":        func(d map[string]any) { d["max_wait"] = -1 },
		"a text for a number":    func(d map[string]any) { d["max_wait"] = "25" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.Set(func(s *devicetest.Server) { s.Discovery = change })
			if d, err := NewClient(nil, time.Now).Discover(t.Context(), s.URL, devicetest.Domain); err == nil {
				t.Errorf("followed %+v", d)
			}
		})
	}
	if _, err := NewClient(nil, time.Now).Discover(t.Context(), "https://login.example", "a/../b"); err == nil {
		t.Error("a tenant with slashes")
	}
}

// TestHostileEnrolment: no key is shown to whom the link does not lead to.
func TestHostileEnrolment(t *testing.T) {
	member := func(name string, value any) func(*devicetest.Server) {
		return func(s *devicetest.Server) { s.Invitation = func(a map[string]any) { a[name] = value } }
	}
	options := func(name string, value any) func(*devicetest.Server) {
		return func(s *devicetest.Server) {
			s.Invitation = func(a map[string]any) { a["webauthn"].(map[string]any)[name] = value }
		}
	}
	for name, change := range map[string]func(*devicetest.Server){
		"another issuer":       member("issuer", "https://login.example/x/v2.0"),
		"another nonce":        member("nonce", "x"),
		"no enrolment":         member("enrol_id", ""),
		"another's credential": options("rp", map[string]any{"id": "bank.example"}),
		"another algorithm":    options("pubKeyCredParams", []any{map[string]any{"type": "public-key", "alg": -257}}),
		"another check value":  func(s *devicetest.Server) { s.SAS = "12345" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.Set(change)
			link, _ := s.Invite(lee, true)
			by, err := ParseLink(link)
			if err != nil {
				t.Fatal(err)
			}
			if e, err := NewClient(nil, time.Now).Enrol(t.Context(), by, Description{"Laptop", "cli/1", "test"}); err == nil {
				t.Errorf("enrolled %+v", e)
			}
		})
	}
}

// TestHostileAnswers: an answer is neither read without end nor believed without form.
func TestHostileAnswers(t *testing.T) {
	w := newWorld(t)
	endless := func(rw http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := rw.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	}
	w.Set(func(s *devicetest.Server) { s.Handle[devicetest.Path("challenges")] = endless })
	if _, err := w.client.Challenges(t.Context(), w.account, 0); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("an endless answer: %v", err)
	}
	for _, text := range []string{"", "<html>", `[]`, `{"challenges":"x"}`, `{"challenges":[]} {}`, `{"challenges":[null]}`} {
		instead(w.Server, "challenges", 200, text)
		if all, err := w.client.Challenges(t.Context(), w.account, 0); err == nil {
			t.Errorf("%q: %v", text, all)
		}
	}
	instead(w.Server, "challenges", 403, `{"type":"urn:latchkey:device:wrong-number","tries_left":"many","status":999}`)
	if _, err := w.client.Challenges(t.Context(), w.account, 0); err == nil || err.Error() != "The server answered 403 Forbidden" {
		t.Errorf("a problem without form: %v", err)
	}
	instead(w.Server, "rekey", 200, `{"thumbprint":"another"}`)
	old := w.account.Key
	if err := w.client.Rekey(t.Context(), w.account, w.save); err == nil || w.account.Key != old {
		t.Errorf("another key than was sent: %v", err)
	}
}

// TestWrongMessages: what a device must not say is refused, so that the tests of what it may say
// mean something.
func TestWrongMessages(t *testing.T) {
	for name, say := range map[string]func(*world, *Challenge, *responseClaims) map[string]any{
		"another app": func(w *world, _ *Challenge, r *responseClaims) map[string]any {
			r.App = "Bank"
			return w.said(r, nil)
		},
		"another issuer": func(w *world, _ *Challenge, r *responseClaims) map[string]any {
			r.Audience = "https://login.example"
			return w.said(r, nil)
		},
		"an old one": func(w *world, _ *Challenge, r *responseClaims) map[string]any {
			r.IssuedAt, r.Expires = r.IssuedAt-120, r.Expires-120
			return w.said(r, nil)
		},
		"a long one": func(w *world, _ *Challenge, r *responseClaims) map[string]any {
			r.Expires++
			return w.said(r, nil)
		},
		"nobody verified": func(w *world, _ *Challenge, r *responseClaims) map[string]any {
			return w.said(r, func(data, _ []byte) []byte { data[32] = flagUP; return data })
		},
		"a counter that stays": func(w *world, _ *Challenge, r *responseClaims) map[string]any {
			return w.said(r, func(data, _ []byte) []byte { data[36] = 0; return data })
		},
		"a bogus signature": func(w *world, _ *Challenge, r *responseClaims) map[string]any {
			body := w.said(r, nil)
			body["uv"].(credential).Response["authenticatorData"] = encode(w.account.Verifier.data(flagUP | flagUV))
			w.account.Verifier.Counter++
			body["uv"].(credential).Response["authenticatorData"] = encode(w.account.Verifier.data(flagUP | flagUV))
			return body
		},
		"an assertion over another": func(w *world, _ *Challenge, r *responseClaims) map[string]any {
			body := w.said(r, nil)
			body["uv"] = w.account.Verifier.assert(Hash([]byte("another")))
			return body
		},
		"no assertion": func(w *world, _ *Challenge, r *responseClaims) map[string]any {
			body := w.said(r, nil)
			delete(body, "uv")
			return body
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.Ask(lee, ModeType, "47")
			ch := w.pending()
			claims := w.account.responseClaims(ch, Answer{Decision: Approve, Number: "47"}, random(), time.Now())
			if _, err := w.client.send(t.Context(), w.account, say(w, ch, &claims)); !IsRefused(err) {
				t.Errorf("%v, want it refused", err)
			}
			w.wantState(id, "pending", "")
			if _, err := w.respond(ch, Answer{Decision: Approve, Number: "47"}); err != nil {
				t.Errorf("and then the right one: %v", err)
			}
		})
	}
}

// said is an approval with these claims; change alters the authenticator data before it is signed.
func (w *world) said(r *responseClaims, change func(data, client []byte) []byte) map[string]any {
	w.t.Helper()
	jws, err := w.account.Key.sign(typeResponse, false, r)
	if err != nil {
		w.t.Fatal(err)
	}
	v := w.account.Verifier
	v.Counter++
	data, client := v.data(flagUP|flagUV), v.client("webauthn.get", Hash([]byte(jws)))
	if change != nil {
		data = change(data, client)
	}
	return map[string]any{"response": jws, "uv": v.says(v.signed(data, client))}
}
