package device_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"latchkey/idp"
)

// Whatever a device sends, nothing panics, nothing is a fault of ours, and nobody is signed in.

// FuzzRespond sends whole bodies, and whatever a device can sign and its verifier say.
func FuzzRespond(f *testing.F) {
	w := newWorld(f)
	p, b := w.phone(), w.browser("192.0.2.1")
	page := b.ask(anna, "")
	jws := p.fetch()[0]
	good := p.answering(jws, number(page))
	var parts struct {
		Response string          `json:"response"`
		UV       json.RawMessage `json:"uv"`
	}
	w.must(decode(good, &parts))
	f.Add(good[:len(good)/2], []byte("{}"), []byte("null"), "oda-response+jwt")
	f.Add([]byte(`{"response":"a.b.c","uv":{}}`), []byte(`{"iat":1e3,"exp":-1}`), []byte(parts.UV), "JWT")
	f.Add([]byte(`[]`), []byte(`{"iss":null,"uv":{"method":[]}}`), []byte(`{"id":"","rawId":"","response":{}}`), "oda-response+jwt")
	q, now := w.read(jws), w.now().Unix()
	f.Fuzz(func(t *testing.T, body, extra, uv []byte, typ string) {
		w.TB = t
		defer w.log() // else it would grow without end
		check := func(body []byte) {
			switch rec := w.respond(body); rec.Code {
			case http.StatusBadRequest, http.StatusConflict, http.StatusForbidden:
			default:
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
		}
		check(body)
		c := claims{
			"iss": p.thumbprint(), "aud": q.Issuer, "jti": random(), "iat": now, "exp": now + 60, "txn": q.ID, "ch": hash([]byte(jws)),
			"nonce": q.Nonce, "app": q.App.Name, "decision": "approve", "uv": map[string]string{"method": "webauthn"}, "number": number(page),
		}
		var more map[string]any
		if json.Unmarshal(extra, &more) == nil {
			for k, v := range more {
				if k != "decision" { // to deny needs no verifier
					c[k] = v
				}
			}
		}
		if !json.Valid(uv) {
			uv = []byte("null")
		}
		check(encode(claims{"response": p.sign(p.header(typ), c), "uv": json.RawMessage(uv)}))
		if got := len(all[idp.Session](w)); got != 0 {
			t.Errorf("%d sessions", got)
		}
	})
}

// FuzzEnrol sends whole bodies to both endpoints, and proofs that are signed.
func FuzzEnrol(f *testing.F) {
	w := newWorld(f)
	_, _, token := w.invited()
	o := w.begin(token)
	p := w.newPhone()
	good := p.show(o)
	f.Add(good[:len(good)-10], []byte(`{}`), []byte(`{}`), "oda-enrol+jwt")
	f.Add([]byte(`{"token":"en_x"}`), []byte(`{"name":"\u0000","app":"","iat":"1"}`), []byte(`{"response":{"attestationObject":"oA"}}`), "oda-rekey+jwt")
	f.Add([]byte(`{"code":"AAAAA-AAAAA","user":"anna@contoso.example"}`), []byte(`{"uvh":""}`), []byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{"attestationObject":"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YUA","clientDataJSON":"e30"}}`), "oda-enrol+jwt")
	f.Fuzz(func(t *testing.T, body, extra, uv []byte, typ string) {
		w.TB = t
		defer w.log() // else it would grow without end
		check := func(path string, body []byte) {
			if strings.Contains(string(body), token) {
				return
			}
			if rec := w.call("POST", w.url(path), "", body); rec.Code != http.StatusBadRequest {
				t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
			}
		}
		check("/enrolments", body)
		check("/enrolments/"+o.ID, body)
		if !json.Valid(uv) {
			uv = []byte("null")
		}
		check("/enrolments/"+o.ID, p.show(o, func(h map[string]any, c claims, out claims) {
			var made struct {
				Response struct {
					Object string `json:"attestationObject"`
				} `json:"response"`
			}
			if json.Unmarshal(uv, &made) == nil {
				if object, err := unb64(made.Response.Object); err == nil {
					c["uvh"] = hash(object)
				}
			}
			var more map[string]any
			if json.Unmarshal(extra, &more) == nil {
				for k, v := range more {
					c[k] = v
				}
			}
			h["typ"], out["uv"] = typ, json.RawMessage(uv)
		}))
		if got := len(all[idp.Authenticator](w)); got != 0 {
			t.Errorf("%d devices", got)
		}
	})
}

// FuzzProof sends whole proofs, and whatever a device can sign.
func FuzzProof(f *testing.F) {
	w := newWorld(f)
	p := w.phone()
	f.Add("a.b.c", []byte(`{"iat":1e3}`), []byte(`{"crit":["b64"],"b64":false}`))
	f.Add(p.proof("GET", w.url("/self"), nil), []byte(`{"jti":"\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000"}`), []byte(`{"typ":1,"kid":{}}`))
	f.Add("", []byte(`{"bh":null,"htm":["GET"]}`), []byte(`{"jwk":{"kty":"oct","k":"AA"},"x5c":["AA"]}`))
	f.Fuzz(func(t *testing.T, proof string, extra, header []byte) {
		w.TB = t
		defer w.log() // else it would grow without end
		check := func(proof string) {
			rec := w.call("GET", w.url("/challenges"), proof, nil)
			if rec.Code != http.StatusBadRequest && rec.Code != http.StatusOK {
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
		}
		check(proof)
		h := p.header("oda-proof+jwt")
		c := claims{"htm": "GET", "htu": w.url("/challenges"), "jti": random(), "iat": w.now().Unix()}
		for from, into := range map[*[]byte]map[string]any{&extra: c, &header: h} {
			var more map[string]any
			if json.Unmarshal(*from, &more) == nil {
				for k, v := range more {
					into[k] = v
				}
			}
		}
		check(p.sign(h, c))
	})
}
